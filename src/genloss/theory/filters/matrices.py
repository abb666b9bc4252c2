"""One filtered fit on new rows of which some have a covariance matrix (`filters.md`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from genloss.errors import NoTheoryError
from genloss.steps import Step
from genloss.theory.filters import constant
from genloss.theory.filters.across import Across
from genloss.theory.filters.kinds import Array, Complex, Kinds
from genloss.theory.filters.pairs import Pairs
from genloss.theory.filters.sources import ridges

_MOST = 600  # directions


class Fitted(NamedTuple):
    """Mean (p,) and covariance (p, p) of a model, and what it keeps of each labeler (U, p, p)."""

    mean: Array
    own: Array
    kept: Array


@dataclass(frozen=True, eq=False)
class Matrices:
    """A spectral filter on new rows, of which some have a covariance matrix."""

    pairs: Pairs
    coefficients: Complex
    space: Across
    lost: float | None = None
    """Of the variance of a constant, where the last direction is one."""

    @classmethod
    def of(
        cls, step: Step, spectrum: Array, tails: Sequence[float], beside: bool = False
    ) -> Matrices:
        """The filter of a step on its rows, whoever labels them, ``beside`` a constant or not.

        Raises
        ------
        NoTheoryError
            If there are so many directions that a matrix for every node takes gigabytes.
        """
        if spectrum.size > _MOST:
            raise NoTheoryError(
                f"model {step.model} goes through a filter and has rows with a covariance matrix, in {spectrum.size} "
                f"directions: beyond {_MOST} it takes gigabytes; genloss.simulate runs it"
            )
        kinds = Kinds.of(step, tails)
        if not beside:
            space = Across.of(kinds, spectrum)
            return cls(*ridges(step, kinds, space), space)
        kinds = constant.unlike(kinds, spectrum)
        space = Across.of(kinds, spectrum)
        inputs = Across(space.sigma[:, :-1, :-1])
        return cls(*ridges(step, kinds, space, inputs), space, constant.lost(kinds))

    def fit(self, step: Step, share: Array, means: Array, spread: Array) -> Fitted:
        """Fit the model of a step to labelers of these means (U, p) and covariances (U, U, p, p).

        Every block's labels have shares (blocks, U) of them.
        """
        kinds, pairs = self.pairs.kinds, self.pairs
        share = share[kinds.source]
        load = pairs.strength(share)[: pairs.size]
        kept = pairs.q[: pairs.size, None] @ np.tensordot(load, self.space.sigma, 1)
        gap = _gap(kinds, self.space, kept, share, means, spread)
        noise = np.array([step.blocks[b].noise ** 2 for b in kinds.source])
        own = pairs.variance(self.coefficients, self.coefficients, noise, gap)
        pull = 2 * np.tensordot(self.coefficients, kept, 1).real
        if self.lost is not None:
            pull[:, -1, -1] /= pull[:, -1, -1].sum()
            own[-1, -1] *= 1 - self.lost
        for u, one in enumerate(pull):
            for v, other in enumerate(pull):
                own = own + one @ spread[u, v] @ other.T
        return Fitted(np.einsum("uij,uj->i", pull, means), own, pull)


def _gap(
    kinds: Kinds, space: Across, kept: Complex, share: Array, means: Array, spread: Array
) -> Complex:
    """``E (theta_s - w_k)' Sigma_s (theta_s - w_l)`` of fits to other rows, but for their own variance: (k, 2k, S)."""
    drawn = [u for u in range(len(means)) if spread[u, u].any()]
    kept_of, among = kept[:, drawn], spread[np.ix_(drawn, drawn)]
    fitted = np.zeros_like(kept_of)  # covariance of w_k and theta_u
    for u, row in enumerate(among):
        for v, each in enumerate(row):
            fitted[:, v] += kept_of[:, u] @ each
    mean = np.einsum("kuij,uj->ki", kept, means, optimize=True)
    said = np.einsum("cij,uvij->cuv", space.sigma, among, optimize=True)
    crossed = np.einsum("cij,kuij->kcu", space.sigma, fitted, optimize=True)
    flat = kept_of.reshape(len(kept), -1)
    fits = []
    for own in space.sigma:
        loud = (own @ fitted).reshape(len(kept), -1)
        fits.append(np.hstack([flat @ loud.T, flat @ loud.conj().T]))
    gap = np.empty((len(kept), 2 * len(kept), len(share)), dtype=complex)
    for s, (shape, by) in enumerate(zip(kinds.shape, share, strict=True)):
        away = by @ means - mean
        both = np.concatenate([away, away.conj()])
        line = crossed[:, shape] @ by[drawn]
        gap[..., s] = away @ space.sigma[shape] @ both.T + fits[shape]
        gap[..., s] += by[drawn] @ said[shape] @ by[drawn] - line[:, None]
        gap[..., s] -= np.concatenate([line, line.conj()])
    return gap
