"""One pass of SGD over new rows of which some have a covariance matrix: exact second moments.

In the eigenbasis of a source's own covariance, of eigenvalues l, the steps of `lengths` are single numbers. With a what its
labels differ from the mean model by, V the variance about that, rho = 1 - eta lam, off the diagonal

    V_ij' = (rho^2 - rho eta m (l_i + l_j) + 2 eta^2 q l_i l_j) V_ij + eta^2 (2 q - m^2) l_i l_j E a_i a_j

where a is a constant less a power, so that all steps are geometric sums; on the diagonal
``eta^2 l_i (q sum_j l_j (V_jj + E a_j^2) + m noise^2)`` comes to it (`filters.md`). Sources are taken in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.filters.sgd import SGD
from genloss.steps import Step
from genloss.theory.filters.fresh import not_spectral
from genloss.theory.filters.matrices import Fitted

Array = npt.NDArray[np.float64]


class Source(NamedTuple):
    """Rows of one source: eigenvalues and eigenvectors of their covariance, times their weight, which is told too."""

    eigenvalues: Array
    basis: Array
    rows: int
    weight: float
    noise: float


class AcrossInTurn(NamedTuple):
    """SGD over the sources of a step, whose squared lengths have a mean and a mean square."""

    sources: list[Source]
    step: float
    rest: float
    length: float
    square: float

    @classmethod
    def of(cls, step: Step, covariances: Sequence[Array], tails: Sequence[float]) -> AcrossInTurn:
        """The pass of a step over blocks of these covariances, whoever labels them.

        Raises
        ------
        InvalidInputError
            If its steps would explode.
        NoTheoryError
            If its filter is no SGD.
        """
        how = step.filter
        assert how is not None
        if not isinstance(how, SGD):
            raise not_spectral(how)
        sources = []
        for block, covariance in zip(step.blocks, covariances, strict=True):
            eigenvalues, basis = np.linalg.eigh(block.weight * covariance)
            sources.append(Source(eigenvalues, basis, round(block.rows), block.weight, block.noise))
        length, square = float(np.mean(tails)), float(np.mean(np.square(tails)))
        top = max(float(own.eigenvalues[-1]) for own in sources)
        trace = max(float(own.eigenvalues.sum()) for own in sources)
        how.check(length * top, length * trace, step.penalty)
        return cls(sources, how.step, 1 - how.step * step.penalty, length, square)

    def fit(self, share: Array, means: Array, spread: Array) -> Fitted:
        """Fit to labelers of these means (U, p) and covariances (U, U, p, p), of which sources have shares (S, U)."""
        second = spread + means[:, None, :, None] * means[:, None, :]
        kept = np.zeros((len(means), means.shape[1], means.shape[1]))
        own = np.zeros_like(kept[0])
        for source, by in zip(self.sources, share, strict=True):
            said = np.tensordot(by, second, 1)  # E theta_s theta_v'
            heard = np.einsum("vij,vkj->ik", said, kept, optimize=True)
            mean = np.einsum("uij,uvjk,vlk->il", kept, second, kept, optimize=True)
            own = self._own(source, own, np.tensordot(by, said, 1), heard, mean)
            keep, still = self._mean(source)
            left = keep**source.rows
            basis = source.basis
            taken = (basis * (still * (1 - left))) @ basis.T
            kept = (basis * left) @ (basis.T @ kept) + by[:, None, None] * taken
        for u, one in enumerate(kept):
            for v, other in enumerate(kept):
                own = own + one @ spread[u, v] @ other.T
        return Fitted(np.einsum("uij,uj->i", kept, means), own, kept)

    def _mean(self, source: Source) -> tuple[Array, Array]:
        """What a step leaves of the mean model, and where that settles, over what labels say."""
        pull = self.step * self.length * source.eigenvalues
        keep = self.rest - pull
        still = np.divide(pull, 1 - keep, out=np.zeros_like(pull), where=keep != 1)
        return keep, still

    def _own(self, source: Source, own: Array, said: Array, heard: Array, mean: Array) -> Array:
        """Variance of the model after a source, from that before it, ``E theta theta'``, ``E theta w'``, ``E w w'``."""
        l, basis, rows, weight, noise = source
        own, said, heard, mean = (basis.T @ each @ basis for each in (own, said, heard, mean))
        keep, still = self._mean(source)
        # a = start - keep^k fading
        start = 1 - still
        both = start[:, None] * said * start
        mixed = start[:, None] * (heard - said * still)
        fading = mean - still[:, None] * heard - heard.T * still + still[:, None] * said * still
        eta, m, q = self.step, self.length, self.square
        squares = np.multiply.outer(l, l)
        factor = self.rest**2 - self.rest * eta * m * np.add.outer(l, l) + 2 * eta**2 * q * squares
        pulled = eta**2 * (2 * q - m**2) * squares
        crossed = mixed * _geometric(factor, np.broadcast_to(keep, factor.shape), rows)
        told = both * _geometric(factor, np.ones_like(factor), rows) - crossed - crossed.T
        told += fading * _geometric(factor, np.multiply.outer(keep, keep), rows)
        after = factor**rows * own + pulled * told

        each, apart, crossing, gone = map(np.diagonal, (own, both, mixed, fading))
        factors, pulls, gone_by = np.diagonal(factor), np.diagonal(pulled), np.ones_like(l)
        labels = eta**2 * m * weight * noise**2
        for _ in range(rows):
            off = apart - 2 * gone_by * crossing + gone_by**2 * gone
            error = eta**2 * q * float(l @ (each + off)) + labels
            each = factors * each + pulls * off + error * l
            gone_by = gone_by * keep
        np.fill_diagonal(after, each)
        return np.asarray(basis @ after @ basis.T)


def _geometric(one: Array, other: Array, count: int) -> Array:
    """``sum_k one**(count - 1 - k) other**k``, by doubling."""
    total, power, echo = np.zeros_like(one), np.ones_like(one), np.ones_like(one)
    for bit in f"{count:b}":
        total, power, echo = total * (power + echo), power * power, echo * echo
        if bit == "1":
            total, power, echo = one * total + echo, power * one, echo * other
    return total
