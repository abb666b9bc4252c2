"""Blocks of fits on fresh rows, for a batch of plans: how each would end, and whether it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.plan import Plan
from genloss.spectrum import Spectral, Spectrum
from genloss.steps import Step, resolve
from genloss.theory.alike import fitted
from genloss.theory.closed import is_even
from genloss.theory.directions import directions_for, from_outside
from genloss.theory.fit import Stage, stages
from genloss.theory.forever import links as of_fits
from genloss.theory.forever.chain import BlockMap, block_map, means
from genloss.theory.forever.iterates import risks
from genloss.theory.forever.links import Link
from genloss.theory.forever.repeating import Repetition
from genloss.theory.labelers import Group, groups
from genloss.theory.moments import Moments
from genloss.theory.routes import routes
from genloss.theory.walk import Walk

Array = npt.NDArray[np.float64]


class Ends(NamedTuple):
    """The last model after very many repetitions, one entry a plan; infinite where unstable."""

    bias: Array
    variance: Array
    radius: Array


@dataclass(frozen=True)
class FreshBlock:
    """The repeated block of plans of one outline.

    Attributes
    ----------
    directions : Spectrum
    chains : sequence of sequence of Step
    repetition : Repetition
    moments : Moments or None
        Of the models that stay for ever, where there are any.
    stages : sequence of Stage or None
        Of the block's fits, where they are known.
    """

    directions: Spectrum
    chains: Sequence[Sequence[Step]]
    repetition: Repetition
    moments: Moments | None = None
    stages: Sequence[Stage] | None = None
    reach: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reach", self.repetition.reach(self.chains[0]))

    @property
    def anchors(self) -> frozenset[int]:
        """Labelers that stay: earlier models, and models from outside."""
        asked = {u for step in self.chains[0][self.repetition.first :] for u in step.asked}
        return self.repetition.fixed | {u for u in asked if u < REAL}

    @classmethod
    def after(cls, problem: Spectral, plan: Plan, found: Repetition) -> Self:
        """The block of one plan, with the moments of the models before it."""
        blocks = 1 + -(-found.reach(resolve(plan)) // found.length)
        unrolled = resolve(found.unrolled(plan, blocks))
        ways = routes(unrolled)
        outside = from_outside(problem, unrolled)
        walk = Walk(directions_for(problem, unrolled), [unrolled], ways, outside)
        for model in range(found.start):
            ways[model](walk, model)
        own = walk.stages[found.start : found.start + found.length]
        return cls(walk.moments.directions, [resolve(plan)], found, walk.moments, own)

    def path(self, links: Sequence[Link]) -> Iterator[float]:
        """Risk of the last model before the first repetition, and of each one after; one plan."""
        found, moments = self.repetition, self.moments
        assert moments is not None
        shift = found.first - found.start
        names = {u: u for u in self.anchors}
        names |= {u: u + shift for u in range(found.start - self.reach, found.start)}
        filters = {REAL: moments.whole(1.0)[0]}
        filters |= {new: moments.whole(moments.filters[u])[0] for u, new in names.items()}
        spread = {
            (min(names[u], names[v]), max(names[u], names[v])): moments.whole(
                moments.covariance({u: 1.0}, {v: 1.0})
            )[0]
            for u in names
            for v in names
        }
        if self.reach:
            yield sum(float(part[0]) for part in moments.risk(found.start - 1))
        s, signal = self.directions.eigenvalues, self.directions.energy
        yield from risks(links, found.first, filters, spread, s, signal, self.anchors)

    def copied(self, links: Sequence[Link]) -> tuple[float, float] | None:
        """Bias and variance of a model that is copied without loss or noise for ever; one plan."""
        if not self.reach or self.moments is None:
            return None
        seen = list(islice(self.path(links), 4))
        if not np.allclose(seen, seen[0], rtol=1e-12, atol=0):
            return None
        bias, variance = self.moments.risk(self.repetition.start - 1)
        return float(bias[0]), float(variance[0])

    def is_exact(self) -> bool:
        """Whether the moments are exact at finite size."""
        return all(
            of_fits.is_exact(step, self.directions)
            for steps in self.chains
            for step in steps[self.repetition.first :]
        )

    def links(
        self, penalty: Array | None = None, real: Array | None = None, fewer: float = 0.0
    ) -> list[Link]:
        """The generations as maps, also with other penalties or shares of real rows, one a plan.

        Of every fit's rows ``fewer`` are left out.
        """
        models = self.repetition.models
        rows, own = (
            np.array([numbers[models.start :] for numbers in column], dtype=float)
            for column in zip(*map(fitted, self.chains), strict=True)
        )
        lam = own if penalty is None else np.repeat(penalty[:, None], len(models), axis=1)
        count = max(len(lam), 1 if real is None else len(real))
        rows, lam = (np.broadcast_to(a, (count, len(models))) for a in (rows - fewer, lam))
        found = self.stages
        if found is None or penalty is not None or real is not None:
            found, _ = stages(self.directions, rows, lam)
        made = []
        for place, model in enumerate(models):
            step = self.chains[0][model]
            if not is_even(step):
                absolute = float(lam[0, place]) * step.blocks[0].weight
                made.append(of_fits.weighted(self.directions, step, absolute))
                continue
            members = groups(self.chains, model)
            if real is not None:
                members = _shared(members, real[:, None])
            made.append(of_fits.even(self.directions, found[place], members, step.towards))
        return made

    def diverges(self) -> bool:
        """Whether label noise, or labelers that differ, have no mean error where they are fitted."""
        dim = self.directions.dim
        for model in self.repetition.models:
            members = groups(self.chains, model)
            step = self.chains[0][model]
            n = step.rows
            near = n in (dim, dim + 1) or (n == dim - 1 and dim > 1)
            near = near and not (self.directions.constant and n == 1)  # which is its label
            loud = len(members) > 1 or members[0].noisy
            if step.penalty == 0 and near and loud:
                return True
        return False

    def map(self, links: Sequence[Link]) -> tuple[BlockMap, dict[int, Array | float], Array]:
        """The block as a map, its settled means, and how fast they settle."""
        first, fixed = self.repetition.first, sorted(self.anchors)
        stay: dict[int, Array | float] = {REAL: 1.0}
        known: dict[tuple[int, int], Array] = {}
        if self.moments is not None:
            stay |= {u: self.moments.filters[u] for u in fixed}
        settled = means(links, first, self.reach, stay)
        filters: dict[int, Array | float] = {**stay, **settled.filters}
        for u in fixed:
            assert self.moments is not None
            own = {v: self.moments.covariance({u: 1.0}, {v: 1.0}) for v in fixed}
            along = means(links, first, self.reach, {REAL: 0.0, **own}).filters
            for v, value in {**own, **along}.items():
                known[min(u, v), max(u, v)] = np.asarray(value)
        signal = self.directions.energy
        return block_map(links, first, self.reach, signal, filters, known), filters, settled.radius

    def ends(self, links: Sequence[Link] | None = None) -> Ends:
        """Solve every plan."""
        links = self.links() if links is None else links
        count = links[0].pull.shape[1]
        if self.diverges():
            infinite = np.full(count, np.inf)
            return Ends(infinite, infinite, infinite)
        found, filters, of_means = self.map(links)
        radius = np.maximum(found.radius(), of_means)
        stable = radius < 1
        spectrum = self.directions.eigenvalues
        last = self.repetition.stop - 1
        bias = self.directions.energy * np.square(1 - filters[last]) @ spectrum
        variance = found.only(stable).fixed_point() @ spectrum
        bias, variance = (np.where(stable, part, np.inf) for part in (bias, variance))
        return Ends(bias, variance, radius)

    def risks(self, links: Sequence[Link]) -> Array:
        """Risk of every plan, infinite where unstable; the radius is not looked for."""
        if self.diverges():
            return np.full(links[0].pull.shape[1], np.inf)
        found, filters, of_means = self.map(links)
        stable = (found.border() < 1) & (of_means < 1)
        spectrum, last = self.directions.eigenvalues, self.repetition.stop - 1
        bias = self.directions.energy * np.square(1 - filters[last]) @ spectrum
        return np.where(stable, bias + found.only(stable).fixed_point() @ spectrum, np.inf)

    def margin(self, links: Sequence[Link]) -> Array:
        """Below zero where the radius is below one, without looking for it; it rises with the radius."""
        found, _, of_means = self.map(links)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.maximum(found.border(), of_means)))


def _shared(members: Sequence[Group], real: Array) -> list[Group]:
    """Real rows are that share of all, the others keep their proportions."""
    whole = sum(m.rows for m in members)
    others = sum((m.rows for m in members if m.labeler != {REAL: 1.0}), start=np.zeros(1))
    return [
        m._replace(
            rows=real * whole
            if m.labeler == {REAL: 1.0}
            else (1 - real) * whole * (m.rows / others)
        )
        for m in members
    ]
