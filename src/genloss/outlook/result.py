"""What a forecast answers with: errors and growths with their intervals, the check, the advice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss import _check, _html, plots
from genloss._frames import Framed
from genloss.curve import Curve
from genloss.outlook.pictures import draw_forecast
from genloss.outlook.units import UNITS
from genloss.plan import Plan
from genloss.plots import Drawn
from genloss.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from genloss.estimate.kernels import Kernel
    from genloss.outlook.pseudo import PseudoLabels

Array = npt.NDArray[np.float64]
Range = tuple[float, float]
Count = int | None

METRIC = "mean squared error on real labels"
TOLERANCE = 0.1
"""Increase over the first model's error that counts as holding it."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Errors of the models of one plan, from all rows there are, with intervals of nominal 90 %.

    Attributes
    ----------
    name : str
        Which plan: "plan", "re-tuned", "trained on all rows", "replace", "accumulate", ...
    n_samples : int
        Rows per generation (the largest).
    penalty : float
        The penalty of the last model; NaN where it is chosen anew at every generation.
    error, low, high : ndarray of shape (n_models,)
        Mean squared error on real labels and its interval; inf where there is no mean.
    growth, growth_low, growth_high : ndarray of shape (n_models,)
        The error over model 0's and its interval, which is narrower: rows and splits are shared.
    """

    name: str
    n_samples: int
    penalty: float
    error: Array
    low: Array
    high: Array
    growth: Array
    growth_low: Array
    growth_high: Array

    def __post_init__(self) -> None:
        for name in ("error", "low", "high", "growth", "growth_low", "growth_high"):
            column = np.array(getattr(self, name), dtype=np.float64)
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; the penalty is "cv" where it is chosen anew."""
        found = {spec.name: plain(getattr(self, spec.name)) for spec in fields(self)}
        return found | ({"penalty": "cv"} if math.isnan(self.penalty) else {})


