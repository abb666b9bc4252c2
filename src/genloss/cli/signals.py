"""Signals that ask the command to end: all take the path of control-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ASKING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]

LATER = 0.01
"""Seconds until a signal that came at a bad time comes again."""


@contextmanager
def orderly() -> Iterator[list[int]]:
    """Raise KeyboardInterrupt where a signal arrives; yields the numbers of those that did.

    What cleans up after control-C (claims of a sweep, its workers, half-written files) then cleans up
    after these too. A second signal has its usual effect, so that a hung clean-up can be ended.
    """
    received: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        if _drops_errors(frame):
            again = threading.Timer(LATER, _again, (number,))
            again.daemon = True
            again.start()
            return
        received.append(number)
        signal.signal(number, before[number])
        raise KeyboardInterrupt

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        # what is ignored, as under nohup, stays ignored
        before = {
            number: signal.getsignal(number)
            for number in ASKING
            if signal.getsignal(number) not in (signal.SIG_IGN, None)
        }
        for number in before:
            signal.signal(number, ask)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _again(number: int) -> None:
    """Signal the main thread, also one that waits: it would not wake of a signal to this thread."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)


def _drops_errors(frame: FrameType | None) -> bool:
    """Whether Python would print an exception that is raised here, and go on."""
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False
