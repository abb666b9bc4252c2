"""Figures, drawn with Matplotlib when one is asked for: series of numbers, one a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss._words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

Array = npt.NDArray[np.float64]

# of the papers' figures: Okabe and Ito's palette, distinguishable with any colour vision
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK = "#333333"


class Drawn:
    """An answer that is a picture as well."""

    def _draw(self, ax: Axes) -> None:
        """Draw it."""
        raise NotImplementedError

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the answer; what is to be seen stands in the class's own words.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; default: a new figure of Matplotlib's pyplot, which notebooks show.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, for further styling and saving.

        Examples
        --------
        >>> import genloss as gl
        >>> plans = (gl.Plan.replace(2, rows, noise=1.0) for rows in (31, 40))
        >>> gl.compare(gl.Problem.isotropic(10), *plans).plot().get_ylabel()
        "risk of the first plan minus the second's"
        """
        ax = shown_axes() if ax is None else ax
        self._draw(ax)
        return ax


def shown_axes() -> Axes:
    """Axes of a new figure that notebooks and galleries show."""
    import matplotlib.pyplot as plt

    return plt.figure(figsize=(6.4, 4.0), layout="constrained").add_subplot()


def draw(ax: Axes, values: Array, stderr: Array | None, *, label: str) -> None:
    """Draw a line, or where there is chance points with error bars of two standard errors."""
    models = np.arange(values.size)
    shown = np.where(np.isfinite(values), values, np.nan)
    if stderr is None:
        ax.plot(models, shown, marker=".", label=label)
    else:
        bars = 2 * stderr
        ax.errorbar(models, shown, bars, fmt="o", ms=4, capsize=2, label=label)


def dress(ax: Axes, shown: Sequence[Array], ylabel: str) -> None:
    """Label the axes; the scale is logarithmic where errors span more than a decade."""
    finite = np.concatenate([values[np.isfinite(values)] for values in shown])
    if finite.size and finite.min() > 0 and finite.max() > 10 * finite.min():
        ax.set_yscale("log")
        log_ticks(ax.yaxis)
    elif finite.size:
        ax.set_ylim(bottom=0)
    if not finite.size:
        ax.text(0.5, 0.5, "the mean risk is infinite", transform=ax.transAxes, ha="center")
    label_models(ax, ylabel)


def log_ticks(axis: Axis, factors: Sequence[float] = (1, 2, 5)) -> None:
    """Write numbers out along a logarithmic axis."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=factors))
    axis.set_major_formatter(_written)
    axis.set_minor_formatter(NullFormatter())


def _written(value: float, _: float) -> str:
    """As tables write it."""
    return number(value)


def label_models(ax: Axes, ylabel: str) -> None:
    """Label axes of which one counts models."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("model (0 is trained on real labels)")
    ax.set_ylabel(ylabel)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)


def name_table(ax: Axes, target: str, *sources: str) -> None:
    """Say in a corner what the picture is of; arrays have no name that says anything."""
    named = " + ".join(source for source in sources if source != "arrays")
    ax.set_title(f"{named}: {target}" if named else "", fontsize="medium", loc="left")


def colours(count: int) -> list[str]:
    """The first colours of the user's style."""
    import matplotlib as mpl

    cycle = mpl.rcParams["axes.prop_cycle"].by_key().get("color", ["C0"])
    return [cycle[k % len(cycle)] for k in range(count)]


def field(
    ax: Axes,
    x: Array,
    y: Array,
    values: Array,
    *,
    label: str,
    names: Sequence[str] = (),
    border: Array | None = None,
    unknown: npt.NDArray[np.bool_] | None = None,
) -> None:
    """Draw numbers over a grid as colours, or as one of few names; a line where ``border`` is one, hatches where ``unknown``."""
    from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm

    figure = ax.figure
    finite = values[np.isfinite(values)]
    shown = np.where(np.isfinite(values), values, np.nan)
    ax.set_facecolor("#dddddd")
    if names:
        colours = ListedColormap(COLOURS[: len(names)])
        norm = BoundaryNorm(np.arange(len(names) + 1) - 0.5, len(names))
        mesh = ax.pcolormesh(x, y, shown, shading="nearest", cmap=colours, norm=norm)
        bar = figure.colorbar(mesh, ax=ax, ticks=range(len(names)))
        bar.ax.set_yticklabels(list(names))
    else:
        wide = finite.size and finite.min() > 0 and finite.max() > 10 * finite.min()
        log = LogNorm(finite.min(), np.quantile(finite, 0.98)) if wide else None
        mesh = ax.pcolormesh(x, y, shown, shading="nearest", cmap="viridis", norm=log)
        bar = figure.colorbar(mesh, ax=ax, extend="max" if wide else "neither")
    bar.set_label(label)
    if unknown is not None and unknown.any():
        _hatch(ax, x, y, unknown)
    if border is not None and min(border.shape) > 1 and np.nanmin(border) < 1 < np.nanmax(border):
        ax.contour(x, y, np.clip(border, 0, 2), levels=[1.0], colors=["white"], linewidths=3)
        ax.contour(x, y, np.clip(border, 0, 2), levels=[1.0], colors=[COLOURS[1]], linewidths=1.5)
    for scale, place in ((ax.set_xscale, x), (ax.set_yscale, y)):
        if place.min() > 0 and _unevenness(np.log(place)) < _unevenness(place):
            scale("log")


def _hatch(ax: Axes, x: Array, y: Array, cells: npt.NDArray[np.bool_]) -> None:
    """Hatch some cells, and say in a corner what that means."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    paper, ink = "#f7f7f7", "#999999"
    one = ListedColormap([paper])
    shown = np.ma.masked_where(~cells, np.ones(cells.shape))
    ax.pcolor(x, y, shown, shading="nearest", cmap=one, hatch="////", edgecolor=ink, lw=0)
    key = Patch(facecolor=paper, edgecolor=ink, hatch="////", label="not known")
    ax.legend(handles=[key], loc="upper right", framealpha=0.9)


def _unevenness(places: Array) -> float:
    """Spread of the steps between places over the longest of them."""
    steps = np.abs(np.diff(places))
    return float(np.ptp(steps) / steps.max()) if steps.size > 1 and steps.max() > 0 else 0.0
