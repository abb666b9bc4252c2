"""What the pencil of a plan stands on: its directions, how rows vary along them, and who labels from before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np

from genloss.covariances import Covariance, matrix
from genloss.generation import REAL
from genloss.pencils.expression import Array, Expression, diagonal, gaussian, noise, vector
from genloss.pencils.known import Given, Places, vectors
from genloss.pencils.space import Space
from genloss.pencils.subsets import Kinds
from genloss.spectrum import Spectrum
from genloss.steps import Step

_SOME = 1e-12  # directions where the truth has a part and a compressed spectrum has none


class Ground(NamedTuple):
    """Directions, and what is known along them.

    Attributes
    ----------
    features : Space
        The directions, equal ones taken together; full where rows vary across them.
    metric, truth : ndarray of shape (k,)
        The problem.
    covariances : mapping of Covariance or None to ndarray
        What rows are drawn with: roots of eigenvalues (k,), or matrices (k, k) where the space is full.
    models : mapping of int to Expression
        The truth, and labelers from before the first fit.
    which : ndarray of int of shape (p,)
        Of which of these directions each of the problem's is.
    multiplicity : ndarray of shape (p,)
        How many of the problem's directions are alike.
    tails : sequence of float
        How squared lengths of rows vary.
    """

    features: Space
    metric: Array
    truth: Array
    covariances: Mapping[Covariance | None, Array]
    models: Mapping[int, Expression]
    which: Places
    multiplicity: Array
    tails: Sequence[float]

    @classmethod
    def along(
        cls,
        directions: Spectrum,
        steps: Sequence[Step],
        given: Given | None = None,
        tails: Sequence[float] = (),
    ) -> Self:
        """All covariances have the problem's eigenvectors."""
        own = _own(steps)
        outside = [] if given is None else [given.filters[u] for u in given.filters if u < REAL]
        table = np.array([directions.eigenvalues, *own, *outside])
        distinct, which = np.unique(table, axis=1, return_inverse=True)
        which = which.ravel()
        counts = np.bincount(which, np.maximum(directions.multiplicity, _SOME))
        truth = np.sqrt(np.bincount(which, directions.energy) / counts)
        features = Space.features(multiplicities=counts)
        roots = dict(zip([None, *own], np.sqrt(distinct[: 1 + len(own)]), strict=True))
        models: dict[int, Expression] = {REAL: vector(features, truth, name="truth")}
        if given is not None:
            models |= vectors(features, truth, given, which)
        return cls(
            features, distinct[0], truth, roots, models, which, directions.multiplicity, tails
        )

    @classmethod
    def across(
        cls,
        spectrum: Array,
        truth: Array,
        steps: Sequence[Step],
        outside: Sequence[tuple[Array, Array]] = (),
        tails: Sequence[float] = (),
    ) -> Self:
        """Some rows have a covariance matrix; models from outside have a mean and a variance a direction."""
        features = Space.features(spectrum.size, full=True)
        own = {None: np.diag(spectrum)} | {each: matrix(each) for each in _own(steps)}
        models: dict[int, Expression] = {REAL: vector(features, truth, name="truth")}
        for k, (mean, variance) in enumerate(outside):
            name = f"model {k} from outside"
            drawn = noise(features, np.sqrt(variance), name=f"noise of {name}")
            models[REAL - 1 - k] = vector(features, mean, name=name) + drawn
        one = np.ones(spectrum.size)
        everyone = np.arange(spectrum.size)
        return cls(features, spectrum, truth, own, models, everyone, one, tails)

    def rows(
        self, kinds: Kinds, size: float, covariance: Covariance | None, where: str, name: str
    ) -> Expression:
        """New rows of these kinds."""
        space, own = kinds.space(where, size), self.covariances[covariance]
        if self.features.full:
            X = gaussian(space, self.features, name=name, covariance=own)
        else:
            X = gaussian(space, self.features, name=name) @ diagonal(self.features, own)
        length = kinds.length
        return X if isinstance(length, float) else diagonal(space, length, name="lengths") @ X

    def traces(self, covariance: Covariance | None) -> tuple[float, float]:
        """Of a covariance, and of its square."""
        own = self.covariances[covariance]
        if self.features.full:
            return float(np.trace(own)), float(np.sum(own * own))
        count = self.features.weights
        return float(count @ own**2), float(count @ own**4)


def _own(steps: Sequence[Step]) -> set[Covariance]:
    return {block.covariance for step in steps for block in step.blocks} - {None}  # type: ignore[return-value]
