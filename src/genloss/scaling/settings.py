"""Many settings of the chain at once: broadcast, routed to a formula, and shaped back."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.scaling.chain import (
    Fitting,
    Labels,
    Risk,
    downstream,
    generated_labels,
    least_squares_labels,
    real_labels,
)
from genloss.scaling.nodes import Nodes, fit

Array = npt.NDArray[np.float64]

MOST_GENERATIONS = 10_000
WIDEST = 1e50  # of what enters in powers and products; rows, penalties and noises of any use


def array(name: str, values: npt.ArrayLike, *, positive: bool = False) -> Array:
    """``values`` as a finite float array >= 0 (or > 0), not empty."""
    found = _check.numbers(name, values, above="> 0" if positive else ">= 0")
    good = (found == 0) | ((found >= 1 / WIDEST) & (found <= WIDEST))
    if not good.all():
        raise InvalidInputError(
            f"{name} was {found[~good].flat[0]}; it must lie between {1 / WIDEST:g} and {WIDEST:g}"
            + ("" if positive else ", or be 0")
        )
    return found


def number(name: str, value: float, *, positive: bool = False) -> float:
    """``value`` as a float in the range of `array`."""
    return float(array(name, _check.finite(name, value), positive=positive))


@dataclass(frozen=True, eq=False)
class Settings:
    """Arguments of `PowerLaw.risk`, broadcast to one shape."""

    n_samples: Array
    penalty: Array
    noise: Array
    generations: Array
    generator_samples: Array
    generator_noise: Array
    generator_penalty: Array
    same: bool = False

    @classmethod
    def read(
        cls,
        n_samples: npt.ArrayLike,
        *,
        penalty: npt.ArrayLike = 0.0,
        noise: npt.ArrayLike = 0.0,
        generations: npt.ArrayLike = 0,
        generator_samples: npt.ArrayLike | None = None,
        generator_noise: npt.ArrayLike = 0.0,
        generator_penalty: npt.ArrayLike = 0.0,
        same: bool = False,
    ) -> Self:
        """Check and broadcast."""
        count = array("generations", generations)
        if generator_samples is None and (count > 0).any():
            raise InvalidInputError(
                f"generator_samples was None with generations {shown(generations)}; it must be given"
            )
        rows = 1.0 if generator_samples is None else generator_samples
        columns = {
            "n_samples": array("n_samples", n_samples, positive=True),
            "penalty": array("penalty", penalty),
            "noise": array("noise", noise),
            "generations": count,
            "generator_samples": array("generator_samples", rows, positive=True),
            "generator_noise": array("generator_noise", generator_noise),
            "generator_penalty": array("generator_penalty", generator_penalty),
        }
        if same and (columns["generator_penalty"] > 0).any():
            raise InvalidInputError(
                f"generator_penalty was {shown(generator_penalty)} with the same design; it must "
                "be 0"
            )
        n, lam, sigma, n_generators, own_rows, own, lam_generators = _check.broadcast(**columns)
        return cls(n, lam, sigma, n_generators, own_rows, own, lam_generators, same)

    def flat(self) -> Self:
        """The same with one axis."""
        columns = {each.name: getattr(self, each.name).ravel() for each in fields(self)[:-1]}
        return replace(self, **columns)

    def shaped(self, risk: Risk) -> Risk:
        """A risk with one axis, in the shape of the settings."""
        shape = self.n_samples.shape
        return Risk(
            risk.bias.reshape(shape), risk.variance.reshape(shape), risk.inherited.reshape(shape)
        )


def risk_of(nodes: Nodes, settings: Settings) -> Risk:
    """Risk of every setting: `paper.md` 2.3 where generators are least squares, else section 3."""
    flat = settings.flat()
    fits = fit(nodes, flat.penalty, flat.n_samples)
    unbiased = (flat.generator_penalty == 0) & (flat.generator_samples >= nodes.n_directions)
    unbiased |= flat.generations == 0
    # one unit of noise in every direction: the rest of the formula is affine in it
    unit = downstream(nodes, least_squares_labels(nodes, 1.0), fits, flat.noise)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.maximum(flat.generator_samples - nodes.n_directions - 1, 0.0)
        total = flat.generations * flat.generator_noise**2
        level = np.where(total > 0, np.where(left > 0, total / left, np.inf), 0.0)
    risk = Risk(unit.bias, unit.variance, np.where(level > 0, level * unit.inherited, 0.0))
    for key, at in _groups(flat, ~unbiased).items():
        behind = downstream(nodes, labels_of(nodes, *key, same=flat.same), fits, flat.noise)
        risk.bias[at], risk.inherited[at] = behind.bias[at], behind.inherited[at]
    return settings.shaped(risk)


def labels_of(
    nodes: Nodes,
    generations: float,
    generator_samples: float,
    generator_noise: float,
    generator_penalty: float = 0.0,
    *,
    same: bool = False,
) -> Labels:
    """Law of the last of several equal generators."""
    if generations == 0:
        return real_labels(nodes)
    if generator_penalty == 0 and generator_samples >= nodes.n_directions:
        left = generator_samples - nodes.n_directions - 1
        total = generations * generator_noise**2
        if total == 0:
            return least_squares_labels(nodes, 0.0)
        return least_squares_labels(nodes, total / left if left > 0 else np.inf)
    one = Fitting(generator_samples, generator_penalty, generator_noise)
    if same:
        noise = generator_noise * float(np.sqrt(generations))
        return generated_labels(nodes, [one._replace(noise=noise)], same=True)
    if generations != round(generations) or generations > MOST_GENERATIONS:
        raise InvalidInputError(
            f"generations was {generations}; generators that shrink or interpolate come in whole "
            f"numbers, at most {MOST_GENERATIONS}"
        )
    return generated_labels(nodes, [one] * round(generations))


def _groups(flat: Settings, needed: npt.NDArray[np.bool_]) -> dict[tuple[float, ...], list[int]]:
    """Settings that share their generators."""
    groups: dict[tuple[float, ...], list[int]] = {}
    for at in np.flatnonzero(needed):
        key = (
            float(flat.generations[at]),
            float(flat.generator_samples[at]),
            float(flat.generator_noise[at]),
            float(flat.generator_penalty[at]),
        )
        groups.setdefault(key, []).append(int(at))
    return groups
