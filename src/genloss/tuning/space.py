"""What `tune` searches: a box of coordinates, and the plan that every point of it stands for.

Penalties, weights and the money spent go by their logarithms, the share of real labels by its log odds. Where
rows cost something a point says which part of the limit is spent; numbers of rows follow from that, so that
the limit is a side of the box and not a border across it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from genloss._words import number
from genloss.errors import InvalidInputError
from genloss.generation import MOST_ROWS
from genloss.plan import Plan
from genloss.theory.gradients.found import Gradient
from genloss.tuning.layout import Layout, Setting
from genloss.tuning.prices import Prices

Array = npt.NDArray[np.float64]

_WEIGHTS = 1e-4, 1e4
_SPENT = np.log(0.05), 0.0  # of the limit, in logarithms: more rows can be worse without a penalty


@dataclass(frozen=True, eq=False)
class Space:
    """The box.

    Parameters
    ----------
    layout : Layout
    over : tuple of str
        What is free, of "penalty", "last_penalty", "schedule", "real", "weight", "n_samples".
    penalties : ndarray of shape (2,)
        Logarithms of the least and largest penalty.
    prices, limit : Prices and float, optional
        What labels cost, and how much may be spent.

    Attributes
    ----------
    low, high : ndarray of shape (size,)
        Sides of the box.
    """

    layout: Layout
    over: tuple[str, ...]
    penalties: Array
    prices: Prices | None = None
    limit: float = np.inf
    low: Array = field(init=False)
    high: Array = field(init=False)

    def __post_init__(self) -> None:
        sides = [*[tuple(self.penalties)] * self.n_penalties]
        sides += [self._real_sides()] if "real" in self.over else []
        sides += [tuple(np.log(_WEIGHTS))] if "weight" in self.over else []
        sides += [_SPENT] if "n_samples" in self.over else []
        low, high = np.array(sides).T
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def n_penalties(self) -> int:
        """How many coordinates are penalties."""
        if "schedule" in self.over:
            return self.layout.plan.n_models
        return ("penalty" in self.over) + ("last_penalty" in self.over)

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return int(self.low.size)

    def _place(self, name: str) -> int | None:
        """Where a coordinate stands that is no penalty."""
        here = [each for each in ("real", "weight", "n_samples") if each in self.over]
        return self.n_penalties + here.index(name) if name in here else None

    # --- from a point to a plan

    def setting(self, point: Array) -> Setting:
        """What the plan is changed to."""
        at_real, at_weight = self._place("real"), self._place("weight")
        real = None if at_real is None else _share(point[at_real])
        weight = None if at_weight is None else float(np.exp(point[at_weight]))
        return Setting(self._penalty(point), real, weight, self._scale(point, real))

    def plan(self, point: Array) -> Plan:
        """The plan in whole rows."""
        return self.layout.to_plan(self.setting(point))

    def _penalty(self, point: Array) -> Array | None:
        if not self.n_penalties:
            return None
        values = np.exp(point[: self.n_penalties])
        if "schedule" in self.over:
            return values
        penalty = self.layout.plan.penalty
        if "penalty" in self.over:
            penalty = np.full(penalty.size, values[0])
        if "last_penalty" in self.over:
            penalty = np.append(penalty[:-1], values[-1])
        return penalty

    def _scale(self, point: Array, real: float | None) -> float:
        at = self._place("n_samples")
        return 1.0 if at is None else self.affordable(real, float(np.exp(point[at])))

    def affordable(self, real: float | None, part: float) -> float:
        """The scale at which a part of the limit is spent, short of more rows than a plan may have."""
        return min(part * self.limit / self.unit(real), self.largest(real))

    def largest(self, real: float | None) -> float:
        """The scale at which a source has as many rows as one may have, less one for rounding."""
        return (MOST_ROWS - 1) / max(float(self.layout.rows(real).max()), 1.0)

    def unit(self, real: float | None) -> float:
        """What the plan costs with so many real rows, at scale one and as if rows were any number."""
        assert self.prices is not None
        layout = self.layout
        return float(layout.prices(self.prices) @ (layout.reused() @ layout.rows(real)))

    def _real_sides(self) -> tuple[float, float]:
        """Log odds of the share: as far as a quarter of a row, and as the limit allows."""
        rows = self.layout.rows(None if not self.layout.kind.any() else 0.5)
        far = max(float(np.log(4 * max(rows.max(), 1.0))), 12.0)
        if self.prices is None or "n_samples" in self.over:
            return -far, far
        none, all_ = self.unit(0.0), self.unit(1.0)
        low, high = 0.0, 1.0
        if all_ != none:
            share = (self.limit - none) / (all_ - none)
            low, high = (0.0, min(share, 1.0)) if all_ > none else (max(share, 0.0), 1.0)
        if not low <= high:
            raise InvalidInputError(
                f"limit was {number(self.limit)}; the plan costs at least {number(min(none, all_))}, "
                "whatever the share of real rows"
            )
        return tuple(np.clip([_odds(low), _odds(high)], -far, far).tolist())

    # --- slopes

    def slopes(self, point: Array, found: Gradient) -> Array:
        """Slopes in the coordinates from those in the numbers of the plan."""
        setting, layout = self.setting(point), self.layout
        slope = np.zeros(self.size)
        if setting.penalty is not None:
            slope[: self.n_penalties] = self.of_penalties(found.penalty * setting.penalty)
        at_real, at_weight, at_rows = map(self._place, ("real", "weight", "n_samples"))
        if at_rows is not None:
            slope[at_rows] = layout.slope_of_scale(found, setting.real, setting.scale)
        if at_weight is not None and setting.weight is not None:
            slope[at_weight] = layout.slope_of_weight(found, setting.weight)
        if at_real is not None and setting.real is not None:
            real = setting.real
            by_share = layout.slope_of_share(found, real, setting.scale)
            if at_rows is not None:  # dearer rows are fewer
                by_share -= slope[at_rows] * (self.unit(1.0) - self.unit(0.0)) / self.unit(real)
            slope[at_real] = by_share * real * (1 - real)
        return slope

    def of_penalties(self, slopes: Array) -> Array:
        """Slopes in the coordinates that are penalties, from those in all log penalties."""
        if "schedule" in self.over:
            return slopes
        if "last_penalty" not in self.over:
            return slopes.sum(keepdims=True)
        last = slopes[-1:]
        return np.append(slopes[:-1].sum(), last) if "penalty" in self.over else last

    # --- points to begin with

    def start(self) -> Array:
        """The plan as it is given, as near as the box comes to it."""
        layout, given = self.layout, self.layout.plan.penalty
        point = []
        if self.n_penalties:
            known = np.where(np.isnan(given), 0.0, given)
            with np.errstate(divide="ignore"):
                logs = np.log(known)
            point += list(logs) if "schedule" in self.over else list(logs[-self.n_penalties :])
        if "real" in self.over:
            point.append(_odds(layout.real))
        if "weight" in self.over:
            point.append(float(np.log(layout.weight)))
        if "n_samples" in self.over:
            point.append(0.0)
        return np.clip(point, self.low, self.high)

    def grid(self, most: int) -> Array:
        """At most so many points all over the box, shape (k, size); a schedule is constant there."""
        first = self.n_penalties if "schedule" in self.over else 1
        free = [slice(0, first)] if self.n_penalties else []
        free += [slice(k, k + 1) for k in range(first if free else 0, self.size)]
        levels = max(3, int(most ** (1 / len(free)) + 1e-9))
        axes = [np.linspace(self.low[each.start], self.high[each.start], levels) for each in free]
        if "n_samples" in self.over and len(free) > 1:  # less than all is seldom better
            axes[-1] = np.log([0.3, 1.0])
            levels = max(3, int((most / 2) ** (1 / (len(free) - 1)) + 1e-9))
            axes[:-1] = [np.linspace(a[0], a[-1], levels) for a in axes[:-1]]
        table = np.stack([mesh.ravel() for mesh in np.meshgrid(*axes, indexing="ij")], axis=1)
        return np.repeat(table, [each.stop - each.start for each in free], axis=1)


def _share(odds: float) -> float:
    return float(1 / (1 + np.exp(-odds)))


def _odds(share: float) -> float:
    """Logarithm of the odds, infinite at the ends."""
    with np.errstate(divide="ignore"):
        return float(np.log(share) - np.log1p(-share))


def apart(points: Sequence[Array], widths: Array, count: int) -> list[Array]:
    """The first points, leaving out near neighbours of those already taken."""
    taken: list[Array] = []
    for each in points:
        if all((np.abs(each - other) > widths).any() for other in taken):
            taken.append(each)
        if len(taken) == count:
            break
    return taken
