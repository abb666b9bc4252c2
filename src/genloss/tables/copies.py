"""Rows that are copies of others, found by one number per row instead of by sorting rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.tables.column import Array, Codes

_CELLS = 2**15  # of a strip, which then stays in the processor's cache


def strips(n_rows: int, width: int) -> Iterator[slice]:
    """Slices of a few rows each, in order, that together are all rows."""
    height = max(_CELLS // max(width, 1), 256)
    return (slice(start, start + height) for start in range(0, n_rows, height))


def same_rows(*parts: npt.NDArray[Any]) -> Codes | None:
    """A number for every distinct row, or None if no two are equal.

    Parameters
    ----------
    *parts : ndarray of shape (n, p) or (n,)
        Finite numbers, side by side; two rows are equal if they are so in all parts.

    Returns
    -------
    ndarray of int, shape (n,), or None
        Equal for equal rows; all numbers from 0 on turn up.
    """
    columns = [part if part.ndim == 2 else part[:, None] for part in parts]
    hashes = _hashes(columns)
    ordered = np.sort(hashes)
    if (ordered[1:] != ordered[:-1]).all():
        return None
    order = np.argsort(hashes)
    repeats = np.flatnonzero(ordered[1:] == ordered[:-1])
    begins = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    numbers = np.empty(hashes.size, dtype=np.intp)
    numbers[order] = np.cumsum(begins) - 1
    width = sum(part.shape[1] for part in columns)
    for strip in strips(repeats.size, width):
        first, second = order[repeats[strip]], order[repeats[strip] + 1]
        if any((part[first] != part[second]).any() for part in columns):
            return _exactly(columns, numbers)
    return numbers


def _exactly(columns: list[npt.NDArray[Any]], numbers: Codes) -> Codes | None:
    """The same where different rows have one hash: rows of one number are told apart."""
    doubtful = np.flatnonzero(np.bincount(numbers)[numbers] > 1)
    rows = np.column_stack([numbers[doubtful], *(part[doubtful] for part in columns)])
    told = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
    apart = numbers.copy()
    apart[doubtful] = numbers.max() + 1 + told
    found = np.unique(apart, return_inverse=True)[1].astype(np.intp)
    return found if found.max() + 1 < found.size else None


def _hashes(columns: list[npt.NDArray[Any]]) -> npt.NDArray[np.uint64]:
    """64 bits for every row, which two different rows hardly ever share."""
    n_rows, width = len(columns[0]), sum(part.shape[1] for part in columns)
    odd = np.random.default_rng(0).integers(2**63, size=width, dtype=np.uint64) * 2 + 1
    ends = np.cumsum([part.shape[1] for part in columns])
    hashes = np.zeros(n_rows, dtype=np.uint64)
    for strip in strips(n_rows, width):
        for part, end in zip(columns, ends, strict=True):
            values: Array = np.add(part[strip], 0.0, order="C", dtype=np.float64)  # no -0.0
            bits = values.view(np.uint64)
            bits ^= bits >> np.uint64(32)  # small whole numbers have no low bits
            hashes[strip] += bits @ odd[end - part.shape[1] : end]
    return hashes
