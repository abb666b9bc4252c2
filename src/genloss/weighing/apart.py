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

_ERRORS = 1.645
"""Standard errors of the shift and of the noise on either side."""
_MODEL = 1.0
"""Logarithm of the worth by which learning curves of real tables differ from the formula, on either side."""


@dataclass(frozen=True)
class Apart:
    """What the two fits say of each other.

    Attributes
    ----------
    n, m : int
        Real and synthetic rows.
    real, synthetic : float
        Excess errors of both fits, from noise.
    off : float
        Squared distance of the fits on real inputs, less both: the shift between what they aim at, or below 0.
    penalty : float
        The penalty of both, the real rows' own choice.
    off_error : float
        Standard error of ``off``.
    real_error : float
        That of ``real``, relative to it.
    """

    n: int
    m: int
    real: float
    synthetic: float
    off: float
    penalty: float
    off_error: float
    real_error: float

    @classmethod
    def of(cls, own: Array, made: Array, moved: Array, penalty: float) -> Apart:
        """From what every row moves its fit by.

        Parameters
        ----------
        own, made : ndarray of shape (n, k) and (m, k)
            Of real and of synthetic rows, in coordinates in which squared lengths are errors.
        moved : ndarray of shape (k,)
            The second fit less the first.
        penalty : float
            Of both.
        """
        parts = np.sum(own**2, axis=1), np.sum(made**2, axis=1)
        real, synthetic = (float(part.sum()) for part in parts)
        unsure = [float(np.sqrt(part.size) * part.std()) for part in parts]
        noise = own.T @ own + made.T @ made
        square = float(np.sum(noise**2))
        crossed = max(float(moved @ noise @ moved) - square, 0.0)
        spread = np.sqrt(2 * square + 4 * crossed + unsure[0] ** 2 + unsure[1] ** 2)
        return cls(
            len(own), len(made), real, synthetic, float(moved @ moved) - real - synthetic, penalty,
            float(spread), unsure[0] / max(real, 1e-300),
        )  # fmt: skip

    @property
    def shift(self) -> float:
        """Squared distance between what they aim at, on real inputs."""
        return max(self.off, 0.0)

    @property
    def worth(self) -> float:
        """Real rows that a synthetic one is worth, among so many; its weight by the formula."""
        return self._worth(self.shift)

    @property
    def range(self) -> tuple[float, float]:
        """Ends of its 90 % interval: from the errors of shift and noise, and from those of the formula."""
        slack = np.exp(_MODEL + _ERRORS * self.real_error)
        near = max(self.off - _ERRORS * self.off_error, 0.0)
        far = self.shift + _ERRORS * self.off_error
        return float(self._worth(far) / slack), float(self._worth(near) * slack)

    def _worth(self, shift: float) -> float:
        return self.n * self.real / (self.m * max(self.synthetic + shift, 1e-300))

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
    half = root(centred.T @ centred / len(centred))
    alpha = np.array([penalty * other.count])
    own = moves(real, stack.X, residuals[at], penalty, half)
    made = moves(other, X, other.left_out(X, y, alpha)[0], penalty, half)
    (one, level), (two, base) = real.model(penalty * real.count), other.model(float(alpha[0]))
    moved = np.append(base - level + real.mean @ (two - one), half @ (two - one))
    return Apart.of(own, made, moved, penalty)


def excess(fit: Fit, X: Array, residual: Array, penalty: float, covariance: Array) -> float:
    """Excess error from noise: ``sum_i e_i**2 (1 + x_i' K S K x_i) / k**2``, e_i being left out."""
    return float(np.sum(moves(fit, X, residual, penalty, root(covariance)) ** 2))


def moves(fit: Fit, X: Array, residual: Array, penalty: float, half: Array) -> Array:
    """What the noise of every row moves a fit by (k, p + 1), squared lengths being errors.

    ``half`` (p, p) is the root of the covariance of the inputs on which errors are made; residuals are left out.
    """
    shrunk = ((X - fit.mean) @ fit.basis) / (fit.values / fit.count + penalty)
    each = np.where(np.isfinite(residual), residual, 0.0)[:, None] / fit.count
    return np.hstack([each, each * (shrunk @ (fit.basis.T @ half))])


def root(square: Array) -> Array:
    """Symmetric root of a matrix without negative eigenvalues."""
    values, basis = np.linalg.eigh(square)
    return np.asarray((basis * np.sqrt(np.maximum(values, 0.0))) @ basis.T)
