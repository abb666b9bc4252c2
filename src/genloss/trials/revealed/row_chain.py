"""A plan whose fits look at single rows, on designs that are revealed from both sides.

Rows keep their places, so that labels are numbers one can change, and any subset of rows is a mask.
Models are in whitened coordinates, ``sqrt(spectrum) * w``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.problem import Problem
from genloss.steps import Block, Step
from genloss.trials.revealed import ridge
from genloss.trials.revealed.chain import Unfinished
from genloss.trials.revealed.entries import Entries
from genloss.trials.revealed.features import Features
from genloss.trials.revealed.rows import Design, Labelled, Piece

Array = npt.NDArray[np.float64]


class RowChain:
    """Runs of a plan, one fit after the other.

    Parameters
    ----------
    problem : Problem
        What there is to learn.
    steps : sequence of Step
        The fits.
    rng : numpy.random.Generator
        Of all runs.
    runs : int
        Number of runs.
    most : int
        Most steps of an iteration within a fit.

    Attributes
    ----------
    steps_taken : list of int
        Steps that every fit took.

    Raises
    ------
    Unfinished
        If a fit needs more steps.
    """

    def __init__(
        self,
        problem: Problem,
        steps: Sequence[Step],
        rng: np.random.Generator,
        runs: int,
        most: int,
    ) -> None:
        self._problem, self._steps, self._rng, self._runs = problem, steps, rng, runs
        self._most, self.steps_taken = most, list[int]()
        self._root = np.sqrt(problem.spectrum)
        truth = self._root * problem.truth
        self._models = {REAL: np.broadcast_to(truth, (runs, truth.size))}
        self._designs: dict[int, Design] = {}
        self._labelled: dict[tuple[int, int], Labelled] = {}
        self._features: dict[int, Features] = {}

    def __iter__(self) -> Iterator[Array]:
        """The whitened models of every run, shape (runs, dim), in order."""
        for step in self._steps:
            self._begin(step)
            self._label(step)
            self._models[step.model] = self._fit(step)
            yield self._models[step.model]
            self._forget(step.model)

    def _begin(self, step: Step) -> None:
        """Draw what is new: which costs nothing yet."""
        new = [block for block in step.blocks if block.design == step.model]
        if new:
            pieces = []
            for covariance, blocks in groupby(new, key=lambda block: block.covariance):
                rows = sum(block.rows for block in blocks)
                spread = None if covariance is None else np.sqrt(covariance) / self._root
                entries = Entries(rows, self._problem.dim, self._runs, self._rng)
                pieces.append(Piece(entries, rows, spread))
            self._designs[step.model] = Design(pieces)
        if step.features is not None and step.map == step.model:
            self._features = {step.map: Features(self._root, step.features, self._runs, self._rng)}

    def _label(self, step: Step) -> None:
        for number in sorted({block.design for block in step.blocks}):
            design = self._designs[number]
            labels, weights = np.zeros((self._runs, design.rows)), np.zeros((1, design.rows))
            for block in (each for each in step.blocks if each.design == number):
                rows = slice(block.start, block.stop)
                labels[:, rows] = self._said(design, block, rows)
                weights[:, rows] = block.weight
            self._labelled[step.model, number] = Labelled(design, labels, weights)

    def _said(self, design: Design, block: Block, rows: slice) -> Array:
        """The labels of a block's rows, shape (runs, rows)."""
        labels = np.zeros((self._runs, block.rows))
        if block.shares:
            theta = sum(share * self._models[who] for who, share in block.shares.items())
            labels += design.values(np.asarray(theta))[:, rows]
        if block.noise:
            labels += block.noise * self._rng.standard_normal(labels.shape)
        if block.kept:
            labels += block.kept * self._labelled[block.since, block.design].labels[:, rows]
        return labels

    def _fit(self, step: Step) -> Array:
        parts = [self._labelled[key] for key in self._labelled if key[0] in step.fitted]
        if step.drawn is not None:
            parts = self._chosen(parts, step.drawn)
        designs = list(dict.fromkeys(part.design for part in parts))
        weights = [sum(part.weights for part in parts if part.design is each) for each in designs]
        taking = list(zip(designs, map(np.asarray, weights), strict=True))

        def gram(w: Array) -> Array:
            return np.asarray(sum(each.sums(weight * each.values(w)) for each, weight in taking))

        right = np.asarray(sum(each.design.sums(each.weights * each.labels) for each in parts))
        rows = step.rows if step.drawn is None else step.drawn
        absolute, spectrum = rows * step.penalty, self._problem.spectrum
        if step.features is not None:
            found = self._features[step.map].fit(gram, right, absolute, self._most)
        else:
            singular = absolute == 0 and min(step.inputs, rows) < self._problem.dim
            size = sum(float(weight.sum(axis=1).mean()) for _, weight in taking)
            inverse = ridge.inverse(spectrum, size, absolute, singular=singular)
            found = ridge.fit(gram, right, spectrum, absolute, inverse, self._most)
        self.steps_taken.append(found.steps)
        if not found.done.all():
            raise Unfinished
        return found.solution

    def _chosen(self, parts: list[Labelled], drawn: int) -> list[Labelled]:
        """As many of all labelled rows, drawn without replacement, anew for every run."""
        there = np.concatenate([part.weights[0] > 0 for part in parts])
        order = self._rng.random((self._runs, int(there.sum())))
        taken = np.zeros((self._runs, there.size), dtype=bool)
        last = np.partition(order, drawn - 1, axis=1)[:, drawn - 1 : drawn]
        taken[:, there] = order <= last
        masks = np.split(taken, np.cumsum([part.design.rows for part in parts])[:-1], axis=1)
        return [
            part._replace(weights=part.weights * mask)
            for part, mask in zip(parts, masks, strict=True)
        ]

    def _forget(self, model: int) -> None:
        for number in [k for k in self._models if k >= 0 and self._steps[k].last_use <= model]:
            del self._models[number]
        for number in [k for k in self._designs if self._steps[k].last_fit <= model]:
            del self._designs[number]
        for key in [key for key in self._labelled if self._steps[key[0]].last_fit <= model]:
            del self._labelled[key]
