"""Some runs of a plan at once, where a fit is quicker for many of them than one after the other.

Arrays of the loop (`genloss.trials.loop`) have the runs as their second axis, models as their first. Every run
has a world of its own; which rows of a pool are drawn is the same in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from genloss.losses import Loss
from genloss.problem import Problem
from genloss.steps import Block, Step
from genloss.trials import loop, multinomial

Array = npt.NDArray[np.float64]
_MOST, _ENTRIES = 16, 1 << 17  # runs, and numbers in the rows of all of them


class Learner(Protocol):
    """What makes a model of the rows of a run, and says which share of them it kept."""

    accepted: float

    def __call__(self, step: Step, rows: loop.Rows, towards: Array | None) -> Array:
        """Coefficients of the model."""


def helps(steps: Sequence[Step]) -> bool:
    """Whether a plan has fits that are quicker together."""
    return any(step.loss.columns and step.features is None for step in steps)


def runs(problem: Problem, steps: Sequence[Step]) -> int:
    """How many runs there are at once: few enough for their rows to stay in a cache."""
    if not helps(steps):
        return 1
    return max(1, min(_MOST, _ENTRIES // (problem.dim * max(step.rows for step in steps))))


class Worlds:
    """Worlds of several runs as one."""

    def __init__(self, worlds: Sequence[loop.World[Array]]) -> None:
        self._worlds = worlds

    def inputs(self, step: Step) -> Array:
        """The new rows of a step, shape (n, runs, dim)."""
        return np.stack([each.inputs(step) for each in self._worlds], axis=1)

    def labels(
        self, block: Block, X: Array, models: Mapping[int, Array], kept: Array | float
    ) -> Array:
        """What the labelers say of the rows of every run, shape (n, runs, columns)."""
        had = [kept] * len(self._worlds) if isinstance(kept, float) else kept.swapaxes(0, 1)
        return np.stack(
            [
                each.labels(block, X[:, run], {u: W[run] for u, W in models.items()}, had[run])
                for run, each in enumerate(self._worlds)
            ],
            axis=1,
        )

    def chosen(self, count: int, drawn: int) -> npt.NDArray[np.int64]:
        """Places of ``drawn`` of ``count`` rows."""
        return np.asarray(self._worlds[0].chosen(count, drawn))


class Learners:
    """Learners of several runs as one: fits of several columns are made together.

    Attributes
    ----------
    accepted : ndarray of shape (runs,)
        Share of the last fits' rows that were kept.
    """

    def __init__(self, learners: Sequence[Learner]) -> None:
        self._learners = learners
        self.accepted: Array = np.ones(len(learners))

    def __call__(self, step: Step, rows: loop.Rows, towards: Array | None) -> Array:
        """Coefficients of the models, shape (runs, dim, columns)."""
        if step.loss.columns and step.features is None:
            return self._columns(step.loss, 2 * step.penalty, rows, towards)
        made = []
        for run, learn in enumerate(self._learners):
            own = loop.Rows(rows.X[:, run], rows.y[:, run], rows.weights)
            made.append(learn(step, own, None if towards is None else towards[run]))
        self.accepted = np.array([each.accepted for each in self._learners])
        return np.array(made)

    def _columns(self, loss: Loss, per_row: float, rows: loop.Rows, towards: Array | None) -> Array:
        X, y = (np.asarray(each.swapaxes(0, 1), dtype=np.float64) for each in rows[:2])
        kept = ~np.isnan(y[..., 0])
        weights = kept * (1.0 if rows.weights is None else rows.weights)
        y = np.where(kept[..., None], y, 0.0)
        self.accepted = kept.mean(axis=1)
        said = None if towards is None else X @ towards
        found = multinomial.minimise(X, y, weights, loss, y.shape[1] * per_row, said)
        return found if towards is None else towards + found


def chains(
    steps: Sequence[Step], worlds: Worlds, learners: Learners, known: Mapping[int, Array]
) -> Iterator[tuple[list[Array], list[float]]]:
    """The models of every run, and the share of rows each fit kept; ``known`` has runs as first axis."""
    found = [(W, learners.accepted) for W in loop.models(steps, worlds, learners, known)]
    models, accepted = zip(*found, strict=True)
    for run in range(len(models[0])):
        yield [W[run] for W in models], [float(share[run]) for share in accepted]
