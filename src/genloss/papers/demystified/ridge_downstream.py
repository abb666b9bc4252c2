"""A ridge model downstream of least-squares generators: the main formula (`paper.md` 2.3)."""

from __future__ import annotations

import math

import numpy as np

from genloss.equivalents import degrees_of_freedom, kappa
from genloss.errors import InvalidInputError
from genloss.papers.demystified.conditions import near_dim, needs, needs_generators
from genloss.papers.demystified.decomposition import Decomposition
from genloss.papers.demystified.no_penalty import inherited_noise, least_squares
from genloss.papers.demystified.recursion import rows_left
from genloss.papers.demystified.setting import Setting


def ridge(setting: Setting, *, limit: bool = False) -> Decomposition:
    """Test error of a downstream ridge model, any covariance: the paper's main formula.

    Parameters
    ----------
    setting : Setting
        Generators without penalty and with at least dim + 2 rows, either design.
    limit : bool, default False
        Whether to give the proportionate limit instead, with ``T_0 - d`` as papers write it.

    Returns
    -------
    Decomposition
        ``risk = bias + variance + n * noise_0**2 * rho``: deterministic equivalents. The error is
        exactly affine in the generators' noise, and hence in their number, at any size.

    Raises
    ------
    InvalidInputError
        If the generators have a penalty or too few rows.

    See Also
    --------
    ridge_isotropic : the same in elementary functions for identity covariance.
    genloss.trials.given_inputs.downstream : the three parts given the inputs, without error.

    Notes
    -----
    `paper.md` 2.3 (Theorem 4.1 of the paper), with ``T_0 - d - 1``, which is exact, for ``T_0 - d``.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, ridge
    >>> problem = gl.Problem.isotropic(300)
    >>> setting = Setting(problem=problem, n_samples=1000, penalty=0.1, noise=0.5, generations=10,
    ...                   generator_samples=600, generator_noise=0.5)
    >>> round(ridge(setting).risk, 3)
    2.049
    """
    needs(setting, "ridge", isotropic=False)
    needs_generators(setting, at_least=setting.dim + 2)
    s, c2 = setting.problem.spectrum, setting.problem.truth**2
    T = setting.n_samples
    k = float(kappa(s, setting.penalty, T))
    if k == 0:
        return least_squares(setting, limit=limit)
    df2 = float(degrees_of_freedom(s, k)[1])
    u = df2 / rows_left(s, T, setting.penalty, k)
    return Decomposition(
        bias=float((1 + u) * k**2 * np.sum(c2 * s / (s + k) ** 2)),
        variance=setting.noise**2 * u,
        inherited=float(
            inherited_noise(setting, limit=limit) * (df2 + u * k**2 * np.sum((s + k) ** -2.0))
        ),
        warnings=near_dim(setting),
    )


def rho(setting: Setting, *, limit: bool = False) -> float:
    """Error added per generator and unit of its noise variance, ``d risk / d (n noise_0**2)``.

    Parameters
    ----------
    setting : Setting
        As for `ridge`, with generators of one size.
    limit : bool, default False
        Whether to give the proportionate limit instead, with ``T_0 - d``.

    Returns
    -------
    float
        The factor rho of the paper, which depends on design and covariance only.

    Notes
    -----
    `paper.md` 2.3: ``E tr(Sigma**-1 M Sigma M) / (T_0 - d - 1)``, ``M = S (S + lambda)**-1``.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, rho
    >>> problem = gl.Problem.isotropic(100)
    >>> round(rho(Setting(problem=problem, n_samples=10**6, generator_samples=200, generations=1)), 3)
    1.01
    """
    needs(setting, "rho", isotropic=False)
    size = setting.generator_samples
    if isinstance(size, tuple):
        if len(set(size)) != 1:
            raise InvalidInputError(
                f"generator_samples was {size}; rho belongs to generators of one size"
            )
        size = size[0]
    one = Setting(
        problem=setting.problem,
        n_samples=setting.n_samples,
        penalty=setting.penalty,
        generations=1,
        generator_samples=size,
        generator_noise=1.0,
        generator_penalty=setting.generator_penalty,
    )
    return ridge(one, limit=limit).inherited


