"""What prediction-powered inference would make of the same labels, from the model's values on the pilot's real rows.

With n real rows of which the model says f, and N more of which only the model says something, PPI++ with weight g
leaves, in residuals e of the fit to y and e_f of that to f, each row left out of its own fit,

    V = (n0/n) (A - 2 g B + g**2 C) + (n0/N) g**2 C ,     best at   g = B / (C (1 + n/N)) ,

A, B and C being the excess errors that e, their product, and e_f stand for at n0 rows. Nothing is gained
where the model does not explain residuals of the fit (B = 0), as a linear model in a linear fit does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.budgeting.law import MOST
from genloss.tuning.prices import Prices
from genloss.weighing.apart import excess
from genloss.weighing.stacked import Fit, Moments

Array = npt.NDArray[np.float64]

_TRIED = 300


class Powered(NamedTuple):
    """Prediction-powered inference for the money.

    Attributes
    ----------
    real, unlabelled : int
        Rows with a real label and the model's, and rows with the model's alone.
    weight : float
        Of the model's predictions, as in ``Plan.ppi``.
    cost, error, ratio : float
        What they cost, the predicted error, and that over the error of real rows alone for the same money.
    """

    real: int
    unlabelled: int
    weight: float
    cost: float
    error: float
    ratio: float


@dataclass(frozen=True)
class PoweredLaw:
    """The law above; ``own``, ``both`` and ``model`` are A, B and C times the pilot's rows."""

    noise: float
    own: float
    both: float
    model: float
    fewest: int
    most: int = MOST

    def weight(self, n: Array, N: Array) -> Array:
        """The best weight, from 0 to 1."""
        if self.model <= 0:
            return np.zeros(np.broadcast(n, N).shape)
        return np.clip(self.both / (self.model * (1 + n / N)), 0.0, 1.0)

    def error(self, n: Array, N: Array) -> Array:
        """Mean squared error on new rows at the best weight, label noise included."""
        g = self.weight(n, N)
        own = (self.own - 2 * g * self.both + g**2 * self.model) / n
        return self.noise + np.maximum(own, 0.0) + g**2 * self.model / N

    def best(self, money: float, prices: Prices, alone: float) -> Powered | None:
        """The best rows for the money; ``alone`` is the error of real rows. None where it buys no pilot."""
        left = money - self.fewest * (prices.real + prices.synthetic)
        most = min(self.most, int(left / prices.synthetic)) if prices.synthetic > 0 else self.most
        if left < 0 or most < 1:
            return None
        N = np.unique(np.rint(np.geomspace(1, most, _TRIED)))
        n = np.floor((money - N * prices.synthetic) / (prices.real + prices.synthetic) + 1e-9)
        errors = self.error(n, N)
        at = int(np.argmin(errors))
        cost = n[at] * (prices.real + prices.synthetic) + N[at] * prices.synthetic
        weight = float(self.weight(n, N)[at])
        return Powered(
            int(n[at]),
            int(N[at]),
            weight,
            float(cost),
            float(errors[at]),
            float(errors[at]) / alone,
        )


def powered_law(
    X: Array,
    y: Array,
    said: Array,
    penalty: float,
    unit: float,
    noise: float,
    most: int,
) -> PoweredLaw:
    """Read the law off the pilot's real rows (n, p), their labels and what the model says of them (n,)."""
    labels = y, said - said.mean()
    fits = [Fit.of(Moments.of(X, each)) for each in labels]
    alpha = np.array([penalty * len(X)])
    e, of_model = (fit.left_out(X, each, alpha)[0] for fit, each in zip(fits, labels, strict=True))
    centred = X - X.mean(axis=0)
    covariance = centred.T @ centred / len(X)
    A, C, apart = (
        unit * len(X) * excess(fits[0], X, residual, penalty, covariance)
        for residual in (e, of_model, e - of_model)
    )
    return PoweredLaw(noise, A, (A + C - apart) / 2, C, len(X), most)
