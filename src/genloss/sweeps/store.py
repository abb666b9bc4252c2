"""The store: a Zarr 3 group that any xarray user opens, and its blocks written one by one."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from genloss._version import __version__
from genloss.sweeps import keys
from genloss.sweeps.blocks import Blocks
from genloss.sweeps.design import Sweep
from genloss.sweeps.errors import StoreError
from genloss.sweeps.points import Answers

if TYPE_CHECKING:
    import xarray

FORMAT = 1
"""Layout of the store; another number is another layout."""

LAYOUT = "receipts/layout.json"


@dataclass(frozen=True, eq=False)
class Store:
    """An open store of one sweep.

    Attributes
    ----------
    url : str
        Folder or URL.
    raw : zarr.abc.store.Store
        Its keys and bytes.
    arrays : dict of str to zarr.Array
        Its arrays by name.
    columns : tuple of str
        Those that blocks are written to.
    blocks : Blocks
        How they are cut.
    """

    url: str
    raw: Any
    arrays: dict[str, Any]
    columns: tuple[str, ...]
    blocks: Blocks

    @property
    def n_models(self) -> int:
        """Number of models of the longest plan."""
        return int(self.arrays["risk"].shape[-1])

    def receipts(self) -> dict[int, dict[str, Any]]:
        """Return what was recorded of every block that was stored, by its number."""
        found = {}
        for key, content in keys.read_all(self.raw, "receipts/", ".json").items():
            number = key.removeprefix("receipts/").removesuffix(".json")
            if number.isdecimal() and int(number) < len(self.blocks):
                found[int(number)] = self._receipt(int(number), key, content)
        return found

    def _receipt(self, block: int, key: str, content: bytes) -> dict[str, Any]:
        try:
            receipt = json.loads(content)
            float(receipt["seconds"])
            if set(receipt["chunks"]) == set(self.chunk_keys(block).values()):
                return dict(receipt)
        except (ValueError, TypeError, KeyError):
            pass
        return {"chunks": {key: "unreadable"}, "seconds": 0.0}  # no digest: it counts as damage

    def has(self, block: int) -> bool:
        """Whether a block is stored."""
        return keys.exists(self.raw, _receipt(block))

    def chunk_keys(self, block: int) -> dict[str, str]:
        """Return the one chunk of a block in every column, by the column's name."""
        place = self.blocks.place(block)
        found = {}
        for name in self.columns:
            array: Any = self.arrays[name]
            within = (0,) * (array.ndim - len(place))
            found[name] = f"{name}/{array.metadata.encode_chunk_key((*place, *within))}"
        return found

    def write(self, block: int, answers: Answers) -> None:
        """Store a block: its chunks first, then the receipt that makes them count.

        A process killed in between leaves chunks without receipt, which are computed again. Every
        chunk is one key and is replaced as a whole.
        """
        region = self.blocks.region(block)
        shape = tuple(part.stop - part.start for part in region)
        chunks = {
            name: (self.arrays[name], region, _shaped(answers.columns[name], shape))
            for name in self.columns
        }
        keys.wait(
            self._write(block, chunks, {"version": answers.version, "seconds": answers.seconds})
        )

    async def _write(self, block: int, chunks: dict[str, Any], receipt: dict[str, Any]) -> None:
        writes = [
            array.async_array.setitem(region, values.astype(array.dtype))
            for array, region, values in chunks.values()
        ]
        await asyncio.gather(*writes)
        digests = await keys.digests_of(self.raw, list(self.chunk_keys(block).values()))
        content = json.dumps({**receipt, "chunks": digests}).encode()
        await keys.put(self.raw, _receipt(block), content)

    def forget(self, block: int) -> None:
        """Take back a block's receipt, so that it is computed again."""
        keys.delete(self.raw, _receipt(block))

    def damage(self, receipts: dict[int, dict[str, Any]]) -> tuple[list[str], dict[int, str]]:
        """Return what is not as it was written: keys of the layout, and a key by block."""
        layout = _json(self.url, LAYOUT, keys.read(self.raw, LAYOUT) or b"")
        expected = dict(layout["keys"])
        owner: dict[str, int] = {}
        for block, receipt in receipts.items():
            expected |= receipt["chunks"]
            owner |= dict.fromkeys(receipt["chunks"], block)
        actual = keys.digests(self.raw, list(expected))
        wrong = [key for key, digest in expected.items() if actual[key] != digest]
        return (
            [key for key in wrong if key not in owner],
            {owner[key]: key for key in wrong if key in owner},
        )

    def dataset(self) -> xarray.Dataset:
        """Return the arrays as a lazy Dataset."""
        import xarray

        opened = xarray.open_zarr(self.raw, chunks=None, consolidated=True)
        return opened[[*self.columns, *(n for n in opened.data_vars if n not in self.columns)]]


