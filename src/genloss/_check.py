"""Checks at the edge: each turns an argument into a trusted value or says what is wrong with it."""

from __future__ import annotations

import difflib
import math
import os
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from genloss._words import quoted, shown
from genloss.errors import InvalidInputError

Array = npt.NDArray[np.float64]
T = TypeVar("T")

# what an array holds that is no number, by the kind of its dtype
_NO_NUMBERS = {
    "b": "flags",
    "c": "complex numbers",
    "m": "time differences",
    "M": "dates",
    "S": "bytes",
    "T": "text",
    "U": "text",
    "V": "records",
}


def number(name: str, value: Any) -> float:
    """Return ``value`` as a float, which may be infinite or NaN."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not _is_number(value):
        raise InvalidInputError(f"{name} was {shown(value)}; it must be a number")
    return _float(value)


def finite(name: str, value: Any) -> float:
    """Return ``value`` as a finite float."""
    found = number(name, value)
    if not math.isfinite(found):
        raise InvalidInputError(f"{name} was {shown(value)}; it must be finite")
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool | np.bool_)


def _float(value: Any) -> float:
    """The nearest float; infinite or NaN where there is none."""
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except ValueError:  # a signalling NaN
        return math.nan


def non_negative(name: str, value: Any) -> float:
    """Return ``value`` as a finite float >= 0."""
    number = finite(name, value)
    if number < 0:
        raise InvalidInputError(f"{name} was {shown(value)}; it must be >= 0")
    return number


def positive(name: str, value: Any) -> float:
    """Return ``value`` as a finite float > 0."""
    number = finite(name, value)
    if number <= 0:
        raise InvalidInputError(f"{name} was {shown(value)}; it must be > 0")
    return number


def share(name: str, value: Any) -> float:
    """Return ``value`` as a float in [0, 1]."""
    number = finite(name, value)
    if not 0 <= number <= 1:
        raise InvalidInputError(f"{name} was {shown(value)}; it must lie between 0 and 1")
    return number


def boolean(name: str, value: Any) -> bool:
    """Return ``value`` if it is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise InvalidInputError(f"{name} was {shown(value)}; it must be True or False")
    return bool(value)


def integer(name: str, value: Any, *, minimum: int, maximum: int | None = None) -> int:
    """Return ``value`` as an int >= ``minimum``; whole floats such as 1e3 are accepted."""
    try:
        number = int(value) if _is_number(value) else None
    except (OverflowError, ValueError):  # infinite or NaN
        number = None
    if number is None or number != value:
        raise InvalidInputError(
            f"{name} was {shown(value)}; it must be a whole number >= {minimum}"
        )
    if number < minimum:
        raise InvalidInputError(f"{name} was {shown(value)}; it must be >= {minimum}")
    if maximum is not None and number > maximum:
        raise InvalidInputError(f"{name} was {shown(value)}; it must be <= {maximum}")
    return number


def choice(name: str, value: Any, allowed: Sequence[str]) -> str:
    """Return ``value`` if it is one of ``allowed``."""
    if not isinstance(value, str) or value not in allowed:
        options = ", ".join(repr(option) for option in allowed)
        near = difflib.get_close_matches(value[:80], allowed, n=1) if isinstance(value, str) else []
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise InvalidInputError(f"{name} was {shown(value)}; it must be one of {options}{hint}")
    return str(value)


def sequence(name: str, values: Any) -> list[Any]:
    """Return ``values`` as a list that is not empty."""
    found = list(values) if isinstance(values, Iterable) and not isinstance(values, dict) else []
    if not found:
        raise InvalidInputError(f"{name} was {shown(values)}; it must have at least one entry")
    return found


def instance(name: str, value: Any, kind: type[T], words: str | None = None) -> T:
    """Return ``value`` if it is of this kind."""
    if not isinstance(value, kind):
        what = type(value).__name__
        raise InvalidInputError(f"{name} was {what}; it must be {words or 'a ' + kind.__name__}")
    return value


def string(name: str, value: Any) -> str:
    """Return ``value`` if it is text, which may be empty."""
    if not isinstance(value, str):
        raise InvalidInputError(f"{name} was {shown(value)}; it must be text")
    return value


def items(name: str, values: Any) -> list[Any]:
    """Return ``values`` as a list, which may be empty."""
    if not isinstance(values, list | tuple):
        raise InvalidInputError(f"{name} was {shown(values)}; it must be a list")
    return list(values)


def text(name: str, value: Any) -> str:
    """Return ``value`` if it is text that is not empty."""
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"{name} was {shown(value)}; it must be text")
    return value


def path(name: str, value: Any) -> Path:
    """Return ``value`` as a path."""
    plain = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(plain, str) or not plain or "\0" in plain:
        raise InvalidInputError(f"{name} was {shown(value)}; it must be a path, as text or a Path")
    return Path(plain)


def reachable(name: str, path: Path) -> Path:
    """Return a path that the system can look up, whether something is there or not."""
    try:
        path.exists()
    except OSError as error:  # such as a name longer than names may be
        raise InvalidInputError(f"{name} was {quoted(path)}; {error.strerror}") from None
    return path


