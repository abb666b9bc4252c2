"""Risk of every model of any plan: the plan is written as one pencil.

A fit on blocks b of rows X_b, labelled y_b = X_b theta_b + noise_b, has the equations (n rows fitted)

    r_b = sum weight_b (y_b - X_b w) ,   penalty * w = (1/n) sum_b X_b' r_b .

Random features F put ``F b`` for w and ``F' X_b'`` for ``X_b'``, and penalise b. With fewer rows than
directions it is written in ``r_b / penalty`` instead: both forms then keep
their meaning at penalty zero, so that least squares and minimum-norm fits are exact limits.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, pairwise, takewhile

import numpy as np

from genloss.errors import NoTheoryError
from genloss.generation import REAL, Generation, Source
from genloss.pencils.expression import (
    Array,
    Expression,
    diagonal,
    gaussian,
    identity,
    implicit,
    noise,
    sum_of,
    vector,
)
from genloss.pencils.functionals import Chain
from genloss.pencils.space import Space
from genloss.plan import Plan
from genloss.problem import Problem

Rows = tuple[int, Expression]
"""Number of the first of some rows that always go together, and their design."""
Labels = tuple[Expression, Expression, float]
"""A design, labels of its rows, and their weight."""


def risks(problem: Problem, plan: Plan) -> tuple[Array, Array]:
    """Bias and variance of every model of a plan.

    Parameters
    ----------
    problem : Problem
        What there is to learn.
    plan : Plan
        Any plan: fresh, same and pooled designs, penalties, mixtures, covariances, weights.

    Returns
    -------
    bias, variance : ndarray of shape (n_models,)
        High-dimensional limits in the metric of the problem's spectrum; at finite size they differ
        from the means by a term of order 1/dim (least squares has n - dim for n - dim - 1). Penalty
        zero is the exact limit, not extrapolated.

    Raises
    ------
    NoTheoryError
        If a fit without penalty has exactly as many rows as directions.
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
    plan.check_fits(problem.dim)
    features, spectrum, truth, roots = _directions(problem, plan)
    models = {REAL: vector(features, truth, name="truth")}
    pool: list[Labels] = []
    design: list[Rows] = []
    map_: Expression | None = None
    for model, generation in enumerate(plan):
        if generation.design == "fresh":
            design = _design(plan, model, features, roots)
        if generation.feature_map == "fresh":
            map_ = _feature_map(features, generation.features, model)
        own = _labels(design, generation, model, models)
        pool += own
        fitted = tuple(pool if generation.pooled else own)
        models[model] = _fit(features, map_, fitted, generation.penalty, model)
    errors = [models[model] - models[REAL] for model in range(plan.n_models)]
    chain, metric = Chain(*errors), diagonal(features, spectrum)
    found = [chain.risk(error, metric) for error in errors]
    return np.array([risk.bias for risk in found]), np.array([risk.variance for risk in found])


def _directions(
    problem: Problem, plan: Plan
) -> tuple[Space, Array, Array, dict[tuple[float, ...] | None, Expression]]:
    """The space of features with equal directions taken together, and what varies over it."""
    own = {s.covariance for generation in plan for s in generation.sources} - {None}
    table = np.array([problem.spectrum, *own])
    distinct, which, counts = np.unique(table, axis=1, return_inverse=True, return_counts=True)
    truth = np.sqrt(np.bincount(which.ravel(), problem.truth**2) / counts)
    features = Space.features(multiplicities=counts)
    roots = [diagonal(features, root) for root in np.sqrt(distinct)]
    return features, distinct[0], truth, dict(zip([None, *own], roots, strict=True))


def _design(
    plan: Plan, first: int, features: Space, roots: dict[tuple[float, ...] | None, Expression]
) -> list[Rows]:
    """The rows drawn for a model, cut wherever it or a later model on them changes source."""
    later = takewhile(lambda own: own.design == "same", plan.generations[first + 1 :])
    cuts = {0}.union(*map(_ends, (plan.generations[first], *later)))
    blocks = []
    for start, stop in pairwise(sorted(cuts)):
        rows = Space(f"rows {start}-{stop} of model {first}", stop - start)
        root = roots[_source(plan.generations[first], start).covariance]
        blocks.append((start, gaussian(rows, features, name=f"Z{first}.{start}") @ root))
    return blocks


def _feature_map(features: Space, count: int | None, model: int) -> Expression | None:
    """F with entries of variance 1 / count, or None where the inputs are the features."""
    if count is None:
        return None
    random = Space(f"random features of model {model}", count)
    return gaussian(features, random, name=f"F{model}") / count**0.5


def _ends(generation: Generation) -> list[int]:
    return list(accumulate(source.n_samples for source in generation.sources))


def _source(generation: Generation, row: int) -> Source:
    return generation.sources[bisect_right(_ends(generation), row)]


def _labels(
    design: list[Rows], generation: Generation, model: int, models: dict[int, Expression]
) -> list[Labels]:
    labels = []
    for start, X in design:
        source = _source(generation, start)
        shares = source.labeler_numbers(model).items()
        labeler = sum_of([share * models[number] for number, share in shares])
        labels.append((X, X @ labeler + noise(X.rows, source.label_noise), source.weight))
    return labels


def _fit(
    features: Space,
    map_: Expression | None,
    labels: tuple[Labels, ...],
    penalty: float,
    model: int,
) -> Expression:
    """The vector that solves the equations of one fit; with a feature map F, F times it."""
    designs = list(dict.fromkeys(X for X, _, _ in labels))
    n = sum(X.rows.size for X, _, _ in labels)
    distinct = sum(X.rows.size for X in designs)
    if map_ is not None and penalty == 0 and min(distinct, map_.cols.size) >= features.size:
        map_ = None  # least squares: as many features as directions are a change of coordinates
    F = identity(features) if map_ is None else map_
    freedom = min(features.size, F.cols.size)
    if penalty == 0 and distinct == freedom:
        raise NoTheoryError(
            f"model {model} is fitted to as many rows as directions, {distinct:.0f}, without a "
            "penalty: its mean risk need not exist; genloss.simulate(problem, plan) runs it"
        )
    few = distinct < freedom

    def residual(X: Expression, w: Expression) -> Expression:
        """r_b, or r_b / (n penalty)."""
        rest = sum_of([weight * (y - X @ w) for own, y, weight in labels if own is X])
        return implicit(
            X.rows,
            lambda r: penalty * r - rest / n if few else r - rest,
            name=f"residual of model {model} on {X}",
        )

    def normal(b: Expression) -> Expression:
        back = F.T @ sum_of([X.T @ residual(X, F @ b) for X in designs])
        return b - back if few else penalty * b - back / n

    return F @ implicit(F.cols, normal, name=f"model {model}")
