"""Rows of a design that are revealed from both sides, with their labels and weights.

This is all that a fit of any kind sees of its rows: values ``X w``, sums ``X'u``, and whatever it
makes of single rows in between.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.trials.revealed.entries import Entries
from genloss.trials.revealed.spread import Spread

Array = npt.NDArray[np.float64]


class Piece(NamedTuple):
    """Rows of one covariance."""

    entries: Entries
    rows: int
    spread: Spread | None
    """What makes whitened rows of the problem's covariance theirs."""


class Design:
    """Rows that were drawn together, in whitened coordinates.

    Parameters
    ----------
    pieces : list of Piece
        Its rows, in order.
    """

    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces
        self.rows = sum(piece.rows for piece in pieces)

    def values(self, w: Array) -> Array:
        """``X w`` of every run: (runs, dim) to (runs, rows)."""
        parts = [
            p.entries.right(w if p.spread is None else p.spread.forth(w)) for p in self._pieces
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def sums(self, u: Array) -> Array:
        """``X'u`` of every run: (runs, rows) to (runs, dim)."""
        ends = np.cumsum([piece.rows for piece in self._pieces])[:-1]
        total: Array | None = None
        for piece, part in zip(self._pieces, np.split(u, ends, axis=1), strict=True):
            one = piece.entries.left(part)
            one = one if piece.spread is None else piece.spread.back(one)
            total = one if total is None else total + one
        assert total is not None
        return total


class Labelled(NamedTuple):
    """Rows of a design as one fit takes them.

    Attributes
    ----------
    design : Design
        Where they are.
    labels : ndarray of shape (runs, rows)
        Label of every row of the design.
    weights : ndarray of shape (runs, rows)
        Weight of every row; zero where it takes no part or is not kept.
    covered : ndarray of shape (rows,)
        Which rows are candidates.
    """

    design: Design
    labels: Array
    weights: Array
    covered: npt.NDArray[np.bool_]
