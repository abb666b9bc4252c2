"""What `genloss.tune` answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss import _html
from genloss._frames import Framed
from genloss._words import number
from genloss.curve import Curve
from genloss.plan import Plan
from genloss.plots import Drawn, draw, dress, log_ticks
from genloss.spectrum import Spectral

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OBJECTIVES = {"final": "risk of the last model", "mean": "mean risk", "worst": "largest risk"}

Found = float | tuple[float, ...]


@dataclass(frozen=True, repr=False)
class Tuned(Framed, Drawn):
    """The best plan found, and what it gains.

    Attributes
    ----------
    plan : Plan
        The best plan.
    curve : Curve
        Its prediction.
    before : Curve
        Prediction of the plan that was given.
    objective : str
        What was minimised.
    value, value_before : float
        Objective of both.
    found : mapping of str to float, or to tuple of float
        What was found for everything that was free: the penalty of all models or of the last one, a tuple
        of one for each where a schedule was free, the share of real labels, the weight of a row that a model
        labels, the last model's own rows.
    cost, cost_before : float or None
        What the labels of both plans cost, where prices were given.
    problem : Problem, genloss.scaling.PowerLaw or None
    given : Plan or None
        What was tuned, of which ``plot`` asks more.
    held : tuple of str
        Why something stays as it is that was to be free, as ``warnings`` has it too.

    Notes
    -----
    ``to_frame`` has one row per model and the columns ``model``, ``penalty``, ``risk`` and ``risk_before``.
    ``plot`` draws the objective along the number that was free where it was a penalty, a share of real
    labels or a weight alone; else the risks before and after, and the penalties of a schedule as steps, to
    be read on the right.

    Examples
    --------
    >>> import genloss as gl
    >>> best = gl.tune(gl.Problem.isotropic(50), gl.Plan.replace(3, 60, noise=1.0))
    >>> best.value < best.value_before, list(best.found)
    (True, ['penalty'])
    """

    plan: Plan
    curve: Curve
    before: Curve
    objective: str
    value: float
    value_before: float
    found: Mapping[str, Found] = field(default_factory=dict)
    cost: float | None = None
    cost_before: float | None = None
    problem: Spectral | None = field(default=None, repr=False, compare=False)
    given: Plan | None = field(default=None, repr=False, compare=False)
    held: tuple[str, ...] = field(default=(), repr=False)

    @property
    def gain(self) -> float:
        """Share of the objective that tuning removes; negative where the plan given broke the limit."""
        if self.value == self.value_before:
            return 0.0
        return 1 - self.value / self.value_before

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know about the numbers found."""
        said = [*self.held]
        if "real" in self.found and self.cost is None:
            said.append("real labels are free here; give cost=PRICES and limit=MONEY")
        before, after = (
            np.nan if curve.error is None else curve.error[-1]
            for curve in (self.before, self.curve)
        )
        if after > before:
            said.append(
                f"the last model has {number(100 * after, 3)} % wrong classes, {number(100 * before, 3)} % before: "
                "risk is how far its values are from the truth, whatever class they say"
            )
        return tuple(said)

    def _table(self) -> dict[str, npt.NDArray[Any]]:
        columns = {"penalty": self.plan.penalty, "risk": self.curve.risk}
        return {"model": np.arange(self.plan.n_models), **columns, "risk_before": self.before.risk}

    def _draw(self, ax: Axes) -> None:
        from genloss.tuning.along import NAMES

        alone = len(self.found) == 1 and bool(NAMES.keys() & self.found.keys())
        if alone and self.problem is not None and self.given is not None:
            self._draw_along(ax, self.problem, self.given)
            return
        after, before = self.curve.risk, self.before.risk
        found = [f"{name} {number(v, 3)}" for name, v in self.found.items() if isinstance(v, float)]
        draw(ax, after, None, label=", ".join(["tuned", *found]))
        draw(ax, before, None, label="as given")
        dress(ax, [after, before], "excess risk")
        if "schedule" in self.found:
            self._draw_schedule(ax)

    def _draw_along(self, ax: Axes, problem: Spectral, given: Plan) -> None:
        """The objective along the one number that was free."""
        from matplotlib.ticker import AutoLocator

        from genloss.tuning.along import NAMES, along

        [(name, best)] = self.found.items()
        assert isinstance(best, float)
        places, values = along(problem, given, name, best, self.objective)
        ax.plot(places, np.where(np.isfinite(values), values, np.nan), color="C0")
        ax.axhline(self.value_before, color="C1", ls="--", label="as given")
        if name == "real" or best > 0:
            ax.plot(best, self.value, "o", color="C0", label=f"tuned: {number(best, 3)}")
        else:
            ax.axhline(self.value, color="C0", ls=":", label="tuned: 0")
        dress(ax, [values, np.array([self.value_before])], _OBJECTIVES[self.objective])
        ax.xaxis.set_major_locator(AutoLocator())
        if name != "real":
            ax.set_xscale("log")
            log_ticks(ax.xaxis, (1,))
        ax.set_xlabel(NAMES[name])

    def _draw_schedule(self, ax: Axes) -> None:
        """The penalties, each as wide as its model."""
        beside, penalty = ax.twinx(), self.plan.penalty
        edges = np.arange(penalty.size + 1) - 0.5
        steps = beside.stairs(penalty, edges, baseline=None, color="C2", label="penalty")
        if penalty.min() > 0:
            beside.set_yscale("log")
            log_ticks(beside.yaxis)
        beside.set_ylabel("penalty", color="C2")
        beside.spines[["top", "left"]].set_visible(False)
        lines, names = ax.get_legend_handles_labels()
        ax.legend(
            [*lines, steps],
            [*names, "penalty (right)"],
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=3,
            frameon=False,
        )

    def _shown(self) -> list[list[int | float]]:
        columns = [self.plan.penalty, self.curve.risk, self.before.risk]
        models = _html.shown(self.plan.n_models)
        return [[t, *(float(column[t]) for column in columns)] for t in models]

    def _title(self) -> str:
        what = "cost" if self.objective == "cost" else f"{self.objective} risk"
        return f"Tuned({what} {_html.number(self.value)}, before {_html.number(self.value_before)})"

    def _repr_html_(self) -> str:
        names = ["model", "penalty", "risk", "before"]
        return _html.table(self._title(), names, self._shown(), self.warnings)

    def __repr__(self) -> str:
        lines = [
            f"  model {t:>2}: penalty {lam:.4g}, risk {risk:.5g}, before {before:.5g}"
            for t, lam, risk, before in self._shown()
        ]
        told = [f"  warning: {each}" for each in self.warnings]
        return "\n".join([self._title(), *told, *lines])
