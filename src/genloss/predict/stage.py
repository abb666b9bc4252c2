"""One fit seen from the theory: how it shrinks its labeler and how it spreads label noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.equivalents import solve

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Stage:
    """Ridge regression on ``n_samples`` fresh rows, per eigen-direction (`theory.md` 2.2).

    The fitted model is, in law, ``shrink * theta + noise`` with variance ``q * gain`` along each
    direction, where ``q = gap @ E[theta**2] + label_noise**2``.

    Attributes
    ----------
    shrink : ndarray of shape (p,), or None
        ``S = s / (s + kappa)``; None for the identity (least squares).
    gap : ndarray of shape (p,), or None
        ``kappa**2 s / (s + kappa)**2``: what shrinking adds to the error; None for zero.
    gain : ndarray of shape (p,)
        ``s / (s + kappa)**2 / (n_samples - df2)``.
    label_gain : ndarray of shape (p,)
        The same for label noise: equal to ``gain`` but exact where an exact law is known, and
        infinite where the mean does not exist.
    exact : bool
        Whether first and second moments are exact at finite size (for one labeler).
    """

    n_samples: int
    penalty: float
    kappa: float
    df1: float
    df2: float
    shrink: Array | None
    gap: Array | None
    gain: Array
    label_gain: Array
    exact: bool

    def shrunk(self, values: Array | float) -> Array | float:
        """``S * values``."""
        return values if self.shrink is None else self.shrink * values


def stages(spectrum: Array, n_samples: Sequence[int], penalty: Sequence[float]) -> list[Stage]:
    """Stages of all generations; equal generations share one."""
    pairs = list(zip(n_samples, penalty, strict=True))
    different = list(dict.fromkeys(pairs))
    found = solve(
        spectrum,
        np.array([lam for _, lam in different], dtype=np.float64),
        np.array([n for n, _ in different], dtype=np.float64),
    )
    isotropic = bool((spectrum == spectrum[0]).all())
    built = {
        pair: _stage(spectrum, isotropic, *pair, *(float(column[i]) for column in found[:3]))
        for i, pair in enumerate(different)
    }
    return [built[pair] for pair in pairs]


def _stage(
    s: Array, isotropic: bool, n: int, lam: float, kappa: float, df1: float, df2: float
) -> Stage:
    d = s.size
    if kappa == 0:
        # E (X'X)^-1 = Sigma^-1 / (n - d - 1), infinite for n = d, d + 1 (paper.md 2.1)
        left = n - d - 1
        gain = 1 / (s * left) if left > 0 else np.full(d, np.inf)
        return Stage(n, lam, kappa, df1, df2, None, None, gain, gain, exact=True)
    resolvent = 1 / (s + kappa)
    profile = s * resolvent**2
    # n - df2 = (n - df1) + (df1 - df2), both without cancellation
    gain = profile / (n * lam / kappa + kappa * profile.sum())
    label_gain, exact = gain, False
    if lam == 0 and n == d - 1:
        label_gain = np.full(d, np.inf)
    elif lam == 0 and isotropic:
        # E tr (XX')^-1 = n / (d - n - 1) for unit variance (paper.md 2.2, 2.4)
        label_gain, exact = n / (d * (d - n - 1) * s), True
    return Stage(
        n,
        lam,
        kappa,
        df1,
        df2,
        s * resolvent,
        s * (kappa * resolvent) ** 2,
        gain,
        label_gain,
        exact,
    )
