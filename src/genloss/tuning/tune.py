"""Find the penalties, shares, weights and numbers of rows that hold a plan's risk or cost down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._words import number, shown
from genloss.curve import Curve
from genloss.errors import InvalidInputError, NoTheoryError
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.spectrum import Spectral, directions_of
from genloss.steps import resolve
from genloss.theory.predict import predict
from genloss.theory.routes import has_closed_route
from genloss.theory.units import Units, is_ordinary
from genloss.tuning.cheapest import cheapest
from genloss.tuning.duration import announce
from genloss.tuning.joint import best_plan
from genloss.tuning.layout import Kind, Layout
from genloss.tuning.penalties import OBJECTIVES, best_penalties
from genloss.tuning.prices import Prices
from genloss.tuning.real_rows import real_rows_needed, with_real_rows
from genloss.tuning.space import Space
from genloss.tuning.tuned import Found, Tuned
from genloss.tuning.weights import refused

__all__ = ["Tuned", "real_rows_needed", "tune", "with_real_rows"]

Array = npt.NDArray[np.float64]

PENALTIES = ("penalty", "last_penalty", "schedule")
_OF_CLASSES = ("error", "accuracy", "classes")
OVER = (*PENALTIES, "real", "weight", "n_samples")


def tune(
    problem: Spectral,
    plan: Plan,
    *,
    over: str | Sequence[str] = "penalty",
    objective: str = "final",
    penalties: tuple[float, float] | None = None,
    cost: Any = None,
    limit: float | None = None,
    progress: bool = False,
) -> Tuned:
    """Find the penalties, real shares, weights and numbers of rows with the smallest predicted risk or cost.

    Parameters
    ----------
    problem : Problem
        What there is to learn.
    plan : Plan
        The plan of which something is free.
    over : str or list of str, default "penalty"
        What is free, one or several together:

        - "penalty", "last_penalty", "schedule": one penalty for all generations, the last one's, or one
          for each. A penalty that is "cv" in the plan gives way to a number.
        - "real": the share of real rows among the new rows of every generation that models label, or of
          the real label where labels are mixed.
        - "weight": of a row that a model labels, beside real ones, which keep theirs. Where theory knows no
          rows of unlike weights it stays as it is, and ``warnings`` says so.
        - "n_samples": rows, by one factor in all generations; needs ``cost``.
    objective : {"final", "mean", "worst", "cost"}, default "final"
        Risk of the last model, the average over all, or the largest; or the cost. Risk is how far values are
        from the truth's, and no share of wrong classes: where it falls and that rises, ``warnings`` says so.
    penalties : tuple of float, optional
        Smallest and largest penalty to consider besides zero; default: from 1e-10 to 100 times
        the largest eigenvalue.
    cost : mapping, optional
        Price of a real row and of one that a model labels, ``{"real": 1, "synthetic": 0.01}``, of every
        generation, the first too. A label that mixes both costs both; rows kept cost nothing again.
    limit : float, optional
        With ``cost``: the most that all labels may cost; with the objective "cost", the largest risk that
        the last model may have.
    progress : bool, default False
        Whether to say on standard error that a search will take more than some seconds, as it does where
        models share rows and no closed formula knows them.

    Returns
    -------
    Tuned
        The best plan, never worse than the one given where that one is within the limit: ``plan``, its
        ``curve``, and ``found``, the numbers of what was free; ``to_frame()`` has the penalty and the risk
        of every model.

    Raises
    ------
    NoTheoryError
        If `predict` has no theory for the plan with a penalty, or weights alone are free and it has none
        for unlike ones.
    InvalidInputError
        If an argument is out of range, there is nothing to vary, or the limit cannot be kept.

    Notes
    -----
    `theory.md` 2.11: the best schedule for the last model is weak early and strong late, and worse
    than a constant in between, hence the choice of objective. What rows are worth at given prices:
    `budgets.md`.

    Examples
    --------
    >>> import genloss as gl
    >>> problem = gl.Problem.power_law(200, capacity=1.5, source=0.5)
    >>> best = gl.tune(problem, gl.Plan.replace(10, 100, noise=0.3))
    >>> best.value < best.value_before
    True

    A hundredth of the price for a row that a model labels, and money for 400 real rows:

    >>> plan = gl.Plan.mix(4, 100, real=0.5, penalty=0.01, noise=0.3)
    >>> best = gl.tune(
    ...     problem,
    ...     plan,
    ...     over=["penalty", "real", "n_samples"],
    ...     cost={"real": 1, "synthetic": 0.01},
    ...     limit=400,
    ... )
    >>> best.cost <= 400, best.value < gl.tune(problem, plan).value
    (True, True)
    """
    directions = directions_of(problem)
    _check.instance("plan", plan, Plan)
    free = _free(over)
    asked: Any = objective
    if isinstance(asked, str) and asked in _OF_CLASSES:
        raise InvalidInputError(
            f"objective was {objective!r}; it must be one of 'final', 'mean', 'worst', 'cost', which are of risk. "
            "Shares of wrong classes are not searched: compare genloss.predict(problem, plans), which has them "
            "as curve.error"
        )
    objective = _check.choice("objective", objective, (*OBJECTIVES, "cost"))
    sides = _sides(penalties, float(directions.eigenvalues.max()))
    prices, most = _money(cost, limit, free, objective)
    layout = Layout(plan, "real" in free)
    _check_free(layout, free, prices)
    _check.boolean("progress", progress)
    known, held = _known(problem, layout, free)
    before = predict(problem, plan)
    if progress:
        announce(problem, plan, known)
    with _quickly(problem, plan):
        best = _best(problem, plan, layout, known, objective, sides, prices, most)
    if best is None:
        raise InvalidInputError(
            f"limit was {number(most)}; not even a plan of single rows costs so little"
        )
    value = _value_of(objective, prices)
    curve = predict(problem, best)
    kept = prices is None or (
        before.risk[-1] <= most if objective == "cost" else prices.of_plan(plan) <= most
    )
    if kept and not value(best, curve) < value(plan, before):
        best, curve = plan, before
    return Tuned(
        best,
        curve,
        before,
        objective,
        value(best, curve),
        value(plan, before),
        _found(best, free),
        None if prices is None else prices.of_plan(best),
        None if prices is None else prices.of_plan(plan),
        problem,
        plan,
        held,
    )


def _best(
    problem: Spectral,
    plan: Plan,
    layout: Layout,
    free: tuple[str, ...],
    objective: str,
    sides: Array,
    prices: Prices | None,
    most: float,
) -> Plan | None:
    """The best plan; None where none is within the limit."""
    if isinstance(problem, Problem) and _needs_units(problem, plan):
        units = Units.of(problem, [plan])
        ordinary, made = units.problem(problem), units.plan(plan)
        logs = sides - np.log(2) * (units.covariance + units.weight)
        limit = float(np.ldexp(most, -2 * units.label)) if objective == "cost" else most
        layout = Layout(made, "real" in free)
        best = _best(ordinary, made, layout, free, objective, logs, prices, limit)
        return None if best is None else units.back.plan(best)
    if prices is None and len(free) == 1 and free[0] in PENALTIES:
        return best_penalties(problem, plan, free[0], objective, sides)
    spent = np.inf if prices is None else prices.of_plan(plan) if objective == "cost" else most
    space = Space(layout, free, sides, prices, spent)
    if objective == "cost":
        return cheapest(problem, space, most)
    return best_plan(problem, space, objective)


def _needs_units(problem: Problem, plan: Plan) -> bool:
    """Whether numbers are too far from one to be squared, and labels may be told in another unit."""
    linear = problem.means is None and all(step.is_ridge for step in resolve(plan))
    return linear and not is_ordinary(problem)


def _quickly(problem: Spectral, plan: Plan) -> AbstractContextManager[None]:
    """Where pencils are solved, each from the one before it; where there are classes, rough means of labels."""
    if isinstance(problem, Problem) and problem.truth.ndim == 2:
        from genloss.theory.several.points import roughly

        return roughly()
    if has_closed_route(plan.with_penalty(1.0)):
        return nullcontext()
    from genloss.pencils.neighbours import neighbours

    return neighbours()


def _free(over: Any) -> tuple[str, ...]:
    """What is free, in the order of `OVER`."""
    if isinstance(over, str) or not isinstance(over, Iterable):
        return (_check.choice("over", over, OVER),)
    given = _check.sequence("over", over)
    asked = {_check.choice(f"over[{k}]", each, OVER) for k, each in enumerate(given)}
    if "schedule" in asked and asked & {"penalty", "last_penalty"}:
        raise InvalidInputError(
            f"over was {shown(over)}; a schedule has every penalty in it, leave the others out"
        )
    return tuple(each for each in OVER if each in asked)


def _sides(penalties: Any, top: float) -> Array:
    """Logarithms of the least and the largest penalty."""
    if penalties is None:
        return np.log([1e-10 * top, 100 * top])
    limits = _check.vector("penalties", penalties, above="> 0")
    if limits.size != 2:
        raise InvalidInputError(f"penalties was {shown(penalties)}; it must be a pair of numbers")
    if not limits[0] < limits[1]:
        raise InvalidInputError(f"penalties was {shown(penalties)}; the first must be the smaller")
    return np.log(limits)


def _money(
    cost: Any, limit: Any, free: tuple[str, ...], objective: str
) -> tuple[Prices | None, float]:
    """Prices and the limit, which come together or not at all."""
    if cost is None:
        if objective == "cost":
            raise InvalidInputError("cost was None with objective 'cost'; say what rows cost")
        if limit is not None:
            raise InvalidInputError(
                f"limit was {shown(limit)} and cost was None; say what rows cost, such as "
                "{'real': 1, 'synthetic': 0.01}"
            )
        if "n_samples" in free:
            raise InvalidInputError(
                "cost was None with over 'n_samples'; where rows cost nothing there is no best number "
                "of them, give cost and limit"
            )
        return None, np.inf
    prices = Prices.of("cost", cost)
    if limit is None:
        what = "the largest risk of the last model" if objective == "cost" else "the most to spend"
        raise InvalidInputError(f"limit was None with cost; give {what}")
    return prices, _check.positive("limit", limit)


def _check_free(layout: Layout, free: tuple[str, ...], prices: Prices | None) -> None:
    """Raise InvalidInputError where there is nothing to turn, or turning costs nothing."""
    stacked = np.isin(layout.kind, (Kind.REAL, Kind.MODEL)).any()
    if "real" in free and not (layout.kind != Kind.STAYS).any():
        raise InvalidInputError(
            "over was 'real' for a plan in which no model labels new rows; there is nothing to mix"
        )
    if "real" in free and not layout.mixes_by_shares:
        raise InvalidInputError(
            "over was 'real' for a plan whose labels are real ones with a model's taken away or added "
            "(Plan.ppi), which is no share of them; its rows are set by n_real and n_samples"
        )
    if "weight" in free and not layout.weighed.any():
        raise InvalidInputError(
            "over was 'weight' for a plan in which no fit has rows that a model labels beside real "
            "ones; a weight common to all rows has no say of its own"
        )
    if prices is not None and "n_samples" not in free and not ("real" in free and stacked):
        raise InvalidInputError(
            f"cost was given with over {', '.join(map(repr, free))}, which leaves the cost of the plan as it is; "
            "add 'n_samples' or 'real', or leave cost and limit out"
        )


def _known(
    problem: Spectral, layout: Layout, free: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is searched of what is free, and why the rest stays as it is."""
    why = refused(problem, layout, free) if "weight" in free else None
    if why is None:
        return free, ()
    if free == ("weight",):
        raise NoTheoryError(
            "over was 'weight' for a plan that theory knows only where all rows of a fit weigh the same; "
            f"make something else free, such as 'penalty'. With unlike weights, {why}"
        )
    return tuple(each for each in free if each != "weight"), (
        f"the weight stays as it was, all rows of a fit weighing the same: with unlike weights, {why}",
    )


def _value_of(objective: str, prices: Prices | None) -> Callable[[Plan, Curve], float]:
    if objective == "cost" and prices is not None:
        price = prices.of_plan
        return lambda plan, _: price(plan)
    score = OBJECTIVES[objective]
    return lambda _, curve: score(curve.risk)


def _found(plan: Plan, free: tuple[str, ...]) -> dict[str, Found]:
    """The numbers of a plan that were free."""
    layout = Layout(plan, "real" in free)
    known: dict[str, Callable[[], Found]] = {
        "penalty": lambda: float(plan.penalty[0]),
        "last_penalty": lambda: float(plan.penalty[-1]),
        "schedule": lambda: tuple(plan.penalty.tolist()),
        "real": lambda: layout.real,
        "weight": lambda: layout.weight if layout.weighed.any() else 1.0,
        "n_samples": lambda: float(plan.n_samples[-1]),
    }
    return {each: known[each]() for each in free}
