"""Sweeps: any fields of a Problem and a Plan over a grid or at random, never losing a result."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genloss._needs import need
from genloss._words import quoted
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.sweeps.errors import StoreError
from genloss.sweeps.exports import export
from genloss.sweeps.files import SweepFile, load_sweep

if TYPE_CHECKING:
    import xarray

__all__ = [
    "StoreError",
    "SweepFile",
    "default_store",
    "export",
    "load_results",
    "load_sweep",
    "sweep",
]

FOLDER = "genloss-sweeps"
"""Where stores go that were given no name."""


def sweep(
    problem: Problem | Mapping[str, Any],
    plan: Plan | Mapping[str, Any],
    grid: Mapping[str, Any],
    *,
    store: str | Path | None = None,
    theory: bool = True,
    trials: int = 0,
    method: str = "auto",
    relative_stderr: float | None = None,
    draws: int | None = None,
    seed: int = 0,
    cluster: str | Executor | None = None,
    workers: int | None = None,
    block_size: int | None = None,
    any_version: bool = False,
    repair: bool = False,
    progress: bool = False,
) -> xarray.Dataset:
    """Risk of every model at every point of a grid, as a labelled dataset kept in a store.

    What the store has is not computed again: the same call after a crash computes the rest, and
    after the end nothing.

    Parameters
    ----------
    problem : Problem or mapping
        What there is to learn; a mapping is read like the [problem] of a plan file.
    plan : Plan or mapping
        Who labels which samples; a mapping is read like the [plan] of a plan file. Only a preset
        table can vary its number of ``generations``.
    grid : mapping of str to values
        Fields and what they run through. A field is "problem.KEY" or "plan.KEY" with a key of the
        preset ("problem.capacity", "plan.n_samples"); where the plan lists its generations,
        "plan.KEY" is every one's and "plan.generations[2].KEY" one's, [-1] the last one's. Two
        fields that move together are written "FIELD, FIELD", with pairs as values. Values are a
        list, ``{"linear": [from, to, count]}``, ``{"log": [from, to, count]}``,
        ``{"named": {name: value}}``, or at random ``{"uniform": [from, to]}``,
        ``{"log_uniform": [from, to]}``, ``{"choice": [...]}``; ``"whole": True`` rounds.
    store : str or Path, optional
        Folder or fsspec URL of the results, Parquet files; ``~`` is the home folder. Default: a
        folder below "genloss-sweeps", named by the content of the sweep, so that the same call
        finds it again.
    theory : bool, default True
        Whether to predict every point. Where there is no theory the risk is NaN and ``message``
        says why.
    trials : int, default 0
        Monte Carlo runs at every point; 0 for no simulation.
    method, relative_stderr
        As in `simulate`.
    draws : int, optional
        Number of draws of the random fields; together they are the dimension "draw".
    seed : int, default 0
        Seed of draws and simulations. A point's own seed comes from it and the point's number, so
        that results depend neither on the engine nor on blocks or order.
    cluster : str or concurrent.futures.Executor, optional
        "serial", "threads", "processes", "local" (a Dask cluster on this machine), "ray", the
        address of a Dask scheduler ("tcp://host:8786"), or an executor of your own. Default: the
        scheduler at DASK_SCHEDULER_ADDRESS, or this machine.
    workers : int, optional
        Local workers; default: one per core.
    block_size : int, optional
        Points per block of a new store; default: a second of work or more.
    any_version : bool, default False
        Whether to go on with a store that another version of genloss made.
    repair : bool, default False
        Whether to compute damaged blocks again instead of reporting them.
    progress : bool, default False
        Whether to show a progress bar.

    Returns
    -------
    xarray.Dataset
        ``risk``, ``bias``, ``variance`` (and ``stderr``) by field, ``route`` ("theory",
        "simulation") and ``model``, padded with NaN after a plan's last model; ``method``,
        ``warnings`` and ``message`` by field and route; ``n_models`` and ``seed`` by field.

    Raises
    ------
    InvalidInputError
        If an argument or any point is invalid; nothing has been computed then.
    StoreError
        If the store is foreign, damaged, or of another sweep or version.
    MissingDependencyError
        If xarray and PyArrow, or the engine, are not installed.

    Examples
    --------
    >>> import tempfile
    >>> import genloss as gl
    >>> from genloss.sweeps import sweep
    >>> results = sweep(
    ...     gl.Problem.isotropic(20),
    ...     gl.Plan.replace(3, 100, noise=0.5),
    ...     {"plan.penalty": [0.0, 0.1], "plan.noise": {"linear": [0.0, 1.0, 3]}},
    ...     store=tempfile.mkdtemp(),
    ...     cluster="serial",
    ... )
    >>> results.risk.sel(route="theory", noise=1.0, model=2).values.round(3)
    array([0.759, 0.549])
    """
    from genloss.sweeps.design import Sweep
    from genloss.sweeps.runs import run

    place: Any = store
    if place is not None and (not isinstance(place, str | Path) or place == ""):
        raise InvalidInputError(f"store was {quoted(store)}; it must be a folder or a URL")
    what = Sweep.of(
        problem,
        plan,
        grid,
        theory=theory,
        trials=trials,
        method=method,
        relative_stderr=relative_stderr,
        draws=draws,
        seed=seed,
    )
    done = run(
        what,
        default_store(what.hash) if store is None else str(store),
        cluster=cluster,
        workers=workers,
        block_size=block_size,
        any_version=any_version,
        repair=repair,
        progress=progress,
    )
    return done.dataset()


def load_results(store: str | Path) -> xarray.Dataset:
    """Read the results of a sweep, finished or not, from its store alone.

    Parameters
    ----------
    store : str or Path
        Folder or fsspec URL. Its files are Parquet: ``pandas.read_parquet(store)`` and
        ``polars.read_parquet(f"{store}/blocks")`` read them too, a row for every point, route and
        model.

    Returns
    -------
    xarray.Dataset
        What `sweep` returns; points that were not computed yet have no models (``n_models`` is 0).

    Raises
    ------
    StoreError
        If it is no store, or damaged.

    Examples
    --------
    >>> import tempfile
    >>> import genloss as gl
    >>> from genloss.sweeps import load_results
    >>> folder, problem = tempfile.mkdtemp(), gl.Problem.isotropic(20)
    >>> plan, grid = gl.Plan.replace(3, 100, noise=0.5), {"plan.penalty": [0.0, 0.1]}
    >>> results = gl.sweep(problem, plan, grid, store=folder, cluster="serial")
    >>> load_results(folder).equals(results)
    True
    """
    from genloss.sweeps.places import Place
    from genloss.sweeps.store import read_store

    need("sweep", "pyarrow", "xarray")
    return read_store(Place.of(str(store))).dataset()


def default_store(sweep_hash: str) -> str:
    """Return the folder of a sweep that was given none.

    Examples
    --------
    >>> from genloss.sweeps import default_store
    >>> default_store("0123456789abcdef0123456789abcdef").startswith("genloss-sweeps")
    True
    """
    return str(Path(FOLDER) / f"{sweep_hash[:16]}.sweep")
