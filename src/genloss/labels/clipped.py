"""Values cut off below and above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.labels._base import Array, Label


@dataclass(frozen=True)
class Clipped(Label):
    """``y = min(max(h, low), high)``: ratings with a least and a largest mark.

    Parameters
    ----------
    low, high : float
        Least and largest label.

    Raises
    ------
    InvalidInputError
        If they are not numbers, or ``low`` is not below ``high``.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss import labels
    >>> labels.Clipped(-1, 1).draw(np.array([-3.0, 0.5]), np.random.default_rng(0))
    array([-1. ,  0.5])
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        low, high = _check.finite("low", self.low), _check.finite("high", self.high)
        if low >= high:
            raise InvalidInputError(f"low was {low:.6g}; it must be below high, {high:.6g}")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def law(self, h: Array) -> tuple[Array, Array]:
        """The value within the limits, for certain."""
        return np.clip(h, self.low, self.high)[None], np.ones((1, *h.shape))

    def breaks(self, low: float, high: float) -> Array:
        """The limits."""
        return np.array([each for each in (self.low, self.high) if low < each < high])
