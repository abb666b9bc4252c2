"""How far a long computation is, for those who wait: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_FIRST, _EVERY = 10.0, 15.0  # seconds until the first line, and between lines


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show on standard error how far it is; yields the function that advances it."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        yield _lines(what, total)
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.advance(task, done)


def lasting(seconds: float) -> str:
    """A duration as one says it.

    Examples
    --------
    >>> lasting(42.3), lasting(620), lasting(9000)
    ('42 s', '10 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def _lines(what: str, total: int) -> Callable[[int], None]:
    start = time.monotonic()
    done, following = 0, start + _FIRST

    def advance(more: int) -> None:
        nonlocal done, following
        done += more
        now = time.monotonic()
        if now >= following and done < total:
            following = now + _EVERY
            told = f"{done:,} of {total:,} ({done / total:.0%}) after {now - start:.0f} s"
            print(f"genloss: {what}, {told}", file=sys.stderr, flush=True)

    return advance
