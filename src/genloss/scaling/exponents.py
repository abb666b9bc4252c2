"""Every exponent and constant of the founding paper's power laws, as pure functions.

`paper.md` section 6: eigenvalues ``i**-capacity`` (beta), signal ``i**-(1 + 2 capacity source)``
(source is r), downstream rows T, penalty ``T**-penalty_exponent`` (ell), generator rows
``T**generator_growth`` (b), number of generators ``T**generation_growth`` (a). An error with
exponent e falls like ``T**-e``; a negative exponent means that it grows. `InvalidInputError` is raised
where capacity is not above 1, or a source or penalty exponent is negative.
"""

from __future__ import annotations

from typing import NamedTuple

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.scaling.constants import (
    InterpolationConstants,
    best_error_constant,
    best_penalty_constant,
    bias_constant,
    clean_penalty_exponent,
    clean_rate,
    interpolation_constants,
    noiseless_rate,
    saturated,
    variance_constant,
)
from genloss.scaling.power_law import check_exponents

__all__ = [
    "InterpolationConstants",
    "ModifiedExponents",
    "best_error_constant",
    "best_penalty_constant",
    "best_penalty_exponent",
    "best_rate",
    "bias_constant",
    "bias_exponent",
    "bias_growth_exponent",
    "clean_penalty_exponent",
    "clean_rate",
    "divergence_threshold",
    "inherited_exponents",
    "interpolation_constants",
    "kept_clean_rate",
    "modified_exponents",
    "noiseless_best_penalty_exponent",
    "noiseless_best_rate",
    "noiseless_rate",
    "saturated",
    "slowdown",
    "variance_constant",
    "variance_exponent",
]


class ModifiedExponents(NamedTuple):
    """Exponents of the three parts of the error behind generators; the smallest one rules.

    Attributes
    ----------
    bias, variance, inherited : float
    """

    bias: float
    variance: float
    inherited: float


def bias_exponent(penalty_exponent: float, capacity: float, source: float) -> float:
    """Exponent of the bias, ``2 min(r, 1) min(ell, beta)``.

    Examples
    --------
    >>> bias_exponent(0.6, 1.5, 0.5), bias_exponent(9.0, 1.5, 0.5)
    (0.6, 1.5)
    """
    beta, r = check_exponents(capacity, source)
    return 2 * saturated(r) * _exponent(penalty_exponent, beta)


def variance_exponent(penalty_exponent: float, capacity: float) -> float:
    """Exponent of the variance, ``1 - ell / beta``.

    Examples
    --------
    >>> variance_exponent(0.75, 1.5)
    0.5
    """
    beta, _ = check_exponents(capacity, 0.0)
    return 1 - _exponent(penalty_exponent, beta) / beta


def inherited_exponents(
    penalty_exponent: float, capacity: float, generator_growth: float = 0.0
) -> tuple[float, float]:
    """Exponents of one generator's noise (rho): through df2, and through the tail modes.

    Notes
    -----
    ``rho ~ max(T / T_0, phi_0) T**-(1 - ell / beta) / (1 - phi_0)``: the first is
    ``b - ell / beta``, the second (for a fixed ratio phi_0 of directions to generator rows)
    ``1 - ell / beta``. The smaller one rules.

    Examples
    --------
    >>> inherited_exponents(0.75, 1.5)  # fixed generators: the error grows with the rows
    (-0.5, 0.5)
    """
    beta, _ = check_exponents(capacity, 0.0)
    learned = _exponent(penalty_exponent, beta) / beta
    return _check.finite("generator_growth", generator_growth) - learned, 1 - learned


def modified_exponents(
    penalty_exponent: float,
    capacity: float,
    source: float,
    *,
    generator_growth: float,
    generation_growth: float = 0.0,
    proportional: bool = False,
) -> ModifiedExponents:
    """Exponents of bias, variance and inherited noise with ``T**b`` generator rows.

    Parameters
    ----------
    penalty_exponent, capacity, source : float
        ell, beta and r.
    generator_growth, generation_growth : float
        b and a: generators have ``T**b`` rows, there are ``T**a`` of them.
    proportional : bool, default False
        Whether the number of directions stays a fixed share of the generator rows, so that the
        tail modes count; by default it is a vanishing share.

    Examples
    --------
    >>> modified_exponents(0.75, 1.5, 0.5, generator_growth=0.75).inherited
    0.25
    """
    proportional = _check.boolean("proportional", proportional)
    through_df2, through_tail = inherited_exponents(penalty_exponent, capacity, generator_growth)
    slowest = min(through_df2, through_tail) if proportional else through_df2
    return ModifiedExponents(
        bias_exponent(penalty_exponent, capacity, source),
        variance_exponent(penalty_exponent, capacity),
        slowest - _check.finite("generation_growth", generation_growth),
    )


