"""An alarm over rounds that may be looked at as often as one likes.

The size of a round's change, ``d_t = mean (f_t - f_(t-1))**2`` on fixed rows, is held against rehearsals of
the same round: the upper tail p_t of a t distribution for log d_t. Bets against "as rehearsed" multiply:

    e_t = (1 - p + p ln p) / (p ln(p)**2) ,    E_t = sum_k prod_(s=k..t) e_s / (k (k + 1)) ,

each e_t having mean at most 1 where nothing is wrong. E_t reaches 1/alpha ever with probability at most alpha, for
a loop of any length (Ville); a band of 95 % looked at every round rings in most loops.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

Array = npt.NDArray[np.float64]

_NEAR_ONE = 1e-4


def tail(value: float, rehearsed: Array) -> float:
    """Chance that one more rehearsal is as large, by the t distribution.

    Parameters
    ----------
    value : float
        A logarithm.
    rehearsed : ndarray of shape (R,)
        The same logarithm in R rehearsals.
    """
    count = rehearsed.size
    if np.ptp(rehearsed) == 0:
        return 0.5 if value <= rehearsed[0] else 1e-300
    spread = float(rehearsed.std(ddof=1)) * np.sqrt(1 + 1 / count)
    return float(max(stdtr(count - 1, -(value - rehearsed.mean()) / spread), 1e-300))


def bet(p: float) -> float:
    """What a bet against "as rehearsed" becomes: 1/2 for p = 1, large for small p.

    Examples
    --------
    >>> round(bet(1.0), 3), round(bet(0.5), 3), round(bet(0.001), 1)
    (0.5, 0.639, 20.8)
    """
    log = np.log(p)
    if 1 - p < _NEAR_ONE:
        return 0.5
    return float((1 - p + p * log) / (p * log**2))


def process(tails: Array) -> Array:
    """E_t after every round (T,), from the tails of rounds 1 to T."""
    found, value = np.empty(len(tails)), 0.0
    for place, p in enumerate(tails):
        k = place + 1
        value = min((value + 1 / (k * (k + 1))) * bet(float(p)), 1e300)
        found[place] = value
    return found
