"""Rows whose label is close to what another model says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.keep._base import Array, Keep


@dataclass(frozen=True)
class Near(Keep):
    """Kept where ``|y - x'c| < within``: labels that a verifier finds plausible.

    Of several classes the length of the difference of all columns, labels one-hot less ``1 / classes``.

    Parameters
    ----------
    labeler : str, int or mapping
        The verifier c: "real", "previous", the number of an earlier model, a mixture, or a model
        from outside.
    within : float
        Largest distance from the label, in its units.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss import keep
    >>> keep.Near("real", within=1).accepts(np.array([1.0, 3.0]), np.array([0.5, 0.5]))
    array([ True, False])
    """

    labeler: Any
    within: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "within", _check.positive("within", self.within))

    def several(self, labels: Array, values: Array) -> npt.NDArray[np.bool_]:
        """Whether the columns are near together."""
        return np.asarray(np.linalg.norm(labels - values, axis=-1) < self.within)

    def intervals(self, labels: Array) -> Sequence[tuple[Array, Array]]:
        """Around the label."""
        return ((np.subtract(labels, self.within), np.add(labels, self.within)),)