def slowdown(
    generator_growth: float, generation_growth: float = 0.0, *, proportional: bool = False
) -> float:
    """Factor s on the clean exponent and rate, 1 at most; the error does not vanish for s <= 0.

    Notes
    -----
    ``s = min(b - a, 1)``, and ``min(b, 1) - a`` where the tail modes count.

    Examples
    --------
    >>> slowdown(0.75, 0.25), slowdown(1.25, 0.25, proportional=True)
    (0.5, 0.75)
    """
    b = _check.finite("generator_growth", generator_growth)
    a = _check.finite("generation_growth", generation_growth)
    return (
        min(b, 1) - max(a, 0.0) if _check.boolean("proportional", proportional) else min(b - a, 1.0)
    )


def best_penalty_exponent(
    capacity: float,
    source: float,
    *,
    generator_growth: float,
    generation_growth: float = 0.0,
    proportional: bool = False,
) -> float:
    """Exponent of the best penalty behind generators, ``s ell_clean``.

    Examples
    --------
    >>> best_penalty_exponent(1.5, 0.5, generator_growth=0.5)
    0.3
    """
    s = slowdown(generator_growth, generation_growth, proportional=proportional)
    return max(s, 0.0) * clean_penalty_exponent(capacity, source)


def best_rate(
    capacity: float,
    source: float,
    *,
    generator_growth: float,
    generation_growth: float = 0.0,
    proportional: bool = False,
) -> float:
    """Rate of the error behind generators with the best penalty, ``s c``; 0 for s <= 0.

    Examples
    --------
    >>> best_rate(1.5, 0.5, generator_growth=0.5)
    0.3
    """
    s = slowdown(generator_growth, generation_growth, proportional=proportional)
    return max(s, 0.0) * clean_rate(capacity, source)


def kept_clean_rate(
    capacity: float,
    source: float,
    *,
    generator_growth: float,
    generation_growth: float = 0.0,
    proportional: bool = False,
) -> float:
    """Rate behind generators if the clean exponent is kept; negative where the error diverges.

    Notes
    -----
    ``min(c, c - 1 + b - a)``; with tail modes ``min(b, 1)`` takes the place of b.

    Examples
    --------
    >>> round(kept_clean_rate(1.5, 0.5, generator_growth=0.75), 12)
    0.35
    """
    ell = clean_penalty_exponent(capacity, source)
    return min(
        modified_exponents(
            ell,
            capacity,
            source,
            generator_growth=generator_growth,
            generation_growth=generation_growth,
            proportional=proportional,
        )
    )


def divergence_threshold(capacity: float, source: float) -> float:
    """``1 / (2 beta r + 1)``: with the clean exponent the error diverges for ``b - a`` below it.

    Examples
    --------
    >>> round(divergence_threshold(1.5, 0.5), 12)
    0.4
    """
    return 1 - clean_rate(capacity, source)


def noiseless_best_penalty_exponent(
    capacity: float, source: float, *, generator_growth: float, generation_growth: float = 0.0
) -> float:
    """Exponent of the best penalty if only the generators' labels are noisy.

    Notes
    -----
    ``min((b - a) ell_clean, beta)`` for a vanishing share of directions to generator rows.

    Examples
    --------
    >>> noiseless_best_penalty_exponent(1.5, 0.5, generator_growth=2.0)
    1.2
    """
    b, a = _growths(generator_growth, generation_growth)
    return min(max(b - a, 0.0) * clean_penalty_exponent(capacity, source), capacity)


def noiseless_best_rate(
    capacity: float, source: float, *, generator_growth: float, generation_growth: float = 0.0
) -> float:
    """Rate with the best penalty if only the generators' labels are noisy.

    Notes
    -----
    ``min((b - a) c, 2 beta min(r, 1))``.

    Examples
    --------
    >>> noiseless_best_rate(1.5, 0.5, generator_growth=4.0)
    1.5
    """
    b, a = _growths(generator_growth, generation_growth)
    fast = noiseless_rate(capacity, source)
    return min(max(b - a, 0.0) * clean_rate(capacity, source), fast)


def bias_growth_exponent(source: float) -> float:
    """Power of ``generations * kappa_0`` by which interpolating generators raise the bias, 2 r.

    Raises
    ------
    InvalidInputError
        If ``source`` is not below 1, where the law does not hold.

    Examples
    --------
    >>> bias_growth_exponent(0.375)
    0.75
    """
    r = _check.non_negative("source", source)
    if r >= 1:
        raise InvalidInputError(
            f"source was {source}; it must be below 1 (the bias grows like a power 2 source of "
            "the generations only there)"
        )
    return 2 * r


def _exponent(penalty_exponent: float, beta: float) -> float:
    """A penalty that falls faster than ``T**-beta`` acts like none at all."""
    return min(_check.non_negative("penalty_exponent", penalty_exponent), beta)


def _growths(generator_growth: float, generation_growth: float) -> tuple[float, float]:
    return (
        _check.finite("generator_growth", generator_growth),
        _check.finite("generation_growth", generation_growth),
    )
