"""``genloss limit``: what the end of a plan leads to if it goes on for ever."""

from __future__ import annotations

from functools import partial

from genloss.cli.app import File, Json, answer, app, examples, spelling
from genloss.cli.plan_files import read_both


@app.command(
    help_epilogue=examples(
        "genloss example > plan.toml",
        "genloss limit plan.toml",
        "genloss limit plan.toml --block 2 --json",
    )
)
def limit(plan: File, /, *, block: int | None = None, json: Json = False) -> int:
    """Find what the last model becomes if the end of a plan is repeated for ever.

    Parameters
    ----------
    plan
        A .toml or .json file with a [problem] and a [plan]; "genloss example" prints one.
    block
        How many of the last generations go round. Default: what explains most of the plan.
    json
        Print JSON for machines instead of a table.
    """
    from genloss.report.limit import print_limit
    from genloss.theory.forever.limit import limit as find_limit

    what, problem = read_both(plan)
    found = find_limit(problem, what, block=block)
    show = partial(print_limit, problem=problem, plan=what)
    answer(found, show, json=json, say=spelling(limit))
    return 0
