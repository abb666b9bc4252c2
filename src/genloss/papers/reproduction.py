"""Reproduction: one figure of a paper with its numbers and claims, and how it is written to files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genloss.papers.claims import Claim, rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = Mapping[str, Any]


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
    table: Sequence[Row]
    claims: tuple[Claim, ...]

    def write(self, name: str, folder: Path, *, svg: bool = True) -> list[Path]:
        """Write ``NAME.png``, ``NAME.svg`` if wanted, ``NAME.csv`` and ``NAME.claims.csv``.

        Every file is written beside its place and then moved there, so that none is ever half.
        """
        drawn: dict[str, bytes] = {f"{name}.png": _few_colours(_rendered(self.figure, "png"))}
        if svg:
            drawn[f"{name}.svg"] = _rendered(self.figure, "svg")
        drawn[f"{name}.csv"] = _csv(self.table)
        drawn[f"{name}.claims.csv"] = _csv(rows(self.claims))
        for file, content in drawn.items():
            partial = folder / f"{file}.partial"
            partial.write_bytes(content)
            partial.replace(folder / file)
        return [folder / file for file in drawn]


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


def _csv(table: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(table[0]), lineterminator="\n")
    writer.writeheader()
    for row in table:
        writer.writerow({key: _short(value) for key, value in row.items()})
    return text.getvalue().encode()


def _short(value: Any) -> Any:
    """Seven digits of a number are more than any of them is worth."""
    return f"{value:.7g}" if isinstance(value, float) else value
