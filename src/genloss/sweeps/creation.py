"""A new store: its arrays without results, with coordinates, units and provenance."""

from __future__ import annotations

import json
import platform
import shutil
import uuid
import warnings
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._version import __version__
from genloss.sweeps import keys
from genloss.sweeps.axes import DRAW, Axis
from genloss.sweeps.blocks import Blocks
from genloss.sweeps.design import Sweep, as_json
from genloss.sweeps.errors import StoreError
from genloss.sweeps.fields import words
from genloss.sweeps.points import NUMBERS, TEXTS, point_seed
from genloss.sweeps.store import FORMAT, LAYOUT, keeping_empty_chunks

SQUARE = "(label unit)^2"
COLUMNS = {
    "risk": {
        "long_name": "excess risk",
        "units": SQUARE,
        "comment": "E |w - w*|^2_Sigma, label noise not included; inf where the mean does not "
        "exist, NaN where there is no theory or no such model",
    },
    "bias": {"long_name": "part of the risk due to the mean model", "units": SQUARE},
    "variance": {"long_name": "part of the risk due to the model's spread", "units": SQUARE},
    "stderr": {"long_name": "Monte Carlo standard error of the risk", "units": SQUARE},
    "method": {"long_name": "how the risk was obtained; empty: not computed"},
    "warnings": {"long_name": "where the answer is weak, one sentence a line"},
    "message": {"long_name": "why there is no answer"},
    "trials": {"long_name": "Monte Carlo runs", "units": "1"},
}
LONGEST_TEXT = 100_000


def create_store(url: str, sweep: Sweep, blocks: Blocks, n_models: npt.NDArray[np.int64]) -> None:
    """Make the store of a sweep whose points were checked.

    A local folder appears as a whole or not at all, so that another process can make it at the same
    time: the first one wins. Behind a URL the layout, without which it is no store, comes last.

    Parameters
    ----------
    url : str
        Folder or URL at which there is nothing yet.
    sweep : Sweep
        What it will hold.
    blocks : Blocks
        How it is cut.
    n_models : ndarray of shape (n_points,)
        Number of models of every point's plan.
    """
    folder = keys.local_folder(url)
    if folder is None:
        _fill(url, sweep, blocks, n_models)
        return
    folder = folder.absolute()
    new = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.new")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _fill(str(new), sweep, blocks, n_models)
        _appear(new, folder)
    except OSError as error:
        raise StoreError(f"store {url!r} cannot be made: {error.strerror}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _appear(new: Path, folder: Path) -> None:
    try:
        if folder.is_dir():
            folder.rmdir()  # only an empty one goes
        new.rename(folder)
    except OSError:
        if not (
            folder / LAYOUT
        ).exists():  # else another process was first, and its store is as good
            raise


def _fill(url: str, sweep: Sweep, blocks: Blocks, n_models: npt.NDArray[np.int64]) -> None:
    import zarr
    from zarr.errors import ZarrUserWarning

    raw = keys.connect(url)
    with keeping_empty_chunks():
        group = zarr.create_group(raw, zarr_format=3, attributes=provenance(sweep))
        group.create_group("receipts")
        for axis in sweep.axes:
            _add_axis(group, axis)
        dims = tuple(axis.name for axis in sweep.axes)
        _add(group, "route", sweep.routes, ("route",), {"long_name": "what answers"})
        models = np.arange(n_models.max())
        _add(
            group, "model", models, ("model",), {"long_name": "model, 0 is the first", "units": "1"}
        )
        counts = {"long_name": "number of models of the plan", "units": "1"}
        _add(group, "n_models", n_models.reshape(sweep.shape), dims, counts)
        if sweep.trials:
            seeds = [point_seed(sweep.seed, number) for number in range(sweep.n_points)]
            of = {"long_name": "seed of the simulation"}
            _add(group, "seed", np.array(seeds).reshape(sweep.shape), dims, of)
        columns = _columns(sweep)
        for name in columns:
            _add_column(group, name, sweep, blocks, models.size)
    with warnings.catch_warnings():
        # consolidated metadata are how xarray opens a store with one read
        warnings.simplefilter("ignore", ZarrUserWarning)
        zarr.consolidate_metadata(raw)
    layout = {
        "format": FORMAT,
        "version": __version__,
        "sweep_hash": sweep.hash,
        "sweep": sweep.parts,
        "shape": sweep.shape,
        "chunk": blocks.chunk,
        "columns": columns,
        "keys": keys.digests(raw, keys.names(raw, "")),
    }
    keys.write(raw, LAYOUT, json.dumps(layout).encode())


def provenance(sweep: Sweep) -> dict[str, Any]:
    """Return what a reader of the results has to know about where they came from."""
    texts = {
        "problem": _short(as_json(sweep.problem)),
        "plan": _short(as_json(sweep.plan)),
        "fields": json.dumps([list(axis.fields) for axis in sweep.axes]),
    }
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
        **texts,
        "seed": sweep.seed,
        "trials": sweep.trials,
        "simulation_method": sweep.method,
        "relative_stderr": "none" if sweep.relative_stderr is None else sweep.relative_stderr,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **({"coordinates": " ".join(not_indexed)} if not_indexed else {}),
    }


