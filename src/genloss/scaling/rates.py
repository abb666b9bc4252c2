"""The two rates of the clean law, on which all other exponents build (`paper.md` section 6)."""

from __future__ import annotations

from genloss import _check
from genloss.scaling.spectrum import check_exponents


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
