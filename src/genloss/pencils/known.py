"""Models of which a pencil is told the law: those before it, and those that are no ridge regression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.pencils.expression import Array, Expression, diagonal, noise, sum_of, vector
from genloss.pencils.space import Space

Places = npt.NDArray[np.intp]
Told = Callable[[Mapping[int, Expression]], Expression]
"""A model, made of those before it."""


class Given(NamedTuple):
    """Earlier models, of which only the law matters.

    Filters of the truth, and covariances summed over the directions of every eigenvalue, (p,).
    """

    filters: Mapping[int, Array]
    covariance: Mapping[tuple[int, int], Array]


Between = tuple[Sequence[tuple[Mapping[int, float | Array], Array]], Array]
"""A model that is no ridge regression, on rows that no other fit sees: as far as others can tell, per
eigenvalue a mixture of its labelers, and independent noise of a variance that is summed over directions."""


def vectors(features: Space, truth: Array, given: Given, which: Places) -> dict[int, Expression]:
    """Vectors of the given law: a part of the truth, and independent noises that they share."""
    numbers, counts = list(given.filters), features.weights
    if not numbers:
        return {}

    merged = np.bincount(which)  # entries of one eigenvalue, with one filter

    def each(summed: Array) -> Array:
        return np.asarray(np.bincount(which, summed) / counts)

    covariance = np.array([[each(given.covariance[a, b]) for b in numbers] for a in numbers])
    values, turn = np.linalg.eigh(covariance.transpose(2, 0, 1))
    root = turn * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    noises = [noise(features, 1.0, name=f"z{k}") for k in range(len(numbers))]
    means = {u: np.bincount(which, kept) / merged * truth for u, kept in given.filters.items()}
    return {
        number: sum_of(
            [
                vector(features, means[number], name=f"mean of {number}"),
                *(diagonal(features, root[:, u, k]) @ z for k, z in enumerate(noises)),
            ]
        )
        for u, number in enumerate(numbers)
    }


def told(features: Space, between: Mapping[int, Between], which: Places) -> dict[int, Told]:
    """How each of those models follows from the models before it."""
    merged = np.bincount(which)

    def made(model: int, known: Between) -> Told:
        parts, variance = known
        shares = [(who, np.bincount(which, share) / merged) for who, share in parts]
        spread = np.sqrt(np.maximum(np.bincount(which, variance) / features.weights, 0.0))
        own = diagonal(features, spread) @ noise(features, 1.0, name=f"noise of model {model}")

        def follow(models: Mapping[int, Expression]) -> Expression:
            mixed = [
                diagonal(features, share) @ sum_of([by * models[u] for u, by in who.items()])
                for who, share in shares
            ]
            return sum_of([*mixed, own])

        return follow

    return {model: made(model, known) for model, known in between.items()}
