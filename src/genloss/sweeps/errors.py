"""What can be wrong with a store."""

from __future__ import annotations

from genloss.errors import InvalidInputError


class StoreError(InvalidInputError):
    """A store is foreign, damaged, of another sweep or of another version; nothing was changed."""
