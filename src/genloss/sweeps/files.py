"""SWEEP.toml: a sweep as a file, read strictly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genloss._keys import refuse_unknown
from genloss._words import quoted
from genloss.errors import InvalidInputError
from genloss.files import read_tables
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
    where = f"sweep file {quoted(path)}"
    plain = read_tables(path, where, ("problem", "plan", "grid", "sweep"))
    for name in ("problem", "plan", "grid"):
        if name not in plain:
            raise InvalidInputError(
                f"{where} has no [{name}]; it needs [problem], [plan] and [grid]"
            )
    rest = plain.get("sweep", {})
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
