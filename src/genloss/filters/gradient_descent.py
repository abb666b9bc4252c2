"""Gradient descent from zero, stopped early."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss import _check
from genloss.filters._base import MOST_STEPS, Array, Filter, Values, power_sum, too_long


@dataclass(frozen=True)
class GradientDescent(Filter):
    """``w <- w + step (X'(y - Xw)/n - penalty w)``, so many times from zero (`filters.md`).

    Early stopping, and L2-boosting with linear learners. Very many steps are ridge regression, or
    without a penalty the minimum-norm fit.

    Parameters
    ----------
    steps : int
        Number of steps.
    step : float
        Length of a step, in units of the inverse of a squared input.

    Raises
    ------
    InvalidInputError
        If a value is out of range; a step beyond 2 over the largest eigenvalue of the rows is refused
        where it is used.

    Examples
    --------
    >>> from genloss import filters
    >>> float(filters.GradientDescent(steps=2, step=0.5).shrink(1.0, 0.0))
    0.75
    """

    steps: int
    step: float

    def __post_init__(self) -> None:
        steps = _check.integer("steps", self.steps, minimum=1, maximum=MOST_STEPS)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "step", _check.positive("step", self.step))

    def shrink(self, x: Values, penalty: float) -> Values:
        """``x (1 - (1 - step u)**steps) / u``, u the eigenvalue and the penalty."""
        x = np.asarray(x)
        return self.step * x * power_sum(self.step * (x + penalty), self.steps)

    def fit(self, X: Array, y: Array, penalty: float) -> Array:
        """Take the steps."""
        n, w = len(X), np.zeros((X.shape[1], *y.shape[1:]))
        target, gram = X.T @ y / n, X.T @ X / n if self.steps > n < X.shape[1] else None
        for _ in range(self.steps):
            product = X.T @ (X @ w) / n if gram is None else gram @ w
            w += self.step * (target - product - penalty * w)
        return w

    def check(self, top: float, trace: float, penalty: float) -> None:  # noqa: ARG002
        """Refuse a step of 2 over the steepest curvature."""
        if self.step * (top + penalty) >= 2:
            raise too_long("gradient descent", self.step, 2 / (top + penalty))
