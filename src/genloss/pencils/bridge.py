"""Risk of every model of any plan: the plan is written as one pencil.

A fit on blocks b of rows X_b, labelled X_b theta_j + noise_j, has the equations (n rows fitted)

    r_b = sum_j weight_j (X_b theta_j + noise_j) - sum_j weight_j X_b w ,
    penalty * w = (1/n) sum_b X_b' r_b .

With fewer rows than directions it is written in ``r_b / penalty`` instead: both forms then keep
their meaning at penalty zero, so that least squares and minimum-norm fits are exact limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.generation import REAL, Generation
from genloss.pencils.covariance import Moments
from genloss.pencils.dyson import solve
from genloss.pencils.expression import Array, Gaussian, gaussian
from genloss.pencils.pencil import Applied, Combination, Pencil, Term, scaled
from genloss.pencils.space import Space
from genloss.plan import Plan
from genloss.problem import Problem


@dataclass(frozen=True, eq=False)
class Block:
    """Rows that always go together: their Gaussian matrix, and the root of their covariance."""

    start: int
    stop: int
    matrix: Gaussian
    root: Array


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of one block: who made them, their noise variance and weight."""

    block: Block
    labelers: dict[int, float]
    noise: float
    weight: float


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
    pencil = Pencil()
    models = {REAL: pencil.source(features, "truth", given=truth)}
    pool: list[Labels] = []
    noises: list[tuple[int, Labels, float]] = []
    design: list[Block] = []
    for model, generation in enumerate(plan):
        if generation.design == "fresh":
            design = _design(plan, model, features, roots)
        own = _labels(design, generation, model)
        pool += own
        fitted = pool if generation.pooled else own
        models[model] = _fit(pencil, features, fitted, generation.penalty, models, noises, model)
    _add_noises(pencil, noises)
    moments = Moments(solve(pencil))
    weights = features.weights * spectrum
    numbers = [models[model] for model in range(plan.n_models)]
    bias = [weights @ (moments.mean(w) - truth) ** 2 for w in numbers]
    variance = [weights @ moments.covariance(w, w) for w in numbers]
    return np.array(bias), np.array(variance)


def _directions(
    problem: Problem, plan: Plan
) -> tuple[Space, Array, Array, dict[tuple[float, ...] | None, Array]]:
    """The space of features with equal directions taken together, and what varies over it."""
    own = {s.covariance for generation in plan for s in generation.sources} - {None}
    table = np.array([problem.spectrum, *own])
    distinct, which, counts = np.unique(table, axis=1, return_inverse=True, return_counts=True)
    truth = np.sqrt(np.bincount(which.ravel(), problem.truth**2) / counts)
    roots = dict(zip([None, *own], np.sqrt(distinct), strict=True))
    return Space.features(multiplicities=counts), distinct[0], truth, roots


def _design(
    plan: Plan, first: int, features: Space, roots: dict[tuple[float, ...] | None, Array]
) -> list[Block]:
    """The rows drawn for a model, cut wherever it or a later model on them changes source."""
    cuts: set[int] = {0}
    for model in range(first, plan.n_models):
        if model > first and plan.generations[model].design == "fresh":
            break
        cuts |= set(_ends(plan.generations[model]))
    sources, ends = plan.generations[first].sources, _ends(plan.generations[first])
    edges, blocks = sorted(cuts), []
    for start, stop in pairwise(edges):
        rows = Space(f"rows {start}-{stop} of model {first}", stop - start)
        matrix = gaussian(rows, features, name=f"Z{first}.{start}")
        assert isinstance(matrix, Gaussian)
        covariance = sources[int(np.searchsorted(ends, start, side="right"))].covariance
        blocks.append(Block(start, stop, matrix, roots[covariance]))
    return blocks


def _ends(generation: Generation) -> npt.NDArray[np.int64]:
    return np.cumsum([source.n_samples for source in generation.sources])


def _labels(design: list[Block], generation: Generation, model: int) -> list[Labels]:
    ends, labels = _ends(generation), []
    for block in design:
        source = generation.sources[int(np.searchsorted(ends, block.start, side="right"))]
        shares = source.labeler_numbers(model)
        labels.append(Labels(block, shares, source.label_noise**2, source.weight))
    return labels


def _fit(
    pencil: Pencil,
    features: Space,
    labels: list[Labels],
    penalty: float,
    models: dict[int, int],
    noises: list[tuple[int, Labels, float]],
    model: int,
) -> int:
    """Write one fit; the unknown that is its solution."""
    blocks = list(dict.fromkeys(label.block for label in labels))
    n = sum(label.block.stop - label.block.start for label in labels)
    distinct = sum(block.stop - block.start for block in blocks)
    if penalty == 0 and distinct == features.size:
        raise NoTheoryError(
            f"model {model} is fitted to as many rows as directions, {distinct}, without a penalty: "
            "its mean risk need not exist; genloss.simulate(problem, plan) runs it"
        )
    few = distinct < features.size
    solution = pencil.unknown(features, f"model {model}")
    pencil.add(solution, [Term(solution, 1.0 if few else penalty)])
    for block in blocks:
        residual = pencil.unknown(block.matrix.rows, f"residual of model {model} on {block.matrix}")
        pencil.add(residual, [Term(residual, penalty if few else 1.0)])
        scale = 1 / n if few else 1.0
        fitted: list[Term] = []
        for label in (label for label in labels if label.block is block):
            fitted.append(Term(solution, label.weight))
            fitted += [Term(models[u], -label.weight * c) for u, c in label.labelers.items()]
            noises.append((residual, label, scale * label.weight))
        inputs = pencil.weighted(tuple(fitted), block.root)
        pencil.add(residual, [Term(Applied(block.matrix, inputs), scale)])
        transposed = block.matrix.T
        assert isinstance(transposed, Gaussian)
        back: Combination = (Term(Applied(transposed, (Term(residual),))),)
        pencil.add(solution, scaled(pencil.weighted(back, block.root), -1.0 if few else -1 / n))
    return solution


def _add_noises(pencil: Pencil, noises: list[tuple[int, Labels, float]]) -> None:
    """Covariances of the residuals' right-hand sides: they share the noise of pooled labels."""
    users: dict[Labels, list[tuple[int, float]]] = {}
    for residual, label, factor in noises:
        users.setdefault(label, []).append((residual, factor))
    for label, entries in users.items():
        for one, a in entries:
            for other, b in entries:
                before = pencil.noise.get((one, other), 0.0)
                pencil.noise[one, other] = before + a * b * label.noise
