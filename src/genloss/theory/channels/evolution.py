"""One generation as a fixed point of a handful of scalars (`channels.md` 2 and 6).

The fitted model is, in law, ``sum_k A_k theta_k`` plus normal noise, per direction: what the rows do
enters through a curvature C, a noise N and a pull to every field, for each covariance of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.theory.channels import clouds, plane, residuals, soft, two_classes
from genloss.theory.channels.rows import Law, Rows, Sums

Array = npt.NDArray[np.float64]

GOOD = 1e-10
_SMALL = 1e-6  # step of a difference quotient
_SLOWER = 10  # times as much may be left by a step as the last one's pace says
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
    def ways(self) -> list[tuple[int, int]]:
        """The pulls: which field, by rows of which sheet."""
        named = ((field, rows.sheet) for rows in self.rows for field in rows.fields)
        return list(dict.fromkeys(named))

    @cached_property
    def per(self) -> list[int]:
        """The sheets of the pulls."""
        return [sheet for _, sheet in self.ways]

    @cached_property
    def own(self) -> list[list[int]]:
        """Which pulls are those of a source."""
        return [[self.ways.index((k, rows.sheet)) for k in rows.fields] for rows in self.rows]

    @cached_property
    def said(self) -> list[Array]:
        """What the fields of every source say of its rows, ``E h h'``."""
        own = [(list(rows.fields), self.sigma[rows.sheet]) for rows in self.rows]
        return [self.second[np.ix_(fields, fields)] @ sigma for fields, sigma in own]

    @cached_property
    def units(self) -> Array:
        """What pulls are counted in: one over the size of labelers of which only the sign is heard."""
        units = np.ones(len(self.ways))
        for rows, own, second in zip(self.rows, self.own, self.said, strict=True):
            if rows.is_scale_free and second[0, 0] > 0:
                units[own[0]] = second[0, 0] ** -0.5
        return units

    @cached_property
    def met(self) -> Array:
        """What two pulls share along a direction, that of ``towards`` last, (ways, ways * p)."""
        along = [(field, self.sigma[sheet]) for field, sheet in self.ways]
        if self.towards is not None:
            along.append((self.towards, np.ones(self.sigma.shape[1])))
        fields, weight = [field for field, _ in along], np.array([sigma for _, sigma in along])
        met = self.second[np.ix_(fields, fields)] * weight[:, None] * weight
        return met.reshape(len(met), -1)

    @cached_property
    def counted(self) -> Array:
        """Eigenvalues of every sheet as often as they are there."""
        return self.sigma * self.multiplicity

    @cached_property
    def is_pull(self) -> npt.NDArray[np.bool_]:
        """Whether an unknown is a pull; else it is a logarithm."""
        sheets = len(self.sigma)
        return np.arange(2 * sheets + len(self.ways)) >= 2 * sheets


class Point(NamedTuple):
    """A fit seen from a point of the unknowns; the first axis is that of a batch of points."""

    laws: list[Law]
    sums: list[Sums]
    after: Array
    """The unknowns that follow, (batch, unknowns)."""


Memory = dict[Any, dict[float, Any]]


class Start(NamedTuple):
    """Unknowns of a fit like the one to solve, and how what follows from them moves with them if that is known."""

    unknowns: Array
    jacobian: Array | None = None
    moves: tuple[Array, ...] = ()
    """By what the unknowns moved from fit to fit of late, the last move first."""
    memory: Memory | None = None
    """Of every kind of rows what integrals keep (`Rows.memory`)."""

    def ahead(self) -> Start:
        """Moved on as much as the last move was of the one before, so that fits that take turns go back."""
        if len(self.moves) < 2:
            return self
        last, before = self.moves
        square = float(before @ before)
        share = np.clip(float(last @ before) / square, -1, 1) if square > 0 else 0.0
        return self._replace(unknowns=self.unknowns + share * last)

    def followed_by(self, after: Start) -> Start:
        """Where the next fit may start from."""
        moves = after.unknowns - self.unknowns, *self.moves[:1]
        return after._replace(moves=moves)


class Solution(NamedTuple):
    """A fixed point, or the best that was found."""

    point: Point
    start: Start
    """Where a fit that is much like this one may start from."""
    residual: float
    evaluations: int


def look(fit: Fit, unknowns: Array) -> Point:
    """What follows from some points ``(log E, log N, pulls / E / units)``, the first two for every sheet.

    ``E = C + ridge / largest eigenvalue``: every point is a law that may be.
    """
    strength, noise, pulls = _read(fit, unknowns)
    resolvent = 1 / (fit.ridge + (strength - fit.floor) @ fit.sigma)
    through = (pulls @ fit.met).reshape(*pulls.shape, -1)
    cross = np.vecdot(through, resolvent[:, None])
    spread = (pulls[:, None] @ through)[:, 0] + noise @ fit.counted
    square = (spread * resolvent**2) @ fit.sigma.T
    gamma = resolvent @ fit.counted.T
    laws, found = [], []
    sheets = strength.shape[1]
    after = np.zeros_like(unknowns)
    after[:, :sheets] = fit.floor
    for rows, own, second in zip(fit.rows, fit.own, fit.said, strict=True):
        sheet, number = rows.sheet, rows.number * rows.weight
        law = Law(second, cross[:, own], square[:, sheet], gamma[:, sheet] * rows.weight)
        sums = integrals(rows, law)
        after[:, sheet] += number * sums.curvature
        after[:, sheets + sheet] += number * rows.weight * sums.square
        for place, way in enumerate(own):
            after[:, 2 * sheets + way] += number * sums.pull[:, place]
        laws.append(law)
        found.append(sums)
    after[:, 2 * sheets :] /= after[:, fit.per] * fit.units
    after[:, : 2 * sheets] = np.log(after[:, : 2 * sheets])
    return Point(laws, found, after)


