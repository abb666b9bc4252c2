"""The literal engine: draw every row, fit every model. Nothing here knows any theory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg

from genloss import _linalg, scores
from genloss.covariances import is_matrix, root
from genloss.filters import Filter
from genloss.generation import REAL
from genloss.losses.squared import Squared
from genloss.problem import Problem
from genloss.steps import Block, Step
from genloss.trials import centred, loop, multinomial, several, together
from genloss.trials.convex import minimise
from genloss.trials.engine import Engine
from genloss.trials.leave_one_out import chosen_penalty
from genloss.trials.tally import Batch

Array = npt.NDArray[np.float64]
Precision = type[np.float64 | np.float32]

_STEEP = 1e-3  # squared ratio of pivots below which a fit in single precision is not trusted


def run(
    problem: Problem,
    steps: Sequence[Step],
    rng: np.random.Generator,
    count: int,
    dtype: Precision = np.float64,
) -> Batch:
    """Run the plan ``count`` times, with rows and products of rows in ``dtype``."""
    if problem.classes:
        return several.measured(problem, steps, _chains(problem, steps, rng, count, dtype), rng)
    constant = steps[0].intercept  # the last coefficient, of a last column of ones
    root, truth = np.sqrt(problem.spectrum), problem.truth
    if constant:
        root, truth = np.append(root, 1.0), np.append(truth, 0.0)
    risks = np.empty((count, len(steps)))
    errors = np.zeros((len(steps), root.size))
    world = Gaussian(problem, rng, dtype)
    seen = None if all(step.is_linear for step in steps) else Seen(problem, count, len(steps))
    for trial in range(count):
        learner = Learner(rng, dtype)
        known = _known(problem, steps, rng)
        if constant:
            known = {who: np.append(w, 0.0) for who, w in known.items()}
        chain = loop.models(steps, world, learner, known)
        for model, w in enumerate(chain):
            error = root * (w - truth)
            risks[trial, model] = error @ error
            errors[model] += error
            if seen is not None:
                seen.add(trial, model, w, learner.accepted)
    return Batch(risks, errors) if seen is None else Batch(risks, errors, 0.0, seen.scores(steps))


def _known(problem: Problem, steps: Sequence[Step], rng: np.random.Generator) -> dict[int, Array]:
    """Who labels from the first: the truth, and models from outside, drawn anew."""
    outside = enumerate(steps[0].outside)
    return {REAL: problem.truth} | {
        REAL - 1 - k: each.draw(problem.truth, rng) for k, each in outside
    }


def _chains(
    problem: Problem,
    steps: Sequence[Step],
    rng: np.random.Generator,
    count: int,
    dtype: Precision,
) -> Iterator[tuple[list[Array], list[float]]]:
    """The models of every run of a problem that has classes, and the share of rows each fit kept."""
    if count > 1:  # also a plan that is compared with one that has such fits
        worlds = together.Worlds([Gaussian(problem, rng, dtype) for _ in range(count)])
        learners = together.Learners([Learner(rng, dtype) for _ in range(count)])
        drawn = [_known(problem, steps, rng) for _ in range(count)]
        known = {who: np.stack([each[who] for each in drawn]) for who in drawn[0]}
        yield from together.chains(steps, worlds, learners, known)
        return
    world, learner = Gaussian(problem, rng, dtype), Learner(rng, dtype)
    for _ in range(count):
        chain = loop.models(steps, world, learner, _known(problem, steps, rng))
        found = [(w, learner.accepted) for w in chain]
        yield [w for w, _ in found], [accepted for _, accepted in found]


class Seen:
    """What is measured of every model beside its risk, for plans beyond ridge regression."""

    def __init__(self, problem: Problem, count: int, models: int) -> None:
        self._problem = problem
        self._inner, self._square, self._with_first, self._accepted = (
            np.empty((count, models)) for _ in range(4)
        )
        self._first: Array = np.empty(0)

    def add(self, trial: int, model: int, w: Array, accepted: float) -> None:
        """Take in a model of a run, model 0 first."""
        raised = self._problem.spectrum * w
        self._first = w if model == 0 else self._first
        self._inner[trial, model] = raised @ self._problem.truth
        self._square[trial, model] = raised @ w
        self._with_first[trial, model] = raised @ self._first
        self._accepted[trial, model] = accepted

    def scores(self, steps: Sequence[Step]) -> dict[str, Array]:
        """Columns of a curve, (count, n_models)."""
        truth = float(self._problem.spectrum @ self._problem.truth**2)
        first = self._square[:, :1]
        found = scores.columns(
            steps, self._inner, self._square, truth, self._with_first, first, self._accepted
        )
        if self._problem.tails is not None:  # these two are of normal values
            return {name: each for name, each in found.items() if name not in ("log_loss", "brier")}
        return found


class Gaussian:
    """A Gaussian problem as a world (`genloss.trials.loop`): every row is new and normal."""

    def __init__(
        self, problem: Problem, rng: np.random.Generator, dtype: Precision = np.float64
    ) -> None:
        self._problem, self._rng, self._dtype = problem, rng, dtype
        self._classes = several.Labeller(problem, rng) if problem.classes else None

    def inputs(self, step: Step) -> Array:
        """Normal rows of every new block."""
        blocks: list[npt.NDArray[Any]] = []
        for block in step.new:
            own = block.covariance
            rows: npt.NDArray[Any] = self._rng.standard_normal(
                (block.rows, self._problem.dim), dtype=self._dtype
            )
            if is_matrix(own):
                rows = rows @ root(own).astype(self._dtype)
            else:
                variances = self._problem.spectrum if own is None else np.array(own)
                rows *= np.sqrt(variances).astype(self._dtype)
            if self._problem.tails is not None:
                lengths = self._rng.choice(np.sqrt(self._problem.tails), block.rows)
                rows *= lengths.astype(self._dtype)[:, None]
            blocks.append(rows)
        X = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        if step.intercept:
            X = np.append(X, np.ones((len(X), 1), dtype=self._dtype), axis=1)
        return X if self._classes is None else self._classes.moved(step.model, X)

    def labels(
        self, block: Block, X: Array, models: Mapping[int, loop.Model], kept: Array | float = 0.0
    ) -> Array:
        """What the labelers say, and normal noise, as a label; NaN where a row is not kept."""
        if self._classes is None:
            values = loop.said(block.shares, models, X)
        else:
            values = self._classes.values(block, X, models)
        values = values + block.noise * self._rng.standard_normal(values.shape, dtype=X.dtype)
        values = values if block.kept == 0 else values + kept
        if self._classes is None:
            labels = block.labels.draw(values, self._rng)
        else:
            labels = self._classes.labels(block, values)
        if block.keep is None:
            return labels
        judged = loop.said(block.judge, models, X)
        if labels.ndim == 2:
            accepted = block.keep.several(labels, judged)
            assert accepted is not None
            return np.where(accepted[:, None], labels, np.nan)
        return np.where(block.keep.accepts(labels, judged), labels, np.nan)

    def chosen(self, count: int, drawn: int) -> npt.NDArray[np.int64]:
        """Some of the rows, without replacement."""
        return self._rng.choice(count, drawn, replace=False)


class Learner:
    """Linear models as a learner (`genloss.trials.loop`): the loss of the step, on its random features.

    Attributes
    ----------
    accepted : float
        Share of the last fit's rows that were kept.
    """

    def __init__(self, rng: np.random.Generator, dtype: Precision = np.float64) -> None:
        self._rng, self._dtype = rng, dtype
        self._map: Array = np.empty((0, 0))
        self.accepted = 1.0

    def __call__(self, step: Step, rows: loop.Rows, towards: Array | None) -> Array:
        """Coefficients of the model."""
        if step.intercept:
            return centred.fit(self._fitted, step, rows, towards)
        if towards is None:
            return self._fitted(step, rows, None)
        return towards + self._fitted(step, rows, rows.X @ towards.astype(rows.X.dtype))

    def _fitted(self, step: Step, rows: loop.Rows, said: Array | None) -> Array:
        """Coefficients beside those of another model, which says something of the rows already."""
        if step.features is None:
            return self._fit(step, *rows, said)
        X, y, weights = rows
        if step.map == step.model:
            shape = X.shape[1], step.features
            entries = self._rng.standard_normal(shape, dtype=self._dtype)
            self._map = np.asarray(entries / self._dtype(np.sqrt(step.features)))
        return self._map @ self._fit(step, X @ self._map, y, weights, said)

    def _fit(
        self, step: Step, X: Array, y: Array, weights: Array | None, said: Array | None
    ) -> Array:
        candidates, kept = len(y), ~np.isnan(y if y.ndim == 1 else y[:, 0])
        if not kept.all():
            X, y = X[kept], y[kept]
            weights = None if weights is None else weights[kept]
            said = None if said is None else said[kept]
        self.accepted = len(y) / candidates
        if not len(y):
            return np.zeros((X.shape[1], *y.shape[1:]))
        if isinstance(step.loss, Squared):
            y = y if said is None else y - said
            if step.filter is not None:
                return _filtered(step.filter, X, y, weights, step.penalty, self.accepted)
            if step.retuned:
                return fit(X, y, weights, penalty=chosen_penalty(X, y, weights))
            return fit(X, y, weights, penalty=step.penalty / self.accepted)  # per candidate row
        X, y = X.astype(np.float64), y.astype(np.float64)
        weights = np.ones(len(y)) if weights is None else weights
        if step.loss.columns:
            ridge, told = 2 * candidates * step.penalty, None if said is None else said[None]
            return multinomial.minimise(X[None], y[None], weights[None], step.loss, ridge, told)[0]
        return minimise(X, y, weights, step.loss, 2 * candidates * step.penalty, said)


def _filtered(
    how: Filter, X: Array, y: Array, weights: Array | None, penalty: float, accepted: float
) -> Array:
    """What a filter makes of rows that are a share ``accepted`` of those written."""
    root = np.sqrt(accepted * (np.ones(len(y)) if weights is None else weights))
    inputs, labels = X.astype(np.float64) * root[:, None], (y.T * root).T
    with np.errstate(over="ignore", invalid="ignore"):
        w = how.fit(inputs, labels, penalty)
    if not np.isfinite(w).all():
        square = inputs @ inputs.T if len(y) < X.shape[1] else inputs.T @ inputs
        top = float(np.linalg.eigvalsh(square)[-1]) / len(y)
        how.check(top, float(np.sum(inputs**2)) / len(y), penalty)  # says why
    return w


def fit(X: Array, y: Array, weights: Array | None = None, *, penalty: float = 0.0) -> Array:
    """Ridge regression, or minimum-norm least squares without penalty.

    Labels may have columns, each of which gets coefficients. Minimises
    ``(1/n) sum_i weights_i (x_i'w - y_i)**2 + penalty |w|**2``, as scikit-learn's
    ``Ridge(alpha=n * penalty, fit_intercept=False)`` does. Of rows in single precision only the Gram
    matrix is computed in it, or nothing if that matrix turns out to be ill-conditioned.
    """
    if weights is not None and (weights != 1).any():
        root = np.sqrt(weights).astype(X.dtype)
        X, y = X * root[:, None], (y.T * root).T
    n, d = X.shape
    gram = np.asarray(X @ X.T if n < d else X.T @ X, dtype=np.float64)
    gram.flat[:: len(gram) + 1] += n * penalty
    # rows or columns of very different scale are no ill-conditioning: scale them away
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1 / np.sqrt(np.diagonal(gram))
        factor = _linalg.cholesky(gram * np.outer(scale, scale))
    if X.dtype != np.float64 and (factor is None or _linalg.steepness(factor) < _STEEP):
        return fit(X.astype(np.float64), y.astype(np.float64), penalty=penalty)
    if factor is None:
        return _least_squares(X, y, n * penalty)
    if n < d:
        return X.T @ (scale * _linalg.solve(factor, (scale * y.T).T).T).T
    return (scale * _linalg.solve(factor, (scale * (X.T @ y).T).T).T).T


def _least_squares(X: Array, y: Array, absolute: float) -> Array:
    """Minimum-norm solution by orthogonal factorisation, for rows or columns that coincide."""
    if absolute > 0:
        X = np.concatenate([X, np.sqrt(absolute) * np.eye(X.shape[1])])
        y = np.concatenate([y, np.zeros((X.shape[1], *y.shape[1:]))])
    return np.asarray(scipy.linalg.lstsq(X, y, cond=1e-12)[0])


ENGINE = Engine(
    name="literal",
    cost=float("inf"),
    block=1,
    look=16,
    refuses=lambda _problem, _steps: None,
    run=run,
    single=True,
    exact=False,
    sized=together.runs,
)
