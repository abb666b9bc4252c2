"""A fit to new rows of several sources, forwards and backwards (`theory.md` 2.4).

With labelers ``x_s = sum_k a_sk theta_k``, less the model b that the penalty pulls to if there is one, and
``pull_s = n_s omega_s e_s S_s q``,

    mean = b + sum_s pull_s x_s ,   tau**2 = (I - T diag v)**-1 (noise**2 + <S_s, E (x_s - mean + b)**2>) ,
    variance = var(mean) + sum_s v_s tau_s**2 S_s q**2 ,   v = n (omega e)**2 ,   T_su = tr S_s q**2 S_u .

Backwards the fixed point of e is linear: its slopes are handed on by one solve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.tape import Tape, pair
from genloss.theory.weighted import Constant, Rows, resolvent

Array = npt.NDArray[np.float64]

_STEP = 1e-30  # of a number, where nothing is subtracted


class Weighted:
    """One fit.

    Parameters
    ----------
    model : int
    rows : Rows
        Covariances, numbers and weights of its sources.
    noise : ndarray of shape (S,)
        Variance of each source's label noise.
    labelers : sequence of int
    shares : ndarray of shape (S, k)
        Coefficients of the labelers in each source's labels, less the base.
    penalty : float
    base : int or None
    along : sequence of int
        Models that label later ones, as this one does.
    kappa : float, optional
        The effective penalty, where all rows have one covariance and weight.
    constant : bool, default False
        Whether the last direction is one, whose error is that of the mean row.
    """

    def __init__(
        self,
        model: int,
        rows: Rows,
        noise: Array,
        labelers: Sequence[int],
        shares: Array,
        penalty: float,
        base: int | None,
        along: Sequence[int],
        kappa: float | None = None,
        constant: bool = False,
    ) -> None:
        self.model, self.rows, self.labelers, self.shares = model, rows, labelers, shares
        self.penalty, self.base, self.along = penalty, base, along
        S, count, n, weight = rows
        self.n, self.weight = n, weight
        total = float(n.sum())
        self.least_squares = penalty == 0 and total > count.sum()
        if kappa:  # of rows of one kind, where e is 1 / (n omega kappa)
            self.e, self.q = 1 / (total * weight * kappa), kappa / (kappa + S[0])
        else:
            self.e, self.q = resolvent(S, count, n, weight, total * penalty)
        self.by_source = (n * weight * self.e)[:, None] * S * self.q
        self.about = Constant.of(n * weight * self.e, n) if constant else None
        if self.about is not None:
            self.by_source[:, -1] = self.about.heard
        self.pull = shares.T @ self.by_source
        self.away = shares[:, :, None] - self.pull
        self.T = (S * self.q * count) @ (S * self.q).T
        self.v = n * (weight * self.e) ** 2
        self.gain = S * self.q**2 * count
        if self.about is not None:
            self.gain[:, -1] = self.about.gain() / (self.v * S[:, -1])
        # how far labelers' constants are from the model's, squared, and what that adds to the errors of the rows
        self.off, self.contrast = 0 * n, 0 * n
        self.noise = noise
        self.system = np.eye(len(n)) - self.T * self.v
        self.tau = np.zeros(len(n))

    def forward(self, tape: Tape) -> None:
        """Add the model to the tape."""
        filters, spread, second = self._labelers(tape)
        self.tau = self._errors(second)
        pull = self._whole()
        tape.filters[self.model] = (pull * filters).sum(axis=0)
        variance = (pull * np.einsum("kli,li->ki", spread, pull)).sum(axis=0) + (
            self.v * self.tau
        ) @ self.gain
        if self.about is not None:
            variance[-1] -= self.about.own @ self.contrast / self.rows.sigma[0, -1]
        tape.covariance[self.model, self.model] = variance
        for u in self.along:
            each = np.array([tape.spread(k, u) for k in self.labelers])
            tape.covariance[pair(u, self.model)] = (pull * each).sum(axis=0)

    def _errors(self, second: Array) -> Array:
        """Squared errors on new rows of every source, tau**2."""
        missed = np.einsum("kli,sli->ski", second, self.away)
        gaps = (self.away * missed).sum(axis=1) * self.rows.sigma
        if self.about is not None:
            self.off = gaps[:, -1].copy()
            gaps[:, -1] = self.contrast = self.about.added(self.off)
        gap = gaps.sum(axis=1)
        return np.asarray(np.linalg.solve(self.system, self.noise + gap))

    def said(self, tape: Tape) -> Array:
        """Second moments (k, k, p) of the labelers."""
        return self._labelers(tape)[2]

    def _labelers(self, tape: Tape) -> tuple[Array, Array, Array]:
        """Filters (k, p), covariances and second moments (k, k, p) of the labelers."""
        filters = np.array([tape.filters[k] for k in self.labelers])
        spread = np.array([[tape.spread(k, l) for l in self.labelers] for k in self.labelers])
        return filters, spread, tape.directions.energy * filters[:, None] * filters + spread

    def _whole(self) -> Array:
        """What the mean takes of every labeler, with all of the base."""
        own = np.array([1.0 if k == self.base else 0.0 for k in self.labelers])
        return self.pull + own[:, None]

    def backward(self, tape: Tape) -> Slopes:
        """Hand slopes on to the labelers."""
        return self._back(tape, *tape.asked(self.model, self.along), np.zeros_like(self.n))

    def back_from_left_out(self, tape: Tape, times: float) -> Slopes:
        """The same from the leave-one-out error that chooses penalties, ``n omega @ tau**2``, some times."""
        self.tau, loud = self._errors(self.said(tape)), times * self.n * self.weight
        found = self._back(tape, tape.nothing, tape.nothing, {}, loud)
        n, weight = times * self.weight * self.tau, times * self.n * self.tau
        return found._replace(n=found.n + n, weight=found.weight + weight)

    def _back(
        self,
        tape: Tape,
        of_filter: Array,
        of_variance: Array,
        of_along: dict[int, Array],
        of_tau: Array,
    ) -> Slopes:
        S, count, n, weight = self.rows
        e, q, T, v, tau, away = self.e, self.q, self.T, self.v, self.tau, self.away
        filters, spread, second = self._labelers(tape)
        pull = self._whole()

        # errors of the rows
        by_gain = self.gain @ of_variance
        of_noise = np.asarray(np.linalg.solve(self.system.T, v * by_gain + of_tau))
        of_T = np.outer(of_noise, v * tau)
        loud = of_variance * ((v * tau) @ S)
        heard = of_noise[:, None] * S
        if (about := self.about) is not None:
            by_constant, loud[-1] = of_variance[-1] / S[0, -1], 0.0
            by_gain = by_gain - self.gain[:, -1] * of_variance[-1]
            of_added = of_noise - about.own * by_constant
            heard[:, -1] = about.loud * (of_added - about.part * of_added.sum()) * S[:, -1]
        of_v = tau * (by_gain + of_noise @ T)
        of_q = 2 * q * count * (loud + ((of_T.T @ S) * S).sum(axis=0))
        of_away = 2 * heard[:, None] * np.einsum("kli,sli->ski", second, away)
        of_second = np.einsum("ski,sli->kli", heard[:, None] * away, away)

        # moments
        of_pull = of_filter * filters + 2 * of_variance * np.einsum("li,kli->ki", pull, spread)
        of_spread = of_variance * pull[:, None] * pull
        for u, slope in of_along.items():
            of_pull += slope * np.array([tape.spread(k, u) for k in self.labelers])
            for k, own in zip(self.labelers, pull, strict=True):
                tape.add_spread(k, u, slope * own)
        by_mean = tape.directions.energy * of_second
        of_filters = of_filter * pull + 2 * (by_mean * filters).sum(axis=1)
        for i, k in enumerate(self.labelers):
            tape.add_filter(k, of_filters[i])
            for j, l in enumerate(self.labelers):
                tape.add_spread(k, l, of_spread[i, j] + of_second[i, j])

        # who is pulled to how much
        of_pull -= of_away.sum(axis=0)
        of_shares = of_away.sum(axis=2) + self.by_source @ of_pull.T
        of_source = self.shares @ of_pull
        strength = n * weight * e
        of_heard = of_source[:, -1].copy()
        if about is not None:
            of_source[:, -1] = 0.0
        of_strength = (of_source * S) @ q
        of_q += ((strength[:, None] * S) * of_source).sum(axis=0)
        of_strength -= S @ (of_q * q**2)
        of_rows = 0 * n
        if about is not None:
            whole = float(of_added.sum())
            slopes = Constant(
                of_heard,
                self.off * (of_added - about.part * whole),
                -about.loud * self.off * whole - about.own.sum() * tau * by_constant,
                (tau - about.part @ tau - self.contrast) * by_constant,
            )
            moved, of_rows = _along_constant(strength, n, slopes)
            of_strength = of_strength + moved

        # the fixed point 1 / e = alpha + weight rho, rho = tr S q
        found = implicit(self, S @ (count * q), of_v, of_strength)
        return found._replace(n=found.n + of_rows, noise=of_noise, shares=of_shares)


def _along_constant(strength: Array, n: Array, slopes: Constant) -> tuple[Array, Array]:
    """Slopes in ``n omega e`` and in rows, from those in what a constant hears: by steps along the imaginary axis."""
    found = np.empty((2, n.size))
    for place, one in enumerate(np.eye(n.size)):
        for which, ends in enumerate(((one, 0 * one), (0 * one, one))):
            at = (
                given + 1j * _STEP * given * end
                for given, end in zip((strength, n), ends, strict=True)
            )
            moved = sum(
                float(s @ part.imag) for s, part in zip(slopes, Constant.of(*at), strict=True)
            )
            found[which, place] = moved / (_STEP * (strength, n)[which][place])
    return found[0], found[1]


class Resolved(Protocol):
    """Scalars of a fit: rows and weights of sources, e, T and the penalty."""

    n: Array
    weight: Array
    e: Array
    T: Array
    penalty: float
    least_squares: bool


def implicit(fit: Resolved, rho: Array, of_v: Array, of_strength: Array) -> Slopes:
    """Slopes in rows, weights and the penalty, from those in v and in ``n omega e``; others are empty."""
    n, weight, e, T = fit.n, fit.weight, fit.e, fit.T
    of_e = 2 * n * weight**2 * e * of_v + of_strength * n * weight
    jacobian = weight[:, None] * T * (n * weight)
    jacobian[np.diag_indices_from(jacobian)] -= 1 / e**2
    by_e = -np.linalg.solve(jacobian.T, of_e)
    of_strength = of_strength + (by_e * weight) @ T
    of_n = of_v * (weight * e) ** 2 + of_strength * weight * e
    of_weight = 2 * n * weight * e**2 * of_v + of_strength * n * e - by_e * rho
    of_alpha = 0.0 if fit.least_squares else -float(by_e.sum())
    of_penalty = np.nan if fit.least_squares else of_alpha * float(n.sum())
    none = np.empty(0)
    return Slopes(of_n + of_alpha * fit.penalty, of_weight, none, none, of_penalty)
