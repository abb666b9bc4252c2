"""One generation on rows with several covariances or weights (`theory.md` 2.4).

All covariances share the problem's eigenvectors, so that every matrix below is a vector. Least squares on rows
of one covariance and labeler are known exactly: rows turned into the problem's are what they would be there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.equivalents import NotSolvedError
from genloss.retuning import best_penalty
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.fresh import diverge
from genloss.theory.labelers import Group, average
from genloss.theory.moments import Moments, Shares

Array = npt.NDArray[np.float64]


_NONE = 1e-8  # of a constant is what other rows say


class Found(NamedTuple):
    """What a fit on rows of several covariances or weights used."""

    penalty: float
    df2: float
    filling: float
    """What takes the place of df2 / n_samples: rows run out as it nears one."""


def fit(
    moments: Moments, step: Step, members: Sequence[Group], tails: Sequence[float] = ()
) -> Found:
    """Fit a model on fresh rows of blocks that differ in covariance or weight.

    Rows whose squared lengths vary by the factors ``tails`` are as many blocks, of so many times the
    covariance (`theory.md` 2.4).
    """
    model, dim = step.model, moments.directions.dim
    blocks, default = [block for block in step.blocks for _ in tails or (1.0,)], moments.spectrum
    noise = np.array([block.noise**2 for block in blocks])
    thetas = [block.shares for block in blocks]
    rows = Rows.of(step, moments.directions, tails)
    total = rows.number.sum()

    constant = moments.directions.constant
    if constant and total == 1:
        _of_one_row(moments, rows, thetas[0], float(noise[0]), model)
        return Found(step.penalty, 1.0, 0.0)
    near = step.penalty == 0 and abs(total - dim) <= 1
    one = moments.agree(thetas)
    if any(moments.diverges(theta) for theta in thetas) or (near and (noise.any() or not one)):
        diverge(moments, moments.mean(average(members).labeler), model)
        return Found(step.penalty, math.nan, 0.0)
    if near and total >= dim:
        _copy(moments, thetas[0], model)
        return Found(0.0, math.nan, 0.0)
    if one and step.penalty == 0 and rows.alike and total > dim + 1:
        spread = rows.inverse(moments.directions) * float(rows.number @ noise) / total
        _copy(moments, thetas[0], model, spread)
        return Found(0.0, dim, 0.0)

    labelers = [theta for i, theta in enumerate(thetas) if theta not in thetas[:i]]
    spread = np.array(
        [[_only(moments.covariance(a, b)) + 0 * default for b in labelers] for a in labelers]
    )
    means = np.array([_only(moments.mean(theta)) + 0 * default for theta in labelers])
    labels = Labels(
        noise,
        np.array([[theta == labeler for labeler in labelers] for theta in thetas], dtype=float),
        moments.signal * means[:, None] * means + spread,
    )
    lam = step.penalty
    if step.retuned:
        lam = best_penalty(lambda tried: rows.left_out(labels, tried), rows.trace)
    found = rows.solved(labels, np.array([lam]), constant=constant)
    e, q, pull, coupling, tau2, own = (each[0] for each in found)
    v = rows.number * (rows.weight * e) ** 2
    gain = v[:, None] * rows.sigma * q**2 * rows.multiplicity
    noisy = tau2 @ gain
    if constant:
        noisy[-1] = own
    moments.record(
        model,
        sum(p * moments.mean(theta) for p, theta in zip(pull, labelers, strict=True)),
        np.einsum("ui,vi,uvi->i", pull, pull, spread) + noisy,
        lambda u: sum(
            p * moments.covariance(theta, {u: 1.0}) for p, theta in zip(pull, labelers, strict=True)
        ),
        exact=False,
    )
    df2 = float(pull.sum(axis=0) ** 2 @ rows.multiplicity)
    return Found(lam, df2, float(np.abs(np.linalg.eigvals(coupling)).max()))


class Labels(NamedTuple):
    """What S sources of T labelers say: variances (S,), who labels (S, T), second moments (T, T, p)."""

    noise: Array
    by: Array
    second: Array


class Rows(NamedTuple):
    """Sources of one fit: covariances (S, p), numbers and weights (S,), and counts of directions."""

    sigma: Array
    multiplicity: Array
    number: Array
    weight: Array

    @classmethod
    def of(cls, step: Step, directions: Spectrum, tails: Sequence[float] = ()) -> Rows:
        """The rows of a step, those of each length by themselves."""
        blocks, default = step.blocks, directions.eigenvalues
        sigma = np.array([default if b.covariance is None else b.covariance for b in blocks])
        number = np.array([block.rows for block in blocks], dtype=np.float64)
        weight = np.array([block.weight for block in blocks])
        if tails:
            count, lengths = len(tails), np.tile(tails, len(blocks))
            longer = np.repeat(lengths[:, None], sigma.shape[1], axis=1)
            if directions.constant:
                longer[:, -1] = 1.0
            sigma = np.repeat(sigma, count, axis=0) * longer
            number, weight = np.repeat(number / count, count), np.repeat(weight, count)
        return cls(sigma, directions.multiplicity, number, weight)

    @property
    def trace(self) -> float:
        """Weight times trace of the covariance, averaged over the rows."""
        return float(
            self.number * self.weight @ (self.sigma @ self.multiplicity) / self.number.sum()
        )

    @property
    def alike(self) -> bool:
        """Whether all have one covariance and one weight."""
        return bool((self.sigma == self.sigma[0]).all() and (self.weight == self.weight[0]).all())

    def inverse(self, directions: Spectrum) -> Array:
        """``E (X'X)^-1`` of rows that are alike, an inverse Wishart matrix, summed over equal directions."""
        total = self.number.sum()
        inverse = self.multiplicity / self.sigma[0] / (total - directions.dim - 1)
        if directions.constant:
            inverse[-1] *= 1 - 2 / total
        return inverse

    def solved(self, labels: Labels, lam: Array, *, constant: bool = False) -> tuple[Array, ...]:
        """Of penalties (k,): fixed point (e, q), how labelers are weighted, how errors feed back, and tau**2.

        And the variance of the last direction, where that is a constant.
        """
        sigma, count, number, weight = self
        e, q = resolvents(sigma, count, number, weight, number.sum() * lam)
        # w_bar = sum_t pull_t theta_t over labelers
        pull = labels.by.T @ (q[:, None] * (number * weight * e)[..., None] * sigma)
        if constant:
            about = Constant.of(number * weight * e, number)
            pull[..., -1] = about.heard @ labels.by
        missed = []
        for place in range(pull.shape[1]):
            away = -pull  # theta_t - w_bar = sum_u away_u theta_u
            away[:, place] += 1
            missed.append(np.einsum("kui,kvi,uvi->ki", away, away, labels.second))
        gaps = sigma * (labels.by @ np.array(missed).swapaxes(0, 1))
        if constant:
            gaps[..., -1] = contrast = about.added(gaps[..., -1])
        gap = np.sum(gaps, axis=2)
        each = sigma * q[:, None]
        coupling = (each * count) @ each.swapaxes(1, 2) * (number * (weight * e) ** 2)[:, None]
        system = np.eye(len(number)) - coupling
        tau2 = np.linalg.solve(system, (labels.noise + gap)[..., None])[..., 0]
        own = np.zeros(len(lam))
        if constant:
            own = (about.gain() * tau2 - about.own * contrast).sum(axis=1) / sigma[0, -1]
        return e, q, pull, coupling, tau2, own

    def left_out(self, labels: Labels, lam: Array) -> Array:
        """Weighted leave-one-out errors of penalties, up to a factor."""
        tau2 = self.solved(labels, lam)[4]
        return np.asarray(tau2 @ (self.number * self.weight))


class Constant(NamedTuple):
    """How a constant hears rows of several sources, with ``e`` of rows that know a direction more (2.9).

    Between sources, what labelers' constants differ by is no chance: the fitted one is their mean, and the rows apart
    from it have all of the contrast.

    Attributes
    ----------
    heard : ndarray of shape (..., S)
        The parts of the sources, in all one.
    loud : ndarray of shape (..., S)
        A contrast's error over that of as much noise.
    part : ndarray of shape (..., S)
        Of errors of rows, what a direction like others would have in its variance.
    own : ndarray of shape (..., S)
        And what a constant has.
    """

    heard: npt.NDArray[Any]
    loud: npt.NDArray[Any]
    part: npt.NDArray[Any]
    own: npt.NDArray[Any]

    @classmethod
    def of(cls, strength: npt.NDArray[Any], number: npt.NDArray[Any]) -> Constant:
        """From ``n omega e`` (..., S), where nothing shrinks it, and numbers of rows (S,)."""
        share = strength / strength.sum(axis=-1, keepdims=True)
        others = 1 - share / number
        others = np.where(abs(others) < _NONE, _NONE, others)
        heard = share / others
        heard = heard / heard.sum(axis=-1, keepdims=True)
        return cls(heard, others**-2, share**2 / number, heard**2 / number)

    def added(self, apart: Array) -> Array:
        """To errors of rows (..., S), by labelers' constants so far from the fitted one, squared."""
        told = self.loud * apart
        return np.asarray(told - (self.part * told).sum(axis=-1, keepdims=True))

    def gain(self) -> Array:
        """Variance per unit of the errors of the rows of every source, (..., S), but for what `added` is too much."""
        return np.asarray(self.own - self.own.sum(axis=-1, keepdims=True) * self.part)


def _of_one_row(moments: Moments, rows: Rows, theta: Shares, noise: float, model: int) -> None:
    """A fit to one row that knows a constant is that row's label."""
    keeps = np.zeros(moments.shape[1])
    keeps[-1] = 1.0
    own = moments.covariance(theta, theta)
    said = moments.signal * np.square(moments.mean(theta)) + own
    sigma = rows.number @ rows.sigma  # of the length that the row happens to have
    heard = float((sigma[:-1] * (said + 0 * keeps).ravel()[:-1]).sum()) + noise
    moments.record(
        model,
        keeps * moments.mean(theta),
        keeps * (own + heard / sigma[-1]),
        lambda u: keeps * moments.covariance(theta, {u: 1.0}),
        moments.all_exact(theta),
    )


def _copy(moments: Moments, theta: Shares, model: int, noise: Array | float = 0.0) -> None:
    """At least dim rows determine their labeler, but for their noise."""
    moments.record(
        model,
        moments.mean(theta),
        moments.covariance(theta, theta) + noise,
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
    e, q = resolvents(sigma, count, rows, omega, np.array([absolute]))
    return e[0], q[0]


def resolvents(
    sigma: Array, count: Array, rows: Array, omega: Array, absolute: Array
) -> tuple[Array, Array]:
    """The same of many absolute penalties (k,), all at once: e (k, S) and Q (k, p)."""
    least_squares = (absolute == 0) & (rows.sum() > count.sum())
    alpha = np.where(least_squares, 1.0, absolute)[:, None]
    beta = np.where(least_squares, 0.0, 1.0)[:, None]
    strength, masses = rows * omega, sigma * count
    e = 1 / (alpha + omega * masses.sum(axis=1))
    found, left = np.empty((len(absolute), count.size)), np.arange(len(absolute))
    for _ in range(500):
        own = e[left]
        q = 1 / (beta[left] + (strength * own) @ sigma)
        traced = alpha[left] + omega * (q @ masses.T)
        value = 1 / own - traced
        done = np.max(np.abs(value) * own, axis=1) < 1e-12
        if done.any():
            found[left[done]] = q[done]
            left = left[~done]
            if not left.size:
                return e, found
            own, q, traced, value = (each[~done] for each in (own, q, traced, value))
        # Newton in log e; the fixed-point step, monotone and safe, where Newton leaves the domain
        coupled = (masses * q[:, None]) @ (sigma * q[:, None]).swapaxes(1, 2)
        jacobian = omega[:, None] * strength * coupled * own[:, None]
        jacobian[:, range(len(omega)), range(len(omega))] -= 1 / own
        step = np.linalg.solve(jacobian, -value[..., None])[..., 0]
        trusted = np.abs(step).max(axis=1, keepdims=True) < 1.0
        e[left] = own * np.exp(np.where(trusted, step, -np.log(traced * own)))
    raise NotSolvedError("the fixed point of the weighted sources did not converge")
