"""Classes drawn by the labeler's chances."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from genloss.labels._base import Array, Label, softmax

NODES = 14
"""Terms of the mixture: off by 4e-9 at most."""


@dataclass(frozen=True)
class Sampled(Label):
    """+1 with chance ``1 / (1 + exp(-h))``, else -1: a class drawn from a logistic model.

    Of several classes one drawn by ``exp(h_k) / sum(exp(h))``, one-hot less ``1 / classes``.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss import labels
    >>> labels.Sampled().draw(np.array([-50.0, 50.0]), np.random.default_rng(0))
    array([-1.,  1.])
    """

    makes = "classes"

    def law(self, h: Array) -> tuple[Array, Array]:
        """Both classes."""
        small = np.exp(-np.abs(h)) / (1 + np.exp(-np.abs(h)))
        yes = np.where(h > 0, 1 - small, small)
        both = np.array([1.0, -1.0]).reshape(2, *[1] * h.ndim) + 0 * h
        return both, np.stack([yes, np.where(h > 0, small, 1 - small)])

    def chances(self, h: Array) -> Array:
        """Exponentials of several values over their sum."""
        return softmax(h)

    def noises(self) -> tuple[Array, Array]:
        """The logistic curve as a mixture of normal ones, twice a Kolmogorov variable wide."""
        return _mixture(NODES)


@cache
def _mixture(nodes: int) -> tuple[Array, Array]:
    """Gauss rule of the law of twice a Kolmogorov variable, by Lanczos on its discretised density."""
    points, weights = np.polynomial.legendre.leggauss(400)
    k = 0.1 + 4.9 * (points + 1) / 2
    j = np.arange(1, 60)[:, None]
    density = (8 * k * np.where(j % 2, 1.0, -1.0) * j**2 * np.exp(-2 * j**2 * k**2)).sum(axis=0)
    mass = np.maximum(density, 0.0) * weights
    basis, jacobi = [np.sqrt(mass / mass.sum())], np.zeros((nodes, nodes))
    for row in range(nodes):
        new = k * basis[row]
        jacobi[row, row] = new @ basis[row]
        for _ in range(2):
            new = new - np.array(basis).T @ (np.array(basis) @ new)
        if row + 1 < nodes:
            jacobi[row, row + 1] = jacobi[row + 1, row] = np.linalg.norm(new)
            basis.append(new / np.linalg.norm(new))
    values, vectors = np.linalg.eigh(jacobi)
    return vectors[0] ** 2, 2 * values
