"""Two classes as two normal clouds: errors along a chain of linear models (`channels.md` 10).

An input is ``c mu + Sigma^(1/2) g`` with c = +-1, and a model of weights w says +1 where ``x'w > 0``. One
generation is a fixed point of a few scalars, as in `genloss.theory.channels`; the mean is one more direction:

    w_i = (s_i pull_h theta_i + pull_mu mu_i) / (Lam + C s_i) + noise of variance N s_i / (Lam + C s_i)^2

per direction of the clouds' covariance, theta the labeler. By symmetry one class stands for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_PANELS, _POINTS = 24, 8
_REACH = 8.0  # standard deviations
_GOOD = 1e-8
_BINS, _CLEAR = 8, 4.0


@dataclass(frozen=True, eq=False)
class Mixture:
    """Two clouds of one covariance.

    Attributes
    ----------
    spectrum : ndarray of shape (p,)
        Eigenvalues of the covariance.
    mean : ndarray of shape (p,)
        Centre of one class along its eigenvectors; the other's is opposite.
    """

    spectrum: Array
    mean: Array

    @classmethod
    def of(cls, X: Array, y: Array) -> Mixture:
        """From rows (n, p) and classes -1 and +1 (n,): centres shrunk by what their scatter adds.

        Squares of the centre's coordinates, each less its sampling variance, are averaged over
        neighbouring ratios to the eigenvalues; coordinates that stand out stay as they are.
        """
        up, down = X[y > 0].mean(axis=0), X[y < 0].mean(axis=0)
        centred = X - (up + down) / 2
        mean = (up - down) / 2
        inner = centred - np.outer(y, mean)
        values, basis = np.linalg.eigh(inner.T @ inner / (len(y) - 2))
        kept = values > 1e-9 * values[-1]
        values, along = values[kept], basis[:, kept].T @ mean
        share = np.mean(y > 0)
        noise = values / (4 * len(y)) * (1 / share + 1 / (1 - share))
        squares = np.maximum(along**2 - noise, 0.0)
        plain = np.abs(along) < _CLEAR * np.sqrt(noise)
        order = np.flatnonzero(plain)
        order = order[np.argsort(values[order])]
        for group in np.array_split(order, min(_BINS, max(order.size, 1))):
            if group.size:
                ratio = np.mean((along[group] ** 2 - noise[group]) / values[group])
                squares[group] = max(float(ratio), 0.0) * values[group]
        return cls(values, np.sqrt(squares) * np.where(along < 0, -1.0, 1.0))

    def apart(self, factor: float) -> Mixture:
        """Centres so many times as far from each other."""
        return Mixture(self.spectrum, factor * self.mean)


class Fit(NamedTuple):
    """Rows of one generation, real and labelled by the last model, its penalty and its loss."""

    real: int
    made: int
    penalty: float
    logistic: bool


class Model(NamedTuple):
    """A fitted model, per direction: its mean, its variance, its covariance with model 0."""

    mean: Array
    variance: Array
    shared: Array

    def margin(self, mixture: Mixture) -> tuple[float, float]:
        """Mean and standard deviation of what it says of a row of class +1."""
        square = np.sum(mixture.spectrum * (self.mean**2 + self.variance))
        return float(mixture.mean @ self.mean), float(np.sqrt(square))


class Told(NamedTuple):
    """Errors of the models, and the share of rows on which each differs from model 0."""

    error: Array
    moved: Array


def chain(mixture: Mixture, fits: Sequence[Fit]) -> Told | None:
    """Errors along a chain; None where a generation has no solution."""
    models: list[Model] = []
    for fit in fits:
        model = _fitted(mixture, fit, models[-1] if models else None, first=not models)
        if model is None:
            return None
        models.append(model)
    from scipy.special import ndtr

    ends = [model.margin(mixture) for model in models]
    error = np.array([float(ndtr(-mean / sd)) for mean, sd in ends])
    return Told(error, np.array([_moved(mixture, models[0], model) for model in models]))


def levelled(mixture: Mixture, first: Fit, error: float) -> Mixture | None:
    """The mixture whose model 0 has this error: centres nearer, or farther apart."""
    low, high = 0.02, 20.0
    for _ in range(40):
        middle = float(np.sqrt(low * high))
        told = chain(mixture.apart(middle), [first])
        if told is None:
            return None
        low, high = (middle, high) if told.error[0] > error else (low, middle)
        if high / low < 1 + 1e-5:
            break
    found = float(np.sqrt(low * high))
    return mixture.apart(found) if 0.021 < found < 19 else None


def _moved(mixture: Mixture, first: Model, model: Model) -> float:
    """Chance that two models say different classes of a row."""
    from scipy.special import ndtr, owens_t

    (a, sd_a), (b, sd_b) = first.margin(mixture), model.margin(mixture)
    cross = float(np.sum(mixture.spectrum * (first.mean * model.mean + model.shared)))
    rho = np.clip(cross / (sd_a * sd_b), -1 + 1e-12, 1 - 1e-12)
    x, y = a / sd_a, b / sd_b
    if abs(x) < 1e-12 or abs(y) < 1e-12:
        x, y = x + 1e-9, y + 1e-9
    rest = np.sqrt((1 - rho) * (1 + rho))
    both = (ndtr(x) + ndtr(y)) / 2
    both -= owens_t(x, (y / x - rho) / rest) + owens_t(y, (x / y - rho) / rest)
    both -= 0.5 if x * y < 0 else 0.0
    return float(max(ndtr(x) + ndtr(y) - 2 * both, 0.0))


def _fitted(mixture: Mixture, fit: Fit, labeler: Model | None, *, first: bool) -> Model | None:
    """The fixed point of one generation: damped steps, then a root of what is left."""
    from scipy.optimize import root

    mu, s = mixture.mean, mixture.spectrum
    n = fit.real + fit.made
    ridge = 2 * n * fit.penalty
    if labeler is None:
        labeler = Model(np.zeros_like(mu), np.zeros_like(mu), np.zeros_like(mu))
        if fit.made:
            return None
    square = labeler.mean**2 + labeler.variance
    a, H = float(mu @ labeler.mean), float(np.sum(s * square))

    def built(x: Array) -> tuple[Array, Array, Array, float]:
        stiff = ridge + np.exp(x[0]) * s
        return s * x[2] / stiff, x[3] / stiff, np.exp(x[1]) * s / stiff**2, float(np.sum(s / stiff))

    def after(x: Array) -> Array:
        share, along, gain, gamma = built(x)
        b = float(np.sum(mu * (share * labeler.mean + along * mu)))
        cross = float(np.sum(s * (share * square + along * mu * labeler.mean)))
        q = float(
            np.sum(
                s
                * (
                    share**2 * square
                    + 2 * share * along * mu * labeler.mean
                    + (along * mu) ** 2
                    + gain
                )
            )
        )
        return _sums(fit, (a, H, b, q, cross), gamma)

    start = np.array([np.log(2 * n if not fit.logistic else n / 4), np.log(0.2 * n), 0.0, 0.1 * n])
    start[2] = start[3] if fit.made else 0.0
    scale = np.array([1.0, 1.0, n, n])

    def off(u: Array) -> Array:
        return np.asarray((after(u * scale) - u * scale) / scale)

    for pace in (0.6, 0.1, 0.02):  # far apart centres push plain steps out
        x = start
        for _ in range(12):
            x = (1 - pace) * x + pace * after(x)
        if not np.isfinite(x).all():
            continue
        with np.errstate(all="ignore"):
            u = root(off, x / scale, tol=1e-11).x
            miss = np.abs(off(u)).max()
        if miss < _GOOD:
            x = u * scale
            break
    else:
        return None
    share, along, gain, _ = built(x)
    mean, variance = share * labeler.mean + along * mu, share**2 * labeler.variance + gain
    return Model(mean, variance, variance if first else share * labeler.shared)


def _sums(fit: Fit, law: tuple[float, float, float, float, float], gamma: float) -> Array:
    """Curvature, noise and pulls that follow, the first two as logarithms, shape (4,)."""
    from scipy.special import ndtr

    a, H, b, q, cross = law
    nodes, weights = _nodes()
    z = b + np.sqrt(q) * nodes
    psi, change = zip(
        *(_proximal(y, z, gamma, logistic=fit.logistic) for y in (1.0, -1.0)), strict=True
    )
    curvature = fit.real * (weights @ change[0])
    noise = fit.real * (weights @ psi[0] ** 2)
    to_mean, to_labeler = -fit.real * (weights @ psi[0]), 0.0
    if fit.made:
        width = np.sqrt(max(H - cross**2 / q, 1e-12 * H))
        at = (a + cross / q * (z - b)) / width
        up, bell = ndtr(at), np.exp(-(at**2) / 2) / (np.sqrt(2 * np.pi) * width)
        chances = (up, 1 - up)
        curvature += fit.made * sum(weights @ (p * c) for p, c in zip(chances, change, strict=True))
        noise += fit.made * sum(
            weights @ (p * each**2) for p, each in zip(chances, psi, strict=True)
        )
        to_mean -= fit.made * sum(
            weights @ (p * each) for p, each in zip(chances, psi, strict=True)
        )
        to_labeler = -fit.made * float(weights @ (bell * (psi[0] - psi[1])))
    return np.array([np.log(curvature), np.log(noise), to_labeler, to_mean])


def _proximal(y: float, z: Array, gamma: float, *, logistic: bool) -> tuple[Array, Array]:
    """Slope of the loss at the fitted value, and how it changes with z."""
    if not logistic:
        return 2 * (z - y) / (1 + 2 * gamma), np.full(z.size, 2 / (1 + 2 * gamma))
    from scipy.special import expit

    p = z + y * gamma * expit(-y * z)
    for _ in range(12):
        miss = expit(-y * p)
        p = p - (p - gamma * y * miss - z) / (1 + gamma * miss * (1 - miss))
    miss = expit(-y * p)
    bend = miss * (1 - miss)
    return -y * miss, bend / (1 + gamma * bend)


def _nodes() -> tuple[Array, Array]:
    """Nodes and weights of a standard normal law, dense enough for steps of some width."""
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    edges = np.linspace(-_REACH, _REACH, _PANELS + 1)
    half = (edges[1] - edges[0]) / 2
    nodes = ((edges[:-1] + half)[:, None] + half * points).ravel()
    mass = np.tile(weights * half, _PANELS) * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)
    return nodes, mass
