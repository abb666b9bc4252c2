"""Numbers over a grid from few of its points: patches that are smooth are filled, others are split.

A patch of five by five points is smooth along an axis if every second of its points there predicts the ones
between within a tolerance; what lies between the five is then on the polynomials of degree four through all of
them, in the place itself or its logarithm. Other patches are halved, along the axes where they are not smooth,
until all of their points are solved: so are steep places, and borders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int_]
Range = tuple[int, int]
Solve = Callable[[list[int]], Iterable[Array]]

_NODES = 5
_EVEN = 2.2  # Lebesgue's constant of as many even places


class Field(NamedTuple):
    """How a number is filled: ``flat`` makes it smooth, ``back`` undoes that, ``error`` is of flat ones."""

    flat: Callable[[Array], Array]
    back: Callable[[Array], Array]
    error: Callable[[Array, Array], Array]


def _ratio(guess: Array, true: Array) -> Array:
    return np.asarray(np.abs(np.expm1(guess - true)))


def _difference(guess: Array, true: Array) -> Array:
    return np.asarray(np.abs(guess - true) / np.maximum(np.abs(true), 1.0))


def _third(guess: Array, true: Array) -> Array:
    return _difference(guess, true) / 3


RISK = Field(np.log, np.exp, _ratio)
"""As a share of itself."""

RADIUS = Field(np.copy, np.copy, _difference)
"""Up to one as it is, beyond as a share of itself."""

PACE = Field(np.copy, np.copy, _third)
"""The same of radii that few models show, slow ones to some percents."""


def filled(
    solve: Solve, x: Array, y: Array, fields: Sequence[Field], tolerance: float
) -> tuple[list[Array], Mask]:
    """Solve as many points of a grid as make all others known.

    Parameters
    ----------
    solve : callable
        Gives every field at some points, by their numbers row by row.
    x, y : ndarray
        Places along the axes, in order.
    fields : sequence of Field
        How each is filled.
    tolerance : float
        By how much half the points of a patch may be off where they predict the others.

    Returns
    -------
    values : list of ndarray of shape (len(y), len(x))
    solved : ndarray of bool of shape (len(y), len(x))
    """
    values = [np.full((y.size, x.size), np.nan) for _ in fields]
    solved = np.zeros((y.size, x.size), dtype=bool)
    ways = _scales(y), _scales(x)
    patches = _parts((0, y.size - 1), (0, x.size - 1), (True, True))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        while patches:
            wanted = np.zeros_like(solved)
            for up, across in patches:
                wanted[np.ix_(_nodes(up), _nodes(across))] = True
            wanted &= ~solved
            if wanted.any():
                found = solve(np.flatnonzero(wanted).tolist())
                for value, part in zip(values, found, strict=True):
                    value[wanted] = part
                solved |= wanted
            finer = []
            for up, across in patches:
                rows, columns = _nodes(up), _nodes(across)
                at = [
                    field.flat(value[np.ix_(rows, columns)])
                    for value, field in zip(values, fields, strict=True)
                ]
                errors = [field.error for field in fields]
                off_up, upward = _smoothest(at, ways[0], rows, errors)
                off_across, sideways = _smoothest([each.T for each in at], ways[1], columns, errors)
                rough = off_up > tolerance, off_across > tolerance
                if any(rough):
                    finer += _parts(up, across, rough)
                    continue
                place = slice(up[0], up[1] + 1), slice(across[0], across[1] + 1)
                for value, field, each in zip(values, fields, at, strict=True):
                    high = _stretched(each, upward, rows)
                    between = field.back(_stretched(high.T, sideways, columns).T)
                    value[place] = np.where(solved[place], value[place], between)
            patches = finer
    return values, solved


def _nodes(ends: Range) -> Numbers:
    """Five places of a range, or all of a short one; those of a half are among them and between them."""
    low, high = ends
    if high - low < _NODES:
        return np.arange(low, high + 1)
    middle = (low + high) // 2
    return np.array([low, (low + middle) // 2, middle, (middle + high) // 2, high])


def _parts(up: Range, across: Range, split: tuple[bool, bool]) -> list[tuple[Range, Range]]:
    rows, columns = (
        _halves(*ends) if apart else [ends] for ends, apart in zip((up, across), split, strict=True)
    )
    return [(row, column) for row in rows for column in columns]


def _halves(low: int, high: int) -> list[Range]:
    middle = (low + high) // 2
    return [(low, middle), (middle, high)] if high - low >= _NODES else [(low, high)]


def _scales(places: Array) -> list[Array]:
    return [places, np.log(places)] if places.min() > 0 else [places]


def _smoothest(
    values: Sequence[Array],
    scales: Sequence[Array],
    nodes: Numbers,
    errors: Sequence[Callable[[Array, Array], Array]],
) -> tuple[float, Array]:
    """By how much every second of the nodes is off at the others, on the scale where it is least off.

    Where nodes lie unevenly it counts as often as polynomials swing wider between them than between even ones. Nothing where no points are left between; infinite where only some are finite, or known.
    """
    if nodes[-1] - nodes[0] < nodes.size:
        return 0.0, scales[0]
    offs = [_off(values, places, nodes, errors) * _swing(places, nodes) for places in scales]
    best = int(np.argmin(offs))
    return offs[best], scales[best]


def _swing(places: Array, nodes: Numbers) -> float:
    """By how much more polynomials through the nodes swing between them than through even ones (Lebesgue's constant)."""
    between = _through(places[nodes], places[nodes[0] : nodes[-1] + 1])
    return max(1.0, float(np.abs(between).sum(axis=1).max()) / _EVEN)


def _off(
    values: Sequence[Array],
    places: Array,
    nodes: Numbers,
    errors: Sequence[Callable[[Array, Array], Array]],
) -> float:
    guess, most = _through(places[nodes[::2]], places[nodes[1::2]]), 0.0
    for value, error in zip(values, errors, strict=True):
        kind = np.where(np.isfinite(value), 0, np.where(np.isnan(value), 2, np.sign(value)))
        if (kind != kind[0]).any():
            return np.inf
        good = np.isfinite(value[0])
        most = float(error(guess @ value[::2, good], value[1::2, good]).max(initial=most))
    return most


def _stretched(value: Array, places: Array, nodes: Numbers) -> Array:
    """Values at the nodes, and at all places between them."""
    whole = np.arange(nodes[0], nodes[-1] + 1)
    if whole.size == nodes.size:
        return value
    good = np.isfinite(value[0])
    found = np.broadcast_to(value[0], (whole.size, value.shape[1])).copy()
    found[:, good] = _through(places[nodes], places[whole]) @ value[:, good]
    return found


def _through(nodes: Array, places: Array) -> Array:
    """What makes of values at nodes those of the polynomial through them at other places (Lagrange)."""
    same = np.eye(nodes.size, dtype=bool)
    away = (places[:, None, None] - nodes) / np.where(same, 1.0, nodes[:, None] - nodes)
    return np.asarray(np.where(same, 1.0, away).prod(axis=2))
