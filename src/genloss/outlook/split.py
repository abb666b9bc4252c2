"""Splits of a sample into the rows of a chain and the rows it is scored on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError
from genloss.outlook.sample import Sample
from genloss.tables.column import counted

Rows = npt.NDArray[np.intp]

MOST_TEST = 1000
_FEWEST_GROUPS = 3
_PAST = 0.5  # share of the rows, the oldest, on which no model is scored


@dataclass(frozen=True, eq=False)
class Split:
    """Places of the rows of a chain, of those it is scored on, and which repeat it belongs to."""

    pool: Rows
    test: Rows
    repeat: int


def folds(
    sample: Sample, count: int, repeats: int, rng: np.random.Generator, most_test: int = MOST_TEST
) -> list[Split]:
    """Repeated folds: every row is tested once a repeat, or, in time, every row of the later half."""
    found = []
    for repeat in range(repeats):
        numbers = _fold_numbers(sample, count, rng)
        for number in range(count):
            test = np.flatnonzero(numbers == number)
            if not test.size:
                continue
            if sample.time is None:
                pool = np.flatnonzero(numbers != number)
            else:
                pool = np.flatnonzero((numbers < number) & (sample.time < sample.time[test].min()))
            if sample.groups is not None and sample.time is not None:
                pool = pool[~np.isin(sample.groups[pool], sample.groups[test])]
            if test.size > most_test:
                test = rng.permutation(test)[:most_test]
            if pool.size:
                found.append(Split(rng.permutation(pool), test, repeat))
    if not found:
        raise DataError("no split leaves rows on both sides; name other groups or another time")
    return found


def check_groups(sample: Sample) -> None:
    """Refuse rows that belong together so that they cannot be split.

    Raises
    ------
    DataError
        If they are of fewer groups than one that is scored and two that are forecast from.
    """
    if sample.groups is None:
        return
    count = int(np.unique(sample.groups).size)
    if count < _FEWEST_GROUPS:
        raise DataError(
            f"the rows form {counted(count, 'group')} of which all stay together; a forecast needs at least "
            f"{_FEWEST_GROUPS}: one that is scored, and two to forecast from"
        )


def _fold_numbers(sample: Sample, count: int, rng: np.random.Generator) -> Rows:
    """The fold in which every row is tested; -1 for the past, which never is."""
    n = sample.size
    if sample.time is not None:
        place = np.searchsorted(np.sort(sample.time), sample.time) / n
        later = np.floor((place - _PAST) / (1 - _PAST) * count).astype(np.intp)
        return np.where(place < _PAST, -1, np.minimum(later, count - 1))
    if sample.groups is None:
        return np.asarray(rng.permutation(np.arange(n) * count // n))
    groups, sizes = np.unique(sample.groups, return_counts=True)
    count = min(count, groups.size)
    order = rng.permutation(groups.size)
    before = np.cumsum(sizes[order]) - sizes[order]
    number = np.empty(groups.size, dtype=np.intp)
    number[order] = _filled(before * count // n, count)
    return np.asarray(number[np.searchsorted(groups, sample.groups)])


def _filled(numbers: Rows, count: int) -> Rows:
    """Ascending numbers of folds, moved where one would stay empty: large groups are several folds' worth of rows."""
    found, last = np.empty_like(numbers), -1
    for place, number in enumerate(numbers):
        least = max(last, count - len(numbers) + place)
        found[place] = last = min(max(number, least, 0), last + 1)
    return found
