"""Run the reproductions of a paper and write them as a gallery."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genloss import _check
from genloss.errors import DataError, InvalidInputError
from genloss.papers.claims import HOLDS, Claim
from genloss.papers.reproduction import Effort, Reproduction

__all__ = ["EXPERIMENTS", "Experiment", "names", "reproduce", "write_page"]


@dataclass(frozen=True)
class Experiment:
    """One reproduction: the module that runs it and what it shows."""

    module: str
    figure: str
    shows: str


_HERE = "genloss.papers.demystified.figures"

EXPERIMENTS: dict[str, Experiment] = {
    "chain": Experiment(f"{_HERE}.chain", "F4", "the chain, with the error of every model"),
    "statements": Experiment(f"{_HERE}.statements", "", "every formula beside a simulation"),
    "isotropic": Experiment(f"{_HERE}.isotropic", "F1", "identity covariance: linear growth in n"),
    "power-law": Experiment(f"{_HERE}.power_law", "F2", "clean against adapted penalty"),
    "interpolation": Experiment(f"{_HERE}.interpolation", "F3", "few rows: collapse without noise"),
    "scaling-laws": Experiment(f"{_HERE}.scaling_laws", "", "exponents, crossovers, turning point"),
    "penalty-rules": Experiment(f"{_HERE}.penalty_rules", "", "penalty rules against the optimum"),
    "circle": Experiment(f"{_HERE}.circle", "", "kernel ridge, spectrum known"),
    "mnist": Experiment(f"{_HERE}.mnist", "F5", "kernel ridge on images of digits"),
    "derivations": Experiment(
        "genloss.papers.derivations", "", "the pencil engine on nine problems"
    ),
    "networks": Experiment(f"{_HERE}.networks", "", "extension: neural networks"),
}
"""What can be reproduced, by name, in the order of the gallery."""


def names(wanted: str | Sequence[str]) -> list[str]:
    """Names of reproductions from what a user typed.

    Parameters
    ----------
    wanted : str or sequence of str
        Names, figure numbers such as "F1", or "all".

    Raises
    ------
    InvalidInputError
        If a name is unknown; the message names the nearest.

    Examples
    --------
    >>> from genloss.papers.gallery import names
    >>> names(["F1", "circle"])
    ['isotropic', 'circle']
    """
    figures = {each.figure.lower(): name for name, each in EXPERIMENTS.items() if each.figure}
    found = []
    for given in [wanted] if isinstance(wanted, str) else _check.sequence("wanted", wanted):
        if not isinstance(given, str):
            raise InvalidInputError(f"wanted had {given!r}; it must hold names")
        if given == "all":
            found += list(EXPERIMENTS)
            continue
        name = figures.get(given.lower(), given.replace("_", "-"))
        if name not in EXPERIMENTS:
            near = difflib.get_close_matches(name, EXPERIMENTS, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InvalidInputError(
                f"name was {given!r}; {hint}it must be 'all' or one of {', '.join(EXPERIMENTS)}"
            )
        found.append(name)
    return list(dict.fromkeys(found))


def reproduce(
    name: str,
    *,
    quick: bool = False,
    seed: int = 0,
    workers: int | None = None,
    mnist: str | Path | None = None,
) -> Reproduction:
    """One figure of the founding paper, with its numbers and the claims it supports.

    Parameters
    ----------
    name : str
        A key of `EXPERIMENTS` or a figure number such as "F1".
    quick : bool, default False
        Few runs and small grids: seconds instead of minutes.
    seed : int, default 0
        Seed of everything random.
    workers : int, optional
        Threads; default: the cores this process may use.
    mnist : path, optional
        MNIST as an .npz file with ``x_train``, ``y_train``, ``x_test`` and ``y_test``.

    Returns
    -------
    Reproduction
        ``figure``, ``table``, ``claims`` and what describes them.

    Raises
    ------
    InvalidInputError
        If the name is unknown or an argument out of range.

    Examples
    --------
    >>> from genloss.papers import reproduce
    >>> drawn = reproduce("chain", quick=True)
    >>> [claim.verdict for claim in drawn.claims]
    ['holds', 'holds', 'holds']
    """
    [chosen] = names([name])
    seed = _check.integer("seed", seed, minimum=0)
    if workers is not None:
        workers = _check.integer("workers", workers, minimum=1)
    effort = Effort(quick, seed, workers, None if mnist is None else Path(mnist))
    if effort.mnist is not None and not effort.mnist.is_file():
        raise DataError(f"mnist was {str(effort.mnist)!r}; there is no such file")
    drawn: Reproduction = importlib.import_module(EXPERIMENTS[chosen].module).run(effort)
    return drawn


def write_page(
    folder: Path, drawn: dict[str, Reproduction], *, effort: Effort, svg: bool = True
) -> Path:
    """Write ``gallery.md``, a page that shows these reproductions and their claims."""
    page = folder / "gallery.md"
    page.write_text(_page(drawn, effort, svg=svg), encoding="utf-8")
    return page


def _page(drawn: dict[str, Reproduction], effort: Effort, *, svg: bool) -> str:
    claims = [claim for each in drawn.values() for claim in each.claims]
    kind = effort.pick("a quick run, `--quick`", "a full run")
    parts = [
        "# Gallery: the founding paper, reproduced\n",
        f"Written by `genloss reproduce` ({kind}, seed {effort.seed}). Section numbers are those of "
        "`docs/paper.md` in the repository, where every formula is a documented function. A "
        "bound (≤, ≥) is the package's way to put a statement into a number."
        + ("" if svg else " The command writes every figure as SVG too; this copy has none.")
        + "\n",
        f"{_held(claims)} of {len(claims)} claims hold.\n",
        _contents(drawn),
    ]
    for name, each in drawn.items():
        files = [f"[numbers]({name}.csv)", f"[claims]({name}.claims.csv)"]
        if svg:
            files.append(f"[SVG]({name}.svg)")
        parts.append(f'<a id="{name}"></a>\n')
        parts.append(f"## {each.title}\n")
        parts.append(f"![{each.title}]({name}.png)\n")
        parts.append(f"{each.caption}\n")
        parts.append(f"`genloss reproduce {name}` · {' · '.join(files)}\n")
        parts.append(_claims_table(each.claims))
    return "\n".join(parts)


def _contents(drawn: dict[str, Reproduction]) -> str:
    lines = ["| figure | claims that hold |", "|---|---|"]
    for name, each in drawn.items():
        lines.append(f"| [{each.title}](#{name}) | {_held(each.claims)} of {len(each.claims)} |")
    return "\n".join(lines) + "\n"


def _held(claims: Sequence[Claim]) -> int:
    return sum(claim.verdict == HOLDS for claim in claims)


def _claims_table(claims: Sequence[Claim]) -> str:
    lines = ["| claim | where | predicted | measured | verdict |", "|---|---|---|---|---|"]
    signs = {"at most": "≤ ", "at least": "≥ "}
    for claim in claims:
        spread = f" ± {claim.stderr:.1g}" if claim.stderr else ""
        predicted = f"{signs.get(claim.kind, '')}{claim.predicted:.4g}"
        cells = (
            claim.claim,
            claim.where,
            predicted,
            f"{claim.measured:.4g}{spread}",
            claim.verdict,
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
