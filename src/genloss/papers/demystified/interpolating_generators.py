"""Generators with fewer rows than directions (`paper.md` 2.4, 2.5): collapse without any noise."""

from __future__ import annotations

import math

from genloss.equivalents import degrees_of_freedom, kappa
from genloss.errors import InvalidInputError
from genloss.papers.demystified.conditions import near_dim, needs, needs_generators, spared
from genloss.papers.demystified.decomposition import Decomposition
from genloss.papers.demystified.recursion import Fit, rows_left
from genloss.papers.demystified.setting import Setting


def overparametrised(setting: Setting, *, limit: bool = False) -> Decomposition:
    """Test error after generators that interpolate their labels, identity covariance.

    Parameters
    ----------
    setting : Setting
        Isotropic problem, generators without penalty and with at most dim - 2 rows; any downstream
        model, either design.
    limit : bool, default False
        Whether to give the proportionate limit instead, with ``d - T_m`` for ``d - T_m - 1``.

    Returns
    -------
    Decomposition
        Exact if the downstream model has no penalty, unless it is the limit. ``bias`` is the error without label noise.

    Raises
    ------
    InvalidInputError
        If the setting is another one.

    Notes
    -----
    `paper.md` 2.4. Independent designs: ``w_0`` survives n random projections with
    ``prod T_m / d``; without noise and with least squares downstream the error is
    ``signal (1 - prod T_m / d)``, exponentially close to the null predictor's. The inherited noise
    saturates. Same design: the projection acts once, and the noise grows linearly.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, overparametrised
    >>> problem = gl.Problem.isotropic(60)
    >>> independent = Setting(problem=problem, n_samples=200, generations=8, generator_samples=40)
    >>> round(overparametrised(independent).risk, 4)
    0.961
    >>> same = Setting(problem=problem, n_samples=200, generations=8, generator_samples=40,
    ...                design="same")
    >>> round(overparametrised(same).risk, 4)
    0.3333
    """
    needs(setting, "overparametrised", isotropic=True)
    d, signal = setting.dim, setting.problem.signal
    needs_generators(setting, at_most=d - 2)
    spare = spared(limit)
    m1, m2, spread = _downstream(setting, spare)
    eta = [rows / d for rows in setting.sizes]
    powers = [noise**2 * rows / (d - rows - spare) for noise, rows in _noise_and_rows(setting)]
    if setting.design == "same" and setting.generations:
        kept, inherited = eta[0], sum(powers)
    else:
        kept = math.prod(eta)
        inherited = sum(power * math.prod(eta[m + 1 :]) for m, power in enumerate(powers))
    return Decomposition(
        bias=signal * (1 - 2 * m1 * kept + m2 * kept),
        variance=setting.noise**2 * spread if setting.noise else 0.0,
        inherited=m2 * inherited,
        exact=setting.penalty == 0 and not limit,
        warnings=near_dim(setting),
    )


def noise_ceiling(setting: Setting) -> float:
    """Inherited noise after infinitely many over-parametrised generators of independent designs.

    Parameters
    ----------
    setting : Setting
        As for `overparametrised`, with at least one generator; all as the first one.

    Returns
    -------
    float
        Where `overparametrised`'s ``inherited`` saturates.

    Notes
    -----
    `paper.md` 2.4: ``noise_0**2 m2 T_0 d / ((d - T_0 - 1) (d - T_0))``.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, noise_ceiling
    >>> setting = Setting(problem=gl.Problem.isotropic(60), n_samples=200, generations=1,
    ...                   generator_samples=40, generator_noise=1.0)
    >>> round(noise_ceiling(setting), 4)
    6.3158
    """
    needs(setting, "noise_ceiling", isotropic=True)
    needs_generators(setting, at_most=setting.dim - 2)
    if setting.generations == 0:
        raise InvalidInputError("generations was 0; without generators no noise is inherited")
    if setting.design == "same":
        raise InvalidInputError("design was 'same'; its noise grows linearly and has no ceiling")
    (noise, rows), d = _noise_and_rows(setting)[0], setting.dim
    return noise**2 * _downstream(setting, 1)[1] * rows * d / ((d - rows - 1) * (d - rows))


def extra_bias(setting: Setting) -> float:
    """What generators on one design add to the bias of training on real labels, any covariance.

    Parameters
    ----------
    setting : Setting
        Generators without penalty, on the same design (or a single one).

    Returns
    -------
    float
        Zero if the generators have at least dim rows. Not negative for identity covariance, but
        negative for some others: truths in the tail that the downstream model would misread.

    Notes
    -----
    `paper.md` 2.5, a deterministic equivalent.

    Examples
    --------
    >>> import numpy as np, genloss as gl
    >>> from genloss.papers.demystified import Setting, extra_bias
    >>> spiked = np.repeat([100.0, 1.0], [40, 160])
    >>> tail = np.repeat([0.0, 160**-0.5], [40, 160])
    >>> setting = Setting(problem=gl.Problem(spiked, tail), n_samples=45, generations=1,
    ...                   generator_samples=100, design="same")
    >>> round(extra_bias(setting), 3)
    -0.829
    """
    needs(setting, "extra_bias", isotropic=False)
    if setting.generations > 1 and setting.design != "same":
        raise InvalidInputError(
            "design was 'independent'; extra_bias compares generators on the same design, "
            "use master_recursion"
        )
    if setting.generations == 0:
        return 0.0
    s, c2 = setting.problem.spectrum, setting.problem.truth**2
    downstream = Fit.of(s, setting.n_samples, setting.penalty)
    generator = Fit.of(s, setting.sizes[0], 0.0)
    metric = downstream.through(s)
    moved = c2 @ (generator.through(metric) - metric)
    return float(moved - 2 * (c2 * s * downstream.shrink) @ (generator.shrink - 1))


def _downstream(setting: Setting, spare: int) -> tuple[float, float, float]:
    """``E tr M / d``, ``E tr M**2 / d`` and the variance per unit of label noise (`paper.md` 2.4)."""
    d, T = setting.dim, setting.n_samples
    if setting.penalty == 0:
        seen = min(1.0, T / d)
        apart = abs(T - d) - spare
        return seen, seen, min(T, d) / apart if apart > 0 else math.inf
    s = setting.problem.spectrum
    k = float(kappa(s, setting.penalty, T))
    u = float(degrees_of_freedom(s, k)[1]) / rows_left(s, T, setting.penalty, k)
    k /= float(s[0])
    return 1 / (1 + k), (1 + u * k**2) / (1 + k) ** 2, u


def _noise_and_rows(setting: Setting) -> list[tuple[float, int]]:
    return list(zip(setting.noises, setting.sizes, strict=True))
