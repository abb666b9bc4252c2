"""Figures, drawn with Matplotlib when one is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from genloss.curve import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from genloss.outlook.forecast import Forecast
    from genloss.simulate.comparison import Comparison

# of the papers' figures: Okabe and Ito's palette, distinguishable with any colour vision
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK = "#333333"


def shown_axes(width: float = 6.4, height: float = 4.0) -> Axes:
    """Axes of a new figure that notebooks and galleries show."""
    import matplotlib.pyplot as plt

    return plt.figure(figsize=(width, height), layout="constrained").add_subplot()


def new_axes(width: float = 6.4, height: float = 4.0) -> Axes:
    """Axes of a new figure for a file, independent of any window system."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def plot_curves(
    curves: Sequence[Curve], *, ax: Axes | None = None, label: str | None = None
) -> Axes:
    """Draw theory as lines and Monte Carlo as points with error bars of two standard errors."""
    if ax is None:
        ax = shown_axes()
    for number, curve in enumerate(curves):
        models = np.arange(curve.n_models)
        risk = np.where(np.isfinite(curve.risk), curve.risk, np.nan)
        name = label if label and number == 0 else curve.method
        if curve.stderr is None:
            ax.plot(models, risk, marker=".", label=name)
        else:
            ax.errorbar(
                models,
                risk,
                yerr=2 * curve.stderr,
                fmt="o",
                ms=4,
                capsize=2,
                label=name,
            )
    dress(ax, curves)
    return ax


def plot_difference(comparison: Comparison, *, ax: Axes | None = None) -> Axes:
    """Draw a difference of two plans' risks with error bars of two standard errors."""
    from matplotlib.ticker import MaxNLocator

    if ax is None:
        ax = shown_axes()
    ax.axhline(0, color="0.2", lw=0.8, ls=":", label="no difference")
    ax.errorbar(
        np.arange(comparison.difference.size),
        comparison.difference,
        yerr=2 * comparison.stderr,
        fmt="o",
        ms=4,
        capsize=2,
        label=f"{comparison.trials} pairs of runs ± 2 s.e.",
    )
    ax.set_xlabel("model (0 is trained on real labels)")
    ax.set_ylabel("risk of the first plan minus the second's")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax


def _colours(count: int) -> list[str]:
    """The first colours of the user's style."""
    import matplotlib as mpl

    cycle = mpl.rcParams["axes.prop_cycle"].by_key().get("color", ["C0"])
    return [cycle[k % len(cycle)] for k in range(count)]


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
        ax = shown_axes()
    first, second = _colours(2)
    models = np.arange(outlook.plan.n_models)
    predicted, measured = outlook.predicted, outlook.measured
    assert measured.stderr is not None
    ax.fill_between(
        models,
        outlook.low,
        outlook.high,
        color=first,
        alpha=0.15,
        lw=0,
        label="interval of 90 %",
    )
    ax.plot(models, predicted.risk, color=first, marker=".", label="forecast from seen rows")
    ax.errorbar(
        models,
        measured.risk,
        yerr=2 * measured.stderr,
        fmt="o",
        ms=4,
        capsize=2,
        color=second,
        label=f"measured, {measured.trials} runs ± 2 s.e.",
    )
    ax.axhline(predicted.risk[0], color="0.2", lw=0.8, ls=":", label="forecast of model 0")
    dress(ax, [predicted, measured])
    ax.set_title(f"{outlook.source}: {outlook.target}", fontsize="medium", loc="left")
    return ax
