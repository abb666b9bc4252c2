"""Least squares on stacked rows of several labelers: exact second moments at finite size."""

from __future__ import annotations

import numpy as np

from genloss.predict.moments import Moments, Shares
from genloss.predict.stage import Stage


def stacked_least_squares(
    moments: Moments, stage: Stage, groups: list[tuple[float, Shares, float]], model: int
) -> None:
    """Fit ``model`` by least squares on rows of several labelers.

    The fit is ``sum_s A_s theta_s + noise`` with ``A_s = (X'X)^-1 X_s'X_s``; in whitened
    coordinates ``E A_s M A_u' = x_su M + y_su tr(M) I`` with the constants below.
    """
    d, n = moments.signal.size, stage.n_samples
    rows = [round(size * n) for size, _, _ in groups]
    noise = sum(size * variance for size, _, variance in groups)
    spectrum = moments.spectrum
    mean = sum(size * moments.mean(shares) for size, shares, _ in groups)
    variance = noise * stage.label_gain if noise > 0 else np.zeros(d)
    if n < d + 2:
        variance = np.full(d, np.inf)
    for i, (size_i, one, _) in enumerate(groups if n >= d + 2 else []):
        for j, (size_j, other, _) in enumerate(groups):
            same, spread = _pair(rows[i], rows[j] if j != i else None, n, d)
            means = moments.signal * (moments.mean(one) * moments.mean(other))
            cov = moments.covariance(one, other)
            variance = variance + (same - size_i * size_j) * means + same * cov
            variance = variance + spread * float(np.sum(spectrum * (means + cov))) / spectrum
    bar: dict[int, float] = {}
    for size, shares, _ in groups:
        for number, share in shares.items():
            bar[number] = bar.get(number, 0.0) + size * share
    moments.record(
        model,
        mean,
        variance,
        lambda u: moments.covariance(bar, {u: 1.0}),
        moments.all_exact(bar),
    )


def _pair(rows: int, other: int | None, n: int, d: int) -> tuple[float, float]:
    """Constants of one pair of blocks; pairs of different blocks follow from their union."""
    if other is None:
        return beta_moments(rows, n, d)
    parts = (beta_moments(m, n, d) for m in (rows + other, rows, other))
    (x, y), (x1, y1), (x2, y2) = parts
    return (x - x1 - x2) / 2, (y - y1 - y2) / 2


def beta_moments(rows: int, n: int, d: int) -> tuple[float, float]:
    """Constants x, y of ``E A M A' = x M + y tr(M) I``, A = W^-1 W_1, for Wishart W = W_1 + W_2.

    Notes
    -----
    ``W_1 = L B L'`` with ``W = LL'`` and B matrix-variate beta, independent of W. Its second
    moments ``E B_ij B_kl = a d_ij d_kl + b (d_ik d_jl + d_il d_jk)`` and
    ``E tr(W) tr(W^-1) = d (n d - 2) / (n - d - 1)`` fix the three invariants (tr A)^2, tr A^2 and
    tr AA' of A, hence its second moments. Needs n >= d + 2.
    """
    other = n - rows
    b = rows * other / (n * (n - 1) * (n + 2))
    a = rows * (rows * (n + 1) - 2) / (n * (n - 1) * (n + 2))
    if d == 1:
        return a + 2 * b, 0.0
    length = (a + b) + b * (n * d - 2) / (n - d - 1)
    trace = (a * d + 2 * b - length) / (d - 1)
    p = (length + (a - b) + d * trace) / (d + 2)
    return p + (p - (a - b)), p - trace
