"""One generation as a fixed point of a handful of scalars (`channels.md` 2 and 6).

The fitted model is, in law, ``sum_k A_k theta_k`` plus normal noise, per direction: what the rows do
enters through a curvature C, a noise N and a pull to every field, for each covariance of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.theory.channels import clouds, plane, residuals, soft, two_classes
from genloss.theory.channels.rows import Law, Rows, Sums

Array = npt.NDArray[np.float64]

GOOD = 1e-10
_SMALL = 1e-6  # step of a difference quotient
_FAR = 0.05  # residual from which on a step asks for another Jacobian


@dataclass(frozen=True, eq=False)
class Fit:
    """What is fitted.

    Attributes
    ----------
    rows : sequence of Rows
        The sources.
    second : ndarray of shape (fields, fields, p)
        ``E theta_k theta_l`` of labelers and judges, summed over the directions of an eigenvalue.
    sigma : ndarray of shape (sheets, p)
        The covariances that rows may have.
    multiplicity : ndarray of shape (p,)
        Directions of every eigenvalue.
    ridge : float
        Lam in ``sum weight * loss + Lam / 2 |w|**2``: ``2 n penalty``.
    towards : int or None
        Number of the field that the penalty pulls to; None for zero.
    dim : float or None
        Number of directions, where it is not the sum of the multiplicities.
    """

    rows: Sequence[Rows]
    second: Array
    sigma: Array
    multiplicity: Array
    ridge: float
    towards: int | None = None
    dim: float | None = None

    @cached_property
    def floor(self) -> Array:
        """What the ridge is of the stiffness of every sheet."""
        return self.ridge / self.sigma.max(axis=1) / len(self.sigma)

    @cached_property
    def said(self) -> list[tuple[list[int], Array]]:
        """Fields of every source, and what they say of its rows: ``E h h'``."""
        second = self.second @ self.sigma.T
        own = [list(rows.fields) for rows in self.rows]
        return [
            (fields, second[np.ix_(fields, fields)][..., rows.sheet])
            for fields, rows in zip(own, self.rows, strict=True)
        ]

    @cached_property
    def is_pull(self) -> npt.NDArray[np.bool_]:
        """Whether an unknown is a pull; else it is a logarithm."""
        return np.tile(np.arange(2 + len(self.second)) > 1, len(self.sigma))


class Point(NamedTuple):
    """A fit seen from a point of the unknowns; the first axis is that of a batch of points."""

    shares: Array
    """A, how fields enter the model, (batch, fields, p)."""
    gain: Array
    """Variance of the model's noise along the directions of an eigenvalue, (batch, p)."""
    laws: list[Law]
    sums: list[Sums]
    after: Array
    """The unknowns that follow, (batch, unknowns)."""


class Start(NamedTuple):
    """Unknowns, and how what follows from them moves with them if that is known."""

    unknowns: Array
    jacobian: Array | None = None


class Solution(NamedTuple):
    """A fixed point, or the best that was found."""

    point: Point
    start: Start
    """Where a fit that is much like this one may start from."""
    residual: float
    evaluations: int


def look(fit: Fit, unknowns: Array) -> Point:
    """What follows from some points ``(log E, log N, pulls / E)`` of every sheet.

    ``E = C + ridge / largest eigenvalue``: every point is a law that may be.
    """
    batch, sheets, fields = len(unknowns), len(fit.sigma), len(fit.second)
    x = unknowns.reshape(batch, sheets, 2 + fields)
    strength = np.exp(x[..., 0])
    stiffness = fit.ridge + (strength - fit.floor) @ fit.sigma
    pulls = np.swapaxes(x[..., 2:] * strength[..., None], 1, 2)
    shares = (pulls @ fit.sigma) / stiffness[:, None]
    if fit.towards is not None:
        shares[:, fit.towards] += fit.ridge / stiffness
    gain = (np.exp(x[..., 1]) @ fit.sigma) * fit.multiplicity / stiffness**2
    cross = np.einsum("bkp,klp->blp", shares, fit.second)
    square = ((shares * cross).sum(axis=1) + gain) @ fit.sigma.T
    cross = cross @ fit.sigma.T
    gamma = (fit.multiplicity / stiffness) @ fit.sigma.T
    laws, found = [], []
    after = np.zeros((batch, sheets, 2 + fields))
    after[..., 0] = fit.floor
    for rows, (own, second) in zip(fit.rows, fit.said, strict=True):
        sheet = rows.sheet
        law = Law(
            second,
            cross[:, own, sheet],
            square[:, sheet],
            gamma[:, sheet] * rows.weight,
        )
        sums = integrals(rows, law)
        after[:, sheet, 0] += rows.number * rows.weight * sums.curvature
        after[:, sheet, 1] += rows.number * rows.weight**2 * sums.square
        for place, field in enumerate(own):
            after[:, sheet, 2 + field] += rows.number * rows.weight * sums.pull[:, place]
        laws.append(law)
        found.append(sums)
    after[..., 2:] /= after[..., :1]
    after[..., :2] = np.log(after[..., :2])
    return Point(shares, gain, laws, found, after.reshape(batch, -1))


