"""The largest eigenvalue that a sample covariance is likely to have."""

from __future__ import annotations

import math

import numpy as np

from genloss.spectrum import Spectrum

_HALVINGS = 40  # at its least a function is flat: half of the digits of the place are enough


def upper_edge(directions: Spectrum, n: float) -> float:
    """Largest eigenvalue of ``X'X / n`` in high dimension: the least of ``c + (c/n) sum s/(c - s)``."""
    s, count = directions.eigenvalues, directions.multiplicity
    largest = float(s.max())
    low, high = 0.0, 1.0 + math.sqrt(float(s @ count) / (largest * n))

    def slope(root: float) -> float:
        # c = largest (1 + root**2): the sum is dominated by the largest, which goes with 1 / root**2
        c = largest * (1 + root * root)
        return float(1 - (count / n) @ np.square(s / (c - s)))

    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    c = largest * (1 + high * high)
    return c * (1 + float((count / n) @ (s / (c - s))))