def numbers(
    name: str,
    values: Any,
    *,
    above: Literal["> 0", ">= 0"] | None = None,
    ndim: int | None = None,
    flags: bool = False,
    finite: bool = True,
) -> Array:
    """Return ``values`` as a new float64 array: not empty, finite, real numbers only.

    Parameters
    ----------
    name : str
        The argument.
    values : Any
        What was given.
    above : {"> 0", ">= 0"}, optional
        What every entry must be.
    ndim : int, optional
        Number of axes; default: any.
    flags : bool, default False
        Whether True and False count as 1 and 0.
    finite : bool, default True
        Whether infinite and NaN are refused.
    """
    array = _float64(name, values, flags)
    if array.size == 0 or ndim not in (None, array.ndim):
        axes = "" if ndim is None else f"{ndim}-D with "
        raise InvalidInputError(
            f"{name} had shape {array.shape}; it must be {axes}at least one entry"
        )
    good = np.isfinite(array) if finite else np.ones(array.shape, dtype=bool)
    if above is not None:
        good &= array > 0 if above == "> 0" else array >= 0
    if not good.all():
        index = np.argwhere(~good)[0]
        raise InvalidInputError(
            f"{name}{_place(index)} was {array[tuple(index)]}; every entry must be finite"
            + (f" and {above}" if above else "")
        )
    return array


def broadcast(**arrays: Array) -> tuple[Array, ...]:
    """Return the arrays in their common shape."""
    try:
        return np.broadcast_arrays(*arrays.values())
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InvalidInputError(
            f"{shapes} do not broadcast; shapes must be equal, or 1 where they differ"
        ) from None


def _float64(name: str, values: Any, flags: bool) -> Array:
    """A copy in double precision, or what it holds that is no number."""
    _refuse_parts(name, values, flags)
    try:
        given = np.array(values)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise InvalidInputError(f"{name} was {shown(values)}; it must be numeric") from None
    kind = given.dtype.kind
    if kind in _NO_NUMBERS and not (flags and kind == "b"):
        where = _place((0,) * given.ndim) if given.size else ""
        first = shown(given.flat[0].item() if given.size else values)
        raise InvalidInputError(
            f"{name}{where} was {first}; it must be numeric, not {_NO_NUMBERS[kind]}"
        )
    if not flags and isinstance(values, list | tuple) and bool in set(map(type, values)):
        at = [isinstance(entry, bool) for entry in values].index(True)  # NumPy made a number of it
        raise InvalidInputError(
            f"{name}[{at}] was {values[at]}; it must be numeric, not True or False"
        )
    if kind == "O":
        for index, entry in np.ndenumerate(given):
            if not _is_number(entry) and not (flags and isinstance(entry, bool | np.bool_)):
                raise InvalidInputError(
                    f"{name}{_place(index)} was {shown(entry)}; it must be numeric"
                )
        given = np.array([_float(entry) for entry in given.flat]).reshape(given.shape)
    with np.errstate(over="ignore"):  # of longer floats
        return given.astype(np.float64, copy=False)


def _refuse_parts(name: str, values: Any, flags: bool) -> None:
    """NumPy would take masked entries, and flags among the numbers of a list, for numbers."""
    where = None
    if may_be_masked(values):
        where = (
            _place(np.argwhere(np.ma.getmaskarray(values))[0]) if np.ma.is_masked(values) else None
        )
    elif isinstance(values, list | tuple):
        for i, part in enumerate(values):
            if isinstance(part, bool | np.bool_) and not flags:
                raise InvalidInputError(f"{name}[{i}] was {part}; it must be numeric, not flags")
            if may_be_masked(part) and np.ma.is_masked(part):
                where = f"[{i}]"
                break
    if where is not None:
        raise InvalidInputError(f"{name}{where} was masked; fill masked entries, or leave them out")


def may_be_masked(values: Any) -> bool:
    """Whether values are a masked array, without opening the room of those where nobody has."""
    return "numpy.ma" in sys.modules and isinstance(values, np.ma.MaskedArray)


def _place(index: Any) -> str:
    return f"[{', '.join(str(int(i)) for i in index)}]" if len(index) else ""


def vector(name: str, values: Any, *, above: Literal["> 0", ">= 0"] | None = None) -> Array:
    """Return ``values`` as a read-only 1-D float64 array, not empty and finite."""
    array = numbers(name, values, above=above, ndim=1)
    array.setflags(write=False)
    return array


def samples(X: Any, y: Any) -> tuple[Array, Array]:
    """Return ``X`` (n_rows, dim) and ``y`` (n_rows,) as finite float64 arrays."""
    features = numbers("X", X, ndim=2, flags=True)
    if features.shape[0] < 2:
        raise InvalidInputError(f"X had shape {features.shape}; it must have at least 2 rows")
    target = numbers("y", y, ndim=1, flags=True)
    if target.shape[0] != features.shape[0]:
        raise InvalidInputError(
            f"y had {target.shape[0]} entries; X has {features.shape[0]} rows, they must agree"
        )
    return features, target
