"""Theory: the risk of every model of a plan, in milliseconds and without randomness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from genloss import _check
from genloss.curve import Curve
from genloss.errors import InvalidInputError, NoTheoryError
from genloss.generation import REAL, Generation
from genloss.plan import Plan
from genloss.predict import fresh, pooled, weighted
from genloss.predict.moments import Moments
from genloss.predict.reliability import cautions
from genloss.predict.same_design import Run
from genloss.predict.stage import Stage, stages
from genloss.problem import Problem

__all__ = ["predict"]

_REMEDY = "no theory is known for it yet, but genloss.simulate(problem, plan) runs it"


def predict(problem: Problem, plan: Plan, *, method: str = "auto") -> Curve:
    """Predict the risk of every model of a plan.

    Parameters
    ----------
    problem : Problem
        What there is to learn.
    plan : Plan
        Who labels which samples, and how each generation is fitted.
    method : {"auto"}, default "auto"
        Route; "auto" takes the exact formula of every generation that has one, and the
        deterministic equivalent of state evolution elsewhere.

    Returns
    -------
    Curve
        ``risk``, ``bias`` and ``variance`` per model, ``exact`` where they hold at finite size,
        and warnings where the theory is weak. The risk is infinite where its mean does not exist.

    Raises
    ------
    NoTheoryError
        For reused or pooled designs with a penalty or several sources: simulate these.
    InvalidInputError
        If the plan does not fit the problem.

    Notes
    -----
    Fresh designs: state evolution, `theory.md` 2.2-2.3, exact for least squares (n_samples - dim -
    1, `paper.md` 2.1) and for isotropic minimum-norm fits (2.4). Several covariances or weights:
    2.4. Same designs: `paper.md` 2.4. Pooled designs: 2.6.

    Examples
    --------
    >>> import genloss as gl
    >>> problem = gl.Problem.isotropic(dim=300)
    >>> plan = gl.Plan.replace(generations=2, n_samples=600, noise=0.5)
    >>> gl.predict(problem, plan.then(n_samples=1000, penalty=0.1, noise=0.5)).risk.round(3)
    array([0.251, 0.502, 0.485])
    """
    if not isinstance(problem, Problem):
        raise InvalidInputError(f"problem was {type(problem).__name__}; it must be a Problem")
    if not isinstance(plan, Plan):
        raise InvalidInputError(f"plan was {type(plan).__name__}; it must be a Plan")
    _check.choice("method", method, ("auto",))
    plan.check_fits(problem.dim)

    routes = [_route(plan, model) for model in range(plan.n_models)]
    fits = _stages(problem, plan)
    moments = Moments(problem.spectrum, problem.truth, plan)
    runs: dict[int, Run] = {}
    risks, exact = np.empty((2, plan.n_models)), []
    for model, (generation, route, fit) in enumerate(zip(plan, routes, fits, strict=True)):
        route(moments, fit, generation, model, runs)
        risks[:, model] = moments.risk(model)
        exact.append(moments.exact[model])
    noisy = [any(source.label_noise > 0 for source in g.sources) for g in plan]
    return Curve(
        risk=risks.sum(axis=0),
        bias=risks[0],
        variance=risks[1],
        method="exact theory" if all(exact) else "state evolution",
        warnings=cautions(problem, fits, exact, noisy),
        kappa=np.array([fit.kappa for fit in fits]),
        df1=np.array([fit.df1 for fit in fits]),
        df2=np.array([fit.df2 for fit in fits]),
        exact=np.array(exact),
    )


Route = Callable[[Moments, Stage, Generation, int, dict[int, Run]], None]


def _route(plan: Plan, model: int) -> Route:
    """The theory of one generation, found before any work starts."""
    generation = plan.generations[model]
    following = plan.generations[model + 1 : model + 2]
    reused = any(after.design == "same" and not after.pooled for after in following)
    if generation.pooled and model > 0:
        _check_pooled(plan, model)
        return _fit_copies if generation.design == "same" else _fit_pool(plan, model)
    if generation.design == "same" or reused:
        _check_least_squares(generation, model, "a reused design")
        if generation.design == "same" and plan.generations[model - 1].pooled and model > 1:
            raise NoTheoryError(f"model {model} reuses the design of a pooled fit: {_REMEDY}")
        return _fit_same if generation.design == "same" else _fit_first
    return _fit_fresh if _is_even(generation) else _fit_weighted


def _is_even(generation: Generation) -> bool:
    first = generation.sources[0]
    return all(s.covariance is None and s.weight == first.weight for s in generation.sources)


def _check_least_squares(generation: Generation, model: int, what: str) -> None:
    if generation.penalty > 0 or len(generation.sources) > 1 or not _is_even(generation):
        raise NoTheoryError(
            f"model {model} is fitted on {what} with a penalty, several sources or a covariance "
            f"of its own: {_REMEDY}"
        )


def _check_pooled(plan: Plan, model: int) -> None:
    earlier = plan.generations[: model + 1]
    designs = {generation.design for generation in earlier[1:]}
    for number, generation in enumerate(earlier):
        _check_least_squares(generation, number, "pooled rows")
        shares = generation.sources[0].labeler_numbers(number)
        telescopes = shares == {number - 1 if number else REAL: 1.0}
        if not telescopes or (number > 0 and not generation.pooled) or len(designs) > 1:
            raise NoTheoryError(
                f"model {model} pools rows, but not of a plan in which every model is pooled, "
                f"labelled by its predecessor, on all fresh or all same inputs: {_REMEDY}"
            )


def _fit_fresh(m: Moments, fit: Stage, g: Generation, model: int, _: dict[int, Run]) -> None:
    fresh.fit(m, fit, g, model)


def _fit_weighted(m: Moments, _: Stage, g: Generation, model: int, __: dict[int, Run]) -> None:
    weighted.fit(m, g, model)


def _fit_first(m: Moments, fit: Stage, g: Generation, model: int, runs: dict[int, Run]) -> None:
    runs[model] = Run(m, fit)
    runs[model].fit(g.sources[0].labeler_numbers(model), g.sources[0].label_noise**2, model)


def _fit_same(m: Moments, _: Stage, g: Generation, model: int, runs: dict[int, Run]) -> None:
    runs[model] = runs[model - 1]
    runs[model].fit(g.sources[0].labeler_numbers(model), g.sources[0].label_noise**2, model)


def _fit_copies(m: Moments, fit: Stage, g: Generation, model: int, _: dict[int, Run]) -> None:
    pooled.extend(m, fit, 1 / (model + 1) ** 2, g.sources[0].label_noise**2, model)


def _fit_pool(plan: Plan, model: int) -> Route:
    share = plan.generations[model].n_samples / plan.n_samples[: model + 1].sum()

    def route(m: Moments, fit: Stage, g: Generation, model: int, _: dict[int, Run]) -> None:
        pooled.extend(m, fit, share, g.sources[0].label_noise**2, model)

    return route


def _stages(problem: Problem, plan: Plan) -> list[Stage]:
    """Every fit's stage: its rows are all rows so far where it pools fresh designs."""
    rows, penalties = [], []
    for model, generation in enumerate(plan):
        pools = generation.pooled and model > 0 and generation.design == "fresh"
        rows.append(
            int(plan.n_samples[: model + 1].sum()) if pools else generation.n_samples
        )
        # (1/n) sum weight |.|^2 + penalty |w|^2 is penalty / weight for one common weight
        penalties.append(generation.penalty / generation.sources[0].weight)
    return stages(problem.spectrum, rows, penalties)
