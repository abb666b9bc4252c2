"""Extension: everything measured on chains of networks, and how much of it.

The paper treats linear models and kernels; its chain with networks is not in it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from genloss._threads import cores, trial_pool
from genloss.papers.demystified.figures.network_chain import (
    Array,
    Draw,
    Learner,
    Predictor,
    Task,
    chain,
    equivalent_penalty,
    kernel_ridge,
    network,
    ridge,
    scaled,
    successor,
)

RIDGE, KERNEL, SHALLOW, DEEP = "ridge", "kernel ridge", "one hidden layer", "three hidden layers"
NARROW, WIDE = "narrow", "wide"
LAYERS = {SHALLOW: 2, DEEP: 4}
LIGHT = {RIDGE: 0.03, KERNEL: 1e-3, SHALLOW: 0.03, DEEP: 0.03}
STRONG = {KERNEL: 1e-2, SHALLOW: 0.3, DEEP: 0.1}
SOME_NOISE = 0.5
HALF = 0.5
HALVED = {name: f"{name}, labels halved" for name in LAYERS}
WIDTHS_AT = LIGHT[SHALLOW], 1.0
"""Penalty and label noise of the narrow and the wide network."""


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


@dataclass(frozen=True)
class Design:
    """Sizes of the experiment.

    Parameters
    ----------
    n_samples, many : int
        Rows of a model, and of one that has many.
    before : int
        Earlier models in the parts that look at one late model.
    models : int
        Models of the chains with a strong penalty.
    runs, iterations : int
        Independent runs; L-BFGS iterations at most.
    width, depth : int
        Units of the single hidden layer, and of each of three.
    widths : tuple of int
        Units of the narrow and the wide single layer.
    noises : tuple of float
        Standard deviations of the label noise, that of real labels being 1. With 0 and 1.
    penalties : tuple of float
        Those tried downstream, `LIGHT` of networks among them.
    """

    n_samples: int = 300
    many: int = 1200
    before: int = 5
    models: int = 9
    runs: int = 6
    iterations: int = 150
    width: int = 100
    depth: int = 64
    widths: tuple[int, int] = (20, 200)
    noises: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0)
    penalties: tuple[float, ...] = (0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.8)

    def learners(self) -> dict[str, Learner]:
        """Every learner by name."""
        hidden = {
            SHALLOW: (self.width,),
            DEEP: (self.depth,) * 3,
            NARROW: (self.widths[0],),
            WIDE: (self.widths[1],),
        }
        networks = {
            name: network(*units, iterations=self.iterations) for name, units in hidden.items()
        }
        halved = {HALVED[name]: scaled(networks[name], HALF) for name in HALVED}
        return {RIDGE: ridge, KERNEL: kernel_ridge, **networks, **halved}


QUICK = Design(
    n_samples=120,
    many=480,
    before=3,
    models=5,
    runs=3,
    iterations=40,
    width=25,
    depth=16,
    widths=(10, 60),
    noises=(0.0, 0.5, 1.0),
    penalties=(0.03, 0.1, 0.3, 0.8),
)
# scikit-learn's images are few: nine models on fresh rows need this many each
FEW_IMAGES = Design(n_samples=150, many=600)


@dataclass(frozen=True, eq=False)
class Run:
    """One independent run: every part of it is measured on the same draw."""

    task: Task
    design: Design
    draw: Draw
    learners: Mapping[str, Learner]

    def chain(self, name: str, models: int, penalty: float, noise: float) -> list[Predictor]:
        """The first models of a chain with one penalty."""
        return chain(
            self.learners[name],
            self.task,
            self.draw,
            models=models,
            n_samples=self.design.n_samples,
            penalty=penalty,
            noise=noise,
        )

    def mirrored(
        self, part: str, name: str, penalty: float, noise: float, made: Sequence[Predictor]
    ) -> Iterator[Scored]:
        """Scores of every model of a chain, averaged over its noise and the negative of it.

        Whatever is odd in the noise cancels; linear learners are left with a constant and a
        multiple of the squared noise, run by run.
        """
        signs: list[Sequence[Predictor]] = [made]
        if noise:
            signs.append(self.chain(name, len(made), penalty, -noise))
        for number, models in enumerate(zip(*signs, strict=True)):
            scores = np.mean([self._scores(model) for model in models], axis=0)
            key = Key(part, name, penalty, noise, number, self.design.n_samples)
            yield key, (float(scores[0]), float(scores[1]))

    def later(self, name: str, made: list[Predictor], penalty: float, n_samples: int) -> Scored:
        """Scores of a model after those given, with a penalty and a number of rows of its own."""
        part = "penalty" if n_samples == self.design.n_samples else "rows"
        model = successor(
            self.learners[name],
            self.task,
            self.draw,
            made,
            n_generator=self.design.n_samples,
            n_samples=n_samples,
            penalty=penalty,
            noise=1.0,
        )
        return Key(part, name, penalty, 1.0, len(made), n_samples), self._scores(model)

    def _scores(self, model: Predictor) -> tuple[float, float]:
        return self.task.error(model), self.task.spread(model)

    def measured(self) -> Iterator[Scored]:
        """Everything this reproduction measures."""
        design = self.design
        for name, penalty in LIGHT.items():
            for noise in design.noises:
                made = self.chain(name, design.before + 1, penalty, noise)
                yield from self.mirrored("noise", name, penalty, noise, made)
                if noise == 1:
                    for number in (0, design.before):
                        yield self.later(name, made[:number], penalty, design.many)
                        for tried in design.penalties:
                            yield self.later(name, made[:number], tried, design.n_samples)
        for name, penalty in STRONG.items():
            for noise in (0.0, SOME_NOISE):
                made = self.chain(name, design.models, penalty, noise)
                yield from self.mirrored("strong", name, penalty, noise, made)
        for name in (NARROW, WIDE):
            for number, model in enumerate(self.chain(name, design.before + 1, *WIDTHS_AT)):
                yield Key("width", name, *WIDTHS_AT, number, design.n_samples), self._scores(model)
        for name, halved in HALVED.items():
            same = equivalent_penalty(LIGHT[name], factor=HALF, layers=LAYERS[name])
            for part, learner, penalty in (
                ("labels halved", halved, LIGHT[name]),
                ("equivalent penalty", name, same),
            ):
                [model] = self.chain(learner, 1, penalty, 1.0)
                yield Key(part, name, penalty, 1.0, 0, design.n_samples), self._scores(model)


def measure(task: Task, design: Design, *, seed: int, workers: int | None) -> Results:
    """All measurements of all runs; the same whatever the number of workers."""
    from sklearn.exceptions import ConvergenceWarning

    draws = [
        Draw.of([seed, run], n_rows=len(task.labels), models=design.models)
        for run in range(design.runs)
    ]
    learners = design.learners()
    # filters of warnings belong to the process: changed once, outside the threads
    with warnings.catch_warnings(), trial_pool(workers or cores()) as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)
        runs = list(
            pool.map(lambda draw: dict(Run(task, design, draw, learners).measured()), draws)
        )
    return {
        key: Scores(*np.array([run[key] for run in runs], dtype=np.float64).T) for key in runs[0]
    }
