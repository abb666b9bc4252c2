"""Covariances of rows of their own: eigenvalues along the problem's eigenvectors, or a matrix there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.errors import InvalidInputError

Array = npt.NDArray[np.float64]
Matrix = tuple[tuple[float, ...], ...]
Covariance = tuple[float, ...] | Matrix

_EMPTY = 1e-12  # of the largest eigenvalue: no row varies there, but for rounding
_ROUNDING = (
    1e-8  # of the largest entry or eigenvalue: what a matrix that was computed may be off by
)


def checked(name: str, given: Any) -> Covariance:
    """A covariance as a frozen value: positive eigenvalues, or a symmetric matrix without negative ones."""
    values = _check.numbers(name, given)
    if values.ndim == 1:
        return tuple(_check.vector(name, values, above="> 0").tolist())
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise InvalidInputError(
            f"{name} had shape {values.shape}; it must be a vector of eigenvalues along the problem's "
            "eigenvectors, or a square matrix in their basis"
        )
    away = float(np.abs(values - values.T).max())
    if away > _ROUNDING * float(np.abs(values).max()):
        raise InvalidInputError(
            f"{name} was not symmetric; two entries differ by {away:.3g}, which is more than rounding "
            f"({_ROUNDING:g} of the largest entry)"
        )
    values = (values + values.T) / 2
    least, *_, most = np.linalg.eigvalsh(values).tolist() * 2
    if most <= 0 or least < -_ROUNDING * most:
        raise InvalidInputError(
            f"{name} had the eigenvalue {least:.3g}; a covariance has none below 0, and one above it"
        )
    return tuple(tuple(row) for row in values.tolist())


def whole(name: str, given: Any) -> Array:
    """A covariance as a matrix that cannot be written to; one and the same for equal ones."""
    return matrix(checked(name, given))


@lru_cache(maxsize=16)
def matrix(covariance: Covariance) -> Array:
    """The matrix of a covariance."""
    values = np.array(covariance)
    found = np.diag(values) if values.ndim == 1 else values
    found.setflags(write=False)
    return found


def is_matrix(covariance: Covariance | None) -> TypeGuard[Matrix]:
    """Whether rows vary along other directions than the problem's."""
    return covariance is not None and isinstance(covariance[0], tuple)


def leave_gaps(covariances: Sequence[Covariance | None]) -> bool:
    """Whether rows of these covariances all vary in some directions alone."""
    given = {each for each in covariances if is_matrix(each)}
    if len(given) < len(set(covariances)) or not all(map(has_gaps, given)):
        return False
    return len(given) < 2 or _is_singular(np.sum([matrix(each) for each in given], axis=0), _EMPTY)


@lru_cache(maxsize=16)
def has_gaps(covariance: Matrix, least: float = _EMPTY) -> bool:
    """Whether rows leave some directions out: their variance there is below that share of the largest."""
    return _is_singular(matrix(covariance), least)


def _is_singular(values: Array, least: float) -> bool:
    eigenvalues = np.linalg.eigvalsh(values)
    return bool(eigenvalues[0] <= least * eigenvalues[-1])


@lru_cache(maxsize=16)
def root(matrix: Matrix) -> Array:
    """The symmetric square root of a matrix."""
    values, vectors = np.linalg.eigh(np.array(matrix))
    found = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    found.setflags(write=False)
    return np.asarray(found)
