"""Rows of which the labeler is sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.keep._base import Array, Keep


@dataclass(frozen=True)
class Confident(Keep):
    """Kept where ``|x'c| > threshold``: pseudo-labels above a confidence.

    Of several classes where the largest value is ahead of the next by more than the threshold.

    Parameters
    ----------
    threshold : float
        In units of the labeler's values, not a probability: a logistic model is surer than p where
        ``|x'c| > log(p / (1 - p))``.
    labeler : str, int or mapping, optional
        Whose confidence; default: the row's own labeler.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss import keep
    >>> keep.Confident(1.5).accepts(np.array([1.0, 1.0]), np.array([0.3, -2.0]))
    array([False,  True])
    """

    threshold: float
    labeler: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", _check.non_negative("threshold", self.threshold))

    def several(self, labels: Array, values: Array) -> npt.NDArray[np.bool_]:  # noqa: ARG002
        """Whether the largest value is far enough ahead."""
        next_, top = np.moveaxis(np.partition(values, [-2, -1], axis=-1)[..., -2:], -1, 0)
        return top - next_ > self.threshold

    def intervals(self, labels: Array) -> Sequence[tuple[Array, Array]]:
        """Below minus the threshold, and above it."""
        far, limit = np.full(np.shape(labels), np.inf), np.full(np.shape(labels), self.threshold)
        return (-far, -limit), (limit, far)
