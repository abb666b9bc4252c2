"""Two ridge fits, one of the real and one of the synthetic rows: what each lacks, and how far apart they aim.

With the excess errors V_r and V_s of the two fits and the squared shift D between what they estimate, weighing
them by their precision makes n real and m synthetic rows worth

    N_eff = n (1 + V_r / (V_s + D)) ,     a synthetic row   (n/m) V_r / (V_s + D)   real ones,

which is also the weight that it deserves. D does not fall with m, so that the worth does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.weighing.stacked import Fit, Moments, Stack

Array = npt.NDArray[np.float64]

SPREAD = 4.0
"""Factor that holds the worth in four of five tables."""


@dataclass(frozen=True)
class Apart:
    """What the two fits say of each other.

    Attributes
    ----------
    n, m : int
        Real and synthetic rows.
    real, synthetic : float
        Excess errors of both fits, from noise.
    shift : float
        Squared distance between what they aim at, on real inputs.
    penalty : float
        The penalty of both, the real rows' own choice.
    """

    n: int
    m: int
    real: float
    synthetic: float
    shift: float
    penalty: float

    @property
    def worth(self) -> float:
        """Real rows that a synthetic one is worth, among so many; its weight by the formula."""
        return self.n * self.real / (self.m * max(self.synthetic + self.shift, 1e-300))

    @property
    def noise_factor(self) -> float:
        """Part of the worth that is due to the labels' noise, about real over synthetic variance."""
        return self.n * self.real / (self.m * max(self.synthetic, 1e-300))

    @property
    def shift_factor(self) -> float:
        """Part of the worth that the shift leaves."""
        return self.synthetic / max(self.synthetic + self.shift, 1e-300)


def apart(stack: Stack, X: Array, y: Array, grid: Array) -> Apart:
    """Both fits at one penalty: with two, shrinkage would pass for shift.

    Parameters
    ----------
    stack : Stack
        Real rows, and sums over the synthetic ones.
    X, y : ndarray of shape (m, p) and (m,)
        The synthetic rows.
    grid : ndarray of shape (q,)
        Penalties, of which the real rows' leave-one-out error chooses.
    """
    real, other = Fit.of(stack.real), Fit.of(Moments.of(X, y))
    residuals = stack.left_out(real, grid * real.count)
    at = int(np.argmin(np.mean(residuals**2, axis=1)))
    penalty = float(grid[at])
    centred = stack.X - real.mean
    covariance = centred.T @ centred / len(centred)
    of_real = excess(real, stack.X, residuals[at], penalty, covariance)
    alpha = np.array([penalty * other.count])
    of_other = excess(other, X, other.left_out(X, y, alpha)[0], penalty, covariance)
    (one, level), (two, base) = real.model(penalty * real.count), other.model(float(alpha[0]))
    distance = float(np.mean((stack.X @ (two - one) + base - level) ** 2))
    shift = max(distance - of_real - of_other, 0.0)
    return Apart(len(stack.y), len(y), of_real, of_other, shift, penalty)


def excess(fit: Fit, X: Array, residual: Array, penalty: float, covariance: Array) -> float:
    """Excess error from noise: ``sum_i e_i**2 (1 + x_i' K S K x_i) / k**2``, e_i being left out."""
    shrunk = ((X - fit.mean) @ fit.basis) / (fit.values / fit.count + penalty)
    inner = fit.basis.T @ covariance @ fit.basis
    reach = 1 + np.einsum("ij,ij->i", shrunk @ inner, shrunk)
    known = np.isfinite(residual)
    return float(np.sum(residual[known] ** 2 * reach[known]) / fit.count**2)
