"""What is said about a weight, the most important first."""

from __future__ import annotations

from dataclasses import dataclass

from genloss._words import number
from genloss.weighing.inputs import Difference
from genloss.weighing.result import LOG_LOSS, METRIC, WRONG, Advice, Worth
from genloss.weighing.surface import Surface

_NORMAL = 1.645  # of a 90 % interval
_UNTOLD = 4.0
"""Worth up to which an interval has an end: beyond, a shift too small to be seen would decide."""


@dataclass(frozen=True, eq=False)
class Facts:
    """What the sentences are about.

    Attributes
    ----------
    found, place : Surface and int
        Errors against weights, and the place of the weight chosen.
    worth, factors : Worth and pair of float
        Of a synthetic row, and its parts from noise and shift.
    difference : Difference
        Between the tables.
    made_from : str
        What was said of the rows' origin.
    alternative : float or None
        The weight if the rows were made from these real ones, where that is not known.
    n, m : int
        Real and synthetic rows.
    metric : str
        What errors are.
    """

    found: Surface
    place: int
    worth: Worth
    factors: tuple[float, float]
    difference: Difference
    made_from: str
    alternative: float | None
    n: int
    m: int
    metric: str = METRIC

    @property
    def error(self) -> str:
        """What errors are, in the word that stands before "of the real rows"."""
        words = {LOG_LOSS: "log loss", WRONG: "share of wrong classes"}
        return words.get(self.metric, "error")


def advise(facts: Facts) -> Advice:
    """The weight in words, and what speaks for and against it."""
    errors, weights = facts.found.errors, facts.found.weights
    gain = 1 - float(errors[facts.place] / errors[0]) if errors[0] > 0 else 0.0
    augment = bool(weights[facts.place] > 0 and gain > 0)
    shown = facts.found.plausible[0] > 0
    said = [_answer(facts, gain, augment, shown), *_wrong(facts), _range(facts, shown)]
    if (other := facts.alternative) is not None:
        said.append(_unknown(other))
    said += [_worth(facts), *_inputs(facts), *_labels(facts)]
    return Advice(tuple(said), augment, shown, gain)


def _answer(facts: Facts, gain: float, augment: bool, shown: bool) -> str:
    weight = number(float(facts.found.weights[facts.place]), 2)
    if not augment:
        clearly = "clearly " if facts.found.wrong is not None else ""
        instead = "" if weight == "0" else f" (should they have to be used: weight {weight})"
        return f"Do not augment: no weight {clearly}lowers the {facts.error} of the real rows{instead}."
    if shown:
        return (
            f"Give every synthetic row the weight {weight}: the {facts.error} on real rows "
            f"falls by {gain:.1%}."
        )
    return (
        f"Give every synthetic row the weight {weight} if you use them: a gain is not shown "
        f"({gain:.1%}, within what chance does with {facts.n} real rows)."
    )


def _wrong(facts: Facts) -> list[str]:
    """Wrong classes, where a weight was chosen by another loss."""
    wrong = facts.found.wrong
    if wrong is None:
        return []
    alone, chosen = wrong[0].mean(), wrong[facts.place].mean()
    own = f"{100 * alone:.1f} % of the real rows left out get a wrong class from real rows alone"
    if facts.place == 0:
        return [f"{own}."]
    spread = (wrong[facts.place] - wrong[0]).std(ddof=1) / facts.n**0.5
    low, high = (100 * (chosen - alone + z * spread) for z in (-_NORMAL, _NORMAL))
    return [f"{own}, {100 * chosen:.1f} % with the weight ({low:+.1f} to {high:+.1f} points)."]


def _range(facts: Facts, shown: bool) -> str:
    low, high = (number(end, 2) for end in facts.found.plausible)
    if low == high:
        return f"No other weight that was tried is as good as {low}."
    zero = "" if shown else ", so that real rows alone may be as good"
    return f"The best weight is between {low} and {high}{zero}."


def _unknown(other: float) -> str:
    weight = number(other, 2)
    return (
        "This holds for synthetic rows that owe nothing to the real ones. If they were made from these "
        f"rows (by a model of them, a copula, a jitter), the weight is {weight}: leaving a row out then "
        "means leaving its traces out. Say made_from='elsewhere' or made_from='these rows'."
    )


def _worth(facts: Facts) -> str:
    if facts.made_from == "these rows":
        return "What a row made from these is worth beside them cannot be told: it repeats them."
    value, low, high = (number(each, 2) for each in facts.worth)
    noise, shift = (number(each, 2) for each in facts.factors)
    if facts.worth.high > _UNTOLD:
        return (
            f"A synthetic row is worth {low} real rows or more at {facts.m:,} rows (formula: {value}); how many cannot "
            "be told: a shift too small to be seen would decide."
        )
    return (
        f"A synthetic row is worth about {value} real rows ({low} to {high}, which held in seven of eight cases on "
        f"other tables) at {facts.m:,} rows: {noise} for the noise of its label, times {shift} for aiming elsewhere."
    )


def _inputs(facts: Facts) -> list[str]:
    found = facts.difference
    if not found.other_inputs:
        return []
    return [
        f"The synthetic rows have other inputs than the real ones (told apart with an area of "
        f"{found.auc:.2f} under the curve; {found.far_share:.0%} of them are farther out than 99 % of the "
        "real ones): keep all of them; rows far out are worth having."
    ]


def _labels(facts: Facts) -> list[str]:
    shift = facts.difference.label_shift
    if shift is False:
        return []
    if shift:
        return [
            "Their labels are shifted: on real rows a model of them is off in a way that inputs explain."
        ]
    return [
        "A model of them is off on real rows in a way that inputs explain; whether labels are shifted or "
        "inputs others cannot be told apart."
    ]
