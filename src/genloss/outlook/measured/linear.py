"""Estimators of scikit-learn that theory knows: ridge regression of numbers, with the penalties of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from genloss.estimate.kernels import Kernel
from genloss.outlook.sample import Sample
from genloss.plan import Plan
from genloss.steps import resolve

_CENTRED = 0.1
"""Mean of labels, in standard deviations, up to which a fit without intercept is one with it."""

_PLAIN: dict[str, dict[str, Any]] = {
    "LinearRegression": {"fit_intercept": True, "positive": False},
    "Ridge": {"fit_intercept": True, "positive": False},
    "RidgeCV": {"fit_intercept": True, "alpha_per_target": False},
    "KernelRidge": {},
}
"""Estimators by name, and the settings that they must have."""


@dataclass(frozen=True, eq=False)
class Linear:
    """An estimator as theory sees it.

    Attributes
    ----------
    model : object
        Ridge regression.
    scaled : bool
        Whether columns are standardised before.
    """

    model: Any
    scaled: bool

    @classmethod
    def of(cls, estimator: Any) -> Linear | None:
        """What it is; None where theory does not know it."""
        steps = [step for _, step in getattr(estimator, "steps", [("", estimator)])]
        *before, model = steps
        wanted = _PLAIN.get(type(model).__name__)
        if wanted is None or not type(model).__module__.startswith("sklearn."):
            return None
        given = model.get_params()
        if any(name in given and given[name] != value for name, value in wanted.items()):
            return None
        if not np.isscalar(given.get("alpha", 0.0)):
            return None
        if given.get("kernel", "linear") not in ("linear", "rbf"):
            return None
        scalers = [type(step).__name__ for step in before]
        return cls(model, bool(before)) if scalers in ([], ["StandardScaler"]) else None

    @property
    def kernel(self) -> Kernel | None:
        """Of kernel ridge with a kernel that is not linear."""
        if getattr(self.model, "kernel", "linear") == "linear":
            return None
        return Kernel("rbf", gamma=self.model.gamma)

    @property
    def tuned(self) -> bool:
        """Whether it chooses its penalty anew in every fit."""
        return type(self.model).__name__ == "RidgeCV"

    def plan(self, plan: Plan) -> Plan:
        """The plan with the estimator's penalties."""
        told = []
        for generation, step in zip(plan, resolve(plan), strict=True):
            told.append(replace(generation, penalty=self._penalty(step.rows)))
        return Plan(tuple(told))

    def sample(self, sample: Sample) -> Sample | None:
        """The rows as the model sees them; None where an intercept is missing that would matter."""
        free = getattr(self.model, "fit_intercept", False)
        if not free and abs(sample.y.mean()) > _CENTRED * sample.y.std():
            return None
        X = sample.X - sample.X.mean(axis=0)
        if self.scaled:
            spread = X.std(axis=0)
            X = X / np.where(spread > 0, spread, np.inf)
        return replace(sample, X=X, kernel=self.kernel)

    def _penalty(self, rows: int) -> float:
        return float(getattr(self.model, "alpha", 0.0)) / rows
