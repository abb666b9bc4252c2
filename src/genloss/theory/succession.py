"""Models that are each labelled by the one before alone: state evolution of many in whole arrays.

The fits do not depend on one another, so that they are looked at together; what is left one by one is
how variance is handed on (`theory.md` 2.2). With ``S = s / (s + kappa)`` and V the variance in the metric
of the test inputs, direction by direction,

    V_t = S**2 (V_{t-1} + q / (n - df2)) ,   q = sum (1 - S)**2 (E**2 + V_{t-1}) + noise**2 ,

where E is what the mean of the labeler says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.theory.walk import Walk

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_CELLS = 16_000  # entries of an array, whose memory (128 kB) the allocator keeps for the next one
_MOST = 1e50  # of kappa over an eigenvalue: squares of shrinkages are ordinary numbers


def risks(walk: Walk, see: Sequence[Callable[[int], None]] = ()) -> tuple[Array, Array, Mask]:
    """Go all the way of a walk.

    Parameters
    ----------
    walk : Walk
        Where no model is known yet.
    see : sequence of callable
        Told of every model while it is the last.

    Returns
    -------
    bias, variance : ndarray of shape (n_plans, n_models)
    exact : ndarray of bool of shape (n_models,)
    """
    bias: list[Array] = []
    variance: list[Array] = []
    exact: list[bool] = []
    for models in _one_by_one(walk) if see else _successions(walk):
        if len(models) > 1:
            parts = _together(walk, models)
        else:
            if see:
                walk.doubt(models[0])
            walk.ways[models[0]](walk, models[0])
            parts = walk.risk(models[0])
        bias.append(parts[0])
        variance.append(parts[1])
        exact += [walk.moments.exact[models[-1]]] * len(models)
        for look in see:
            look(models[-1])
    return np.vstack(bias).T, np.vstack(variance).T, np.array(exact)


def _one_by_one(walk: Walk) -> Iterator[range]:
    return (range(model, model + 1) for model in range(len(walk.ways)))


def _successions(walk: Walk) -> Iterator[range]:
    """All models in order, those of a succession together."""
    alone = walk.matrices is not None or walk.chains[0][0].outside
    if len(walk.rows) > 1 or alone or walk.moments.directions.constant:
        yield from _one_by_one(walk)
        return
    spectrum, kappa = walk.moments.spectrum, walk.effective.kappa[0]
    # a penalty that leaves all or nothing is looked at alone
    ordinary = (kappa > 0) & (kappa < _MOST * spectrum.min())
    first = 0  # of the models that wait
    goes_on = False  # whether the last model is a fit of a succession
    needed = 0  # the last model that needs one of those so far
    for step, way, shrinks in zip(walk.chains[0], walk.ways, ordinary.tolist(), strict=True):
        model, fits = step.model, False
        if shrinks and step.penalty > 0 and way is Walk.fresh and needed <= model:
            fits = step.towards is None and len(step.blocks) == 1
        if model and not (fits and goes_on and step.blocks[0].shares == {model - 1: 1.0}):
            yield range(first, model)
            first = model
        goes_on, needed = fits, max(needed, walk.remembered[model])
    yield range(first, len(walk.ways))


def _together(walk: Walk, models: range) -> tuple[Array, Array]:
    """Bias and variance of models of a succession, each of shape (n_models, 1)."""
    [steps], moments = walk.chains, walk.moments
    labeler = steps[models.start].blocks[0].shares
    at = slice(models.start, models.stop)
    found = follow(
        moments.directions,
        (walk.rows[0, at], walk.penalty[0, at], walk.effective.kappa[0, at]),
        np.array([steps[model].blocks[0].noise for model in models]) ** 2,
        np.ravel(moments.mean(labeler)),
        np.ravel(moments.covariance(labeler, labeler)),
    )
    moments.record(
        models[-1], found.filter[None], found.covariance[None], lambda _: 0.0, exact=False
    )
    return found.bias[:, None], found.variance[:, None]


class Heirs(NamedTuple):
    """Models of a succession, and the last one's moments.

    Attributes
    ----------
    bias, variance : ndarray of shape (n_models,)
        Parts of the risk of each.
    filter, covariance : ndarray of shape (k,)
        Of the last, per eigenvalue.
    """

    bias: Array
    variance: Array
    filter: Array
    covariance: Array


def follow(
    directions: Spectrum,
    fits: tuple[Array, Array, Array],
    noise: Array,
    mean: Array,
    covariance: Array,
) -> Heirs:
    """Fit models one after the other, the first to a labeler of given moments.

    Parameters
    ----------
    directions : Spectrum
    fits : tuple of ndarray of shape (n_models,)
        Rows, penalties > 0 and their effective penalties.
    noise : ndarray of shape (n_models,)
        Variance of the label noise.
    mean, covariance : ndarray of shape (k,) or (1,)
        Of the first labeler: filter of the truth, and variance along an eigenvalue's directions.
    """
    s, count, signal = directions.eigenvalues, directions.multiplicity, directions.signal
    alone = bool((count == 1).all())
    n, lam, kappa = fits
    lack = kappa * kappa  # (1 - S)**2 is (kappa S / s)**2
    over, each = 1 / (s * s), np.ones(s.size)
    bias, variance = np.empty((2, n.size))
    spread = s * covariance
    size = max(1, _CELLS // s.size)  # as many at a time as the cache holds
    for start in range(0, n.size, size):
        at = slice(start, start + size)
        filters = s + kappa[at, None]
        np.divide(s, filters, out=filters)
        square = np.square(filters)  # which becomes the variance
        # n - df2 = (n - df1) + (df1 - df2), both without cancellation
        left = n[at] * lam[at] / kappa[at] + kappa[at] * (square @ (count / s))
        filters[0] *= mean
        for before, own in pairwise(filters):
            own *= before
        mean = filters[-1]
        room = np.square(filters)
        heard = noise[at] + lack[at] * (room @ (signal * over))
        lost = np.multiply(square, over, out=room)
        numbers = zip(heard.tolist(), lack[at].tolist(), left.tolist(), strict=True)
        for own, missed, (told, by, spare) in zip(square, lost, numbers, strict=True):
            gain = (told + by * float(missed.dot(spread))) / spare
            own *= spread + (gain if alone else gain * count)
            spread = own
        variance[at] = square @ each
        away = np.subtract(1.0, filters, out=room)
        bias[at] = np.square(away, out=away) @ signal
    return Heirs(bias, variance, mean, spread / s)
