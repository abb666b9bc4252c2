"""How good a linear model is as a classifier of Gaussian rows: from three numbers.

``inner = w'Sigma w*``, ``square = w'Sigma w`` and ``truth = w*'Sigma w*`` decide the joint law of what the
model and the truth say of a row (`channels.md` 4). Classes are signs, sampled ones signs under noise whose
width is drawn anew for each row (`genloss.labels.Sampled`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.labels.sampled import Sampled
from genloss.losses.logistic import Logistic
from genloss.steps import Step

Array = npt.NDArray[np.float64]


NAMES = ("error", "log_loss", "brier", "accepted", "norm", "disagreement")
"""Columns of a curve that are about classes, or about plans beyond ridge regression."""


def columns(
    steps: Sequence[Step],
    inner: Array,
    square: Array,
    truth: Array | float,
    with_first: Array,
    first: Array | float,
    accepted: Array,
) -> dict[str, Array]:
    """Those of the columns that a plan has, from numbers of every model along the last axis.

    Parameters
    ----------
    steps : sequence of Step
        The plan.
    inner, square, truth : ndarray or float
        ``w'Sigma w*``, ``w'Sigma w`` and ``w*'Sigma w*``.
    with_first, first : ndarray or float
        The products of model 0 with each model, and with itself.
    accepted : ndarray
        Share of each fit's rows that was kept.
    """
    blocks = [block for step in steps for block in step.blocks]
    found = {"norm": np.sqrt(square)}
    if any(block.keep is not None for block in blocks):
        found["accepted"] = accepted
    if all(block.labels.makes == "numbers" for block in blocks):
        return found
    lost = np.isinf(square)  # no model, nothing to say of it
    inner, square, with_first = (np.where(lost, np.nan, x) for x in (inner, square, with_first))
    found["error"] = error(inner, square, truth)
    found["disagreement"] = error(with_first, square, first)
    if all(step.loss == Logistic() for step in steps):
        noise = _noise_of_real_classes(steps)
        found["log_loss"] = log_loss(inner, square, truth, noise)
        found["brier"] = brier(inner, square, truth, noise)
    return found


def of_clouds(
    steps: Sequence[Step], middle: Array, square: Array, with_first: Array, accepted: Array
) -> dict[str, Array]:
    """The same where rows lie about the centres of two classes, whose own class they have.

    Parameters
    ----------
    steps : sequence of Step
        The plan.
    middle, square : ndarray
        Mean and variance of what a model says of the rows of the class +1.
    with_first : ndarray
        Covariance of that with what model 0 says.
    accepted : ndarray
        Share of each fit's rows that was kept.
    """
    from scipy.special import ndtr

    blocks = [block for step in steps for block in step.blocks]
    found = {"norm": np.sqrt(square + middle**2)}
    if any(block.keep is not None for block in blocks):
        found["accepted"] = accepted
    if all(block.labels.makes == "numbers" for block in blocks):
        return found
    lost = np.isinf(square)
    middle, square, with_first = (np.where(lost, np.nan, x) for x in (middle, square, with_first))
    size = np.sqrt(square)
    size = np.where(size > 0, size, 1.0)  # of a model that says nothing: one half
    a = middle / size
    tilt = with_first / (size * size[0])
    found["error"] = np.asarray(ndtr(-a))
    # one of them alone is what is left of each
    apart = np.maximum(ndtr(a) + ndtr(a[0]) - 2 * both_below(a, a[0], tilt), 0.0)
    found["disagreement"] = np.where(tilt > 1 - 1e-14, 0.0, apart)
    if all(step.loss == Logistic() for step in steps):
        found["log_loss"], found["brier"] = _chances_of_clouds(middle, square)
    return found


def error_of_clouds(middle: Array, square: Array) -> Array:
    """Chance of another sign than the row's own class, from mean and variance of what a model says of the class +1."""
    from scipy.special import ndtr

    return np.asarray(ndtr(-middle / np.sqrt(square)))


