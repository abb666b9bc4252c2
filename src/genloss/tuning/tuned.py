"""What `genloss.tune` answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _html
from genloss._frames import Framed
from genloss.curve import Curve
from genloss.plan import Plan

Found = float | tuple[float, ...]


@dataclass(frozen=True, repr=False)
class Tuned(Framed):
    """The best plan found, and what it gains.

    Attributes
    ----------
    plan : Plan
        The best plan.
    curve : Curve
        Its prediction.
    before : Curve
        Prediction of the plan that was given.
    objective : str
        What was minimised.
    value, value_before : float
        Objective of both.
    found : mapping of str to float, or to tuple of float
        What was found for everything that was free: the penalty of all models or of the last one, a tuple
        of one for each where a schedule was free, the share of real labels, the weight of a row that a model
        labels, the last model's own rows.
    cost, cost_before : float or None
        What the labels of both plans cost, where prices were given.

    Notes
    -----
    ``to_frame`` has one row per model and the columns ``model``, ``penalty``, ``risk`` and ``risk_before``.
    """

    plan: Plan
    curve: Curve
    before: Curve
    objective: str
    value: float
    value_before: float
    found: Mapping[str, Found] = field(default_factory=dict)
    cost: float | None = None
    cost_before: float | None = None

    @property
    def gain(self) -> float:
        """Share of the objective that tuning removes; negative where the plan given broke the limit."""
        if self.value == self.value_before:
            return 0.0
        return 1 - self.value / self.value_before

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know about the numbers found."""
        if "real" in self.found and self.cost is None:
            return ("real labels are free here; give cost=PRICES and limit=MONEY",)
        return ()

    def _table(self) -> dict[str, npt.NDArray[Any]]:
        columns = {"penalty": self.plan.penalty, "risk": self.curve.risk}
        return {"model": np.arange(self.plan.n_models), **columns, "risk_before": self.before.risk}

    def _shown(self) -> list[list[int | float]]:
        columns = [self.plan.penalty, self.curve.risk, self.before.risk]
        models = _html.shown(self.plan.n_models)
        return [[t, *(float(column[t]) for column in columns)] for t in models]

    def _title(self) -> str:
        what = "cost" if self.objective == "cost" else f"{self.objective} risk"
        return f"Tuned({what} {_html.number(self.value)}, before {_html.number(self.value_before)})"

    def _repr_html_(self) -> str:
        names = ["model", "penalty", "risk", "before"]
        return _html.table(self._title(), names, self._shown(), self.warnings)

    def __repr__(self) -> str:
        lines = [
            f"  model {t:>2}: penalty {lam:.4g}, risk {risk:.5g}, before {before:.5g}"
            for t, lam, risk, before in self._shown()
        ]
        told = [f"  warning: {each}" for each in self.warnings]
        return "\n".join([self._title(), *told, *lines])
