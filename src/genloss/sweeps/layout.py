"""The layout of a store: what was asked, in one small file that protects itself."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from genloss._version import __version__
from genloss.sweeps.axes import DRAW
from genloss.sweeps.blocks import Blocks
from genloss.sweeps.design import Sweep, as_json
from genloss.sweeps.fields import words

FORMAT = 2
"""Layout of the store; another number is another layout."""

LONGEST_TEXT = 100_000


@dataclass(frozen=True, eq=False)
class Layout:
    """What a store is of, enough to read its blocks.

    Attributes
    ----------
    format : int
        How blocks and this are written.
    version : str
        Version of genloss that made the store.
    sweep_hash : str
        Fingerprint of the sweep.
    parts : dict of str to str
        Fingerprint of every part of it.
    dims : list of str
        Name of every axis.
    chunk : list of int
        Length of a block along every axis.
    routes : list of str
        What answers.
    n_models : int
        Models of the longest plan.
    coordinates : list of dict
        ``name``, ``dim``, ``labels`` and ``attributes`` of every coordinate of an axis.
    attributes : dict
        Provenance, as the results carry it.
    """

    format: int
    version: str
    sweep_hash: str
    parts: dict[str, str]
    dims: list[str]
    chunk: list[int]
    routes: list[str]
    n_models: int
    coordinates: list[dict[str, Any]]
    attributes: dict[str, Any]

    @classmethod
    def of(cls, sweep: Sweep, blocks: Blocks, n_models: int) -> Self:
        """Return the layout of a new store."""
        return cls(
            FORMAT,
            __version__,
            sweep.hash,
            sweep.parts,
            [axis.name for axis in sweep.axes],
            list(blocks.chunk),
            list(sweep.routes),
            n_models,
            _coordinates(sweep),
            provenance(sweep),
        )

    def to_bytes(self) -> bytes:
        """Return a JSON object with one line an entry, the digest of the others last."""
        plain = asdict(self)
        entries = {**plain, "digest": _digest(plain)}.items()
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in entries)
        return f"{{\n{lines}\n}}\n".encode()

    @property
    def blocks(self) -> Blocks:
        """How the points are cut."""
        lengths = {entry["dim"]: len(entry["labels"]) for entry in self.coordinates}
        return Blocks(tuple(lengths[dim] for dim in self.dims), tuple(self.chunk))

    def labels(self) -> dict[str, tuple[int, npt.NDArray[Any]]]:
        """Return the axis and the values of every coordinate."""
        return {
            entry["name"]: (self.dims.index(entry["dim"]), stored(entry["labels"]))
            for entry in self.coordinates
        }


def read_layout(content: bytes) -> dict[str, Any] | None:
    """Return the entries of a layout, None for anything that was not written as one."""
    try:
        plain = json.loads(content)
        digest = plain.pop("digest")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return plain if digest == _digest(plain) else None


def _digest(plain: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _coordinates(sweep: Sweep) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for axis in sweep.axes:
        columns = dict(zip(axis.coordinates, zip(*axis.labels, strict=True), strict=True))
        attributes = dict(zip(axis.coordinates, map(words, axis.fields), strict=True))
        if axis.name == DRAW:
            columns = {DRAW: tuple(range(len(axis))), **columns}
            attributes[DRAW] = {"long_name": "draw", "units": "1"}
        found += [
            {
                "name": name,
                "dim": axis.name,
                "labels": list(labels),
                "attributes": attributes[name],
            }
            for name, labels in columns.items()
        ]
    return found


def stored(values: Any) -> npt.NDArray[Any]:
    """Return whole numbers, reals or flags as such, and as text what is none of them."""
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return array.astype(np.int64)
    if array.dtype.kind in "fb":
        return array
    return np.array([str(value) for value in values], dtype=object)


def provenance(sweep: Sweep) -> dict[str, Any]:
    """Return what a reader of the results has to know about where they came from."""
    work = sweep.work
    not_indexed = [
        name
        for axis in sweep.axes
        for name in (axis.coordinates if axis.name == DRAW else axis.coordinates[1:])
    ]
    return {
        "Conventions": "CF-1.11",
        "title": "sweep of the excess risk along a chain of models",
        "source": f"genloss {__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}",
        "genloss_version": __version__,
        "sweep_hash": sweep.hash,
        "problem_hash": sweep.parts["problem"],
        "plan_hash": sweep.parts["plan"],
        "grid_hash": sweep.parts["grid"],
        "problem": _short(as_json(work.problem)),
        "plan": _short(as_json(work.plan)),
        "fields": json.dumps([list(axis.fields) for axis in sweep.axes]),
        "seed": sweep.seed,
        "trials": work.trials,
        "simulation_method": work.method,
        "relative_stderr": "none" if work.relative_stderr is None else work.relative_stderr,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **({"coordinates": " ".join(not_indexed)} if not_indexed else {}),
    }


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " ..."
