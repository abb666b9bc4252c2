"""Penalties in scikit-learn's scale: ``alpha |w|**2`` beside a plain sum of squared residuals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.errors import InvalidInputError

Array = npt.NDArray[np.float64]

SHARES = 10.0 ** np.arange(-6.5, 1.25, 0.5)
"""Penalties tried by default, as shares of the trace of the centred Gram matrix."""


_SMALLEST, _LARGEST = 1e-150, 1e150  # spreads of which squares are numbers


def check_squares(name: str, values: Array) -> None:
    """Refuse rows or labels (n, ...) that vary by so little or so much that squares are no numbers.

    Raises
    ------
    InvalidInputError
        If they do; what does not vary at all is no fault.
    """
    with np.errstate(over="ignore"):
        largest = float(np.max(np.ptp(values, axis=0)))
    if largest > 0 and not _SMALLEST < largest < _LARGEST:
        raise InvalidInputError(
            f"{name} varied by {largest:.3g}, the squares of which are no floating-point numbers; give it in "
            "other units"
        )


def penalties(alphas: Any, trace: float) -> Array:
    """The penalties (q,) that are tried: those given, else shares of the trace."""
    if alphas is None:
        return SHARES * (trace if trace > 0 else 1.0)
    return _check.vector("alphas", np.atleast_1d(alphas), above=">= 0")


def least(errors: Array) -> tuple[int, ...]:
    """Place of the least leave-one-out error.

    Raises
    ------
    InvalidInputError
        If none is finite: every fit then passes through its rows.
    """
    if not np.isfinite(errors).any():
        raise InvalidInputError(
            "alphas left no leave-one-out error finite, each row decides its own fit; give larger ones"
        )
    return tuple(int(place) for place in np.unravel_index(np.argmin(errors), errors.shape))
