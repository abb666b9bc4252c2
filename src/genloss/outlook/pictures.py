"""A forecast as a picture: the errors from all rows, and lighter beside them the check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genloss import plots
from genloss.outlook.units import Unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from genloss.outlook.result import Forecast

_LIGHT = 0.5


def draw_forecast(ax: Axes, outlook: Forecast, unit: Unit) -> None:
    """Draw errors in a unit, model by model."""
    own, found, base = outlook.own, outlook.measured, outlook.baseline
    assert found.stderr is not None
    models = np.arange(own.error.size)
    first, second = plots.colours(2)
    error, low, high, said, seen = (
        np.where(np.isfinite(values), unit.written(values, base), np.nan)
        for values in (own.error, own.low, own.high, outlook.predicted.risk, found.risk)
    )
    bars = 2 * unit.stderr(found.risk, found.stderr, base)
    ax.fill_between(models, low, high, alpha=0.2, color=first, lw=0, label="interval of 90 %")
    rows = outlook.rows
    whole = "all " if rows["used"] == rows["table"] else ""
    label = f"forecast from {whole}{rows['used']:,} rows"
    ax.plot(models, error, marker=".", color=first, label=label)
    fewer = outlook.check_rows < outlook.plan.n_samples.max()
    label = f"check: forecast from {rows['seen']:,} rows"
    label += f", {outlook.check_rows:,} a model" if fewer else ""
    ax.plot(models, said, ls="--", lw=1, color=first, alpha=_LIGHT, label=label)
    label = f"check: measured, {found.trials} runs ± 2 s.e."
    ax.errorbar(
        models, seen, bars, fmt="o", ms=4, capsize=2, color=second, alpha=_LIGHT, label=label
    )
    name = unit.noun if unit.name == "share" else unit.words.partition(",")[0]
    if unit.name == "r2":  # neither its zero nor its decades mean anything
        plots.label_models(ax, f"{name} on real labels")
    else:
        plots.dress(ax, [error, said, seen], f"{name} on real labels")
    plots.name_table(ax, outlook.target, outlook.source)
