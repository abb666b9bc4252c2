"""Literal runs of problems that have classes of their own: clouds of rows, and models of several columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss import class_means
from genloss.class_rules import rule_of
from genloss.generation import REAL
from genloss.labels import Label
from genloss.labels.hard import Hard
from genloss.losses.logistic import Logistic
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
        if rule.makes == "numbers":
            return rule.draw(values, self._rng)
        chances, classes = rule.chances(values), values.shape[1]
        assert chances is not None
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
    chances = Chances.of(problem, steps)
    batches = [(*_run(problem, models, rng, chances), kept) for models, kept in chains]
    risks, gaps, scores, accepted = zip(*batches, strict=True)
    blocks = [block for step in steps for block in step.blocks]
    found = {name: np.array([each[name] for each in scores]) for name in scores[0]}
    if any(block.keep is not None for block in blocks):
        found["accepted"] = np.array(accepted)
    if all(block.labels.makes == "numbers" for block in blocks):
        del found["error"], found["disagreement"]
    return Batch(np.array(risks), np.sum(gaps, axis=0), 0.0, found)


class Chances(NamedTuple):
    """How the chances that models give to classes are scored: against classes as real ones are.

    Attributes
    ----------
    rule : Label
        What makes a class of the truth's values where rows are of no cloud.
    noise : float
        On these values.
    """

    rule: Label
    noise: float

    @classmethod
    def of(cls, problem: Problem, steps: Sequence[Step]) -> Chances | None:
        """Of a plan of which every model has chances; None of others."""
        columns = problem.truth.ndim == 2
        if not all(step.loss.columns if columns else step.loss == Logistic() for step in steps):
            return None
        for step in steps:
            for block in step.blocks:
                if block.shares == {REAL: 1.0} and block.labels.makes == "classes":
                    return cls(block.labels, block.noise)
        return cls(Hard(), 0.0)

    def scores(self, said: Array, right: Array) -> tuple[Array, Array]:
        """Log loss and Brier score, from values and chances of classes (classes, rows, models)."""
        off = said - said.max(axis=0)
        given = np.exp(off)
        whole = given.sum(axis=0)
        loss = np.log(whole) - np.einsum("krm,krm->rm", right, off)
        given /= whole
        # on average over a class that is drawn
        square = np.einsum("krm,krm->rm", given - 2 * right, given) + 1
        return loss.mean(axis=0), square.mean(axis=0)


def _run(
    problem: Problem,
    models: Sequence[Array],
    rng: np.random.Generator,
    chances: Chances | None,
) -> tuple[Array, Array, dict[str, Array]]:
    """Risks (models,), errors as coordinates (models, k), and scores of one run."""
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
    found = {"norm": norm, "error": wrong, "disagreement": moved}
    if chances is not None:
        found["log_loss"], found["brier"] = _scored(problem, said, own, chances, rng)
    return np.sum(gap**2, axis=1), gap, found


def _scored(
    problem: Problem, said: Array, own: Array, chances: Chances, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Log loss and Brier score of models, from what the truth and they say of rows of some clouds."""
    told, values = said[:, 0], said[:, 1:]
    if values.shape[2] == 1:  # of one number the chances are those of two classes half as far apart
        values = values * [0.5, -0.5]
    if problem.means is not None:
        right: Array | None = np.eye(values.shape[2])[own]
    else:
        right = chances.rule.chances(told + chances.noise * rng.standard_normal(told.shape))
    assert right is not None
    right = np.broadcast_to(right.T[:, :, None], (*right.T.shape, values.shape[1]))
    log_loss, brier = chances.scores(np.ascontiguousarray(np.moveaxis(values, 2, 0)), right)
    return log_loss, brier / (2 if said.shape[2] == 1 else 1)
