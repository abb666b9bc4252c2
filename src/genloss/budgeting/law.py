"""Error and cost of any mix of real and synthetic rows (`budgets.md` 3).

A model of n real rows misses ``V(n)``, one of m synthetic rows ``V_s(m)`` and a shift D that does not fall
with m. They are then as good as so many real rows, and both together as

    N = n + rows(V_s(m) + D) ,      rows: the inverse of V ,

so that the error is ``noise + V(N)``. With ``V = a / n`` that is the fit that weighs both by their precision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.tuning.prices import Prices

Array = npt.NDArray[np.float64]

MOST = 10**9  # rows
_TRIED = 400
_NOTHING = 1e-300
_CLOSE = 1e-9


class Mix(NamedTuple):
    """Rows of both kinds, what they cost, and the error that they lead to."""

    real: float
    synthetic: float
    cost: float
    error: float


@dataclass(frozen=True, eq=False)
class Law:
    """What rows lead to.

    Attributes
    ----------
    noise : float
        Variance of the noise of real labels: what no number of rows takes away.
    missed : callable
        What a model of real rows misses beyond that, by their number.
    rows : callable
        Its inverse.
    missed_by_synthetic : callable
        What a model of synthetic rows misses, without the shift.
    shift : float
        Squared distance between what both aim at.
    fewest : int
        Real rows that are there, or needed at all.
    most : int
        Synthetic rows that can be had.
    """

    noise: float
    missed: Callable[[Array], Array]
    rows: Callable[[Array], Array]
    missed_by_synthetic: Callable[[Array], Array]
    shift: float
    fewest: int = 1
    most: int = MOST

    def error(self, real: Array | float, synthetic: Array | float) -> Array:
        """Mean squared error on new rows, label noise included."""
        n, m = np.broadcast_arrays(np.asarray(real, float), np.asarray(synthetic, float))
        return self.noise + self.missed(n + self.worth(m))

    def worth(self, synthetic: Array) -> Array:
        """Real rows that so many synthetic ones are worth together."""
        found, some = np.zeros(synthetic.shape), synthetic > 0
        missed = self.missed_by_synthetic(synthetic[some]) + self.shift
        found[some] = self.rows(np.maximum(missed, _NOTHING))
        return found

    def all_real(self, money: float, prices: Prices) -> Mix:
        """Real rows alone."""
        n = np.floor(money / prices.real + _CLOSE)
        return Mix(float(n), 0.0, float(n * prices.real), float(self.error(n, 0.0)))

    def best(self, money: float, prices: Prices) -> Mix:
        """The mix of least error for the money, in whole rows."""
        most = self.most
        if prices.synthetic > 0:
            most = min(most, int((money - self.fewest * prices.real) / prices.synthetic + _CLOSE))
        tried = np.array([0.0])
        if most >= 1:
            tried = np.append(0.0, np.unique(np.rint(np.geomspace(1, most, _TRIED))))
        for _ in range(2):  # all over, then between the neighbours of the best
            at = int(np.argmin(self._spent(tried, money, prices)[1]))
            low, high = tried[max(at - 1, 0)], tried[min(at + 1, tried.size - 1)]
            tried = np.unique(np.append(tried[at], np.rint(np.linspace(low, high, _TRIED))))
        n, errors = self._spent(tried, money, prices)
        at = int(np.argmin(errors))
        m = float(tried[at])
        cost = float(n[at] * prices.real + m * prices.synthetic)
        return Mix(float(n[at]), m, cost, float(errors[at]))

    def _spent(self, synthetic: Array, money: float, prices: Prices) -> tuple[Array, Array]:
        """Real rows for the rest of the money, and the errors."""
        n = np.floor((money - synthetic * prices.synthetic) / prices.real + _CLOSE)
        return n, self.error(np.maximum(n, 1.0), synthetic)

    def money_for(self, error: float, prices: Prices, *, mixed: bool) -> float:
        """Least money that brings the error down to what is wanted; infinite where none does."""
        low = self.fewest * prices.real
        high = MOST * prices.real

        def reached(money: float) -> bool:
            found = self.best(money, prices) if mixed else self.all_real(money, prices)
            return found.error <= error

        if reached(low):
            return low
        if not reached(high):
            return np.inf
        while (
            high / low > 1 + 1e-4 and high - low > min(prices.real, prices.synthetic or np.inf) / 2
        ):
            middle = float(np.sqrt(low * high))
            low, high = (low, middle) if reached(middle) else (middle, high)
        return high
