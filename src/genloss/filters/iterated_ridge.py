"""Ridge regression on its own fitted values, again and again on the same rows (self-distillation)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss import _check
from genloss.filters._base import Array, Filter, Values

MOST_ROUNDS = 10_000


@dataclass(frozen=True)
class IteratedRidge(Filter):
    """Fit, replace the labels by what was fitted, fit again (`filters.md`; Mobahi et al. 2020).

    Parameters
    ----------
    rounds : int, default 2
        Number of fits; one is ridge regression. Without a penalty all rounds are alike.

    Raises
    ------
    InvalidInputError
        If ``rounds`` is not a whole number from 1 on.

    Examples
    --------
    >>> from genloss import filters
    >>> float(filters.IteratedRidge(rounds=2).shrink(1.0, 1.0))
    0.25
    """

    rounds: int = 2

    def __post_init__(self) -> None:
        rounds = _check.integer("rounds", self.rounds, minimum=1, maximum=MOST_ROUNDS)
        object.__setattr__(self, "rounds", rounds)

    def shrink(self, x: Values, penalty: float) -> Values:
        """``(x / (x + penalty))**rounds``."""
        x = np.asarray(x)
        return (x / (x + penalty)) ** self.rounds if penalty else np.where(x == 0, 0.0, 1.0)

    def fit(self, X: Array, y: Array, penalty: float) -> Array:
        """Fit round after round."""
        n, d = X.shape
        w: Array = np.zeros(d)
        for _ in range(self.rounds):
            if penalty:
                gram = X.T @ X + n * penalty * np.eye(d)
                w = np.asarray(np.linalg.solve(gram, X.T @ y), dtype=np.float64)
            else:
                w = np.asarray(np.linalg.lstsq(X, y, rcond=None)[0], dtype=np.float64)
            y = X @ w
        return np.asarray(w)

    def pole(self, penalty: float) -> float | None:
        """At minus the penalty."""
        return penalty
