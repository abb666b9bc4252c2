"""What a sample of rows tells without bias, penalty by penalty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.estimate.decomposition import Decomposition
from genloss.estimate.leave_one_out import residuals

Array = npt.NDArray[np.float64]

PER_DECADE = 5
_EXACT = 1e-12  # share of the target's variance below which an error is rounding


@dataclass(frozen=True, eq=False)
class Freedom:
    """Degrees of freedom of ridge with a free intercept on some rows, at every penalty.

    Attributes
    ----------
    rows : int
        Rows k.
    penalty, kappa : ndarray of shape (q,)
        Penalty and the population's effective penalty, ``k penalty / (k - 1 - df1)``; the intercept
        takes one row.
    df1, rest : ndarray of shape (q,)
        Degrees of freedom, and what is missing from them to the rank.
    """

    rows: int
    penalty: Array
    kappa: Array
    df1: Array
    rest: Array

    @classmethod
    def of(cls, values: Array, rows: int, penalty: Array) -> Freedom:
        """From the eigenvalues of the centred ``X'X`` or Gram matrix."""
        apart = rows * penalty[:, None] / (values + rows * penalty[:, None])
        rest = apart.sum(axis=1)
        # the difference as a sum of what every direction leaves
        free = (rows - 1 - values.size) + rest
        return cls(rows, penalty, rows * penalty / free, (1 - apart).sum(axis=1), rest)


@dataclass(frozen=True, eq=False)
class Reading:
    """What samples of about k rows say on average.

    Attributes
    ----------
    rows : int
        Rows k.
    penalty, kappa : ndarray of shape (q,)
        As in `Freedom`.
    loo : ndarray of shape (q,)
        Mean squared leave-one-out error of ridge with a free intercept.
    """

    rows: int
    penalty: Array
    kappa: Array
    loo: Array


def read(parts: Sequence[tuple[Decomposition, Array]], penalty: Array) -> Reading:
    """Read parts of a sample with their targets (k,), none of which need vary by itself.

    The errors of the parts are averaged before anything divides by them: where a few rows hold all that
    the target does, one part may be without.
    """
    k, errors, kappas = parts[0][1].size, [], []
    for rows, y in parts:
        centred = (y - y.mean())[:, None]
        held_out = residuals(rows, centred, penalty, np.full(y.size, 1 / y.size))[..., 0]
        errors.append(np.mean(held_out**2, axis=1) * (y.size - 1) / y.size)
        kappas.append(np.log(Freedom.of(rows.values, y.size, penalty).kappa))
    variance = float(np.mean([y.var() for _, y in parts]))
    loo = np.maximum(np.mean(errors, axis=0), _EXACT * variance)
    return Reading(k, penalty, np.exp(np.mean(kappas, axis=0)), loo)


def penalties(low: float, high: float) -> Array:
    """Penalties from ``low`` to ``high``, a few in every decade."""
    return np.geomspace(low, high, max(2, round(PER_DECADE * np.log10(high / low)) + 1))
