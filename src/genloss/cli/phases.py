"""``genloss phases``: a number over two fields of a plan, and the border of stability."""

from __future__ import annotations

from typing import Literal

from genloss.cli.app import File, Json, answer, app, check_files, examples
from genloss.cli.plan_files import reading
from genloss.errors import InvalidInputError

EXAMPLE = """\
[problem]
preset = "isotropic"
dim = 100

[plan]
preset = "mix"
generations = 4
noise = 1.0

[grid]  # first the horizontal axis, then the vertical one
"plan.n_samples" = { linear = [60, 200, 71] }
"plan.real" = { linear = [0.02, 0.98, 49] }
"""


@app.command(
    help_epilogue=examples(
        "genloss phases > phases.toml",
        "genloss phases phases.toml --plot phases.png",
        "genloss phases phases.toml --value growth --json",
    )
)
def phases(
    file: File | None = None,
    /,
    *,
    value: Literal["limit", "growth", "final", "best_penalty", "best_policy"] = "limit",
    tolerance: float = 0.01,
    workers: int | None = None,
    plot: File | None = None,
    json: Json = False,
) -> int:
    """Map where chains settle and where they explode, over two fields of a plan.

    The file holds [problem], [plan] and [grid], as that of "genloss sweep", with two
    fields in [grid]. Without one, prints an example to start from:
    genloss phases > phases.toml.

    Parameters
    ----------
    file
        A .toml file.
    value
        Risk after infinitely many repetitions of the plan's end (limit), factor of one repetition
        (growth), risk of the last model (final), or the best penalty or policy for ever.
    tolerance
        Of maps of more than 400 plans that are solved one by one: within which share points
        are filled between solved ones. 0: all are solved.
    workers
        Processes for such plans. Default: one per core where there is much to do.
    plot
        Write the map to this .png or .svg file.
    json
        Print JSON for machines instead of a table.
    """
    from genloss.report.phases import print_phases
    from genloss.sweeps import load_sweep
    from genloss.sweeps.phases import compute, read_axes

    if file is None:
        print(EXAMPLE.rstrip())
        return 0
    check_files(plot)
    with reading(file):
        said = load_sweep(file)
        if said.settings:
            raise InvalidInputError("phases has no [sweep]; it takes [problem], [plan] and [grid]")
        axes = read_axes(said.grid)
    found = compute(said.problem, said.plan, axes, value, tolerance, workers)
    answer(found, lambda found, console, **_: print_phases(found, console), json=json, plot=plot)
    return 0
