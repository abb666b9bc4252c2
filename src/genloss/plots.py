"""Figures, drawn with Matplotlib when one is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from genloss.curve import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from genloss.outlook.forecast import Forecast

# Okabe and Ito's palette, distinguishable with any colour vision
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK = "#333333"


def new_axes(width: float = 6.4, height: float = 4.0) -> Axes:
    """Axes of a new figure, independent of any window system."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def plot_curves(
    curves: Sequence[Curve], *, ax: Axes | None = None, label: str | None = None
) -> Axes:
    """Draw theory as lines and Monte Carlo as points with error bars of two standard errors."""
    if ax is None:
        ax = new_axes()
    for number, curve in enumerate(curves):
        colour = COLOURS[len(ax.get_lines()) % len(COLOURS)]
        models = np.arange(curve.n_models)
        risk = np.where(np.isfinite(curve.risk), curve.risk, np.nan)
        name = label if label and number == 0 else curve.method
        if curve.stderr is None:
            ax.plot(models, risk, color=colour, marker=".", label=name)
        else:
            ax.errorbar(
                models,
                risk,
                yerr=2 * curve.stderr,
                fmt="o",
                ms=4,
                capsize=2,
                color=colour,
                label=name,
            )
    dress(ax, curves)
    return ax


def dress(ax: Axes, curves: Sequence[Curve]) -> None:
    """Label the axes; the scale is logarithmic where the risk spans more than a decade."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    finite = np.concatenate([curve.risk[np.isfinite(curve.risk)] for curve in curves])
    if finite.size and finite.min() > 0 and finite.max() > 10 * finite.min():
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    elif finite.size:
        ax.set_ylim(bottom=0)
    if not finite.size:
        ax.text(0.5, 0.5, "the mean risk is infinite", transform=ax.transAxes, ha="center")
    ax.set_xlabel("model (0 is trained on real labels)")
    ax.set_ylabel(curves[0].metric)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)


def plot_forecast(outlook: Forecast, *, ax: Axes | None = None) -> Axes:
    """Draw a forecast with its band, the measured chain, and the first model's error."""
    if ax is None:
        ax = new_axes()
    models = np.arange(outlook.plan.n_models)
    predicted, measured = outlook.predicted, outlook.measured
    assert measured.stderr is not None
    ax.fill_between(
        models,
        outlook.low,
        outlook.high,
        color=COLOURS[0],
        alpha=0.15,
        lw=0,
        label="interval of 90 %",
    )
    ax.plot(models, predicted.risk, color=COLOURS[0], marker=".", label="forecast from seen rows")
    ax.errorbar(
        models,
        measured.risk,
        yerr=2 * measured.stderr,
        fmt="o",
        ms=4,
        capsize=2,
        color=COLOURS[1],
        label=f"measured, {measured.trials} runs ± 2 s.e.",
    )
    ax.axhline(predicted.risk[0], color=INK, lw=0.8, ls=":", label="forecast of model 0")
    dress(ax, [predicted, measured])
    ax.set_title(f"{outlook.source}: {outlook.target}", fontsize="medium", loc="left")
    return ax
