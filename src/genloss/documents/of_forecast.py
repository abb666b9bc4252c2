"""A forecast as a document."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._version import __version__
from genloss.documents import recipes
from genloss.documents.document import Document, Picture, Recipe, Sheet
from genloss.documents.pictures import svg
from genloss.outlook.sentences import alphas
from genloss.outlook.units import UNITS, Unit
from genloss.plots import colours, label_models, log_ticks
from genloss.report.forecast import WAYS_LEGEND, model_columns, model_legend, way_columns
from genloss.report.numbers import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from genloss.outlook.result import Forecast

Array = npt.NDArray[np.float64]
_MOST_DECADES = 6


def of_forecast(
    outlook: Forecast, say: Callable[[str], str] = str, *, unit: str = "mse"
) -> Document:
    """Return the report of a forecast.

    Parameters
    ----------
    outlook : Forecast
        The answer of `genloss.forecast`.
    say : callable, optional
        Spells arguments of the package as the caller does.
    unit : {"mse", "rmse", "share", "r2"}, default "mse"
        What errors are written as; see `genloss.Forecast.plot`.

    Examples
    --------
    >>> import genloss as gl, sklearn.datasets
    >>> outlook = gl.forecast(*sklearn.datasets.load_diabetes(return_X_y=True), trials=2)
    >>> [recipe.title for recipe in of_forecast(outlook).recipes]
    ['The plan as a file', 'The plan in Python', 'The model in scikit-learn']
    """
    shown = UNITS[_check.choice("unit", unit, tuple(UNITS))]
    answer, *advice = map(say, outlook.advice.said(unit))
    return Document(
        title=f"Retraining on model-made labels: {outlook.target} of {outlook.source}",
        answer=answer,
        advice=advice,
        warnings=[*map(say, outlook.warnings)],
        sheets=[
            Sheet(
                "The models, one after the other",
                model_columns(outlook, unit),
                model_legend(outlook, unit),
            ),
            Sheet("Ways to train", way_columns(outlook, unit), WAYS_LEGEND),
        ],
        pictures=_pictures(outlook, shown),
        recipes=[
            *recipes.of_plan(outlook.plan),
            _scikit_learn(outlook),
        ],
        done=[
            f"{counted(outlook.rows['table'], 'row')} of {outlook.source}; "
            f"{counted(outlook.rows['used'], 'row')} used.",
            *map(say, outlook.notes),
            f"Forecast by genloss {__version__}: errors from runs of the plan on these rows and from "
            "theory, intervals of nominal 90 %.",
        ],
    )


def _pictures(outlook: Forecast, unit: Unit) -> list[Picture]:
    found = outlook.advice
    pictures = []
    if outlook.plan.n_models > 1 and np.isfinite(outlook.own.error).all():
        words = (
            f"Change of the {unit.of_change} since model 0 in per cent, with its interval of 90 %."
        )
        pictures.append(
            Picture("Change by model", words, svg(lambda ax: _changes(outlook, unit, ax)))
        )
    words = (
        "Forecast from all rows with its interval of 90 %; lighter the check, a forecast from part of the "
        "rows and the plan run on the others."
    )
    pictures.append(
        Picture("Forecast and check", words, svg(lambda ax: outlook.plot(ax=ax, unit=unit.name)))
    )
    if found.best_penalty_known and outlook.plan.n_models > 1:
        words = "The best penalties; on the bars they cannot be told apart by these rows."
        drawn = svg(lambda ax: _penalties(outlook, ax), height=1.8)
        pictures.append(Picture("Penalty", words, drawn))
    if len(found.shares) > 1:
        words = (
            f"Largest {unit.squared} of any model over model 0's, by the share of real labels in every "
            f"generation; the line is {found.tolerance:.0%} above model 0."
        )
        pictures.append(Picture("Real labels", words, svg(lambda ax: _shares(outlook, unit, ax))))
    return pictures


def _percent(growth: Array, unit: Unit) -> Array:
    return 100 * (np.where(np.isfinite(growth), unit.grown(growth), np.nan) - 1)


def _changes(outlook: Forecast, unit: Unit, ax: Axes) -> None:
    own, models = outlook.own, np.arange(outlook.plan.n_models)
    first, *others = colours(3 + len(outlook.policies))
    low, high = _percent(own.growth_low, unit), _percent(own.growth_high, unit)
    ax.fill_between(models, low, high, alpha=0.2, color=first, lw=0)
    ax.plot(models, _percent(own.growth, unit), color=first, marker=".", label="this plan")
    ways = [way for way in (outlook.retuned, *outlook.policies) if way.growth.size == models.size]
    for way, colour in zip(ways, others, strict=False):
        if not np.array_equal(way.growth, own.growth):
            ax.plot(models, _percent(way.growth, unit), color=colour, lw=1, label=way.name)
    label_models(ax, f"change of the {unit.of_change}, %")


def _penalties(outlook: Forecast, ax: Axes) -> None:
    found = outlook.advice
    ends = (
        (found.best_first_penalty, found.best_first_penalty_range),
        (found.best_penalty, found.best_penalty_range),
    )
    for place, (best, (low, high)) in enumerate(ends):
        ax.plot([low, high], [place, place], lw=6, alpha=0.3, color="C0", solid_capstyle="butt")
        ax.plot(best, place, "o", color="C0")
    ax.set_yticks([0, 1], ["model 0", f"model {outlook.plan.n_models - 1}"])
    ax.set_ylim(1.5, -0.5)
    shown = [value for best, between in ends for value in (best, *between)]
    if min(shown) > 0:
        ax.set_xscale("log")
        log_ticks(ax.xaxis)
    else:
        _from_zero(ax, shown)
    ax.set_xlabel("penalty")
    ax.spines[["top", "right"]].set_visible(False)


def _from_zero(ax: Axes, values: list[float]) -> None:
    """A logarithmic axis that has zero on it, with plain numbers at zero and at decades."""
    positive = [value for value in values if value > 0]
    if not positive:
        ax.set_xticks([0.0], ["0"])
        return
    small, large = min(positive), max(positive)
    first, last = math.ceil(math.log10(small)), math.floor(math.log10(large))
    decades = range(first, last + 1, max((last - first) // _MOST_DECADES + 1, 1))
    ticks = [0.0, *(10.0**k for k in decades)] if decades else [0.0, large]
    ax.set_xscale("symlog", linthresh=small)
    ax.set_xticks(ticks, [f"{tick:.2g}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.set_xlim(-0.2 * small, 1.5 * large)


def _shares(outlook: Forecast, unit: Unit, ax: Axes) -> None:
    found = outlook.advice
    ax.plot(100 * np.array(found.shares), found.share_growth, marker=".", color="C0")
    ax.axhline(1 + found.tolerance, color="C1", lw=1, ls="--")
    ax.set_xlabel("real labels, % of the rows of a generation")
    ax.set_ylabel(f"largest {unit.squared} over model 0's")
    ax.spines[["top", "right"]].set_visible(False)


def _scikit_learn(outlook: Forecast) -> Recipe:
    """The first model as scikit-learn's pipeline."""
    n, kernel = int(outlook.plan.n_samples[0]), outlook.kernel
    alpha = f"{n * float(outlook.plan.penalty[0]):.4g}"
    if kernel is None:
        module, model = "linear_model", f"Ridge(alpha={alpha})"
    else:
        scale = "None" if kernel.gamma is None else f"{kernel.gamma:.6g}"
        extra = f", degree={kernel.degree}, coef0={kernel.coef0:g}" * (kernel.name == "polynomial")
        module = "kernel_ridge"
        model = f'KernelRidge(alpha={alpha}, kernel="{kernel.name}", gamma={scale}{extra})'
    whose = (
        "the best fixed alpha; this plan chooses it anew for every model"
        if outlook.penalty_rule == "cv"
        else alphas(outlook.plan, outlook.advice)
    )
    return recipes.of_model(module, model, n, whose)
