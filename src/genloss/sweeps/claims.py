"""Claims: notes by which processes that share a store keep out of each other's way.

A claim is advice and never needed for the results to be right: a block that two processes compute
has the same content, and every chunk is written whole.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from genloss.sweeps import keys


@dataclass(frozen=True)
class Claims:
    """The claims of this run, and a look at those of others.

    Parameters
    ----------
    raw : zarr.abc.store.Store
        Keys of the store.
    patience : float
        Age in seconds at which another's claim no longer counts.
    """

    raw: Any
    patience: float
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    mine: set[int] = field(default_factory=set)

    def take(self, block: int) -> None:
        """Note that this run computes a block."""
        self.mine.add(block)
        who = {"host": socket.gethostname(), "process": os.getpid(), "token": self.token}
        keys.write(self.raw, _key(block), json.dumps({**who, "time": time.time()}).encode())

    def drop(self, block: int) -> None:
        """Take a claim back, because the block is stored or given up."""
        if block in self.mine:
            self.mine.discard(block)
            keys.delete(self.raw, _key(block))

    def drop_all(self) -> None:
        """Take all claims back."""
        for block in list(self.mine):
            self.drop(block)

    def sweep_up(self) -> None:
        """Remove all claims, also those of the dead: every block is stored."""
        for key in keys.read_all(self.raw, "receipts/", ".claim"):
            keys.delete(self.raw, key)

    def others(self) -> set[int]:
        """Return the blocks that other living runs claim."""
        found = set()
        for key, content in keys.read_all(self.raw, "receipts/", ".claim").items():
            number = key.removeprefix("receipts/").removesuffix(".claim")
            if number.isdecimal() and self._counts(content):
                found.add(int(number))
        return found

    def other(self, block: int) -> bool:
        """Whether another living run claims a block."""
        content = keys.read(self.raw, _key(block))
        return content is not None and self._counts(content)

    def _counts(self, content: bytes) -> bool:
        try:
            claim = json.loads(content)
            age, token = time.time() - float(claim["time"]), claim["token"]
            host, process = claim["host"], int(claim["process"])
        except (ValueError, TypeError, KeyError):
            return False
        if token == self.token or age > self.patience:
            return False
        return host != socket.gethostname() or _lives(process)


def _lives(process: int) -> bool:
    """Whether a process of this machine lives; unknown counts as yes."""
    if os.name != "posix":  # elsewhere os.kill ends the process it asks about
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _key(block: int) -> str:
    return f"receipts/{block:07d}.claim"
