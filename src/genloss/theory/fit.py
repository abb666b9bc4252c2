"""One fit seen from the theory: how it shrinks its labeler and how it spreads label noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from genloss.equivalents import EffectivePenalty, solve
from genloss.spectrum import Spectrum
from genloss.theory.moments import inner

Array = npt.NDArray[np.float64]

_CELLS = 12_000  # entries of an array of stages, small enough that its memory comes back


@dataclass(frozen=True)
class Stage:
    """Ridge regression on ``n_samples`` fresh rows, per eigenvalue (`theory.md` 2.2).

    The fitted model is, in law, ``shrink * theta + noise`` with variance ``q * gain`` along each
    eigenvalue's directions together, where ``q = gap @ E[theta**2] + label_noise**2``. All arrays
    have one row per plan; the plans of one batch are of one regime (`regime`).

    Attributes
    ----------
    n_samples : ndarray of shape (n_plans, 1)
    shrink : ndarray of shape (n_plans, p), or None
        ``S = s / (s + kappa)``; None for the identity (least squares).
    gap : ndarray of shape (n_plans, p), or None
        ``kappa**2 s / (s + kappa)**2``: what shrinking adds to the error; None for zero.
    gain : ndarray of shape (n_plans, p)
        ``s / (s + kappa)**2 / (n_samples - df2)`` times the number of directions.
    label_gain : ndarray of shape (n_plans, p)
        The same for label noise: equal to ``gain`` but exact where an exact law is known, and
        infinite where the mean does not exist.
    exact : bool
        Whether first and second moments are exact at finite size (for one labeler).
    """

    n_samples: Array
    shrink: Array | None
    gap: Array | None
    gain: Array
    label_gain: Array
    exact: bool

    def of(self, plan: int) -> Stage:
        """The stage of one plan of the batch."""
        one = slice(plan, plan + 1)
        gain = self.gain[one]
        return Stage(
            n_samples=self.n_samples[one],
            shrink=None if self.shrink is None else self.shrink[one],
            gap=None if self.gap is None else self.gap[one],
            gain=gain,
            label_gain=gain if self.label_gain is self.gain else self.label_gain[one],
            exact=self.exact,
        )

    def shrunk(self, values: Array | float) -> Array | float:
        """``S * values``."""
        return values if self.shrink is None else self.shrink * values

    def spread(
        self, squared_mean: Array | float, variance: Array | float, noise: Array | float = 0.0
    ) -> Array:
        """Variance ``S**2 C + (q + noise) gain``, from the labeler's mean and variance and the labels' noise."""
        if self.gap is None:
            return np.asarray(variance + noise * self.label_gain if np.any(noise) else variance)
        q = inner(self.gap, np.asarray(squared_mean + variance))
        kept = self.shrunk(self.shrunk(variance))
        if self.label_gain is self.gain:
            return kept + (q + noise) * self.gain
        return kept + q * self.gain + (noise * self.label_gain if np.any(noise) else 0.0)


def regime(n_samples: float, penalty: float, dim: float) -> str:
    """Which of the formulas of a stage holds."""
    if penalty != 0:  # also one that is yet to be chosen
        return "ridge"
    if n_samples > dim + 1:
        return "least squares"
    if n_samples >= dim:
        return "least squares without a mean"
    return "minimum norm" if n_samples < dim - 1 else "minimum norm without a mean"


class Stages(Sequence[Stage]):
    """The stages of all models of a batch, each built when it is asked for, and not kept.

    A long chain would else fill the memory with arrays that are looked at once.
    """

    def __init__(
        self, directions: Spectrum, n_samples: Array, penalty: Array, kappa: Array
    ) -> None:
        self._directions = directions
        self._fits = np.array([n_samples, penalty, kappa]).swapaxes(1, 2)
        self._block: tuple[int, list[Stage]] | None = None

    def __len__(self) -> int:
        return self._fits.shape[1]

    @overload
    def __getitem__(self, model: int) -> Stage: ...
    @overload
    def __getitem__(self, model: slice) -> list[Stage]: ...
    def __getitem__(self, model: int | slice) -> Stage | list[Stage]:
        if isinstance(model, slice):
            return [self[each] for each in range(*model.indices(len(self)))]
        model = range(len(self))[model]
        block = self._block
        if block is None or not 0 <= model - block[0] < len(block[1]):
            block = self._block = model, self._built(model)
        return block[1][model - block[0]]

    def _built(self, first: int) -> list[Stage]:
        """Some stages from ``first`` on: those of one plan together, as many as the cache holds."""
        fits = self._fits[:, first : first + max(1, _CELLS // self._directions.eigenvalues.size)]
        n, lam, kappa = fits[..., 0]
        if fits.shape[2] > 1 or not ((lam != 0) & (kappa > 0)).all() or np.isnan(lam).any():
            return [stage_of(self._directions, *fits[:, 0][..., None])]
        if (fits[:, :, 0] == fits[:, :1, 0]).all():
            return [stage_of(self._directions, *fits[:, 0][..., None])] * len(n)
        if self._directions.constant and (n == 1).any():  # a fit of another kind
            return [stage_of(self._directions, *fits[:, 0][..., None])]
        whole = stage_of(self._directions, *fits)
        return [whole.of(model) for model in range(len(n))]

    def retune(self, model: int, penalty: Array, kappa: Array) -> None:
        """Put in the penalty (n_plans,) that a fit has chosen."""
        self._fits[1:, model] = penalty, kappa
        self._block = None


def stages(
    directions: Spectrum, n_samples: Array, penalty: Array
) -> tuple[Stages, EffectivePenalty]:
    """Stages of all models of a batch of plans, and their effective penalties (plans, models)."""
    n, lam = n_samples.ravel(), penalty.ravel()
    other = np.ones(n.size, dtype=bool)  # than the fit before
    other[1:] = (lam[1:] != lam[:-1]) | (n[1:] != n[:-1])
    where = other.cumsum().reshape(penalty.shape) - 1
    found = solve(directions, lam[other], n[other])
    kappa, df1, df2, residual = (column[where] for column in found[:4])
    if directions.constant:
        kappa = np.where(n_samples == 1, np.inf, kappa)
    chain = Stages(directions, n_samples, penalty, kappa)
    return chain, EffectivePenalty(kappa, df1, df2, residual, found.steps)


def filling(directions: Spectrum, n_samples: Array, effective: EffectivePenalty) -> Array:
    """Share of the rows that df2 takes, zero for least squares; a constant has a row to itself."""
    constant = int(directions.constant)
    shares = (effective.df2 - constant) / np.maximum(n_samples - constant, 1)
    return np.where(effective.kappa > 0, shares, 0.0)


def stage_of(directions: Spectrum, n: Array, lam: Array, kappa: Array) -> Stage:
    """One fit of every plan of a batch, all of one regime, for columns (n_plans, 1)."""
    s, count, d = directions.eigenvalues, directions.multiplicity, directions.dim
    if directions.constant and (n == 1).all():
        return _of_one_row(directions, n)
    kind = regime(float(n[0, 0]), float(lam[0, 0]), d)
    if not kappa.any():
        # E (X'X)^-1 = Sigma^-1 / (n - d - 1), infinite for n = d, d + 1 (paper.md 2.1)
        gain = np.full((len(n), s.size), np.inf)
        if kind == "least squares":
            gain = (count / s) / (n - d - 1)
            if directions.constant:  # |1|^2 is n, and not chi square (2.9)
                gain[:, -1] *= 1 - 2 / n[:, 0]
        return Stage(n, None, None, gain, gain, exact=True)
    resolvent = s + kappa
    np.divide(1.0, resolvent, out=resolvent)
    shrink = s * resolvent
    gain = shrink * resolvent
    gain *= count
    # n - df2 = (n - df1) + (df1 - df2), both without cancellation
    gain /= n * lam / kappa + kappa * gain.sum(axis=1, keepdims=True)
    if directions.constant:  # n - 1 rows apart from their mean, and the mean's error over n (2.9)
        shrink[:, -1] = 1.0
        gain[:, -1] *= 1 - 1 / n[:, 0]
    label_gain, exact = gain, False
    if kind == "minimum norm without a mean":
        label_gain = np.full_like(gain, np.inf)
    elif kind == "minimum norm" and (inputs := directions.inputs).min() == inputs.max():
        label_gain, exact = _of_isotropic(directions, n), True
    resolvent *= kappa
    resolvent *= resolvent
    resolvent *= s
    if directions.constant:
        resolvent[:, -1] = 0.0
    return Stage(n, shrink, resolvent, gain, label_gain, exact)


def _of_isotropic(directions: Spectrum, n: Array) -> Array:
    """What label noise adds to fits of minimum norm on alike directions, a constant apart from these."""
    count, d, s = directions.multiplicity, directions.dim, directions.eigenvalues
    # E tr (XX')^-1 = n / (d - n - 1) for unit variance (paper.md 2.2, 2.4)
    if not directions.constant:
        return np.asarray(n * count / (d * (d - n - 1) * s))
    apart, inputs = n - 1, d - 1
    gain = apart * count / (inputs * (inputs - apart - 1) * s)
    gain[:, -1] = (1 + gain[:, :-1] @ directions.inputs) / (n[:, 0] * s[-1])
    return np.asarray(gain)


def _of_one_row(directions: Spectrum, n: Array) -> Stage:
    """A fit to one row that knows a constant: it is that row's label, whatever the penalty (2.9)."""
    s = directions.eigenvalues
    shrink, gain = np.zeros((2, len(n), s.size))
    shrink[:, -1], gain[:, -1] = 1.0, 1 / s[-1]
    return Stage(n, shrink, (1 - shrink) * s, gain, gain, exact=True)
