"""Two classes as two normal clouds: errors along a chain of linear models (`channels.md` 10).

An input is ``c mu + Sigma^(1/2) g`` with c = +-1, and a model of weights w and intercept u says +1 where
``x'w + u > 0``. One generation is a fixed point of a few scalars, as in `genloss.theory.channels`; the mean is one
more direction:

    w_i = (s_i pull_h theta_i + pull_mu mu_i) / (Lam + C s_i) + noise of variance N s_i / (Lam + C s_i)^2

per direction of the clouds' covariance, theta the labeler; slopes of the loss add up to zero, as the intercept is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.losses.logistic import Logistic
from genloss.losses.squared import Squared

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
        Centre of class +1 along its eigenvectors; the other's is opposite.
    share : float
        Rows of class +1 among all.
    """

    spectrum: Array
    mean: Array
    share: float = 0.5

    @property
    def classes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Each class with its share."""
        return (1.0, self.share), (-1.0, 1 - self.share)

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
        share = float(np.mean(y > 0))
        noise = values / (4 * len(y)) * (1 / share + 1 / (1 - share))
        squares = np.maximum(along**2 - noise, 0.0)
        plain = np.abs(along) < _CLEAR * np.sqrt(noise)
        order = np.flatnonzero(plain)
        order = order[np.argsort(values[order])]
        for group in np.array_split(order, min(_BINS, max(order.size, 1))):
            if group.size:
                ratio = np.mean((along[group] ** 2 - noise[group]) / values[group])
                squares[group] = max(float(ratio), 0.0) * values[group]
        return cls(values, np.sqrt(squares) * np.where(along < 0, -1.0, 1.0), share)

    def apart(self, factor: float) -> Mixture:
        """Centres so many times as far from each other."""
        return replace(self, mean=factor * self.mean)


class Fit(NamedTuple):
    """Rows of one generation, real and labelled by the last model, its penalty and its loss."""

    real: int
    made: int
    penalty: float
    logistic: bool


class Model(NamedTuple):
    """A fitted model, per direction: its mean, its variance, its covariance with model 0; and its intercept."""

    mean: Array
    variance: Array
    shared: Array
    intercept: float

    def margins(self, mixture: Mixture) -> Array:
        """How far rows of each class are on its side, on average, in standard deviations, shape (2,)."""
        square = np.sum(mixture.spectrum * (self.mean**2 + self.variance))
        middle = float(mixture.mean @ self.mean)
        return np.array([middle + self.intercept, middle - self.intercept]) / np.sqrt(square)


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

    shares = np.array([share for _, share in mixture.classes])
    error = np.array([float(shares @ ndtr(-model.margins(mixture))) for model in models])
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
    cross, one, other = (
        np.sum(mixture.spectrum * each)
        for each in (
            first.mean * model.mean + model.shared,
            first.mean**2 + first.variance,
            model.mean**2 + model.variance,
        )
    )
    rho = float(np.clip(cross / np.sqrt(one * other), -1 + 1e-12, 1 - 1e-12))
    sides = zip(first.margins(mixture), model.margins(mixture), strict=True)
    shares = (share for _, share in mixture.classes)
    return sum(share * _apart(x, y, rho) for share, (x, y) in zip(shares, sides, strict=True))


def _apart(x: float, y: float, rho: float) -> float:
    """Chance that one of two normal variables of correlation rho is below x, and the other not below y."""
    from scipy.special import ndtr, owens_t

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
        labeler = Model(np.zeros_like(mu), np.zeros_like(mu), np.zeros_like(mu), 0.0)
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
        if not q > 0:
            return np.full(5, np.nan)
        law = Law(a, labeler.intercept, H, b, x[4], q, cross)
        return _sums(fit, mixture, law, gamma)

    start = np.array(
        [np.log(2 * n if not fit.logistic else n / 4), np.log(0.2 * n), 0.0, 0.1 * n, 0.0]
    )
    start[2] = start[3] if fit.made else 0.0
    scale = np.array([1.0, 1.0, n, n, 1.0])

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
    return Model(mean, variance, variance if first else share * labeler.shared, float(x[4]))


class Law(NamedTuple):
    """What a labeler and a model say of a row of class +1, less the noise of its own fit: means, second moments."""

    labeler: float
    labeler_intercept: float
    labeler_square: float
    model: float
    intercept: float
    square: float
    cross: float


def _sums(fit: Fit, mixture: Mixture, law: Law, gamma: float) -> Array:
    """Curvature, noise (logarithms), pulls to labeler and centre, and the intercept that follow, shape (5,)."""
    from scipy.special import ndtr

    nodes, weights = _nodes()
    loss = Logistic() if fit.logistic else Squared()
    curvature = noise = to_labeler = to_mean = slope = 0.0
    steep = law.cross / law.square
    width = np.sqrt(max(law.labeler_square - law.cross * steep, 1e-12 * law.labeler_square))
    for side, often in mixture.classes:
        z = side * law.model + law.intercept + np.sqrt(law.square) * nodes
        psi, bend = zip(*(loss.envelope(y, z, gamma) for y in (1.0, -1.0)), strict=True)
        real = fit.real * often * weights
        rows = [real * (side > 0), real * (side < 0)]
        if fit.made:
            said = side * law.labeler + law.labeler_intercept + steep * np.sqrt(law.square) * nodes
            at, made = said / width, fit.made * often * weights
            rows = [each + made * ndtr(sign * at) for each, sign in zip(rows, (1, -1), strict=True)]
            bell = np.exp(-(at**2) / 2) / (np.sqrt(2 * np.pi) * width)
            to_labeler -= float((made * bell) @ (psi[0] - psi[1]))
        for count, own, change in zip(rows, psi, bend, strict=True):
            curvature += float(count @ change)
            noise += float(count @ own**2)
            slope += float(count @ own)
            to_mean -= side * float(count @ own)
    intercept = law.intercept - np.clip(slope / max(curvature, _GOOD), -1, 1)  # no step runs away
    return np.array([np.log(curvature), np.log(noise), to_labeler, to_mean, intercept])


def _nodes() -> tuple[Array, Array]:
    """Nodes and weights of a standard normal law, dense enough for steps of some width."""
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    edges = np.linspace(-_REACH, _REACH, _PANELS + 1)
    half = (edges[1] - edges[0]) / 2
    nodes = ((edges[:-1] + half)[:, None] + half * points).ravel()
    mass = np.tile(weights * half, _PANELS) * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)
    return nodes, mass
