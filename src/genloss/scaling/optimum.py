"""The exactly best downstream penalty, searched over the effective penalty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.class_rules import check_plain
from genloss.equivalents import shrinkage_sums, solve
from genloss.scaling.chain import Labels, at_kappa, downstream, labels_of
from genloss.scaling.settings import Settings
from genloss.spectrum import Spectral, Spectrum, directions_of
from genloss.tuning.search import lowest

Array = npt.NDArray[np.float64]

_GRID = 40
_WIDEST = 1e6  # largest effective penalty over the largest eigenvalue


@dataclass(frozen=True, eq=False)
class Best:
    """Best penalties and the errors they reach.

    Attributes
    ----------
    penalty, risk : ndarray
        Each of the broadcast shape of the arguments.
    """

    penalty: Array
    risk: Array


def best_penalty(
    law: Spectral,
    n_samples: npt.ArrayLike,
    *,
    noise: npt.ArrayLike = 0.0,
    generations: npt.ArrayLike = 0,
    generator_samples: npt.ArrayLike | None = None,
    generator_noise: npt.ArrayLike = 0.0,
    generator_penalty: npt.ArrayLike = 0.0,
) -> Best:
    """Downstream penalty with the smallest error, and that error.

    Parameters
    ----------
    law : PowerLaw or Problem
        What there is to learn.
    n_samples, noise, generations, generator_samples, generator_noise, generator_penalty
        As for `PowerLaw.risk`.

    Returns
    -------
    Best

    Raises
    ------
    InvalidInputError
        If an argument is out of range.

    Notes
    -----
    Given kappa, the penalty is ``kappa (1 - df1(kappa) / n_samples)``: searching over kappa needs
    no fixed point. No penalty at all is tried too.

    Examples
    --------
    >>> from genloss.scaling import PowerLaw, best_penalty
    >>> best = best_penalty(PowerLaw(2.0, 0.5), 1e6, noise=1.0)
    >>> round(float(best.penalty * 1e6 ** (2 / 3)), 2), round(float(best.risk * 1e6 ** (2 / 3)), 2)
    (0.85, 1.27)
    """
    spectrum = directions_of(law, "law")
    check_plain(law, "a scaling law")
    settings = Settings.read(
        n_samples,
        noise=noise,
        generations=generations,
        generator_samples=generator_samples,
        generator_noise=generator_noise,
        generator_penalty=generator_penalty,
    )
    found = np.empty((2, settings.n_samples.size))
    everything = np.ones(settings.n_samples.size, dtype=bool)
    for generators, numbers in settings.groups(everything).items():
        labels = labels_of(spectrum, generators)
        for at in numbers:
            found[:, at] = _search(spectrum, labels, settings.n_samples[at], settings.noise[at])
    return Best(*found.reshape(2, *settings.shape))


def _search(spectrum: Spectrum, labels: Labels, n: float, noise: float) -> tuple[float, float]:
    """Best over log kappa; no penalty is tried too."""
    rows, own, zero = np.array([n]), np.array([noise]), np.zeros(1)

    def penalty(kappa: Array) -> Array:
        *_, left, _ = shrinkage_sums(spectrum, kappa, rows)
        return np.maximum(kappa * left / n, 0.0)

    def risk(log_kappa: Array) -> Array:
        kappa = np.exp(log_kappa)
        fits = penalty(kappa), kappa, np.full_like(kappa, noise)
        return at_kappa(spectrum, labels, np.full_like(kappa, n), *fits).total

    bare = solve(spectrum, zero, rows).kappa
    least = float(bare[0]) or 1e-6 * float(spectrum.eigenvalues.min())
    most = _WIDEST * float(spectrum.eigenvalues.max())
    grid = np.linspace(np.log(least), np.log(most), _GRID)
    place, value = lowest(risk, grid, tolerance=1e-7)
    without = float(downstream(spectrum, labels, rows, zero, own, bare).total[0])
    if without <= value:
        return 0.0, without
    return float(penalty(np.exp([place]))[0]), value
