"""A filter as a sum of few ridge fits, of complex penalties: ``f(x) = sum_k 2 Re c_k x / (x + l_k)`` on the spectrum.

The penalties lie on an ellipse in ``log(x + shift)`` around the spectrum, close to zero and far from it at once,
as nodes of Cauchy's formula would; the coefficients are those of least squares on the spectrum, with which a
quarter of the nodes is enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Function = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]

_SHAPES = (
    (1.0, 1.6, 8),
    (0.5, 1.6, 12),
    (0.5, 1.6, 16),
    (0.35, 1.6, 24),
    (0.1, 0.5, 24),
    (0.5, 2.0, 32),
    (0.2, 0.8, 32),
    (0.35, 2.0, 48),
    (0.2, 0.6, 64),
    (0.1, 0.4, 100),
    (0.03, 0.4, 160),
)
"""How far the ellipse reaches beyond the spectrum, its height, and how many nodes its upper half has."""

_PLACES = 6  # places of the spectrum for each node
_LOUD = 3.0  # of an entire filter left of the spectrum
_CLOSE = 1e-9  # what the sum must give of the filter and of its square
_SMALL = 1e-13  # singular values that are rounding


class Nodes(NamedTuple):
    """Complex penalties, those in the upper half plane; the others are their mirror images.

    Attributes
    ----------
    penalty : ndarray of shape (k,)
    x : ndarray of shape (m,)
        Places on the spectrum where functions are read.
    read, turn : ndarray of shape (r, m) and (k, r)
        Coefficients are turn times read times the function's values there.
    """

    penalty: Complex
    x: Array
    read: Array
    turn: Complex

    @classmethod
    def around(cls, top: float, filter_: Function, pole: float | None) -> Self:
        """Nodes for functions on [0, top] that vanish at zero, as few as give the filter and its square.

        ``pole`` is how far below zero the filter has a pole.

        Raises
        ------
        NoTheoryError
            If none do.
        """
        with np.errstate(all="ignore"):
            for reach, height, size in _SHAPES:
                shift = _shift(top, reach, filter_) if pole is None else min(pole, 1e6 * top)
                found = cls.on(shift, top, reach, height, size)
                if found._misses(filter_, shift, top) < _CLOSE:
                    return found
        raise NoTheoryError(
            "the filter is too steep beside the spectrum of the rows for a sum of ridge fits; "
            "genloss.simulate runs it"
        )

    @classmethod
    def on(cls, shift: float, top: float, reach: float, height: float, size: int) -> Self:
        """The nodes of one ellipse."""
        low, high = math.log(shift), math.log(shift + top)
        angle = (np.arange(size) + 0.5) * (math.pi / size)
        axis = (high - low) / 2 + reach
        around = (low + high) / 2 + axis * np.cos(angle) + 1j * height * np.sin(angle)
        penalty = (shift - np.exp(around)).conj()
        x = _places(shift, top, _PLACES * size)
        ridge = x[:, None] / (x[:, None] + penalty)
        left, root, right = np.linalg.svd(
            2 * np.hstack([ridge.real, -ridge.imag]), full_matrices=False
        )
        kept = root > _SMALL * root[0]
        read = left.T[kept] / root[kept, None]
        turned = right[kept].T
        return cls(penalty, x, read, turned[:size] + 1j * turned[size:])

    def of(self, values: Array) -> Complex:
        """Coefficients of a function with these values at the places."""
        # in two products: their own would be all rounding
        return np.asarray(self.turn @ (self.read @ values))

    def _misses(self, filter_: Function, shift: float, top: float) -> float:
        """How far the sums are off between the places, for the filter and its square."""
        x = _places(shift, top, 2 * self.x.size + 1)
        ridge = x[:, None] / (x[:, None] + self.penalty)
        values, known = filter_(self.x), filter_(x)
        off = [2 * (ridge @ self.of(values**k)).real - known**k for k in (1, 2)]
        worst = float(np.abs(off).max())
        return math.inf if math.isnan(worst) else worst


def _places(shift: float, top: float, size: int) -> Array:
    """Places in [0, top], as dense beside its ends as the ellipse is narrow."""
    part = (1 - np.cos((np.arange(size) + 0.5) * (math.pi / size))) / 2
    return np.asarray(shift * np.expm1(part * math.log1p(top / shift)))


def _shift(top: float, reach: float, filter_: Function) -> float:
    """As large as leaves an entire filter small where the ellipse begins, below zero."""
    shift = top
    for _ in range(100):
        if np.abs(filter_(np.array([shift * math.expm1(-reach)])))[0] <= _LOUD:
            break
        shift /= 2
    return shift
