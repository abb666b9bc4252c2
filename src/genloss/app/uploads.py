"""Tables that a page brought: counted while they come, kept in a folder of the server's own."""

from __future__ import annotations

import secrets
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from genloss._words import printable
from genloss.errors import InvalidInputError

LARGEST = 100 * 2**20
"""Bytes of an upload."""

KEPT = 6
"""Uploads that are there at a time; the oldest makes room."""

PARQUET = b"PAR1"
LONGEST_NAME = 120


@dataclass(frozen=True)
class Upload:
    """A table as it came.

    Attributes
    ----------
    name : str
        What the user calls it; only ever shown.
    path : Path
        Where it lies, under a name that no request chose.
    size : int
        Its bytes.
    """

    name: str
    path: Path
    size: int

    def to_dict(self) -> dict[str, str]:
        """What a job is told of it."""
        return {"name": self.name, "path": str(self.path)}


@dataclass
class Shelf:
    """The uploads of a server, gone with it."""

    largest: int = LARGEST
    _folder: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="genloss-app-"), repr=False
    )
    _uploads: OrderedDict[str, Upload] = field(default_factory=OrderedDict, repr=False)

    async def take(self, name: str, body: AsyncIterator[bytes]) -> str:
        """Keep what comes, and return its key.

        Raises
        ------
        InvalidInputError
            As soon as there are more bytes than allowed, or if there are none.
        """
        key = secrets.token_urlsafe(16)
        path = Path(self._folder.name) / secrets.token_hex(16)
        size, head = 0, b""
        try:
            with path.open("xb") as file:
                async for part in body:
                    size += len(part)
                    if size > self.largest:
                        raise InvalidInputError(
                            f"the table has more than {self.largest // 2**20} MB; "
                            '"genloss forecast" reads larger ones'
                        )
                    head = head or part[:4]
                    file.write(part)
            if not size:
                raise InvalidInputError("the table is empty")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        # what it is, its first bytes say
        kept = path.rename(path.with_suffix(".parquet" if head == PARQUET else _text_ending(name)))
        self._uploads[key] = Upload(printable(name)[:LONGEST_NAME] or "table", kept, size)
        while len(self._uploads) > KEPT:
            self._uploads.popitem(last=False)[1].path.unlink(missing_ok=True)
        return key

    def find(self, key: object) -> Upload:
        """The upload of a key.

        Raises
        ------
        InvalidInputError
            If it is not there any more.
        """
        found = self._uploads.get(key) if isinstance(key, str) else None
        if found is None:
            raise InvalidInputError("this table is not here any more; bring it again")
        return found

    def drop(self, key: str) -> None:
        """Delete one."""
        self._uploads.pop(key).path.unlink(missing_ok=True)

    def close(self) -> None:
        """Delete them all."""
        self._uploads.clear()
        self._folder.cleanup()


def _text_ending(name: str) -> str:
    return ".tsv" if name.lower().endswith(".tsv") else ".csv"
