"""What a monitor reads off the rounds so far."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss import _html, plots
from genloss._words import number
from genloss.plots import Drawn
from genloss.watching.alarm import process, tail
from genloss.watching.rehearsal import Rehearsed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

ALPHA = 0.05
_NORMAL = 1.645
_WIDER = 1.3  # intervals by leave-one-out, whose rows share one model 0; measured, `monitor.md` 4
_QUANTILES = (0.05, 0.95)
_LOOPS = 2.0  # ranges by drift over those of rehearsals, in which model 0 is the truth; measured, `monitor.md` 4
_BENT = 0.05  # share of rehearsals as straight, below which changes of an odd loop point one way
_CROOKED = 0.3  # share above which they point no one way

_READ_OFF = {
    "labels": "labels",
    "leave-one-out": "real rows by leave-one-out of the chain",
    "drift": "drift",
}

_CHANCE = (
    "noisier labels, fewer rows, fewer real labels or a weaker penalty than was said at the start"
)
_PULL = "shifted labels, other inputs, another kind of model or another penalty"
_APART = (
    "To tell these apart, hold rows, real labels, noise, penalty and inputs of the last rounds against the start; "
    "a shift of labels shows in new real labels of some of their rows, and in nothing else."
)

_GAIN = "With new real labels among the rows drift says little of the rise: take the range, not the number."
_EXACT = (
    "Where labels have no noise, models other than ridge repeat what the one before has learned by heart: on other "
    "tables the rise was then read too low, and the range held it in eight of ten loops of nearest neighbours."
)

BLIND = "Not seen: errors that model 0 has already, and what changes in the world but not in the models."
LABELS = "A few real labels of the watched rows, given at the start (labels=VALUES), see more than anything here."
RIDGE = (
    "Leave-one-out of the chain is exact for ridge at the penalties that were given, where noise of labels does "
    "not depend on the real rows."
)


@dataclass(frozen=True)
class Told:
    """What was said of the loop at the start.

    Attributes
    ----------
    real : float
        Share of rows with new real labels.
    learner : str or None
        What is fitted; None for ridge.
    width : int
        Classes; 1 for a number.
    noisy : bool
        Whether labels of models carry noise.
    """

    real: float = 0.0
    learner: str | None = None
    width: int = 1
    noisy: bool = True


@dataclass(frozen=True, eq=False, repr=False)
class Reading(Drawn):
    """A loop after its last round.

    Attributes
    ----------
    rounds : ndarray of int of shape (T,)
        Numbers of the rounds after round 0.
    drift : ndarray of shape (T,)
        ``mean (f_t - f_0)**2`` on the watched rows; of classes summed over their chances.
    rise, rise_low, rise_high : ndarray of shape (T,)
        Rise of the squared error (of classes the Brier score) over model 0's: from labels of the watched rows where they are known,
        else from the real rows by leave-one-out of the chain where every round came with its inputs (90 %
        intervals), else drift times what rehearsals say a drift costs (their 5 % to 95 %, made twice as wide),
        and no more than such a drift can cost.
    straightness : ndarray of shape (T,)
        Drift over the sum of the rounds' changes: above the rehearsals' where changes point one way.
    rehearsed_straightness : ndarray of shape (T,)
        The same in rehearsals.
    e_value : ndarray of shape (T,)
        Evidence against "as rehearsed"; the alarm rings at ``1 / alpha`` and stays.
    alarm : bool
        Whether it has rung; ``alarm_round`` is the round at which it did, else None.
    drift_tail : float
        Chance of so large a drift in a rehearsal of the last round: small also where small changes add up, which
        the alarm, that looks at single rounds, is slow to see.
    judged_by : {"labels", "leave-one-out", "drift"}
        What the rise is read from.
    alpha : float
        Chance of a false alarm, ever.
    sentences : tuple of str
        The same in words.
    metric : {"squared error", "Brier score"}
        Of what rises are.
    straight_tail : float
        Chance of so large a straightness in a rehearsal of the last round: small where changes point one way.

    Notes
    -----
    ``plot`` draws the rise with its range, and where the alarm rang.
    """

    rounds: npt.NDArray[np.intp]
    drift: Array
    rise: Array
    rise_low: Array
    rise_high: Array
    straightness: Array
    rehearsed_straightness: Array
    e_value: Array
    alarm: bool
    alarm_round: int | None
    drift_tail: float
    judged_by: str
    alpha: float
    sentences: tuple[str, ...]
    metric: str = "squared error"
    straight_tail: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines."""
        plain = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        return {
            name: value.tolist()
            if isinstance(value, np.ndarray)
            else list(value)
            if isinstance(value, tuple)
            else value
            for name, value in plain.items()
        }

    def _draw(self, ax: Axes) -> None:
        first, second = plots.colours(2)
        ax.fill_between(self.rounds, self.rise_low, self.rise_high, alpha=0.2, color=first, lw=0)
        ax.plot(self.rounds, self.rise, marker=".", color=first, label=f"rise, by {self.judged_by}")
        ax.plot(self.rounds, self.drift, lw=1, ls=":", color="0.2", label="drift")
        if self.alarm_round is not None:
            ax.axvline(self.alarm_round, color=second, lw=1, label="alarm")
        plots.label_models(ax, f"rise of the {self.metric} since round 0")
        ax.set_xlabel("round")

    def _rows(self) -> list[list[int | float]]:
        columns = [
            self.rise,
            self.rise_low,
            self.rise_high,
            self.drift,
            self.straightness,
            self.e_value,
        ]
        return [
            [int(self.rounds[t]), *(float(column[t]) for column in columns)]
            for t in _html.shown(len(self.rounds))
        ]

    def _repr_html_(self) -> str:
        headings = ["round", "rise", "low", "high", "drift", "straightness", "evidence"]
        title = f"{len(self.rounds)} rounds, {'alarm' if self.alarm else 'no alarm'}"
        return _html.table(title, headings, self._rows(), self.sentences)

    def __repr__(self) -> str:
        lines = [f"Reading({len(self.rounds)} rounds, {'alarm' if self.alarm else 'no alarm'})"]
        lines += [
            f"  round {t:>3}: rise {rise:.4g} ({low:.4g} to {high:.4g}), drift {drift:.4g}, evidence {e:.3g}"
            for t, rise, low, high, drift, _, e in self._rows()
        ]
        return "\n".join([*lines, *(f"  {text}" for text in self.sentences)])


