"""One pass of SGD over rows whose lengths vary, one source after the other: exact second moments.

With rows ``sqrt(rho) z``, rho of mean m and mean square q, d what a labeler differs from the mean model by
and C the variance about it, per direction,

    w' = (1 - eta lam) w + eta m s d ,
    C' = (1 - eta lam)**2 C - 2 (1 - eta lam) eta m s C
         + eta**2 ( q (2 s**2 (E d**2 + C) + s sum_j s_j (E d_j**2 + C_j)) - m**2 s**2 E d**2 + m s noise**2 )

(`filters.md`). As many as the rows, these are steps of a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.filters.sgd import SGD
from genloss.spectrum import Spectrum
from genloss.steps import Block, Step
from genloss.theory.filters.fresh import not_spectral
from genloss.theory.fresh import diverge
from genloss.theory.labelers import Group, average
from genloss.theory.moments import Moments, Shares

Array = npt.NDArray[np.float64]
State = tuple[Array, Array]
"""What a model takes of the fields, and its own variance."""


@dataclass(frozen=True, eq=False)
class InTurn:
    """SGD over new rows of these squared lengths."""

    directions: Spectrum
    lengths: Sequence[float]

    def fit(
        self, moments: Moments, step: Step, members: Sequence[Group]
    ) -> tuple[list[tuple[Shares, Array]], Array] | None:
        """Fit the model of a step: what it takes of whom, and its variance beside that; None without mean error.

        Raises
        ------
        InvalidInputError
            If its steps would explode.
        NoTheoryError
            If its filter is no SGD.
        """
        thetas = [block.shares for block in step.blocks]
        if any(moments.diverges(theta) for theta in thetas):
            diverge(moments, moments.mean(average(members).labeler), step.model)
            return None
        labelers = [theta for i, theta in enumerate(thetas) if theta not in thetas[:i]]
        means = np.array([moments.whole(moments.mean(theta))[0] for theta in labelers])
        spread = np.array(
            [[moments.whole(moments.covariance(a, b))[0] for b in labelers] for a in labelers]
        )
        second = moments.signal * means[:, None] * means + spread
        by = np.array([[theta == one for one in labelers] for theta in thetas], dtype=float)
        noise = np.array([block.noise**2 for block in step.blocks])
        shares, own = self.passed(step, by, noise, second)
        moments.record(
            step.model,
            (shares * means).sum(axis=0)[None],
            (np.einsum("ui,vi,uvi->i", shares, shares, spread) + own)[None],
            lambda u: sum(
                share * moments.covariance(theta, {u: 1.0})
                for share, theta in zip(shares, labelers, strict=True)
            ),
            exact=all(moments.all_exact(theta) for theta in labelers),
        )
        return list(zip(labelers, shares, strict=True)), own

    @property
    def mean(self) -> float:
        """Mean of the squared lengths."""
        return float(np.mean(self.lengths))

    @property
    def square(self) -> float:
        """Mean of their squares."""
        return float(np.mean(np.square(self.lengths)))

    def passed(self, step: Step, by: Array, noise: Array, second: Array) -> State:
        """What the model takes of fields (T, p) of these second moments (T, T, p), and its own variance (p,).

        Sources label by ``by`` (blocks, T) times the fields, with noise of variances (blocks,).
        """
        *_, (_, state) = self.states(step, by, noise, second)
        return state

    def states(
        self, step: Step, by: Array, noise: Array, second: Array
    ) -> Iterator[tuple[State, State]]:
        """The same after the whole rows of every source, and after all of it: a part of a row is so much of a step."""
        sigma = self._check(step)
        state = np.zeros((len(second), self.directions.multiplicity.size)), 0 * sigma[0]
        for own, variance, block, s in zip(by, noise, step.blocks, sigma, strict=True):
            after, rows = self.row(step, block, s, own, variance, second), float(block.rows)
            for _ in range(int(rows)):
                state = after(state)
            whole = state
            if part := rows % 1:
                shares, spread = (
                    one + part * (other - one)
                    for one, other in zip(state, after(state), strict=True)
                )
                state = shares, spread
            yield whole, state

    def _check(self, step: Step) -> list[Array]:
        """Covariances of the sources, if its steps hold."""
        how, count = step.filter, self.directions.multiplicity
        assert how is not None
        if not isinstance(how, SGD):
            raise not_spectral(how)
        default = self.directions.eigenvalues
        sigma = [default if b.covariance is None else np.array(b.covariance) for b in step.blocks]
        loud = [b.weight * self.mean * s for b, s in zip(step.blocks, sigma, strict=True)]
        how.check(
            max(float(s.max()) for s in loud), max(float(s @ count) for s in loud), step.penalty
        )
        return sigma

    def row(
        self, step: Step, block: Block, s: Array, own: Array, variance: float, second: Array
    ) -> Callable[[State], State]:
        """What one row of a source makes of the model."""
        assert isinstance(step.filter, SGD)
        mean, square, count = self.mean, self.square, self.directions.multiplicity
        eta, rest = step.filter.step * block.weight, 1 - step.filter.step * step.penalty
        keep, pull = rest * (rest - 2 * eta * mean * s), eta * mean * s
        labels, taken = eta**2 * mean * s * count * variance, own[:, None] * pull

        def after(state: State) -> State:
            shares, spread = state
            away = own[:, None] - shares
            off = np.einsum("ap,abp,bp->p", away, second, away)
            loose, heard = off + spread, eta**2 * s
            spread = (
                keep * spread
                + heard * (square * (2 * s * loose + count * (s @ loose)) - mean**2 * s * off)
                + labels
            )
            return (rest - pull) * shares + taken, spread

        return after
