"""Least squares on stacked rows of several labelers: exact second moments at finite size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.theory.fit import Stage
from genloss.theory.labelers import Group, average
from genloss.theory.moments import Moments, inner

Array = npt.NDArray[np.float64]


def stacked_least_squares(
    moments: Moments, stage: Stage, members: Sequence[Group], model: int
) -> None:
    """Fit ``model`` by least squares on rows of several labelers, at least dim + 2 in all.

    The fit is ``sum_s A_s theta_s + noise`` with ``A_s = (X'X)^-1 X_s'X_s``; in whitened
    coordinates ``E A_s M A_u' = x_su M + y_su tr(M) I`` with the constants below.
    """
    d, n, spectrum = moments.directions.dim, stage.n_samples, moments.spectrum
    whole = average(members)
    variance = whole.variance * stage.label_gain if whole.noisy else np.zeros(moments.shape)
    constants = pair_constants(members, n, d)
    for i, (rows, one, _) in enumerate(members):
        for j, (others, other, _) in enumerate(members):
            same, spread = constants[0][i][j], constants[1][i][j]
            means = moments.signal * (moments.mean(one) * moments.mean(other))
            covariance = moments.covariance(one, other)
            # x times the second moment, less the square of the mean fit
            variance = variance + (same - rows * others / n**2) * means + same * covariance
            total = inner(spectrum, means + covariance)
            variance = variance + spread * total * (moments.directions.multiplicity / spectrum)
    moments.record(
        model,
        moments.mean(whole.labeler),
        variance,
        lambda u: moments.covariance(whole.labeler, {u: 1.0}),
        moments.all_exact(whole.labeler),
    )


def pair_constants(
    members: Sequence[Group], n: Array, d: float
) -> tuple[list[list[Array]], list[list[Array]]]:
    """Constants x and y of every pair of blocks, in two square lists."""
    rows = [group.rows for group in members]
    pairs = [
        [_pair(one, None if j == i else other, n, d) for j, other in enumerate(rows)]
        for i, one in enumerate(rows)
    ]
    return [[x for x, _ in row] for row in pairs], [[y for _, y in row] for row in pairs]


def _pair(rows: Array, other: Array | None, n: Array, d: float) -> tuple[Array, Array]:
    """Constants of one pair of blocks; pairs of different blocks follow from their union."""
    if other is None:
        return beta_moments(rows, n, d)
    parts = (beta_moments(m, n, d) for m in (rows + other, rows, other))
    (x, y), (x1, y1), (x2, y2) = parts
    return (x - x1 - x2) / 2, (y - y1 - y2) / 2


def beta_moments(rows: Array, n: Array, d: float) -> tuple[Array, Array]:
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
        return a + 2 * b, 0 * a
    length = (a + b) + b * (n * d - 2) / (n - d - 1)
    trace = (a * d + 2 * b - length) / (d - 1)
    p = (length + (a - b) + d * trace) / (d + 2)
    return p + (p - (a - b)), p - trace
