"""Files of a store by their names, in a local folder or behind any fsspec URL."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from genloss._check import reachable
from genloss._needs import need
from genloss._words import quoted
from genloss.errors import InvalidInputError, MissingDependencyError
from genloss.sweeps.errors import StoreError

NEW = ".new"
"""Ending of files that are being written; what is left of a killed process has it too."""


@dataclass(frozen=True, eq=False)
class Place:
    """A folder or URL. Every file in it is written once, and is there as a whole or not at all.

    Attributes
    ----------
    url : str
        How it was named.
    path : Path or str
        The folder, or the path within the file system of the URL.
    remote : fsspec file system or None
        None for a local folder.
    """

    url: str
    path: Any
    remote: Any = None

    @classmethod
    def of(cls, url: str) -> Place:
        """Return the place of this name; nothing is created."""
        folder = local_folder(url)
        if folder is not None:
            if reachable("store", folder).exists() and not folder.is_dir():
                raise InvalidInputError(f"store was {quoted(url)}; it is a file, not a folder")
            return cls(url, folder)
        need("sweep", "fsspec")
        import fsspec

        try:
            return cls(url, *reversed(fsspec.core.url_to_fs(url)))
        except ImportError as error:  # the file system behind a URL is a package of its own
            package = getattr(error.__cause__, "name", None)
            how = f"; pip install {package}" if package else ""
            raise MissingDependencyError(f"store {quoted(url)}: {error}{how}") from error
        except ValueError as error:
            raise InvalidInputError(f"store was {quoted(url)}; {error}") from error

    def exists(self) -> bool:
        """Whether there is such a folder; object stores have none that are empty."""
        return bool(self.path.exists()) if self.remote is None else bool(self.names())

    def names(self, below: str = "") -> set[str]:
        """Return the names of what is in the place, or in a folder of it."""
        try:
            if self.remote is None:
                return {entry.name for entry in os.scandir(self.path / below)}
            found = self.remote.ls(f"{self.path}/{below}".rstrip("/"), detail=False)
            return {entry.rstrip("/").rpartition("/")[2] for entry in found}
        except (FileNotFoundError, NotADirectoryError):
            return set()
        except OSError as error:
            raise self._refused("be read", error) from error

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file, None if there is none."""
        try:
            if self.remote is None:
                return bytes((self.path / name).read_bytes())
            return bytes(self.remote.cat_file(f"{self.path}/{name}"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._refused("be read", error) from error

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        if self.remote is None:
            return bool((self.path / name).exists())
        self.remote.invalidate_cache()
        return bool(self.remote.exists(f"{self.path}/{name}"))

    def put(self, name: str, content: bytes, *, first: bool = False) -> None:
        """Write a file beside its place and move it there; it replaces one that is there.

        Parameters
        ----------
        name : str
            Its name, with "/" between folders.
        content : bytes
            What it holds.
        first : bool
            Whether one that is there, or that another process writes meanwhile, stays.
        """
        try:
            if self.remote is not None:  # object stores show an object once it is whole
                if not (first and self.has(name)):
                    self.remote.makedirs(f"{self.path}/{name}".rpartition("/")[0], exist_ok=True)
                    self.remote.pipe_file(f"{self.path}/{name}", content)
                return
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            new = self.path / f"_{uuid.uuid4().hex}{NEW}"
            try:
                new.write_bytes(content)
                if first:
                    _link(new, place)
                else:
                    new.replace(place)
            except FileNotFoundError:  # tidied away by a process that completed the store
                if not place.exists():
                    raise
            finally:
                new.unlink(missing_ok=True)
        except OSError as error:
            raise self._refused("be written to", error) from error

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        try:
            if self.remote is None:
                (self.path / name).unlink(missing_ok=True)
            elif self.has(name):
                self.remote.rm_file(f"{self.path}/{name}")
        except OSError as error:
            raise self._refused("be written to", error) from error

    def tidy(self) -> None:
        """Remove what killed processes left; only once every file is there."""
        for name in self.names():
            if name.endswith(NEW):
                self.remove(name)

    def check_writable(self) -> None:
        """Refuse a folder that cannot be made or written to, before any work."""
        if self.remote is not None:
            return
        folder = self.path.absolute()
        above = next(place for place in (folder, *folder.parents) if place.exists())
        if not above.is_dir():
            raise StoreError(
                f"store {quoted(self.url)} cannot be made: {quoted(above)} is a file, not a folder"
            )
        if not os.access(above, os.W_OK | os.X_OK):
            raise StoreError(
                f"store {quoted(self.url)} cannot be made: {quoted(above)} cannot be written to"
            )

    def _refused(self, what: str, error: OSError) -> StoreError:
        return StoreError(
            f"store {quoted(self.url)} cannot {what}: {error.strerror or error}; what it has is kept, and "
            "the same call goes on from there"
        )


def local_folder(url: str) -> Path | None:
    """Return the folder a store is in, None for one that is not local."""
    if url.startswith("file://"):
        return Path(unquote(urlsplit(url).path))
    return None if "://" in url else home(url)


def home(path: str | Path) -> Path:
    """Return a path with the home folder for ``~``."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InvalidInputError(f"path was {quoted(path)}; {error}") from None


def _link(new: Path, place: Path) -> None:
    """Give a file its name unless another has it."""
    try:
        os.link(new, place)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not place.exists():
            new.replace(place)
