"""Rows whose class another model finds too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.keep._base import Array, Keep


@dataclass(frozen=True)
class Agrees(Keep):
    """Kept where ``x'c`` has the sign of the label: a verifier that gives the same class.

    Of several classes where the verifier's largest value is the label's.

    Parameters
    ----------
    labeler : str, int or mapping
        The verifier c: "real", "previous", the number of an earlier model, a mixture, or a model
        from outside.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss import keep
    >>> keep.Agrees("real").accepts(np.array([1.0, -1.0]), np.array([0.5, 0.5]))
    array([ True, False])
    """

    labeler: Any

    def several(self, labels: Array, values: Array) -> npt.NDArray[np.bool_]:
        """Whether the class is the same."""
        return labels.argmax(axis=-1) == values.argmax(axis=-1)

    def intervals(self, labels: Array) -> Sequence[tuple[Array, Array]]:
        """Above zero or below it."""
        far = np.full(np.shape(labels), np.inf)
        positive = np.asarray(labels) > 0
        return ((np.where(positive, 0.0, -far), np.where(positive, far, 0.0)),)
