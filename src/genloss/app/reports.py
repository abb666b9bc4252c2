"""Reports that were made: the newest few, in memory."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

KEPT = 6
"""Reports that are there at a time; the oldest makes room."""


@dataclass
class Reports:
    """Pages by keys that cannot be guessed."""

    _pages: OrderedDict[str, str] = field(default_factory=OrderedDict, repr=False)

    def keep(self, page: str) -> str:
        """Keep a page, and return its key."""
        key = secrets.token_urlsafe(16)
        self._pages[key] = page
        while len(self._pages) > KEPT:
            self._pages.popitem(last=False)
        return key

    def find(self, key: str) -> str | None:
        """The page of a key, or None where it is not here any more."""
        return self._pages.get(key)
