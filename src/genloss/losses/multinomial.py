"""The multinomial logistic loss: logistic regression of several classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genloss.losses._base import Array, Loss


@dataclass(frozen=True)
class Multinomial(Loss):
    """``log(sum_k exp(z_k)) - sum_k chance_k z_k`` of several classes, along the last axis.

    Labels are one-hot, or chances, less ``1 / classes``. The same as scikit-learn's
    ``LogisticRegression(C=1 / (2 n penalty), fit_intercept=False)`` with its default solver. No theory
    knows it; `genloss.simulate` fits it to the rows of problems with several classes.

    Examples
    --------
    >>> from genloss import losses
    >>> round(float(losses.Multinomial().value([0.5, -0.5], [0.0, 0.0])), 4)
    0.6931
    """

    labels = ("classes", "chances")
    columns = True

    def value(self, y: Array, z: Array) -> Array:
        """The loss, without the last axis."""
        z = np.asarray(z, dtype=float)
        top = z.max(axis=-1)
        whole = top + np.log(np.exp(z - top[..., None]).sum(axis=-1))
        return np.asarray(whole - np.sum(_chances(y) * z, axis=-1))

    def slope(self, y: Array, z: Array) -> Array:
        """Derivative in z: the model's chances less the labels'."""
        return _softmax(z) - _chances(y)

    def curvature(self, y: Array, z: Array) -> Array:
        """Second derivatives in z, (..., classes, classes)."""
        own = _softmax(z) + 0 * np.asarray(y)
        return own[..., None] * (np.eye(own.shape[-1]) - own[..., None, :])


def _chances(y: Array) -> Array:
    y = np.asarray(y, dtype=float)
    return y + 1 / y.shape[-1]


def _softmax(z: Array) -> Array:
    odds = np.exp(np.asarray(z) - np.max(z, axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))
