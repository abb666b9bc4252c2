"""What is lost where the size of a labeler varies from run to run, and a rule makes labels of what it says.

Theory takes the slope c(q) of a rule at the mean q of ``w' Sigma w``. Along few directions q varies by much, so that
labels pull to ``c w`` of another error. With w normal of mean m and variance V per direction, p what it has of the truth
and primes for derivatives in q,

    error at the mean less the mean error = c'' Var(q) p + 2 c' Cov(p, q) - (c^2 q)'' Var(q) / 2 ,
    Var(q) = sum 2 (s V)^2 + 4 s^2 V m^2 ,   Cov(p, q) = sum 2 s^2 V m w* ,   q = sum s (m^2 + V) ,   p = sum s m w*

which later models hand on (`channels.md` 5).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.filters.sgd import SGD
from genloss.generation import REAL
from genloss.labels.linear import Linear
from genloss.losses.squared import Squared
from genloss.steps import Block, Step
from genloss.theory.channels.generation import sources_of
from genloss.theory.channels.kept import kept_moments
from genloss.theory.moments import Moments

Array = npt.NDArray[np.float64]

_HARDLY = 0.05  # variance of q over its square: less moves no error by three percent in ten models
_APART = 0.05  # of q, for differences


def excess(moments: Moments, step: Step, before: Array) -> float:
    """About by what the error of the next model is too large, from that ``before`` it (n_models,)."""
    total = 0.0
    for place, block in enumerate(step.blocks):
        models = {u: share for u, share in block.shares.items() if u > REAL}
        if not models or moments.diverges(models):
            continue
        own = sum(share**2 * float(before[u]) for u, share in models.items())
        if isinstance(step.loss, Squared):
            own += _of(moments, step, block)
        if own:
            total += own * _heard(moments, step, place)
    return total


def _heard(moments: Moments, step: Step, place: int) -> float:
    """What a fit takes of the labels of a block, squared: where labelers vary, if rows are gone over one by one."""
    blocks = step.blocks
    if not isinstance(step.filter, SGD):
        return (blocks[place].rows / step.rows) ** 2
    s = moments.spectrum
    spread = s * moments.whole(moments.covariance(blocks[place].shares, blocks[place].shares))[0]
    later = sum(block.weight * block.rows for block in blocks[place + 1 :])
    own = blocks[place].weight * blocks[place].rows
    pull = step.filter.step * s
    taken = np.exp(-pull * later) * -np.expm1(-pull * own)
    return float(spread @ taken**2 / spread.sum()) if spread.any() else 0.0


def _of(moments: Moments, step: Step, block: Block) -> float:
    """By what the error is too large of what the labels of a block pull to."""
    shares = block.shares
    if block.keep or block.covariance is not None or isinstance(block.labels, Linear):
        return 0.0
    s, energy, count = moments.spectrum, moments.signal, moments.directions.multiplicity
    mean = moments.whole(moments.mean(shares))[0]
    spread = moments.whole(moments.covariance(shares, shares))[0]
    q, p = float(s @ (mean**2 * energy + spread)), float(s @ (mean * energy))
    each = s**2 * np.divide(spread, count, out=np.zeros_like(spread), where=count > 0)
    varies = float(2 * each @ spread + 4 * each @ (mean**2 * energy))
    if not varies > _HARDLY * q**2:
        return 0.0
    [rows], *_ = sources_of(step._replace(blocks=(block,)), s, None, {})
    size = q * (1 + _APART * np.array([-1, 0, 1]))
    slope = np.array(
        [float(kept_moments(rows, root).cross[0]) for root in np.sqrt(size[:, None, None])]
    )
    slope /= np.sqrt(size)
    gap = q * _APART
    first = float(slope[2] - slope[0]) / (2 * gap)
    bend, turn = (float(np.diff(each, 2)[0]) / gap**2 for each in (slope, slope**2 * size))
    together = float(2 * each @ (mean * energy))
    return bend * varies * p + 2 * first * together - turn * varies / 2
