"""What makes an unstable block stable: the least penalty, or the least share of real rows."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.theory.closed import is_even
from genloss.theory.forever.fresh_blocks import FreshBlock
from genloss.theory.labelers import groups

Array = npt.NDArray[np.float64]

_GRID = 25  # values tried at once
_CLOSE = 1e-6  # relative width at which a border is known


def ways(penalty: float | None, real: float | None) -> str:
    """What would stop it, in words; empty where nothing is known to."""
    said = []
    if penalty is not None:
        said.append(f"a penalty of {penalty:.3g}" if penalty else "any penalty, however small")
    if real is not None:
        said.append(f"{100 * real:.3g}% real rows")
    return " or by ".join(said)


def of(block: FreshBlock) -> tuple[float | None, float | None]:
    """Least penalty and least share of real rows from which on one plan's block is stable."""
    return least_penalty(block), least_real_share(block)


def least_penalty(block: FreshBlock) -> float | None:
    """The least penalty of all fits of the block from which on it is stable.

    The exact formula of least squares has a row less than the asymptotic one, ``n - d - 1``. With that
    row less the penalty is never too small, and none is no cure of what is unstable without one.
    """
    top = float(block.directions.eigenvalues.max())
    last = block.chains[0][block.repetition.first :]
    even, fewer = all(map(is_even, last)), float(block.is_exact())

    def margin(logs: Array) -> Array:
        penalties = np.exp(logs)
        if even:
            return block.margin(block.links(penalty=penalties, fewer=fewer))
        each = [block.margin(block.links(penalty=np.array([lam]))) for lam in penalties]
        return np.concatenate(each)

    least = math.log(1e-10 * top)
    found = _border(margin, least, math.log(100 * top))
    if found == least:
        return 0.0  # any
    # plans write a penalty for rows of weight one
    weight = last[-1].blocks[0].weight
    return None if found is None else math.exp(found) * weight


def least_real_share(block: FreshBlock) -> float | None:
    """The least share of real rows from which on it is stable, in whole rows; None without any."""
    last, shares = block.chains[0][block.repetition.first :], []
    for step in last:
        members = groups(block.chains, step.model)
        if not is_even(step) or len(members) < 2:
            return None
        real = sum(float(m.rows[0, 0]) for m in members if m.labeler == {REAL: 1.0})
        shares.append(real / step.rows)
    if not max(shares):
        return None

    def margin(values: Array) -> Array:
        return block.margin(block.links(real=values))

    found = _border(margin, max(shares), 1.0)
    if found is None:
        return None
    n = max(step.rows for step in last)
    return min(math.ceil(found * n - 1e-9) / n, 1.0)


def _border(margin: Callable[[Array], Array], low: float, high: float) -> float | None:
    """The least value from which on all tried up to ``high`` are stable (a negative margin)."""
    tried = np.linspace(low, high, _GRID)
    bad = np.flatnonzero(~(margin(tried) < 0))
    if not bad.size:
        return low
    if bad[-1] == _GRID - 1:
        return None
    low, high = float(tried[bad[-1]]), float(tried[bad[-1] + 1])
    while high - low > _CLOSE * max(abs(high), abs(low)):
        (first, last) = margin(np.array([low, high]))
        straight = low + (high - low) * first / (first - last) if first < np.inf else math.nan
        inside = low < straight < high
        # on either side of where a straight line says
        near = (high - low) / 64
        middle = (
            np.clip([straight - near, straight + near], low, high) if inside else [(low + high) / 2]
        )
        for place in map(float, middle):
            if margin(np.array([place]))[0] < 0:
                high = min(high, place)
            else:
                low = max(low, place)
    return high
