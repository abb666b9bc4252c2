"""Rows about the centres of two classes: the mean is one more direction (`channels.md` 10).

A row is ``c mu + Sigma^(1/2) g`` with c = +-1. The last field of such rows is the problem's truth, a multiple
of ``Sigma^-1 mu``: what it shares with another field is that field's mean where c is one, but for a factor.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from genloss.labels import Label
from genloss.theory.channels.rows import Law, Rows, Sums
from genloss.theory.channels.two_classes import is_even

Array = npt.NDArray[np.float64]

KNOWN = 1e-9
"""Noise on the class of a real row, of which there is none."""


def means(rows: Rows, own: list[int], second: Array) -> list[tuple[float, list[int], Array, Array]]:
    """Of the rows of a class: its side, the fields that are named, their covariance and their means.

    One class stands for both where everything is the same but for the sign; ``second`` is of the fields ``own``.
    """
    if rows.centre is None:
        return [(1.0, own, second, np.zeros(len(own)))]
    named, spread, middle = own[:-1], second[:-1, :-1], second[:-1, -1] / rows.centre
    if not named:  # the class itself, with its noise
        spread, middle = np.zeros((1, 1)), np.zeros(1)
    middle = middle + rows.real * (np.arange(middle.size) == 0)
    return [(side, named, spread, side * middle) for side in _sides(rows)]


def _sides(rows: Rows) -> tuple[float, ...]:
    alike = is_even(rows.loss, rows.keep) and _is_odd(rows.label)
    return (1.0,) if alike else (1.0, -1.0)


def laws(rows: Rows, law: Law) -> list[tuple[float, Law]]:
    """The law of what is said of the rows of a class, without the last field."""
    assert rows.centre is not None
    cross, middle = law.cross[:, :-1], law.cross[:, -1] / rows.centre
    if not cross.shape[1]:
        cross = np.zeros((len(middle), 1))
    sides = means(rows, [*range(len(law.second))], law.second)
    return [
        (side, Law(second, cross, law.square, law.gamma, centre, side * middle))
        for side, _, second, centre in sides
    ]


@cache
def _is_odd(label: Label) -> bool:
    """Whether the opposite value has the opposite label."""
    h = np.linspace(-7, 7, 57)
    labels, _ = label.law(h)
    return label.noises() is not None or (
        len(labels) == 1 and np.allclose(labels[0], -labels[0][::-1])
    )


def joined(rows: Rows, parts: list[tuple[float, Sums]]) -> Sums:
    """All classes that were looked at together, and the pull to the truth."""
    assert rows.centre is not None
    named = len(rows.fields) - 1
    to_centre = np.mean([-side * sums.mean for side, sums in parts], axis=0) / rows.centre
    curvature, square, pull, accepted, mean = (
        np.mean(each, axis=0) for each in zip(*(sums for _, sums in parts), strict=True)
    )
    pull = np.concatenate([pull[:, :named], to_centre[:, None]], axis=1)
    return Sums(curvature, square, pull, accepted, mean)
