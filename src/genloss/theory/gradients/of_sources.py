"""A fit to new rows that theory sees source by source: any labels, any rule that keeps rows, or two class means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.generation import sources_of
from genloss.theory.gradients.fields import OfFields

Array = npt.NDArray[np.float64]


class OfSources(OfFields):
    """One fit.

    Parameters
    ----------
    directions : Spectrum
    step : Step
    penalty : float
    along : sequence of int
        Models that label later ones, as this one does.
    centre : float or None
        Of rows about the centres of two classes.
    moving : bool, default True
        Whether slopes in rows, weights and noise are asked for; else they are NaN where they take work of their own.
    """

    def __init__(
        self,
        directions: Spectrum,
        step: Step,
        penalty: float,
        along: Sequence[int],
        centre: float | None,
        moving: bool = True,
    ) -> None:
        read = sources_of(step, directions.eigenvalues, centre, {})
        self._sources, fields, self._sigma, self._towards = read
        super().__init__(directions, step._replace(penalty=penalty), along, fields)
        self._moving = moving

    def _fitted(self, second: Array, ridge: float = 0.0) -> Fit:
        """The fit with second moments (k, k, p) of the fields."""
        count, dim = self._directions.multiplicity, self._directions.dim
        return Fit(self._sources, second, self._sigma, count, ridge, self._towards, dim)
