"""Ridge regression on random features whose map is revealed too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.trials.revealed import gradients
from genloss.trials.revealed.entries import Entries

Array = npt.NDArray[np.float64]


class Features:
    """A map ``F`` with independent normal entries of variance ``1 / features``, one of every run.

    Parameters
    ----------
    root : ndarray of shape (width,)
        What whitens coefficients; zero in the columns of noise.
    features : int
        Number of random features.
    runs : int
        Number of runs.
    rng : numpy.random.Generator
        Of all runs.
    """

    def __init__(self, root: Array, features: int, runs: int, rng: np.random.Generator) -> None:
        self._root = root / np.sqrt(features)
        self._entries = Entries(root.size, features, runs, rng)

    def fit(
        self, gram: gradients.Product, right: Array, absolute: float, most: int
    ) -> gradients.Solved:
        """The whitened ``F b`` of the b that minimises the error plus ``absolute |b|**2``."""

        def forward(b: Array) -> Array:
            return self._entries.right(b) * self._root

        def back(w: Array) -> Array:
            return self._entries.left(w * self._root)

        def product(b: Array) -> Array:
            answer = back(gram(forward(b)))
            answer += absolute * b
            return answer

        found = gradients.solve(product, back(right), 1.0, most=most)
        return found._replace(solution=forward(found.solution))
