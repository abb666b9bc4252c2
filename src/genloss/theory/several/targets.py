"""Moments of the labels of several classes, from the law of what a labeler says of a row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.labels import Label
from genloss.labels.linear import Linear
from genloss.theory.several.points import spread

Array = npt.NDArray[np.float64]


class Targets(NamedTuple):
    """What a fit needs of the labels y of a source.

    Attributes
    ----------
    mean : ndarray of shape (clouds, classes)
        ``E y`` of the rows of every cloud.
    slope : ndarray of shape (classes, classes)
        ``E dy_l / dh_k``, h what the labeler says: the linear part of a rule.
    square : ndarray of shape (classes, classes)
        ``E y y'``.
    """

    mean: Array
    slope: Array
    square: Array


def targets(rule: Label, middle: Array, covariance: Array, noise: float) -> Targets:
    """Moments of labels.

    Parameters
    ----------
    rule : Label
        How values become labels.
    middle : ndarray of shape (clouds, classes)
        Mean of h in every cloud.
    covariance : ndarray of shape (classes, classes)
        Covariance of h within clouds.
    noise : float
        Standard deviation of the noise on every value.
    """
    clouds, classes = middle.shape
    total = covariance + noise**2 * np.eye(classes)
    if isinstance(rule, Linear):
        return Targets(middle, np.eye(classes), total + middle.T @ middle / clouds)
    # what all values have in common decides no class
    apart = np.eye(classes) - 1 / classes
    total = apart @ total @ apart
    away = spread(total, clouds)
    mean, score, square = np.empty_like(middle), np.zeros_like(total), np.zeros_like(total)
    for cloud, centre in enumerate(middle):
        chances = rule.chances(centre + away)
        assert chances is not None
        labels = chances - 1 / classes
        mean[cloud] = labels.mean(axis=0)
        score += away.T @ labels / len(away) / clouds
        if rule.makes == "classes":  # drawn by the chances
            often = chances.mean(axis=0)
            square += np.diag(often) - (often + often[:, None]) / classes + 1 / classes**2
        else:
            square += labels.T @ labels / len(labels)
    # integration by parts; what no labeler says has no slope
    slope = np.linalg.pinv(total, rcond=1e-10, hermitian=True) @ score
    return Targets(mean, slope, square / clouds)
