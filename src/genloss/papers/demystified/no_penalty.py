"""No penalty anywhere (`paper.md` 2.1, 2.2): least squares and minimum norm, exact at any size."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.papers.demystified.conditions import (
    near_dim,
    needs,
    needs_generators,
    needs_rows,
    spared,
)
from genloss.papers.demystified.decomposition import Decomposition
from genloss.papers.demystified.setting import Setting

Array = npt.NDArray[np.float64]


def least_squares(setting: Setting, *, limit: bool = False) -> Decomposition:
    """Test error without any penalty, every fit with more rows than directions.

    Parameters
    ----------
    setting : Setting
        No penalties, ``n_samples`` and all ``generator_samples`` >= dim; any covariance, any
        truth, either design.
    limit : bool, default False
        Whether to give the proportionate limit instead, ``phi / (1 - phi)`` with
        ``phi = dim / n_samples``, which is too small by the factor 1 - 1 / (n_samples - dim).

    Returns
    -------
    Decomposition
        Exact at finite size; infinite where a fit has fewer than dim + 2 rows.

    Raises
    ------
    InvalidInputError
        If the setting has a penalty, or a fit has fewer rows than directions.

    Notes
    -----
    `paper.md` 2.1: ``noise**2 d / (T - d - 1) + sum_m noise_m**2 d / (T_m - d - 1)``: linear in the
    number of generators.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, least_squares
    >>> setting = Setting(problem=gl.Problem.isotropic(12), n_samples=40, noise=1.0, generations=3,
    ...                   generator_samples=25, generator_noise=1.0)
    >>> round(least_squares(setting).risk, 6)  # 12 / 27 + 3 * 12 / 12
    3.444444
    """
    needs(setting, "least_squares", penalty=False, isotropic=False)
    d, spare = setting.dim, spared(limit)
    needs_rows(setting.n_samples, "n_samples", at_least=d)
    needs_generators(setting, at_least=d)

    def inflation(rows: int) -> float:
        left = rows - d - spare
        return d / left if left > 0 else math.inf

    return Decomposition(
        bias=0.0,
        variance=_times(setting.noise**2, inflation(setting.n_samples)),
        inherited=sum(
            _times(noise**2, inflation(rows))
            for rows, noise in zip(setting.sizes, setting.noises, strict=True)
        ),
        exact=not limit,
        warnings=near_dim(setting),
    )


def least_squares_spread(setting: Setting) -> float:
    """Standard deviation of the test error of one run, in the settings of `least_squares`.

    Parameters
    ----------
    setting : Setting
        As for `least_squares`.

    Returns
    -------
    float
        Infinite where a fit with noise has fewer than dim + 4 rows.

    Notes
    -----
    `paper.md` 2.1 and 4: one run's error is ``chi2_d * S`` with ``S`` the sum of
    ``noise_j**2 / chi2_{T_j - d + 1}`` over all fits, those on one design with one chi-square.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, least_squares_spread
    >>> setting = Setting(problem=gl.Problem.isotropic(20), n_samples=80, noise=0.5, generations=5,
    ...                   generator_samples=60, generator_noise=0.5)
    >>> round(least_squares_spread(setting), 3)
    0.24
    """
    least_squares(setting)  # the same conditions
    d = setting.dim
    mean = variance = 0.0
    for rows, power in _draws(setting):
        left = rows - d - 1
        mean += _times(power, 1 / left if left > 0 else math.inf)
        variance += _times(power**2, 2 / (left**2 * (left - 2)) if left > 2 else math.inf)
    if not math.isfinite(variance):
        return math.inf
    return math.sqrt(d * (d + 2) * (variance + mean**2) - d**2 * mean**2)


def least_squares_runs(setting: Setting, trials: int, *, seed: int = 0) -> Array:
    """Test errors of single runs, drawn from their exact law in O(generations) each.

    Parameters
    ----------
    setting : Setting
        As for `least_squares`.
    trials : int
        Number of runs.
    seed : int, default 0
        Seed.

    Returns
    -------
    ndarray of shape (trials,)
        Independent test errors.

    Notes
    -----
    `paper.md` 4: ``chi2_d * sum_j noise_j**2 / chi2_{T_j - d + 1}``.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, least_squares_runs
    >>> setting = Setting(problem=gl.Problem.isotropic(20), n_samples=80, noise=0.5)
    >>> least_squares_runs(setting, trials=3, seed=1).shape
    (3,)
    """
    least_squares(setting)
    trials = _check.integer("trials", trials, minimum=1)
    rng = np.random.default_rng(_check.integer("seed", seed, minimum=0))
    total = np.zeros(trials)
    for rows, power in _draws(setting):
        total += power / rng.chisquare(rows - setting.dim + 1, trials)
    return total * rng.chisquare(setting.dim, trials)


def minimum_norm(setting: Setting, *, limit: bool = False) -> Decomposition:
    """Test error of a downstream minimum-norm interpolator, identity covariance.

    Parameters
    ----------
    setting : Setting
        Isotropic problem, no penalties, ``n_samples <= dim - 2``, generators >= dim + 2 rows.
    limit : bool, default False
        Whether to give the proportionate limit instead, with ``d - T`` for ``d - T - 1``.

    Returns
    -------
    Decomposition
        Exact at finite size, unless it is the limit.

    Raises
    ------
    InvalidInputError
        If the setting is another one.

    Notes
    -----
    `paper.md` 2.2: ``(1 - T/d) signal + noise**2 T / (d - T - 1) + N T / d`` where ``N`` is the test
    error of the last generator.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, minimum_norm
    >>> setting = Setting(problem=gl.Problem.isotropic(30), n_samples=18, noise=0.5)
    >>> round(minimum_norm(setting).risk, 4)
    0.8091
    """
    needs(setting, "minimum_norm", penalty=False, isotropic=True)
    d, T, spare = setting.dim, setting.n_samples, spared(limit)
    needs_rows(T, "n_samples", at_most=d - 2)
    needs_generators(setting, at_least=d + 2)
    return Decomposition(
        bias=(1 - T / d) * setting.problem.signal,
        variance=setting.noise**2 * T / (d - T - spare),
        inherited=inherited_noise(setting, limit=limit) * T,
        exact=not limit,
        warnings=near_dim(setting),
    )


def inherited_noise(setting: Setting, *, limit: bool = False) -> float:
    """``sum_m noise_m**2 / (T_m - d - 1)``: the last generator's error per direction.

    Parameters
    ----------
    setting : Setting
        Generators without penalty and with at least dim + 2 rows.
    limit : bool, default False
        Whether to give the proportionate limit instead, with ``T_m - d``.

    Returns
    -------
    float
        The covariance of ``w_n - w_0`` is this times ``Sigma**-1``, for either design.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, inherited_noise
    >>> setting = Setting(problem=gl.Problem.isotropic(9), n_samples=30, generations=2,
    ...                   generator_samples=20, generator_noise=1.0)
    >>> inherited_noise(setting)
    0.2
    """
    needs(setting, "inherited_noise", isotropic=False)
    needs_generators(setting, at_least=setting.dim + 2)
    spare = spared(limit)
    return sum(
        noise**2 / (rows - setting.dim - spare)
        for rows, noise in zip(setting.sizes, setting.noises, strict=True)
    )


def _draws(setting: Setting) -> list[tuple[int, float]]:
    """Rows and noise power of every independent design."""
    downstream = [(setting.n_samples, setting.noise**2)]
    powers = [noise**2 for noise in setting.noises]
    if setting.design == "same" and powers:
        return [*downstream, (setting.sizes[0], sum(powers))]
    return downstream + list(zip(setting.sizes, powers, strict=True))


def _times(power: float, factor: float) -> float:
    """No noise adds nothing, however large the factor."""
    return power * factor if power > 0 else 0.0
