"""A uniform random sample of rows that pass by: those with the smallest of random numbers.

As every row's number comes from its place in the table alone, the sample is the same however the
table is cut into pieces for workers, and samples of two parts make the sample of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.tables.layout import Key, Keys

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows in the order of their random numbers.

    Attributes
    ----------
    keys : tuple of Key
        What the columns of ``rows`` are, without the target.
    order : ndarray of shape (k,)
        Random numbers of the rows.
    rows : ndarray of shape (k, len(keys) + 1)
        The target is last.
    """

    keys: Keys
    order: Array
    rows: Array

    def aligned(self, keys: Keys) -> Array:
        """The rows with columns ``keys``; columns they do not have are zero."""
        if keys == self.keys:
            return self.rows
        rows = np.zeros((len(self.rows), len(keys) + 1))
        ours = [key for key in self.keys if key in set(keys)]
        chosen = [*(self.keys.index(key) for key in ours), -1]
        rows[:, places(ours, keys)] = self.rows[:, chosen]
        return rows


class Reservoir:
    """Collects blocks and keeps about ``size`` rows, between blocks at most half as many again."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.limit = np.inf
        self._parts: list[Sample] = []

    def offer(self, part: Sample) -> None:
        """Take what may belong to the sample."""
        chosen = part.order < self.limit
        if chosen.any():
            # a copy, for a view would keep the whole block in memory
            self._parts.append(Sample(part.keys, part.order[chosen], part.rows[chosen].copy()))
        if sum(part.order.size for part in self._parts) > 1.5 * self.size:
            self._parts = [self.sample()]
            self.limit = self._parts[0].order[-1]

    def sample(self) -> Sample:
        """The rows with the smallest numbers, at most ``size``."""
        if not self._parts:
            return Sample((), np.empty(0), np.empty((0, 1)))
        keys = union(*(part.keys for part in self._parts))
        order = np.concatenate([part.order for part in self._parts])
        first = np.argsort(order)[: self.size]
        rows = np.empty((first.size, len(keys) + 1))
        start = 0
        for part in self._parts:  # one by one, for all together may be large
            ours = (first >= start) & (first < start + part.order.size)
            rows[ours] = part.aligned(keys)[first[ours] - start]
            start += part.order.size
        return Sample(keys, order[first], rows)


def random_numbers(seed: np.random.SeedSequence, piece: int) -> np.random.Generator:
    """Generator of the numbers of the rows of one piece, one after another."""
    key = (*seed.spawn_key, piece)
    return np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=key))


def union(*groups: Keys) -> Keys:
    """All keys, sorted."""
    if all(group == groups[0] for group in groups):
        return groups[0]
    return tuple(sorted({key for group in groups for key in group}))


def places(some: Keys | list[Key], keys: Keys) -> npt.NDArray[np.intp]:
    """Where some of the columns, and then the target, are among all ``keys``."""
    where = {key: place for place, key in enumerate(keys)}
    return np.array([*(where[key] for key in some), len(keys)], dtype=np.intp)