def read(
    rounds: npt.NDArray[np.intp],
    said: Array,
    rehearsed: Rehearsed,
    labels: Array,
    alpha: float,
    left_out: Array | None = None,
    told: Told | None = None,
) -> Reading:
    """Read rounds off predictions.

    Parameters
    ----------
    rounds : ndarray of int of shape (T + 1,)
        Numbers, 0 first.
    said : ndarray of shape (T + 1, w)
        Predictions for the watched rows; of classes their chances, row by row.
    rehearsed : Rehearsed
        What to hold them against.
    labels : ndarray of shape (w,)
        Real labels of the watched rows, NaN where unknown; of classes vectors, row by row.
    alpha : float
        Chance of a false alarm.
    left_out : ndarray of shape (k + 1, n), optional
        Leave-one-out residuals on the real rows, of rounds 0 to k.
    told : Told, optional
        What was said of the loop; default: ridge, without new real labels.
    """
    told = Told() if told is None else told
    said = said.reshape(len(said), -1, told.width)
    changes = _size(np.diff(said, axis=0)).mean(axis=1)
    drift = _size(said[1:] - said[0]).mean(axis=1)
    at = np.minimum(rounds[1:], rehearsed.rounds) - 1
    seen = np.maximum(changes, rehearsed.nothing)
    tails = _tails(seen, rehearsed.log_change, at)
    evidence = process(tails)
    rung = np.flatnonzero(evidence >= 1 / alpha)
    far_off = np.maximum(drift, rehearsed.nothing)
    drifted = _tails(far_off, rehearsed.log_drift, at)
    straightness = far_off / np.cumsum(seen)
    straight = _tails(straightness, rehearsed.log_straightness, at)
    labels = labels.reshape(-1, told.width)
    known = ~np.isnan(labels[:, 0])
    if known.sum() > 1:
        judged, (rise, low, high) = "labels", _paired(_size(said[:, known] - labels[known]))
    elif left_out is not None and len(left_out) == len(rounds) == rounds[-1] + 1:
        judged, (rise, low, high) = "leave-one-out", _paired(left_out**2, _WIDER)
    else:
        judged = "drift"
        factor = rehearsed.factor[:, at]
        ends = np.quantile(factor, _QUANTILES, axis=0)
        middle = np.median(factor, axis=0)
        rise, (low, high) = drift * middle, drift * (middle + _LOOPS * (ends - middle))
        far = drifted < alpha / np.arange(1, drifted.size + 1)  # what it costs was not rehearsed
        still = rehearsed.still[at]  # nothing was rehearsed of what a drift costs
        low, high = np.where(still, -np.inf, low), np.where(still, np.inf, high)
        low = np.where(far, np.minimum(low, drift), low)
        high = np.where(far, np.maximum(high, drift), high)
        rise, low, high = _possible(drift, rehearsed.error, (rise, low, high))
    found = Reading(
        rounds=rounds[1:],
        drift=drift,
        rise=rise,
        rise_low=low,
        rise_high=high,
        straightness=straightness,
        rehearsed_straightness=rehearsed.straightness[at],
        e_value=evidence,
        alarm=bool(rung.size),
        alarm_round=int(rounds[1:][rung[0]]) if rung.size else None,
        drift_tail=float(drifted[-1]) if at.size else 1.0,
        judged_by=judged,
        alpha=alpha,
        sentences=(),
        straight_tail=float(straight[-1]) if at.size else 1.0,
        metric="squared error" if told.width == 1 else "Brier score",
    )
    return Reading(**{**vars(found), "sentences": tuple(_sentences(found, left_out, told))})


