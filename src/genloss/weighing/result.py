"""What `genloss.weigh` answers with: a weight, the weights that may be right, what a row is worth, advice."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss import _html, plots
from genloss._frames import Framed
from genloss._words import number
from genloss.plots import Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from genloss.weighing.inputs import Difference

Array = npt.NDArray[np.float64]

METRIC = "mean squared error on real rows left out"
LOG_LOSS = "log loss on real rows left out"
WRONG = "share of wrong classes on real rows left out"


def metric_of(classes: tuple[str, ...], estimator: Any) -> str:
    """What weights are judged by."""
    if not classes:
        return METRIC
    return LOG_LOSS if estimator is None or hasattr(estimator, "predict_proba") else WRONG


class Worth(NamedTuple):
    """Real rows that one synthetic row is worth, among as many as there are, with an interval (`weigh.md` 3)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Advice:
    """What to do.

    Attributes
    ----------
    sentences : tuple of str
        The answer in plain words, the most important first.
    augment : bool
        False where the weight chosen is 0 or its error is not below that of real rows alone.
    gain_shown : bool
        Whether weight 0 is outside the plausible range.
    gain : float
        Share of the error that the weight saves, by leave-one-out; negative where it costs.
    """

    sentences: tuple[str, ...]
    augment: bool
    gain_shown: bool
    gain: float


