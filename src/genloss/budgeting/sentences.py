"""What is said about a budget, the most important first."""

from __future__ import annotations

import math
from dataclasses import replace

from genloss._words import number
from genloss.budgeting.result import POWERED, WORTH_IT, Budget, around
from genloss.tables.column import counted


def advise(found: Budget) -> Budget:
    """The same answer, with its sentences."""
    said = [_buy(found), *_synthetic(found), *_powered(found), _error(found)]
    return replace(found, sentences=tuple(said))


def _buy(found: Budget) -> str:
    real, cost = counted(found.real, "real row"), number(found.cost)
    if not found.augment:
        return f"Have {real} labelled, for {cost}, and none by a model."
    return f"Have {real} labelled, and {found.synthetic:,} by the model, for {cost} in all."


def _synthetic(found: Budget) -> list[str]:
    if not found.augment:
        if found.wanted == "error" and found.real == found.n_pilot:
            return ["The real rows of the pilot are enough for that error."]
        if found.gain <= 0:
            return ["Rows that the model labels would not lower the error at these prices."]
        return [
            f"Rows that the model labels are predicted to save {found.gain:.1%} of the error; below 2 % they "
            "did not pay on real tables."
        ]
    low, high = (1 - end for end in reversed(found.ratio_range))
    told = f"That is {1 - found.ratio:.1%} less error than {found.real_only.real:,.0f} real rows alone for the same money"
    if low != high:
        told += f" (between {_less(low)} and {_less(high)} in nine of ten runs on real tables"
        told += ")" if low > 0 else ", so that a gain is not certain)"
    said = [
        f"{told}.",
        f"A row of the model is worth about {number(found.worth, 2)} real rows at {found.synthetic:,} rows.",
    ]
    if found.wanted == "error" and math.isfinite(found.cost_real_only):
        said.append(f"Real rows alone would cost {number(found.cost_real_only)} for that error.")
    elif found.wanted == "error":
        said.append("Real rows alone would not come down to it.")
    return said


def _powered(found: Budget) -> list[str]:
    if (ppi := found.ppi) is None:
        return []
    low, high = (1 - end for end in reversed(around(ppi.ratio, found.spread, POWERED)))
    told = (
        f"Prediction-powered inference ({counted(ppi.real, 'real row')}, {ppi.unlabelled:,} more of the model, weight "
        f"{number(ppi.weight, 2)}) is predicted to have {_less(1 - ppi.ratio)} error than real rows alone for the same "
        f"money (between {_less(low)} and {_less(high)})"
    )
    return [f"{told}: it does not help here." if ppi.ratio >= 1 - WORTH_IT else f"{told}."]


def _less(share: float) -> str:
    return f"{abs(share):.1%} {'less' if share >= 0 else 'more'}"


def _error(found: Budget) -> str:
    level, noise = number(found.error, 3), number(found.noise, 3)
    low, high = (number(end, 3) for end in found.error_range)
    around = (
        ""
        if low == high
        else f" ({low} to {high} in nine of ten runs on real tables: levels are known less well than ratios)"
    )
    return f"The error is predicted to be {level}{around}, of which {noise} is the noise of real labels."
