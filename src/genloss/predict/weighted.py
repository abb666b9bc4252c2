"""One generation on rows with several covariances or weights (`theory.md` 2.4).

All covariances share the problem's eigenvectors, so that every matrix below is a vector.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.errors import GenlossError
from genloss.generation import Generation
from genloss.predict.fresh import diverge
from genloss.predict.labelers import Group, average
from genloss.predict.moments import Moments, Shares

Array = npt.NDArray[np.float64]


def fit(moments: Moments, generation: Generation, members: Sequence[Group], model: int) -> None:
    """Fit ``model`` on fresh rows of sources that differ in covariance or weight."""
    sources, dim = generation.sources, moments.directions.dim
    default, count = moments.spectrum, moments.directions.count
    sigma = np.array([default if s.covariance is None else s.covariance for s in sources])
    rows = np.array([s.n_samples for s in sources], dtype=np.float64)
    omega = np.array([s.weight for s in sources])
    noise = np.array([s.label_noise**2 for s in sources])
    thetas = [s.labeler_numbers(model) for s in sources]

    near = generation.penalty == 0 and abs(rows.sum() - dim) <= 1
    one = moments.agree(thetas)
    if any(moments.diverges(theta) for theta in thetas) or (near and (noise.any() or not one)):
        diverge(moments, moments.mean(average(members).labeler), model)
        return
    if near and rows.sum() >= dim:
        _copy(moments, thetas[0], model)
        return

    e, q = resolvent(sigma, count, rows, omega, rows.sum() * generation.penalty)
    pull = q * (rows * omega * e)[:, None] * sigma  # w_bar = sum_s pull_s theta_s
    spread = np.array(
        [[_only(moments.covariance(a, b)) + 0 * default for b in thetas] for a in thetas]
    )
    means = np.array([_only(moments.mean(theta)) + 0 * default for theta in thetas])
    second = moments.signal * means[:, None] * means + spread
    away = np.eye(len(sources))[:, :, None] - pull  # theta_s - w_bar = sum_u away_su theta_u
    gap = np.einsum("si,sui,svi,uvi->s", sigma, away, away, second)
    v = rows * (omega * e) ** 2
    coupling = (sigma * q * count) @ (sigma * q).T * v
    tau2 = np.linalg.solve(np.eye(len(sources)) - coupling, noise + gap)
    moments.record(
        model,
        sum(p * moments.mean(theta) for p, theta in zip(pull, thetas, strict=True)),
        np.einsum("ui,vi,uvi->i", pull, pull, spread) + (v * tau2) @ (sigma * q**2 * count),
        lambda u: sum(
            p * moments.covariance(theta, {u: 1.0}) for p, theta in zip(pull, thetas, strict=True)
        ),
        exact=False,
    )


def _copy(moments: Moments, theta: Shares, model: int) -> None:
    """Noiseless labels of at least dim rows determine their labeler."""
    moments.record(
        model,
        moments.mean(theta),
        moments.covariance(theta, theta),
        lambda u: moments.covariance(theta, {u: 1.0}),
        moments.all_exact(theta),
    )


def _only(values: Array | float) -> Array | float:
    """Return the values of the only plan of a batch."""
    return values[0] if isinstance(values, np.ndarray) and values.ndim == 2 else values


def resolvent(
    sigma: Array, count: Array, rows: Array, omega: Array, absolute: float
) -> tuple[Array, Array]:
    """Scalars e_s and vector Q of the fixed point, scaled so that ridgeless fits are regular.

    ``e_s = 1 / (alpha + omega_s tr(Sigma_s Q))``, ``Q = 1 / (beta + sum_s n_s omega_s e_s Sigma_s)``
    with (alpha, beta) = (absolute penalty, 1), or (1, 0) for least squares with more rows than
    directions: there, this is the scale-free form.
    """
    least_squares = absolute == 0 and rows.sum() > count.sum()
    alpha, beta = (1.0, 0.0) if least_squares else (absolute, 1.0)
    strength = rows * omega

    def q_of(e: Array) -> Array:
        return 1 / (beta + (strength * e) @ sigma)

    masses = sigma * count
    e = 1 / (alpha + omega * masses.sum(axis=1))
    for _ in range(500):
        q = q_of(e)
        value = 1 / e - alpha - omega * (masses @ q)
        if np.max(np.abs(value) * e) < 1e-12:
            return e, q
        # Newton in log e; the fixed-point step, monotone and safe, where Newton leaves the domain
        jacobian = (omega[:, None] * strength * ((masses * q) @ (sigma * q).T)) * e
        jacobian[np.diag_indices_from(jacobian)] -= 1 / e
        step = np.linalg.solve(jacobian, -value)
        plain = np.log(1 / (alpha + omega * (masses @ q)) / e)
        trusted = np.abs(step).max() < 1.0
        e = e * np.exp(step if trusted else plain)
    raise GenlossError("the fixed point of the weighted sources did not converge")
