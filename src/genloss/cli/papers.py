"""``genloss reproduce``: figures and claims of papers."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from genloss.cli.app import File, Json, app, console, examples, print_json
from genloss.errors import InvalidInputError

if TYPE_CHECKING:
    from genloss.papers.reproduction import Reproduction

FAILED = 1
"""Exit code of a reproduction in which a claim fails."""


@app.command(
    help_epilogue=examples(
        "genloss reproduce list",
        "genloss reproduce F1 power-law --quick",
        "genloss reproduce demystified/F1",
        "genloss reproduce all --out gallery",
    )
)
def reproduce(
    *names: str,
    quick: bool = False,
    out: File = Path("genloss-gallery"),
    svg: bool = True,
    seed: int = 0,
    workers: int | None = None,
    json: Json = False,
    **options: str,
) -> int:
    """Reproduce a paper: figures, their numbers, and its claims with a verdict.

    Each name writes a .png, a .svg, a .csv of the numbers and a .claims.csv as
    soon as it is done; gallery.md shows them beside those it showed before. Exit
    code 1 if a claim fails.

    Parameters
    ----------
    names
        What to reproduce: names or figure numbers (F1), after a paper where another has the same
        (demystified/F1), papers, "all", or "list" to see them. Default: list.
    quick
        Few runs and small grids: all of it in under two minutes on two cores.
    out
        Folder to write to; made if it is not there.
    svg
        Whether to write the figures as .svg beside the .png.
    seed
        Seed of everything random.
    workers
        Threads. Default: one per core.
    json
        Print the claims as JSON for machines instead of tables.
    options
        What some experiments take beyond these, such as --mnist FILE; "list" names them.
    """
    from genloss.papers.claims import HOLDS, rows
    from genloss.papers.effort import Effort
    from genloss.papers.gallery import reproduce, stem, write_page
    from genloss.papers.paper import find

    if not names or names == ("list",):
        _list(json)
        return 0
    chosen = find(names)
    if out.exists() and not out.is_dir():
        raise InvalidInputError(f"--out was {str(out)!r}; it is a file, not a folder")
    _check_options(options)
    out.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, Reproduction] = {}
    written: list[Path] = []
    for count, (name, (_, study)) in enumerate(chosen.items(), 1):
        if not json:
            takes = study.takes(quick)
            about = f", about {takes} on one core" if takes else ""
            print(f"genloss: {name} ({count} of {len(chosen)}){about}", file=sys.stderr, flush=True)
        drawn[name] = reproduce(name, quick=quick, seed=seed, workers=workers, **options)
        written += drawn[name].write(stem(name), out, svg=svg)
        if not json:
            _print_claims(name, drawn[name])
    written.append(write_page(out, drawn, effort=Effort(quick, seed), svg=svg))
    claims = [claim for each in drawn.values() for claim in each.claims]
    failed = [claim for claim in claims if claim.verdict != HOLDS]
    if json:
        print_json({name: rows(each.claims) for name, each in drawn.items()})
    else:
        print(f"{len(claims) - len(failed)} of {len(claims)} claims hold.")
        print(f"{len(written)} files written to {out}; start with {written[-1]}")
    for claim in failed:
        print(
            f"genloss: claim fails: {claim.claim} ({claim.where}): predicted {claim.predicted:.4g}, "
            f"measured {claim.measured:.4g} ± {claim.stderr:.1g}",
            file=sys.stderr,
        )
    return FAILED if failed else 0


def _list(json: bool) -> None:
    """What can be reproduced, paper by paper."""
    from genloss.papers.paper import find

    places = find("all")
    if json:
        print_json({name: study.shows for name, (_, study) in places.items()})
        return
    last = None
    for name, (paper, study) in places.items():
        if paper.key != last:
            print(
                f"{'' if last is None else chr(10)}{paper.key}: {paper.title} ({paper.reference})"
            )
        last = paper.key
        takes = {"": study.takes(quick=False), "--quick ": study.takes(quick=True)}
        told = ", ".join(how + cost for how, cost in takes.items() if cost)
        cost = f" ({told})" if told else ""
        print(f"  {name:15} {study.figure:3} {study.shows}{cost}")
        for option, text in study.options.items():
            print(f"  {'':19} --{option}: {text}")
    print("\nTimes are rough, of one processor core; several share the work.")


def _check_options(options: Mapping[str, str]) -> None:
    """Refuse what no experiment takes, and files that are not there, before any work."""
    from genloss.papers.gallery import options as known

    there = known()
    for name, value in options.items():
        if name not in there:
            own = ("quick", "out", "svg", "seed", "workers", "json", *there)
            near = difflib.get_close_matches(name, own, n=1)
            hint = f" Did you mean --{near[0]}?" if near else ""
            raise InvalidInputError(f"Unknown option: --{name}.{hint}")
        if not Path(value).is_file():
            raise InvalidInputError(f"--{name} was {value!r}; there is no such file")


def _print_claims(name: str, drawn: Reproduction) -> None:
    from genloss.papers.claims import columns
    from genloss.report.sentences import sentence
    from genloss.report.table import print_table

    out = console()
    sentence(f"{name}: {drawn.title}", out, style="italic")
    if drawn.claims:
        print_table(columns(drawn.claims), out)
    out.print()
    out.file.flush()  # where it is piped, those who wait see it too
