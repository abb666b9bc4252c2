"""Signals that ask the command to end: all take the path of control-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ASKING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def orderly() -> Iterator[list[int]]:
    """Raise KeyboardInterrupt where SIGTERM or SIGHUP arrives; yields the numbers of those that did.

    What cleans up after control-C (claims of a sweep, its workers, half-written files) then cleans up
    after these too. A second signal has its usual effect, so that a hung clean-up can be ended.
    """
    received: list[int] = []

    def ask(number: int, _: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        # what is ignored, as under nohup, stays ignored
        before = {
            number: signal.signal(number, ask)
            for number in ASKING
            if signal.getsignal(number) != signal.SIG_IGN
        }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
