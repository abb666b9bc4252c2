"""Work on every piece of a table, wherever, and results merged in the order of the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self, TypeVar

from genloss.errors import GenlossError
from genloss.tables.parquet import Piece


class Mergeable(Protocol):
    """What blocks are reduced to."""

    def merged(self, other: Any) -> Self:
        """The same of the rows of both."""


Part = TypeVar("Part", bound=Mergeable)


def reduce_pieces(
    work: Callable[[Piece], Part], *, pieces: Sequence[Piece], cluster: str | None
) -> Part:
    """Do ``work`` for every piece, wherever, and merge the results in the order of the table."""
    from genloss.workers import WorkersLost, mapped

    try:
        parts = mapped(work, pieces, cluster)
        merged = next(parts)
        for part in parts:
            merged = merged.merged(part)
    except WorkersLost as error:
        raise GenlossError(
            f"workers were lost while they read the table ({error}); fewer workers need less "
            "memory, and without cluster one pass needs the least"
        ) from error
    return merged
