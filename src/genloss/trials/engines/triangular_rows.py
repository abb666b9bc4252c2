"""Any chain at a cost that does not depend on the number of rows: exact in law, O(dim^3) per fit.

With ``X = Q R`` and ``Q`` of orthonormal columns, a fit sees its rows through ``X'X = R'R`` and
``X'y = R' Q'y`` alone. For Gaussian rows ``R`` is Bartlett's triangular factor, and the label noise
``Q'e`` is again standard normal: the dim rows of ``R`` stand for any number of rows of ``X``, whoever
labels them, however often they are labelled anew, and with whatever other rows they are pooled.

All is done in whitened coordinates, ``sqrt(spectrum) * w``, in which rows of the problem's covariance
are standard normal and the penalty is one number per direction. Arrays have one entry per trial first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss import _linalg
from genloss.generation import REAL
from genloss.problem import Problem
from genloss.steps import Block, Step
from genloss.trials.engine import Engine, needs_rows
from genloss.trials.engines import literal
from genloss.trials.tally import Batch

Array = npt.NDArray[np.float64]


class Gram(NamedTuple):
    """Weighted ``X'X``, ``X'y`` and number of the rows of a fit."""

    matrix: Array
    right: Array
    rows: int

    def joined(self, other: Gram) -> Gram:
        """Both sets of rows together."""
        return Gram(self.matrix + other.matrix, self.right + other.right, self.rows + other.rows)


class Rooms:
    """Arrays that every generation uses again: fresh memory costs as much as what is done in it.

    It is handed out by the system to one thread at a time, so that two workers would wait for it.
    """

    def __init__(self) -> None:
        self._rooms: dict[tuple[str, int], Array] = {}

    def of(self, what: str, place: int, shape: tuple[int, ...], dtype: Any) -> Array:
        """The array of a purpose, with anything in it but zeros when it is new."""
        found = self._rooms.get((what, place))
        if found is None or found.shape != shape:
            found = self._rooms[what, place] = np.zeros(shape, dtype=dtype)
        return found


def refuses(problem: Problem, steps: Sequence[Step]) -> str | None:
    """Whether there are no rows to compress, or something needs the rows one by one."""
    pools = any(step.is_pooled for step in steps)
    for step in steps:
        if why := needs_rows(step):
            return why
        if not step.is_new and not _as_before(step, steps[step.model - 1]):
            return f"the reused design of model {step.model} is divided anew among labelers"
    fewest, *_, most = sorted([block.rows for step in steps for block in step.blocks] * 2)
    if most <= problem.dim:
        return f"no source has more than dim = {problem.dim} rows"
    if pools and fewest < problem.dim:
        return f"a source of a plan that pools rows has fewer than dim = {problem.dim}"
    return None


def _as_before(step: Step, before: Step) -> bool:
    """Whether its rows are those of the step before it, source by source."""
    here, there = ([(b.design, b.start, b.stop) for b in each.blocks] for each in (step, before))
    return here == there


def run(
    problem: Problem,
    steps: Sequence[Step],
    rng: np.random.Generator,
    count: int,
    dtype: type[np.float64 | np.float32] = np.float64,
) -> Batch:
    """Run the plan ``count`` times, with rows and products of rows in ``dtype``."""
    d, truth = problem.dim, np.sqrt(problem.spectrum) * problem.truth
    risks = np.empty((len(steps), count))
    errors = np.empty((len(steps), d))
    pools = any(step.is_pooled for step in steps)
    models = {REAL: np.broadcast_to(truth, (count, d))}
    factors: list[Array] = []
    rooms = Rooms()
    pool: Gram | None = None
    for model, step in enumerate(steps):
        if step.is_new:
            factors = [
                _rows(problem, block, rng, count, dtype, rooms, place)
                for place, block in enumerate(step.blocks)
            ]
        labels = [
            _labels(block, rows, models, rng)
            for block, rows in zip(step.blocks, factors, strict=True)
        ]
        if sum(block.rows for block in step.blocks) < d:
            fitted = _fit_few(problem, factors, labels, step)
        else:
            made = zip(step.blocks, factors, labels, strict=True)
            gram = reduce(Gram.joined, (_gram(*each, rooms, k) for k, each in enumerate(made)))
            if pools:
                pool = (
                    gram._replace(matrix=gram.matrix.copy()) if pool is None else pool.joined(gram)
                )
            pooled = pool is not None and step.is_pooled
            fitted = _fit(problem, pool if pool and pooled else gram, step.penalty, kept=pooled)
        error = fitted - truth
        risks[model] = np.vecdot(error, error)
        errors[model] = error.sum(axis=0)
        models[model] = fitted
        for number in [k for k in models if k >= 0 and steps[k].last_use <= model]:
            del models[number]
    return Batch(risks.T, errors)


@lru_cache(maxsize=8)
def _above(d: int) -> npt.NDArray[np.intp]:
    """Flat indices above the diagonal."""
    rows, columns = np.triu_indices(d, 1)
    return rows * d + columns


def _rows(
    problem: Problem,
    block: Block,
    rng: np.random.Generator,
    count: int,
    dtype: Any,
    rooms: Rooms,
    place: int,
) -> Array:
    """Rows that stand for the rows of a block: its own if they are few, else a triangle."""
    rows: Any
    draw: Any = rng.standard_normal  # of either precision
    d = problem.dim
    if block.rows <= d:
        rows = rooms.of("rows", place, (count, block.rows, d), dtype)
        draw(out=rows, dtype=dtype)
    else:
        above = _above(d)
        flat = rooms.of("triangle", place, (count, d * d), dtype)
        normal: Any = rooms.of("normal", 0, (above.size,), dtype)
        for trial in flat:
            draw(out=normal, dtype=dtype)
            trial[above] = normal
        flat[:, :: d + 1] = np.sqrt(rng.chisquare(block.rows - np.arange(d), (count, d)))
        rows = flat.reshape(count, d, d)
    if block.covariance is not None:
        rows *= np.sqrt(block.covariance / problem.spectrum).astype(dtype)
    return np.asarray(rows)


def _labels(block: Block, rows: Array, models: dict[int, Array], rng: np.random.Generator) -> Array:
    theta = sum(share * models[number] for number, share in block.shares.items())
    labels = np.matmul(rows, np.asarray(theta, dtype=rows.dtype)[..., None])[..., 0]
    if block.noise > 0:
        labels += block.noise * rng.standard_normal(labels.shape, dtype=rows.dtype)
    return labels


def _gram(block: Block, rows: Array, labels: Array, rooms: Rooms, place: int) -> Gram:
    d = rows.shape[2]
    room = rooms.of("gram", place, (len(rows), d, d), rows.dtype)
    matrix = np.matmul(rows.transpose(0, 2, 1), rows, out=room)
    right = (labels[:, None] @ rows)[:, 0]
    if block.weight != 1:
        matrix, right = block.weight * matrix, block.weight * right
    return Gram(matrix, right, block.rows)


def _fit(problem: Problem, gram: Gram, penalty: float, *, kept: bool) -> Array:
    """Solve, in the place of the matrix unless it is kept."""
    d = problem.dim
    systems = gram.matrix.astype(np.float64, copy=kept)
    diagonals = systems.reshape(-1, d * d)[:, :: d + 1]
    diagonals += gram.rows * penalty / problem.spectrum
    diagonal = diagonals.copy()
    fitted = _linalg.solve_positives(systems, gram.right)
    for trial in np.flatnonzero(np.isnan(fitted[:, 0])):
        # what is below the diagonal is as it was
        whole = np.tril(systems[trial], -1)
        whole += whole.T
        whole[np.diag_indices(d)] = diagonal[trial]
        # directions of very different variance are no ill-conditioning: scale them away
        scale = 1 / np.sqrt(diagonal[trial])
        scaled, right = whole * np.outer(scale, scale), scale * gram.right[trial]
        fitted[trial] = scale * np.linalg.lstsq(scaled, right, rcond=None)[0]
    return fitted


def _fit_few(problem: Problem, factors: list[Array], labels: list[Array], step: Step) -> Array:
    """Fewer rows than directions: none was compressed, and there is no Gram matrix to solve with."""
    weights = np.concatenate([np.full(block.rows, block.weight) for block in step.blocks])
    root = np.sqrt(problem.spectrum)
    inputs = np.concatenate(factors, axis=1) * root.astype(factors[0].dtype)
    samples = zip(inputs, np.concatenate(labels, axis=1), strict=True)
    fits = [literal.fit(X, y, weights, penalty=step.penalty) for X, y in samples]
    return root * np.array(fits)


ENGINE = Engine("exact, compressed rows", 3.0, 4, 16, refuses, run, single=True)
