"""Rates of the clean law, and what its powers are multiplied by (`paper.md` section 6)."""

from __future__ import annotations

import math
from typing import NamedTuple

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.scaling.power_law import check_exponents


def saturated(source: float) -> float:
    """``min(source, 1)``: ridge regression cannot use more smoothness than 1."""
    return min(_check.non_negative("source", source), 1.0)


def clean_penalty_exponent(capacity: float, source: float) -> float:
    """Exponent of the best penalty on real noisy labels, ``beta / (2 beta r + 1)``.

    Examples
    --------
    >>> clean_penalty_exponent(1.5, 0.5)
    0.6
    """
    beta, r = check_exponents(capacity, source)
    return beta / (2 * beta * saturated(r) + 1)


def clean_rate(capacity: float, source: float) -> float:
    """Rate c of the error on real noisy labels, ``2 beta r / (2 beta r + 1)``.

    Examples
    --------
    >>> clean_rate(1.5, 0.5), clean_rate(2.0, 1.5)
    (0.6, 0.8)
    """
    beta, r = check_exponents(capacity, source)
    return 2 * beta * saturated(r) / (2 * beta * saturated(r) + 1)


def noiseless_rate(capacity: float, source: float) -> float:
    """Rate of the error on real labels without noise, ``2 beta min(r, 1)``.

    Examples
    --------
    >>> noiseless_rate(1.5, 0.5)
    1.5
    """
    beta, r = check_exponents(capacity, source)
    return 2 * beta * saturated(r)


class InterpolationConstants(NamedTuple):
    """What minimum-norm interpolation of many rows tends to.

    Attributes
    ----------
    kappa : float
        ``kappa_0 * rows**capacity``.
    df2 : float
        Second degrees of freedom per row.
    variance : float
        Error per unit of label-noise variance (u), which does not fall with the rows.
    """

    kappa: float
    df2: float
    variance: float


def bias_constant(capacity: float, source: float) -> float:
    """``Cb`` of ``bias = Cb kappa**(2 min(r, 1))``.

    Raises
    ------
    InvalidInputError
        If ``source`` is 0 or exactly 1, where the bias is not a power (a logarithm comes in).

    Notes
    -----
    ``B(2 - 2 r, 2 r) / beta`` for 0 < r < 1. Saturated, r > 1, the bias is
    ``kappa**2 sum_i truth_i**2 / eigenvalue_i``, hence ``zeta(1 + 2 beta (r - 1))``.

    Examples
    --------
    >>> round(bias_constant(2.0, 0.5), 12)
    0.5
    """
    from scipy.special import beta as beta_function
    from scipy.special import zeta

    beta, r = check_exponents(capacity, source)
    if r in (0, 1):
        raise InvalidInputError(
            f"source was {source}; the bias has a constant for every other source > 0 (at 1 it "
            "carries a logarithm)"
        )
    if r > 1:
        return float(zeta(1 + 2 * beta * (r - 1)))
    return float(beta_function(2 - 2 * r, 2 * r)) / beta


def variance_constant(capacity: float) -> float:
    """``Cv`` of ``df2 = Cv kappa**(-1 / beta)``.

    Examples
    --------
    >>> round(variance_constant(2.0), 6)  # pi / 4
    0.785398
    """
    beta, _ = check_exponents(capacity, 0.0)
    return (1 - 1 / beta) * _reflection(beta)


def best_penalty_constant(capacity: float, source: float) -> float:
    """Best penalty over ``N**ell_clean``, N the effective noise: ``(Cv / (2 beta r Cb))**ell``.

    Examples
    --------
    >>> round(best_penalty_constant(2.0, 0.5), 4)
    0.8513
    """
    slope = noiseless_rate(capacity, source) * bias_constant(capacity, source)
    ratio = variance_constant(capacity) / slope
    return float(ratio ** clean_penalty_exponent(capacity, source))


def best_error_constant(capacity: float, source: float) -> float:
    """Best error over ``N**c``, N the effective noise: ``Cb k**(2 r) (1 + 2 beta r)``.

    Examples
    --------
    >>> round(best_error_constant(2.0, 0.5), 4)
    1.2769
    """
    k = best_penalty_constant(capacity, source)
    power = k ** (2 * saturated(source))
    return float(bias_constant(capacity, source) * power * (1 + noiseless_rate(capacity, source)))


def interpolation_constants(capacity: float) -> InterpolationConstants:
    """Constants of minimum-norm interpolation in many more directions than rows.

    Notes
    -----
    ``kappa_0 = ((pi / beta) / sin(pi / beta))**beta rows**-beta``, ``df2 = (1 - 1 / beta) rows``,
    hence ``u = beta - 1``.

    Examples
    --------
    >>> round(interpolation_constants(2.0).kappa, 4)
    2.4674
    """
    beta, _ = check_exponents(capacity, 0.0)
    return InterpolationConstants(float(_reflection(beta) ** beta), 1 - 1 / beta, beta - 1)


def _reflection(beta: float) -> float:
    return (math.pi / beta) / math.sin(math.pi / beta)
