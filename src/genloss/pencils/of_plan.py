"""Risk of every model of any plan of ridge regressions: all of it is one pencil (`from_plan`)."""

from __future__ import annotations

from genloss import _check
from genloss.errors import NoTheoryError
from genloss.pencils.expression import Array
from genloss.pencils.from_plan import Laws
from genloss.pencils.ground import Ground
from genloss.plan import Plan
from genloss.problem import Problem, beyond, tails_of
from genloss.spectrum import Spectrum
from genloss.steps import resolve


def risks(problem: Problem, plan: Plan) -> tuple[Array, Array]:
    """Bias and variance of every model of a plan.

    Parameters
    ----------
    problem : Problem
        What there is to learn.
    plan : Plan
        Any plan: fresh, same, pooled and drawn rows, penalties, mixtures, covariances, weights,
        random features.

    Returns
    -------
    bias, variance : ndarray of shape (n_models,)
        High-dimensional limits in the metric of the problem's spectrum; at finite size they differ
        from the means by a term of order 1/dim (least squares has n - dim for n - dim - 1). Penalty
        zero is the exact limit, not extrapolated.

    Raises
    ------
    NoTheoryError
        If a fit without penalty has exactly as many rows as directions, or rows are drawn too often.
    NoConvergenceError
        If the fixed point was not found.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.pencils import risks
    >>> problem = gl.Problem.isotropic(dim=100)
    >>> plan = gl.Plan.accumulate(3, 200, design="same", penalty=0.1, noise=0.5)
    >>> bias, variance = risks(problem, plan)
    >>> (bias + variance).round(4)
    array([0.1768, 0.2128, 0.2298])
    """
    _check.instance("problem", problem, Problem)
    _check.instance("plan", plan, Plan).check_fits(problem.dim)
    if (kind := beyond(problem)) not in (None, "tails"):
        raise NoTheoryError(
            f"problem has {kind}; a pencil knows one number on Gaussian rows, "
            "genloss.predict(problem, plan) knows others"
        )
    steps, models, tails = resolve(plan), range(plan.n_models), tails_of(problem)
    for step in steps:
        if not step.is_ridge:
            raise NoTheoryError(
                f"model {step.model} has labels, a loss, a filter, an intercept or a rule that keeps rows beyond ridge regression; "
                "a pencil is of ridge regression on linear labels, genloss.predict(problem, plan) "
                "knows the others"
            )
    if steps[0].outside or any(step.turned for step in steps):
        laws = [each.law(problem.truth) for each in steps[0].outside]
        ground = Ground.across(problem.spectrum, problem.truth, steps, laws, tails)
    else:
        directions = Spectrum.of(problem.spectrum, problem.truth)
        ground = Ground.along(directions, steps, tails=tails)
    found = Laws(ground, steps, plan.penalty, models)
    return found.bias, found.variances