def _read(fit: Fit, unknowns: Array) -> tuple[Array, Array, Array]:
    """E and N of every sheet, and pulls with that of ``towards``."""
    sheets = len(fit.sigma)
    scales = np.exp(unknowns[:, : 2 * sheets])
    strength, noise = scales[:, :sheets], scales[:, sheets:]
    pulls = unknowns[:, 2 * sheets :] * (strength[:, fit.per] * fit.units)
    if fit.towards is not None:
        pulls = np.concatenate([pulls, np.full((len(pulls), 1), fit.ridge)], axis=1)
    return strength, noise, pulls


def model(fit: Fit, found: Solution) -> tuple[Array, Array]:
    """How fields enter the model, (fields, p), and its noise's variance along the directions, (p,)."""
    strength, noise, pulls = _read(fit, found.start.unknowns[None])
    resolvent = 1 / (fit.ridge + (strength[0] - fit.floor) @ fit.sigma)
    shares = np.zeros((len(fit.second), resolvent.size))
    for (field, sheet), pull in zip(fit.ways, pulls[0], strict=False):
        shares[field] += pull * fit.sigma[sheet] * resolvent
    if fit.towards is not None:
        shares[fit.towards] += fit.ridge * resolvent
    return shares, (noise[0] @ fit.counted) * resolvent**2


def integrals(rows: Rows, law: Law) -> Sums:
    """What a fit needs of one source, by the cheapest integrals that know it."""
    way = next((each for each in (two_classes, residuals, soft) if each.knows(rows)), plane)
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
    if start is not None and start.unknowns.size == fit.is_pull.size:
        found = _newton(fit, start.ahead())
        if found.residual < GOOD:
            return found._replace(start=start.followed_by(found.start))
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
    x, jacobian = start[:2]
    if not start.moves:  # nothing says that this fit is much like the last
        jacobian = None
    shifts = np.concatenate([np.zeros((1, x.size)), _SMALL * np.eye(x.size)])
    best: Solution | None = None
    step, old, last = np.zeros(x.size), np.zeros(x.size), np.inf
    for taken in range(1, most + 1):
        points = x + shifts if jacobian is None else x[None]
        point = look(fit, points)
        away = point.after - points
        sizes = np.abs(away).max(axis=1)
        residual, sound = float(sizes[0]), bool(np.isfinite(sizes.max()))
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
        elif last < np.inf or residual > 0.01:
            jacobian, last = None, residual
            continue
        pace = residual / last if last < np.inf else 1.0
        old, last = away[0], residual
        step = _step(jacobian, away[0], x, fit) if taken % 8 else away[0] / 2
        x = x + step
        if pace < 0.1 and taken % 8 and (left := _SLOWER * pace * residual) < GOOD:
            best = Solution(point, Start(x, jacobian), left, taken)
            break
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
    longest = float((np.abs(step) / np.maximum(np.abs(x) * fit.is_pull, 1)).max())
    return np.asarray(step * min(1.0, 1.5 / max(longest, 1e-300)))


def _first(point: Point) -> Point:
    """The first point of a batch."""
    sums = [Sums(*(each[:1] for each in sums)) for sums in point.sums]
    return Point([law.only() for law in point.laws], sums, point.after[:1])


def _rows(fit: Fit) -> float:
    return sum(rows.number * rows.weight for rows in fit.rows)


def _guess(fit: Fit) -> Array:
    """A point to start from: little curvature and noise, and a pull to the labelers."""
    sheets, second = len(fit.sigma), fit.second @ fit.sigma.T
    strength = np.log(fit.ridge / fit.sigma.max(axis=1) / sheets)
    noise, pulls = np.zeros(sheets), np.zeros(len(fit.ways))
    for rows, own in zip(fit.rows, fit.own, strict=True):
        labeler, sheet = rows.fields[0], rows.sheet
        size = second[labeler, labeler, sheet] + rows.noise**2
        steps = rows.label.makes == "numbers"
        strength[sheet] = np.logaddexp(strength[sheet], np.log(rows.number * rows.weight / 4))
        noise[sheet] += rows.number * rows.weight**2 * (size if steps else 1.0) / 2
        pulls[own[0]] += 0.2 / (1.0 if steps else np.sqrt(size) + 1e-300)
    return np.concatenate([strength, np.log(np.maximum(noise, 1e-300)), pulls / fit.units])


def _plain_steps(fit: Fit, x: Array) -> Array:
    for _ in range(3):
        after = look(fit, x[None]).after[0]
        x = np.where(np.isfinite(after), 0.3 * x + 0.7 * after, x)
    return x


def _moved(x: Array, fit: Fit, high: float, low: float) -> Array:
    """The same curvature and pulls under another ridge."""
    sheets, moved = len(fit.sigma), x.copy()
    largest = fit.sigma.max(axis=1) * sheets
    strength = np.exp(x[:sheets])
    # pulls enter as a share of E, which the ridge is part of
    fresh = np.maximum(strength - high / largest, 1e-3 * strength) + low / largest
    moved[2 * sheets :] *= (strength / fresh)[fit.per]
    moved[:sheets] = np.log(fresh)
    return moved


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
