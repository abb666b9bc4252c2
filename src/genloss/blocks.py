"""Blocks of rows: what a generation's sources say, with labelers as numbers and designs named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from genloss.covariances import Covariance
from genloss.external import External
from genloss.generation import Generation, Source
from genloss.keep import Keep
from genloss.labels import Label
from genloss.labels.linear import Linear

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

    @property
    def is_linear(self) -> bool:
        """Whether all rows are kept, with labels that are what labelers say and noise."""
        return isinstance(self.labels, Linear) and self.keep is None


def own_blocks(
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


def different_inputs(blocks: Sequence[Block]) -> int:
    """How many different inputs there are in blocks."""
    return sum(stop - start for _, start, stop in {block[:3] for block in blocks})


def same_blocks(
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
