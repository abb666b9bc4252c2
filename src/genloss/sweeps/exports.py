"""Results in other formats: netCDF and Zarr for the same arrays, Parquet for a row per model."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from genloss import _check
from genloss._needs import need
from genloss._words import quoted
from genloss.errors import InvalidInputError
from genloss.sweeps.places import home

if TYPE_CHECKING:
    import xarray

NEEDS = {
    ".nc": ("sweep", "h5netcdf", "h5py"),
    ".parquet": ("sweep", "pandas", "pyarrow"),
    ".zarr": ("zarr", "zarr"),
}
"""By the ending of the path, the extra and the packages that write it."""


def check_export(path: str | Path) -> None:
    """Refuse an export that could not be written, before any work."""
    if not isinstance(path, str | Path):
        raise InvalidInputError(f"export was {quoted(path)}; it must be a path")
    path = home(path)
    if path.suffix not in NEEDS:
        raise InvalidInputError(f"export was {quoted(path)}; it must end in .nc, .parquet or .zarr")
    if not path.absolute().parent.is_dir():
        raise InvalidInputError(f"export was {quoted(path)}; its folder does not exist")
    if path.suffix == ".zarr" and path.exists() and not (path / "zarr.json").exists():
        raise InvalidInputError(f"export was {quoted(path)}; something else is there")
    need(*NEEDS[path.suffix])


def export(dataset: xarray.Dataset, path: str | Path) -> None:
    """Write the results of a sweep as netCDF, Parquet or Zarr, whole or not at all.

    Parameters
    ----------
    dataset : xarray.Dataset
        What `sweep` returned.
    path : str or Path
        A file that ends in .nc or a folder that ends in .zarr (the same arrays and attributes), or a
        file that ends in .parquet (a table with one row for every point, route and model; rows
        after a plan's last model are left out, and the attributes are in the metadata of the
        table). It replaces what an earlier export wrote there; ``~`` is the home folder.

    Raises
    ------
    InvalidInputError
        If the ending is none of them, or the folder does not exist.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import genloss as gl
    >>> from genloss.sweeps import export, sweep
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> problem, plan = gl.Problem.isotropic(20), gl.Plan.replace(3, 100, noise=0.5)
    >>> grid = {"plan.penalty": [0.0, 0.1]}
    >>> results = sweep(problem, plan, grid, store=folder / "s", cluster="serial")
    >>> export(results, folder / "results.parquet")
    >>> import pandas
    >>> len(pandas.read_parquet(folder / "results.parquet"))  # 2 penalties, 3 models
    6
    """
    import xarray

    _check.instance("dataset", dataset, xarray.Dataset, "what sweep returned")
    check_export(path)
    path = home(path)
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}{path.suffix}")
    try:
        if path.suffix == ".nc":
            dataset.to_netcdf(new, engine="h5netcdf")
        elif path.suffix == ".zarr":
            dataset.to_zarr(new, zarr_format=3, consolidated=False)
            shutil.rmtree(path, ignore_errors=True)
        else:
            _write_table(dataset, new)
        new.replace(path)
    finally:
        if new.is_dir():
            shutil.rmtree(new)
        new.unlink(missing_ok=True)


def _write_table(dataset: xarray.Dataset, path: Path) -> None:
    frame = dataset.to_dataframe().reset_index()
    frame = frame[frame["model"] < frame["n_models"]]
    frame.attrs = {str(name): str(value) for name, value in dataset.attrs.items()}
    frame.to_parquet(path, engine="pyarrow", index=False)
