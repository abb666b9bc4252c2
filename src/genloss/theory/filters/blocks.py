"""One pass of SGD over rows that other fits see, as few implicit steps over blocks of them: for pencils.

What a block makes of new rows is known in closed form, and so is the exact pass (`lengths`): blocks are as few as
bring the two together. With a = n g s of the block's n rows, g the mean entry of the inverse of
``2/step - D + A + X X'``, Q = 1/(1 + a) and fields of variance e, half a step is b = Q a (theta - w) and a noise,

    E b^2 = ( Q a )^2 E (theta - w)^2 + Q^2 s n E r^2 ,   E r^2 = g^2 ( noise^2 + sum s E (theta - w - b)^2 + n tr Sigma^2 E r^2 )

Rows whose lengths vary have a g and an r for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt

from genloss.covariances import Covariance, is_matrix, matrix
from genloss.errors import NoTheoryError
from genloss.pencils.in_blocks import InBlocks
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.filters.lengths import InTurn

Array = npt.NDArray[np.float64]

_SIZES = (2, 3, 4, 6, 8, 12)
_MOST = 96  # blocks that all passes go over, unless two of some rows are more
_SPREADS = (1.0, 2.0)
"""Of squared lengths that vary by chance, over half of what those of Gaussian rows do: one number a row stands for all directions."""

_CLOSE = 0.01  # of the error of a pass over new rows
_FAIR = 0.03
_WIDEST = 0.8  # spread of lengths
_MOST_STEPS = 200
_TINY = 1e-10


def passes(
    steps: Sequence[Step], models: Sequence[int], directions: Spectrum, tails: Sequence[float]
) -> Mapping[int, InBlocks]:
    """The passes of models that go over their rows one by one, in blocks that are the same shares for all.

    Raises
    ------
    InvalidInputError
        If their steps would explode.
    NoTheoryError
        If few blocks do not give them.
    """
    if not models:
        return {}
    alone = _alone(steps, models, directions)
    exact = [_exact(step, own, tails or (1.0,)) for step, own in alone]
    chance = _chance(alone)
    visits = sum(len(steps[k].blocks) for model in models for k in steps[model].fitted)
    sizes = [size for size in _SIZES if size * visits <= _MOST] or _SIZES[:1]
    found: dict[tuple[int, float], float] = {}
    for shape in product(sizes, _SPREADS):
        spread = min(shape[1] * chance, _WIDEST)
        found[shape[0], spread] = max(
            _off(_in_blocks(InBlocks.of(step, shape[0], spread), step, own, tails), known)
            for (step, own), known in zip(alone, exact, strict=True)
        )
        if found[shape[0], spread] < _CLOSE:
            break
    best = min(found, key=lambda shape: found[shape])
    if not found[best] < _FAIR:
        raise NoTheoryError(
            f"model {models[0]} or a later one goes by SGD over rows that several models are fitted to, and up to "
            f"{sizes[-1]} blocks of rows give its error to {found[best]:.1%}, not to {_FAIR:.0%}: shorter steps may "
            "help, and genloss.simulate(problem, plan) runs it"
        )
    return {model: InBlocks.of(steps[model], *best) for model in models}


def _off(found: Array, known: Array) -> float:
    """By how much of an error its parts are off."""
    total = float(known.sum())
    return float(np.abs(found - known).sum()) / total if total else 0.0


def _chance(alone: Sequence[tuple[Step, Spectrum]]) -> float:
    """Half the variance of the squared length of a Gaussian row, over its mean squared, in the mean over the rows."""
    each = [own.multiplicity @ own.eigenvalues**2 / own.trace**2 for _, own in alone]
    return float(np.average(each, weights=[step.rows for step, _ in alone]))


def _alone(
    steps: Sequence[Step], models: Sequence[int], directions: Spectrum
) -> list[tuple[Step, Spectrum]]:
    """The blocks of rows that models are fitted to, each by itself and along its own directions."""
    found = {}
    for step in (steps[model] for model in models):
        for block in (block for k in step.fitted for block in steps[k].blocks):
            alone = step._replace(blocks=(block._replace(covariance=None),), rows=block.rows)
            fit = step.filter, step.penalty, block.covariance, block.rows, block.weight, block.noise
            found[fit] = alone, _along(block.covariance, directions)
    return list(found.values())


def _along(covariance: Covariance | None, directions: Spectrum) -> Spectrum:
    """Rows' own directions, and how much of a truth of any signs lies there."""
    if covariance is None:
        return directions
    if not is_matrix(covariance):
        return replace(directions, eigenvalues=np.array(covariance))
    eigenvalues, basis = np.linalg.eigh(matrix(covariance))
    return replace(
        directions,
        eigenvalues=np.maximum(eigenvalues, 0.0),
        energy=(basis**2).T @ directions.energy,
    )


def _exact(step: Step, own: Spectrum, lengths: Sequence[float]) -> Array:
    """Error of a pass over new rows on such rows: of what the truth says, and of noise on it."""
    one, none = np.ones((1, 1)), np.zeros(1)
    energy, noise = own.energy[None, None], np.array([step.blocks[0].noise ** 2])
    [share], heard = InTurn(own, lengths).passed(step, one, none, energy)
    _, loud = InTurn(own, lengths).passed(step, one, noise, 0 * energy)
    s = own.eigenvalues
    return np.array([s @ ((1 - share) ** 2 * own.energy + heard), s @ loud])


def _in_blocks(how: InBlocks, step: Step, own: Spectrum, tails: Sequence[float]) -> Array:
    """The same of a pass in blocks."""
    [block], s, count = step.blocks, own.eigenvalues, own.multiplicity
    length = np.array(how.lengths(tails))
    diagonal = 2 / (how.step * block.weight) - own.trace * length
    if diagonal.min() <= 0:
        return np.full(2, np.inf)
    square, noise = float(count @ s**2), np.array([0.0, block.noise**2])
    share, spread, told = np.zeros(s.size), np.zeros((2, s.size)), np.zeros((2, s.size))
    n = block.rows / how.blocks
    fade = how.step * how.penalty * n / 2
    mean, each, q = _inverse(diagonal, length, n, s, count, square, fade)
    heard = np.mean(length * each**2), np.mean(length**2 * each**2)
    echo = heard[1] * n * float(count @ (s * q) ** 2 + square)
    if echo >= 1:
        return np.full(2, np.inf)
    for _ in range(how.blocks):
        moved = q * (n * mean * s * (1 - share) - fade * share)
        told[0] = (1 - share - moved) ** 2 * own.energy
        loud = (heard[0] * noise + heard[1] * (told + q**2 * spread) @ s) / (1 - echo)
        share = share + 2 * moved
        spread = (2 * q - 1) ** 2 * spread + 4 * n * np.outer(loud, q**2 * s * count)
    return np.array([s @ ((1 - share) ** 2 * own.energy), 0.0]) + spread @ s


def _inverse(
    diagonal: Array, length: Array, n: float, s: Array, count: Array, square: float, fade: float
) -> tuple[float, Array, Array]:
    """Entries of the inverse of ``2/step - D + A + X X'``, their mean over the lengths, and Q."""
    mean = float(np.mean(length / (diagonal + length * (s @ count))))
    for _ in range(_MOST_STEPS):
        q = 1 / (1 + fade + n * mean * s)
        each = 1 / (diagonal + length * (n * mean * square + s @ (count * q)))
        new = float(np.mean(length * each))
        if abs(new - mean) < _TINY * mean:
            return new, each, q
        mean = (mean + new) / 2
    return mean, each, q
