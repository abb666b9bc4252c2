"""Rows kept for ever: where the pool leads that models are fitted to, or draw their rows from (`theory.md` 2.6).

Without a penalty, and without real rows, every block leaves its error: they are summed to infinity. Elsewhere the
pool forgets them, like a power of its size: what is left is the mean model that labels itself, and what a fit of so
many rows adds to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from genloss.cautions import fitted_rows
from genloss.errors import NoTheoryError
from genloss.generation import MOST_ROWS, REAL, Generation, Source
from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.steps import Block, Step, resolve
from genloss.theory.closed import obstacles
from genloss.theory.fit import stages
from genloss.theory.forever.fresh_blocks import FreshBlock
from genloss.theory.forever.links import Link
from genloss.theory.forever.repeating import Repetition
from genloss.theory.predict import predict

Array = npt.NDArray[np.float64]
Ends = tuple[float, float, float, float]
"""Bias, variance, radius and half-life."""

_MANY = 10**9  # rows, of which none is left to chance
_TERMS = 64  # summed one by one, before an integral takes over


def obstacle(plan: Plan, found: Repetition) -> str | None:
    """Why the limit is not known, or None where it is."""
    steps = resolve(plan)
    last, model = steps[-1], steps[-1].model
    if found.length > 1:
        return "rounds of several generations pool their rows"
    if _keeps_every_error(last):
        return obstacles(resolve(found.unrolled(plan, found.length + 1)))[-1]
    if not last.is_ridge or last.features is not None or last.towards is not None or last.retuned:
        return f"model {model} pools rows, but is not ridge regression that is pulled to zero"
    if last.fitted.start or any(block.kept or block.edited < 1 for block in last.blocks):
        return f"model {model} pools rows, some of which have labels from before"
    if any(u < REAL or u in found.fixed for u in last.asked):
        return f"model {model} pools rows of which some are labelled by a model that stays"
    if any(abs(sum(_moving(block))) > 1 for block in last.blocks):
        return f"model {model} pools labels that go beyond what the last models say"
    if last.is_new:
        return None
    if last.drawn is not None:
        return f"model {model} pools labels of one design, and draws from them"
    if any(sum(_moving(block)) == 1 and block.shares.get(REAL) for block in last.blocks):
        return f"model {model} pools labels of one design, which go beyond what the last models say"
    return None


def becomes_one(plan: Plan, found: Repetition) -> bool:
    """Whether all of the pool's new rows are fitted, beyond ridge regression: one model, that labels itself."""
    last = resolve(plan)[-1]
    alone = last.features is None and last.towards is None and not last.retuned
    moves = not any(u < REAL or u in found.fixed for u in last.asked)
    pooled = last.is_pooled and last.is_new and last.drawn is None and not last.fitted.start
    return found.length == 1 and pooled and alone and moves and not last.is_ridge


def by_many_rows(plan: Plan, found: Repetition) -> Plan:
    """The last generation on so many new rows that nothing is left to chance."""
    return _by_itself(plan, found, _MANY, 0.0)


def _moving(block: Block) -> list[float]:
    """Coefficients of the models among its labelers."""
    return [share for u, share in block.shares.items() if u != REAL]


def _keeps_every_error(last: Step) -> bool:
    """Whether it is least squares, all labels of which are the last model's."""
    alone = all(block.shares == {last.model - 1: 1.0} for block in last.blocks)
    return last.penalty == 0 and alone and last.is_ridge


def end(problem: Spectral, plan: Plan, found: Repetition) -> Ends:
    """Bias, variance, radius and half-life."""
    last = resolve(plan)[-1]
    if _keeps_every_error(last):
        return _summed(problem, plan, found)
    bias, variance = (_of_new_rows if last.is_new else _of_one_design)(problem, plan, found)
    return bias, variance, 1.0, math.nan if math.isfinite(bias + variance) else math.inf


def _of_one_design(problem: Spectral, plan: Plan, _: Repetition) -> tuple[float, float]:
    """Every row's labels average to ``a w* + b m``, without noise: m is ridge regression on ``a w* / (1 - b)``.

    Rows of which the models alone say something else than the model does weigh ``1 - b``.
    """
    step = resolve(plan)[-1]
    sources = []
    for block in step.blocks:
        real, left = block.shares.get(REAL, 0.0), 1 - math.fsum(_moving(block))
        if left > 0:
            weight, law = block.weight * left, block.covariance
            sources.append(Source(block.rows, {"real": real / left}, 0.0, None, weight, law))
    if not any(dict(source.mixture)["real"] for source in sources):
        return float(problem.directions.signal.sum()), 0.0
    rows = sum(block.rows for block in step.blocks)
    penalty = step.penalty * (rows / sum(source.n_samples or 0 for source in sources))
    curve = predict(problem, Plan((Generation(tuple(sources), penalty),)))
    assert curve.bias is not None
    assert curve.variance is not None
    return float(curve.bias[0]), float(curve.variance[0])