def integrals(rows: Rows, law: Law) -> Sums:
    """What a fit needs of one source, by the cheapest integrals that know it."""
    way = next((each for each in (residuals, two_classes, soft) if each.knows(rows)), plane)
    if rows.centre is None:
        return way.sums(rows, law)
    sides = [(side, way.sums(rows, each)) for side, each in clouds.laws(rows, law)]
    return clouds.joined(rows, sides)


def solve(
    fit: Fit, start: Start | None = None, has_none: Callable[[Fit], bool] = lambda _: False
) -> Solution | None:
    """The fixed point, by Newton's method from a start or from scratch, else by continuation.

    ``has_none`` is asked where Newton's method finds none, and answered by None.
    """
    if start is not None and start.unknowns.size == len(fit.sigma) * (2 + len(fit.second)):
        found = _newton(fit, start)
        if found.residual < GOOD:
            return found
    high = max(fit.ridge, 0.075 * _rows(fit) * float(fit.sigma.max()))
    x = _plain_steps(replace(fit, ridge=high), _guess(replace(fit, ridge=high)))
    found = _newton(fit, Start(_moved(x, fit, high, fit.ridge)))
    if found.residual < GOOD:
        return found
    return None if has_none(fit) else _continued(fit, x, high)


def _newton(fit: Fit, start: Start, most: int = 60) -> Solution:
    """Newton's method on ``after - unknowns``.

    The Jacobian comes from differences, all points as one batch. As long as the residual falls to a
    fifth it is updated instead, by Broyden's rule, from single points.
    """
    x, jacobian = start
    shifts = np.concatenate([np.zeros((1, x.size)), _SMALL * np.eye(x.size)])
    best: Solution | None = None
    step, old, last = np.zeros(x.size), np.zeros(x.size), np.inf
    for taken in range(1, most + 1):
        points = x + shifts if jacobian is None else x[None]
        point = look(fit, points)
        away = point.after - points
        residual = float(np.abs(away[0]).max())
        sound = bool(np.isfinite(away).all())
        if sound and (best is None or residual < best.residual):
            best = Solution(point, Start(x, jacobian), residual, taken)
            if residual < GOOD:
                break
        if not sound or residual > 2 * last:
            if np.abs(step).max() < 1e-8:
                break
            if jacobian is not None and last < np.inf:
                x, jacobian, last = x - step, None, np.inf
            else:
                x, step, jacobian = x - 0.6 * step, 0.4 * step, None
            continue
        if jacobian is None:
            jacobian = (away[1:] - away[0]).T / _SMALL
        elif last < np.inf and residual < 0.2 * last:
            jacobian = jacobian + np.outer(away[0] - old - jacobian @ step, step) / (step @ step)
        elif last < np.inf or residual > 0.1:
            jacobian, last = None, residual
            continue
        old, last = away[0], residual
        step = _step(jacobian, away[0], x, fit) if taken % 8 else away[0] / 2
        x = x + step
        if residual > _FAR:  # the next point asks for another one
            jacobian = None
    if best is None:
        best = Solution(point, start, np.inf, taken)
    return best._replace(point=_first(best.point), evaluations=taken)


