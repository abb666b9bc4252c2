"""The founding paper's chain: generators in a row, then a downstream fit, with its error in parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.equivalents import solve
from genloss.errors import InvalidInputError
from genloss.spectrum import Spectrum
from genloss.theory.fit import Stage, regime, stage_of, stages

Array = npt.NDArray[np.float64]

MOST_GENERATIONS = 10_000
_BLOCK = 1 << 17  # entries of one (fits x eigenvalues) block


class Fitting(NamedTuple):
    """One fit of the chain.

    Attributes
    ----------
    n_samples : float
        Rows.
    penalty : float
        Of ridge regression, per row.
    noise : float
        Standard deviation of what is added to its labels.
    """

    n_samples: float
    penalty: float = 0.0
    noise: float = 0.0


class Generators(NamedTuple):
    """Equal fits in a row, each labelled by the one before."""

    generations: float = 0.0
    n_samples: float = 1.0
    noise: float = 0.0
    penalty: float = 0.0
    same: bool = False
    """Whether all share one design."""


@dataclass(frozen=True, eq=False)
class Risk:
    """Excess test error in its three parts, each of the broadcast shape of the arguments.

    Attributes
    ----------
    bias : ndarray
        What remains without any label noise.
    variance : ndarray
        Share of the downstream label noise.
    inherited : ndarray
        Share of all generators' label noise.
    """

    bias: Array
    variance: Array
    inherited: Array

    @property
    def total(self) -> Array:
        """The excess test error."""
        return self.bias + self.variance + self.inherited


@dataclass(frozen=True, eq=False)
class Labels:
    """Law of the model that labels the downstream rows, per eigenvalue.

    Attributes
    ----------
    kept, lost : ndarray of shape (k,)
        Share of the truth that its mean keeps, and one minus that without cancellation.
    wobble, noise : ndarray of shape (k,)
        Its variance without label noise, and that due to it, summed over the eigenvalue's directions.
    """

    kept: Array
    lost: Array
    wobble: Array
    noise: Array


def unbiased(spectrum: Spectrum, noise: float) -> Labels:
    """Law of least-squares generators, ``noise`` in every direction (`paper.md` 2.1); 0: real labels."""
    one = np.ones_like(spectrum.eigenvalues)
    spread = noise * spectrum.multiplicity / spectrum.eigenvalues if noise > 0 else 0 * one
    return Labels(one, 0 * one, 0 * one, spread)


def generated(spectrum: Spectrum, generators: Sequence[Fitting]) -> Labels:
    """Law of the last of generators on fresh rows, by the recursion of `genloss.predict`.

    The error is affine in every noise, so that what is due to noise is followed apart.
    """
    labels = unbiased(spectrum, 0.0)
    if not generators:
        return labels
    rows, penalties, noises = np.array(generators, dtype=np.float64).T
    kept, lost, wobble, noise = np.array(
        [[labels.kept], [labels.lost], [labels.wobble], [labels.noise]]
    )
    for stage, own in zip(stages(spectrum, rows[None], penalties[None])[0], noises, strict=True):
        if own > 0 and not np.isfinite(stage.label_gain).all():
            noise = np.full_like(noise, np.inf)
            break
        wobble = stage.spread(spectrum.energy * kept**2, wobble)
        noise = stage.spread(0.0, noise) + (own**2 * stage.label_gain if own > 0 else 0.0)
        lost, kept = lost + kept * _lack(spectrum, stage), np.asarray(stage.shrunk(kept))
    return Labels(kept[0], lost[0], wobble[0], noise[0])


def labels_of(spectrum: Spectrum, behind: Generators) -> Labels:
    """Law of the last of several equal generators.

    Raises
    ------
    InvalidInputError
        If generators that shrink or interpolate do not come in a whole number.
    """
    count = behind.generations
    if count == 0 or is_unbiased(spectrum, behind.n_samples, behind.penalty):
        return unbiased(spectrum, float(level(spectrum, count, behind.n_samples, behind.noise)))
    if behind.same:  # one fit, with all the noise
        noise = behind.noise * count**0.5
        return generated(spectrum, [Fitting(behind.n_samples, behind.penalty, noise)])
    if count != round(count) or count > MOST_GENERATIONS:
        raise InvalidInputError(
            f"generations was {count}; generators that shrink or interpolate come in whole "
            f"numbers, at most {MOST_GENERATIONS}"
        )
    one = Fitting(behind.n_samples, behind.penalty, behind.noise)
    return generated(spectrum, [one] * round(count))


def is_unbiased(spectrum: Spectrum, n_samples: Array | float, penalty: Array | float) -> Array:
    """Whether generators are least squares."""
    return np.asarray((np.asarray(penalty) == 0) & (np.asarray(n_samples) >= spectrum.dim))


def level(
    spectrum: Spectrum, generations: Array | float, n_samples: Array | float, noise: Array | float
) -> Array:
    """Noise of least-squares generators in every direction, with the exact factor n - dim - 1."""
    left = np.maximum(np.asarray(n_samples) - spectrum.dim - 1, 0.0)
    total = np.asarray(generations) * np.asarray(noise) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, total / left, 0.0)


def downstream(
    spectrum: Spectrum,
    labels: Labels,
    n: Array,
    lam: Array,
    noise: Array,
    kappa: Array | None = None,
) -> Risk:
    """Risk of every downstream fit on one labeler, for 1-D arrays of one length."""
    if kappa is None:
        kappa = solve(spectrum, lam, n).kappa
    parts = np.empty((3, n.size))
    kinds = [regime(*fit, spectrum.dim) for fit in zip(n.tolist(), lam.tolist(), strict=True)]
    size = max(1, _BLOCK // spectrum.eigenvalues.size)
    for kind in dict.fromkeys(kinds):
        alike = np.flatnonzero([kind == each for each in kinds])
        for at in np.split(alike, range(size, alike.size, size)):
            stage = stage_of(spectrum, *(column[at, None] for column in (n, lam, kappa)))
            parts[:, at] = _parts(spectrum, labels, stage, noise[at])
    return Risk(*parts)


def at_kappa(
    spectrum: Spectrum, labels: Labels, n: Array, lam: Array, kappa: Array, noise: Array
) -> Risk:
    """The same where the effective penalties are known, of fits that all shrink."""
    stage = stage_of(spectrum, n[:, None], np.maximum(lam, 1e-300)[:, None], kappa[:, None])
    return Risk(*_parts(spectrum, labels, stage, noise))


def _parts(
    spectrum: Spectrum, labels: Labels, stage: Stage, noise: Array
) -> tuple[Array, Array, Array]:
    """Bias, share of the own noise, share of the generators'; real or least-squares labels: 2.3."""
    s, kept = spectrum.eigenvalues, labels.kept
    infinite, nothing = np.isinf(labels.noise).any(), np.zeros_like(noise)
    if stage.gap is None:
        bias, inherited = labels.lost**2 @ spectrum.signal + labels.wobble @ s, labels.noise @ s
    else:
        unit, square = stage.gain @ s, np.square(stage.shrunk(1.0))  # unit: df2 / (n - df2)
        hidden = stage.gap @ (spectrum.energy * kept**2 + labels.wobble)
        missed = (labels.lost + kept * _lack(spectrum, stage)) ** 2 @ spectrum.signal
        bias = missed + square @ (s * labels.wobble) + unit * hidden
        spread = labels.noise if not infinite else 0 * s
        inherited = square @ (s * spread) + unit * (stage.gap @ spread)
    with np.errstate(invalid="ignore"):
        own = np.where(noise > 0, noise**2 * (stage.label_gain @ s), 0.0)
    return bias + nothing, own, np.inf + nothing if infinite else inherited + nothing


def _lack(spectrum: Spectrum, stage: Stage) -> Array | float:
    """One minus the shrinkage, without cancellation."""
    return 0.0 if stage.gap is None else np.sqrt(stage.gap / spectrum.eigenvalues)
