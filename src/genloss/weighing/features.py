"""Both tables as a model sees them: standardised by the real one, or as features of a kernel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.estimate.kernels import Kernel, nystrom_features
from genloss.estimate.standardise import Standardiser
from genloss.weighing.pair import Pair
from genloss.weighing.stacked import spanning

Array = npt.NDArray[np.float64]


class Features(NamedTuple):
    """Columns of real and synthetic rows, and features of a model; where it is linear, as few as span them."""

    plain: Array
    plain_synthetic: Array
    X: Array
    X_synthetic: Array
    scale: float  # of penalties: the trace of a kernel's covariance

    @classmethod
    def of(cls, pair: Pair, kernel: Kernel | None, landmarks: int, seed: int) -> Features:
        """Standardise, and map to the features of a kernel if there is one."""
        standardise = Standardiser.of(pair.X)
        plain, other = standardise(pair.X), standardise(pair.X_synthetic)
        every, scale = np.vstack([plain, other]), 1.0
        if kernel is not None:
            every = nystrom_features(every, kernel, landmarks, seed)(every)
            every -= every[: len(plain)].mean(axis=0)
            scale = float(np.mean(np.sum(every[: len(plain)] ** 2, axis=1)))
        elif (span := spanning(every)) is not None:
            every = every @ span
        return cls(plain, other, every[: len(plain)], every[len(plain) :], scale)
