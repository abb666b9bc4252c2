"""Theory: the risk of every model of a plan, in milliseconds and without randomness."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import overload

import numpy as np

from genloss import _check
from genloss.class_rules import check_classes
from genloss.curve import Curve
from genloss.equivalents import NotSolvedError
from genloss.errors import InvalidInputError, NoTheoryError
from genloss.plan import Plan
from genloss.problem import Problem, tails_of
from genloss.spectrum import Spectral, directions_of
from genloss.steps import Step, Steps, resolve
from genloss.theory import centred, intercept, two_columns
from genloss.theory.alike import outline
from genloss.theory.channels import NotFoundError
from genloss.theory.classes import centre_of
from genloss.theory.closed import (
    MOST_BY_PENCIL,
    MOST_FILTERS_OF_KINDS,
    clouded,
    obstacle_alone,
    obstacles,
    obstacles_of_tails,
    unknown,
)
from genloss.theory.directions import directions_for
from genloss.theory.forever.caution import with_cure
from genloss.theory.routes import entangled, routes
from genloss.theory.segments import longest_stretch
from genloss.theory.units import Units, check_numbers, is_ordinary, too_far_apart
from genloss.theory.walk import Route, Walk, by_pencil
from genloss.theory.walked import See, curves, one_by_one

__all__ = ["predict"]


@overload
def predict(problem: Spectral, plan: Plan, *, method: str = "auto") -> Curve: ...
@overload
def predict(problem: Spectral, plan: Iterable[Plan], *, method: str = "auto") -> list[Curve]: ...
def predict(
    problem: Spectral, plan: Plan | Iterable[Plan], *, method: str = "auto"
) -> Curve | list[Curve]:
    """Predict the risk of every model of a plan, or of many plans in one call.

    Parameters
    ----------
    problem : Problem or genloss.scaling.PowerLaw
        What there is to learn; a power law also in infinitely many directions.
    plan : Plan or iterable of Plan
        Who labels which samples, and how each generation is fitted. Plans that differ only by
        numbers of rows, penalties and noises are computed together, many times faster than one by
        one where there are up to a few hundred directions.
    method : {"auto", "closed", "pencil"}, default "auto"
        Route. "closed" takes the exact formula of every generation that has one, and the
        deterministic equivalent of state evolution elsewhere. "pencil" writes all models that share
        rows or features as one random-matrix fixed point, which knows any plan, in milliseconds to
        seconds. "auto" takes the pencil only for models that have no closed route, so that a
        generation never changes the models before it.

    Returns
    -------
    Curve, or list of Curve
        One for each plan: ``risk``, ``bias`` and ``variance`` per model, ``exact`` where they hold
        at finite size, ``penalty`` that each fit used, and warnings where the theory is weak. The risk is infinite where its mean
        does not exist.

    Raises
    ------
    NoTheoryError
        "closed": for reused or pooled designs with a penalty or several sources. "auto": for more
        than 12 generations that share rows or features and need the pencil. "pencil": where more than 12
        labels of one row may be drawn for a fit. Penalty "cv": for every generation that needs the pencil.
    genloss.pencils.NoConvergenceError
        If a pencil's fixed point was not found. As with NoTheoryError, `simulate` runs the plan.
    InvalidInputError
        If the plan does not fit the problem, or double precision cannot hold its numbers together.

    Notes
    -----
    More than 20,000 eigenvalues are compressed to Gauss nodes, which changes risks by less than
    1e-8 of themselves.

    Fresh designs: state evolution, `theory.md` 2.2-2.3, exact for least squares (n_samples - dim -
    1, `paper.md` 2.1) and for isotropic minimum-norm fits (2.4). Several covariances or weights:
    2.4. An intercept: 2.9. Penalty "cv": the one of least ``tau**2``, the mean leave-one-out error. Same designs: `paper.md` 2.4. Pooled designs: 2.6. Anything else: `genloss.pencils`, exact
    in high dimension, off by a term of order 1/dim at finite size.

    Examples
    --------
    >>> import genloss as gl
    >>> problem = gl.Problem.isotropic(dim=300)
    >>> plan = gl.Plan.replace(generations=2, n_samples=600, noise=0.5)
    >>> gl.predict(problem, plan.then(n_samples=1000, penalty=0.1, noise=0.5)).risk.round(3)
    array([0.251, 0.502, 0.485])

    The last model's risk over a grid of penalties:

    >>> grid = [gl.Plan.replace(3, 600, penalty=lam, noise=0.5) for lam in (0.0, 0.1, 1.0)]
    >>> [round(float(curve.risk[-1]), 3) for curve in gl.predict(problem, grid)]
    [0.753, 0.491, 0.877]
    """
    directions_of(problem)
    _check.choice("method", method, ("auto", "closed", "pencil"))
    plans = [plan] if isinstance(plan, Plan) else _listed(plan)
    for one in plans:
        check_classes(problem, resolve(one))
    if isinstance(problem, Problem):
        for one in plans:
            one.check_fits(problem.dim)
        if problem.truth.ndim == 2:
            curves = [_of_several(problem, one, method) for one in plans]
            check_numbers(curves)
            return curves[0] if isinstance(plan, Plan) else curves
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        curves = in_any_units(problem, plans, method)
    check_numbers(curves)
    return with_cure(problem, plan, curves[0]) if isinstance(plan, Plan) else curves


def goes_together(problem: Problem, plan: Plan) -> bool:
    """Whether `predict` finds a plan together with its like; not where it does not know it."""
    steps = resolve(plan)
    if steps[0].intercept or problem.truth.ndim == 2:
        return False
    try:
        return not one_by_one(steps, ways_of(problem, steps))
    except NoTheoryError:
        return False


def _listed(plans: object) -> list[Plan]:
    if isinstance(plans, str) or getattr(plans, "ndim", 1) == 0 or not isinstance(plans, Iterable):
        raise InvalidInputError(
            f"plan was {type(plans).__name__}; it must be a Plan or a list of Plans"
        )
    listed = list(plans)
    for place, one in enumerate(listed):
        if not isinstance(one, Plan):
            raise InvalidInputError(
                f"plan[{place}] was {type(one).__name__}; plan must be a Plan or a list of Plans"
            )
    return listed


def _of_several(problem: Problem, plan: Plan, method: str) -> Curve:
    if method == "pencil":
        raise NoTheoryError("method was 'pencil', which knows one number a row; use 'auto'")
    from genloss.theory.several.curve import curve_of  # opens SciPy's special functions

    steps = resolve(plan)
    if is_ordinary(problem):
        return curve_of(problem, steps)
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            if problem.means is not None or not steps.is_ridge:
                return curve_of(problem, steps)  # in which labels have no other unit
            units = Units.of(problem, [plan])
            return units.curve(curve_of(units.problem(problem), resolve(units.plan(plan))))
    except InvalidInputError:  # steps of a filter that explode
        raise
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise too_far_apart(f"several classes: {error}") from None


def in_any_units(
    problem: Spectral, plans: Sequence[Plan], method: str, see: See | None = None
) -> list[Curve]:
    """The curves of plans that were checked, by a method of `ways_of`; ``see`` is told of every model."""
    if not isinstance(problem, Problem):  # a power law: its first eigenvalue is one
        return _curves(problem, plans, method, see)
    if problem.classes or not all(
        resolve(plan).is_ridge for plan in plans
    ):  # in which labels have no other unit
        try:
            return _curves(problem, plans, method, see)
        except NotFoundError:
            if not all(two_columns.knows(problem, plan) for plan in plans):
                raise
            return [two_columns.curve_of(problem, plan) for plan in plans]
        except NotSolvedError as error:
            raise too_far_apart(str(error)) from None
    if is_ordinary(problem):
        try:
            curves = _curves(problem, plans, method, see)
        except (OverflowError, NotSolvedError):
            pass
        else:
            if not any(np.isnan(curve.risk).any() for curve in curves):
                return curves
    units = Units.of(problem, plans)
    ordinary = [units.plan(plan) for plan in plans]
    try:
        found = _curves(units.problem(problem), ordinary, method, see)
    except OverflowError as error:
        raise too_far_apart("a square is too large") from error
    except NotSolvedError as error:
        raise too_far_apart(str(error)) from None
    return [units.curve(curve) for curve in found]


def _curves(
    problem: Spectral, plans: Sequence[Plan], method: str, see: See | None = None
) -> list[Curve]:
    batches: dict[tuple[object, ...] | None, list[int]] = defaultdict(list)
    chains = [resolve(plan) for plan in plans]
    if any(steps[0].intercept for steps in chains):
        return [_curve(problem, plan, method) for plan in plans]
    for number, steps in enumerate(chains):
        key = outline(steps, problem.directions.dim) if len(chains) > 1 else None
        batches[key].append(number)
    # a missing theory shows before any work
    ways = {key: ways_of(problem, chains[some[0]], method) for key, some in batches.items()}
    answers: dict[int, Curve] = {}
    for key, numbers in batches.items():
        batch, way = [chains[number] for number in numbers], ways[key]
        found = curves(problem, directions_for(problem, batch[0]), batch, way, see)
        answers |= zip(numbers, found, strict=True)
    return [answers[number] for number in range(len(plans))]


def _curve(problem: Spectral, plan: Plan, method: str) -> Curve:
    """The curve of one plan, which may have an intercept."""
    steps = resolve(plan)
    if not steps[0].intercept:
        return _curves(problem, [plan], method)[0]
    if centred.knows(problem, steps):
        [found] = _curves(problem, [centred.without(plan, steps)], method)
        return centred.curve(found, steps)
    longer, without = intercept.as_direction(problem, plan, steps, method)
    pencils = [
        way in (Walk.pencil, Walk.across) for way in ways_of(longer, resolve(without), method)
    ]
    if reason := intercept.few(problem, steps, pencils):
        raise _unknown(reason)
    [found] = _curves(longer, [without], method)
    assert found.exact is not None
    known = np.logical_and.accumulate([intercept.known(step) for step in steps]) & found.exact
    asymptotic = found.method == "exact theory" and not known.all()
    return replace(
        found,
        exact=known,
        method="state evolution" if asymptotic else found.method,
        warnings=(*found.warnings, *intercept.doubts(problem, steps, found.exact & ~known)),
    )


def ways_of(problem: Spectral, steps: Steps, method: str = "auto") -> list[Route]:
    """The route of every model, or NoTheoryError; "long" is "auto" for any number of models."""
    if centre_of(problem) is not None:
        return _ways_of_clouds(steps, method, problem.directions.dim)
    return _ways(steps, method, bool(tails_of(problem)))


def _ways(steps: Steps, method: str, tails: bool) -> list[Route]:
    """The route of every model, or NoTheoryError."""
    if reason := unknown(steps, tails):
        raise _unknown(reason)
    if method == "pencil" and not steps.is_linear:
        raise NoTheoryError("method was 'pencil', which knows linear labels alone; use 'auto'")
    if steps.turned:
        return _ways_across(steps, method)
    everything: list[Route] = [Walk.pencil] * len(steps)
    known = obstacles_of_tails(steps) if tails else obstacles(steps)
    ways = everything if method == "pencil" else routes(steps, known, tails)
    if reason := entangled(steps, ways):
        raise _unknown(reason)
    if method == "pencil" and not steps.retuned:
        return ways
    if not any(known) and Walk.pencil not in ways:
        return ways
    for step, obstacle in zip(steps, known, strict=True):
        way = ways[step.model]
        if way is Walk.on_design or (obstacle is None and way is not Walk.pencil):
            continue
        if step.retuned:
            raise NoTheoryError(
                f"the penalty of model {step.model} is 'cv' and {obstacle or 'the pencil was asked for'}: "
                "no theory knows which one it chooses, but genloss.simulate(problem, plan) does"
            )
        if method == "closed":
            raise NoTheoryError(
                f"{obstacle}: no closed formula knows it, but predict(method='pencil') and "
                "genloss.simulate(problem, plan) do"
            )
        longest = longest_stretch(steps, by_pencil(ways))
        if method == "auto" and longest > MOST_BY_PENCIL:
            raise NoTheoryError(
                f"plan has {longest} models that share rows or features and {obstacle}: no closed "
                "formula knows it, but predict(method='pencil') and genloss.simulate(problem, plan) "
                f"do; beyond {MOST_BY_PENCIL} models the pencil takes minutes and must be asked for"
            )
    if method == "auto" and Walk.pencil in ways:
        filters = [int(step.filter is not None) for step in steps]
        _check_kinds(steps, longest_stretch(steps, by_pencil(ways), filters))
    return ways


def _check_kinds(steps: Sequence[Step], filters: int) -> None:
    """Refuse filters of which every one doubles the kinds of rows that all of them have."""
    some = next((step for step in steps if step.edits or step.drawn is not None), None)
    if some is not None and filters > MOST_FILTERS_OF_KINDS:
        raise NoTheoryError(
            f"plan has {filters} filters on rows that several models are fitted to, of which model {some.model} draws or "
            "edits some: predict(method='pencil') and genloss.simulate(problem, plan) know it; beyond "
            f"{MOST_FILTERS_OF_KINDS} filters the pencil takes gigabytes and must be asked for"
        )


def _ways_across(steps: Sequence[Step], method: str) -> list[Route]:
    """The route of every model where some rows have a covariance matrix, or NoTheoryError."""
    what = "plan has rows with a covariance matrix"
    first, why = next(
        ((step.model, why) for step in steps if (why := obstacle_alone(step))), (len(steps), None)
    )
    chosen = [step.model for step in steps if step.retuned]
    if chosen and (why or method == "pencil"):
        raise _unknown(
            f"{what}, the penalty of model {chosen[0]} is 'cv', and {why or 'the pencil was asked for'}"
        )
    if method == "pencil":
        return [Walk.across] * len(steps)
    if why and (method == "closed" or (method == "auto" and len(steps) > MOST_BY_PENCIL)):
        most = f"; beyond {MOST_BY_PENCIL} models the pencil takes minutes and must be asked for"
        raise NoTheoryError(
            f"{what}, and {why}: no closed formula knows it, but predict(method='pencil') and "
            f"genloss.simulate(problem, plan) do{most if method == 'auto' else ''}"
        )
    if why and method == "auto":
        _check_kinds(steps, sum(step.filter is not None for step in steps))
    return [Walk.turned if step.model < first else Walk.across for step in steps]


def _ways_of_clouds(steps: Sequence[Step], method: str, dim: float) -> list[Route]:
    """The route of every model where rows lie about the centres of two classes, or NoTheoryError."""
    if method == "pencil":
        raise NoTheoryError(
            "method was 'pencil', which knows Gaussian rows; problem has class means"
        )
    for step in steps:
        if why := clouded(step, dim):
            raise _unknown(f"problem has class means, and model {step.model} {why}")
    return [Walk.channel if step.filter is None else Walk.filtered for step in steps]


def _unknown(reason: str) -> NoTheoryError:
    return NoTheoryError(f"{reason}: no theory knows it, but genloss.simulate(problem, plan) does")
