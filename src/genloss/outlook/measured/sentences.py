"""What a forecast by measurement comes to, in words."""

from __future__ import annotations

import numpy as np

from genloss._words import change, number
from genloss.outlook.measured.check import Checked
from genloss.outlook.measured.result import Way

_STILL = 1e-9


def sentences(
    own: Way, ways: tuple[Way, ...], baseline: float, checked: Checked, model: str, *, classes: bool
) -> tuple[str, ...]:
    """The answer, the other ways, what is weak."""
    said = []
    last = own.error.size - 1
    if last:
        said.append(_change(own, classes=classes))
    else:
        said.append(f"Model 0 errs by {_written(own.error[0], classes=classes)} ({model}).")
    if own.low[0] > baseline:
        simple = "the commonest class" if classes else "the mean"
        said.insert(
            0,
            f"This model is worse than always answering {simple}; nothing else is advised: give more "
            "rows, other features or another model.",
        )
        return tuple(said)
    if not checked.agrees:
        said.append(_disagreement(checked, classes=classes))
    others = [way for way in ways if way is not own]
    if others and last:
        said.append(_others(others, last, classes=classes))
        said += _gained(own, others, last, classes=classes)
    if own.overconfidence is not None:
        said.append(_confidence(own, last))
    return tuple(said)


def _written(value: float, *, classes: bool) -> str:
    return f"{value:.1%}".replace("%", " %") if classes else number(float(value))


def _ends(low: float, high: float, *, classes: bool) -> str:
    if classes:
        return f"{100 * low:.1f} to {100 * high:.1f} %"
    return f"{number(float(low))} to {number(float(high))}"


def _change(own: Way, *, classes: bool) -> str:
    first, after = own.error[0], own.error[-1]
    start, end = (_written(value, classes=classes) for value in (first, after))
    last = own.error.size - 1
    low, high = own.change_low[-1], own.change_high[-1]
    if np.all(np.abs(own.error - first) <= _STILL * max(first, 1e-300)):
        return f"The error of every model is that of model 0, {start}: nothing is lost."
    if classes:
        between = f"{100 * low:+.1f} to {100 * high:+.1f} points"
    else:
        between = f"between {change(own.growth_low[-1], 1)} and {change(own.growth_high[-1], 1)}"
    if low <= 0 <= high:
        return (
            f"The error of model {last}, {end}, cannot be told from model 0's, {start} ({between})."
        )
    verb = "rises" if after > first else "falls"
    return (
        f"When each model is trained on {_labels(own)}, the error {verb} from {start} (model 0) to {end} "
        f"(model {last}): {between}."
    )


def _labels(own: Way) -> str:
    return _PHRASE.get(own.name, "the plan's labels")


_PHRASE = {
    "hard labels": "the hard labels of the one before",
    "soft labels": "the soft labels of the one before",
    "labels of the last model": "the labels of the one before",
    "real rows kept": "the labels of the one before and the first real rows",
    "30 % real rows": "the labels of the one before and 30 % new real rows",
}


def _others(others: list[Way], last: int, *, classes: bool) -> str:
    parts = [
        f"{_written(way.error[-1], classes=classes)} with {_short(way)} "
        f"({_ends(way.low[-1], way.high[-1], classes=classes)})"
        for way in others
    ]
    return f"Model {last} in other ways: {'; '.join(parts)}."


def _short(way: Way) -> str:
    words = {"real rows kept": "the first real rows kept beside the new ones"}
    if way.name.endswith("real rows"):
        return f"{way.name.removesuffix(' real rows')} new real rows in every generation"
    return words.get(way.name, way.name)


def _gained(own: Way, others: list[Way], last: int, *, classes: bool) -> list[str]:
    """The way that clearly is better than the plan, if one is, and the one that needs no new labels."""
    best = min(others, key=_last_error)
    if not _clearly_better(best, own):
        return []
    said = [f"Best of these: {_saving(best, own, others, last, classes=classes)}."]
    free = [way for way in others if not way.name.endswith("% real rows")]
    if free and best not in free:
        best = min(free, key=_last_error)
        said.append(
            f"Best without new real labels: {_saving(best, own, free, last, classes=classes)}."
            if _clearly_better(best, own)
            else "Without new real labels, none of these clearly has less error than the plan."
        )
    return said


def _last_error(way: Way) -> float:
    return float(way.error[-1])


def _clearly_better(one: Way, other: Way) -> bool:
    """Whether the intervals of the last model's error are apart.

    Where model 0 is the same, those of the change since: rows and splits are shared, so that they are narrower.
    """
    if one.plan.n_samples[0] == other.plan.n_samples[0]:
        return bool(one.change_high[-1] < other.change_low[-1])
    return bool(one.high[-1] < other.low[-1])


def _saving(best: Way, own: Way, among: list[Way], last: int, *, classes: bool) -> str:
    """How much less error a way has, and which others cannot be told from it."""
    saved = own.error[-1] - best.error[-1]
    size = (
        f"{100 * saved:.0f} points"
        if classes
        else f"{saved / own.error[-1]:.0%}".replace("%", " %")
    )
    alike = [_short(way) for way in among if way is not best and not _clearly_better(best, way)]
    told = f"; it cannot be told from {' and '.join(alike)}" if alike else ""
    return f"{_short(best)}, with {size} less error in model {last}{told}"


def _confidence(own: Way, last: int) -> str:
    claimed, right = own.scores["confidence"], 1 - own.error
    first = f"Model 0 is sure by {claimed[0]:.0%} on average and right in {right[0]:.0%}"
    if not last:
        return f"{first}.".replace("%", " %")
    return f"{first}, model {last} by {claimed[-1]:.0%} and right in {right[-1]:.0%}.".replace(
        "%", " %"
    )


def _disagreement(checked: Checked, *, classes: bool) -> str:
    found = checked.runs.mean(axis=0)
    told, measured = (
        f"from {_written(one, classes=classes)} to {_written(two, classes=classes)}"
        for one, two in ((checked.error[0], checked.error[-1]), (found[0], found[-1]))
    )
    return (
        f"Forecast and measurement disagree on the rows held out: the error goes {told} by forecast "
        f"and {measured} as measured. Trust the measurement, and the advice below with care."
    )
