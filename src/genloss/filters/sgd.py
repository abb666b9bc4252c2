"""One pass of stochastic gradient descent: every row once, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.filters._base import Array, Filter, Values, too_long


@dataclass(frozen=True)
class SGD(Filter):
    """``w <- w + step (x (y - x'w) - penalty w)`` for one row after the other, from zero (`filters.md`).

    It is no function of ``X'X``: what theory knows of it are exact second moments for new Gaussian rows, and few blocks
    of rows where several models see them.

    Parameters
    ----------
    step : float
        Length of a step.

    Raises
    ------
    InvalidInputError
        If the step is not positive; one at which the error explodes is refused where it is used.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss import filters
    >>> filters.SGD(step=0.5).fit(np.eye(2), np.array([1.0, 2.0]), 0.0)
    array([0.5, 1. ])
    """

    step: float
    spectral: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", _check.positive("step", self.step))

    def shrink(self, x: Values, penalty: float) -> Values:  # noqa: ARG002
        """There is none."""
        raise InvalidInputError("SGD is no spectral filter: it has no shrink of an eigenvalue")

    def fit(self, X: Array, y: Array, penalty: float) -> Array:
        """Take every row once."""
        w = np.zeros((X.shape[1], *y.shape[1:]))
        for x, label in zip(X, y, strict=True):
            w += self.step * (np.multiply.outer(x, label - x @ w) - penalty * w)
        return w

    def check(self, top: float, trace: float, penalty: float) -> None:
        """Refuse a step of which rows of this length and curvature certainly explode."""
        largest = 2 / (trace + 2 * top + 2 * penalty)
        if self.step >= largest:
            raise too_long("SGD", self.step, largest)
