"""Folds of real rows, and which synthetic rows were made from which of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

COPIED = 0.65
"""Share of pairs above which synthetic rows are copies of real ones."""

_LABEL = 2.0  # a standardised label counts as two features
_BLOCK = 1000  # rows whose distances are held at a time


def folds(count: int, number: int, rng: np.random.Generator | None) -> Codes:
    """The fold of every one of ``count`` rows; in order where there is no generator."""
    fold = np.arange(count) * number // count
    return fold if rng is None else rng.permutation(fold)


def folds_of_classes(codes: Codes, number: int, rng: np.random.Generator) -> Codes:
    """The fold of every row, drawn so that every class is spread over all of them."""
    order = rng.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    fold = np.empty(len(codes), dtype=np.intp)
    fold[order] = np.arange(len(codes)) % number
    return fold


def together(X: Array, y: Array, mean: tuple[Array, float], scale: tuple[Array, float]) -> Array:
    """Points (k, p + 1) of standardised features and twice the standardised label."""
    points = np.empty((len(y), X.shape[1] + 1))
    points[:, :-1] = (X - mean[0]) / scale[0]
    points[:, -1] = _LABEL * (y - mean[1]) / scale[1]
    return points


def points_of(X: Array, y: Array, X_other: Array, y_other: Array) -> tuple[Array, Array]:
    """Both sets of rows as points, in units of the first one's spread."""
    mean, scale = X.mean(axis=0), X.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    level, spread = float(y.mean()), float(y.std()) or 1.0
    places = (mean, level), (scale, spread)
    return together(X, y, *places), together(X_other, y_other, *places)


def nearest(points: Array, among: Array, *, itself: bool = False) -> tuple[Codes, Array]:
    """The nearest of ``among`` (n, q) for every point (k, q), and the squared distance.

    With ``itself`` both are the same rows, and none is its own neighbour.
    """
    place, distance = np.empty(len(points), dtype=np.intp), np.empty(len(points))
    own = np.einsum("ij,ij->i", among, among)
    for start in range(0, len(points), _BLOCK):
        part = points[start : start + _BLOCK]
        apart = own - 2 * part @ among.T
        if itself:
            apart[np.arange(len(part)), start + np.arange(len(part))] = np.inf
        at = np.argmin(apart, axis=1)
        place[start : start + len(part)] = at
        moved = part - among[at]  # differences first: copies are at distance zero
        distance[start : start + len(part)] = np.einsum("ij,ij->i", moved, moved)
    return place, distance


def parents(X: Array, y: Array, X_synthetic: Array, y_synthetic: Array) -> Codes:
    """Number of the real row that is nearest to every synthetic one, label included."""
    real, synthetic = points_of(X, y, X_synthetic, y_synthetic)
    return nearest(synthetic, real)[0]


def copies(X: Array, y: Array, X_synthetic: Array, y_synthetic: Array) -> float:
    """Share of pairs in which a synthetic row is nearer to the real rows than a real one is.

    About a half for rows of the same kind, near 1 for rows that are real ones with a jitter.
    """
    real, synthetic = points_of(X, y, X_synthetic, y_synthetic)
    of_synthetic = nearest(synthetic, real)[1]
    of_real = np.sort(nearest(real, real, itself=True)[1])
    farther = of_real.size - np.searchsorted(of_real, of_synthetic, side="right")
    level = np.searchsorted(of_real, of_synthetic, side="right") - np.searchsorted(
        of_real, of_synthetic, side="left"
    )
    return float(np.mean(farther + level / 2) / of_real.size)
