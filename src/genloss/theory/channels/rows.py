"""Rows of one source as a channel sees them, and the joint law of what is said of a row."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.keep import Keep
from genloss.labels import Label
from genloss.losses import Loss
from genloss.theory.channels.panels import turns

Array = npt.NDArray[np.float64]


class Rows(NamedTuple):
    """Candidate rows with one rule for their labels.

    Attributes
    ----------
    number, weight : float
        How many, and the weight of each one's loss.
    loss, label, keep : Loss, Label, Keep or None
        What is minimised, how a labeler's value becomes a label, which rows are kept.
    noise : float
        Standard deviation of the noise on the labeler's value.
    fields : tuple of int
        Numbers of the labeler and, if it is another one, of the judge.
    sheet : int
        Number of their covariance.
    centre : float or None
        Of rows about the centres of two classes, whose last field is the truth: the truth over
        ``Sigma^-1 mu``.
    real : float
        Of such rows: the coefficient of their class in the labeler's value.
    memory : dict or None
        Where integrals may keep what serves for laws close by.
    """

    number: float
    weight: float
    loss: Loss
    label: Label
    keep: Keep | None
    noise: float
    fields: tuple[int, ...]
    sheet: int
    centre: float | None = None
    real: float = 0.0
    memory: dict[float, Any] | None = None

    @property
    def judged_by_labeler(self) -> bool:
        """Whether the judge is the labeler itself."""
        named = len(self.fields) - (self.centre is not None)
        return self.keep is not None and named == 1

    @property
    def is_scale_free(self) -> bool:
        """Whether labels are the same if the labeler says twice as much."""
        noises = self.label.noises() if self.label.makes == "classes" else None
        return self.noise == 0 and self.real == 0 and noises is not None and not noises[1].any()


def judge_turns(rows: Rows, second: Array, far: float, centre: Array | float = 0.0) -> Array:
    """Edges in the labeler's noisy value u where a judge's value passes the end of an interval."""
    if rows.keep is None:
        return np.empty(0)
    keep, total = rows.keep, second[0, 0] + rows.noise**2
    slope = second[0, -1] / total
    spread = np.sqrt(max(second[-1, -1] - slope * second[0, -1], 0.0))
    if rows.judged_by_labeler and rows.noise == 0:
        slope, spread = 1.0, 0.0
    means = np.ravel(centre)
    rest = means[-1] - slope * means[0]

    def ends(labels: Array) -> list[Array]:
        return [end - rest for interval in keep.intervals(labels) for end in interval]

    return turns(rows.label, ends, slope, spread, far)


class Law(NamedTuple):
    """Joint law of fields h = (labeler, judge) and of z, what a model not fitted to the row says.

    Attributes
    ----------
    second : ndarray of shape (k, k)
        ``E h h'``.
    cross : ndarray of shape (batch, k)
        ``E h z``.
    square : ndarray of shape (batch,)
        ``E z**2``.
    gamma : ndarray of shape (batch,)
        How much a row's own pull moves what the model says of it, times the row's weight.
    centre : ndarray of shape (k,) or float
        Means of the fields, about which ``second`` and ``cross`` are taken.
    middle : ndarray of shape (batch,) or float
        Mean of z.
    """

    second: Array
    cross: Array
    square: Array
    gamma: Array
    centre: Array | float = 0.0
    middle: Array | float = 0.0

    @property
    def first(self) -> float:
        """Mean of the first field."""
        return self.centre if isinstance(self.centre, float) else float(self.centre[0])

    def about(self) -> Array:
        """Mean of z for every point of a batch, (batch,)."""
        return self.middle + np.zeros_like(self.square)

    def only(self) -> Law:
        """Of the first point of a batch."""
        middle = self.middle[:1] if isinstance(self.middle, np.ndarray) else self.middle
        return Law(
            self.second, self.cross[:1], self.square[:1], self.gamma[:1], self.centre, middle
        )

    def given_z(self) -> tuple[Array, Array]:
        """Slope of the fields' mean in z, (batch, k), and their covariance given z, (batch, k, k)."""
        slope = self.cross / self.square[:, None]
        rest = self.second - slope[:, :, None] * self.cross[:, None, :]
        diagonal = rest.reshape(len(rest), -1)[:, :: len(self.second) + 1]
        np.maximum(diagonal, 1e-14 * self.second.diagonal(), out=diagonal)
        return slope, rest


class Sums(NamedTuple):
    """What a fit needs of a source, per candidate row, each of shape (batch,) or (batch, k).

    Attributes
    ----------
    curvature : ndarray
        ``E a psi'``, psi the slope of the loss at the fitted value and a whether the row is kept.
    square : ndarray
        ``E a psi**2``.
    pull : ndarray of shape (batch, k)
        Minus the coefficients on h of the regression of ``a psi`` on (h, z).
    accepted : ndarray
        ``E a``.
    mean : ndarray
        ``E a psi``.
    """

    curvature: Array
    square: Array
    pull: Array
    accepted: Array
    mean: Array


def density(x: Array, variance: Array) -> Array:
    """Normal density around zero."""
    return np.exp(x * x * (-0.5 / variance)) * (1 / np.sqrt(2 * np.pi * variance))
