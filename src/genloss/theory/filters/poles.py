"""A filter as a sum of very few ridge fits of ordinary penalties, ``f(x) = sum_k c_k x / (x + l_k)``: for pencils.

Ridge fits of complex penalties are known where rows are new (`nodes`); where several models are fitted to them, a
pencil knows any number of ridge fits of penalties above zero to any of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.filters import Filter
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.filters.across import Across
from genloss.theory.filters.along import Along
from genloss.theory.filters.kinds import Kinds, Space

Array = npt.NDArray[np.float64]
Parts = Sequence[tuple[float, float]]
"""Penalties, and what their ridge fits are times."""

_FEW = (2, 3, 4, 5, 6, 8)
_FIRST = np.geomspace(1e-4, 0.5, 10)  # of the penalties, over the top of the spectrum
_LAST = np.geomspace(0.1, 30.0, 8)
_CLOSE = 1e-3  # of what a filter keeps
_LOUD = 1e3  # a coefficient, of which the square times rounding must be small
_SMALL = 1e-8  # singular values that would make louder ones
_ROOM = 1.05
_PLACES = 64


def parts(steps: Sequence[Step], step: Step, directions: Spectrum, tails: Sequence[float]) -> Parts:
    """Ridge fits for a model that goes through a filter.

    Raises
    ------
    InvalidInputError
        If the steps of the filter would explode.
    NoTheoryError
        If few ridge fits do not give it.
    """
    kinds, filter_ = Kinds.fitted(steps, step, tails), step.filter
    assert filter_ is not None
    space: Space
    if any(steps[k].turned for k in step.fitted):
        space = Across.of(kinds, directions.eigenvalues)
    else:
        space = Along.of(kinds, directions)
    edge = kinds.upper_edge(space)
    filter_.check(edge, kinds.trace(space), step.penalty)
    found = _parts(filter_, step.penalty, _ROOM * edge)
    if found is None:
        raise NoTheoryError(
            f"model {step.model} goes through a filter that no {_FEW[-1]} ridge fits are alike, on rows that "
            "several models are fitted to; genloss.simulate runs it"
        )
    return found


@lru_cache(maxsize=64)
def _parts(filter_: Filter, penalty: float, top: float) -> Parts | None:
    """The fewest ridge fits that are close to a filter up to an eigenvalue."""
    x = top * ((1 - np.cos((np.arange(_PLACES) + 0.5) * (np.pi / _PLACES))) / 2) ** 2
    kept = filter_.shrink(x, penalty)
    for size in _FEW:
        found = [
            _fitted(top * np.geomspace(first, last, size), x, kept)
            for first, last in product(_FIRST, _LAST)
            if first < last
        ]
        off, penalties, coefficients = min(found, key=lambda each: each[0])
        if off < _CLOSE:
            return tuple(zip(penalties.tolist(), coefficients.tolist(), strict=True))
    return None


def _fitted(penalties: Array, x: Array, kept: Array) -> tuple[float, Array, Array]:
    """How far ridge fits of these penalties are off on the spectrum, and their coefficients."""
    ridge = x[:, None] / (x[:, None] + penalties)
    coefficients = np.asarray(np.linalg.lstsq(ridge, kept, rcond=_SMALL)[0], dtype=np.float64)
    if np.abs(coefficients).max() > _LOUD:
        return np.inf, penalties, coefficients
    return float(np.abs(ridge @ coefficients - kept).max()), penalties, coefficients
