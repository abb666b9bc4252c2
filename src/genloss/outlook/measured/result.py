"""What a forecast by measurement answers with: errors of the plan and of other ways, the check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss import _html, plots
from genloss.curve import Curve
from genloss.outlook.growth import NORMAL
from genloss.outlook.result import METRIC, Answer, Outcome, plain
from genloss.plan import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from genloss.estimate.kernels import Kernel

Array = npt.NDArray[np.float64]

_NEAR = 1.5  # times the largest error up to which the line of no model is drawn

ERROR = "classification error on real labels"


@dataclass(frozen=True, eq=False)
class Way(Outcome):
    """Errors of the models of one plan, measured, with intervals of nominal 90 %.

    Attributes
    ----------
    plan : Plan
        The plan.
    change, change_low, change_high : ndarray of shape (n_models,)
        Error less model 0's, and its interval: rows and splits are shared, so that it is narrower.
    scores : mapping of str to ndarray of shape (n_models,)
        Of classes "moved", the share of rows on which a model says another class than model 0, which
        needs no labels. Where models know chances: "log_loss", and "confidence", the mean chance of
        the class that is said.
    """

    plan: Plan = field(kw_only=True)
    change: Array = field(kw_only=True)
    change_low: Array = field(kw_only=True)
    change_high: Array = field(kw_only=True)
    scores: Mapping[str, Array] = field(kw_only=True)

    @property
    def overconfidence(self) -> Array | None:
        """Mean confidence less the share of right answers; None where chances are not known."""
        if "confidence" not in self.scores:
            return None
        return np.asarray(self.scores["confidence"] - (1 - self.error))

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        names = ("error", "low", "high", "growth", "growth_low", "growth_high")
        changes = ("change", "change_low", "change_high")
        return {
            "name": self.name,
            "n_samples": self.n_samples,
            "plan": self.plan.to_dict(),
            **{name: plain(getattr(self, name)) for name in (*names, *changes)},
            **{name: plain(values) for name, values in self.scores.items()},
        }


@dataclass(frozen=True)
class Answers:
    """The answers in plain words, the most important first.

    Attributes
    ----------
    sentences : tuple of str
        One thing each.
    agrees : bool
        Whether forecast and measurement come to the same on the rows held out.
    """

    sentences: tuple[str, ...]
    agrees: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"sentences": list(self.sentences), "agrees": self.agrees}


@dataclass(frozen=True, eq=False, repr=False)
class MeasuredForecast(Answer):
    """What becomes of classes, or of any estimator, when it is retrained according to a plan.

    Errors are shares of wrong classes (``classes`` not empty), or mean squared errors.

    Attributes
    ----------
    own : Way
        The plan's errors, from all rows. ``error``, ``growth``, ``growth_low``, ``growth_high`` and
        ``change`` are short for its columns.
    ways : tuple of Way
        The same number of models trained in other ways, and the plan itself where it is one of them:
        on hard or soft labels, with the real rows kept beside, with a share of new real rows.
    predicted : Curve
        The honest check: the error of every model as forecast from the rows *seen* only.
    measured : Curve
        Beside it the plan run literally on rows held out, over ``trials`` splits.
    low, high : ndarray of shape (n_models,)
        Interval of the predicted error, nominal 90 %.
    baseline : float
        Error of always answering the commonest class, or the mean.
    classes : tuple of str
        Names of the classes; empty where the target is a number.
    advice : Answers
        In words.
    plan : Plan
        What was forecast; of ridge, its penalties are numbers.
    kernel : Kernel or None
        Of ridge; None for a linear model, and for an estimator.
    estimator : object or None
        The scikit-learn estimator.
    model : str
        What was trained, in words.
    source, target : str
        Where the data came from.
    rows : dict
        Number of rows in the ``table``, ``used`` for ``own``, and in the check ``seen`` by its forecast,
        in the ``pool`` of the measured chain and in the ``test`` set.
    check_rows : int
        Rows per generation in the check; fewer than the plan's where the table has no more.
    notes, warnings : tuple of str
        What was done, and what makes the answer weak.
    penalty_rule : {"fixed", "cv", "own"}
        "cv" where ridge chooses the penalty anew at every generation; "own": the estimator's.
    theory : Curve or None
        Of linear models of two classes on new rows, and of estimators of numbers that are ridge
        regression: theory's errors beside the measured ones.

    Notes
    -----
    ``to_frame`` has one row per model: the check, then error, growth and change from all rows; ``plot`` draws
    the error of every model by way to train, with a band for the plan's own interval.

    Examples
    --------
    >>> import genloss as gl, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> outlook = gl.forecast(X, X.sum(axis=1) > 0, gl.Plan.replace(3, 50), trials=2)
    >>> outlook.classes, outlook.own.error.shape
    (('False', 'True'), (3,))
    """

    own: Way
    ways: tuple[Way, ...]
    predicted: Curve
    measured: Curve
    low: Array
    high: Array
    baseline: float
    classes: tuple[str, ...]
    advice: Answers
    plan: Plan
    kernel: Kernel | None
    estimator: Any
    model: str
    source: str
    target: str
    rows: dict[str, int]
    check_rows: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    penalty_rule: str
    theory: Curve | None = None

    @property
    def change(self) -> Array:
        """Error of every model less model 0's."""
        return self.own.change

    @property
    def metric(self) -> str:
        """What errors are."""
        return ERROR if self.classes else METRIC

    @property
    def relative_error(self) -> Array:
        """``predicted / measured - 1`` of every model of the check; NaN where nothing was wrong."""
        found = self.measured.risk
        return np.divide(
            self.predicted.risk - found, found, out=np.full(found.shape, np.nan), where=found > 0
        )

    def _draw(self, ax: Axes) -> None:
        unit, models = (100.0 if self.classes else 1.0), np.arange(self.plan.n_models)
        first, *others = plots.colours(1 + len(self.ways))
        ax.fill_between(
            models, unit * self.own.low, unit * self.own.high, alpha=0.2, color=first, lw=0
        )
        ax.plot(models, unit * self.own.error, color=first, marker=".", label=self.own.name)
        for way, colour in zip([w for w in self.ways if w is not self.own], others, strict=False):
            ax.plot(models, unit * way.error, color=colour, marker=".", lw=1, label=way.name)
        if self.baseline < _NEAR * max(float(way.error.max()) for way in (self.own, *self.ways)):
            ax.axhline(unit * self.baseline, color="0.4", lw=0.8, ls=":", label="no model")
        plots.label_models(ax, "wrong classes, %" if self.classes else METRIC)
        plots.name_table(ax, self.target, self.source)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines; an infinite number is the text "Infinity"."""
        off = np.abs(self.relative_error)
        return {
            "source": self.source,
            "target": self.target,
            "metric": self.metric,
            "classes": list(self.classes),
            "model": self.model,
            "rows": dict(self.rows),
            "check_rows": self.check_rows,
            "kernel": None if self.kernel is None else self.kernel.name,
            "plan": self.plan.to_dict(),
            "penalty_rule": self.penalty_rule,
            "baseline": plain(self.baseline),
            "models": {name: plain(values) for name, values in self._table().items()},
            "ways": [way.to_dict() for way in self.ways],
            "median_relative_error": plain(float(np.nanmedian(off))) if np.any(off >= 0) else None,
            "advice": self.advice.to_dict(),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }

    def _table(self) -> dict[str, npt.NDArray[Any]]:
        own = self.own
        changes = {
            "change": own.change,
            "change_low": own.change_low,
            "change_high": own.change_high,
        }
        theory = {} if self.theory is None else {"theory": self.theory.risk}
        return {**super()._table(), **changes, **theory, **own.scores}

    def _title(self) -> str:
        return f"Forecast({self.source}, {self.model}, {self.plan.n_models} models, {self.metric})"

    def _cell(self, way: Way, t: int) -> str:
        """An error and its interval."""
        values = way.error[t], way.low[t], way.high[t]
        error, low, high = (
            f"{100 * v:.1f}" if self.classes else _html.number(float(v)) for v in values
        )
        return f"{error} ({low} to {high})"

    def _repr_html_(self) -> str:
        names = [f"{way.name}, error{', %' if self.classes else ''}" for way in self.ways]
        rows: list[list[str | int | float]] = [
            [t, *(self._cell(way, t) for way in self.ways)] for t in _html.shown(self.plan.n_models)
        ]
        said = [*self.advice.sentences, *(f"Warning: {text}" for text in self.warnings)]
        return _html.table(self._title(), ["model", *names], rows, said)

    def __repr__(self) -> str:
        lines = [self._title()]
        for t in range(self.plan.n_models):
            said, found = self.predicted.risk[t], self.measured.risk[t]
            lines.append(
                f"  model {t:>2}: {self.error[t]:.4g} ({self.own.low[t]:.4g} to "
                f"{self.own.high[t]:.4g}); check: predicted {said:.4g}, measured {found:.4g}"
            )
        lines += [f"  {text}" for text in self.advice.sentences]
        return "\n".join(lines + [f"  warning: {text}" for text in self.warnings])


def way_of(name: str, plan: Plan, reading: Any, scores: Mapping[str, Array]) -> Way:
    """A reading of a plan's runs as a way to train."""
    low, high = reading.changes
    return Way(
        name=name,
        n_samples=int(plan.n_samples.max()),
        penalty=float(plan.penalty[-1]),
        error=reading.error,
        low=reading.low,
        high=reading.high,
        growth=np.exp(reading.growth),
        growth_low=np.exp(reading.growth - NORMAL * reading.growth_se),
        growth_high=np.exp(reading.growth + NORMAL * reading.growth_se),
        plan=plan,
        change=reading.change,
        change_low=low,
        change_high=high,
        scores=scores,
    )
