"""A forecast by measurement as a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from genloss._version import __version__
from genloss.documents import recipes
from genloss.documents.document import Document, Picture, Recipe, Sheet
from genloss.documents.pictures import svg
from genloss.plots import colours, label_models
from genloss.report.measured import check_columns, check_legend, way_columns, way_legend
from genloss.report.numbers import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from genloss.outlook.measured.result import MeasuredForecast


def of_measured(outlook: MeasuredForecast, say: Callable[[str], str] = str) -> Document:
    """Return the report of a forecast of classes, or of an estimator.

    Parameters
    ----------
    outlook : MeasuredForecast
        The answer of `genloss.forecast`.
    say : callable, optional
        Spells arguments of the package as the caller does.

    Examples
    --------
    >>> import genloss as gl, sklearn.datasets
    >>> X, y = sklearn.datasets.load_iris(return_X_y=True)
    >>> outlook = gl.forecast(X, y, classes=True, generations=3, trials=2)
    >>> [sheet.caption for sheet in of_measured(outlook).sheets]
    ['Ways to train', 'The check']
    """
    answer, *advice = map(say, outlook.advice.sentences)
    return Document(
        title=f"Retraining on model-made labels: {outlook.target} of {outlook.source}",
        answer=answer,
        advice=advice,
        warnings=[*map(say, outlook.warnings)],
        sheets=[
            Sheet("Ways to train", way_columns(outlook), way_legend(outlook)),
            Sheet("The check", check_columns(outlook), check_legend(outlook)),
        ],
        pictures=_pictures(outlook),
        recipes=[
            *recipes.of_plan(outlook.plan),
            *_scikit_learn(outlook),
        ],
        done=[
            f"{counted(outlook.rows['table'], 'row')} of {outlook.source}; "
            f"{counted(outlook.rows['used'], 'row')} used, by {outlook.model}.",
            *class_names(outlook.classes),
            *map(say, outlook.notes),
            f"Forecast by genloss {__version__}: errors from literal runs on these rows, intervals of "
            "nominal 90 %.",
        ],
    )


def class_names(names: tuple[str, ...]) -> list[str]:
    """How many classes there are, and the first of them; nothing where there are none."""
    if not names:
        return []
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return [f"{counted(len(names), 'class', 'classes')}: {', '.join(names[:10])}{more}."]


def _pictures(outlook: MeasuredForecast) -> list[Picture]:
    words = "Error of every model by way to train; the band is the plan's interval of 90 %."
    pictures = [Picture("Error by model", words, svg(lambda ax: outlook.plot(ax=ax)))]
    words = "Measured on part of the rows with its interval, and the plan run on the others."
    pictures.append(Picture("The check", words, svg(lambda ax: _check(outlook, ax))))
    if outlook.own.overconfidence is not None:
        words = "What models claim, and how often they are right."
        pictures.append(Picture("Confidence", words, svg(lambda ax: _confidence(outlook, ax))))
    return pictures


def _check(outlook: MeasuredForecast, ax: Axes) -> None:
    unit, models = (100.0 if outlook.classes else 1.0), np.arange(outlook.plan.n_models)
    first, second = colours(2)
    measured = outlook.measured
    assert measured.stderr is not None
    ax.fill_between(models, unit * outlook.low, unit * outlook.high, alpha=0.15, color=first, lw=0)
    ax.plot(models, unit * outlook.predicted.risk, color=first, label="forecast from seen rows")
    ax.errorbar(
        models,
        unit * measured.risk,
        2 * unit * measured.stderr,
        color=second,
        marker=".",
        label=f"measured, {measured.trials} runs ± 2 s.e.",
    )
    label_models(ax, "wrong classes, %" if outlook.classes else outlook.metric)


def _confidence(outlook: MeasuredForecast, ax: Axes) -> None:
    models = np.arange(outlook.plan.n_models)
    first, second = colours(2)
    claimed = 100 * outlook.own.scores["confidence"]
    ax.plot(models, claimed, color=first, marker=".", label="mean chance of the class said")
    ax.plot(models, 100 * (1 - outlook.own.error), color=second, marker=".", label="right answers")
    label_models(ax, "%")


def _scikit_learn(outlook: MeasuredForecast) -> list[Recipe]:
    """Model 0 of ridge on classes as scikit-learn's pipeline."""
    if outlook.model != "linear ridge":
        return []
    n = int(outlook.plan.n_samples[0])
    alpha = f"{n * float(outlook.plan.penalty[0]):.4g}"
    return [recipes.of_model("linear_model", f"RidgeClassifier(alpha={alpha})", n)]
