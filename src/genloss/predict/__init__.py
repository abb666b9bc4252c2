"""Theory: the risk of every model of a plan, in milliseconds and without randomness."""

from __future__ import annotations

import numpy as np

from genloss import _check
from genloss.curve import Curve
from genloss.errors import InvalidInputError, NoTheoryError
from genloss.plan import Plan
from genloss.predict.reliability import cautions, limit_cautions
from genloss.predict.routes import Walk, routes
from genloss.problem import Problem

__all__ = ["predict"]

MOST_BY_PENCIL = 12  # models of one pencil that are solved in seconds


def predict(problem: Problem, plan: Plan, *, method: str = "auto") -> Curve:
    """Predict the risk of every model of a plan.

    Parameters
    ----------
    problem : Problem
        What there is to learn.
    plan : Plan
        Who labels which samples, and how each generation is fitted.
    method : {"auto", "closed", "pencil"}, default "auto"
        Route. "closed" takes the exact formula of every generation that has one, and the
        deterministic equivalent of state evolution elsewhere. "pencil" writes the whole plan as
        one random-matrix fixed point, which knows any plan, in milliseconds to seconds. "auto"
        takes the pencil only for plans that have no closed route.

    Returns
    -------
    Curve
        ``risk``, ``bias`` and ``variance`` per model, ``exact`` where they hold at finite size,
        and warnings where the theory is weak. The risk is infinite where its mean does not exist.

    Raises
    ------
    NoTheoryError
        "closed": for reused or pooled designs with a penalty or several sources. "auto": for such
        plans with more than 12 generations. "pencil": for a fit without penalty to dim rows.
    InvalidInputError
        If the plan does not fit the problem.

    Notes
    -----
    Fresh designs: state evolution, `theory.md` 2.2-2.3, exact for least squares (n_samples - dim -
    1, `paper.md` 2.1) and for isotropic minimum-norm fits (2.4). Several covariances or weights:
    2.4. Same designs: `paper.md` 2.4. Pooled designs: 2.6. Anything else: `genloss.pencils`, exact
    in high dimension, off by a term of order 1/dim at finite size.

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
    _check.choice("method", method, ("auto", "closed", "pencil"))
    plan.check_fits(problem.dim)
    if method == "pencil":
        return _by_pencil(problem, plan)
    try:
        ways = routes(plan)
    except NoTheoryError as unknown:
        if method == "closed":
            raise
        if plan.n_models > MOST_BY_PENCIL:
            raise NoTheoryError(
                f"plan has {plan.n_models} models and {unknown}; beyond {MOST_BY_PENCIL} models the "
                "pencil takes minutes and must be asked for"
            ) from None
        return _by_pencil(problem, plan)
    walk = Walk(problem, plan)
    risks, exact = np.empty((2, plan.n_models)), []
    for model, fit in enumerate(ways):
        fit(walk, model)
        risks[:, model] = walk.moments.risk(model)
        exact.append(walk.moments.exact[model])
    fits = walk.fits
    # several covariances or weights have no single effective penalty
    single = np.where([fit is Walk.weighted for fit in ways], np.nan, 1.0)
    return Curve(
        risk=risks.sum(axis=0),
        bias=risks[0],
        variance=risks[1],
        method="exact theory" if all(exact) else "state evolution",
        warnings=cautions(problem, fits, risks.sum(axis=0), exact),
        kappa=single * [fit.kappa for fit in fits],
        df1=single * [fit.df1 for fit in fits],
        df2=single * [fit.df2 for fit in fits],
        exact=np.array(exact),
    )


def _by_pencil(problem: Problem, plan: Plan) -> Curve:
    from genloss.pencils import risks

    bias, variance = risks(problem, plan)
    unknown = np.full(plan.n_models, np.nan)
    return Curve(
        risk=bias + variance,
        bias=bias,
        variance=variance,
        method="pencil",
        warnings=limit_cautions(problem, plan),
        kappa=unknown,
        df1=unknown,
        df2=unknown,
        exact=np.zeros(plan.n_models, dtype=bool),
    )