def ridge_isotropic(setting: Setting, *, limit: bool = False) -> Decomposition:
    """Test error of a downstream ridge model in elementary functions, identity covariance.

    Parameters
    ----------
    setting : Setting
        Isotropic problem, generators without penalty and with at least dim + 2 rows.
    limit : bool, default False
        Whether to give the proportionate limit instead, with ``T_0 - d``.

    Returns
    -------
    Decomposition
        The same numbers as `ridge`.

    Notes
    -----
    `paper.md` 2.3, isotropic: ``kappa`` solves a quadratic.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, ridge, ridge_isotropic
    >>> setting = Setting(problem=gl.Problem.isotropic(50), n_samples=80, penalty=0.3, noise=1.0)
    >>> abs(ridge_isotropic(setting).risk / ridge(setting).risk - 1) < 1e-12
    True
    """
    needs(setting, "ridge_isotropic", isotropic=True)
    needs_generators(setting, at_least=setting.dim + 2)
    if setting.penalty == 0 and setting.n_samples >= setting.dim:
        return least_squares(setting, limit=limit)
    phi = setting.dim / setting.n_samples
    lam = setting.penalty / float(setting.problem.spectrum[0])
    half = (lam + phi - 1) / 2
    k = half + math.hypot(half, math.sqrt(lam))
    if half < 0:  # the same root without cancellation
        k = lam / (math.hypot(half, math.sqrt(lam)) - half)
    den = (1 + k) ** 2 - phi
    share = (1 + phi * k**2 / den) / (1 + k) ** 2
    return Decomposition(
        bias=k**2 * setting.problem.signal / den,
        variance=setting.noise**2 * phi / den,
        inherited=inherited_noise(setting, limit=limit) * setting.dim * share,
        warnings=near_dim(setting),
    )


def ridge_infinite_rows(setting: Setting) -> Decomposition:
    """Test error of a downstream ridge model with unlimited rows, identity covariance.

    Parameters
    ----------
    setting : Setting
        Isotropic problem; ``n_samples`` and ``noise`` no longer matter.

    Returns
    -------
    Decomposition
        ``(lambda**2 signal + N) / (1 + lambda)**2``, exact, for eigenvalue 1; N is the last
        generator's test error. The penalty counts in units of the eigenvalue.

    Notes
    -----
    `paper.md` 2.3, T to infinity: rows cannot remove what the generators added.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, ridge_infinite_rows
    >>> setting = Setting(problem=gl.Problem.isotropic(100), n_samples=1, penalty=1.0)
    >>> round(ridge_infinite_rows(setting).risk, 6)
    0.25
    """
    needs(setting, "ridge_infinite_rows", isotropic=True)
    needs_generators(setting, at_least=setting.dim + 2)
    lam = setting.penalty / float(setting.problem.spectrum[0])
    return Decomposition(
        bias=lam**2 * setting.problem.signal / (1 + lam) ** 2,
        variance=0.0,
        inherited=inherited_noise(setting) * setting.dim / (1 + lam) ** 2,
        exact=True,
        warnings=near_dim(setting, rows_matter=False),
    )


def best_penalty_infinite_rows(setting: Setting) -> tuple[float, float]:
    """Best downstream penalty with unlimited rows and its test error, identity covariance.

    Parameters
    ----------
    setting : Setting
        Isotropic problem; its penalty does not matter.

    Returns
    -------
    penalty, risk : float
        ``N / signal`` times the eigenvalue, which grows linearly with the generators, and
        ``N signal / (N + signal)``, which is always below the null predictor's error ``signal``.

    Notes
    -----
    `paper.md` 2.3.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting, best_penalty_infinite_rows
    >>> setting = Setting(problem=gl.Problem.isotropic(100), n_samples=1, generations=4,
    ...                   generator_samples=201, generator_noise=0.5)
    >>> tuple(round(value, 6) for value in best_penalty_infinite_rows(setting))
    (1.0, 0.5)
    """
    needs(setting, "best_penalty_infinite_rows", isotropic=True)
    needs_generators(setting, at_least=setting.dim + 2)
    added, signal = inherited_noise(setting) * setting.dim, setting.problem.signal
    if signal == 0:
        raise InvalidInputError("problem had no signal; every penalty is too small for it")
    eigenvalue = float(setting.problem.spectrum[0])
    return added / signal * eigenvalue, added * signal / (added + signal)
