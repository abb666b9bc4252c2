"""Extension: the paper's chain for any learner on rows of images, and everything measured on it.

The paper treats linear models and kernels; its chain with networks is not in it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss._threads import cores, trial_pool
from genloss.errors import InvalidInputError
from genloss.generation import REAL
from genloss.papers.images import Images
from genloss.plan import Plan
from genloss.steps import Step, resolve
from genloss.trials import loop

Array = npt.NDArray[np.float64]
Predictor = Callable[[Array], Array]
Learner = Callable[[Array, Array, float, int], Predictor]
"""Fits inputs (n_rows, dim) and labels (n_rows,) with a penalty per row and a seed."""
Labeler = Callable[[npt.NDArray[np.intp]], Array]
"""What a model says of rows by their places in the draw."""

RIDGE, KERNEL, SHALLOW, DEEP = "ridge", "kernel ridge", "one hidden layer", "three hidden layers"
NARROW, WIDE = "narrow", "wide"
LAYERS = {SHALLOW: 2, DEEP: 4}
LIGHT = {RIDGE: 0.03, KERNEL: 1e-3, SHALLOW: 0.03, DEEP: 0.03}
STRONG = {KERNEL: 1e-2, SHALLOW: 0.3, DEEP: 0.1}
SOME_NOISE, HALF = 0.5, 0.5


def ridge(inputs: Array, labels: Array, penalty: float, _seed: int) -> Predictor:
    """Ridge regression with a free intercept."""
    from sklearn.linear_model import Ridge

    return Ridge(alpha=len(labels) * penalty).fit(inputs, labels).predict


def kernel_ridge(inputs: Array, labels: Array, penalty: float, _seed: int) -> Predictor:
    """Kernel ridge regression with a Gaussian kernel as wide as two typical images are apart."""
    from sklearn.kernel_ridge import KernelRidge

    model = KernelRidge(alpha=len(labels) * penalty, kernel="rbf", gamma=0.5 / inputs.shape[1])
    return model.fit(inputs, labels).predict


def network(*hidden: int, iterations: int, factor: float = 1.0) -> Learner:
    """A network of rectified linear units, initialised afresh and fitted by L-BFGS.

    It minimises the mean squared error plus ``penalty`` times the sum of squares of all weights,
    the same as scikit-learn's ``MLPRegressor(alpha=n_rows * penalty)``, and stops at that
    library's tolerance or after so many iterations. Labels are multiplied by ``factor`` before the
    fit and predictions divided by it.
    """
    from sklearn.neural_network import MLPRegressor

    def fit(inputs: Array, labels: Array, penalty: float, seed: int) -> Predictor:
        model = MLPRegressor(
            hidden_layer_sizes=hidden,
            alpha=len(labels) * penalty,
            solver="lbfgs",
            max_iter=iterations,
            random_state=seed,
        ).fit(inputs, factor * labels)
        return model.predict if factor == 1 else lambda rows: model.predict(rows) / factor

    return fit


def equivalent_penalty(penalty: float, *, factor: float, layers: int) -> float:
    """The penalty that does to labels what ``penalty`` does to them multiplied by ``factor``.

    Notes
    -----
    Rectified linear units are homogeneous: with all weights of the ``layers`` layers times
    ``factor ** (1 / layers)`` (and the offsets of layer k times ``factor ** (k / layers)``) the
    output is ``factor`` times as large. The squared error has then grown by ``factor ** 2`` and
    the penalty by ``factor ** (2 / layers)``. A linear model has one layer and does not care; a
    network shrinks small labels harder.

    Examples
    --------
    >>> from genloss.papers.demystified.figures.network_chain import equivalent_penalty
    >>> equivalent_penalty(0.1, factor=0.5, layers=1), equivalent_penalty(0.1, factor=0.5, layers=2)
    (0.1, 0.2)
    """
    return float(penalty * factor ** (2 / layers - 2))


@dataclass(frozen=True, eq=False)
class Task:
    """Digits as numbers: rows to be labelled, and other rows that are only ever scored."""

    name: str
    inputs: Array
    labels: Array
    scored_inputs: Array
    scored_labels: Array

    def error(self, predictor: Predictor) -> float:
        """Squared error against real labels; a constant scores 1."""
        missed = predictor(self.scored_inputs) - self.scored_labels
        return float(np.mean(missed**2) / np.mean(self.scored_labels**2))

    def spread(self, predictor: Predictor) -> float:
        """Variance of the predictions, in units of that of the real labels."""
        return float(np.var(predictor(self.scored_inputs)) / np.mean(self.scored_labels**2))


def task(images: Images, *, scored: int = 2000) -> Task:
    """Regression of the digit on the image, both centred and scaled by the training images.

    Images of 28 x 28 pixels are averaged over blocks of 4 x 4, which is how those of 8 x 8 in
    scikit-learn were made.
    """
    train, test = _coarse(images.train), _coarse(images.test[:scored])
    centre = train.mean(axis=0)
    scale = np.sqrt(np.mean((train - centre) ** 2))
    mean, deviation = images.train_digits.mean(), images.train_digits.std()
    return Task(
        images.name,
        (train - centre) / scale,
        (images.train_digits - mean) / deviation,
        (test - centre) / scale,
        (images.test_digits[:scored] - mean) / deviation,
    )


def _coarse(pixels: npt.NDArray[np.uint8]) -> Array:
    if pixels.shape[1] != 28 * 28:
        return pixels.astype(np.float64)
    return pixels.reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(len(pixels), -1)


@dataclass(frozen=True, eq=False)
class Draw:
    """All that is random in one run: the order of the rows, the label noise, the seeds of fits.

    Every learner and every setting of a run shares it, so that differences are paired.
    """

    order: npt.NDArray[np.intp]
    normals: Array
    seeds: npt.NDArray[np.int64]

    @classmethod
    def of(cls, seed: Sequence[int], *, n_rows: int, models: int) -> Draw:
        """The draw that belongs to a seed."""
        random = np.random.default_rng(seed)
        return cls(
            random.permutation(n_rows),
            random.standard_normal(n_rows),
            random.integers(2**31, size=models),
        )


def chain(
    learner: Learner,
    task: Task,
    draw: Draw,
    plan: Plan,
    *,
    after: Sequence[Predictor] = (),
    used: int = 0,
) -> list[Predictor]:
    """The models of a plan, every one on the next rows of the draw, which none has seen before.

    What the plan calls real labels is what the last model of ``after`` says, where there is one: these
    have seen the first ``used`` rows. Noise is in units of the standard deviation of real labels.

    Raises
    ------
    InvalidInputError
        If there are not enough rows.
    """
    steps = resolve(plan)
    ends = used + np.cumsum([step.rows for step in steps])
    if ends[-1] > len(draw.order):
        raise InvalidInputError(f"the chain needs {ends[-1]} rows; there are {len(draw.order)}")
    places = np.split(np.arange(used, ends[-1]), ends[:-1] - used)
    made: list[Predictor] = []

    def asked(model: Predictor) -> Labeler:
        return lambda here: model(task.inputs[draw.order[here]])

    def learn(step: Step, rows: loop.Rows, _towards: Labeler | None) -> Labeler:
        seed = int(draw.seeds[len(after) + step.model])
        made.append(learner(task.inputs[draw.order[rows.X]], rows.y, step.penalty, seed))
        return asked(made[-1])

    world = loop.Plain(
        np.random.default_rng(draw.seeds),
        lambda step: places[step.model],
        lambda here: draw.normals[here],
    )
    real = asked(after[-1]) if after else lambda here: task.labels[draw.order[here]]
    list(loop.models(steps, world, learn, {REAL: real}))
    return made


@dataclass(frozen=True)
class Sizes:
    """Sizes of the experiment."""

    n_samples: int = 300
    many: int = 1200  # rows of a model that has many
    before: int = 5  # earlier models where one late model is looked at
    models: int = 9  # of the chains with a strong penalty
    runs: int = 6
    iterations: int = 150  # of L-BFGS, at most
    width: int = 100  # units of the single hidden layer
    depth: int = 64  # units of each of three
    widths: tuple[int, int] = (20, 200)  # of the narrow and the wide single layer
    noises: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0)  # that of real labels is 1
    penalties: tuple[float, ...] = (0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.8)  # tried downstream

    def learners(self, factor: float = 1.0) -> dict[str, Learner]:
        """Every learner by name, the networks on labels times a factor."""
        (narrow, wide), deep = self.widths, (self.depth,) * 3
        hidden = {SHALLOW: (self.width,), DEEP: deep, NARROW: (narrow,), WIDE: (wide,)}
        networks = {
            name: network(*units, iterations=self.iterations, factor=factor)
            for name, units in hidden.items()
        }
        return {RIDGE: ridge, KERNEL: kernel_ridge, **networks}


class Key(NamedTuple):
    """What was measured: one model of one chain."""

    part: str
    learner: str
    penalty: float
    noise: float
    model: int
    n_samples: int


class Scores(NamedTuple):
    """Error and spread of the predictions, one entry per run."""

    error: Array
    spread: Array


Results = Mapping[Key, Scores]
Scored = tuple[Key, tuple[float, float]]


def measure(task: Task, sizes: Sizes, *, seed: int, workers: int | None) -> Results:
    """All measurements of all runs; the same whatever the number of workers."""
    from sklearn.exceptions import ConvergenceWarning

    n_rows = len(task.labels)
    draws = [Draw.of([seed, run], n_rows=n_rows, models=sizes.models) for run in range(sizes.runs)]
    # filters of warnings belong to the process: changed once, outside the threads
    with warnings.catch_warnings(), trial_pool(workers or cores()) as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)
        runs = list(pool.map(lambda draw: dict(_measured(task, sizes, draw)), draws))
    return {
        key: Scores(*np.array([run[key] for run in runs], dtype=np.float64).T) for key in runs[0]
    }


def _measured(task: Task, sizes: Sizes, draw: Draw) -> Iterator[Scored]:
    """Every part of one run, all on the same draw."""
    learners, halved = sizes.learners(), sizes.learners(factor=HALF)
    rows, late = sizes.n_samples, sizes.before
    opposite = replace(draw, normals=-draw.normals)

    def scores(model: Predictor) -> tuple[float, float]:
        return task.error(model), task.spread(model)

    @cache
    def made(learner: Learner, plan: Plan, noise: Draw) -> list[Predictor]:
        return chain(learner, task, noise, plan)

    def replaced(models: int, penalty: float, noise: float) -> Plan:
        return Plan.replace(models, rows, penalty=penalty, noise=noise)

    def mirrored(
        part: str, name: str, penalty: float, noise: float, models: int
    ) -> Iterator[Scored]:
        """Scores averaged over the noise and the negative of it, which cancels what is odd in it."""
        plan = replaced(models, penalty, noise)
        chains = [
            made(learners[name], plan, each) for each in ((draw, opposite) if noise else (draw,))
        ]
        for number, alike in enumerate(zip(*chains, strict=True)):
            error, spread = np.mean([scores(model) for model in alike], axis=0)
            yield Key(part, name, penalty, noise, number, rows), (float(error), float(spread))

    for name, penalty in LIGHT.items():
        for noise in sizes.noises:
            yield from mirrored("noise", name, penalty, noise, late + 1)
        before = made(learners[name], replaced(late + 1, penalty, 1.0), draw)
        for number in (0, late):
            for part, count, tried in (
                ("rows", sizes.many, penalty),
                *(("penalty", rows, tried) for tried in sizes.penalties),
            ):
                plan = Plan.replace(1, count, penalty=tried, noise=1.0)
                [model] = chain(
                    learners[name], task, draw, plan, after=before[:number], used=number * rows
                )
                yield Key(part, name, tried, 1.0, number, count), scores(model)
    for name, penalty in STRONG.items():
        for noise in (0.0, SOME_NOISE):
            yield from mirrored("strong", name, penalty, noise, sizes.models)
    for name in (NARROW, WIDE):
        plan = replaced(late + 1, LIGHT[SHALLOW], 1.0)
        for number, model in enumerate(made(learners[name], plan, draw)):
            yield Key("width", name, LIGHT[SHALLOW], 1.0, number, rows), scores(model)
    for name, layers in LAYERS.items():
        same = equivalent_penalty(LIGHT[name], factor=HALF, layers=layers)
        for part, learner, penalty in (
            ("labels halved", halved[name], LIGHT[name]),
            ("equivalent penalty", learners[name], same),
        ):
            [model] = made(learner, replaced(1, penalty, 1.0), draw)
            yield Key(part, name, penalty, 1.0, 0, rows), scores(model)
