"""What a problem may be made of: its truth, means of its classes, and lengths of its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check, class_means
from genloss.errors import InvalidInputError

MOST_CLASSES = 100
MOST_TAILS = 64
_MOST_APART = 1e300
Array = npt.NDArray[np.float64]


def truth_and_means(spectrum: Array, truth: Any, means: Any) -> tuple[Array, Array | None]:
    """The truth, which means decide where there are any, and the means about their average.

    Raises
    ------
    InvalidInputError
        If neither is given, both are and disagree, or an array is not of the spectrum's length.
    """
    if means is None:
        if truth is None:
            raise InvalidInputError("problem lacks 'truth', which may be left out only with means")
        told = per_class("truth", truth, spectrum.size)
        if told.ndim == 2:
            _refuse_twins(told)
        return told, None
    middle = per_class("means", means, spectrum.size)
    if not class_means.separation(spectrum, middle) <= _MOST_APART:
        raise InvalidInputError(
            f"means were up to {np.abs(middle).max():.3g}, too far apart for double precision: "
            f"mu' Sigma^-1 mu may be {_MOST_APART:.0e} at most"
        )
    if middle.ndim == 2:
        average = middle.mean(axis=1, keepdims=True)
        if np.abs(average).max() > 1e-12 * np.abs(middle).max():
            middle = middle - average
    if not middle.any():
        raise InvalidInputError("means were the same for all classes; nothing tells these apart")
    found = class_means.best_linear(spectrum, middle)
    if truth is not None and not (
        (told := per_class("truth", truth, spectrum.size)).shape == found.shape
        and np.allclose(told, found)
    ):
        raise InvalidInputError(
            "truth was given with means, which say what it is: leave one of them out"
        )
    found.setflags(write=False)
    middle.setflags(write=False)
    return found, middle


def _refuse_twins(truth: Array) -> None:
    """Refuse classes that no row tells apart."""
    first = np.unique(truth, axis=1, return_index=True)[1]
    if first.size < truth.shape[1]:
        twin = int(np.setdiff1d(np.arange(truth.shape[1]), first)[0])
        same = int(np.flatnonzero((truth == truth[:, [twin]]).all(axis=0))[0])
        raise InvalidInputError(
            f"truth had the same column for classes {same} and {twin}; a row is of the class whose column says "
            "most, and nothing tells these apart"
        )


def per_class(name: str, given: Any, dim: int) -> Array:
    """One number for every direction, or one for every direction and class.

    Parameters
    ----------
    name : str
        The argument, for errors.
    given : array_like of shape (p,) or (p, classes)
        What was given.
    dim : int
        p, the number of directions.
    """
    array = _check.numbers(name, given)
    if array.ndim not in (1, 2):
        raise InvalidInputError(
            f"{name} had shape {array.shape}; it must have one entry per direction, or a column per class"
        )
    if len(array) != dim:
        raise InvalidInputError(
            f"{name} had {len(array)} entries; spectrum has {dim}, they must agree"
        )
    if array.ndim == 2 and not 2 <= array.shape[1] <= MOST_CLASSES:
        raise InvalidInputError(
            f"{name} had {array.shape[1]} columns; it may have 2 to {MOST_CLASSES}, one per class "
            "(one number per direction is a vector)"
        )
    array.setflags(write=False)
    return array


def tails(given: Any, means: Array | None) -> tuple[float, ...] | None:
    """How lengths of inputs vary, with mean one, or None."""
    if given is None:
        return None
    values = _check.vector("tails", given, above="> 0")
    if values.size > MOST_TAILS:
        raise InvalidInputError(
            f"tails had {values.size} entries; it may have {MOST_TAILS}, quantiles of the squared "
            "lengths are enough"
        )
    if means is not None:
        raise InvalidInputError("tails were given with means; leave one of them out")
    if abs(values.mean() - 1) > 1e-9:
        values = values / values.mean()
    return tuple(values.tolist())
