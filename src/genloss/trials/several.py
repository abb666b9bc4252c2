"""Literal runs of problems that have classes of their own: clouds of rows, and models of several columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from genloss import class_means
from genloss.class_rules import rule_of
from genloss.generation import REAL
from genloss.problem import Problem
from genloss.steps import Block, Step
from genloss.trials import loop
from genloss.trials.tally import Batch

Array = npt.NDArray[np.float64]

TEST_ROWS = 4000
"""New rows that every run counts wrong classes on."""


class Labeller:
    """Classes of rows: which cloud each came from, and what is made of values.

    Parameters
    ----------
    problem : Problem
        With class means, or a truth of several columns.
    rng : numpy.random.Generator
        Of all chance.
    """

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self._rng, self._columns = rng, problem.truth.shape[1:]
        self._clouds = problem.means is not None
        self._own: dict[int, npt.NDArray[np.int64]] = {}
        if problem.means is not None:
            self._centres = class_means.centres(problem.means).T
            self._said = class_means.vertices(problem.means)

    def moved(self, model: int, rows: Array) -> Array:
        """Rows about zero, drawn for a model, about the centres of classes that are drawn for them."""
        if not self._clouds:
            return rows
        self._own[model] = self._rng.integers(len(self._centres), size=len(rows))
        return rows + self._centres[self._own[model]].astype(rows.dtype)

    def values(self, block: Block, X: Array, models: Mapping[int, loop.Model]) -> Array:
        """What the labelers of a block say of its rows, without noise: real ones the row's class."""
        if not self._clouds or REAL not in block.shares:
            return loop.said(block.shares, models, X)
        own = self._said[self._own[block.design][block.start : block.stop]]
        real = block.shares[REAL] * (own if self._columns else own[:, 0])
        rest = {number: share for number, share in block.shares.items() if number != REAL}
        return np.asarray(real + loop.said(rest, models, X) if rest else real)

    def labels(self, block: Block, values: Array) -> Array:
        """Values with noise as labels."""
        rule = rule_of(block, clouds=self._clouds)
        if not self._columns:
            return rule.draw(values, self._rng)
        chances = rule.chances(values)
        if chances is None:
            return values
        classes = values.shape[1]
        if rule.makes == "classes":
            below = np.cumsum(chances, axis=1)[:, :-1] <= self._rng.random((len(values), 1))
            chances = np.eye(classes)[below.sum(axis=1)]
        return chances - 1 / classes


def measured(
    problem: Problem,
    steps: Sequence[Step],
    chains: Iterator[tuple[list[Array], list[float]]],
    rng: np.random.Generator,
) -> Batch:
    """Errors of the models of some runs, each with the shares of rows that its fits kept."""
    batches = [(*_run(problem, models, rng), kept) for models, kept in chains]
    risks, gaps, scores, accepted = zip(*batches, strict=True)
    blocks = [block for step in steps for block in step.blocks]
    norm, *classes = np.moveaxis(np.array(scores), 2, 0)
    found = {"norm": norm}
    if any(block.keep is not None for block in blocks):
        found["accepted"] = np.array(accepted)
    if any(block.labels.makes != "numbers" for block in blocks):
        found |= dict(zip(("error", "disagreement"), classes, strict=True))
    return Batch(np.array(risks), np.sum(gaps, axis=0), 0.0, found)


def _run(
    problem: Problem, models: Sequence[Array], rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Risks (models,), errors as coordinates (models, k), and scores (models, 3) of one run."""
    dim = problem.dim
    root = np.sqrt(problem.spectrum)[:, None]
    stack = np.stack([problem.truth, *models]).reshape(len(models) + 1, dim, -1)
    centres = np.zeros((1, dim))
    if problem.means is not None:
        centres = class_means.centres(problem.means).T
    # what all models say of new rows has a law of few dimensions
    flat = np.moveaxis(stack, 0, 1).reshape(dim, -1)
    factor = np.linalg.qr(root * flat, mode="r")
    own = rng.integers(len(centres), size=TEST_ROWS)
    normal = rng.standard_normal((TEST_ROWS, len(factor)))
    said = normal @ factor + (centres @ flat)[own]
    said = said.reshape(TEST_ROWS, len(stack), -1)
    told = (said[..., 0] <= 0) if stack.shape[2] == 1 else said.argmax(axis=2)
    right = told[:, :1] if problem.means is None else own[:, None]
    wrong = (told[:, 1:] != right).mean(axis=0)
    moved = (told[:, 1:] != told[:, 1:2]).mean(axis=0)
    at_centres = centres @ stack / np.sqrt(len(centres))
    gap = np.concatenate([root * (stack[1:] - stack[0]), at_centres[1:] - at_centres[0]], axis=1)
    gap = gap.reshape(len(models), -1)
    within = np.sum((root * stack[1:]) ** 2, axis=(1, 2))
    norm = np.sqrt(within + np.sum(at_centres[1:] ** 2, axis=(1, 2)))
    return np.sum(gap**2, axis=1), gap, np.stack([norm, wrong, moved], axis=1)
