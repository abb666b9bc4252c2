"""The founding paper's chain on weighted nodes: generators in a row, then a downstream fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.scaling.nodes import Fits, Nodes, blocks, fit

Array = npt.NDArray[np.float64]


class Fitting(NamedTuple):
    """One fit of the chain: rows, ridge penalty, standard deviation of its label noise."""

    n_samples: float
    penalty: float = 0.0
    noise: float = 0.0


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
    """Law of the model that labels the downstream rows, per node.

    Attributes
    ----------
    kept : ndarray of shape (k,)
        Share of the truth that its mean keeps (a product of D of `paper.md` section 3).
    lost : ndarray of shape (k,)
        ``1 - kept`` without cancellation.
    wobble : ndarray of shape (k,)
        Eigenvalue times its variance without label noise.
    noise : ndarray of shape (k,)
        Eigenvalue times its variance due to label noise.
    """

    kept: Array
    lost: Array
    wobble: Array
    noise: Array


def real_labels(nodes: Nodes) -> Labels:
    """Labels of the truth itself."""
    zero = np.zeros_like(nodes.spectrum)
    return Labels(np.ones_like(zero), zero, zero, zero)


def generated_labels(nodes: Nodes, generators: Sequence[Fitting], *, same: bool = False) -> Labels:
    """Law of the last generator.

    Notes
    -----
    `paper.md` section 3, run forward: along every direction a fit keeps ``D`` of its labeler and
    adds ``q D**2 / (n_samples - df2)`` of variance (times the eigenvalue), with
    ``q = sum (1 - D)**2 E[eigenvalue * labeler**2] + noise**2``. The same design throughout is one
    fit with all the noise. The sums over directions of either order of the recursion agree.
    """
    labels = real_labels(nodes)
    if not generators:
        return labels
    if same:
        total = float(np.sqrt(sum(each.noise**2 for each in generators)))
        generators = [generators[0]._replace(noise=total)]
    different = list(dict.fromkeys((each.n_samples, each.penalty) for each in generators))
    fits = fit(
        nodes,
        np.array([penalty for _, penalty in different]),
        np.array([rows for rows, _ in different]),
    )
    index = {pair: number for number, pair in enumerate(different)}
    kept, lost, wobble, noise = labels.kept, labels.lost, labels.wobble, labels.noise
    for each in generators:
        at = index[each.n_samples, each.penalty]
        k, rows_left = float(fits.kappa[at]), float(fits.rows_left[at])
        own = each.noise**2
        if own > 0 and not fits.noise_exists[at]:
            return Labels(kept, lost, wobble, np.full_like(noise, np.inf))
        if k == 0:
            noise = noise + (own / rows_left if own > 0 else 0.0)
            continue
        shrink, gap = nodes.spectrum / (nodes.spectrum + k), k / (nodes.spectrum + k)
        square = gap**2 * nodes.multiplicity
        from_truth = float(square @ (nodes.signal * kept**2 + wobble))
        from_noise = float(square @ noise) + own
        wobble = shrink**2 * (wobble + from_truth / rows_left)
        noise = shrink**2 * (noise + from_noise / rows_left)
        lost, kept = lost + kept * gap, kept * shrink
    return Labels(kept, lost, wobble, noise)


def least_squares_labels(nodes: Nodes, noise: float) -> Labels:
    """Law of a generator that is unbiased, with ``noise`` in every direction (`paper.md` 2.1)."""
    return Labels(
        np.ones_like(nodes.spectrum),
        np.zeros_like(nodes.spectrum),
        np.zeros_like(nodes.spectrum),
        np.full_like(nodes.spectrum, noise),
    )


def downstream(nodes: Nodes, labels: Labels, fits: Fits, noise: Array) -> Risk:
    """Risk of every downstream fit on one labeler."""
    bias, variance, inherited = (np.empty_like(fits.kappa) for _ in range(3))
    weight, infinite = nodes.multiplicity, np.isinf(labels.noise[0])
    from_labeler = np.zeros_like(labels.noise) if infinite else labels.noise
    for block in blocks(nodes, fits.kappa.size):
        k = fits.kappa[block, None]
        shrink, gap = nodes.spectrum / (nodes.spectrum + k), k / (nodes.spectrum + k)
        with np.errstate(divide="ignore", invalid="ignore"):
            # df2 / (n - df2): what one unit of label noise costs
            unit = np.where(fits.rows_left[block] > 0, fits.df2[block] / fits.rows_left[block], 0.0)
        square, gap_square = shrink**2, gap**2
        unlearned = (labels.lost + labels.kept * gap) ** 2 @ nodes.weighted_signal
        wobble = square @ (weight * labels.wobble)
        hidden = gap_square @ (weight * (nodes.signal * labels.kept**2 + labels.wobble))
        bias[block] = unlearned + wobble + unit * hidden
        spread = square @ (weight * from_labeler) + unit * (gap_square @ (weight * from_labeler))
        inherited[block] = np.inf if infinite else spread
        own = noise[block] ** 2
        exists = fits.noise_exists[block]
        variance[block] = np.where(own > 0, np.where(exists, own * unit, np.inf), 0.0)
    return Risk(bias, variance, inherited)