def _columns(sweep: Sweep) -> list[str]:
    numbers = NUMBERS if sweep.trials else NUMBERS[:-1]
    return [*numbers, *TEXTS, *(["trials"] if sweep.relative_stderr is not None else [])]


def _add_axis(group: Any, axis: Axis) -> None:
    if axis.name == DRAW:
        _add(group, DRAW, np.arange(len(axis)), (DRAW,), {"long_name": "draw", "units": "1"})
    for i, (name, path) in enumerate(zip(axis.coordinates, axis.fields, strict=True)):
        _add(group, name, [row[i] for row in axis.labels], (axis.name,), words(path))


def _add(
    group: Any, name: str, values: Iterable[Any], dims: Sequence[str], attributes: dict[str, str]
) -> None:
    """Add an array that is written once, as a single chunk."""
    data, dtype = _stored(values)
    array = group.create_array(
        name,
        shape=data.shape,
        chunks=data.shape,
        dtype=dtype,
        dimension_names=dims,
        attributes=attributes,
        compressors=_codecs(),
    )
    array[...] = data


def _add_column(group: Any, name: str, sweep: Sweep, blocks: Blocks, n_models: int) -> None:
    per_model = (n_models,) if name in NUMBERS else ()
    within = (len(sweep.routes), *per_model)
    dims = (*(axis.name for axis in sweep.axes), "route", *(("model",) if per_model else ()))
    dtype = "float64" if name in NUMBERS else "int64" if name == "trials" else "string"
    group.create_array(
        name,
        shape=(*sweep.shape, *within),
        chunks=(*blocks.chunk, *within),
        dtype=dtype,
        fill_value=np.nan if dtype == "float64" else 0 if dtype == "int64" else "",
        dimension_names=dims,
        attributes=COLUMNS[name],
        compressors=_codecs(),
    )


def _stored(values: Iterable[Any]) -> tuple[npt.NDArray[Any], str]:
    """Return an array and the Zarr type that holds it: whole, real, or text for what is neither."""
    array = np.asarray(values if isinstance(values, np.ndarray) else list(values))
    if array.dtype.kind in "iu":
        return array.astype(np.int64), "int64"
    if array.dtype.kind in "fb":
        return array, array.dtype.name
    return np.array([str(value) for value in values], dtype=object), "string"


def _codecs() -> list[Any]:
    from zarr.codecs import Crc32cCodec, ZstdCodec

    return [ZstdCodec(), Crc32cCodec()]  # the checksum makes any reader notice a damaged chunk


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " ..."