def open_store(url: str, sweep: Sweep, *, any_version: bool) -> Store | None:
    """Open a sweep's store, or return None where there is nothing yet.

    Parameters
    ----------
    url : str
        Folder or URL.
    sweep : Sweep
        The sweep that it must hold.
    any_version : bool
        Whether results of another version of genloss count.

    Raises
    ------
    StoreError
        If something else is there: no store, one of another sweep, layout or version.
    """
    import zarr

    raw = keys.connect(url)
    folder = keys.local_folder(url)
    if folder is not None and not folder.exists():
        _check_place(url, folder)
        return None  # zarr would make the folder to look into it
    layout = keys.read(raw, LAYOUT)
    if layout is None:
        if keys.is_empty(raw):
            return None
        raise StoreError(
            f"store {url!r} is not a sweep of genloss (or making it was interrupted); nothing was "
            "touched, choose another store or remove it yourself"
        )
    plain = _json(url, LAYOUT, layout)
    if plain.get("format") != FORMAT:
        raise StoreError(
            f"store {url!r} has layout {plain.get('format')!r}; genloss {__version__} knows layout "
            f"{FORMAT}: open it with xarray, or choose another store"
        )
    other = [name for name, value in sweep.parts.items() if plain["sweep"].get(name) != value]
    if other or plain["sweep_hash"] != sweep.hash:
        raise StoreError(
            f"store {url!r} holds another sweep: it differs in {', '.join(other)}; choose another "
            "store"
        )
    if plain["version"] != __version__ and not any_version:
        raise StoreError(
            f"store {url!r} was made by genloss {plain['version']}, this is {__version__}, and "
            "their numbers may differ; choose another store, or allow any_version to go on with it"
        )
    blocks = Blocks(tuple(plain["shape"]), tuple(plain["chunk"]))
    try:
        with keeping_empty_chunks():
            group = zarr.open_group(raw, mode="r+", zarr_format=3, use_consolidated=False)
            arrays = dict(group.arrays())
            store = Store(url, raw, arrays, tuple(plain["columns"]), blocks)
            store.chunk_keys(0)  # an array that is gone shows here
    except Exception as error:  # whatever a damaged file makes zarr raise
        raise StoreError(f"store {url!r} is damaged and cannot be opened: {error}") from error
    return store


def _check_place(url: str, folder: Path) -> None:
    """Refuse a folder that cannot be made, before any work."""
    above = next(place for place in folder.absolute().parents if place.exists())
    if not above.is_dir():
        raise StoreError(f"store {url!r} cannot be made: {str(above)!r} is a file, not a folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise StoreError(f"store {url!r} cannot be made: {str(above)!r} cannot be written to")


@contextmanager
def keeping_empty_chunks() -> Iterator[None]:
    """Write chunks that hold nothing but NaN too: a missing chunk is then always damage."""
    import zarr

    with zarr.config.set({"array.write_empty_chunks": True}):
        yield


def _shaped(values: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    return values.reshape(shape + values.shape[1:])


def _receipt(block: int) -> str:
    return f"receipts/{block:07d}.json"


def _json(url: str, key: str, content: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(content)
    except ValueError:
        plain = None
    if not isinstance(plain, dict):
        raise StoreError(
            f"store {url!r} is damaged: {key} is not what genloss writes; "
            "restore it, or choose another store"
        )
    return plain
