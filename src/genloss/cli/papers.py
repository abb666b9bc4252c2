"""``genloss reproduce``: the founding paper's figures and claims."""

from __future__ import annotations

import sys
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
        "genloss reproduce all --out gallery",
    )
)
def reproduce(
    *names: str,
    quick: bool = False,
    out: File = Path("genloss-gallery"),
    mnist: File | None = None,
    svg: bool = True,
    seed: int = 0,
    workers: int | None = None,
    json: Json = False,
) -> int:
    """Reproduce the founding paper: figures, their numbers, and its claims with a verdict.

    Each name writes a .png, a .svg, a .csv of the numbers and a .claims.csv as
    soon as it is done; gallery.md shows those of this run. Exit code 1 if a claim
    fails.

    Parameters
    ----------
    names
        What to reproduce: names or figure numbers (F1), "all", or "list" to see them. Default: list.
    quick
        Few runs and small grids: all of it in under two minutes on two cores.
    out
        Folder to write to; made if it is not there.
    mnist
        MNIST as an .npz file with x_train, y_train, x_test and y_test. Default: scikit-learn's
        cached or downloaded copy; with --quick and no copy at hand, its small digits.
    svg
        Whether to write the figures as .svg beside the .png.
    seed
        Seed of everything random.
    workers
        Threads. Default: one per core.
    json
        Print the claims as JSON for machines instead of tables.
    """
    from genloss.papers.gallery import EXPERIMENTS, reproduce, write_page
    from genloss.papers.gallery import names as find
    from genloss.papers.reproduction import Effort

    if not names or names == ("list",):
        if json:
            print_json({name: each.shows for name, each in EXPERIMENTS.items()})
        else:
            for name, each in EXPERIMENTS.items():
                print(f"{name:15} {each.figure:3} {each.shows}")
        return 0
    chosen = find(names)
    if out.exists() and not out.is_dir():
        raise InvalidInputError(f"--out was {str(out)!r}; it is a file, not a folder")
    if mnist is not None and not mnist.is_file():
        raise InvalidInputError(f"--mnist was {str(mnist)!r}; there is no such file")
    out.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, Reproduction] = {}
    written: list[Path] = []
    for name in chosen:
        drawn[name] = reproduce(name, quick=quick, seed=seed, workers=workers, mnist=mnist)
        written += drawn[name].write(name, out, svg=svg)
        if not json:
            _print_claims(name, drawn[name])
    written.append(write_page(out, drawn, effort=Effort(quick, seed), svg=svg))
    claims = [claim for each in drawn.values() for claim in each.claims]
    failed = [claim for claim in claims if claim.verdict != "holds"]
    if json:
        from genloss.papers.reproduction import claim_rows

        print_json({name: claim_rows(each.claims) for name, each in drawn.items()})
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


def _print_claims(name: str, drawn: Reproduction) -> None:
    from genloss.report import print_claims

    out = console()
    print_claims(f"{name}: {drawn.title}", drawn.claims, out)
    out.print()
