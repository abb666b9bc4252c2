"""What the last model of a plan becomes if its last generations are repeated for ever."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np

from genloss import _check
from genloss.class_rules import check_classes
from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.problem import Problem, beyond
from genloss.spectrum import Spectral, directions_of
from genloss.steps import resolve
from genloss.theory import intercept
from genloss.theory.closed import obstacle_alone
from genloss.theory.doubts import LOW_DIM, NOT_GAUSSIAN, THIN
from genloss.theory.forever import cures, extrapolated, intercepts, one_design, pools, tried_cures
from genloss.theory.forever.answer import Limit
from genloss.theory.forever.fresh_blocks import FreshBlock
from genloss.theory.forever.iterates import half_life
from genloss.theory.forever.links import is_affine
from genloss.theory.forever.repeating import Repetition, repetition
from genloss.theory.forever.settling import followed, pace, radius, settle
from genloss.theory.forever.turn import EndsHere
from genloss.theory.forever.turns import turn_of
from genloss.theory.predict import ways_of
from genloss.theory.units import Units, is_ordinary
from genloss.theory.walk import by_pencil

__all__ = ["Limit", "limit"]


def limit(problem: Spectral, plan: Plan, *, block: int | None = None) -> Limit:
    """Find what the last model becomes if the end of a plan is repeated for ever.

    Parameters
    ----------
    problem : Problem or genloss.scaling.PowerLaw
        What there is to learn.
    plan : Plan
        Who labels which rows, and how each generation is fitted. Its last generation is repeated, or
        the last few if the plan shows that they go round.
    block : int, optional
        How many of the last generations go round; default: what explains most of the plan.

    Returns
    -------
    Limit
        Risk, bias and variance of the last model, the spectral radius of one repetition, how many of
        them halve the distance to the limit, and what makes an unstable chain stable.

    Raises
    ------
    NoTheoryError
        For repeated fits of which no recursion is known, such as rows drawn from a pool under another loss; or if repetitions do
        not settle, or not so that it can be seen. The message names what runs instead.
    InvalidInputError
        If an argument is out of range.

    Notes
    -----
    Fresh rows: one repetition is an affine map of means and covariances, diagonal but for one scalar a fit
    (`theory.md` 2.3, 2.4). Its fixed point and its radius are found by solving, not by iterating
    (`for-ever.md`). Labelers by number move along where the plan shows it, or where they are of the block
    or the one before; other models label for ever. Other losses, labels, rules that keep rows, filters, random
    features, the penalty "cv", tails, covariance matrices, several classes and class means, on fresh rows: the
    fixed point of the moments' map, and its radius, by iteration (`for-ever.md`). Pools: `theory.md` 2.6 summed to
    infinity. One design: 2.7. Other rows of before, whatever `predict` knows there: the first 8 to 32 models, extrapolated.

    Examples
    --------
    >>> import genloss as gl
    >>> problem = gl.Problem.power_law(200, capacity=1.5, source=0.5)
    >>> found = gl.limit(problem, gl.Plan.mix(5, 300, real=0.2, penalty=0.01, noise=0.5))
    >>> found.stable, round(found.radius, 3)
    (True, 0.791)
    >>> chain = gl.Plan.mix(400, 300, real=0.2, penalty=0.01, noise=0.5)
    >>> bool(abs(gl.predict(problem, chain).risk[-1] / found.risk - 1) < 1e-9)
    True
    """
    directions_of(problem)
    _check.instance("plan", plan, Plan)
    if isinstance(problem, Problem):
        plan.check_fits(problem.dim)
    return solved(problem, plan, block)


def solved(
    problem: Spectral,
    plan: Plan,
    block: int | None = None,
    *,
    cured: bool = True,
    within: float | None = None,
) -> Limit:
    """The limit of a plan that was checked.

    What would stop it is looked for if it is to be ``cured``; ``within`` is what share of it may be missed where that
    saves work.
    """
    check_classes(problem, resolve(plan))
    if resolve(plan)[0].intercept:
        return intercepts.of(solved, _who_runs, problem, plan, block)
    found = repetition(plan, block)
    solve = _way(problem, plan, found)
    if solve is _extrapolated and within:
        solve = partial(_extrapolated, within=within)

    def end(problem: Spectral, plan: Plan) -> Limit:
        answer = solve(problem, plan, found)
        if answer.stable or not cured:
            return answer
        cure, real = None, None
        if solve is _fresh:
            cure, real = cures.of(FreshBlock.after(problem, plan, found))
        elif solve is _any:
            cure, real = tried_cures.of(problem, plan, found)
        return replace(answer, cure=cure, cure_real=real)

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if (
            not isinstance(problem, Problem)
            or is_ordinary(problem)
            or _has_own_units(problem, plan)
        ):
            return end(problem, plan)
        units = Units.of(problem, [plan])
        return _back(end(units.problem(problem), units.plan(plan)), units)


def _has_own_units(problem: Problem, plan: Plan) -> bool:
    """Whether labels are classes, or of a loss that has a size of its own."""
    return problem.means is not None or not resolve(plan).is_ridge


def _way(
    problem: Spectral, plan: Plan, found: Repetition
) -> Callable[[Spectral, Plan, Repetition], Limit]:
    """How to find the limit, or NoTheoryError."""
    last = resolve(plan)[found.first :]
    alone = all(step.is_new and not step.is_pooled for step in last)
    if beyond(problem) not in (None, "tails"):
        return _any
    if beyond(problem) or resolve(plan).turned:
        apart = not any(map(obstacle_alone, resolve(plan)))
        return _any if apart or extrapolated.obstacle(problem, plan, found) else _extrapolated
    if alone:
        if all(map(is_affine, last)):
            return _fresh
        if all(step.features is None or step.map in found.models for step in last):
            return _any
    if pools.becomes_one(plan, found):
        return _pooled
    known = pools if last[-1].is_pooled else one_design
    why = known.obstacle(plan, found)
    if why is None:
        return lambda *asked: _closed(known.end(*asked), *asked)
    if not last[-1].is_pooled and (why := extrapolated.obstacle(problem, plan, found)) is None:
        return _extrapolated
    raise NoTheoryError(f"{why}: its limit is not known; {_who_runs(problem, plan)}")


_SHOWN = 64  # repetitions after which the radius alone says how long it takes


def _who_runs(problem: Spectral, plan: Plan) -> str:
    who = "genloss.simulate runs"
    steps = resolve(plan)
    if steps[0].intercept and not intercept.refused(problem, steps):
        problem, plan = intercept.as_direction(problem, plan, steps)
    for method in ("auto", "pencil"):
        with suppress(NoTheoryError):
            ways = ways_of(problem, resolve(plan), method)
            if steps[0].intercept and intercept.few(problem, steps, by_pencil(ways)):
                break
            who = "genloss.predict or genloss.simulate run"
    return f"{who} a plan of as many generations as you like"


def _fresh(problem: Spectral, plan: Plan, found: Repetition) -> Limit:
    fresh = FreshBlock.after(problem, plan, found)
    links = fresh.links()
    ends = fresh.ends(links)
    bias, variance, radius = (float(part[0]) for part in ends)
    life = math.inf
    if math.isfinite(bias + variance):
        life = half_life(fresh.path(links), bias + variance, radius)
    elif radius <= 1 + 1e-12 and (kept := fresh.copied(links)) is not None:
        (bias, variance), life = kept, 0.0
    exact = fresh.is_exact()
    return Limit(
        bias + variance,
        bias,
        variance,
        radius,
        life,
        None,
        None,
        found.length,
        "exact theory" if exact else "state evolution",
        _doubts(problem, plan, found, exact),
    )


def _any(problem: Spectral, plan: Plan, found: Repetition) -> Limit:
    """Fits of any kind, by the fixed point of their moments."""
    turn, copies = turn_of(problem, plan, found), False
    try:
        settled = settle(turn, turn.start, turn.grain)
        size = settled.growth
        if settled.state is not None and turn.start.size:
            # what is left to go is slow above all; moves hide what is slowest
            along = settled.state - settled.path[-2]
            size = radius(turn, settled.state, along, turn.grain)
            if size >= 1 and turn.grain and len(settled.path) > 2:  # steps of points may add to it
                size = pace(settled.path, turn.grain)
            turn(settled.state)
            copies = len(settled.path) == 2 and size <= 1 + 1e-6
        elif settled.state is None and (size < 1 or turn.is_bounded):
            raise NoTheoryError(
                f"repetitions of the last {found.length} generations still move the models, each by {size:.3g} of "
                f"the move before: where they settle is not known; {_who_runs(problem, plan)}"
            )
    except EndsHere:
        size = math.inf
    said = _doubts(problem, plan, found, turn.exact)
    if size >= 1 and not copies:
        ends = math.inf, math.inf, math.inf, size, math.inf
        return Limit(*ends, block=found.length, method=turn.method, warnings=said)
    (bias, variance), error = turn.parts(), turn.error()
    states = followed(turn, settled.path, _SHOWN)
    path = (turn.risk(state) for state in states) if turn.start.size else iter([bias + variance])
    life = half_life(path, bias + variance, size)
    return Limit(
        bias + variance,
        bias,
        variance,
        size,
        life,
        block=found.length,
        method=turn.method,
        warnings=said,
        error=error,
    )


def _pooled(problem: Spectral, plan: Plan, found: Repetition) -> Limit:
    """A pool of any rows: moves end like a power of its size."""
    end = _any(problem, pools.by_many_rows(plan, found), found)
    life = math.nan if end.stable else math.inf
    return replace(end, radius=1.0, half_life=life)


def _closed(
    ends: tuple[float, float, float, float], problem: Spectral, plan: Plan, found: Repetition
) -> Limit:
    bias, variance, radius, life = ends
    said = _doubts(problem, plan, found, exact=False)
    return Limit(bias + variance, bias, variance, radius, life, None, None, 1, "closed form", said)


def _extrapolated(
    problem: Spectral, plan: Plan, found: Repetition, within: float | None = None
) -> Limit:
    end = extrapolated.end(problem, plan, found, within)
    said = _doubts(problem, plan, found, exact=False)
    return Limit(
        end.bias + end.variance,
        end.bias,
        end.variance,
        end.radius,
        end.half_life,
        block=found.length,
        method=end.method,
        warnings=said if end.caution is None else (*said, end.caution),
        error=end.error,
    )


def _doubts(problem: Spectral, plan: Plan, found: Repetition, exact: bool) -> tuple[str, ...]:
    least = min(problem.directions.dim, int(plan.n_samples[found.first :].min()))
    said = [] if problem.gaussian else [NOT_GAUSSIAN]
    if not exact and least < LOW_DIM:
        said.append(THIN)
    return tuple(said)


def _back(found: Limit, units: Units) -> Limit:
    """The same in the units of the problem that was given."""
    with np.errstate(over="ignore", under="ignore"):
        risk, bias, variance = (
            float(np.ldexp(value, 2 * units.label))
            for value in (found.risk, found.bias, found.variance)
        )
    cure = found.cure and float(np.ldexp(found.cure, units.covariance + units.weight))
    return replace(found, risk=risk, bias=bias, variance=variance, cure=cure)
