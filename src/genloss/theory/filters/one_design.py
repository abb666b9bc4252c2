"""Any number of generations on one design: each model is one filter of the truth and one of every noise.

With h the filter's ``x g(x)`` and labels ``a w* + b w_{t-1}``, the truth's filter is ``h (a + b f_{t-1})`` and
the noises' powers add up, ``N_t = (b h)**2 N_{t-1} + noise**2 h**2 / x``: the cost does not grow with the
number of generations (`filters.md`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from genloss.theory.filters.contour import Complex, Contour

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OnDesign:
    """A model on a design that others were fitted on.

    Attributes
    ----------
    contour : Contour
    truth : ndarray of shape (k,)
        Its filter of the truth, at the nodes of the contour.
    noise : ndarray of shape (k,)
        Sum of the squared filters of all label noises, times x.
    """

    contour: Contour
    truth: Complex
    noise: Complex

    @classmethod
    def nothing(cls, contour: Contour) -> OnDesign:
        """The model zero."""
        return cls(contour, np.zeros_like(contour.z), np.zeros_like(contour.z))

    def labels_next(self, values: Complex, real: float, share: float, variance: float) -> OnDesign:
        """The next model: fitted by a filter to ``real`` times the truth and ``share`` times this one."""
        truth = values * (real + share * self.truth)
        noise = (share * values) ** 2 * self.noise + variance * values**2 / self.contour.z
        return replace(self, truth=truth, noise=noise)

    def risk(self) -> tuple[float, float]:
        """Bias and variance."""
        contour = self.contour
        s, signal, count = (
            contour.directions.eigenvalues,
            contour.directions.energy,
            contour.directions.multiplicity,
        )
        bias = s @ (signal * (1 - contour.mean(self.truth)) ** 2)
        spread = contour.spread(self.truth, self.truth, signal)
        spread = spread + count * contour.mean(self.noise) / contour.n
        return float(bias), float(s @ spread)
