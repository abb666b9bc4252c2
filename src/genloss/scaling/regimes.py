"""Which law is in force at a setting, and where one law gives way to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genloss.scaling.exponents import (
    best_error_constant,
    bias_constant,
    clean_penalty_exponent,
    interpolation_constants,
    noiseless_rate,
    variance_constant,
)

Regime = Literal[
    "clean",
    "inherited noise",
    "tail modes",
    "noiseless fast",
    "noiseless slow",
    "noiseless floor",
    "not vanishing",
    "interpolating generators",
]


@dataclass(frozen=True)
class Crossovers:
    """Downstream rows at which the law changes; None where it does not apply.

    Attributes
    ----------
    inherited_overtakes : float or None
        Where the generators' noise equals the downstream label noise in the effective noise; 0 if
        it is larger from the first row on.
    fast_to_slow : float or None
        Where the noiseless fast phase ends, if only the generators' labels are noisy: where the two
        leading orders meet, constants included. Beyond the number of directions there is no slow
        phase: the fast one ends there, at the floor.
    fast_to_slow_order : float or None
        The same by order of magnitude, ``min((T_0 / (n sigma_0**2))**(1 / (2 beta r + 1)),
        (n sigma_0**2 phi_0)**(-1 / (2 beta r)))``.
    turning_point : float or None
        Where the error with the clean rule stops falling and rises, at fixed generators: where the
        sum of the leading orders is least, constants included.
    turning_point_order : float or None
        The same by order of magnitude, ``max(T_0 / (n sigma_0**2), d)``.
    """

    inherited_overtakes: float | None = None
    fast_to_slow: float | None = None
    fast_to_slow_order: float | None = None
    turning_point: float | None = None
    turning_point_order: float | None = None


def crossovers(
    capacity: float,
    source: float,
    *,
    noise: float,
    learned: float,
    dim: float,
    inherited_per_row: float,
) -> Crossovers:
    """Crossovers for least-squares generators.

    Parameters
    ----------
    capacity, source : float
        Exponents of the problem.
    noise : float
        Standard deviation of the downstream label noise.
    learned : float
        ``f = n sigma_0**2 / (T_0 - d - 1)``, in units of the signal.
    dim : float
        Number of directions.
    inherited_per_row : float
        ``n sigma_0**2 / T_0``.

    Notes
    -----
    Orders of magnitude: `paper.md` section 6. With its constants, the error of the clean rule is
    ``(Cb + Cv (sigma**2 + f d)) T**-c + Cv f T**(1 - c)``, least at
    ``T = c / (1 - c) (Cb + Cv (sigma**2 + f d)) / (Cv f)``; the noiseless fast phase, the bias of
    interpolation ``beta Cb kappa_0**(2 r)``, meets the slow one, ``E* (f d / T + f)**c``.

    Examples
    --------
    >>> found = crossovers(2.0, 0.5, noise=1.0, learned=1e-3, dim=100, inherited_per_row=9e-4)
    >>> round(found.inherited_overtakes), round(found.turning_point_order)
    (900, 1111)
    """
    if learned == 0:
        return Crossovers()
    tail = learned * dim
    fast = noiseless_rate(capacity, source)
    noiseless = noise == 0 and fast > 0
    order = min(learned ** (-1 / (fast + 1)), tail ** (-1 / fast)) if noiseless else None
    meeting = turning = None
    if source not in (0, 1):
        bias, variance = bias_constant(capacity, source), variance_constant(capacity)
        turning = fast * (bias + variance * (noise**2 + tail)) / (variance * learned)
        if noiseless:
            interpolating = interpolation_constants(capacity).kappa ** (fast / capacity)
            ratio = capacity * bias * interpolating / best_error_constant(capacity, source)
            rate = fast / (fast + 1)
            meeting = min(
                (ratio / tail**rate) ** (1 / (fast * rate)),
                (ratio / learned**rate) ** (1 / fast),
            )
    return Crossovers(
        inherited_overtakes=max(noise**2 - tail, 0.0) / learned if noise > 0 else None,
        fast_to_slow=meeting,
        fast_to_slow_order=order,
        turning_point=turning,
        turning_point_order=max(1 / inherited_per_row, dim),
    )


def regime(
    capacity: float,
    source: float,
    *,
    n_samples: float,
    own: float,
    tail: float,
    learned: float,
    dim: float,
) -> Regime:
    """Law in force, by the largest term of the effective noise (in units of the signal).

    Notes
    -----
    With N below the point where the best penalty ``N**ell_clean`` falls under ``T**-beta``, noise
    does not matter yet (and directions do not, for fewer rows than these). A ``learned`` part of
    at least the signal leaves nothing to learn, however many rows there are.

    Examples
    --------
    >>> regime(2.0, 0.5, n_samples=1e4, own=1e-4, tail=1e-5, learned=1e-3, dim=100)
    'inherited noise'
    """
    total = own + tail + learned
    if learned >= 1:
        return "not vanishing"
    penalty = total ** clean_penalty_exponent(capacity, source)
    if total == 0 or (n_samples < dim and penalty < n_samples**-capacity):
        return "noiseless fast"
    if own == 0:
        return "noiseless slow" if tail > learned else "noiseless floor"
    if own >= max(tail, learned):
        return "clean"
    return "tail modes" if tail > learned else "inherited noise"
