"""The error's own path to its limit: how many repetitions halve what is left of the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.theory.forever.links import Link

Array = npt.NDArray[np.float64]
Pair = tuple[int, int]

_ROUNDING = 1e-12  # of the limit: a distance that is none

MOST_REPETITIONS = 4096
"""Repetitions that are followed before the radius alone speaks."""


def half_life(path: Iterator[float], limit: float, radius: float) -> float:
    """Repetitions after which less than half of the largest distance from the limit is left, for good.

    ``path`` is the error from the start on. Where the distance is not halved within `MOST_REPETITIONS`, the
    slowest rate of all says how long it takes.
    """
    found: list[float] = []
    looked = 8
    while len(found) <= MOST_REPETITIONS:
        seen = list(islice(path, looked))
        if not seen:
            break
        found += seen
        way = np.abs(np.array(found) - limit)
        most = way.max()
        if most <= _ROUNDING * limit:
            return 0.0
        far = np.flatnonzero(way > most / 2)
        # it may come back from beyond the limit: a quarter of the way is looked at as well
        if way[-1] < most / 4 and len(found) > 2 * far[-1] + 2:
            return _crossing(way / most, int(far[-1]))
        looked = len(found)
    return math.log(2) / -math.log(radius) if 0 < radius < 1 else math.inf


def _crossing(way: Array, last: int) -> float:
    """Where half is crossed, between two repetitions on a straight line of the logarithm."""
    before, after = way[last], max(way[last + 1], 1e-300)
    return last + math.log(before / 0.5) / math.log(before / after)


def risks(
    links: Sequence[Link],
    first: int,
    filters: Mapping[int, Array],
    covariances: Mapping[Pair, Array],
    spectrum: Array,
    signal: Array,
    fixed: frozenset[int],
) -> Iterator[float]:
    """Risk of the last model of one block after another, each array of shape (p,).

    ``filters`` and ``covariances`` are those of the models that stay and of those before the block.
    """
    f, c = dict(filters), dict(covariances)
    apply = [_step(link, model, signal) for model, link in enumerate(links, first)]
    length, last = len(links), first + len(links) - 1
    stay, oldest = {REAL, *fixed}, first - _reach(links, first, fixed)
    while True:
        for step in apply:
            step(f, c)
        yield float(spectrum @ (c[last, last] + signal * (1 - f[last]) ** 2))
        # the next block calls its models by the same numbers
        names = {u: u if u in stay else u - length for u in f}
        names = {u: new for u, new in names.items() if u in stay or new >= oldest}
        f = {new: f[u] for u, new in names.items()}
        c = {
            (min(names[u], names[v]), max(names[u], names[v])): value
            for (u, v), value in c.items()
            if u in names and v in names
        }


def _reach(links: Sequence[Link], first: int, fixed: frozenset[int]) -> int:
    moving = [u for link in links for u in link.labelers if u != REAL and u not in fixed]
    return max(first - min(moving, default=first), 0)


def _step(
    link: Link, model: int, signal: Array
) -> Callable[[dict[int, Array], dict[Pair, Array]], None]:
    """One generation in numbers."""
    pull, square, gain = link.pull[:, 0], link.square[:, :, 0], link.gain[:, 0]
    beyond = square - pull[:, None] * pull
    exact = bool(beyond.any())
    heard = link.heard[:, :, :, 0].reshape(len(gain), -1)
    noise, spread = link.noise[:, 0], link.spread[0]
    inverse = np.linalg.inv(np.eye(len(gain)) - link.coupling[0])
    who = link.labelers
    none = np.zeros_like(signal)

    def covariance(c: Mapping[Pair, Array], u: int, v: int) -> Array:
        return none if REAL in (u, v) else c[(u, v) if u <= v else (v, u)]

    def step(f: dict[int, Array], c: dict[Pair, Array]) -> None:
        means = np.array([f[u] for u in who])
        spreads = np.array([[covariance(c, u, v) for v in who] for u in who])
        of_means = signal * (means[:, None] * means)
        scalars = inverse @ (noise + heard @ (of_means + spreads).ravel())
        variance = spread + scalars @ gain + np.einsum("klp,klp->p", square, spreads)
        if exact:
            variance = variance + np.einsum("klp,klp->p", beyond, of_means)
        for u in [u for u in f if u != REAL]:
            along = sum(
                (p * covariance(c, k, u) for p, k in zip(pull, who, strict=True) if k != REAL), none
            )
            c[(u, model) if u <= model else (model, u)] = along
        f[model] = np.einsum("kp,kp->p", pull, means)
        c[model, model] = variance

    return step
