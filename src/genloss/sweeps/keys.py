"""Keys and bytes of a store, in a local folder or behind any fsspec URL."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from genloss.errors import InvalidInputError, MissingDependencyError

if TYPE_CHECKING:
    from zarr.abc.store import Store

T = TypeVar("T")
AT_ONCE = 32


def need(extra: str, *modules: str) -> None:
    """Raise MissingDependencyError, naming the extra, unless the modules can be imported."""
    import importlib.util

    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f'this needs {" and ".join(missing)}; pip install "genloss[{extra}]"'
        )


def local_folder(url: str) -> Path | None:
    """Return the folder a store is in, None for one that is not local."""
    if "://" not in url:
        return Path(url)
    if url.startswith("file://"):
        return Path(unquote(urlsplit(url).path))
    return None


def connect(url: str) -> Store:
    """Return the keys of a folder or URL; nothing is created."""
    need("sweep", "zarr", "xarray")
    import zarr.storage

    folder = local_folder(url)
    if folder is not None:
        if folder.exists() and not folder.is_dir():
            raise InvalidInputError(f"store was {url!r}; it is a file, not a folder")
        return zarr.storage.LocalStore(folder)
    need("sweep", "fsspec")
    try:
        return zarr.storage.FsspecStore.from_url(url)
    except ImportError as error:  # the file system behind a URL is a package of its own
        raise MissingDependencyError(f"store {url!r}: {error}") from error
    except ValueError as error:
        raise InvalidInputError(f"store was {url!r}; {error}") from error


def wait(work: Coroutine[Any, Any, T]) -> T:
    """Return what asynchronous work on a store gives."""
    from zarr.core.sync import sync

    return sync(work)


def _get(store: Store, key: str) -> Coroutine[Any, Any, Any]:
    from zarr.core.buffer import default_buffer_prototype

    return store.get(key, default_buffer_prototype())


def read(store: Store, key: str) -> bytes | None:
    """Return the bytes of a key, None if there is no such key."""
    found = wait(_get(store, key))
    return None if found is None else bytes(found.to_bytes())


def write(store: Store, key: str, content: bytes) -> None:
    """Replace the bytes of a key as a whole."""
    wait(put(store, key, content))


async def put(store: Store, key: str, content: bytes) -> None:
    """Replace the bytes of a key as a whole, asynchronously."""
    from zarr.core.buffer import default_buffer_prototype

    await store.set(key, default_buffer_prototype().buffer.from_bytes(content))


def delete(store: Store, key: str) -> None:
    """Remove a key if it is there."""
    wait(store.delete(key))


def exists(store: Store, key: str) -> bool:
    """Whether there is such a key."""
    return wait(store.exists(key))


def is_empty(store: Store) -> bool:
    """Whether there is nothing at all."""
    return wait(store.is_empty(""))


def digests(store: Store, names: list[str]) -> dict[str, str]:
    """Return the SHA-256 of the bytes of many keys, "" for a missing one."""
    return wait(digests_of(store, names))


async def digests_of(store: Store, names: list[str]) -> dict[str, str]:
    """Return what `digests` does, asynchronously."""
    found = await _together(store, names)
    return {
        name: "" if content is None else hashlib.sha256(content).hexdigest()
        for name, content in zip(names, found, strict=True)
    }


def read_all(store: Store, prefix: str, ending: str) -> dict[str, bytes]:
    """Return the bytes of all keys that start and end so."""
    names = wait(_listed(store, prefix, ending))
    found = wait(_together(store, names))
    return {
        name: content for name, content in zip(names, found, strict=True) if content is not None
    }


def names(store: Store, prefix: str) -> list[str]:
    """Return all keys that start so."""
    return wait(_listed(store, prefix))


async def _listed(store: Store, prefix: str, ending: str = "") -> list[str]:
    return sorted([key async for key in store.list_prefix(prefix) if key.endswith(ending)])


async def _together(store: Store, names: list[str]) -> list[bytes | None]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> bytes | None:
        async with gate:
            found = await _get(store, name)
            return None if found is None else bytes(found.to_bytes())

    return await asyncio.gather(*[one(name) for name in names])
