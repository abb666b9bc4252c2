"""One filtered fit on new rows of several weights, covariances or lengths (`filters.md`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.filters import constant
from genloss.theory.filters.along import Along
from genloss.theory.filters.contour import ROOM
from genloss.theory.filters.fresh import not_spectral
from genloss.theory.filters.kinds import Array, Complex, Kinds, Space
from genloss.theory.filters.nodes import Nodes
from genloss.theory.filters.pairs import Pairs
from genloss.theory.fresh import diverge
from genloss.theory.labelers import Group, average
from genloss.theory.moments import Moments, Shares


def ridges(
    step: Step, kinds: Kinds, space: Space, inputs: Space | None = None
) -> tuple[Pairs, Complex]:
    """The filter of a step on its rows, as a sum of ridge fits with these coefficients.

    ``inputs`` are the space but for its last direction, where that is a constant.

    Raises
    ------
    InvalidInputError
        If the steps of the filter would explode.
    NoTheoryError
        If it is no sum of few ridge fits.
    """
    filter_ = step.filter
    assert filter_ is not None
    if not filter_.spectral:
        raise not_spectral(filter_)
    seen = space if inputs is None else inputs
    edge = kinds.upper_edge(seen)
    filter_.check(edge, kinds.trace(seen), step.penalty)

    def values(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.asarray(filter_.shrink(x, step.penalty))

    nodes = Nodes.around(ROOM * edge, values, filter_.pole(step.penalty))
    coefficients = nodes.of(values(nodes.x))
    if inputs is not None:
        nodes, coefficients = constant.outside(nodes, coefficients, edge)
    return Pairs(kinds, space, nodes), coefficients


@dataclass(frozen=True, eq=False)
class Sources:
    """A spectral filter on new rows, all along the problem's directions."""

    pairs: Pairs
    coefficients: Complex
    space: Along
    lost: float | None = None
    """Of the constant's variance, where there is one, as rows apart from their mean are fewer."""
    _known: dict[bytes, Complex] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, step: Step, directions: Spectrum, tails: Sequence[float] = ()) -> Sources:
        """The filter of a step on its rows, whoever labels them."""
        kinds = Kinds.of(step, tails)
        if not directions.constant:
            space = Along.of(kinds, directions)
            return cls(*ridges(step, kinds, space), space)
        kinds = constant.unlike(kinds, directions.eigenvalues)
        space = Along.of(kinds, directions)
        inputs = Along(space.sigma[:, :-1], space.multiplicity[:-1])
        return cls(*ridges(step, kinds, space, inputs), space, constant.lost(kinds))

    def fit(
        self, moments: Moments, step: Step, members: Sequence[Group]
    ) -> tuple[list[tuple[Shares, Array]], Array] | None:
        """Fit the model of a step: what it takes of whom, and its variance beside that; None without mean error."""
        kinds, model = self.pairs.kinds, step.model
        thetas = [step.blocks[b].shares for b in kinds.source]
        if any(moments.diverges(theta) for theta in thetas):
            diverge(moments, moments.mean(average(members).labeler), model)
            return None
        labelers = [theta for i, theta in enumerate(thetas) if theta not in thetas[:i]]
        by = np.array([[theta == one for one in labelers] for theta in thetas], dtype=float)
        noise = np.array([step.blocks[b].noise ** 2 for b in kinds.source])
        spread = np.array(
            [[moments.whole(moments.covariance(a, b))[0] for b in labelers] for a in labelers]
        )
        means = np.array([moments.whole(moments.mean(theta))[0] for theta in labelers])
        second = moments.signal * means[:, None] * means + spread
        pull, own = self.law(by, noise, second)
        told = np.einsum("ui,vi,uvi->i", pull, pull, spread)
        moments.record(
            model,
            (pull * means).sum(axis=0)[None],
            (told + own)[None],
            lambda u: sum(
                p * moments.covariance(theta, {u: 1.0})
                for p, theta in zip(pull, labelers, strict=True)
            ),
            exact=False,
        )
        return list(zip(labelers, pull, strict=True)), own

    def law(self, by: Array, noise: Array, second: Array) -> tuple[Array, Array]:
        """What the model takes of fields (T, p) of second moments (T, T, p), and its own variance (p,).

        Rows of a kind are labelled by ``by`` (S, T) times the fields, with noise of variances (S,).
        """
        kept = self.kept(by)
        pull = 2 * np.tensordot(self.coefficients, kept[: self.pairs.size], 1).real
        gap = self._gap(kept, by, second)
        own = self.pairs.variance(self.coefficients, self.coefficients, noise, gap)
        if self.lost is not None:
            pull[:, -1] /= pull[:, -1].sum()
            own[-1] *= 1 - self.lost
        return pull, own

    def kept(self, by: Array) -> Complex:
        """What ridge fits of the penalties of the nodes keep of the fields, (2k, T, p)."""
        key = by.tobytes()
        if key not in self._known:  # generations that are alike have one
            self._known.clear()
            self._known[key] = (self.pairs.strength(by) @ self.space.sigma) * self.pairs.q[:, None]
        return self._known[key]

    def _gap(self, kept: Complex, by: Array, second: Array) -> Complex:
        """``E (theta_s - w_k)' Sigma_s (theta_s - w_l)`` of fits to other rows, but for their own variance."""
        shape, sigma, half = self.pairs.kinds.shape, self.space.sigma, self.pairs.size
        parts = np.concatenate([kept[:half].real, kept[:half].imag])  # real products are cheaper
        fitted = np.einsum("tup,kup->ktp", second, parts)  # E theta_t w_k
        said = np.einsum("st,stu,su->s", by, np.moveaxis(second @ sigma.T, -1, 0)[shape], by)
        line = ((fitted @ sigma.T)[..., shape] * by.T).sum(axis=1)
        crossed = line[:half] + 1j * line[half:]
        flat = parts.reshape(2 * half, -1)
        fits = np.array([flat @ (own * fitted).reshape(2 * half, -1).T for own in sigma])
        loud, other = fits[:, :half, :half], fits[:, half:, half:]
        turned, back = fits[:, :half, half:], fits[:, half:, :half]
        same, mirrored = loud - other + 1j * (turned + back), loud + other + 1j * (back - turned)
        both = np.moveaxis(np.concatenate([same, mirrored], axis=2), 0, -1)[..., shape]
        away = np.concatenate([crossed, crossed.conj()])
        return np.asarray(said - crossed[:, None] - away + both)
