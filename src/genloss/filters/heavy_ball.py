"""Gradient descent with momentum (Polyak's heavy ball), stopped early."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.filters._base import MOST_STEPS, Array, Filter, Values, too_long


@dataclass(frozen=True)
class HeavyBall(Filter):
    """Gradient descent that adds ``momentum`` times its last move to every step (`filters.md`).

    Parameters
    ----------
    steps : int
        Number of steps.
    step : float
        Length of a step.
    momentum : float, default 0.9
        Share of the last move that is made again, at least 0 and below 1.

    Raises
    ------
    InvalidInputError
        If a value is out of range.

    Examples
    --------
    >>> from genloss import filters
    >>> float(filters.HeavyBall(steps=2, step=0.5, momentum=0.0).shrink(1.0, 0.0))
    0.75
    """

    steps: int
    step: float
    momentum: float = 0.9

    def __post_init__(self) -> None:
        steps = _check.integer("steps", self.steps, minimum=1, maximum=MOST_STEPS)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "step", _check.positive("step", self.step))
        momentum = _check.non_negative("momentum", self.momentum)
        if momentum >= 1:
            raise InvalidInputError(f"momentum was {momentum}; it must be below 1")
        object.__setattr__(self, "momentum", momentum)

    def shrink(self, x: Values, penalty: float) -> Values:
        """A polynomial of the eigenvalue, by its own recursion."""
        x = np.asarray(x)
        before = w = np.zeros_like(x)
        for _ in range(self.steps):
            move = self.step * (x - (x + penalty) * w) + self.momentum * (w - before)
            before, w = w, w + move
        return w

    def fit(self, X: Array, y: Array, penalty: float) -> Array:
        """Take the steps."""
        n, w = len(X), np.zeros((X.shape[1], *y.shape[1:]))
        before = w
        for _ in range(self.steps):
            move = self.step * (X.T @ (y - X @ w) / n - penalty * w) + self.momentum * (w - before)
            before, w = w, w + move
        return w

    def check(self, top: float, trace: float, penalty: float) -> None:  # noqa: ARG002
        """Refuse a step of ``2 (1 + momentum)`` over the steepest curvature."""
        largest = 2 * (1 + self.momentum) / (top + penalty)
        if self.step >= largest:
            raise too_long("heavy ball", self.step, largest)
