"""Workers that end with the process that started them, however it ended."""

from __future__ import annotations

import os
import signal
import threading
import time

EVERY = 0.5
"""Seconds between two looks at the parent."""


def end_with(parent: int) -> None:
    """Leave it to ``parent`` when to stop, and end this process once it is no longer its child.

    A parent that was killed cannot tell its workers. Without this they wait for tasks for ever and
    keep its standard output open, so that whoever reads it waits too. Control-C reaches all processes
    of a terminal; the parent alone answers it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY)
    os._exit(1)
