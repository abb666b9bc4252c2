"""The store: a folder of immutable files, one a block; a file that is there is done."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from genloss._version import __version__
from genloss._words import quoted
from genloss.sweeps.blockfile import encode, read_about
from genloss.sweeps.blocks import Blocks
from genloss.sweeps.design import Sweep
from genloss.sweeps.errors import StoreError
from genloss.sweeps.layout import FORMAT, Layout, read_layout
from genloss.sweeps.places import NEW, Place
from genloss.sweeps.points import Answers, Part
from genloss.sweeps.results import dataset

if TYPE_CHECKING:
    import xarray

LAYOUT = "_sweep.json"
FOLDER = "blocks"
NAME = re.compile(r"(\d{7,})\.parquet")


@dataclass(frozen=True, eq=False)
class Store:
    """An open store of one sweep.

    Attributes
    ----------
    place : Place
        Where its files are.
    layout : Layout
        What they are of.
    sound : dict of int to dict
        What checked blocks are about; a file is never written twice, so once is enough.
    """

    place: Place
    layout: Layout
    sound: dict[int, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def create(cls, place: Place, sweep: Sweep, blocks: Blocks, n_models: int) -> Store:
        """Make the store of a sweep whose points were checked; the first of several makers wins."""
        place.put(LAYOUT, Layout.of(sweep, blocks, n_models).to_bytes(), first=True)
        return cls(place, _layout(place))

    @property
    def url(self) -> str:
        """Folder or URL."""
        return self.place.url

    @property
    def blocks(self) -> Blocks:
        """How the points are cut."""
        return self.layout.blocks

    def found(self) -> set[int]:
        """Return the numbers of the blocks that are there."""
        numbers = [NAME.fullmatch(name) for name in self.place.names(FOLDER)]
        found = {int(match[1]) for match in numbers if match}
        return {number for number in found if number < len(self.blocks)}

    def has(self, block: int) -> bool:
        """Whether a block is there."""
        return self.place.has(_name(block))

    def write(self, block: int, part: Part, answers: Answers) -> None:
        """Store a block, whole or not at all."""
        about = self._about(block)
        routes = tuple(self.layout.routes)
        content = encode(answers, part, routes, self.layout.labels(), about)
        self.place.put(_name(block), content)

    def seconds(self, *, repair: bool) -> dict[int, float]:
        """Return how long every block took that is there and as it was written.

        Parameters
        ----------
        repair : bool
            Whether to remove the others instead of reporting them.
        """
        found = {block: self._checked(block)[1] for block in sorted(self.found())}
        damaged = [block for block, about in found.items() if about is None]
        if damaged and not repair:
            raise self._damage(damaged)
        for block in damaged:
            self.place.remove(_name(block))
        return {
            block: float(about["seconds"]) for block, about in found.items() if about is not None
        }

    def dataset(self) -> xarray.Dataset:
        """Return the results so far as labelled arrays."""
        return dataset(self.layout, map(self._sound, sorted(self.found())))

    def _checked(self, block: int) -> tuple[bytes, dict[str, Any] | None]:
        """Return a block, and what it is about, or None if it is not what was written."""
        content = self.place.read(_name(block)) or b""
        if block in self.sound:
            return content, self.sound[block]
        about, expected = read_about(content), self._about(block)
        if about is None or {key: about.get(key) for key in expected} != expected:
            return content, None
        self.sound[block] = about
        return content, about

    def _sound(self, block: int) -> tuple[int, bytes]:
        content, about = self._checked(block)
        if about is None:
            raise self._damage([block])
        return block, content

    def _damage(self, blocks: list[int]) -> StoreError:
        more = f" (and {len(blocks) - 1} more)" if len(blocks) > 1 else ""
        return StoreError(
            f"store {quoted(self.url)} is damaged: {_name(blocks[0])} is not what genloss wrote{more}; "
            "with repair, such blocks are computed again"
        )

    def _about(self, block: int) -> dict[str, Any]:
        return {"sweep": self.layout.sweep_hash, "chunk": self.layout.chunk, "block": block}


def open_store(place: Place, sweep: Sweep, *, any_version: bool) -> Store | None:
    """Open a sweep's store, or return None where there is nothing yet.

    Parameters
    ----------
    place : Place
        Where it is.
    sweep : Sweep
        The sweep that it must hold.
    any_version : bool
        Whether results of another version of genloss count.

    Raises
    ------
    StoreError
        If something else is there: no store, one of another sweep, layout or version.
    """
    if is_new(place):
        place.check_writable()
        return None
    store = Store(place, _layout(place))
    layout = store.layout
    other = [name for name, value in sweep.parts.items() if layout.parts.get(name) != value]
    if other:
        raise StoreError(
            f"store {quoted(place.url)} holds another sweep: it differs in {', '.join(other)}; to keep "
            "both give another store, to begin anew remove this one, to go on with it ask for what "
            "it holds"
        )
    if layout.version != __version__ and not any_version:
        raise StoreError(
            f"store {quoted(place.url)} was made by genloss {layout.version}, this is {__version__}, and "
            "their numbers may differ; choose another store, or allow any_version to go on with it"
        )
    return store


def is_new(place: Place) -> bool:
    """Whether there is nothing but what an interrupted start left."""
    return all(name.endswith(NEW) for name in place.names())


def read_store(place: Place) -> Store:
    """Open a store whatever sweep it holds."""
    return Store(place, _layout(place))


def _layout(place: Place) -> Layout:
    content = place.read(LAYOUT)
    if content is None and place.has("receipts/layout.json"):
        raise StoreError(
            f"store {quoted(place.url)} is a Zarr store of an older genloss, this one keeps Parquet files; "
            "xarray.open_zarr reads it, choose another store for this sweep"
        )
    if content is None and not place.exists():
        raise StoreError(f"store {quoted(place.url)} does not exist")
    if content is None:
        raise StoreError(
            f"store {quoted(place.url)} is not a sweep of genloss; nothing was touched, choose another "
            "store or remove it yourself"
        )
    plain = read_layout(content)
    if plain is None:
        raise StoreError(
            f"store {quoted(place.url)} is damaged: {LAYOUT} is not what genloss wrote; it cannot be "
            "computed again, bring it back from a copy or choose another store"
        )
    if plain.get("format") != FORMAT:
        raise StoreError(
            f"store {quoted(place.url)} has layout {plain.get('format')!r}; genloss {__version__} knows "
            f"layout {FORMAT}: read its files with the version that made them, or choose another store"
        )
    return Layout(**plain)


def _name(block: int) -> str:
    return f"{FOLDER}/{block:07d}.parquet"
