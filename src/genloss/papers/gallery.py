"""Run what the papers show, and write it as a gallery."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from genloss import _check
from genloss._columns import markdown
from genloss.errors import InvalidInputError
from genloss.papers.claims import HOLDS, Claim, columns
from genloss.papers.effort import Effort
from genloss.papers.paper import Paper, find
from genloss.papers.reproduction import Reproduction


def options() -> dict[str, str]:
    """What experiments take beyond seed, workers and quick, each with what it means.

    Examples
    --------
    >>> from genloss.papers.gallery import options
    >>> "mnist" in options()
    True
    """
    return {name: text for _, study in find("all").values() for name, text in study.options.items()}


def reproduce(
    name: str,
    *,
    quick: bool = False,
    seed: int = 0,
    workers: int | None = None,
    **given: str | Path | None,
) -> Reproduction:
    """One figure of a paper, with its numbers and the claims it supports.

    Parameters
    ----------
    name : str
        A name of `genloss reproduce list` or a figure number such as "F1", alone or after the
        key of its paper ("demystified/F1").
    quick : bool, default False
        Few runs and small grids: seconds instead of minutes.
    seed : int, default 0
        Seed of everything random.
    workers : int, optional
        Threads; default: the cores this process may use.
    **given
        What some experiment takes; others do without it. ``mnist=path``: MNIST as an .npz file
        with ``x_train``, ``y_train``, ``x_test`` and ``y_test``.

    Returns
    -------
    Reproduction
        ``figure``, ``table``, ``claims`` and what describes them.

    Raises
    ------
    InvalidInputError
        If the name is unknown, an argument out of range, or an option that nothing takes.

    Examples
    --------
    >>> from genloss.papers import reproduce
    >>> drawn = reproduce("chain", quick=True)
    >>> [claim.verdict for claim in drawn.claims]
    ['holds', 'holds', 'holds']
    """
    chosen = find([name])
    if len(chosen) != 1:
        raise InvalidInputError(f"name was {name!r}; it must be one of {', '.join(find('all'))}")
    [(_, study)] = chosen.values()
    seed = _check.integer("seed", seed, minimum=0)
    if workers is not None:
        workers = _check.integer("workers", workers, minimum=1)
    there = {key: str(value) for key, value in given.items() if value is not None}
    if unknown := there.keys() - options():
        raise InvalidInputError(
            f"{min(unknown)} is no option of any experiment; there is {', '.join(options())}"
        )
    taken = {key: value for key, value in there.items() if key in study.options}
    return study.run(Effort(quick, seed, workers, taken))


def write_page(
    folder: Path, drawn: Mapping[str, Reproduction], *, effort: Effort, svg: bool = True
) -> Path:
    """Write ``gallery.md``, which shows these reproductions beside those it showed before."""
    page = folder / "gallery.md"
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(_page(drawn, before, effort, svg=svg), encoding="utf-8")
    return page


def stem(name: str) -> str:
    """Name of the files of a reproduction, without what comes after the dot."""
    return name.replace("/", "-")


@dataclass(frozen=True)
class _Shown:
    """A figure on the page."""

    title: str
    held: int
    claims: int
    text: str

    @classmethod
    def all_of(cls, page: str) -> dict[str, _Shown]:
        """What a page shows, by the stems of its files."""
        texts = {found[1]: found[0].rstrip() + "\n" for found in _SECTION.finditer(page)}
        return {
            at: cls(title, int(held), int(claims), texts[at])
            for title, at, held, claims in _ROW.findall(page)
            if at in texts
        }


_SECTION = re.compile(r'^<a id="([\w-]+)"></a>$.*?(?=^<a id=|^## |\Z)', re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| \[(.*)\]\(#([\w-]+)\) \| (\d+) of (\d+) \|$", re.MULTILINE)


def _page(drawn: Mapping[str, Reproduction], before: str, effort: Effort, *, svg: bool) -> str:
    shown = _Shown.all_of(before)
    shown |= {stem(name): _shown(name, each, effort, svg=svg) for name, each in drawn.items()}
    places = {name: paper for name, (paper, _) in find("all").items() if stem(name) in shown}
    figures = [shown[stem(name)] for name in places]
    vectors = any(".svg)" in each.text for each in figures)
    parts = [
        "# Gallery: papers, reproduced\n",
        "Written by `genloss reproduce`, each figure by the command under it (`--quick`: few runs and "
        "small grids). Section numbers of the "
        "founding paper are those of `docs/paper.md` in the repository, where every formula is a "
        "documented function. A bound (≤, ≥) is the package's way to put a statement into a number."
        + ("" if vectors else " The command writes every figure as SVG too; this copy has none.")
        + "\n",
        f"{sum(each.held for each in figures)} of {sum(each.claims for each in figures)} claims hold.\n",
        "| figure | claims that hold |\n|---|---|",
        *(
            f"| [{each.title}](#{stem(name)}) | {each.held} of {each.claims} |"
            for name, each in zip(places, figures, strict=True)
        ),
        "",
    ]
    last: Paper | None = None
    for name, paper in places.items():
        if paper != last:
            parts.append(f"## {paper.title}\n\n{paper.reference}\n")
        last = paper
        parts.append(shown[stem(name)].text)
    return "\n".join(parts)


def _shown(name: str, drawn: Reproduction, effort: Effort, *, svg: bool) -> _Shown:
    at = stem(name)
    files = [f"[numbers]({at}.csv)", f"[claims]({at}.claims.csv)"]
    if svg:
        files.append(f"[SVG]({at}.svg)")
    flags = effort.pick(" --quick", "") + (f" --seed {effort.seed}" if effort.seed else "")
    [(_, study)] = find([name]).values()
    takes = study.takes(effort.quick)
    cost = f" ({takes} on one core)" if takes else ""
    parts = [
        f'<a id="{at}"></a>\n',
        f"### {drawn.title}\n",
        f"![{drawn.title}]({at}.png)\n",
        f"{drawn.caption}\n",
        f"`genloss reproduce {name}{flags}`{cost} · {' · '.join(files)}\n",
        markdown(columns(drawn.claims)) + "\n",
    ]
    return _Shown(drawn.title, _held(drawn.claims), len(drawn.claims), "\n".join(parts))


def _held(claims: Iterable[Claim]) -> int:
    return sum(claim.verdict == HOLDS for claim in claims)
