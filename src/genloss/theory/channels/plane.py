"""Any labels, any loss, any rule: integrals over the labeler's noisy value u and over z given u.

A judge's value given both is normal: the chance that it lies in an interval is closed. What the fields'
means move is found from the score of u (integration by parts), so that no integrand needs to be smooth.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from genloss.theory.channels.panels import FAR, SPREAD, STEP, along, between, joined, turns
from genloss.theory.channels.rows import Law, Rows, Sums, density, judge_turns

Array = npt.NDArray[np.float64]


def sums(rows: Rows, law: Law) -> Sums:
    """Integrals; arrays have shape (batch, values of u, values of z)."""
    total = law.second[0, 0] + rows.noise**2
    u, outer = _values(rows, law)
    outer = outer * density(u - law.first, np.asarray(total))
    labels, chances = rows.label.law(u)
    found = []
    for each, chance in zip(labels, chances, strict=True):
        some = chance > 0
        found.append(_of_label(rows, law, u[some], each[some], (outer * chance)[some]))
    return Sums(*(np.sum(parts, axis=0) for parts in zip(*found, strict=True)))


def _values(rows: Rows, law: Law) -> tuple[Array, Array]:
    """Nodes and weights over u, between all u at which something turns; the same for all of a batch."""
    total, cross = law.second[0, 0] + rows.noise**2, law.cross[0, 0]
    far = FAR * float(np.sqrt(total))
    left = np.sqrt(max(law.square[0] - cross**2 / total, 0.0))
    gamma, slope = law.gamma[0], cross / total
    limit, centre = np.array([far]), law.first
    rest, most = law.about()[0] - slope * centre, far + abs(centre)
    edges = joined(
        centre - limit,
        centre + limit,
        centre + far / FAR * SPREAD,
        rows.label.breaks(centre - far, centre + far),
        judge_turns(rows, law.second, most, law.centre),
        turns(
            rows.label,
            lambda y: rows.loss.edges(y[:, None], gamma).T - rest,
            slope,
            left,
            most,
        ),
    )
    return between(edges)


def _of_label(rows: Rows, law: Law, u: Array, label: Array, outer: Array) -> Sums:
    """Sums over the u that get a label, each with its weight."""
    total = law.second[0, 0] + rows.noise**2
    gamma, y, at = law.gamma[:, None, None], label[:, None], u[:, None]
    about = law.about()[:, None, None]
    mean = about + (law.cross[:, :1, None] / total) * (at - law.first)
    left = np.maximum(law.square - law.cross[:, 0] ** 2 / total, 1e-14 * law.square)
    spread = np.sqrt(left)[:, None, None]
    judge = _Judge.of(rows, law) if rows.keep is not None else None
    bends = [rows.loss.edges(y, gamma)]
    if judge is not None:
        bends += judge.steps(rows, y, at)
    edges = joined(mean - FAR * spread, mean + FAR * spread, mean + spread * SPREAD, *bends)
    z, weight, psi, change = along(rows.loss, y, edges, gamma)
    mass = outer[:, None] * weight * density(z - mean, spread**2)
    kept, shift = (mass, None) if judge is None else judge.kept(rows, y, at, z, mass)
    slope, rest = law.given_z()
    apart = rest[:, 0, 0] + rows.noise**2
    push = kept * psi
    away = at - law.first - slope[:, :1, None] * (z - about)
    score = (push * away).sum(axis=(1, 2)) / apart
    pull = np.zeros_like(law.cross)
    pull[:, 0] = -score
    if shift is not None:  # the judge's mean given u moves with its own and against u's
        by_judge = (psi * shift).sum(axis=(1, 2))
        pull[:, 0] += rest[:, 0, -1] / apart * by_judge
        pull[:, -1] -= by_judge
    return Sums(
        (kept * change).sum(axis=(1, 2)),
        (push * psi).sum(axis=(1, 2)),
        pull,
        kept.sum(axis=(1, 2)),
        push.sum(axis=(1, 2)),
    )


class _Judge(NamedTuple):
    """Law of the judge's value given u and z: slopes, standard deviation, what is left; (batch, 1, 1)."""

    by_u: Array
    by_z: Array
    spread: Array
    rest: Array

    @classmethod
    def of(cls, rows: Rows, law: Law) -> _Judge:
        """From the law of fields and z."""
        if rows.judged_by_labeler and rows.noise == 0:
            nothing = np.zeros((len(law.square), 1, 1))
            return cls(nothing + 1, nothing, nothing, nothing)
        total, cross, square = law.second[0, 0] + rows.noise**2, law.cross[:, 0], law.square
        shared, own = law.second[0, -1], law.cross[:, -1]
        area = np.maximum(total * square - cross**2, 1e-14 * total * square)
        by_u = (shared * square - own * cross) / area
        by_z = (own * total - shared * cross) / area
        left = law.second[-1, -1] - by_u * shared - by_z * own
        spread = np.sqrt(np.maximum(left, 1e-14 * law.second[-1, -1]))
        rest = np.ravel(law.centre)[-1] - by_u * law.first - by_z * law.about()
        return cls(*(each[:, None, None] for each in (by_u, by_z, spread, rest)))

    def steps(self, rows: Rows, y: Array, u: Array) -> list[Array]:
        """Edges in z around the ends of the intervals."""
        if not self.spread.any():
            return []
        found, steep = [], np.where(np.abs(self.by_z) > 1e-12, self.by_z, 1e-12)
        for ends in rows.keep.intervals(y):  # type: ignore[union-attr]
            for end in ends:
                if np.isfinite(end).any():
                    centre = (end - self.rest - self.by_u * u) / steep
                    found.append(centre + self.spread / np.abs(steep) * STEP)
        return found

    def kept(
        self, rows: Rows, y: Array, u: Array, z: Array, mass: Array
    ) -> tuple[Array, Array | None]:
        """Mass that is kept, and its derivative in the judge's mean; None for a sharp rule on u."""
        intervals = rows.keep.intervals(y)  # type: ignore[union-attr]
        if not self.spread.any():
            inside = sum((u > low) & (u < high) for low, high in intervals)
            return mass * inside, None
        mean = self.rest + self.by_u * u + self.by_z * z
        chance, moved = np.zeros(mean.shape), np.zeros(mean.shape)
        for low, high in intervals:
            for end, sign in ((high, 1.0), (low, -1.0)):
                if np.isinf(end).all():
                    chance = chance + sign * (end > 0)
                    continue
                at = (end - mean) / self.spread
                chance = chance + sign * ndtr(at)
                moved = moved - sign * np.exp(-(at**2) / 2) / (np.sqrt(2 * np.pi) * self.spread)
        return mass * chance, mass * moved
