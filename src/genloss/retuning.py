"""Which penalties a fit with ``penalty="cv"`` chooses among, in theory and literally alike.

The unit is the trace of the covariance of the fitted rows, each counted with its weight: the penalties
are a quarter of a decade apart, from 1e-8 to 10 traces, and the best of them is refined between
its neighbours. The same as scikit-learn's ``RidgeCV`` with ``alphas = n * trace * GRID``, but for
the refinement.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

GRID = 10.0 ** (np.arange(-32, 5) / 4)
"""Penalties that are tried, in units of the trace, shape (37,)."""

_FINE = 17  # penalties between the neighbours of the best of the grid, before a parabola


class Choice(NamedTuple):
    """What was chosen, and what it hangs on.

    Attributes
    ----------
    penalty : float
    tried : ndarray of shape (3,) or (0,)
        Penalties about it whose errors decide where it is; none where it is one of those that are tried.
    slopes : ndarray of the same shape
        Slopes of its logarithm in these errors.
    """

    penalty: float
    tried: Array
    slopes: Array


def best_penalty(error: Callable[[Array], Array], trace: float) -> float:
    """The penalty of least error.

    Parameters
    ----------
    error : callable
        Error of every penalty of an array, shape (k,) to (k,); its scale does not matter.
    trace : float
        Mean over the fitted rows of weight times trace of the covariance.

    Returns
    -------
    float
        Between ``GRID[0] * trace`` and ``GRID[-1] * trace``; of equal errors the smallest penalty's.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.retuning import best_penalty
    >>> round(best_penalty(lambda lam: np.log(lam / 0.02) ** 2, trace=3.0), 9)
    0.02
    """
    return choice(error, trace).penalty


def choice(error: Callable[[Array], Array], trace: float) -> Choice:
    """The same, with the errors that it hangs on.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.retuning import choice
    >>> found = choice(lambda lam: np.log(lam / 0.02) ** 2, trace=3.0)
    >>> bool(abs(found.slopes.sum()) < 1e-9 * abs(found.slopes).max())  # only differences of errors matter
    True
    """
    logs = np.log(GRID * trace)
    at = int(np.argmin(error(np.exp(logs))))
    fine = np.linspace(logs[max(at - 1, 0)], logs[min(at + 1, logs.size - 1)], _FINE)
    values = error(np.exp(fine))
    near = int(np.argmin(values))
    if 0 < near < fine.size - 1:
        before, least, after = values[near - 1 : near + 2]
        bend = before + after - 2 * least
        if bend > 0:
            width = float(fine[1] - fine[0])
            shift = (before - after) / (2 * bend)
            slopes = width / bend**2 * np.array([after - least, before - after, least - before])
            tried = np.exp(fine[near - 1 : near + 2])
            return Choice(float(np.exp(fine[near] + shift * width)), tried, slopes)
    return Choice(float(np.exp(fine[near])), np.empty(0), np.empty(0))
