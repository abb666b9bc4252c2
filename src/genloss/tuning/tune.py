"""Find the penalty, schedule or share of real labels that holds a plan's risk down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check, _html
from genloss._words import shown
from genloss.curve import Curve
from genloss.errors import InvalidInputError
from genloss.generation import Generation, Source
from genloss.plan import Plan
from genloss.spectrum import Spectral, directions_of
from genloss.theory.forever.caution import with_cure
from genloss.theory.many_penalties import risks
from genloss.theory.predict import predict
from genloss.theory.routes import has_closed_route
from genloss.tuning.schedule import best_schedule, downhill, valleys
from genloss.tuning.search import lowest
from genloss.tuning.slopes import slope_of

__all__ = ["Tuned", "real_rows_needed", "tune"]

Array = npt.NDArray[np.float64]

OBJECTIVES: dict[str, Callable[[Array], float]] = {
    "final": lambda risk: float(risk[-1]),
    "mean": lambda risk: float(risk.mean()),
    "worst": lambda risk: float(risk.max()),
}
OVER = ("penalty", "last_penalty", "schedule")

_GRID = 41  # penalties tried before the best one is refined
_SHORT = 30  # models of a chain up to which every valley is followed to its end


@dataclass(frozen=True, repr=False)
class Tuned:
    """The best plan found, and what it gains.

    Attributes
    ----------
    plan : Plan
        The plan with the best penalties.
    curve : Curve
        Its prediction.
    before : Curve
        Prediction of the plan that was given.
    objective : str
        What was minimised.
    value, value_before : float
        Objective of both.
    """

    plan: Plan
    curve: Curve
    before: Curve
    objective: str
    value: float
    value_before: float

    @property
    def gain(self) -> float:
        """Share of the objective that tuning removes."""
        if self.value == self.value_before:
            return 0.0
        return 1 - self.value / self.value_before

    def to_frame(self, backend: str | None = None) -> Any:
        """One row per model, as a data frame.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            Library of the frame; default: the first of these that is installed.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Columns ``model``, ``penalty``, ``risk`` and ``risk_before``.

        Raises
        ------
        MissingDependencyError
            If none of the libraries is installed.
        """
        from genloss._frames import frame

        columns = {"penalty": self.plan.penalty, "risk": self.curve.risk}
        columns["risk_before"] = self.before.risk
        return frame({"model": np.arange(self.plan.n_models), **columns}, backend)

    def _shown(self) -> list[list[int | float]]:
        columns = [self.plan.penalty, self.curve.risk, self.before.risk]
        models = _html.shown(self.plan.n_models)
        return [[t, *(float(column[t]) for column in columns)] for t in models]

    def _title(self) -> str:
        return (
            f"Tuned({self.objective} risk {_html.number(self.value)}, "
            f"before {_html.number(self.value_before)})"
        )

    def _repr_html_(self) -> str:
        return _html.table(self._title(), ["model", "penalty", "risk", "before"], self._shown())

    def __repr__(self) -> str:
        lines = [
            f"  model {t:>2}: penalty {lam:.4g}, risk {risk:.5g}, before {before:.5g}"
            for t, lam, risk, before in self._shown()
        ]
        return "\n".join([self._title(), *lines])


def tune(
    problem: Spectral,
    plan: Plan,
    *,
    over: str = "penalty",
    objective: str = "final",
    penalties: tuple[float, float] | None = None,
) -> Tuned:
    """Find the penalties with the smallest predicted risk.

    Parameters
    ----------
    problem : Problem
        What there is to learn.
    plan : Plan
        The plan whose penalties are free.
    over : {"penalty", "last_penalty", "schedule"}, default "penalty"
        One penalty for all generations, the last generation's only, or one for each. A penalty that
        is "cv" in the plan gives way to a number.
    objective : {"final", "mean", "worst"}, default "final"
        Risk of the last model, the average over all, or the largest.
    penalties : tuple of float, optional
        Smallest and largest penalty to consider besides zero; default: from 1e-10 to 100 times
        the largest eigenvalue.

    Returns
    -------
    Tuned
        The best plan, never worse than the one given.

    Raises
    ------
    NoTheoryError
        If `predict` has no theory for the plan with a penalty.
    InvalidInputError
        If an argument is out of range.

    Notes
    -----
    `theory.md` 2.11: the best schedule for the last model is weak early and strong late, and worse
    than a constant in between, hence the choice of objective.

    Examples
    --------
    >>> import genloss as gl
    >>> problem = gl.Problem.power_law(200, capacity=1.5, source=0.5)
    >>> best = gl.tune(problem, gl.Plan.replace(10, 100, noise=0.3))
    >>> best.value < best.value_before
    True
    """
    directions = directions_of(problem)
    _check.instance("plan", plan, Plan)
    over = _check.choice("over", over, OVER)
    score = OBJECTIVES[_check.choice("objective", objective, tuple(OBJECTIVES))]
    if penalties is None:
        top = float(directions.eigenvalues.max())
        penalties = (1e-10 * top, 100 * top)
    limits = _check.vector("penalties", penalties, above="> 0")
    if limits.size != 2:
        raise InvalidInputError(f"penalties was {shown(penalties)}; it must be a pair of numbers")
    lowest, highest = limits
    if not lowest < highest:
        raise InvalidInputError(f"penalties was {shown(penalties)}; the first must be the smaller")
    logs = np.linspace(np.log(lowest), np.log(highest), _GRID)
    before = with_cure(problem, plan, predict(problem, plan))
    if over == "last_penalty":
        best = _best_single(problem, score, logs, lambda lam: _with_last_penalty(plan, lam))
    else:
        best = _best_constant(problem, score, logs, plan)
    if over == "schedule":
        best = _best_schedule(problem, objective, logs, best)
    curve = predict(problem, best)
    if not score(curve.risk) < score(before.risk):
        best, curve = plan, before
    curve = with_cure(problem, best, curve)
    return Tuned(best, curve, before, objective, score(curve.risk), score(before.risk))


def _with_last_penalty(plan: Plan, lam: float) -> Plan:
    earlier = [generation.penalty for generation in plan.generations[:-1]]
    return plan.with_penalty([*earlier, lam])


def _best_single(
    problem: Spectral,
    score: Callable[[Array], float],
    grid: Array,
    build: Callable[[float], Plan],
) -> Plan:
    """Best log penalty of a grid, refined between its neighbours; zero is a candidate too."""

    def values(logs: Array) -> Array:
        tried = predict(problem, [build(float(lam)) for lam in np.exp(logs)])
        return np.array([score(curve.risk) for curve in tried])

    return _refined(problem, score, grid, values, build)


def _refined(
    problem: Spectral,
    score: Callable[[Array], float],
    grid: Array,
    values: Callable[[Array], Array],
    build: Callable[[float], Plan],
) -> Plan:
    log_lam, least = lowest(values, grid, tolerance=1e-3)
    without = build(0.0)
    if score(predict(problem, without).risk) <= least:
        return without
    return build(float(np.exp(log_lam)))


def _best_constant(
    problem: Spectral, score: Callable[[Array], float], grid: Array, plan: Plan
) -> Plan:
    """The same for one penalty of all generations."""
    errors = risks(problem, plan)

    def values(logs: Array) -> Array:
        penalties = np.repeat(np.exp(logs)[:, None], plan.n_models, axis=1)
        return np.array([score(risk) for risk in errors(penalties)])

    return _refined(problem, score, grid, values, plan.with_penalty)


def _best_schedule(problem: Spectral, objective: str, grid: Array, start: Plan) -> Plan:
    """One penalty per generation, each at least the smallest of the grid."""
    low, high = float(grid[0]), float(grid[-1])

    errors, slopes = risks(problem, start), slope_of(problem, start, objective)
    score = OBJECTIVES[objective]

    def scores(logs: Array) -> Array:
        return np.array([score(risk) for risk in errors(np.exp(logs))])

    value = errors(start.penalty[None])[0] if start.penalty.all() else predict(problem, start).risk
    if not score(value) > 0:
        return start
    first = np.log(np.clip(start.penalty, np.exp(low), np.exp(high)))
    cheap = has_closed_route(start.with_penalty(1.0))
    if slopes:
        ends = [first, downhill(scores, slopes, first, low, high)]
        for each in valleys(scores, first, low, high):
            # the way down is long in long chains: only from where it can lead lower
            if len(first) <= _SHORT or scores(each[None]) < scores(ends[1][None]):
                ends.append(downhill(scores, slopes, each, low, high))
    else:
        found = best_schedule(scores, first, low, high, cheap)
        ends = [first, downhill(scores, [], first, low, high)]
        if not np.array_equal(found, first):
            ends += [found, downhill(scores, [], found, low, high)]
    return start.with_penalty(np.exp(ends[int(np.argmin(scores(np.array(ends))))]))


def real_rows_needed(
    plan: Plan,
    error: Callable[[Plan], Array],
    *,
    real_noise: float | None = None,
    tolerance: float = 0.1,
) -> int | None:
    """Fewest real rows per generation that hold every model's error near the first one's.

    Parameters
    ----------
    plan : Plan
        A plan whose later generations are labelled by models; real rows replace some of theirs.
    error : callable
        Error of every model of a plan, e.g. ``lambda plan: predict(problem, plan).risk``.
    real_noise : float, optional
        Standard deviation of the noise on real labels, where it differs from that on others.
    tolerance : float, default 0.1
        Allowed increase over the first model's.

    Returns
    -------
    int or None
        Rows per generation; 0 if the plan holds as it is, None if not even all rows are enough.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.tuning.tune import real_rows_needed
    >>> problem, plan = gl.Problem.isotropic(100), gl.Plan.replace(10, 600, noise=0.5)
    >>> test_error = lambda plan: gl.predict(problem, plan).risk + 0.25
    >>> real_rows_needed(plan, test_error)
    258
    """
    _check.instance("plan", plan, Plan)
    if not callable(error):
        raise InvalidInputError(f"error was {shown(error)}; it must be a function of a Plan")
    tolerance = _check.non_negative("tolerance", tolerance)
    if real_noise is not None:
        real_noise = _check.non_negative("real_noise", real_noise)

    def holds(n_real: int) -> bool:
        errors = error(with_real_rows(plan, n_real, real_noise))
        return bool((errors <= (1 + tolerance) * errors[0]).all())

    if holds(0):
        return 0
    # more real rows may hurt where real labels are the noisier ones: look for any number that holds
    tried = np.unique(np.linspace(0, plan.n_samples.max(), 33).round().astype(int))[1:]
    high = next((int(n_real) for n_real in tried if holds(int(n_real))), None)
    if high is None:
        return None
    low = int(max(tried[tried < high], default=0))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def with_real_rows(plan: Plan, n_real: int, real_noise: float | None = None) -> Plan:
    """Replace ``n_real`` model-labelled rows of every generation by real ones."""
    return Plan(tuple(_with_real_rows(g, n_real, real_noise) for g in plan))


def _with_real_rows(generation: Generation, n_real: int, real_noise: float | None) -> Generation:
    """Real rows come first, as `Plan.mix` writes them."""
    real: list[Source] = []
    rest: list[Source] = []
    left = n_real
    for source in generation.sources:
        taken = 0 if source.labeler == "real" else min(left, source.new_rows)
        left -= taken
        if taken:
            noise = source.real_noise if real_noise is None else real_noise
            real.append(replace(source, n_samples=taken, labeler="real", real_noise=noise))
        if source.inputs != "new":
            rest.append(source)
        elif taken < source.new_rows:
            rest.append(replace(source, n_samples=source.new_rows - taken))
    return replace(generation, sources=(*real, *rest))
