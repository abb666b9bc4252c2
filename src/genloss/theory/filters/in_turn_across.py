"""One pass of SGD over new rows of which some have a covariance matrix: exact second moments.

In the eigenbasis of a source's own covariance, of eigenvalues l, the steps of `lengths` are single numbers. With a what its
labels differ from the mean model by, V the variance about that, rho = 1 - eta lam, off the diagonal

    V_ij' = (rho^2 - rho eta m (l_i + l_j) + 2 eta^2 q l_i l_j) V_ij + eta^2 (2 q - m^2) l_i l_j E a_i a_j

where a is a constant less a power, so that all steps are geometric sums; on the diagonal
``eta^2 l_i (q sum_j l_j (V_jj + E a_j^2) + m noise^2)`` comes to it (`filters.md`). Sources are taken in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.filters.sgd import SGD
from genloss.steps import Step
from genloss.theory.filters.fresh import not_spectral
from genloss.theory.filters.matrices import Fitted

Array = npt.NDArray[np.float64]
State = tuple[Array, Array]


class Source(NamedTuple):
    """Rows of one source: eigenvalues and eigenvectors of their covariance, times their weight, which is told too."""

    eigenvalues: Array
    basis: Array
    rows: float
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
            sources.append(Source(eigenvalues, basis, float(block.rows), block.weight, block.noise))
        length, square = float(np.mean(tails)), float(np.mean(np.square(tails)))
        top = max(float(own.eigenvalues[-1]) for own in sources)
        trace = max(float(own.eigenvalues.sum()) for own in sources)
        how.check(length * top, length * trace, step.penalty)
        return cls(sources, how.step, 1 - how.step * step.penalty, length, square)

    def fit(self, share: Array, means: Array, spread: Array) -> Fitted:
        """Fit to labelers of these means (U, p) and covariances (U, U, p, p), of which sources have shares (S, U)."""
        second = spread + means[:, None, :, None] * means[:, None, :]
        *_, (kept, own) = self.states(share, second)
        for u, one in enumerate(kept):
            for v, other in enumerate(kept):
                own = own + one @ spread[u, v] @ other.T
        return Fitted(np.einsum("uij,uj->i", kept, means), own, kept)

    @property
    def legs(self) -> list[tuple[int, Source, float]]:
        """The rows of every source by their number, and the part of a row that comes last, which is so much of a step."""
        found = []
        for place, source in enumerate(self.sources):
            whole = int(source.rows)
            found.append((place, source._replace(rows=whole), 1.0))
            if part := source.rows - whole:
                found.append((place, source._replace(rows=1), part))
        return found

    def states(self, share: Array, second: Array) -> Iterator[State]:
        """What the model keeps of labelers (U, p, p) and its own variance, before the first leg and after each."""
        state = np.zeros((len(second), *second.shape[2:])), np.zeros(second.shape[2:])
        yield state
        for place, source, part in self.legs:
            kept, own = self._passed(source, share[place], second, state)
            state = state[0] + part * (kept - state[0]), state[1] + part * (own - state[1])
            yield state

    def _passed(self, source: Source, by: Array, second: Array, state: State) -> State:
        """The state after all rows of a source."""
        kept, own = state
        said = np.tensordot(by, second, 1)  # E theta_s theta_v'
        heard = np.einsum("vij,vkj->ik", said, kept, optimize=True)
        mean = np.einsum("uij,uvjk,vlk->il", kept, second, kept, optimize=True)
        own = self._own(source, own, np.tensordot(by, said, 1), heard, mean)
        left, taken = self.maps(source)
        return left @ kept + by[:, None, None] * taken, own

    def maps(self, source: Source) -> tuple[Array, Array]:
        """What the rows of a source leave of the mean model, and what they take of what their labels say."""
        keep, still = self.mean(source)
        left, basis = keep**source.rows, source.basis
        return (basis * left) @ basis.T, (basis * (still * (1 - left))) @ basis.T

    def mean(self, source: Source) -> tuple[Array, Array]:
        """What a step leaves of the mean model, and where that settles, over what labels say."""
        pull = self.step * self.length * source.eigenvalues
        keep = self.rest - pull
        still = np.divide(pull, 1 - keep, out=np.zeros_like(pull), where=keep != 1)
        return keep, still

    def steps(self, source: Source) -> Steps:
        """What the rows of a source make of numbers of the model."""
        l, rows, (keep, _) = source.eigenvalues, int(source.rows), self.mean(source)
        eta, m, q, squares = self.step, self.length, self.square, np.multiply.outer(l, l)
        factor = self.rest**2 - self.rest * eta * m * np.add.outer(l, l) + 2 * eta**2 * q * squares
        others = (
            np.ones_like(factor),
            np.broadcast_to(keep, factor.shape),
            np.multiply.outer(keep, keep),
        )
        sums = [_geometric(factor, other, rows) for other in others]
        return Steps(factor, eta**2 * (2 * q - m**2) * squares, *sums)

    def _own(self, source: Source, own: Array, said: Array, heard: Array, mean: Array) -> Array:
        """Variance of the model after a source, from that before it, ``E theta theta'``, ``E theta w'``, ``E w w'``."""
        l, basis, rows, _, noise = source
        own, said, heard, mean = (basis.T @ each @ basis for each in (own, said, heard, mean))
        keep, still = self.mean(source)
        # a = start - keep^k fading
        start = 1 - still
        both = start[:, None] * said * start
        mixed = start[:, None] * (heard - said * still)
        fading = mean - still[:, None] * heard - heard.T * still + still[:, None] * said * still
        steps = self.steps(source)
        crossed = mixed * steps.once
        told = both * steps.never - crossed - crossed.T + fading * steps.twice
        after = steps.factor ** int(rows) * own + steps.pulled * told

        each, apart, crossing, gone = map(np.diagonal, (own, both, mixed, fading))
        factors, pulls = np.diagonal(steps.factor), np.diagonal(steps.pulled)
        heard_by, gone_by = self.step**2 * self.square, np.ones_like(l)
        labels = self.loudness(source) * noise**2
        for _ in range(int(rows)):
            off = apart - 2 * gone_by * crossing + gone_by**2 * gone
            error = heard_by * float(l @ (each + off)) + labels
            each = factors * each + pulls * off + error * l
            gone_by = gone_by * keep
        np.fill_diagonal(after, each)
        return np.asarray(basis @ after @ basis.T)

    def loudness(self, source: Source) -> float:
        """What the noise on the label of a row comes to in its error, times what that is."""
        return self.step**2 * self.length * source.weight


class Steps(NamedTuple):
    """Of pairs of directions: what a step leaves of their covariance and takes of their errors, and sums over all steps.

    Errors of the mean model are parts that never fade, and others that do, once or twice over.
    """

    factor: Array
    pulled: Array
    never: Array
    once: Array
    twice: Array


def _geometric(one: Array, other: Array, count: int) -> Array:
    """``sum_k one**(count - 1 - k) other**k``, by doubling."""
    total, power, echo = np.zeros_like(one), np.ones_like(one), np.ones_like(one)
    for bit in f"{count:b}":
        total, power, echo = total * (power + echo), power * power, echo * echo
        if bit == "1":
            total, power, echo = one * total + echo, power * one, echo * other
    return total