def _of_new_rows(problem: Spectral, plan: Plan, found: Repetition) -> tuple[float, float]:
    """What averages over so many models does not move: the mean model is one that labels itself.

    Fits to all rows are that model. Fits to some of them have rows of as many models, whose spread v around the
    mean is noise of the rows: ``v = v_0 + (v_1 - v_0) v``.
    """
    last = resolve(plan)[-1]
    drawn = last.drawn or MOST_ROWS // 2
    quiet, loud = (
        FreshBlock.after(problem, _by_itself(plan, found, drawn, spread), found)
        for spread in (0.0, 1.0)
    )
    links = quiet.links()
    _, filters, _ = quiet.map(links)
    s, energy = quiet.directions.eigenvalues, quiet.directions.energy
    bias = float(s @ (energy * np.square(1 - np.ravel(filters[found.stop - 1]))))
    if last.drawn is None:
        return bias, 0.0
    own, more = (
        _added(block, links_, filters) for block, links_ in ((quiet, links), (loud, loud.links()))
    )
    growth = more - own
    return (bias, own / (1 - growth)) if growth < 1 else (math.inf, math.inf)


def _by_itself(plan: Plan, found: Repetition, rows: int, spread: float) -> Plan:
    """The last generation on so many rows of its own, with noise for the spread of the models that label them.

    Models before it are any: what the pool leads to does not hang on them.
    """
    generation, step = plan.generations[-1], resolve(plan)[-1]
    total = sum(block.rows for block in step.blocks)
    sources = tuple(
        replace(
            source,
            n_samples=max(round(rows * block.rows / total), 1),
            noise=math.sqrt(block.noise**2 + spread * math.fsum(b * b for b in _moving(block))),
            real_noise=None,
        )
        for source, block in zip(generation.sources, step.blocks, strict=True)
    )
    before = Generation((Source(rows),), step.penalty)
    alone = replace(generation, sources=sources, pooled=False, subsample=None)
    return Plan((before,) * found.first + (alone,))


def _added(block: FreshBlock, links: Sequence[Link], filters: Mapping[int, Array | float]) -> float:
    """Variance of a fit whose labelers are these means, and nothing beside them."""
    [link], energy = links, block.directions.energy
    means = np.array([np.ravel(filters[u]) + 0 * energy for u in link.labelers])
    second = energy * means[:, None] * means
    heard = np.einsum("jklbp,klp->bj", link.heard, second)
    scalars = np.linalg.solve(
        np.eye(len(link.gain)) - link.coupling, (link.noise.T + heard)[..., None]
    )
    beyond = link.square - link.pull[:, None] * link.pull
    variance = link.spread + np.einsum("bj,jbp->bp", scalars[..., 0], link.gain)
    variance = variance + np.einsum("klbp,klp->bp", beyond, second)
    return float(variance[0] @ block.directions.eigenvalues)


def _summed(problem: Spectral, plan: Plan, found: Repetition) -> Ends:
    """Bias, variance, radius and half-life.

    Each block adds ``noise**2 sum_i s_i (E A^-1 X'X A^-1)_ii`` and takes nothing away.
    """
    generation = plan.generations[-1]
    rows, dim = generation.n_samples, problem.directions.dim
    seen = found.unrolled(plan, 1)
    if generation.design == "fresh":
        # of few rows every fit is another formula; from dim + 2 on it is one
        if math.isinf(dim):
            raise NoTheoryError(
                "pooled rows never become as many as infinitely many directions: their limit is not "
                "known; a PowerLaw with dim has one"
            )
        blocks = 1 + max(0, -(-int(dim + 2 - fitted_rows(resolve(seen))[-1]) // rows))
        seen = found.unrolled(plan, blocks)
    curve = predict(problem, seen)
    assert curve.bias is not None
    assert curve.variance is not None
    bias, variance = float(curve.bias[-1]), float(curve.variance[-1])
    noise = generation.sources[0].label_noise ** 2
    if not noise or not math.isfinite(variance):
        life = 0.0 if math.isfinite(variance) else math.inf
        return bias, variance, 1.0, life
    if generation.design == "fresh":
        first = float(fitted_rows(resolve(seen))[-1])

        def added(block: float) -> float:
            total = first + block * rows
            return noise * dim * rows / (total * (total - dim - 1))

        def beyond(block: float) -> float:
            total, c = first + block * rows, dim + 1
            return noise * dim / c * -math.log1p(-c / total)
    else:
        count = seen.n_models
        directions = problem.directions
        [stage], _ = stages(directions, np.array([[float(rows)]]), np.zeros((1, 1)))
        alone = noise * float(stage.label_gain[0] @ directions.eigenvalues)

        def added(block: float) -> float:
            return alone / (count + block) ** 2

        def beyond(block: float) -> float:
            return alone / (count + block)

    left = tail(added, beyond)
    path = [float(r) for r in curve.risk[max(found.start - 1, 0) :]]
    whole = bias + variance + left
    return bias, variance + left, 1.0, _half_life(path, whole, added)


def tail(added: Callable[[float], float], beyond: Callable[[float], float]) -> float:
    """Sum of added(1), added(2), ... by Euler and Maclaurin; ``beyond`` is its integral to infinity."""
    here = _TERMS + 0.5
    h = 1e-1
    slope = (added(here + h) - added(here - h)) / (2 * h)
    return math.fsum(added(k) for k in range(1, _TERMS + 1)) + beyond(here) + slope / 24


def _half_life(path: list[float], whole: float, added: Callable[[float], float]) -> float:
    """Blocks until half of the way is made, on a straight line between two."""
    goal = (path[0] + whole) / 2
    risk, block = path[-1], 0
    while risk < goal:
        block += 1
        risk += added(block)
        path.append(risk)
    at = int(np.searchsorted(path, goal))
    return at - (path[at] - goal) / (path[at] - path[at - 1]) if at else 0.0
