"""SWEEP.toml: a sweep as a file, read strictly."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genloss._keys import refuse_unknown, table
from genloss._words import quoted
from genloss.errors import InvalidInputError
from genloss.sweeps.places import home

SETTINGS = ("theory", "trials", "method", "relative_stderr", "draws", "seed")
PLACES = ("store", "block_size")


@dataclass(frozen=True)
class SweepFile:
    """What a sweep file says.

    Attributes
    ----------
    problem, plan, grid : dict
        The tables of these names.
    settings : dict
        What the [sweep] table says about the computation.
    store : str
        Folder or URL; default: beside the file, with its name and the ending .sweep.
    block_size : int or None
        Points per block.
    """

    problem: dict[str, Any]
    plan: dict[str, Any]
    grid: dict[str, Any]
    settings: dict[str, Any]
    store: str
    block_size: int | None


def load_sweep(path: str | Path) -> SweepFile:
    """Read a sweep file: [problem], [plan] and [grid], and [sweep] with the settings.

    Parameters
    ----------
    path : str or Path
        A .toml file. A relative ``store`` in it is relative to the file.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, lacks a table, or has an unknown key.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from genloss.sweeps import load_sweep
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "penalties.toml"
    >>> _ = path.write_text('''
    ... problem = {preset = "isotropic", dim = 20}
    ... plan = {preset = "replace", generations = 3, n_samples = 100}
    ... [grid]
    ... "plan.penalty" = {log = [1e-3, 1.0, 7]}
    ... ''')
    >>> load_sweep(path).grid
    {'plan.penalty': {'log': [0.001, 1.0, 7]}}
    """
    if not isinstance(path, str | Path):
        raise InvalidInputError(f"sweep file was {quoted(path)}; it must be a path")
    path = home(path)
    if path.suffix != ".toml":
        raise InvalidInputError(f"sweep file was {quoted(path)}; it must end in .toml")
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(
            f"sweep file {quoted(path)} cannot be read: {error.strerror}"
        ) from None
    except ValueError as error:
        raise InvalidInputError(f"sweep file {quoted(path)} is not valid TOML: {error}") from None
    refuse_unknown(plain, ("problem", "plan", "grid", "sweep"), where=f"sweep file {path.name!r}")
    for name in ("problem", "plan", "grid"):
        if not isinstance(plain.get(name), Mapping):
            raise InvalidInputError(
                f"sweep file {path.name!r} has no [{name}]; it needs [problem], [plan] and [grid]"
            )
    rest = table("sweep", plain.get("sweep", {}))
    refuse_unknown(rest, (*SETTINGS, *PLACES), where="sweep")
    settings = {name: rest[name] for name in SETTINGS if name in rest}
    store = rest.get("store", f"{path.stem}.sweep")
    if not isinstance(store, str) or not store:
        raise InvalidInputError(f"sweep.store was {quoted(store)}; it must be a folder or a URL")
    return SweepFile(
        plain["problem"],
        plain["plan"],
        plain["grid"],
        settings,
        store if "://" in store else str(path.parent / home(store)),
        rest.get("block_size"),
    )
