"""A filter as a sum of few ridge fits, of complex penalties: ``f(x) = sum_k 2 Re c_k x / (x + l_k)`` on the spectrum.

The penalties lie on an ellipse in ``log(x + shift)`` around the spectrum, close to zero and far from it at once,
as nodes of Cauchy's formula would; the coefficients are those of least squares on the spectrum, with which a
quarter of the nodes is enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
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

        It may be several filters, one a row. ``pole`` is how far below zero the filter has a pole.

        Raises
        ------
        NoTheoryError
            If none do.
        """
        if pole == 0:
            raise NoTheoryError(
                "the filter has no penalty and jumps at zero, where it is least squares of any rows: leave it out, or "
                "give a penalty"
            )
        with np.errstate(all="ignore"):
            for reach, height, size in _SHAPES:
                shift = _halvings(top, reach, filter_) if pole is None else _beside(top, pole)
                unit = _unit(shift, reach, height, size)
                found = cls(top * unit.penalty, top * unit.x, unit.read, unit.turn)
                if found._misses(filter_, top, shift) < _CLOSE:
                    return found
        raise NoTheoryError(
            "the filter is too steep beside the spectrum of the rows for a sum of ridge fits; "
            "genloss.simulate runs it"
        )

    def of(self, values: Array) -> Complex:
        """Coefficients (..., k) of functions with these values (..., m) at the places."""
        # in two products: their own would be all rounding
        return np.asarray((values @ self.read.T) @ self.turn.T)

    def _misses(self, filter_: Function, top: float, halvings: int) -> float:
        """How far the sums are off between the places, for the filter and its square."""
        x = top * _places(halvings, 2 * self.x.size + 1)
        ridge = x[:, None] / (x[:, None] + self.penalty)
        values, known = filter_(self.x), filter_(x)
        off = [2 * (self.of(values**k) @ ridge.T).real - known**k for k in (1, 2)]
        worst = float(np.abs(off).max())
        return math.inf if math.isnan(worst) else worst


@lru_cache(maxsize=64)
def _unit(halvings: int, reach: float, height: float, size: int) -> Nodes:
    """Nodes of one ellipse around [0, 1], whose shift is one so often halved."""
    shift = 0.5**halvings
    low, high = math.log(shift), math.log1p(shift)
    angle = (np.arange(size) + 0.5) * (math.pi / size)
    axis = (high - low) / 2 + reach
    around = (low + high) / 2 + axis * np.cos(angle) + 1j * height * np.sin(angle)
    penalty = (shift - np.exp(around)).conj()
    x = _places(halvings, _PLACES * size)
    ridge = x[:, None] / (x[:, None] + penalty)
    columns = 2 * np.hstack([ridge.real, -ridge.imag])
    left, root, right = np.linalg.svd(columns, full_matrices=False)
    kept = root > _SMALL * root[0]
    turned = right[kept].T
    return Nodes(penalty, x, left.T[kept] / root[kept, None], turned[:size] + 1j * turned[size:])


def _places(halvings: int, size: int) -> Array:
    """Places in [0, 1], as dense beside its ends as the ellipse is narrow."""
    shift, part = 0.5**halvings, (1 - np.cos((np.arange(size) + 0.5) * (math.pi / size))) / 2
    return np.asarray(shift * np.expm1(part * math.log1p(1 / shift)))


def _beside(top: float, pole: float) -> int:
    """Halvings of the top that bring it to the pole, or a little to its right."""
    return max(math.ceil(math.log2(top / pole)), -20)


def _halvings(top: float, reach: float, filter_: Function) -> int:
    """As few as leave an entire filter small where the ellipse begins, below zero."""
    for halvings in range(100):
        beginning = np.array([top * 0.5**halvings * math.expm1(-reach)])
        if np.abs(filter_(beginning)).max() <= _LOUD:
            break
    return halvings
