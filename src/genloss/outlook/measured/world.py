"""A user's rows with classes as a world: labels are vectors, one number a class.

A model says a vector of every row: scores that sum to one, or chances. A real label is the vector of
its class. What is said becomes a label by a rule (`genloss.labels`): hard, the vector of the largest
entry; soft, what was said; sampled, the vector of a class drawn by the chances.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.labels.sampled import Sampled
from genloss.labels.soft import Soft
from genloss.outlook import inputs
from genloss.outlook.rehearse import RealRows
from genloss.outlook.ridge import Models
from genloss.steps import Block

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

LEAST = 1e-6
"""Chance below which a model's own is not told apart: of forests and neighbours it may be zero."""


class ClassRows(RealRows):
    """Rows whose labels are vectors (n, classes); `RealRows` says where inputs come from.

    Parameters
    ----------
    real : Pool
        Real rows; labels are places of classes.
    draw : callable
        Inputs without real labels.
    n_classes : int
        How many there are.
    rng : numpy.random.Generator
        Of sampled classes.
    drawn : numpy.random.Generator
        Of rows that a fit is cut down to.
    chances : bool
        Whether models say chances; the confidence of a row is then a log odds, else a margin of scores.
    """

    def __init__(
        self,
        real: inputs.Pool,
        draw: inputs.Draw,
        n_classes: int,
        rng: np.random.Generator,
        drawn: np.random.Generator,
        *,
        chances: bool,
    ) -> None:
        super().__init__(real, draw, n_classes, rng, drawn)
        self._chances = chances

    def labels(
        self, block: Block, X: Array, models: Mapping[int, Models], kept: Array | float
    ) -> Array:
        """Labels (n, classes); NaN where the block's rule does not keep a row."""
        said = self._mixed(block, block.shares, X, models) + kept
        if any(number != REAL for number in block.shares):
            said = self._rule(block, said)
        if block.keep is not None:
            judged = said if not block.judge else self._mixed(block, block.judge, X, models)
            value = np.where(judged.argmax(axis=1) == said.argmax(axis=1), 1.0, -1.0) * confidence(
                judged, chances=self._chances
            )
            left_out = ~block.keep.accepts(np.ones(len(said)), value)
            said = np.where(left_out[:, None], np.nan, said)
        return said

    def _mixed(
        self, block: Block, shares: Mapping[int, float], X: Array, models: Mapping[int, Models]
    ) -> Array:
        """What a mixture of labelers says."""
        said = np.zeros((len(X), self._columns))
        for number, share in shares.items():
            if number == REAL:
                said += share * self._classes(block)
            else:
                said += share * models[number](X)
        return said

    def _classes(self, block: Block) -> Array:
        """The real labels of a block."""
        return vectors(self._real[block.design][block.start : block.stop], self._columns)

    def _rule(self, block: Block, said: Array) -> Array:
        if isinstance(block.labels, Soft):
            return said
        if isinstance(block.labels, Sampled):
            below = np.cumsum(chances_of(said), axis=1)[:, :-1]
            number = (below <= self._noise.random(len(said))[:, None]).sum(axis=1)
            return vectors(number, self._columns)
        return vectors(said.argmax(axis=1), self._columns)


def vectors(codes: npt.NDArray[np.floating] | Codes, n_classes: int) -> Array:
    """Classes as vectors (n, classes) of zeros and a one; NaN where a label is not known."""
    found = np.zeros((codes.size, n_classes))
    known = np.flatnonzero(~np.isnan(np.asarray(codes, dtype=np.float64)))
    found[known, codes[known].astype(np.intp)] = 1.0
    if known.size < codes.size:
        found[np.isnan(np.asarray(codes, dtype=np.float64))] = np.nan
    return found


def chances_of(said: Array) -> Array:
    """Scores as chances: cut at zero, and divided by their sum."""
    positive = np.maximum(said, 0.0)
    total = positive.sum(axis=1, keepdims=True)
    return np.where(total > 0, positive / np.where(total > 0, total, 1.0), 1 / said.shape[1])


def confidence(said: Array, *, chances: bool) -> Array:
    """How far the first class is ahead of the second: of scores, or of the logarithms of chances.

    With two classes this is ``|h|``, of which `genloss.keep.Confident` speaks: the size of a ridge
    model of labels -1 and +1, or a logistic model's log odds.
    """
    told = np.log(np.maximum(said, LEAST)) if chances else said
    first_two = np.partition(told, -2, axis=1)[:, -2:]
    return np.asarray(first_two[:, 1] - first_two[:, 0])
