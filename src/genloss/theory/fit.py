"""One fit seen from the theory: how it shrinks its labeler and how it spreads label noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.equivalents import EffectivePenalty, solve
from genloss.spectrum import Spectrum
from genloss.theory.moments import inner

Array = npt.NDArray[np.float64]


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

    def shrunk(self, values: Array | float) -> Array | float:
        """``S * values``."""
        return values if self.shrink is None else self.shrink * values

    def spread(self, squared_mean: Array | float, variance: Array | float) -> Array:
        """Variance without label noise, ``S**2 C + q gain``, from the labeler's mean and variance."""
        if self.gap is None:
            return np.asarray(variance)
        q = inner(self.gap, np.asarray(squared_mean + variance))
        return self.shrunk(self.shrunk(variance)) + q * self.gain


def regime(n_samples: float, penalty: float, dim: float) -> str:
    """Which of the formulas of a stage holds."""
    if penalty != 0:  # also one that is yet to be chosen
        return "ridge"
    if n_samples > dim + 1:
        return "least squares"
    if n_samples >= dim:
        return "least squares without a mean"
    return "minimum norm" if n_samples < dim - 1 else "minimum norm without a mean"


def stages(
    directions: Spectrum, n_samples: Array, penalty: Array
) -> tuple[list[Stage], EffectivePenalty]:
    """Stages of all models of a batch of plans, and their effective penalties (plans, models).

    Models with the same rows and penalties share a stage.
    """
    fits = list(zip(penalty.ravel().tolist(), n_samples.ravel().tolist(), strict=True))
    numbers = {fit: number for number, fit in enumerate(dict.fromkeys(fits))}
    where = np.array([numbers[fit] for fit in fits]).reshape(penalty.shape)
    found = solve(directions, *np.array(list(numbers)).T)
    kappa, df1, df2, residual = (column[where] for column in found[:4])
    built: dict[bytes, Stage] = {}
    chain = []
    for model, column in enumerate(where.T):
        key = column.tobytes()
        if key not in built:
            at = slice(model, model + 1)
            built[key] = stage_of(directions, n_samples[:, at], penalty[:, at], kappa[:, at])
        chain.append(built[key])
    return chain, EffectivePenalty(kappa, df1, df2, residual, found.steps)


def stage_of(directions: Spectrum, n: Array, lam: Array, kappa: Array) -> Stage:
    """One fit of every plan of a batch, all of one regime, for columns (n_plans, 1)."""
    s, count, d = directions.eigenvalues, directions.multiplicity, directions.dim
    kind = regime(float(n[0, 0]), float(lam[0, 0]), d)
    if not kappa.any():
        # E (X'X)^-1 = Sigma^-1 / (n - d - 1), infinite for n = d, d + 1 (paper.md 2.1)
        gain = np.full((len(n), s.size), np.inf)
        if kind == "least squares":
            gain = (count / s) / (n - d - 1)
        return Stage(n, None, None, gain, gain, exact=True)
    resolvent = 1 / (s + kappa)
    profile = (s * count) * resolvent**2
    # n - df2 = (n - df1) + (df1 - df2), both without cancellation
    gain = profile / (n * lam / kappa + kappa * profile.sum(axis=1, keepdims=True))
    label_gain, exact = gain, False
    if kind == "minimum norm without a mean":
        label_gain = np.full_like(gain, np.inf)
    elif kind == "minimum norm" and (s == s[0]).all():
        # E tr (XX')^-1 = n / (d - n - 1) for unit variance (paper.md 2.2, 2.4)
        label_gain, exact = n * count / (d * (d - n - 1) * s), True
    return Stage(n, s * resolvent, s * (kappa * resolvent) ** 2, gain, label_gain, exact)
