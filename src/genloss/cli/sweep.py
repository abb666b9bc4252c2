"""``genloss sweep``: any fields of a problem and a plan over a grid, kept in a store."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from genloss.cli.app import File, Json, app, examples, print_json
from genloss.cli.plan_files import reading
from genloss.errors import InvalidInputError

if TYPE_CHECKING:
    from genloss.sweeps.runs import Run

Exports = Annotated[tuple[File, ...], Parameter(negative="", show_default=False)]

INTERRUPTED = 130
"""Exit code after control-C, as of any command."""

MOST_WARNINGS = 5
"""Kinds of warnings that are printed."""

EXAMPLE = """\
[problem]
preset = "power_law"
dim = 300
capacity = 1.5
source = 0.5

[plan]
preset = "replace"
generations = 10
n_samples = 600
noise = 0.5

[grid]
"plan.penalty" = { log = [1e-4, 1.0, 25] }
"plan.noise" = [0.1, 0.5, 1.0]

[sweep]
theory = true
trials = 0
seed = 0
"""


@app.command(
    help_epilogue=examples(
        "genloss sweep > sweep.toml",
        "genloss sweep sweep.toml",
        "genloss sweep sweep.toml --export results.parquet",
    )
)
def sweep(
    file: File | None = None,
    /,
    *,
    store: str | None = None,
    cluster: str | None = None,
    workers: int | None = None,
    export: Exports = (),
    repair: bool = False,
    any_version: bool = False,
    json: Json = False,
) -> int:
    """Predict or simulate over a grid or at random points; nothing stored is computed twice.

    The file holds [problem], [plan], [grid] and [sweep]. Without one, prints an
    example to start from: genloss sweep > sweep.toml. Interrupted, the same
    command goes on where it stopped. Stores need the extra "sweep".

    Parameters
    ----------
    file
        A .toml file.
    store
        Folder or fsspec URL of the results. Default: beside the file, ending in .sweep.
    cluster
        serial, threads, processes, local (a Dask cluster on this machine), ray, or the address of
        a Dask scheduler such as tcp://host:8786. Default: DASK_SCHEDULER_ADDRESS, or this machine.
    workers
        Local workers. Default: one per core.
    export
        Write the results to this .nc, .parquet or .zarr too; may be given several times.
    repair
        Compute damaged blocks again instead of reporting them.
    any_version
        Go on with a store that another version of genloss made.
    json
        Print JSON for machines.
    """
    from genloss.sweeps import export as write_export
    from genloss.sweeps import load_sweep
    from genloss.sweeps.design import Sweep
    from genloss.sweeps.exports import check_export
    from genloss.sweeps.runs import run

    if file is None:
        print(EXAMPLE.rstrip())
        return 0
    for path in export:
        check_export(path)
    with reading(file):
        said = load_sweep(file)
    if store == "":
        raise InvalidInputError("--store was empty; it must be a folder or a URL")
    try:
        done = run(
            Sweep.of(said.problem, said.plan, said.grid, **said.settings),
            said.store if store is None else store,
            cluster=cluster,
            workers=workers,
            block_size=said.block_size,
            any_version=any_version,
            repair=repair,
            progress=not json,
        )
    except KeyboardInterrupt:
        print("genloss: stopped; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    dataset = done.dataset()
    for path in export:
        write_export(dataset, path)
    if json:
        print_json(_plain(done, dataset) | {"exports": [str(path) for path in export]})
        return 0
    _print(done, dataset)
    for path in export:
        print(f"Exported to {path}")
    return 0


def _plain(done: Run, dataset: Any) -> dict[str, Any]:
    return {
        "store": done.store.url,
        "sizes": {str(name): int(length) for name, length in dataset.sizes.items()},
        "points": int(dataset.n_models.size),
        "without_theory": int((dataset.message != "").sum()),
        "with_warnings": int((dataset.warnings != "").any("route").sum()),
        "warnings": _warnings(dataset),
        "blocks": {"computed": done.computed, "found": done.found},
        "engine": done.engine,
        "seconds": done.seconds,
        "sweep_hash": dataset.attrs["sweep_hash"],
    }


def _warnings(dataset: Any) -> dict[str, int]:
    """How many answers have each warning, the commonest first."""
    texts, counts = np.unique(dataset.warnings.values, return_counts=True)
    found: Counter[str] = Counter()
    for text, count in zip(texts, counts, strict=True):
        found.update(dict.fromkeys(text.splitlines(), int(count)))
    return dict(found.most_common())


def _print(done: Run, dataset: Any) -> None:
    plain = _plain(done, dataset)
    axes = " x ".join(f"{length} {name}" for name, length in plain["sizes"].items())
    print(f"{plain['points']} points: {axes}")
    if done.computed:
        how = f"computed by {done.engine} in {done.seconds:.1f} s"
        blocks = "block" if done.computed == 1 else "blocks"
        print(f"{done.computed} {blocks} {how}; there already: {done.found}.")
    else:
        print(f"All {done.found} blocks were there already; nothing was computed.")
    if plain["without_theory"]:
        print(f"{plain['without_theory']} points have no theory; 'message' says why.")
    if plain["with_warnings"]:
        print(f"{plain['with_warnings']} points have warnings:")
        warnings = list(plain["warnings"].items())
        for text, count in warnings[:MOST_WARNINGS]:
            print(f"  {count} x {text}")
        if len(warnings) > MOST_WARNINGS:
            print(f"  and {len(warnings) - MOST_WARNINGS} others, in 'warnings' of the results")
    print(
        f"Results in {done.store.url}: genloss.sweeps.load_results({done.store.url!r}) gives labelled arrays,"
    )
    print(f"pandas.read_parquet({done.store.url!r}) a table.")
