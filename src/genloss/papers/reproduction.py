"""Reproduction: one figure of a paper with its numbers and claims, and how it is written to files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genloss.papers.claims import Claim

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Effort:
    """How much work a reproduction may do.

    Parameters
    ----------
    quick : bool, default False
        Few runs and small grids, seconds instead of minutes.
    seed : int, default 0
        Seed of everything random.
    workers : int, optional
        Threads; default: one per core.
    mnist : Path, optional
        MNIST as an .npz file with ``x_train``, ``y_train``, ``x_test`` and ``y_test``.
    """

    quick: bool = False
    seed: int = 0
    workers: int | None = None
    mnist: Path | None = None

    def pick(self, quick: Any, full: Any) -> Any:
        """``quick`` or ``full``, as this effort is."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Reproduction:
    """A figure, the numbers behind it, and the claims it supports.

    Parameters
    ----------
    title : str
        Title of the figure.
    caption : str
        What is drawn, with every setting, and what to see in it.
    figure : matplotlib.figure.Figure
        Theory as lines, Monte Carlo as points with error bars of two standard errors.
    table : sequence of mappings
        The numbers, one mapping of column to value per row; all rows have the same columns.
    claims : tuple of Claim
        What the figure shows, in numbers.
    """

    title: str
    caption: str
    figure: Figure
    table: Sequence[Mapping[str, Any]]
    claims: tuple[Claim, ...]

    def write(self, name: str, folder: Path, *, svg: bool = True) -> list[Path]:
        """Write ``NAME.png``, ``NAME.svg`` if wanted, ``NAME.csv`` and ``NAME.claims.csv``.

        Every file is written beside its place and then moved there, so that none is ever half.
        """
        drawn: dict[str, bytes] = {f"{name}.png": _few_colours(_rendered(self.figure, "png"))}
        if svg:
            drawn[f"{name}.svg"] = _rendered(self.figure, "svg")
        drawn[f"{name}.csv"] = _csv(self.table)
        drawn[f"{name}.claims.csv"] = _csv(claim_rows(self.claims))
        for file, content in drawn.items():
            partial = folder / f"{file}.partial"
            partial.write_bytes(content)
            partial.replace(folder / file)
        return [folder / file for file in drawn]


def claim_rows(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Claims as rows of a table."""
    return [
        {
            "claim": each.claim,
            "where": each.where,
            "predicted": each.predicted,
            "measured": each.measured,
            "stderr": each.stderr,
            "kind": each.kind,
            "allowed": each.allowed,
            "verdict": each.verdict,
        }
        for each in claims
    ]


def _rendered(figure: Figure, form: str) -> bytes:
    drawn = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {}
    figure.savefig(drawn, format=form, dpi=200, metadata=metadata)
    return drawn.getvalue()


def _few_colours(png: bytes) -> bytes:
    """The same drawing with a palette of 256 colours: a quarter of the bytes, and nothing to see."""
    from PIL import Image

    drawing = Image.open(io.BytesIO(png)).convert("RGB")
    few = drawing.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    few.save(packed, format="png", optimize=True, dpi=(200, 200))
    return packed.getvalue()


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _short(value) for key, value in row.items()})
    return text.getvalue().encode()


def _short(value: Any) -> Any:
    """Seven digits of a number are more than any of them is worth."""
    return f"{value:.7g}" if isinstance(value, float) else value