def _step(jacobian: Array, away: Array, x: Array, fit: Fit) -> Array:
    """Newton's step, shortened where it is long; half a plain step where there is none."""
    try:
        step = np.linalg.solve(jacobian, -away)
    except np.linalg.LinAlgError:
        return away / 2
    scale = np.where(fit.is_pull, np.maximum(np.abs(x), 1), 1)
    longest = float(np.max(np.abs(step) / scale))
    return np.asarray(step * min(1.0, 1.5 / max(longest, 1e-300)))


def _first(point: Point) -> Point:
    """The first point of a batch."""
    return Point(
        point.shares[:1],
        point.gain[:1],
        [Law(law.second, *(each[:1] for each in law[1:4])) for law in point.laws],
        [Sums(*(each[:1] for each in sums)) for sums in point.sums],
        point.after[:1],
    )


def _rows(fit: Fit) -> float:
    return sum(rows.number * rows.weight for rows in fit.rows)


def _guess(fit: Fit) -> Array:
    """A point to start from: little curvature and noise, and a pull to the labelers."""
    sheets, fields = len(fit.sigma), len(fit.second)
    x = np.zeros((sheets, 2 + fields))
    second = fit.second @ fit.sigma.T
    x[:, 0] = np.log(fit.ridge / fit.sigma.max(axis=1) / sheets)
    for rows in fit.rows:
        labeler, sheet = rows.fields[0], rows.sheet
        size = second[labeler, labeler, sheet] + rows.noise**2
        steps = rows.label.makes == "numbers"
        x[sheet, 0] = np.logaddexp(x[sheet, 0], np.log(rows.number * rows.weight / 4))
        x[sheet, 1] += rows.number * rows.weight**2 * (size if steps else 1.0) / 2
        x[sheet, 2 + labeler] += 0.2 / (1.0 if steps else np.sqrt(size) + 1e-300)
    used = [rows.sheet for rows in fit.rows]
    x[:, 1] = np.where(np.isin(np.arange(sheets), used), np.log(np.maximum(x[:, 1], 1e-300)), 0)
    return x.ravel()


def _plain_steps(fit: Fit, x: Array) -> Array:
    for _ in range(6):
        after = look(fit, x[None]).after[0]
        x = np.where(np.isfinite(after), 0.3 * x + 0.7 * after, x)
    return x


def _moved(x: Array, fit: Fit, high: float, low: float) -> Array:
    """The same curvature and pulls under another ridge."""
    sheets = len(fit.sigma)
    moved = x.reshape(sheets, -1).copy()
    largest = fit.sigma.max(axis=1) * sheets
    strength = np.exp(moved[:, 0])
    # pulls enter as a share of E, which the ridge is part of
    fresh = np.maximum(strength - high / largest, 1e-3 * strength) + low / largest
    moved[:, 2:] *= (strength / fresh)[:, None]
    moved[:, 0] = np.log(fresh)
    return moved.ravel()


def _continued(fit: Fit, x: Array, high: float) -> Solution:
    """From a large ridge down to the one that is asked for, the guess extrapolated in its logarithm."""
    taken = 0
    found = _newton(replace(fit, ridge=high), Start(x))
    known = [(np.log(high), found.start.unknowns)]
    ridge, pace = high, 0.2
    while found.residual < GOOD and ridge > fit.ridge and taken < 500:
        following = max(ridge * pace, fit.ridge)
        if following < 1e-14 * high:
            following = fit.ridge
        guess = known[-1][1]
        if len(known) > 1 and following > 0:
            (before, old), (now, new) = known[-2:]
            guess = new + (new - old) * (np.log(following) - now) / (now - before)
        trial = _newton(replace(fit, ridge=following), Start(guess), most=20)
        if trial.residual >= GOOD:
            guess = _moved(known[-1][1], fit, ridge, following)
            trial = _newton(replace(fit, ridge=following), Start(guess), most=20)
        taken += trial.evaluations
        if trial.residual >= GOOD:
            pace = np.sqrt(pace)
            if pace > 0.97:
                found = trial
                break
            continue
        found, ridge, pace = trial, following, pace**1.3
        if ridge > 0:
            known.append((np.log(ridge), found.start.unknowns))
    return found._replace(evaluations=taken)
