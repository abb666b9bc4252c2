"""The one engine: a plan run literally on a pool of real rows, for many penalties at once.

All columns share rows, test rows and noise, so that what is compared is compared on the same draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.estimate.kernels import Kernel
from genloss.generation import REAL
from genloss.outlook import inputs
from genloss.outlook.ridge import Design, Models, factored, few_penalties, fit
from genloss.plan import Plan
from genloss.steps import Block, Step, resolve
from genloss.trials import loop

Array = npt.NDArray[np.float64]


def run(
    plan: Plan,
    pool: tuple[Array, Array],
    test: Array,
    penalty: Array,
    kernel: Kernel | None,
    source: str,
    seed: np.random.SeedSequence,
    unlabelled: Array | None = None,
    weights: Array | None = None,
) -> Array:
    """Predictions of every model for the test rows.

    Parameters
    ----------
    plan : Plan
        Its rows, labels and noise; its penalties are not looked at.
    pool : ndarrays of shape (k, p) and (k,)
        Real rows with their labels.
    test : ndarray of shape (m, p)
        Rows to predict.
    penalty : ndarray of shape (n_models, C)
        Of every model in every column; NaN stands for the best by leave-one-out on the model's own
        labels.
    kernel : Kernel or None
        None for linear models.
    source : {"recycle", "boot", "copula", "unlabelled"}
        Where inputs without real labels come from.
    seed : numpy.random.SeedSequence
        The same seed gives every source the same real rows and noise.
    unlabelled : ndarray of shape (l, p), optional
        Rows for the last source.
    weights : ndarray of shape (k,), optional
        Of the pool's rows. They go where their rows go, as a further column would: into every fit,
        and into inputs that are drawn again or made anew.

    Returns
    -------
    ndarray of shape (n_models, m, C)
    """
    rows, noise, made, drawn = (np.random.default_rng(s) for s in streams(seed, 4))
    if weights is not None:
        pool = (np.column_stack([pool[0], weights]), pool[1])
    real = inputs.Pool(*pool, rows)
    draw = drawing(source, real, made, unlabelled)
    world = RealRows(real, draw, penalty.shape[1], noise, drawn)
    predicted = np.empty((plan.n_models, len(test), penalty.shape[1]))
    learner = _Ridge(penalty, kernel, weighted=weights is not None)
    for t, model in enumerate(loop.models(resolve(plan), world, learner)):
        predicted[t] = model(test)
    return predicted


def streams(seed: np.random.SeedSequence, count: int) -> list[np.random.SeedSequence]:
    """Children of a seed, the same ones whenever they are asked for."""
    key = seed.spawn_key
    return [np.random.SeedSequence(seed.entropy, spawn_key=(*key, i)) for i in range(count)]


def drawing(
    source: str, real: inputs.Pool, rng: np.random.Generator, unlabelled: Array | None
) -> inputs.Draw:
    """Inputs without real labels, of a kind."""
    if source == "unlabelled":
        assert unlabelled is not None
        return inputs.unlabelled(unlabelled, rng)
    if source == "recycle":
        return lambda count: real.X[real.take(count)]
    return {"boot": inputs.boot, "copula": inputs.copula}[source](real.X, rng)


class RealRows:
    """A user's rows as a world (`genloss.trials.loop`), labels in as many columns as penalties."""

    def __init__(
        self,
        real: inputs.Pool,
        draw: inputs.Draw,
        columns: int,
        noise: np.random.Generator,
        drawn: np.random.Generator,
    ) -> None:
        self._pool, self._draw, self._columns = real, draw, columns
        self._noise, self._drawn = noise, drawn
        self._real: dict[int, Array] = {}

    def inputs(self, step: Step) -> Array:
        """New inputs: real rows where a real label takes part, now or when they are labelled anew."""
        again = step.last_inputs > step.model
        if again or all(REAL in block.shares for block in step.new):
            rows = self._pool.take(sum(block.rows for block in step.new))
            self._real[step.model] = self._pool.y[rows]
            return self._pool.X[rows]
        parts, labels = [], []
        for block in step.new:
            if REAL in block.shares:
                rows = self._pool.take(block.rows)
                parts.append(self._pool.X[rows])
                labels.append(self._pool.y[rows])
            else:
                parts.append(self._draw(block.rows))
                labels.append(np.full(block.rows, np.nan))
        self._real[step.model] = np.concatenate(labels)
        return np.vstack(parts)

    def labels(
        self, block: Block, X: Array, models: Mapping[int, Models], kept: Array | float
    ) -> Array:
        """Labels (n, columns); real ones come as they are, models' with noise."""
        made = np.zeros((len(X), self._columns))
        for number, share in block.shares.items():
            if number == REAL:
                made += share * self._real[block.design][block.start : block.stop, None]
            else:
                made += share * models[number](X)
        noise = self._noise.standard_normal(len(X))
        if block.model_noise:
            made += block.model_noise * noise[:, None]
        return made + kept if block.kept else made

    def chosen(self, count: int, drawn: int) -> Any:
        """Some of the rows, without replacement."""
        return slice(None) if drawn >= count else self._drawn.permutation(count)[:drawn]


class _Ridge:
    """Ridge or kernel ridge as a learner, every column of labels with a penalty of its own.

    Where rows have weights these are the last column of inputs, of which models know nothing.
    """

    def __init__(self, penalty: Array, kernel: Kernel | None, *, weighted: bool) -> None:
        self._penalty, self._kernel, self._weighted = penalty, kernel, weighted
        self._newest: tuple[Array, Design] | None = None  # only the newest are ever labelled anew

    def __call__(self, step: Step, rows: loop.Rows, towards: Models | None) -> Models:
        """One model a column."""
        if towards is not None:  # the fit to what it leaves, and added
            rest = self(step, rows._replace(y=rows.y - towards(rows.X)), None)
            return lambda X: towards(X) + rest(X)
        labels, penalty = rows.y, self._penalty[step.model]
        if not self._weighted:
            return self._fit(rows.X, rows.X, None, labels, penalty)
        model = self._fit(rows.X, rows.X[:, :-1], rows.X[:, -1], labels, penalty)
        width = rows.X.shape[1] - 1
        return lambda X: model(X[:, :width])

    def _fit(
        self, design_of: Array, X: Array, weights: Array | None, labels: Array, penalty: Array
    ) -> Models:
        if few_penalties(X, self._kernel, penalty):
            models = factored(X, self._kernel, labels, penalty, weights, single=True)
            if models is not None:
                return models

        def design() -> Design:
            if self._newest is None or self._newest[0] is not design_of:
                self._newest = design_of, Design.of(X, self._kernel, weights)
            return self._newest[1]

        return fit(design, labels, penalty)
