"""A plan whose fits look at single rows, on designs that are revealed from both sides.

Rows keep their places, so that labels are numbers one can change, and any subset of rows is a mask.
Models are in whitened coordinates, ``sqrt(spectrum) * w``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.losses.squared import Squared
from genloss.problem import Problem
from genloss.steps import Block, Step
from genloss.trials.revealed import convex, lanczos, ridge
from genloss.trials.revealed.chain import Unfinished
from genloss.trials.revealed.entries import Entries
from genloss.trials.revealed.features import Features
from genloss.trials.revealed.gradients import Solved
from genloss.trials.revealed.labelers import known
from genloss.trials.revealed.rows import Design, Labelled, Piece
from genloss.trials.revealed.spread import Spread

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


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
    accepted : ndarray of shape (runs,)
        Share of the last fit's rows that were kept.

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
        self.accepted: Array = np.ones(runs)
        self._root = np.sqrt(problem.spectrum)
        self._models = known(problem, steps, rng, runs)
        self._constants = dict[int, Array]()
        self._designs: dict[int, Design] = {}
        self._labelled: dict[tuple[int, int], Labelled] = {}
        self._features: dict[int, Features] = {}

    def __iter__(self) -> Iterator[Array]:
        """The whitened models of every run, shape (runs, dim), in order; the intercept is one entry more."""
        for step in self._steps:
            self._begin(step)
            self._label(step)
            fitted = self._models[step.model] = self._fit(step)
            if step.intercept:
                fitted = np.append(fitted, self._constants[step.model][:, None], axis=1)
            yield fitted
            self._forget(step.model)

    def _begin(self, step: Step) -> None:
        """Draw what is new: which costs nothing yet."""
        new = [block for block in step.blocks if block.design == step.model]
        if new:
            pieces = []
            for covariance, blocks in groupby(new, key=lambda block: block.covariance):
                rows = sum(block.rows for block in blocks)
                spread = None
                if covariance is not None:
                    spread = Spread(covariance, self._problem.spectrum)
                entries = Entries(rows, self._problem.dim, self._runs, self._rng)
                pieces.append(Piece(entries, rows, spread))
            self._designs[step.model] = Design(pieces)
        if step.features is not None and step.map == step.model:
            self._features = {step.map: Features(self._root, step.features, self._runs, self._rng)}

    def _label(self, step: Step) -> None:
        for number in sorted({block.design for block in step.blocks}):
            design = self._designs[number]
            labels, weights = np.zeros((2, self._runs, design.rows))
            covered = np.zeros(design.rows, dtype=bool)
            for block in (each for each in step.blocks if each.design == number):
                rows = slice(block.start, block.stop)
                before = self._labelled.get((block.since, number)) if block.kept else None
                labels[:, rows], kept = self._labels(design, block, rows, before)
                weights[:, rows] = block.weight * kept
                covered[rows] = True
            self._labelled[step.model, number] = Labelled(design, labels, weights, covered)

    def _labels(
        self, design: Design, block: Block, rows: slice, before: Labelled | None
    ) -> tuple[Array, Mask]:
        """The labels of a block's rows, shape (runs, rows), and which of them are kept."""
        old = 0.0 if before is None else block.kept * before.labels[:, rows]
        kept: Mask = np.ones((1, block.rows), dtype=bool)
        if before is not None:
            kept = before.weights[:, rows] > 0
        if not block.shares:
            return np.zeros((self._runs, block.rows)) + old, kept
        values = self._said(design, block.shares)[:, rows] + old
        if block.noise:
            values += block.noise * self._rng.standard_normal(values.shape)
        labels = block.labels.draw(values, self._rng)
        if block.keep is None:
            return labels, kept
        judged = self._said(design, block.judge)[:, rows]
        return labels, kept & block.keep.accepts(labels, judged)

    def _said(self, design: Design, shares: Mapping[int, float]) -> Array:
        theta = sum((share * self._models[who] for who, share in shares.items()), np.zeros(()))
        constants = [who for who in shares if who in self._constants]
        constant = sum((shares[who] * self._constants[who] for who in constants), np.zeros(1))
        return design.values(np.broadcast_to(theta, self._models[REAL].shape)) + constant[:, None]

    def _fit(self, step: Step) -> Array:
        parts = [each for key, each in self._labelled.items() if key[0] in step.fitted]
        rows = step.rows if step.drawn is None else step.drawn
        if step.drawn is not None:
            parts = self._chosen(parts, step.drawn)
        self.accepted = sum((part.weights > 0).sum(axis=1) for part in parts) / rows
        start = None if step.towards is None else self._models[step.towards]
        if start is not None:
            parts = [
                part._replace(labels=part.labels - part.design.values(start)) for part in parts
            ]
        found = self._fitted(step, parts, rows)
        self.steps_taken.append(found.steps)
        if not found.done.all():
            raise Unfinished(step.model, found.steps)
        self._constants[step.model] = np.zeros(self._runs)
        if step.intercept:
            left = [part.labels - part.design.values(found.solution) for part in parts]
            self._constants[step.model] = _mean(left, [part.weights for part in parts])
        return found.solution if start is None else found.solution + start

    def _fitted(self, step: Step, parts: list[Labelled], rows: int) -> Solved:
        absolute, spectrum = rows * step.penalty, self._problem.spectrum
        if step.loss != Squared():
            return convex.fit(parts, step.loss, spectrum, absolute, self._most)
        designs = list({id(part.design): part.design for part in parts}.values())
        taking = [
            (each, np.sum([part.weights for part in parts if part.design is each], axis=0))
            for each in designs
        ]

        def gram(w: Array) -> Array:
            values = [each.values(w) for each, _ in taking]
            if step.intercept:
                values = _centred(values, [weights for _, weights in taking])
            each_sum = zip(taking, values, strict=True)
            return np.asarray(sum(each.sums(weights * own) for (each, weights), own in each_sum))

        labels = [part.labels for part in parts]
        if step.intercept:
            labels = _centred(labels, [part.weights for part in parts])
        told = zip(parts, labels, strict=True)
        right = np.asarray(sum(each.design.sums(each.weights * own) for each, own in told))
        if step.features is not None:
            return self._features[step.map].fit(gram, right, absolute, self._most)
        if step.filter is not None:
            how, most = step.filter, self._most
            return lanczos.fit(how, gram, right, spectrum, rows, step.penalty, most)
        singular = absolute == 0 and min(step.inputs, rows) - step.intercept < self._problem.dim
        sizes = [float(weights.sum(axis=1).mean()) for _, weights in taking]
        inverse = ridge.inverse(spectrum, sizes, absolute, singular=singular)
        return ridge.fit(gram, right, spectrum, absolute, inverse, self._most)

    def _chosen(self, parts: list[Labelled], drawn: int) -> list[Labelled]:
        """As many of all labelled rows, drawn without replacement, anew for every run."""
        there = np.concatenate([part.covered for part in parts])
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
            self._constants.pop(number, None)
        for number in [k for k in self._designs if self._steps[k].last_fit <= model]:
            del self._designs[number]
        for key in [key for key in self._labelled if self._steps[key[0]].last_fit <= model]:
            del self._labelled[key]


def _mean(values: Sequence[Array], weights: Sequence[Array]) -> Array:
    """Mean of some rows' numbers in every run, shape (runs,)."""
    heard = sum(np.vecdot(each, own) for each, own in zip(values, weights, strict=True))
    return np.asarray(heard / sum(own.sum(axis=1) for own in weights))


def _centred(values: Sequence[Array], weights: Sequence[Array]) -> list[Array]:
    """Numbers of some rows less their mean."""
    mean = _mean(values, weights)[:, None]
    return [each - mean for each in values]
