"""A filter as very few ridge fits of ordinary penalties, each to what those before it left over: for pencils.

Ridge fits of complex penalties are known where rows are new (`nodes`); where several models are fitted to them, a
pencil knows any number of ridge fits of penalties above zero to any of the rows. After j of them
``1 - prod_i l_i / (x + l_i)`` is fitted along an eigenvalue x of the rows, and the filter is a combination of these.
They span what as many fits to the labels themselves would, of which large multiples nearly cancel: a pencil of
several models would end in the rounding of those. One penalty again and again is best for nearly all filters: its models are
polynomials in ``l / (x + l)``.
"""

from __future__ import annotations

import math
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
"""Penalties of the fits to what is left over, and what the models that they lead to are times."""

_FEW = (1, 2, 3, 4, 5, 6, 8)
_AGAIN = np.geomspace(1e-4, 30.0, 60).tolist()
"""Penalties, over the top of the spectrum, of fits that have one."""
_RANGES = (
    list(product((1e-4, 1e-3, 0.01, 0.05, 0.2), (0.3, 1.0, 3.0, 10.0))),
    list(product(np.geomspace(1e-5, 0.1, 16), np.geomspace(0.15, 30.0, 10))),
)
"""First and last of penalties that differ, where one will not do; those after them where none of these will."""

_CLOSE = 1e-3  # of what a filter keeps
_LOUD = 1e3  # a coefficient, of which the square times rounding must be small
_QUIET = 60.0  # and one for which no more fits are tried
_SMALL = (1e-8, 1e-6, 1e-5, 1e-4)  # singular values that would make louder ones
_ROOM = 1.05
_PLACES = 200


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
    """Few ridge fits that are close to a filter up to an eigenvalue, of coefficients that are not loud."""
    x = top * ((1 - np.cos((np.arange(_PLACES) + 0.5) * (np.pi / _PLACES))) / 2) ** 2
    kept = filter_.shrink(x, penalty)
    equal = list(zip(_AGAIN, _AGAIN, strict=True))
    for ranges in (equal, *_RANGES):
        best: tuple[float, Array, Array] = math.inf, x, x
        for size in _FEW:
            for first, last in ranges:
                penalties = top * np.geomspace(last, first, size)
                best = min(best, _fitted(penalties, x, kept), key=lambda found: found[0])
            if best[0] < _QUIET:
                break
        if best[0] < (_QUIET if ranges is equal else _LOUD):
            _, penalties, coefficients = best
            return tuple(zip(penalties.tolist(), coefficients.tolist(), strict=True))
    return None


def _fitted(penalties: Array, x: Array, kept: Array) -> tuple[float, Array, Array]:
    """How loud the coefficients are with which these penalties give a filter, infinite where they do not."""
    models = 1 - np.cumprod(penalties / (x[:, None] + penalties), axis=1)
    left, root, right = np.linalg.svd(models, full_matrices=False)
    for small in reversed(_SMALL):
        some = root > small * root[0]
        coefficients = right[some].T @ ((left.T[some] @ kept) / root[some])
        if np.abs(models @ coefficients - kept).max() < _CLOSE:
            return float(np.abs(coefficients).max()), penalties, coefficients
    return math.inf, penalties, penalties
