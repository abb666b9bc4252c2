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
    directions: Spectrum, even: Even, objective: Callable[[Array], Array], *, moving: bool = True
) -> tuple[Array, Array, Array]:
    """Errors; slopes in every label noise's variance and share, of which NaN if nothing is ``moving``.

    The slopes of the fits stay with them.
    """
    s, signal, energy = directions.eigenvalues, directions.signal, directions.energy
    shrink, gap, gain, square = even.shrink, even.gap, even.gain, even.square
    noise = np.array([fit.noise for _, fit in even.at.values()])
    filters = np.cumprod(shrink, axis=0)
    means = np.ones_like(filters)  # of the labelers
    means[1:] = filters[:-1]
    second, heard = means * means, np.empty(noise.size)
    second *= energy
    spread = np.zeros((noise.size + 1, s.size))
    for t in range(noise.size):
        second[t] += spread[t]
        heard[t] = gap[t] @ second[t] + noise[t]
        np.multiply(square[t], spread[t], out=spread[t + 1])
        spread[t + 1] += heard[t] * gain[t]
    missed = 1 - filters
    risk = np.square(missed) @ signal + spread[1:] @ s

    weight = objective(risk)
    of_variance, of_error = np.outer(weight, s), np.empty(noise.size)
    for t in reversed(range(noise.size)):
        of_error[t] = of_variance[t] @ gain[t]
        if t:
            of_variance[t - 1] += square[t] * of_variance[t] + of_error[t] * gap[t]
    by_mean = gap * (2 * of_error[:, None])
    by_mean *= means
    by_mean *= energy
    missed *= signal
    missed *= -2 * weight[:, None]
    of_filter = missed
    of_filter[:-1] += by_mean[1:]
    for t in reversed(range(1, noise.size)):
        of_filter[t - 1] += shrink[t] * of_filter[t]
    of_share = np.full(noise.size, np.nan)
    if moving:
        of_share = np.vecdot(shrink * of_filter + by_mean, means)
        handed = square * of_variance + of_error[:, None] * gap
        of_share += 2 * np.vecdot(handed, spread[:-1])
    of_shrink = shrink * of_variance
    of_shrink *= spread[:-1]
    of_shrink *= 2
    means *= of_filter
    of_shrink += means
    even.of_shrink = of_shrink
    second *= of_error[:, None]
    even.of_gap = second
    of_variance *= heard[:, None]
    even.of_gain = of_variance
    return risk, of_error, of_share
