"""The master recursion: one formula for every setting (`paper.md` section 3).

It runs backwards, from the test metric through the downstream fit to the first generator, and never
holds the moments of a model; `genloss.predict` runs forwards and does. The two share the effective
penalty and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.equivalents import effective_penalty
from genloss.papers.demystified.conditions import near_dim
from genloss.papers.demystified.decomposition import Decomposition
from genloss.papers.demystified.setting import Setting

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """One fit acting on a metric ``A`` (diagonal in the eigenbasis).

    Attributes
    ----------
    shrink : ndarray of shape (p,)
        ``D = E[M]``, diagonal.
    pull : ndarray of shape (p,)
        ``kappa**2 lambda / (lambda + kappa)**2``.
    gain : ndarray of shape (p,)
        ``tau(A) = gain @ A``: the error that label noise of variance 1 makes in metric A.
    """

    shrink: Array
    pull: Array
    gain: Array

    @classmethod
    def of(cls, spectrum: Array, n_samples: int, penalty: float) -> Fit:
        """Build the fit on ``n_samples`` rows; exact for least squares with rows to spare."""
        found = effective_penalty(spectrum, penalty, n_samples)
        k = float(found.kappa)
        if k == 0:
            left = n_samples - spectrum.size - 1
            gain = 1 / (spectrum * left) if left > 0 else np.full(spectrum.size, np.inf)
            return cls(np.ones_like(spectrum), np.zeros_like(spectrum), gain)
        b = spectrum / (spectrum + k) ** 2
        gain = b / rows_left(spectrum, n_samples, penalty, k)
        return cls(spectrum / (spectrum + k), k**2 * b, gain)

    def tau(self, metric: Array) -> float:
        """Error that label noise of variance 1 makes."""
        return float(self.gain @ metric)

    def through(self, metric: Array) -> Array:
        """``G(A)``, diagonal of ``E[M A M]``: the metric before the fit."""
        through = self.shrink**2 * metric
        return through + self.pull * self.tau(metric) if self.pull.any() else through


def rows_left(spectrum: Array, n_samples: int, penalty: float, kappa: float) -> float:
    """``n_samples - df2(kappa)`` as a sum of positive terms, in which nothing cancels."""
    return float(n_samples * penalty / kappa + kappa * np.sum(spectrum / (spectrum + kappa) ** 2))


def master_recursion(setting: Setting) -> Decomposition:
    """Test error of any setting of the paper: any covariance, sizes, penalties, either design.

    Parameters
    ----------
    setting : Setting
        With generators on the same design only if they have no penalty.

    Returns
    -------
    Decomposition
        Deterministic equivalents; exact if every fit is least squares with rows to spare.
        Here ``bias`` is the whole error without label noise, which for over-parametrised
        generators holds the spread of their projections too.

    Raises
    ------
    NoTheoryError
        For generators with a penalty on the same design.

    Notes
    -----
    `paper.md` section 3, with ``T - d - 1`` for least squares.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, master_recursion
    >>> problem = gl.Problem.power_law(200, capacity=1.5, source=0.5)
    >>> setting = Setting(problem=problem, n_samples=150, penalty=1e-3, generations=3,
    ...                   generator_samples=80)
    >>> forwards = gl.predict(problem, setting.plan()).risk[-1]
    >>> bool(abs(master_recursion(setting).risk / forwards - 1) < 1e-12)
    True
    """
    _check.instance("setting", setting, Setting)
    s, c2 = setting.problem.spectrum, setting.problem.truth**2
    generators = _generators(setting)
    downstream = Fit.of(s, setting.n_samples, setting.penalty)
    metric, mean = downstream.through(s), downstream.shrink
    variance = setting.noise**2 * downstream.tau(s) if setting.noise else 0.0
    inherited = 0.0
    for fit, power in reversed(generators):
        inherited += power * fit.tau(metric) if power else 0.0
        metric, mean = fit.through(metric), mean * fit.shrink
    return Decomposition(
        bias=float(c2 @ metric - 2 * (c2 * s) @ mean + c2 @ s),
        variance=variance,
        inherited=inherited,
        exact=not any(fit.pull.any() for fit, _ in [*generators, (downstream, 0.0)]),
        warnings=near_dim(setting),
    )


def _generators(setting: Setting) -> list[tuple[Fit, float]]:
    """Fits of the generators with their noise variances; one fit only if they share a design."""
    from genloss.errors import NoTheoryError

    s, penalty = setting.problem.spectrum, setting.generator_penalty
    powers = [noise**2 for noise in setting.noises]
    if setting.design == "independent" or setting.generations < 2:
        fits = {rows: Fit.of(s, rows, penalty) for rows in set(setting.sizes)}
        return [(fits[rows], power) for rows, power in zip(setting.sizes, powers, strict=True)]
    if penalty > 0:
        raise NoTheoryError(
            f"generator_penalty was {penalty} on the same design; the recursion needs independent "
            "designs or no penalty, but genloss.predict(problem, setting.plan()) knows it"
        )
    # the projection on the rows acts once however often it is applied
    return [(Fit.of(s, setting.sizes[0], 0.0), sum(powers))]
