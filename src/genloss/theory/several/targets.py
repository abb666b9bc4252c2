"""Moments of the labels of several classes, from the law of what labelers and judges say of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.keep import Keep
from genloss.labels import Label
from genloss.labels.hard import Hard
from genloss.labels.linear import Linear
from genloss.theory.several.decisions import MOST_EXACT, largest
from genloss.theory.several.points import inverse, is_rough, spread

Array = npt.NDArray[np.float64]


class Targets(NamedTuple):
    """What a fit needs of the labels y of a source, and of the fields h: what its labeler and judge say.

    a is whether a row is kept, h is taken about its mean in a cloud; means over clouds are of all alike.

    Attributes
    ----------
    kept : ndarray of shape (clouds,)
        ``E a`` of the rows of every cloud.
    mean : ndarray of shape (clouds, classes)
        ``E a y`` of the rows of every cloud.
    first : ndarray of shape (clouds, fields)
        ``E a h`` of the rows of every cloud.
    outer : ndarray of shape (fields, fields)
        ``E a h h'``.
    cross : ndarray of shape (fields, classes)
        ``E a h y'``.
    square : ndarray of shape (classes, classes)
        ``E a y y'``.
    """

    kept: Array
    mean: Array
    first: Array
    outer: Array
    cross: Array
    square: Array


def remembered(find: Callable[..., Targets]) -> Callable[..., Targets]:
    """Moments that were asked for lately: in a search the first models of a plan are mostly the same."""

    @lru_cache(maxsize=256)
    def known(_rough: bool, fields: int, arrays: tuple[bytes, bytes], *rest: Any) -> Targets:
        middle, covariance = (np.frombuffer(each) for each in arrays)
        return find(middle.reshape(-1, fields), covariance.reshape(fields, fields), *rest)

    @wraps(find)
    def found(middle: Array, covariance: Array, *rest: Any) -> Targets:
        arrays = middle.tobytes(), covariance.tobytes()
        return known(is_rough(), middle.shape[1], arrays, *rest)

    return found


@remembered
def targets(middle: Array, covariance: Array, noise: float, rule: Label) -> Targets:
    """Moments of labels where all rows are kept.

    Parameters
    ----------
    middle : ndarray of shape (clouds, classes)
        Mean of h in every cloud.
    covariance : ndarray of shape (classes, classes)
        Covariance of h within clouds.
    noise : float
        Standard deviation of the noise on every value.
    rule : Label
        How values become labels.
    """
    clouds, classes = middle.shape
    total = covariance + noise**2 * np.eye(classes)
    mean, score, square = np.empty_like(middle), np.zeros_like(total), np.zeros_like(total)
    if isinstance(rule, Linear):
        mean, slope, square = middle, np.eye(classes), total + middle.T @ middle / clouds
    else:
        if rule.makes != "numbers":  # what all values have in common decides no class
            apart = np.eye(classes) - 1 / classes
            total = apart @ total @ apart
        if _decides(rule, classes):
            chances, slope = largest(middle, total)
            return _of(covariance, chances - 1 / classes, slope, _drawn_square(chances))
        away = spread(total, classes, clouds)
        for cloud, centre in enumerate(middle):
            labels = _means(rule, centre + away)
            mean[cloud] = labels.mean(axis=0)
            score += away.T @ labels / len(away) / clouds
            if rule.makes != "classes":
                square += labels.T @ labels / len(labels) / clouds
        if rule.makes == "classes":
            square = _drawn_square(mean + 1 / classes)
        # by parts, E u y' = (E u u') E dy/dh with the noisy u; what no labeler says has no slope
        slope = inverse(total, classes) @ score
    return _of(covariance, mean, slope, square)


def are_steps(rule: Label, classes: int) -> bool:
    """Whether moments of all rows move by steps with what they are of: points change sides."""
    return rule.jumps() and not _decides(rule, classes)


def _decides(rule: Label, classes: int) -> bool:
    """Whether chances of the largest value are wanted, and known without points."""
    return isinstance(rule, Hard) and classes <= MOST_EXACT


def _of(covariance: Array, mean: Array, slope: Array, square: Array) -> Targets:
    """Moments from means in clouds, how they move with the values, and second moments."""
    nothing = np.zeros((len(mean), len(covariance)))
    kept = np.ones(len(mean))
    return Targets(kept, mean, nothing, covariance, covariance @ slope, square)


def _drawn_square(chances: Array) -> Array:
    """``E y y'`` of classes that are drawn by chances, (clouds, classes), which may be means."""
    often, classes = chances.mean(axis=0), chances.shape[1]
    return np.asarray(np.diag(often) - (often + often[:, None]) / classes + 1 / classes**2)


@remembered
def targets_kept(
    middle: Array, covariance: Array, noise: float, rule: Label, keep: Keep, classes: int
) -> Targets:
    """Moments of labels where a rule keeps rows.

    Fields are the values of the labeler and, behind them, of the judge if it is another one; all else is
    as `targets` takes it.
    """
    clouds, fields = middle.shape
    square = np.zeros((fields + classes, fields + classes))
    square[:fields, :fields] = covariance
    square[fields:, fields:] = noise**2 * np.eye(classes)
    points = spread(square, classes, clouds)
    h, noises = points[:, :fields], points[:, fields:]
    kept, told, first = np.zeros(clouds), np.zeros((clouds, classes)), np.zeros((clouds, fields))
    moments = np.zeros_like(square)  # of (h, y)
    for cloud, centre in enumerate(middle):
        values = centre + h
        for labels, chances in _drawn(rule, values[:, :classes] + noises):
            accepted = keep.several(labels, values[:, -classes:])
            assert accepted is not None
            share = chances * accepted / len(h)
            both = np.concatenate([h, labels], axis=1)
            moments += both.T @ (both * share[:, None]) / clouds
            kept[cloud] += share.sum()
            told[cloud] += share @ labels
            first[cloud] += share @ h
    outer, cross = moments[:fields, :fields], moments[:fields, fields:]
    return Targets(kept, told, first, outer, cross, moments[fields:, fields:])


def _means(rule: Label, values: Array) -> Array:
    """What labels of values are on average: numbers column by column, classes by their chances."""
    if rule.makes == "numbers":
        return rule.law(values)[0][0]
    chances = rule.chances(values)
    assert chances is not None
    return chances - 1 / values.shape[1]


def _drawn(rule: Label, values: Array) -> Iterator[tuple[Array, Array]]:
    """Labels that values may get, and the chance of each."""
    classes, means = values.shape[1], _means(rule, values)
    if rule.makes != "classes":
        yield means, np.ones(len(values))
        return
    for k in range(classes):
        yield np.tile(np.eye(classes)[k] - 1 / classes, (len(values), 1)), means[:, k] + 1 / classes
