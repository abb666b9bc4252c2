"""A chain in which every model labels the next one only: all that is not a recursion is done at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.spectrum import Spectrum
from genloss.theory.gradients.even import Even

Array = npt.NDArray[np.float64]


def is_straight(even: Even, models: int) -> bool:
    """Whether a plan is such a chain."""
    return len(even.at) == models and all(
        fit.base is None and not fit.along and fit.labeler == {model - 1 if model else REAL: 1.0}
        for model, (_, fit) in even.at.items()
    )


def chain(
    directions: Spectrum, even: Even, objective: Callable[[Array], Array]
) -> tuple[Array, Array, Array]:
    """Errors; slopes in every label noise's variance and share. The slopes of the fits stay with them."""
    s, signal, energy = directions.eigenvalues, directions.signal, directions.energy
    shrink, gap, gain, square = even.shrink, even.gap, even.gain, even.square
    noise = np.array([fit.noise for _, fit in even.at.values()])
    filters = np.cumprod(shrink, axis=0)
    means = np.concatenate([np.ones((1, s.size)), filters[:-1]])  # of the labelers
    signals, heard = energy * means**2, np.empty(noise.size)
    spread = np.zeros((noise.size + 1, s.size))
    for t in range(noise.size):
        heard[t] = gap[t] @ (signals[t] + spread[t]) + noise[t]
        spread[t + 1] = square[t] * spread[t] + heard[t] * gain[t]
    missed = 1 - filters
    risk = missed**2 @ signal + spread[1:] @ s

    weight = objective(risk)
    of_variance, of_error = np.outer(weight, s), np.empty(noise.size)
    for t in reversed(range(noise.size)):
        of_error[t] = of_variance[t] @ gain[t]
        if t:
            of_variance[t - 1] += square[t] * of_variance[t] + of_error[t] * gap[t]
    by_error = of_error[:, None] * gap
    by_mean = 2 * energy * by_error * means
    of_filter = -2 * weight[:, None] * signal * missed
    of_filter[:-1] += by_mean[1:]
    for t in reversed(range(1, noise.size)):
        of_filter[t - 1] += shrink[t] * of_filter[t]
    even.of_shrink = of_filter * means + 2 * of_variance * shrink * spread[:-1]
    even.of_gap = of_error[:, None] * (signals + spread[:-1])
    even.of_gain = heard[:, None] * of_variance
    of_share = np.vecdot(shrink * of_filter + by_mean, means)
    of_share += 2 * np.vecdot(square * of_variance + by_error, spread[:-1])
    return risk, of_error, of_share
