"""The squared loss needs no fixed point (`channels.md` 7 and 10): rows of one covariance and weight, any labels, any rule.

A linear map of the labels sees of its rows how many there are, and first and second moments:
``E x y = Sigma Theta push``, ``E x x' = Sigma + Sigma Theta bend Theta' Sigma``, ``E y**2``, where the columns of
Theta are the fields. The centre of a cloud is such a column too, a multiple of the truth.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.equivalents import solve as effective_penalty
from genloss.losses.squared import Squared
from genloss.retuning import Choice, choice
from genloss.spectrum import Spectrum
from genloss.theory.channels import clouds
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.kept import kept_moments, root_of

Array = npt.NDArray[np.float64]

_OWN = 1e-10  # of a judge's variance: less of its own is nothing of its own


def knows(fit: Fit) -> bool:
    """Whether the loss is squared, on rows of one covariance and weight, and the penalty pulls to zero."""
    alike = len(fit.sigma) == 1 and len({rows.weight for rows in fit.rows}) == 1
    return alike and fit.towards is None and isinstance(fit.rows[0].loss, Squared)


class Seen(NamedTuple):
    """Rows that are kept, as a linear map of the labels sees them.

    Attributes
    ----------
    number : float
        How many.
    push : ndarray of shape (fields,)
        Coefficients of ``E x y``.
    bend : ndarray of shape (fields, fields)
        Coefficients of what ``E x x'`` is beyond the covariance.
    square : float
        ``E y**2``.
    """

    number: float
    push: Array
    bend: Array
    square: float


def seen(fit: Fit, only: int | None = None) -> Seen:
    """The rows of all sources of a fit, or of one by its number."""
    count = len(fit.second)
    number, square, push, bend = 0.0, 0.0, np.zeros(count), np.zeros((count, count))
    for place, (rows, second) in enumerate(zip(fit.rows, fit.said, strict=True)):
        if only not in (None, place):
            continue
        own = list(rows.fields)
        sides = clouds.means(rows, own, second)
        for side, named, spread, means in sides:
            root = root_of(spread)
            found = kept_moments(rows, root, means)
            mass = rows.number / len(sides) * found.share
            number, square = number + mass, square + mass * found.square
            if named:
                some = np.diagonal(root) ** 2 > _OWN * np.diagonal(spread)
                inverse = np.linalg.inv(root)[some]
                outer = (found.outer - np.eye(len(root)))[np.ix_(some, some)]
                push[named] += mass * (found.cross[some] @ inverse)
                bend[np.ix_(named, named)] += mass * (inverse.T @ outer @ inverse)
            if rows.centre is not None:
                centre, share = own[-1], side / rows.centre
                push[centre] += mass * share * found.label
                bend[centre, centre] += mass * share**2
                if named:
                    mixed = mass * share * (found.first[some] @ inverse)
                    bend[named, centre] += mixed
                    bend[centre, named] += mixed
    over = number or 1.0
    return Seen(number, push / over, bend / over, square / over)


class Told(NamedTuple):
    """What fits take of the fields, and say along them, one row an effective penalty, real or complex."""

    taken: npt.NDArray[Any]
    said: npt.NDArray[Any]


def told(fit: Fit, rows: Seen, kappa: npt.NDArray[Any]) -> Told:
    """The mean fit is ``s / (s + kappa) Theta taken``, of which ``Theta' Sigma`` is what it says."""
    [s] = fit.sigma
    gram = np.einsum("abp,kp->kab", fit.second * s, s / (s + kappa[:, None]), optimize=True)
    said = np.linalg.solve(np.eye(len(rows.push)) + gram @ rows.bend, (gram @ rows.push)[..., None])
    return Told(rows.push - said[..., 0] @ rows.bend.T, said[..., 0])


def penalised(fit: Fit, rows: Seen, penalty: Array) -> tuple[Array, Array, Told, Array]:
    """Effective penalties, shrinkage, fits, and their mean squared errors on rows of their own kind."""
    [s], count, n = fit.sigma, fit.multiplicity, rows.number
    dim = float(count.sum()) if fit.dim is None else fit.dim
    found = effective_penalty(
        Spectrum(s, count, np.zeros_like(s), dim), penalty, np.full(penalty.size, n)
    )
    kappa = found.kappa
    shrink = s / (s + kappa[:, None])
    each = told(fit, rows, kappa)
    twice = np.einsum("abp,kp->kab", fit.second * s, shrink**2, optimize=True)
    missed = rows.square - 2 * each.said @ rows.push
    missed += np.einsum("ka,kab,kb->k", each.taken, twice, each.taken)
    missed += np.einsum("ka,ab,kb->k", each.said, rows.bend, each.said)
    held = (penalty > 0) & (kappa > 0)
    # 1 - df2 / n = (1 - df1 / n) + (df1 - df2) / n, both without cancellation
    left = (shrink / (s + kappa[:, None])) @ count * kappa / n
    left += np.where(held, penalty / np.where(held, kappa, 1.0), 1 - np.minimum(found.df1 / n, 1))
    return kappa, shrink, each, missed / left


def solved(fit: Fit, rows: Seen) -> tuple[Array, Array]:
    """How fields enter the model (fields, p), and variance of its noise (p,)."""
    [s], weight = fit.sigma, fit.rows[0].weight
    penalty = fit.ridge / (2 * weight * rows.number)
    kappa, shrink, each, error = penalised(fit, rows, np.array([penalty]))
    gain = error[0] / rows.number * s * fit.multiplicity / (s + kappa[0]) ** 2
    return each.taken.T * shrink, gain


def chosen(fit: Fit, rows: Seen) -> tuple[float, float]:
    """The ridge of the penalty of least leave-one-out error, and that error."""
    penalty = choice_of(fit, rows).penalty
    error = float(penalised(fit, rows, np.array([penalty]))[3][0])
    return 2 * fit.rows[0].weight * rows.number * penalty, error


def choice_of(fit: Fit, rows: Seen) -> Choice:
    """The penalty of least leave-one-out error, and the errors that it hangs on."""
    return choice(lambda tried: penalised(fit, rows, tried)[3], length(fit, rows))


def length(fit: Fit, rows: Seen) -> float:
    """The mean squared length of a row."""
    [s] = fit.sigma
    return float(s @ fit.multiplicity) + float(np.sum(rows.bend * (fit.second @ s**2)))
