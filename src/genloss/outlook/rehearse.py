"""The one engine: a plan run literally on a pool of real rows, for many penalties at once.

All columns share rows, test rows and noise, so that what is compared is compared on the same draws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from genloss.estimate.kernels import Kernel
from genloss.generation import REAL, Generation
from genloss.outlook import inputs
from genloss.outlook.ridge import Design, Models, factored, few_penalties, fit
from genloss.plan import Plan

Array = npt.NDArray[np.float64]


@dataclass(eq=False)
class _Block:
    """Inputs of one generation, their real labels where they have any, and the labels they got."""

    X: Array
    real: Array | None
    labels: Array = field(default_factory=lambda: np.empty((0, 0)))


def run(
    plan: Plan,
    pool: tuple[Array, Array],
    test: Array,
    penalty: Array,
    kernel: Kernel | None,
    source: str,
    seed: np.random.SeedSequence,
    unlabelled: Array | None = None,
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

    Returns
    -------
    ndarray of shape (n_models, m, C)
    """
    rows, noise, made, drawn = (np.random.default_rng(s) for s in _streams(seed, 4))
    real = inputs.Pool(*pool, rows)
    draw = _draw(source, real, made, unlabelled)
    models: list[Models] = []
    blocks: list[_Block] = []
    designs: dict[int, Design] = {}
    predicted = np.empty((plan.n_models, len(test), penalty.shape[1]))
    for t, generation in enumerate(plan):
        if generation.design == "fresh" or not blocks:
            block = _fresh(plan, t, real, draw)
        else:
            block = _Block(blocks[-1].X, blocks[-1].real)
        block.labels = _label(generation, t, block, models, noise, penalty.shape[1])
        blocks.append(block)
        X, labels = _fitted(generation, blocks, drawn)
        models.append(_fit(X, labels, penalty[t], kernel, designs))
        predicted[t] = models[t](test)
    return predicted


def _streams(seed: np.random.SeedSequence, count: int) -> list[np.random.SeedSequence]:
    """Children of a seed, the same ones whenever they are asked for."""
    key = seed.spawn_key
    return [np.random.SeedSequence(seed.entropy, spawn_key=(*key, i)) for i in range(count)]


def _draw(
    source: str, real: inputs.Pool, rng: np.random.Generator, unlabelled: Array | None
) -> inputs.Draw:
    if source == "unlabelled":
        assert unlabelled is not None
        return inputs.unlabelled(unlabelled, rng)
    if source == "recycle":
        return lambda count: real.X[real.take(count)]
    return {"boot": inputs.boot, "copula": inputs.copula}[source](real.X, rng)


def _fresh(plan: Plan, t: int, real: inputs.Pool, draw: inputs.Draw) -> _Block:
    """New inputs: real rows where a real label takes part, now or when they are labelled anew."""
    generation = plan.generations[t]
    reused = t + 1 < plan.n_models and plan.generations[t + 1].design == "same"
    if reused or all(_asks_truth(generation, t, i) for i in range(len(generation.sources))):
        rows = real.take(generation.n_samples)
        return _Block(real.X[rows], real.y[rows])
    parts, labels = [], []
    for i, source in enumerate(generation.sources):
        if _asks_truth(generation, t, i):
            rows = real.take(source.n_samples)
            parts.append(real.X[rows])
            labels.append(real.y[rows])
        else:
            parts.append(draw(source.n_samples))
            labels.append(np.full(source.n_samples, np.nan))
    return _Block(np.vstack(parts), np.concatenate(labels))


def _asks_truth(generation: Generation, t: int, source: int) -> bool:
    return REAL in generation.sources[source].labeler_numbers(t)


def _label(
    generation: Generation,
    t: int,
    block: _Block,
    models: list[Models],
    rng: np.random.Generator,
    columns: int,
) -> Array:
    """Labels (n, C) of one generation's rows; real ones come as they are, models' with noise."""
    made, first = np.zeros((len(block.X), columns)), 0
    for source in generation.sources:
        here = slice(first, first + source.n_samples)
        first = here.stop
        for number, share in source.labeler_numbers(t).items():
            if number == REAL:
                assert block.real is not None
                made[here] += share * block.real[here, None]
            else:
                made[here] += share * models[number](block.X[here])
        spread = source.noise * math.hypot(
            *(share for who, share in source.mixture.items() if who != "real")
        )
        noise = rng.standard_normal(source.n_samples)
        if spread:
            made[here] += spread * noise[:, None]
    return made


def _fitted(
    generation: Generation, blocks: list[_Block], rng: np.random.Generator
) -> tuple[Array, Array]:
    """Rows and labels of the fit: the newest, all so far, or some of all."""
    if not generation.pooled:
        return blocks[-1].X, blocks[-1].labels
    X = np.vstack([block.X for block in blocks])
    labels = np.vstack([block.labels for block in blocks])
    if generation.subsample is None or generation.subsample >= len(X):
        return X, labels
    chosen = rng.permutation(len(X))[: generation.subsample]
    return X[chosen], labels[chosen]


def _fit(
    X: Array,
    labels: Array,
    penalty: Array,
    kernel: Kernel | None,
    designs: dict[int, Design],
) -> Models:
    if few_penalties(X, kernel, penalty):
        models = factored(X, kernel, labels, penalty)
        if models is not None:
            return models

    def design() -> Design:
        if id(X) not in designs:
            designs.clear()  # only the newest inputs are ever labelled anew
            designs[id(X)] = Design.of(X, kernel)
        return designs[id(X)]

    return fit(design, labels, penalty)
