"""The largest eigenvalue that a sample covariance is likely to have."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum

Array = npt.NDArray[np.float64]

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


def outlier(directions: Spectrum, n: float, fields: Array, bend: Array) -> float:
    """The same where rows vary more along fields: ``E x x' = Sigma + Sigma Theta bend Theta' Sigma``.

    ``fields`` is ``Theta_k Theta_l`` per eigenvalue, (k, k, p).
    """
    s, count = directions.eigenvalues, directions.multiplicity
    bulk, largest = upper_edge(directions, n), float(s.max())

    def beyond(gram: Array) -> float:
        """Largest eigenvalue of ``bend gram``; real, as gram is positive."""
        return float(np.linalg.eigvals(bend @ gram).real.max(initial=0.0))

    def excess(alpha: float) -> float:
        # an eigenvalue alpha of E x x' has one of bend Theta' Sigma (alpha - Sigma)^-1 Sigma Theta equal to 1
        return beyond(fields @ (s**2 / (alpha - s))) - 1

    low, high = largest, largest + beyond(fields @ s**2)
    if high <= largest * (1 + 1e-9) or excess(largest + 1e-9 * (high - largest)) <= 0:
        return bulk
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    gap = s / (high - s)
    if (count / n) @ gap**2 >= 1:  # it hides among the others
        return bulk
    return high * (1 + float((count / n) @ gap))
