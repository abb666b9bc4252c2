"""Errors of the real rows against the weight of a synthetic one, and which weight they speak for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.weighing.stacked import LABELERS, Fit, Stack

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NEAR = 1.0
"""Paired standard errors within which a weight may be chosen."""

PLAUSIBLE = 1.5
"""Paired standard errors of the range that is printed."""

_NOTHING = 1e-4  # where weight 0 stands on a logarithmic scale


@dataclass(frozen=True, eq=False)
class Surface:
    """What every weight makes of the real rows, each at the penalty that is best there.

    Attributes
    ----------
    weights, penalties : ndarray of shape (k,)
        Weights of a synthetic row, and the penalty of least error at each; NaN where there is none.
    losses : ndarray of shape (k, n)
        Squared residuals of the real rows, or what else they cost, each under a fit that has not
        seen it.
    wrong : ndarray of shape (k, n) or None
        Of classes, 1 where another class is said, else 0.
    """

    weights: Array
    penalties: Array
    losses: Array
    wrong: Array | None = None

    @property
    def errors(self) -> Array:
        """Mean loss (k,) of the real rows."""
        return np.asarray(np.mean(self.losses, axis=1))

    @property
    def least(self) -> int:
        """Place of the least error."""
        return int(np.argmin(self.errors))

    def alike(self, standard_errors: float) -> Mask:
        """Weights whose error is within so many paired standard errors of the least one."""
        more = self.errors - self.errors[self.least]
        return np.asarray(more <= standard_errors * self.apart(self.least))

    def apart(self, place: int) -> Array:
        """Standard errors (k,) of the differences from the error at a place, over rows."""
        more = self.losses - self.losses[place]
        return np.asarray(more.std(axis=1, ddof=1) / np.sqrt(more.shape[1]))

    def nearest(self, formula: float) -> int:
        """Place of the weight nearest to the formula's among those that cannot be told from the best."""
        apart = np.abs(np.log(np.maximum(self.weights, _NOTHING) / max(formula, _NOTHING)))
        return int(np.argmin(np.where(self.alike(NEAR), apart, np.inf)))

    @property
    def plausible(self) -> tuple[float, float]:
        """Least and largest weight that may be the best one."""
        known = self.weights[self.alike(PLAUSIBLE)]
        return float(known.min()), float(known.max())


def surface(weights: Array, grid: Array, found: Iterable[Array]) -> Surface:
    """The best of all penalties, for every weight; ``found`` has residuals (q, n) a weight."""
    penalties, losses = [], []
    for each in found:
        at = int(np.argmin(np.mean(each**2, axis=1)))
        penalties.append(grid[at])
        losses.append(each[at] ** 2)
    return Surface(weights, np.array(penalties), np.array(losses))


def left_out(stack: Stack, weights: Array, grid: Array) -> Surface:
    """Exact leave-one-out errors, for rows whose labels owe nothing to the real ones."""
    fits = stack.fits(weights)
    return surface(weights, grid, (stack.left_out(fit, grid * fit.count) for fit in fits))


def chained(stack: Stack, weights: Array, grid: Array) -> Surface:
    """Leave-one-out errors for rows labelled by a model of the real ones, which loses the row as well.

    The real table's ridge, at the penalty that comes nearest to the labels, stands for that model: without row i its labels change by the residual r_i
    of that row times ``1/n + (x_s - mu_r)' u_i``, with ``u_i = (X_c'X_c + alpha_0)^-1 (x_i - mu_r)``, and the
    fit to them follows:

        e_i = (y_i - fit_i + w sum_s (1/N + (x_i - mu)'A^-1 (x_s - mu)) change_is) / (1 - h_i) .
    """
    own = Fit.of(stack.real)
    alphas = own.count * LABELERS
    at = stack.closest(own, alphas)
    alpha = float(alphas[at])
    residual = stack.left_out(own, alphas[at : at + 1])[0]
    lifted = ((stack.X - own.mean) @ own.basis / (own.values + alpha)) @ own.basis.T
    changes = _Changes(stack, own.mean, lifted, residual)
    fits = stack.fits(weights)
    found = (
        changes.left_out(fit, float(w), grid * fit.count)
        for w, fit in zip(weights, fits, strict=True)
    )
    return surface(weights, grid, found)


@dataclass(frozen=True, eq=False)
class _Changes:
    """What labels lose by every real row, as sums over the synthetic rows."""

    stack: Stack
    mean: Array
    lifted: Array
    residual: Array

    def left_out(self, fit: Fit, weight: float, alphas: Array) -> Array:
        """Residuals (q, n) with the correction."""
        stack, others = self.stack, self.stack.synthetic
        n, moved = len(stack.y), others.total - others.count * self.mean
        constant = others.count / n + self.lifted @ moved
        # sum_s (x_s - mu) change_s, of shape (n, p)
        cross = others.gram - np.outer(others.total, self.mean) - np.outer(fit.mean, moved)
        slopes = (others.total - others.count * fit.mean) / n + self.lifted @ cross.T
        Z, shrunk = (stack.X - fit.mean) @ fit.basis, fit.shrunk(alphas)
        passed = constant[:, None] / fit.count + (Z * (slopes @ fit.basis)) @ shrunk
        leverage = Z**2 @ shrunk + 1 / fit.count
        plain = stack.left_out(fit, alphas).T
        return (plain + weight * passed * self.residual[:, None] / (1 - leverage)).T