def _chances_of_clouds(middle: Array, square: Array) -> tuple[Array, Array]:
    """Log loss and Brier score on the own class of a row, where values of the class +1 are normal."""
    from scipy.special import ndtr

    weights, widths = Sampled().noises()
    # 1 - sigmoid(z) is the chance that normal noise, its width drawn anew, is above z
    size = np.hypot(np.sqrt(square)[..., None], widths)
    a = -middle[..., None] / size
    above = size * np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi) - middle[..., None] * ndtr(a)
    tilt = square[..., None, None] / (size[..., None] * size[..., None, :])
    both = both_below(a[..., None], a[..., None, :], tilt)
    return above @ weights, np.einsum("...jk,j,k->...", both, weights, weights)


def both_below(a: Array, b: Array | float, tilt: Array) -> Array:
    """``P(A < a, B < b)`` of standard normals with a correlation, by Owen's T."""
    from scipy.special import ndtr, owens_t

    a, b = (np.where(x == 0, 1e-300, x) for x in (a, b))
    tilt = np.clip(tilt, -1 + 1e-15, 1 - 1e-15)
    rest = np.sqrt((1 - tilt) * (1 + tilt))
    both = (ndtr(a) + ndtr(b)) / 2 - owens_t(a, (b / a - tilt) / rest)
    both -= owens_t(b, (a / b - tilt) / rest) + np.where(a * b < 0, 0.5, 0.0)
    return np.asarray(both)


def _noise_of_real_classes(steps: Sequence[Step]) -> tuple[Array, Array]:
    """Under which noise the truth's sign is the class that is observed; none where none is."""
    for step in steps:
        for block in step.blocks:
            noises = block.labels.noises()
            if noises is not None and block.shares == {REAL: 1.0}:
                return noises[0], np.hypot(noises[1], block.noise)
    return np.ones(1), np.zeros(1)


def error(inner: Array, square: Array, truth: Array | float) -> Array:
    """Chance that two models give a row different signs; one half where one of them is zero."""
    size = np.sqrt(square * truth)
    cosine = np.divide(inner, size, out=np.zeros(np.shape(size)), where=~(size <= 0))
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)) / np.pi)


def log_loss(
    inner: Array, square: Array, truth: Array | float, noise: tuple[Array, Array]
) -> Array:
    """Mean of ``log(1 + exp(-y x'w))`` over new rows.

    Parameters
    ----------
    inner, square, truth : ndarray
        The three numbers, in any shape.
    noise : tuple of ndarray
        Weights and widths of the noise under which the truth's sign is the class y.
    """
    weights, widths = Sampled().noises()
    # E log(1 + exp(-|z|)) and friends by parts: sigmoid is a mixture of normal curves
    own = (np.hypot(np.sqrt(square)[..., None], widths) - widths) @ weights
    shares, spreads = noise
    seen = (inner[..., None] / np.hypot(np.sqrt(truth)[..., None], spreads)) @ shares
    return np.asarray(np.log(2) + (own - seen) / np.sqrt(2 * np.pi))


def brier(inner: Array, square: Array, truth: Array | float, noise: tuple[Array, Array]) -> Array:
    """Mean of ``(sigmoid(x'w) - c)**2`` over new rows, c being 1 for the class +1 and else 0."""
    own = Sampled().noises()
    return (
        0.5 + _both(square, square, square, own, own) - 2 * _both(inner, square, truth, own, noise)
    )


def _both(
    inner: Array,
    one: Array,
    other: Array | float,
    noise: tuple[Array, Array],
    other_noise: tuple[Array, Array],
) -> Array:
    """Chance that two noisy signs are both positive."""
    (weights, widths), (shares, spreads) = noise, other_noise
    sizes = np.sqrt(
        (np.asarray(one)[..., None, None] + widths[:, None] ** 2)
        * (np.asarray(other)[..., None, None] + spreads**2)
    )
    cosine = np.clip(np.asarray(inner)[..., None, None] / sizes, -1.0, 1.0)
    return np.asarray(
        0.25 + np.einsum("...jk,j,k->...", np.arcsin(cosine), weights, shares) / (2 * np.pi)
    )
