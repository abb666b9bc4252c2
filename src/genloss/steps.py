"""A plan looked up once: for every fit which rows it sees, who labels them, and with which noise.

Theory and trials read steps and never ask a plan how it was written: policies, reused designs, pools
and subsamples all end here as lists of blocks of rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from genloss.blocks import Block, different_inputs, own_blocks, same_blocks
from genloss.covariances import is_matrix
from genloss.external import External
from genloss.filters import Filter
from genloss.generation import REAL
from genloss.losses import Loss
from genloss.losses.squared import Squared
from genloss.plan import Plan

__all__ = ["Block", "Step", "Steps", "resolve"]


class Step(NamedTuple):
    """One fit, with everything it needs looked up.

    Attributes
    ----------
    model : int
        Its number.
    blocks : tuple of Block
        Its own rows, in order: new ones and those of earlier designs that it names.
    fitted : range
        The models whose own rows take part, with the labels and weights they had there: ``model``
        alone, or all so far where rows are pooled.
    rows : int
        Number of rows fitted; an input with several labels counts as often as it was labelled.
    inputs : int
        How many different inputs these are.
    drawn : int or None
        Fit to so many of them, drawn at random without replacement; None for all.
    features : int or None
        Number of random features; None where the inputs are the features.
    map : int
        The model for which the random features were drawn: ``model`` where they are new.
    penalty : float
        Ridge penalty; NaN where it is chosen by leave-one-out.
    last_use : int
        The last model that this one labels; ``model`` where there is none.
    last_inputs : int
        The last model whose own rows are inputs that were drawn for this one.
    last_fit : int
        The last model that is fitted to inputs drawn, or labels made, for this one.
    loss : Loss
        What is minimised.
    towards : int or None
        The model that the penalty pulls to; None for zero.
    outside : tuple of External
        The models from outside that label anywhere in the plan; number ``-2 - k`` is the k-th.
    filter : Filter or None
        How the fit is made where it is not the exact minimiser.
    is_linear : bool
        Whether it is fitted to all rows and to what labelers say, by a linear map of the labels.
    is_new : bool
        Whether all its own inputs are drawn for it.
    turned : bool
        Whether some of its rows vary along other directions than the problem's.
    edits : bool
        Whether some of its rows keep the labels that they have.
    intercept : bool
        Whether a constant is fitted beside the coefficients.
    """

    model: int
    blocks: tuple[Block, ...]
    fitted: range
    rows: int
    inputs: int
    drawn: int | None
    features: int | None
    map: int
    penalty: float
    last_use: int
    last_inputs: int
    last_fit: int
    loss: Loss = Squared()
    towards: int | None = None
    filter: Filter | None = None
    outside: tuple[External, ...] = ()
    is_linear: bool = True
    is_new: bool = True
    turned: bool = False
    edits: bool = False
    intercept: bool = False

    @property
    def design(self) -> int:
        """The model for which the inputs of the first of its own rows were drawn."""
        return self.blocks[0].design

    @property
    def asked(self) -> set[int]:
        """The models, and `REAL`, that it needs to be fitted: who labels, judges or is pulled to."""
        found = set() if self.towards is None else {self.towards}
        for block in self.blocks:
            found.update(block.shares, block.judge)
        return found

    @property
    def new(self) -> tuple[Block, ...]:
        """The blocks of inputs that are drawn for it."""
        return tuple(block for block in self.blocks if block.design == self.model)

    @property
    def is_ridge(self) -> bool:
        """Whether it is ridge regression on all rows and what labelers say, and no constant."""
        return self.is_linear and self.filter is None and not self.intercept

    @property
    def is_pooled(self) -> bool:
        """Whether rows of other generations take part with the labels they had there."""
        return len(self.fitted) > 1

    @property
    def retuned(self) -> bool:
        """Whether the penalty is chosen by leave-one-out."""
        return math.isnan(self.penalty)


class Steps(tuple[Step, ...]):
    """The steps of a plan in order, and what is so of all of them, or of any, each looked at once."""

    @cached_property
    def is_ridge(self) -> bool:
        """Whether every fit is ridge regression on all rows and what labelers say, and no constant."""
        return all(step.is_ridge for step in self)

    @cached_property
    def is_linear(self) -> bool:
        """Whether every fit is linear."""
        return all(step.is_linear for step in self)

    @cached_property
    def is_new(self) -> bool:
        """Whether every fit is to inputs that are all drawn for it."""
        return all(step.is_new for step in self)

    @cached_property
    def is_single(self) -> bool:
        """Whether every fit is known by itself: to new inputs and labels only, without features, pulled to zero."""
        return self.is_new and not any(
            step.is_pooled
            or step.edits
            or step.intercept
            or step.features is not None
            or step.towards is not None
            for step in self
        )

    @cached_property
    def is_noiseless(self) -> bool:
        """Whether no labels have noise."""
        return not any(block.noise for step in self for block in step.blocks)

    @cached_property
    def is_alike(self) -> bool:
        """Whether all rows have the problem's covariance."""
        return all(block.covariance is None for step in self for block in step.blocks)

    @cached_property
    def turned(self) -> bool:
        """Whether any rows vary along other directions than the problem's."""
        return any(step.turned for step in self)

    @cached_property
    def retuned(self) -> bool:
        """Whether any penalty is chosen by leave-one-out."""
        return any(step.retuned for step in self)

    @cached_property
    def agents(self) -> int | None:
        """How many models there are in a round, where each learns from the round before; None for a chain.

        The first round learns from the truth alone. Of all numbers that fit, the least.
        """
        count, asked = len(self), [step.asked for step in self]
        if count < 4 or all(who <= {REAL, model - 1} for model, who in enumerate(asked)):
            return None  # a chain
        if not self.is_new or any(step.is_pooled for step in self):
            return None

        def fits(number: int) -> bool:
            for model, each in enumerate(asked):
                round_ = range((model // number - 1) * number, model // number * number)
                if not all(who < 0 or who in round_ for who in each):
                    return False
            return True

        some = (number for number in range(2, count // 2 + 1) if count % number == 0)
        return next(filter(fits, some), None)


def resolve(plan: Plan) -> Steps:
    """The steps of a plan, looked up at the first call and kept with it.

    Parameters
    ----------
    plan : Plan
        Any plan.

    Returns
    -------
    Steps
        A tuple, one step for every model.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.steps import resolve
    >>> first, second = resolve(gl.Plan.accumulate(2, 100, design="same", noise=0.5))
    >>> second.blocks[0].shares, second.blocks[0].design, second.fitted, second.rows, second.inputs
    ({0: 1.0}, 0, range(0, 2), 200, 100)
    """
    known: Steps | None = vars(plan).get("_steps")
    if known is None:
        like = vars(plan).pop("_like", None)  # of other penalties, and else the same
        known = Steps(_steps(plan) if like is None else _repriced(plan, like))
        vars(plan)["_steps"] = known
    return known


def _repriced(plan: Plan, like: Plan) -> Iterator[Step]:
    for step, generation in zip(resolve(like), plan, strict=True):
        yield step._replace(penalty=generation.fixed_penalty)


def _steps(plan: Plan) -> Iterator[Step]:
    named = [
        each for generation in plan for source in generation.sources for each in source.outside
    ]
    outside = {each: REAL - 1 - k for k, each in enumerate(dict.fromkeys(named))}
    told = tuple(outside)
    own: list[tuple[Block, ...]] = []
    maps: list[int] = []
    for model, generation in enumerate(plan):
        same = generation.design == "same"
        own.append(
            same_blocks(generation, model, own[-1], outside)
            if same
            else own_blocks(generation, model, own, outside)
        )
        maps.append(maps[-1] if generation.feature_map == "same" else model)
    last_use, last_inputs, last_fit = _last(plan, own)
    rows = inputs = 0
    for model, (generation, blocks) in enumerate(zip(plan, own, strict=True)):
        sizes = [block[2] - block[1] for block in blocks]
        count = sum(sizes)
        rows += count
        inputs += sum([n for n, block in zip(sizes, blocks, strict=True) if block.design == model])
        pooled, towards = generation.pooled, generation.towards
        yield Step(
            model,
            blocks,
            range(model + 1) if pooled else range(model, model + 1),
            rows if pooled else count,
            inputs if pooled else count if len(sizes) == 1 else different_inputs(blocks),
            generation.subsample,
            generation.features,
            maps[model],
            generation.fixed_penalty,
            last_use[model],
            last_inputs[model],
            last_fit[model],
            generation.loss,
            model - 1 if towards == "previous" else towards,
            generation.filter,
            told,
            is_linear=isinstance(generation.loss, Squared)
            and all(block.is_linear for block in blocks),
            is_new=all(block.design == model for block in blocks),
            turned=any(is_matrix(block.covariance) for block in blocks),
            edits=any(block.edited < 1 for block in blocks),
            intercept=generation.intercept,
        )


def _last(plan: Plan, own: list[tuple[Block, ...]]) -> tuple[list[int], list[int], list[int]]:
    """The last models that a model labels, that stand on its inputs, that are fitted to its rows."""
    use, inputs = list(range(len(own))), list(range(len(own)))
    for model, blocks in enumerate(own):
        for block in blocks:
            inputs[block.design] = model
            for number in (*block.shares, *block.judge):
                if number >= 0:
                    use[number] = model
        towards = plan.generations[model].towards
        if towards is not None:
            use[model - 1 if towards == "previous" else towards] = model
    fit = list(inputs)
    last_pool = max((model for model, each in enumerate(plan) if each.pooled), default=0)
    fit[:last_pool] = [max(last, last_pool) for last in fit[:last_pool]]
    return use, inputs, fit
