"""Values rounded to a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss import _check
from genloss.labels._base import Array, Label


@dataclass(frozen=True)
class Rounded(Label):
    """``y`` = the multiple of ``step`` nearest to h: marks, stars, whole numbers.

    Parameters
    ----------
    step : float
        Distance of two labels.

    Raises
    ------
    InvalidInputError
        If ``step`` is not a positive number.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss import labels
    >>> labels.Rounded(0.5).draw(np.array([-3.1, 0.3]), np.random.default_rng(0))
    array([-3. ,  0.5])
    """

    step: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", _check.positive("step", self.step))

    def law(self, h: Array) -> tuple[Array, Array]:
        """The nearest multiple, for certain."""
        return (self.step * np.round(h / self.step))[None], np.ones((1, *h.shape))

    def breaks(self, low: float, high: float) -> Array:
        """Halfway between two labels."""
        first, last = np.ceil(low / self.step - 0.5), np.floor(high / self.step - 0.5)
        return self.step * (np.arange(first, last + 1) + 0.5)
