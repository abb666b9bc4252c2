"""A plan looked up once: for every fit which rows it sees, who labels them, and with which noise.

Theory and trials read steps and never ask a plan how it was written: policies, reused designs, pools
and subsamples all end here as lists of blocks of rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from genloss.covariances import Covariance, is_matrix
from genloss.external import External
from genloss.filters import Filter
from genloss.generation import REAL, Generation, Source
from genloss.keep import Keep
from genloss.labels import Label
from genloss.labels.linear import Linear
from genloss.losses import Loss
from genloss.losses.squared import Squared
from genloss.plan import Plan

Outside = Mapping[External, int]


class Block(NamedTuple):
    """Rows of one fit that were drawn together, are labelled alike and weigh alike.

    The label of a row is ``sum(shares * labelers' values) + kept * the label it has + noise``.

    Attributes
    ----------
    design : int
        The model for which the inputs were drawn: the fit's own number where they are new.
    start, stop : int
        Which rows of that design, ``start <= row < stop``.
    shares : mapping of int to float
        Who labels now: coefficients by number of the model, `genloss.generation.REAL` for the truth.
        Empty where the rows only have the labels that they were given before.
    noise : float
        Standard deviation of the noise of the labels that are made now.
    model_noise : float
        The same without the noise of real labels, which a user's own real labels bring along.
    weight : float
        Weight of each row's loss in this fit.
    covariance : Covariance or None
        What the inputs were drawn with; None for the problem's spectrum.
    kept : float
        Coefficient of the label that a row has from before.
    since : int
        The model for which that label was made; no meaning where ``kept`` is zero.
    labels : Label
        How what the labelers say, with noise, becomes a label.
    keep : Keep or None
        Which of the labelled rows are kept.
    judge : mapping of int to float
        Whose values that rule looks at; empty where there is none.
    edited : float
        Share of the rows, drawn at random, that gets these labels.
    latest : int
        The model for which the labels were made that the other rows keep; no meaning where there are none.
    """

    design: int
    start: int
    stop: int
    shares: Mapping[int, float]
    noise: float
    model_noise: float
    weight: float
    covariance: Covariance | None
    kept: float = 0.0
    since: int = -1
    labels: Label = Linear()
    keep: Keep | None = None
    judge: Mapping[int, float] = MappingProxyType({})
    edited: float = 1.0
    latest: int = -1

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.stop - self.start


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


def resolve(plan: Plan) -> tuple[Step, ...]:
    """The steps of a plan, looked up at the first call and kept with it.

    Parameters
    ----------
    plan : Plan
        Any plan.

    Returns
    -------
    tuple of Step
        One for every model.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.steps import resolve
    >>> first, second = resolve(gl.Plan.accumulate(2, 100, design="same", noise=0.5))
    >>> second.blocks[0].shares, second.blocks[0].design, second.fitted, second.rows, second.inputs
    ({0: 1.0}, 0, range(0, 2), 200, 100)
    """
    known: tuple[Step, ...] | None = vars(plan).get("_steps")
    if known is None:
        like = vars(plan).pop("_like", None)  # of other penalties, and else the same
        known = tuple(_steps(plan) if like is None else _repriced(plan, like))
        vars(plan)["_steps"] = known
    return known


def agents(steps: Sequence[Step]) -> int | None:
    """How many models there are in a round, where each learns from the round before; None for a chain.

    The first round learns from the truth alone. Of all numbers that fit, the least.
    """
    count = len(steps)
    if count < 4 or all(step.asked <= {REAL, step.model - 1} for step in steps):
        return None  # a chain
    if not all(step.is_new and not step.is_pooled for step in steps):
        return None
    asked = [step.asked for step in steps]

    def fits(number: int) -> bool:
        for model, each in enumerate(asked):
            round_ = range((model // number - 1) * number, model // number * number)
            if not all(who < 0 or who in round_ for who in each):
                return False
        return True

    some = (number for number in range(2, count // 2 + 1) if count % number == 0)
    return next(filter(fits, some), None)


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
            _same(generation, model, own[-1], outside)
            if same
            else _own(generation, model, own, outside)
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
            inputs if pooled else count if len(sizes) == 1 else _different(blocks),
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
            is_linear=isinstance(generation.loss, Squared) and all(map(_is_linear, blocks)),
            is_new=all(block.design == model for block in blocks),
            turned=any(is_matrix(block.covariance) for block in blocks),
            edits=any(block.edited < 1 for block in blocks),
            intercept=generation.intercept,
        )


def _is_linear(block: Block) -> bool:
    return isinstance(block.labels, Linear) and block.keep is None


def _own(
    generation: Generation, model: int, own: Sequence[tuple[Block, ...]], outside: Outside
) -> tuple[Block, ...]:
    """Blocks of new inputs, one a source, and those of the earlier generations that are named."""
    blocks, start = [], 0
    for source in generation.sources:
        if source.inputs == "new":
            stop = start + source.new_rows
            blocks.append(_block(source, model, outside, model, start, stop, source.covariance))
            start = stop
            continue
        for drawn in own[source.inputs]:
            if drawn.design == source.inputs:
                block = _block(source, model, outside, *drawn[:3], drawn.covariance)
                if block.edited < 1:
                    block = block._replace(latest=_last_labelled(own, drawn[:3]))
                blocks.append(block)
    return tuple(blocks)


def _last_labelled(own: Sequence[tuple[Block, ...]], rows: tuple[int, int, int]) -> int:
    """The last model for which rows were labelled."""
    return next(
        model
        for model in reversed(range(len(own)))
        if any(block[:3] == rows for block in own[model])
    )


def _different(blocks: Sequence[Block]) -> int:
    """How many different inputs there are in blocks."""
    return sum(stop - start for _, start, stop in {block[:3] for block in blocks})


def _same(
    generation: Generation, model: int, before: tuple[Block, ...], outside: Outside
) -> tuple[Block, ...]:
    """The inputs of the blocks before, labelled anew; cut where a source or a covariance ends."""
    drawn = [(block.stop, block.covariance) for block in before]
    blocks, start = [], 0
    for source in generation.sources:
        end = start + source.new_rows
        while start < end:
            stop, covariance = next(each for each in drawn if each[0] > start)
            stop = min(stop, end) if len({kind for _, kind in drawn}) > 1 else end
            blocks.append(_block(source, model, outside, before[0].design, start, stop, covariance))
            start = stop
    return tuple(blocks)


def _block(
    source: Source,
    model: int,
    outside: Outside,
    design: int,
    start: int,
    stop: int,
    covariance: Covariance | None,
) -> Block:
    return Block(
        design,
        start,
        stop,
        source.labeler_numbers(model, outside),
        source.label_noise,
        source.model_noise,
        source.weight,
        covariance,
        source.kept,
        design if source.kept else -1,
        labels=source.labels,
        keep=source.keep,
        judge=source.judge_numbers(model, outside),
        edited=1.0 if source.edited is None else source.edited,
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
