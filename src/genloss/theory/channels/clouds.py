"""Rows about the centres of two classes: the mean is one more direction (`channels.md` 10).

A row is ``c mu + Sigma^(1/2) g`` with c = +-1. The last field of such rows is the problem's truth, a multiple
of ``Sigma^-1 mu``: what it shares with another field is that field's mean where c is one, but for a factor.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.theory.channels.rows import Law, Rows, Sums

Array = npt.NDArray[np.float64]

KNOWN = 1e-9
"""Noise on the class of a real row, of which there is none."""


def laws(rows: Rows, law: Law) -> list[tuple[float, Law]]:
    """The law of what is said of the rows of either class, without the last field."""
    assert rows.centre is not None
    means, middle = law.second[:-1, -1] / rows.centre, law.cross[:, -1] / rows.centre
    second, cross = law.second[:-1, :-1], law.cross[:, :-1]
    if not means.size:  # the class itself, with its noise
        means, second, cross = np.zeros(1), np.zeros((1, 1)), np.zeros((len(middle), 1))
    means = means + rows.real * (np.arange(means.size) == 0)
    return [
        (side, Law(second, cross, law.square, law.gamma, side * means, side * middle))
        for side in (1.0, -1.0)
    ]


def joined(rows: Rows, parts: list[tuple[float, Sums]]) -> Sums:
    """Both classes together, and the pull to the truth."""
    assert rows.centre is not None
    named = len(rows.fields) - 1
    (up, above), (down, below) = parts
    to_centre = -(up * above.mean + down * below.mean) / rows.centre
    pull = np.concatenate([(above.pull + below.pull)[:, :named], to_centre[:, None]], axis=1)
    return Sums(
        (above.curvature + below.curvature) / 2,
        (above.square + below.square) / 2,
        pull / 2,
        (above.accepted + below.accepted) / 2,
        (above.mean + below.mean) / 2,
    )
