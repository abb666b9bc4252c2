"""What the figures of the papers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss.plots import COLOURS, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]

NULL: dict[str, Any] = {"color": INK, "lw": 0.9, "ls": (0, (1, 2))}
"""Line of the null predictor's error."""


def panels(
    words: Sequence[tuple[str, ...]],
    *,
    columns: int | None = None,
    width: float = 4.4,
    height: float = 3.4,
    y: str = "excess test error",
    sharey: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Figure of equal panels, lettered (a), (b), ... when there are several.

    Their ``words`` are title and name of the x-axis, and of the y-axis where it is not ``y``.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = columns or len(words)
    rows = len(words) // columns
    apart = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
    figure = Figure(figsize=(width * columns, height * rows), layout=apart)
    axes = figure.subplots(rows, columns, squeeze=False, sharey=sharey).ravel().tolist()
    for ax, letter, (title, x, *own) in zip(axes, ascii_lowercase, words, strict=False):
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
        ax.set_title(f"({letter}) {title}" if len(words) > 1 else title, fontsize=9.5, loc="left")
        ax.set_xlabel(x, fontsize=9)
        if ax is axes[0] or not sharey:
            ax.set_ylabel(own[0] if own else y, fontsize=9)
    return figure, axes


def colour(number: int) -> str:
    """Colour of the series with this number."""
    return COLOURS[number % len(COLOURS)]


def points(
    ax: Axes,
    x: npt.ArrayLike,
    mean: Array,
    stderr: Array,
    *,
    color: str,
    marker: str = "o",
    **options: Any,
) -> None:
    """Monte Carlo means with error bars of two standard errors."""
    look: dict[str, Any] = {"ms": 3.5, "capsize": 2, "elinewidth": 0.9, "lw": 0}
    ax.errorbar(x, mean, yerr=2 * stderr, fmt=marker, color=color, **look | options)


def log_axes(
    ax: Axes,
    *,
    x: bool = True,
    y: bool = True,
    subs: tuple[int, ...] = (1,),
    x_subs: tuple[int, ...] = (1,),
) -> None:
    """Logarithmic axes with plain numbers at the decades, or at ``subs`` of each."""
    from matplotlib.ticker import LogLocator, NullFormatter

    for wanted, axis, at in ((x, "x", x_subs), (y, "y", subs)):
        if not wanted:
            continue
        (ax.set_xscale if axis == "x" else ax.set_yscale)("log")
        place = ax.xaxis if axis == "x" else ax.yaxis
        place.set_major_locator(LogLocator(subs=at, numticks=12))
        place.set_minor_formatter(NullFormatter())
        if at != (1,):
            place.set_major_formatter("{x:g}")


def ticks(axis: Axis, places: Sequence[float]) -> None:
    """Plain numbers at these places and nowhere else."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def signed(value: float, digits: int = 2) -> str:
    """A number with the minus sign of print."""
    return f"{value:.{digits}f}".replace("-", "\u2212")


def legend(ax: Axes, **options: Any) -> None:
    """Legend without a frame."""
    ax.legend(**{"frameon": False, "fontsize": 8, "handlelength": 1.8, **options})
