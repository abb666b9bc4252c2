"""Least squares on rows of one labeler and one covariance matrix, backwards: exact at finite size (`paper.md` 2.1).

The model is its labeler and noise of covariance ``noise**2 Sigma^-1 / (n - d - 1)``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.steps import Step
from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.matrices import Matrices, Tape, handed, spreads
from genloss.theory.turned import whole

Array = npt.NDArray[np.float64]


class Copied:
    """One fit."""

    def __init__(self, problem: Matrices, step: Step) -> None:
        first = step.blocks[0]
        self.model, self.labelers = step.model, list(first.shares)
        self._share = np.array([first.shares[u] for u in self.labelers])
        self._rows = np.array([float(block.rows) for block in step.blocks])
        self._loud = np.array([block.noise**2 for block in step.blocks])
        self._spare = float(self._rows.sum()) - problem.spectrum.size - 1
        self._inverse = np.asarray(np.linalg.inv(whole(first.covariance, problem.spectrum)), float)
        one = np.eye(problem.spectrum.size)
        self._kept, self._along = self._share[:, None, None] * one, list[int]()

    @property
    def _noise(self) -> float:
        return float(self._rows @ self._loud / self._rows.sum())

    def forward(self, tape: Tape, along: Sequence[int]) -> None:
        """Add the model to the tape, with its covariances with some others."""
        self._along, share, names = [*along], self._share, self.labelers
        means = np.array([tape.means[u] for u in names])
        spread = np.array([[tape.spread(u, v) for v in names] for u in names])
        own = np.einsum("u,uvij,v->ij", share, spread, share, optimize=True)
        tape.put(self.model, share @ means, own + self._noise / self._spare * self._inverse)
        for u in self._along:
            tape.relate(self.model, u, np.tensordot(share, spreads(tape, self, u), 1))

    def backward(self, tape: Tape) -> Slopes:
        """Hand slopes on to the labelers."""
        asked = tape.asked(self.model)
        none = np.zeros((2 * (self._share.size,)) + self._inverse.shape)
        of_kept = handed(tape, self, asked, self._along, self._kept, none)
        of_shares = np.trace(of_kept, axis1=1, axis2=2)
        total, part = float(self._rows.sum()), self._rows / self._rows.sum()
        by_noise = float(np.sum(asked[1] * self._inverse)) / self._spare
        n = by_noise * ((self._loud - self._noise) / total - self._noise / self._spare)
        # one weight of all rows says nothing, and those of some make another formula
        weight = np.zeros(1) if n.size == 1 else np.full(n.size, np.nan)
        shares = np.zeros((n.size, self._share.size))
        shares[0] = of_shares
        return Slopes(n, weight, by_noise * part, shares, np.nan)
