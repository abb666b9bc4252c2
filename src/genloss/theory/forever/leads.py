"""Where the first terms of sequences lead, and by what their moves shrink.

Errors settle geometrically, at many rates that may lie as dense as those of a continuum. Wynn's epsilon algorithm takes such
rates out of a sequence, the better the fewer there are: so it looks at every direction by itself (`for-ever.md`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def wynn(values: Array) -> Array:
    """Estimates of where sequences lead, one for every two terms more.

    Parameters
    ----------
    values : ndarray of shape (terms, sequences)

    Returns
    -------
    ndarray of shape ((terms + 1) // 2, sequences)
        A sequence that is there already keeps its last estimate.

    Examples
    --------
    >>> import numpy as np
    >>> wynn(3 + 0.9 ** np.arange(5.0)[:, None])[1:].round(9).ravel()
    array([3., 3.])
    """
    older, newer = np.zeros((len(values) + 1, values.shape[1])), values
    estimates = [values[-1]]
    there = np.zeros(values.shape[1], dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        while len(newer) > 2:
            for _ in range(2):
                gaps = np.diff(newer, axis=0)
                there |= ~gaps.all(axis=0)
                older, newer = newer, older[1:-1] + 1 / gaps
            there |= ~np.isfinite(newer[-1])
            estimates.append(np.where(there, estimates[-1], newer[-1]))
    return np.array(estimates)


def settled(estimates: Array) -> tuple[Array, Array]:
    """The three neighbouring estimates that are nearest to each other: their middle, and how far they are apart.

    The last term of a sequence is none of them where there are others: slow ones are near it.
    """
    estimates = estimates[len(estimates) > 3 :]
    some = min(3, len(estimates))
    triples = np.array([estimates[k : len(estimates) - some + 1 + k] for k in range(some)])
    spread = np.ptp(triples, axis=0)
    best = spread.argmin(axis=0)[None]
    middle = np.median(triples, axis=0)
    return tuple(np.take_along_axis(each, best, 0)[0] for each in (middle, spread))


def pace(moves: Array) -> float:
    """By what moves shrink in the end, from their sizes: rates like ``r (1 - a/t)`` are those of the edge of a continuum.

    Examples
    --------
    >>> import numpy as np
    >>> round(pace(0.9 ** np.arange(8.0)), 9)
    0.9
    """
    last, steps = moves[-1] / moves[-2], len(moves) - 1
    before = moves[-2] / moves[-3] if steps > 1 else last
    return float(steps * last - (steps - 1) * before)
