"""Work on every piece of a table, wherever, and results merged in the order of the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, Self, TypeVar

from genloss.errors import GenlossError
from genloss.tables.parquet import Piece


class Mergeable(Protocol):
    """What blocks are reduced to."""

    def merged(self, other: Any) -> Self:
        """The same of the rows of both."""


Part = TypeVar("Part", bound=Mergeable)


def check_cluster(name: str) -> None:
    """Refuse what is no place to work."""
    from genloss.sweeps.engines import check_name

    check_name(name)


def reduce_pieces(
    work: Callable[[Piece], Part], *, pieces: Sequence[Piece], cluster: str | None
) -> Part:
    """Do ``work`` for every piece, wherever, and merge the results in the order of the table."""
    from joblib import Parallel, delayed
    from joblib.parallel import SequentialBackend, get_active_backend

    from genloss.sweeps import engines

    engine = engines.choose(cluster, None, 0.0)
    # alone, a process keeps all its BLAS threads
    here: AbstractContextManager[Any] = nullcontext()
    with here if engine == "serial" else engines.running(engine, None):
        backend, _ = get_active_backend()
        lazy = backend.supports_return_generator or isinstance(backend, SequentialBackend)
        parallel = Parallel(return_as="generator" if lazy else "list", batch_size=1)
        try:
            parts = iter(parallel(delayed(work)(piece) for piece in pieces))
            merged = next(parts)
            for part in parts:
                merged = merged.merged(part)
        except engines.lost_workers() as error:
            raise GenlossError(
                f"workers were lost while they read the table ({type(error).__name__}: {error}); "
                "fewer workers need less memory, and without cluster one pass needs the least"
            ) from error
    return merged
