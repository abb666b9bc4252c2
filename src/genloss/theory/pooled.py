"""Least squares on all rows so far, each block labelled by its predecessor (`theory.md` 2.6).

Exact telescoping, any design: ``w_t = w_{t-1} + A_t^-1 X_t' E_t`` with ``A_t = sum_i X_i'X_i``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.theory.fit import Stage
from genloss.theory.labelers import Group
from genloss.theory.moments import Moments

Array = npt.NDArray[np.float64]


def extend(
    moments: Moments, stage: Stage, overlap: float | Array, block: Group, model: int
) -> None:
    """Add one block: ``E A^-1 X'X A^-1`` is ``overlap`` times what all rows together would give.

    ``overlap`` is the block's share of the pooled rows when all rows are distinct, because rows are
    exchangeable; for t copies of one design it is 1/t**2.
    """
    before = {model - 1: 1.0}
    variance = moments.covariance(before, before)
    if block.noisy:
        variance = variance + (overlap * block.variance) * stage.label_gain
    moments.record(
        model,
        moments.mean(before),
        variance,
        lambda u: moments.covariance({u: 1.0}, {u: 1.0}),
        stage.exact and moments.all_exact(before),
    )
