"""Models with an intercept on one design, as models without one on a row fewer (`theory.md` 2.9).

All of them have the mean row ``m`` and the rows apart from it, so that intercepts telescope: a model's labels have
the mean ``m'w* + e``, where e is the noise in them, its own and that of the models they come from, and

    b_t = m'(w* - w_t) + e ,     E b_t^2 = (E |w* - w_t|^2_Sigma + n E e^2) / n .
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from genloss.curve import Curve
from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.plan import Plan
from genloss.problem import tails_of
from genloss.spectrum import Spectral
from genloss.steps import Step, Steps
from genloss.theory.closed import relabels

Array = npt.NDArray[np.float64]


def knows(problem: Spectral, steps: Sequence[Step]) -> bool:
    """Whether all models are fitted to the rows of the first, labelled anew by one another and the truth."""
    if tails_of(problem):
        return False
    pairs = zip(steps[1:], steps, strict=False)
    return all(map(_is_plain, steps)) and all(relabels(step, before) for step, before in pairs)


def _is_plain(step: Step) -> bool:
    [first, *others] = step.blocks
    told = first.shares
    mean = math.isclose(math.fsum(told.values()), 1.0) and min(told) >= REAL
    alone = not others and not step.is_pooled and step.drawn is None and step.features is None
    fitted = step.filter is None or step.filter.spectral
    return alone and mean and fitted and step.rows > 1 and first.covariance is None


def without(plan: Plan, steps: Sequence[Step]) -> Plan:
    """The plan on a row fewer, with weights that make its coefficients those of the plan."""
    rows = steps[0].rows  # the rows apart from their mean vary by (rows - 1) / rows about it
    return Plan(
        tuple(
            replace(
                generation,
                intercept=False,
                sources=tuple(
                    replace(
                        source,
                        n_samples=source.n_samples and rows - 1,
                        weight=source.weight * (rows - 1) / rows,
                    )
                    for source in generation.sources
                ),
            )
            for generation in plan
        )
    )


def bare(steps: Sequence[Step]) -> Steps:
    """The steps of such a plan, of which rows may be any numbers.

    Raises
    ------
    NoTheoryError
        If there is no row beside the mean.
    """
    n = float(steps[0].rows)
    if n <= 1:
        raise NoTheoryError("a fit with an intercept to a row is that row's label")
    found = []
    for step in steps:
        [block] = step.blocks
        made = block._replace(stop=block.stop - 1, weight=block.weight * (1 - 1 / n))
        fewer = step._replace(rows=step.rows - 1, inputs=step.inputs - 1, intercept=False)
        found.append(fewer._replace(blocks=(made,)))
    return Steps(found)


class Intercepts(NamedTuple):
    """What they make of the errors of models `without` them.

    Attributes
    ----------
    times : float
        By which those errors are multiplied.
    added : ndarray of shape (n_models,)
        What the labels' noise adds.
    """

    times: float
    added: Array

    @classmethod
    def of(cls, steps: Sequence[Step]) -> Self:
        """Those of a run."""
        n = float(steps[0].rows)
        return cls(1 + 1 / n, np.square(noises(steps)).sum(axis=1) / n)

    def on(self, risk: Array) -> Array:
        """The errors of models with them."""
        return self.times * risk + self.added


def noises(steps: Sequence[Step]) -> Array:
    """What is in a label of every model of the noise on those of all, (models, models): its own, and its labelers'."""
    parts = np.zeros((len(steps), len(steps)))
    for step in steps:
        [block] = step.blocks
        heard = [share * parts[u] for u, share in block.shares.items() if u != REAL]
        parts[step.model] = sum(heard, parts[step.model])
        parts[step.model, step.model] = block.noise
    return parts


def curve(found: Curve, steps: Sequence[Step]) -> Curve:
    """The curve of a plan, from that of the one `without` intercepts."""
    assert found.variance is not None
    added = found.risk / steps[0].rows + Intercepts.of(steps).added
    return replace(
        found,
        risk=found.risk + added,
        variance=found.variance + added,
        df1=None if found.df1 is None else found.df1 + 1,
        df2=None if found.df2 is None else found.df2 + 1,
    )
