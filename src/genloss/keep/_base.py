"""What every rule that keeps rows can say of itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._family import Member

Array = npt.NDArray[np.float64]


class Keep(Member):
    """A row is kept where the judge's value lies in one of some intervals, which its label decides.

    Attributes
    ----------
    labeler : str, int or mapping, or None
        The judge; None for the row's own labeler. A field, or ``labeler = None`` in the class.
        `Source` checks it, and makes a mixture a value that can be compared.
    """

    labeler: Any

    @abstractmethod
    def intervals(self, labels: Array) -> Sequence[tuple[Array, Array]]:
        """Lower and upper ends of the intervals, each in the labels' shape; they do not overlap."""

    def several(self, labels: Array, values: Array) -> npt.NDArray[np.bool_] | None:  # noqa: ARG002
        """Whether each row of several classes is kept, which lie along the last axis.

        None, as here, where the rule is not one of several classes.
        """
        return None

    def accepts(self, labels: Array, values: Array) -> npt.NDArray[np.bool_]:
        """Whether each row is kept, given its label and the judge's value."""
        kept = np.zeros(np.shape(values), dtype=bool)
        for low, high in self.intervals(labels):
            kept |= (values > low) & (values < high)
        return kept
