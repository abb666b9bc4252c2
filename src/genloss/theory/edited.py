"""Least squares on real rows of which the last model replaces some labels, again and again.

With H the projection on the rows' space and M the rest, edits D drawn anew and noises e, the errors of
the labels are ``E_t = E_{t-1} - D M E_{t-1} + D e_t``: a model adds the part of that in H to the one before
(`plans.md`). Rows are alike, so that of M's part in a label ``(n - d) / (n + 2)`` leaks into H.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.theory.fit import Stage
from genloss.theory.labelers import Group
from genloss.theory.moments import Moments

Array = npt.NDArray[np.float64]


def extend(
    moments: Moments, stage: Stage, rest: Array, share: float, block: Group, model: int
) -> Array:
    """Fit the next model; ``rest`` is the mean square of the labels' errors in M, of which it returns the next."""
    before = {model - 1: 1.0}
    n, d = stage.n_samples, min(moments.directions.dim, float(stage.n_samples.min()))
    # rows drawn without replacement: one of them, two of them
    m = np.round(share * n) / n
    alone = m * (1 - m) * n / np.maximum(n - 1, 1)
    heard = m * block.variance + alone * rest * (n - d) / (n + 2)
    told = np.where(heard > 0, heard * stage.label_gain, 0.0)
    moments.record(
        model,
        moments.mean(before),
        moments.covariance(before, before) + told,
        lambda u: moments.covariance(before, {u: 1.0}),
        exact=False,
    )
    kept = 1 - m - alone + alone * (n - d + 2) / (n + 2)
    return np.asarray(kept * rest + m * block.variance)
