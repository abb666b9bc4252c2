"""Checks at the edge: each turns an argument into a trusted value or says what is wrong with it."""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.errors import InvalidInputError


def finite(name: str, value: Any) -> float:
    """Return ``value`` as a finite float."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise InvalidInputError(f"{name} was {value!r}; it must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidInputError(f"{name} was {value!r}; it must be finite")
    return number


def non_negative(name: str, value: Any) -> float:
    """Return ``value`` as a finite float >= 0."""
    number = finite(name, value)
    if number < 0:
        raise InvalidInputError(f"{name} was {value!r}; it must be >= 0")
    return number


def positive(name: str, value: Any) -> float:
    """Return ``value`` as a finite float > 0."""
    number = finite(name, value)
    if number <= 0:
        raise InvalidInputError(f"{name} was {value!r}; it must be > 0")
    return number


def share(name: str, value: Any) -> float:
    """Return ``value`` as a float in [0, 1]."""
    number = finite(name, value)
    if not 0 <= number <= 1:
        raise InvalidInputError(f"{name} was {value!r}; it must lie between 0 and 1")
    return number


def boolean(name: str, value: Any) -> bool:
    """Return ``value`` if it is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise InvalidInputError(f"{name} was {value!r}; it must be True or False")
    return bool(value)


def integer(name: str, value: Any, *, minimum: int, maximum: int | None = None) -> int:
    """Return ``value`` as an int >= ``minimum``; whole floats such as 1e3 are accepted."""
    if isinstance(value, bool | np.bool_):
        raise InvalidInputError(f"{name} was {value!r}; it must be a whole number >= {minimum}")
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidInputError(
            f"{name} was {value!r}; it must be a whole number >= {minimum}"
        ) from None
    if number < minimum:
        raise InvalidInputError(f"{name} was {value!r}; it must be >= {minimum}")
    if maximum is not None and number > maximum:
        raise InvalidInputError(f"{name} was {value!r}; it must be <= {maximum}")
    return number


def choice(name: str, value: Any, allowed: Sequence[str]) -> str:
    """Return ``value`` if it is one of ``allowed``."""
    if not isinstance(value, str) or value not in allowed:
        options = ", ".join(repr(option) for option in allowed)
        near = difflib.get_close_matches(str(value), allowed, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise InvalidInputError(f"{name} was {value!r}; it must be one of {options}{hint}")
    return str(value)


def sequence(name: str, values: Any) -> list[Any]:
    """Return ``values`` as a list that is not empty."""
    found = list(values) if isinstance(values, Iterable) and not isinstance(values, dict) else []
    if not found:
        raise InvalidInputError(f"{name} was {values!r}; it must have at least one entry")
    return found


def flag(name: str, value: Any) -> bool:
    """Return ``value`` if it is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise InvalidInputError(f"{name} was {value!r}; it must be True or False")
    return bool(value)


def vector(name: str, values: Any) -> npt.NDArray[np.float64]:
    """Return ``values`` as a read-only 1-D float64 array, not empty and finite."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInputError(f"{name} was not numeric; it must be a 1-D array") from None
    if array.ndim != 1 or array.size == 0:
        raise InvalidInputError(
            f"{name} had shape {array.shape}; it must be 1-D with at least one entry"
        )
    if not np.isfinite(array).all():
        bad = int(np.flatnonzero(~np.isfinite(array))[0])
        raise InvalidInputError(f"{name}[{bad}] was {array[bad]}; every entry must be finite")
    array.setflags(write=False)
    return array


def samples(X: Any, y: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return ``X`` (n_rows, dim) and ``y`` (n_rows,) as finite float64 arrays."""
    try:
        features = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInputError("X was not numeric; encode categorical columns first") from None
    if features.ndim != 2 or features.shape[0] < 2 or features.shape[1] < 1:
        raise InvalidInputError(
            f"X had shape {features.shape}; it must be 2-D with at least 2 rows and 1 column"
        )
    target = vector("y", y)
    if target.shape[0] != features.shape[0]:
        raise InvalidInputError(
            f"y had {target.shape[0]} entries; X has {features.shape[0]} rows, they must agree"
        )
    if not np.isfinite(features).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(features))[0])
        raise InvalidInputError(
            f"X[{row}, {column}] was {features[row, column]}; every entry must be finite"
        )
    return features, target
