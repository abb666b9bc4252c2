"""Intercepts of fits on revealed designs: the rows' sums are drawn first, and the rest is known apart from them.

Of n rows of mean zero, the sum is normal and n - 1 rows are left in the coordinates apart from it. With the weighted
sums ``s = X'1`` and ``t = 1'y`` over N weighted rows, a fit with an intercept sees ``X'X - s s'/N`` and
``X'y - s t/N``, whatever the weights and sources; its intercept is ``(t - s'w) / N``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.steps import Block
from genloss.trials.revealed.layout import Stretch

Array = npt.NDArray[np.float64]
Labels = tuple[int, Stretch, int]
"""The model that labels were made for, the rows, and which of their labels for it they are."""


class Centre(NamedTuple):
    """What one fit takes away: weighted rows N, and of every run s, (runs, width), and t, (runs,)."""

    rows: float
    inputs: Array
    labels: Array

    @property
    def right(self) -> Array:
        """``s t / N``."""
        return self.inputs * (self.labels / self.rows)[:, None]

    def apart(self, answer: Array, w: Array) -> Array:
        """``X'X w`` less ``s s'w / N``, in place."""
        answer -= self.inputs * (np.vecdot(self.inputs, w) / self.rows)[:, None]
        return answer

    def outer(self, run: int) -> Array:
        """``s s' / N`` of one run."""
        return np.outer(self.inputs[run], self.inputs[run]) / self.rows

    def intercept(self, w: Array) -> Array:
        """The intercept beside coefficients w, (runs,)."""
        return np.asarray((self.labels - np.vecdot(self.inputs, w)) / self.rows)


class Intercepts:
    """Intercepts of all models, and sums of all labels.

    Attributes
    ----------
    of : dict of int to ndarray of shape (runs,)
        Intercept by number of the model; others have none.
    """

    def __init__(self, runs: int) -> None:
        self.of: dict[int, Array] = {}
        self._none = np.zeros(runs)
        self._totals: dict[Labels, Array] = {}

    def label(self, labels: Labels, block: Block, sums: Array, theta: Array) -> Array:
        """Sum the labels of some rows for a model; what intercepts of labelers add to their ``X'y``.

        ``sums`` is ``X'1``, and ``theta`` what is said of a row, with noise in columns of its own.
        """
        said = sum(
            (share * self.of.get(who, self._none) for who, share in block.shares.items()),
            self._none,
        )
        _, stretch, _ = labels
        total = np.vecdot(sums, theta) + (stretch.stop - stretch.start) * said
        if block.kept:
            total = total + block.kept * self._totals[block.since, stretch, 0]
        self._totals[labels] = total
        return sums * said[:, None]

    def centre(
        self,
        sums: Sequence[tuple[float, Array]],
        labels: Iterable[tuple[int, Stretch, int, float]],
    ) -> Centre:
        """What a fit takes away, from weighted rows and their sums, and from models, labels and weights."""
        total = sum(
            (weight * self._totals[model, rows, turn] for model, rows, turn, weight in labels),
            self._none,
        )
        inputs = np.sum([each for _, each in sums], axis=0)
        return Centre(float(sum(rows for rows, _ in sums)), inputs, total)
