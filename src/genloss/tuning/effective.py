"""How many real rows real and synthetic ones are worth together, in a loop that goes on (`budgets.md` 2).

With n real and m synthetic rows a round, many more than directions, and the best weight on the real part,

    N = (n + sqrt(n**2 + 4 n m / r)) / 2 ,      error = sigma**2 dim / N ,

r being the variance of synthetic labels' noise over that of real ones. A wanted N is cheapest with

    n = N sqrt(r c_s / c_r) ,   m = r N (N - n) / n .
"""

from __future__ import annotations

import math
from typing import NamedTuple

from genloss import _check
from genloss.tuning.prices import Prices


class Rows(NamedTuple):
    """Rows of one round of a loop.

    Attributes
    ----------
    real, synthetic : float
        How many.
    weight : float
        Best weight of a synthetic row, a real one having 1.
    effective : float
        Real rows in every round, kept for ever, that would do as well.
    """

    real: float
    synthetic: float
    weight: float
    effective: float


def effective_rows(real: float, synthetic: float, *, noise_ratio: float = 1.0) -> Rows:
    """What the rows of a round are worth together.

    Parameters
    ----------
    real, synthetic : float
        Rows of a round, new ones each time; synthetic ones are labelled by the model before.
    noise_ratio : float, default 1.0
        Variance of the noise of synthetic labels over that of real ones.

    Returns
    -------
    Rows

    Examples
    --------
    As many synthetic rows as real ones, and the golden ratio:

    >>> from genloss.tuning.effective import effective_rows
    >>> found = effective_rows(100, 100)
    >>> round(found.effective, 1), round(found.weight, 3)
    (161.8, 0.618)
    """
    n, r = _check.positive("real", real), _check.positive("noise_ratio", noise_ratio)
    m = _check.positive("synthetic", synthetic)
    total = (n + math.sqrt(n**2 + 4 * n * m / r)) / 2
    share = n / total  # of the weight, on the real rows
    return Rows(n, m, (1 - share) / share * n / m, total)


def cheapest_rows(effective: float, cost: object, *, noise_ratio: float = 1.0) -> Rows:
    """The cheapest rows of a round that are worth so many real ones.

    Parameters
    ----------
    effective : float
        Real rows that would do as well.
    cost : mapping
        Price of a real row and of one that a model labels, ``{"real": 1, "synthetic": 0.01}``.
    noise_ratio : float, default 1.0
        Variance of the noise of synthetic labels over that of real ones.

    Returns
    -------
    Rows

    Examples
    --------
    At a hundredth of the price, one real row for ten effective ones:

    >>> from genloss.tuning.effective import cheapest_rows
    >>> found = cheapest_rows(1000, {"real": 1, "synthetic": 0.01})
    >>> round(found.real), round(found.synthetic)
    (100, 9000)
    """
    total, r = _check.positive("effective", effective), _check.positive("noise_ratio", noise_ratio)
    prices = Prices.of("cost", cost)
    share = 1.0
    if prices.real > 0:
        share = min(math.sqrt(r * prices.synthetic / prices.real), 1.0)
    share = max(share, 1e-9)  # where synthetic rows are free
    n, m = total * share, r * total * (1 - share) / share
    return Rows(n, m, 1 / r if m == 0 else (1 - share) / share * n / m, total)
