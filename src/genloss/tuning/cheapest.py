"""The cheapest plan whose last model is good enough: the limit of the cost at which the best plan just is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from genloss._words import number
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.tuning.joint import Best, best_in, in_whole_rows
from genloss.tuning.layout import Setting
from genloss.tuning.penalties import OBJECTIVES, scored
from genloss.tuning.space import Space

Missed = Callable[[float], float]

_FACTOR = 4.0
_MOST = 24  # times that the money is multiplied before it is given up
_NEAR = 0.7  # of a cost where everything was looked at: from there on downhill only
_CLOSE = 1e-4  # of the logarithm of the cost
_STEPS = 40  # by which the cost rises until whole rows are good enough
_STEP = 1.003


def cheapest(problem: Spectral, space: Space, wanted: float) -> Plan:
    """The plan of least cost whose last model has at most the wanted risk.

    Parameters
    ----------
    problem : Problem or genloss.scaling.PowerLaw
    space : Space
        With prices; its limit is where the search begins.
    wanted : float
        Largest risk of the last model.

    Raises
    ------
    InvalidInputError
        If no plan of the space has so small a risk, with whatever money.
    """
    low, high = _range(space)
    found: dict[float, Best] = {}

    def missed(log_cost: float) -> float:
        """Logarithm of the best risk for that money over the wanted one."""
        within = replace(space, limit=float(np.exp(log_cost)))
        near = sorted(found, key=lambda each: abs(each - log_cost))[:2]
        if near and abs(near[0] - log_cost) < _NEAR:
            tried = [best_in(problem, within, "final", near=found[each].point) for each in near]
        else:
            tried = [best_in(problem, within, "final")]
        found[log_cost] = best = min(tried, key=lambda each: each.value)
        return float(np.log(max(best.value, 1e-300)) - np.log(wanted))

    at = float(np.clip(np.log(space.limit), low, high))
    bracket = _bracket(missed, at, low, high)
    if bracket is None:
        least = min(each.value for each in found.values())
        raise InvalidInputError(
            f"limit was {number(wanted)}; the risk of the last model stays above {number(least)}, "
            "whatever is spent on what is free"
        )
    cost = _crossing(missed, *bracket)
    for _ in range(_STEPS):
        within = replace(space, limit=min(float(np.exp(cost)), float(np.exp(high))))
        best = found[min(found, key=lambda each: abs(each - cost))]
        point = best_in(problem, within, "final", near=best.point).point
        plans = in_whole_rows(within, point)
        risks = scored(problem, plans, OBJECTIVES["final"]) if plans else np.empty(0)
        good = [plan for plan, risk in zip(plans, risks, strict=True) if risk <= wanted]
        if good:
            assert space.prices is not None
            return min(good, key=space.prices.of_plan)
        cost = min(cost + np.log(_STEP), high)
    raise InvalidInputError(
        f"limit was {number(wanted)}; no whole rows were found that come down to it"
    )


def _range(space: Space) -> tuple[float, float]:
    """Logarithms of the least and the largest cost that the space can have."""
    if "n_samples" in space.over:
        assert space.prices is not None
        shares = (0.0, 1.0) if "real" in space.over else (None,)
        single = [space.layout.to_plan(Setting(None, real, None, 0.0)) for real in shares]
        return float(np.log(max(min(map(space.prices.of_plan, single)), 1e-300))), np.inf
    ends = sorted((space.unit(0.0), space.unit(1.0)))
    return float(np.log(max(ends[0], 1e-300))), float(np.log(ends[1]))


def _bracket(missed: Missed, at: float, low: float, high: float) -> tuple[float, float] | None:
    """Costs of which the first is too little and the second enough; equal where the least is enough."""
    step = np.log(_FACTOR)
    first = missed(at)
    for _ in range(_MOST):
        if first > 0:
            if at >= high:
                return None
            after = min(at + step, high)
            value = missed(after)
            if value <= 0:
                return at, after
            if value > first - 1e-9:
                return None
        else:
            if at <= low:
                return at, at
            after = max(at - step, low)
            value = missed(after)
            if value > 0:
                return after, at
        at, first = after, value
    return None


def _crossing(missed: Missed, low: float, high: float) -> float:
    """Where it is just enough."""
    if low == high:
        return low
    from scipy.optimize import brentq

    return float(brentq(missed, low, high, xtol=_CLOSE))