def _tails(found: Array, logs: Array, at: npt.NDArray[np.intp]) -> Array:
    """Chance (T,) of one as large in a rehearsal, whose logarithms are (R, rounds)."""
    each = zip(np.log(found), at, strict=True)
    return np.array([tail(float(value), logs[:, k]) for value, k in each])


def _possible(drift: Array, error: float, rises: tuple[Array, ...]) -> tuple[Array, ...]:
    """Rises (T,) no larger than a drift can make them: ``|rise - drift| <= 2 (drift error)**0.5`` (Cauchy-Schwarz)."""
    reach = 2 * np.sqrt(drift) * np.sqrt(error)
    return tuple(np.clip(rise, np.maximum(drift - reach, -error), drift + reach) for rise in rises)


def _size(moved: Array) -> Array:
    """Squares (T, w), summed over classes (T, w, classes)."""
    return np.asarray(np.sum(moved**2, axis=2))


def _paired(squares: Array, wider: float = 1.0) -> tuple[Array, Array, Array]:
    """Rise of the mean squared error (T + 1, rows) over the first, and its 90 % interval."""
    more = squares[1:] - squares[0]
    rise = more.mean(axis=1)
    half = wider * _NORMAL * more.std(axis=1, ddof=1) / np.sqrt(squares.shape[1])
    return rise, rise - half, rise + half


def _sentences(found: Reading, left_out: Array | None, told: Told) -> list[str]:
    blind = [BLIND, *{"labels": (), "leave-one-out": (RIDGE,)}.get(found.judged_by, (LABELS,))]
    if found.judged_by == "drift" and left_out is not None:
        blind.append(_broken(left_out))
    if not found.rounds.size:
        return ["No round after round 0 yet.", *blind]
    last = int(found.rounds[-1])
    said = []
    if found.alarm:
        said.append(
            f"Alarm: since round {found.alarm_round} the models change more than rehearsals of this loop do; "
            f"where nothing is wrong this happens, ever, in {found.alpha:.0%} of loops."
        )
    else:
        said.append(
            f"No alarm: after round {last} the models change as rehearsals of this loop do."
        )
    low, high = sorted((float(found.rise_low[-1]), float(found.rise_high[-1])))
    said.append(
        f"The {found.metric} has risen by about {number(float(found.rise[-1]), 3)} since round 0 "
        f"({number(low, 3)} to {number(high, 3)}), read off the "
        f"{_READ_OFF[found.judged_by]}; the drift is "
        f"{number(float(found.drift[-1]), 3)}."
    )
    return [*said, *_odd(found), *_weak(found, told), *blind]


def _odd(found: Reading) -> list[str]:
    """What the evidence fits, where something is not as rehearsed."""
    rare = found.alpha / len(found.rounds)
    far, bent = found.drift_tail < rare, found.straight_tail < rare
    if not (found.alarm or far or bent):
        return []
    said = []
    if far and not found.alarm:
        said.append(
            "The drift is larger than in nearly all rehearsals: small changes have added up, which the alarm is "
            "slow to see, as it looks at single rounds."
        )
    if far and found.judged_by == "drift":
        said.append(
            "What so large a drift costs was not rehearsed: the range holds the drift itself as well."
        )
    if found.rounds.size == 1:
        said.append(f"One round does not tell why: {_CHANCE}, or {_PULL}.")
    elif bent or found.straight_tail < _BENT:
        said.append(f"The changes point one way, as these would have it: {_PULL}.")
    elif found.straight_tail > _CROOKED:
        said.append(f"The changes point no one way, as these would have it: {_CHANCE}.")
    else:
        said.append(f"The changes do not tell why: {_CHANCE}, or {_PULL}.")
    return [*said, _APART]


def _weak(found: Reading, told: Told) -> list[str]:
    """Where drift was measured to fail."""
    if found.judged_by != "drift":
        return []
    exact = told.learner is not None and told.width == 1 and not told.noisy
    return [_GAIN] * (told.real > 0) + [_EXACT] * exact


def _broken(left_out: Array) -> str:
    """Where leave-one-out of the chain ends, and what it read there."""
    last = len(left_out) - 1
    said = f"Leave-one-out of the chain ends before round {last + 1}, which is missing or came without its inputs"
    if not last:
        return f"{said}."
    rise, low, high = (number(float(each[-1]), 3) for each in _paired(left_out**2, _WIDER))
    return f"{said}; after round {last} it read a rise of {rise} ({low} to {high})."