@dataclass(frozen=True, eq=False, repr=False)
class Weighed(Framed, Drawn):
    """Which weight synthetic rows deserve beside real ones.

    Attributes
    ----------
    weight : float
        Weight of a synthetic row, a real one having 1.
    weights, error : ndarray of shape (k,)
        Weights that were tried, and the mean squared error of the real rows at each, every row left
        out of the fit that is scored on it; in squared units of the target, label noise included. Of
        classes the log loss, or what else ``metric`` says.
    stderr : ndarray of shape (k,)
        Standard error of the difference from the least error, over rows.
    plausible : pair of float
        Least and largest weight within 1.5 such standard errors: holds the best one in about nine of
        ten tables.
    penalty, penalties : float and ndarray of shape (k,)
        Best penalty lambda at the weight, and at every weight; scikit-learn's ``alpha`` on
        standardised features is lambda times the sum of all rows' weights. NaN with an estimator.
    worth : Worth
        ``value``, ``low``, ``high``: real rows that one synthetic row is worth, at this many.
    noise_factor, shift_factor : float
        Its two parts: labels less (above 1) or more noisy than real ones, and aiming elsewhere
        (below 1).
    advice : Advice
        What to do, in words.
    alternative : float or None
        Where ``made_from`` is "unknown": the weight if the rows were made from these real rows.
    made_from : str
        "elsewhere", "these rows" or "unknown".
    judged_by : str
        Which errors chose.
    copies : float
        Share of pairs in which a synthetic row is nearer to the real rows than a real one is; 0.5
        for rows of the same kind, above 0.65 for copies with a jitter.
    difference : Difference
        Other inputs, other labels.
    n_real, n_synthetic : int
        Rows of both tables.
    model : str
        What was fitted.
    sources : pair of str
        The two tables.
    target : str
        What is predicted.
    notes, warnings : tuple of str
        What was done, and what makes the answer weak.
    classes : tuple of str
        Names of the classes; empty where the target is a number.
    metric : str
        What ``error`` is.
    wrong : ndarray of shape (k,) or None
        Of classes, the share of wrong ones at every weight, on the same rows left out.

    Notes
    -----
    Results are equal if all their numbers and words are, NaN being equal to NaN. ``to_frame`` has one row per
    weight and the columns ``weight``, ``error``, ``stderr``, ``penalty`` and ``plausible``; ``plot`` draws the
    error against the weight, with the weights that cannot be told apart.

    Examples
    --------
    >>> import genloss as gl, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> y = X.sum(axis=1) + np.sin(40 * X[:, 0])
    >>> found = gl.weigh((X[:60], y[:60]), (X[60:], y[60:]), made_from="elsewhere")
    >>> found.plausible[0] <= found.weight <= found.plausible[1], found.to_frame().columns[0]
    (True, 'weight')
    """

    weight: float
    weights: Array
    error: Array
    stderr: Array
    plausible: tuple[float, float]
    penalty: float
    penalties: Array
    worth: Worth
    noise_factor: float
    shift_factor: float
    advice: Advice
    alternative: float | None
    made_from: str
    judged_by: str
    copies: float
    difference: Difference
    n_real: int
    n_synthetic: int
    model: str
    sources: tuple[str, str]
    target: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    classes: tuple[str, ...] = ()
    metric: str = METRIC
    wrong: Array | None = None

    def __post_init__(self) -> None:
        columns = ("weights", "error", "stderr", "penalties")
        for name in (*columns, *(["wrong"] if self.wrong is not None else [])):
            column = np.array(getattr(self, name), dtype=np.float64)
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    @property
    def best(self) -> int:
        """Place of ``weight`` among ``weights``."""
        return int(np.argmin(np.abs(self.weights - self.weight)))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines; what is not known is NaN.

        Examples
        --------
        >>> import genloss as gl, numpy as np
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(300, 5))
        >>> y = X.sum(axis=1) + rng.normal(size=300)
        >>> found = gl.weigh((X[:50], y[:50]), (X[50:], y[50:]), made_from="elsewhere")
        >>> sorted(found.to_dict()["worth"])
        ['high', 'low', 'noise_factor', 'shift_factor', 'value']
        """
        plain = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        for name, value in plain.items():
            if isinstance(value, np.ndarray):
                plain[name] = value.tolist()
            elif isinstance(value, tuple):
                plain[name] = list(value)
        plain["worth"] = self.worth._asdict() | {
            "noise_factor": plain.pop("noise_factor"),
            "shift_factor": plain.pop("shift_factor"),
        }
        plain["difference"] = {
            "auc": self.difference.auc,
            "far_share": self.difference.far_share,
            "label_z": self.difference.label_z,
            "other_inputs": self.difference.other_inputs,
            "label_shift": self.difference.label_shift,
            "too_alike": self.difference.too_alike,
        }
        advice = {spec.name: getattr(self.advice, spec.name) for spec in fields(self.advice)}
        return plain | {"advice": advice | {"sentences": list(self.advice.sentences)}}

    def _table(self) -> dict[str, npt.NDArray[Any]]:
        low, high = self.plausible
        columns = {"weight": self.weights, "error": self.error, "stderr": self.stderr}
        inside = (self.weights >= low) & (self.weights <= high)
        wrong = {} if self.wrong is None else {"wrong": self.wrong}
        return columns | {"penalty": self.penalties, "plausible": inside} | wrong

    def _draw(self, ax: Axes) -> None:
        first, second = plots.colours(2)
        place = self._places()
        ends = [float(place[np.argmin(np.abs(self.weights - end))]) for end in self.plausible]
        ax.axvspan(*ends, alpha=0.12, color=first, lw=0, label="may be the best weight")
        ax.fill_between(
            place, self.error - self.stderr, self.error + self.stderr, alpha=0.2, color=first, lw=0,
            label="± s.e. of the difference from the least",
        )  # fmt: skip
        ax.plot(place, self.error, marker=".", color=first, label="all rows")
        ax.axhline(self.error[0], color="0.2", lw=0.8, ls=":", label="real rows alone")
        at = self.best
        ax.plot(place[at], self.error[at], "o", ms=9, mfc="none", mew=2, color=second,
                label=f"weight {number(self.weight, 2)}")  # fmt: skip
        ax.set_xscale("log")
        ticks = [w for w in 10.0 ** np.arange(-4, 4) if self.weights[1] <= w <= self.weights[-1]]
        ax.set_xticks([float(place[0]), *ticks], ["0", *(f"{tick:g}" for tick in ticks)])
        ax.minorticks_off()
        ax.set_xlabel("weight of a synthetic row (a real one has 1)")
        ax.set_ylabel(self.metric)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize="small")
        plots.name_table(ax, self.target, *self.sources)

    def _places(self) -> Array:
        """Weights on a logarithmic axis; 0 stands before the first."""
        return np.append(self.weights[1] / 4, self.weights[1:])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Weighed):
            return NotImplemented
        return _alike(self.to_dict(), other.to_dict())

    def __hash__(self) -> int:
        return hash((self.weight, self.plausible, self.sources, self.target, self.n_real))

    def _title(self) -> str:
        return (
            f"Weighed({self.sources[0]} + {self.sources[1]}, {self.n_real:,} real and "
            f"{self.n_synthetic:,} synthetic rows, {self.model})"
        )

    def _rows(self) -> list[list[float]]:
        shown = (
            [0, *range(1, self.weights.size, 2)] if self.weights.size > _html.MOST_ROWS else None
        )
        shown = sorted({*(shown or range(self.weights.size)), self.best})
        columns = (self.weights, self.error, self.stderr, *self._wrong)
        return [[float(c[k]) for c in columns] for k in shown]

    @property
    def _wrong(self) -> list[Array]:
        """Wrong classes in per cent, of classes."""
        return [] if self.wrong is None else [100 * self.wrong]

    def _repr_html_(self) -> str:
        notes = [*self.advice.sentences, *(f"Warning: {text}" for text in self.warnings)]
        heads = ["weight", "error", "s.e.", *(["wrong, %"] * len(self._wrong))]
        return _html.table(self._title(), heads, self._rows(), notes)

    def __repr__(self) -> str:
        lines = [self._title()]
        for w, e, s, *wrong in self._rows():
            told = "".join(f", {share:.3g} % wrong" for share in wrong)
            lines.append(f"  weight {w:>6.3g}: {e:.5g} +- {s:.2g}{told}")
        lines += [f"  {text}" for text in self.advice.sentences]
        return "\n".join(lines + [f"  warning: {text}" for text in self.warnings])


def _alike(one: Any, other: Any) -> bool:
    """Equal plain data, NaN being equal to NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)
