"""Where the signal lies, and how much is noise, from leave-one-out errors.

At every penalty, with kappa, df1 and df2 of the estimated spectrum (`theory.md` 2.2),

    loo * (1 - df2 / k) = sum_j energy_j kappa**2 / (s_j + kappa)**2 + noise**2,

linear in the energies ``truth_j**2 s_j`` and the noise's variance, none of which is negative. What stands
in brackets has another form for rows of unequal weight (`row_weights.balance`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.estimate.nonnegative import nonnegative
from genloss.estimate.readings import Reading

Array = npt.NDArray[np.float64]

_FAINT = 0.1  # share of the largest error, added to errors, so that no penalty goes unheard


def places(spectrum: Array, grid: Array) -> npt.NDArray[np.intp]:
    """Directions that may carry signal: the neighbours of every node of the grid."""
    below = np.searchsorted(-spectrum, -grid)
    return np.unique(np.clip(np.append(below, below - 1), 0, spectrum.size - 1))


def fit_energies(
    readings: Sequence[Reading], spectrum: Array, chosen: npt.NDArray[np.intp]
) -> tuple[Array, float]:
    """Energies along the ``chosen`` directions, and the noise's variance, that explain the errors.

    Relative residuals have weight ``(least error / error)**2``: what matters is where models are good, and
    there real rows are most like Gaussian ones.
    """
    rows, goal = [], []
    for reading in readings:
        kappa = reading.kappa[:, None]
        bias = kappa / (spectrum + kappa)
        # 1 - df2/k as a sum of positive terms, which does not cancel at tiny penalties
        free = reading.kept + reading.each * (bias * (1 - bias)).sum(axis=1)
        faint = _FAINT * reading.loo.max()
        weight = np.sqrt(reading.rows) * ((reading.loo.min() + faint) / (reading.loo + faint)) ** 2
        terms = np.column_stack([bias[:, chosen] ** 2, np.ones(kappa.size)])
        rows.append(terms * (weight / (reading.loo * free))[:, None])
        goal.append(weight)
    found = nonnegative(np.vstack(rows), np.concatenate(goal))
    return found[:-1], float(found[-1])
