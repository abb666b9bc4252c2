"""Rules for the downstream penalty: what to type in, without solving anything.

A rule takes the exponents of the problem and returns a penalty per row, an array of the broadcast shape, for eigenvalues that
start at 1; `InvalidInputError` is raised where an argument is out of range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.scaling.exponents import best_penalty_constant, clean_penalty_exponent
from genloss.scaling.settings import array

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NoiseTerms:
    """The effective noise and what it is made of, each of the broadcast shape.

    Attributes
    ----------
    own : ndarray
        Downstream label noise, ``noise**2 / n_samples``.
    tail : ndarray
        Generator noise in directions the downstream fit does not learn: it acts as label noise.
    learned : ndarray
        Generator noise in directions it learns: no number of rows averages it away.
    """

    own: Array
    tail: Array
    learned: Array

    @property
    def total(self) -> Array:
        """The effective noise N."""
        return self.own + self.tail + self.learned


def noise_terms(
    n_samples: npt.ArrayLike,
    *,
    noise: npt.ArrayLike = 1.0,
    generations: npt.ArrayLike = 0,
    generator_samples: npt.ArrayLike | None = None,
    generator_noise: npt.ArrayLike | None = None,
    dim: float = 0,
) -> NoiseTerms:
    """Effective noise in its three parts, for least-squares generators.

    Parameters
    ----------
    n_samples : array_like
        Downstream rows T.
    noise : array_like
        Standard deviation of the downstream label noise (sigma).
    generations, generator_samples : array_like
        Number of generators n, and rows T_0 of each, more than ``dim`` + 1.
    generator_noise : array_like, optional
        Standard deviation of their label noise (sigma_0); default: ``noise``.
    dim : float, default 0
        Number of directions d.

    Raises
    ------
    InvalidInputError
        If there are generators and they have too few rows for least squares.

    Notes
    -----
    `paper.md` section 6: ``N = (sigma**2 + n sigma_0**2 d / (T_0 - d - 1)) / T
    + n sigma_0**2 / (T_0 - d - 1)``.

    Examples
    --------
    >>> terms = noise_terms(1000, noise=0.5, generations=2, generator_samples=601, dim=300)
    >>> round(float(terms.own), 6), round(float(terms.tail), 6), round(float(terms.learned), 6)
    (0.00025, 0.0005, 0.001667)
    """
    rows, sigma = array("n_samples", n_samples, positive=True), array("noise", noise)
    count = array("generations", generations)
    own_noise = sigma if generator_noise is None else array("generator_noise", generator_noise)
    d = _check.non_negative("dim", dim)
    if not (count > 0).any():
        zero = np.zeros(np.broadcast_shapes(rows.shape, sigma.shape, count.shape))
        return NoiseTerms(sigma**2 / rows + zero, zero, zero)
    if generator_samples is None:
        raise InvalidInputError(
            f"generator_samples was None with generations {shown(generations)}; it must be given"
        )
    left = array("generator_samples", generator_samples, positive=True) - d - 1
    if (left <= 0).any():
        raise InvalidInputError(
            f"generator_samples was {shown(generator_samples)}; it must exceed dim + 1 = {d + 1:g} for "
            "least-squares generators"
        )
    learned = count * own_noise**2 / left
    own, tail, learned = np.broadcast_arrays(sigma**2 / rows, learned * d / rows, learned)
    return NoiseTerms(own, tail, learned)


def effective_noise(
    n_samples: npt.ArrayLike,
    *,
    noise: npt.ArrayLike = 1.0,
    generations: npt.ArrayLike = 0,
    generator_samples: npt.ArrayLike | None = None,
    generator_noise: npt.ArrayLike | None = None,
    dim: float = 0,
    leading: bool = False,
) -> Array:
    """Noise N on which the best error depends: the inverse of a number of clean rows.

    Parameters
    ----------
    n_samples, noise, generations, generator_samples, generator_noise, dim
        As for `noise_terms`.
    leading : bool, default False
        Leading order only, ``noise**2 / n_samples + generations * generator_noise**2 /
        generator_samples``, for many more generator rows than directions.

    Returns
    -------
    ndarray
        N, of the broadcast shape. The best error is ``best_error_constant * N**clean_rate``.

    Notes
    -----
    `paper.md` section 6, effective-noise law.

    Examples
    --------
    >>> float(effective_noise(1000, generations=1, generator_samples=1000, leading=True))
    0.002
    """
    rows, directions = generator_samples, dim
    if leading:
        directions = 0
        rows = None if rows is None else np.asarray(rows, dtype=float) + 1
    return noise_terms(
        n_samples,
        noise=noise,
        generations=generations,
        generator_samples=rows,
        generator_noise=generator_noise,
        dim=directions,
    ).total


def clean_rule(n_samples: npt.ArrayLike, *, capacity: float, source: float) -> Array:
    """Penalty that is right for real labels, ``n_samples**-ell_clean``.

    Examples
    --------
    >>> round(float(clean_rule(1000, capacity=2.0, source=0.5)), 12)
    0.01
    """
    rows = array("n_samples", n_samples, positive=True)
    return rows ** -clean_penalty_exponent(capacity, source)


def exponent_rule(
    n_samples: npt.ArrayLike,
    *,
    capacity: float,
    source: float,
    generations: npt.ArrayLike = 0,
    generator_samples: npt.ArrayLike | None = None,
) -> Array:
    """Penalty with the adapted exponent, ``min(T, T_0 / n)**-ell_clean``.

    Notes
    -----
    The same as ``T**-(min(b - a, 1) ell_clean)`` with ``T_0 = T**b`` and ``n = T**a``
    (`paper.md` section 6). It is blind to the size of the noise.

    Examples
    --------
    >>> rule = exponent_rule(1e6, capacity=2.0, source=0.5, generations=8, generator_samples=8000)
    >>> round(float(rule), 12)
    0.01
    """
    rows, count = array("n_samples", n_samples, positive=True), array("generations", generations)
    if generator_samples is not None:
        rows, count, generator_rows = _check.broadcast(
            n_samples=rows,
            generations=count,
            generator_samples=array("generator_samples", generator_samples, positive=True),
        )
        with np.errstate(divide="ignore"):
            rows = np.minimum(rows, np.where(count > 0, generator_rows / count, np.inf))
    elif (count > 0).any():
        raise InvalidInputError(
            f"generator_samples was None with generations {shown(generations)}; it must be given"
        )
    return rows ** -clean_penalty_exponent(capacity, source)


def noise_rule(noise: npt.ArrayLike, *, capacity: float, source: float) -> Array:
    """Penalty of the effective noise, ``N**ell_clean``.

    Parameters
    ----------
    noise : array_like
        Effective noise N, see `effective_noise`; it includes the square of the label noise.
    capacity, source : float
        Exponents of the problem.

    Notes
    -----
    `paper.md` section 6: as if the sample size were 1 / N.

    Examples
    --------
    >>> round(float(noise_rule(0.001, capacity=2.0, source=0.5)), 12)
    0.01
    """
    return array("noise", noise) ** clean_penalty_exponent(capacity, source)


def noise_rule_with_constants(
    noise: npt.ArrayLike, *, capacity: float, source: float, scale: float = 1.0, signal: float = 1.0
) -> Array:
    """Penalty that minimises the leading order, ``(Cv N / (2 beta r Cb))**ell_clean``.

    Parameters
    ----------
    noise : array_like
        Effective noise N, with the square of the label noise in it: for downstream noise alone it
        is ``noise**2 / n_samples``.
    capacity, source : float
        Exponents of the problem; source not 0 or 1.
    scale, signal : float, default 1.0
        First eigenvalue and first signal, for eigenvalues ``scale * i**-capacity`` and signal
        ``signal * i**-(1 + 2 capacity source)``.

    Notes
    -----
    The error ``signal Cb (kappa / scale)**(2 r) + Cv (kappa / scale)**(-1 / beta) N`` is least at
    ``kappa = scale * (Cv N / (2 beta r Cb signal))**(beta / (2 beta r + 1))``, for any noise: the
    best penalty grows with the noise like ``(noise**2)**ell_clean``.

    Examples
    --------
    >>> round(float(noise_rule_with_constants(0.001, capacity=2.0, source=0.5)), 6)
    0.008513
    """
    level = array("noise", noise) / _check.positive("signal", signal)
    constant = best_penalty_constant(capacity, source)
    power = level ** clean_penalty_exponent(capacity, source)
    return _check.positive("scale", scale) * constant * power