@dataclass(frozen=True)
class Advice:
    """Answers about a plan on a user's data; errors are mean squared errors on real labels.

    Ranges are intervals of nominal 90 %, or penalties that the rows cannot tell apart.

    Attributes
    ----------
    sentences : tuple of str
        The answers in plain words, the most important first.
    doubles_at : int or None
        First model whose error is twice model 0's; None if none is within ``horizon``.
    doubles_at_range : pair of int or None
        Earliest and latest; None means beyond the horizon.
    horizon : int
        Number of models looked at; beyond the plan's own the last generation is repeated.
    best_penalty : float
        The penalty, one for all generations, with the smallest error of the last model.
    best_penalty_range : pair of float
        Penalties that cannot be told apart from it.
    best_error, best_error_first : float
        Error of the last model and of model 0 with it.
    error, error_first : float
        The same with the plan as it is.
    best_first_penalty : float
        The penalty with the smallest error of model 0.
    best_first_penalty_range : pair of float
        Penalties that cannot be told apart from it.
    best_first_error : float
        Error of model 0 with it.
    alpha, alpha_first : float
        ``best_penalty`` and ``best_first_penalty`` as scikit-learn's ``Ridge`` and ``KernelRidge``
        want them, on standardised features: rows times penalty.
    real_rows : int or None
        Fewest real rows, in place of model-labelled ones in every generation, that hold every model
        within ``tolerance`` of model 0; 0 if the plan holds as it is, None if no number does.
    real_rows_range : pair of int or None
        Fewest and most that this may take.
    shares, share_growth : tuple of float
        The smooth curve behind it: largest growth against the share of real rows.
    beats_mean : tuple of bool
        Whether each model has a smaller error than always answering the mean.
    clearly_beats_mean : tuple of bool
        Whether it does by more than the rows' scatter.
    agrees : bool
        Whether forecast and measurement come to the same verdict on the rows held out.
    tolerance : float
        Allowed increase over model 0.
    best_penalty_known, real_rows_known : bool
        False where the plan says nothing about them: it has one model only.
    by_unit : mapping of str to tuple of str
        The sentences again, errors in other units; see ``said``.
    """

    sentences: tuple[str, ...]
    doubles_at: Count
    doubles_at_range: tuple[Count, Count]
    horizon: int
    best_penalty: float
    best_penalty_range: Range
    best_error: float
    best_error_first: float
    error: float
    error_first: float
    best_first_penalty: float
    best_first_penalty_range: Range
    best_first_error: float
    alpha: float
    alpha_first: float
    real_rows: Count
    real_rows_range: tuple[Count, Count]
    shares: tuple[float, ...]
    share_growth: tuple[float, ...]
    beats_mean: tuple[bool, ...]
    clearly_beats_mean: tuple[bool, ...]
    agrees: bool
    tolerance: float = TOLERANCE
    best_penalty_known: bool = True
    real_rows_known: bool = True
    by_unit: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    def said(self, unit: str) -> tuple[str, ...]:
        """The sentences, errors in them in a unit: "mse", "rmse", "share" or "r2"."""
        return self.by_unit.get(unit, self.sentences)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines; sentences are of mean squared errors."""
        told = [spec.name for spec in fields(self) if spec.name != "by_unit"]
        return {name: plain(getattr(self, name)) for name in told}


class Answer(Framed, Drawn):
    """What answers of both kinds have: the plan's errors from all rows, and beside them the check."""

    own: Outcome
    predicted: Curve
    measured: Curve
    low: Array
    high: Array
    plan: Plan

    @property
    def error(self) -> Array:
        """Error of every model, from all rows."""
        return self.own.error

    @property
    def growth(self) -> Array:
        """Error of every model over model 0's, from all rows."""
        return self.own.growth

    @property
    def growth_low(self) -> Array:
        """Lower end of the growth's interval, nominal 90 %."""
        return self.own.growth_low

    @property
    def growth_high(self) -> Array:
        """Upper end of the growth's interval, nominal 90 %."""
        return self.own.growth_high

    def _table(self) -> dict[str, npt.NDArray[Any]]:
        assert self.measured.stderr is not None
        return {
            "model": np.arange(self.plan.n_models),
            "predicted": self.predicted.risk,
            "low": self.low,
            "high": self.high,
            "measured": self.measured.risk,
            "stderr": self.measured.stderr,
            "error": self.own.error,
            "error_low": self.own.low,
            "error_high": self.own.high,
            "growth": self.own.growth,
            "growth_low": self.own.growth_low,
            "growth_high": self.own.growth_high,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Forecast(Answer):
    """What becomes of a user's model when it is retrained according to a plan.

    Attributes
    ----------
    own : Outcome
        The plan's errors and growths from all rows: what to expect. ``error``, ``growth``,
        ``growth_low`` and ``growth_high`` are short for its columns.
    predicted : Curve
        The honest check: the error of every model as forecast from the rows *seen* only.
    measured : Curve
        Beside it the plan run literally on rows held out, averaged over ``trials`` splits of the
        table; its standard error contains the splits.
    low, high : ndarray of shape (n_models,)
        Interval of the predicted error, nominal 90 %.
    baseline : float
        Mean squared error of always answering the target's mean.
    noise : float
        Standard deviation of what the model class cannot explain of a real label, estimated.
    problem : Problem
        Estimated problem, on standardised features and without the intercept.
    advice : Advice
        When the error doubles, which penalty is best, how many real labels are needed.
    plan : Plan
        The plan that was forecast, its penalties numbers.
    kernel : Kernel or None
        The kernel; None for a linear model.
    source, target : str
        Where the data came from.
    rows : dict
        Number of rows in the ``table``, ``used`` for ``own`` and the advice, and in the check
        ``seen`` by its forecast, in the ``pool`` of the measured chain and in the ``test`` set.
    notes : tuple of str
        What was done, and what is worth knowing.
    warnings : tuple of str
        What makes the answer weak.
    penalty_rule : {"fixed", "cv"}
        "cv" where the penalty is chosen anew at every generation, by leave-one-out on its labels;
        ``plan`` then has the best fixed one.
    retuned : Outcome
        The plan with ``penalty="cv"``, beside the fixed penalty.
    full : Outcome
        The same model trained on all rows of the table at every generation.
    policies : tuple of Outcome
        Replace, accumulate, a fifth real labels, and the first real rows kept beside the newest.
    check_rows : int
        Rows per generation in the check; fewer than the plan's where the table has no more.
    original : Outcome or None
        With ``log=True``, the plan's errors on the target's own scale.
    pseudo : PseudoLabels or None
        With unlabelled rows and a linear model: what its own labels on them are worth.

    Notes
    -----
    ``to_frame`` has one row per model: the check, then error and growth from all rows with their intervals;
    ``plot`` draws the errors from all rows with their interval and, lighter beside them, the check: its
    forecast and the measurement with error bars.

    Examples
    --------
    >>> import genloss as gl, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> outlook = gl.forecast(X, X.sum(axis=1), gl.Plan.replace(3, 50, noise=1.0), trials=2)
    >>> outlook.own.error.shape, [way.name for way in outlook.policies][:2]
    ((3,), ['replace', 'accumulate'])
    """

    own: Outcome
    predicted: Curve
    measured: Curve
    low: Array
    high: Array
    baseline: float
    noise: float
    problem: Problem
    advice: Advice
    plan: Plan
    kernel: Kernel | None
    source: str
    target: str
    rows: dict[str, int]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    penalty_rule: str
    retuned: Outcome
    full: Outcome
    policies: tuple[Outcome, ...]
    check_rows: int
    original: Outcome | None = None
    pseudo: PseudoLabels | None = None

    @property
    def relative_error(self) -> Array:
        """``predicted / measured - 1`` of every model; 0 where both are infinite."""
        both = np.isinf(self.predicted.risk) & np.isinf(self.measured.risk)
        ratio = self.predicted.risk / np.where(both, 1.0, self.measured.risk)
        return np.where(both, 1.0, ratio) - 1

    def plot(self, *, ax: Axes | None = None, unit: str = "mse") -> Axes:
        """Draw the errors from all rows and, lighter, the check.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; default: a new figure of Matplotlib's pyplot, which notebooks show.
        unit : {"mse", "rmse", "share", "r2"}, default "mse"
            What errors are drawn in.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, for further styling and saving.
        """
        unit = _check.choice("unit", unit, tuple(UNITS))
        ax = plots.shown_axes() if ax is None else ax
        draw_forecast(ax, self, UNITS[unit])
        return ax

    def _draw(self, ax: Axes) -> None:
        self.plot(ax=ax)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines; an infinite number is the text "Infinity"."""
        return {
            "source": self.source,
            "target": self.target,
            "metric": METRIC,
            "rows": dict(self.rows),
            "check_rows": self.check_rows,
            "kernel": None if self.kernel is None else self.kernel.name,
            "plan": self.plan.to_dict(),
            "penalty_rule": self.penalty_rule,
            "baseline": plain(self.baseline),
            "estimated_noise": plain(self.noise),
            "models": {name: plain(values) for name, values in self._table().items()},
            "retuned": self.retuned.to_dict(),
            "full": self.full.to_dict(),
            "policies": [policy.to_dict() for policy in self.policies],
            "original": None if self.original is None else self.original.to_dict(),
            "pseudo_labels": None if self.pseudo is None else self.pseudo.to_dict(),
            "median_relative_error": plain(float(np.median(np.abs(self.relative_error)))),
            "advice": self.advice.to_dict(),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }

    def _title(self) -> str:
        return f"Forecast({self.source}, {self.plan.n_models} models, {METRIC})"

    def _repr_html_(self) -> str:
        own, models = self.own, _html.shown(self.plan.n_models)
        columns = own.error, own.low, own.high, self.predicted.risk, self.measured.risk
        rows = [[t, *(float(column[t]) for column in columns)] for t in models]
        names = ["model", "error", "low", "high", "check: forecast", "measured"]
        said = [*self.advice.sentences, *(f"Warning: {text}" for text in self.warnings)]
        return _html.table(self._title(), names, rows, said)

    def __repr__(self) -> str:
        lines = [self._title()]
        for t in range(self.plan.n_models):
            said, found, growth = self.predicted.risk[t], self.measured.risk[t], self.growth[t]
            lines.append(
                f"  model {t:>2}: {self.error[t]:.5g} (x {growth:.3g}); "
                f"check: predicted {said:.5g}, measured {found:.5g}"
            )
        lines += [f"  {text}" for text in self.advice.sentences]
        return "\n".join(lines + [f"  warning: {text}" for text in self.warnings])


def plain(value: Any) -> Any:
    """Lists and numbers that JSON can hold: infinities as text."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value
