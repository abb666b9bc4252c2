"""What a sample of rows tells without bias, penalty by penalty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.estimate.decomposition import Decomposition
from genloss.estimate.leave_one_out import residuals
from genloss.estimate.row_weights import balance

Array = npt.NDArray[np.float64]

PER_DECADE = 5
_EXACT = 1e-12  # share of the target's variance below which an error is rounding


@dataclass(frozen=True, eq=False)
class Freedom:
    """Degrees of freedom of ridge with a free intercept on some rows, at every penalty.

    Attributes
    ----------
    rows : float
        Rows k.
    penalty, kappa : ndarray of shape (q,)
        Penalty and the population's effective penalty, ``k penalty / (k - 1 - df1)`` for rows of equal
        weight; the intercept takes one row.
    df1, rest : ndarray of shape (q,)
        Degrees of freedom, and what is missing from them to the rank.
    kept, each : ndarray of shape (q,)
        What relates leave-one-out errors to bias and noise (`row_weights.balance`).
    """

    rows: float
    penalty: Array
    kappa: Array
    df1: Array
    rest: Array
    kept: Array
    each: Array

    @classmethod
    def of(
        cls, values: Array, rows: float, penalty: Array, weights: Array | None = None
    ) -> Freedom:
        """From the eigenvalues of the centred ``X'X`` or Gram matrix; weights have mean one."""
        apart = rows * penalty[:, None] / (values + rows * penalty[:, None])
        rest = apart.sum(axis=1)
        # the difference as a sum of what every direction leaves
        free, kept, each = balance(weights, rows, (rows - 1 - values.size) + rest)
        df1 = (1 - apart).sum(axis=1)
        return cls(rows, penalty, rows * penalty / free, df1, rest, kept, each)


@dataclass(frozen=True, eq=False)
class Reading:
    """What samples of about k rows say on average.

    Attributes
    ----------
    rows : int
        Rows k.
    kappa, kept, each : ndarray of shape (q,)
        As in `Freedom`.
    loo : ndarray of shape (q,)
        Mean squared leave-one-out error of ridge with a free intercept.
    """

    rows: int
    kappa: Array
    kept: Array
    each: Array
    loo: Array


Part = tuple[Decomposition, Array, Array | None]
"""Some rows, their targets (k,) and weights (k,) of mean one."""


def read(parts: Sequence[Part], penalty: Array) -> Reading:
    """Read parts of a sample, none of whose targets need vary by itself.

    The errors of the parts are averaged before anything divides by them: where a few rows hold all that
    the target does, one part may be without.
    """
    errors, variances, freedoms = [], [], []
    for rows, y, weights in parts:
        counted = np.ones(y.size) if weights is None else weights
        offset = float(np.average(y, weights=weights))
        centred = (np.sqrt(counted) * (y - offset))[:, None]
        held_out = residuals(rows, centred, penalty, counted / y.size)[..., 0]
        # weighted squares, in which the root that scales the rows is there already
        errors.append(np.mean(held_out**2, axis=1))
        variances.append(np.average((y - offset) ** 2, weights=weights))
        found = Freedom.of(rows.values, y.size, penalty, weights)
        freedoms.append(np.log([found.kappa, found.kept, found.each]))
    loo = np.maximum(np.mean(errors, axis=0), _EXACT * float(np.mean(variances)))
    kappa, kept, each = np.exp(np.mean(freedoms, axis=0))
    return Reading(parts[0][1].size, kappa, kept, each, loo)


def penalties(low: float, high: float, per_decade: float = PER_DECADE) -> Array:
    """Penalties from ``low`` to ``high``, a few in every decade; the higher one alone if it is not."""
    count = round(per_decade * np.log10(high / low)) + 1
    return np.geomspace(low, high, max(2, count)) if low < high else np.array([high])
