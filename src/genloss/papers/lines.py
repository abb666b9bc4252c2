"""Lines and points of a figure as values: drawn, and written into its table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss.papers.drawing import points
from genloss.papers.effort import Array
from genloss.papers.reproduction import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Look = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line, or points with error bars.

    Attributes
    ----------
    panel : str
        Letter of its panel.
    series : str
        What it shows.
    x, y : ndarray of shape (n,)
        Its points; none for what stands in the legend only.
    look : dict
        How Matplotlib draws it.
    stderr : ndarray of shape (n,), optional
        Standard errors of points.
    source : str
        Where the numbers are from; without one they are drawn and not in the table.
    shown : sequence of int, optional
        Which of the points are drawn; default: all.
    """

    panel: str
    series: str
    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    look: Look = field(default_factory=dict)
    stderr: Array | None = None
    source: str = ""
    shown: Sequence[int] | None = None


def entry(panel: str, name: str, **look: Any) -> Line:
    """What stands in the legend of a panel only."""
    return Line(panel, "", np.empty(0), np.empty(0), {**look, "label": name})


def draw(lines: Iterable[Line], axes: Mapping[str, Axes]) -> None:
    """Draw every line into its panel."""
    for line in lines:
        at: Any = slice(None) if line.shown is None else list(line.shown)
        x, y = line.x[at], line.y[at]
        if line.stderr is None:
            axes[line.panel].plot(x, y, **line.look)
        else:
            points(axes[line.panel], x, y, line.stderr[at], **line.look)


def table(lines: Iterable[Line]) -> list[Row]:
    """One row per point of what has a source."""
    return [
        {
            "panel": line.panel,
            "series": line.series,
            "source": line.source,
            "x": float(x),
            "y": float(y),
            "stderr": float(stderr),
        }
        for line in lines
        if line.source
        for x, y, stderr in np.broadcast(
            line.x, line.y, 0.0 if line.stderr is None else line.stderr
        )
    ]
