"""A plan looked up once: for every fit which rows it sees, who labels them, and with which noise.

Theory and trials read steps and never ask a plan how it was written: policies, reused designs, pools
and subsamples all end here as lists of blocks of rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from genloss.generation import Generation, Source
from genloss.plan import Plan


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
    covariance : tuple of float, or None
        What the inputs were drawn with; None for the problem's spectrum.
    kept : float
        Coefficient of the label that a row has from before.
    since : int
        The model for which that label was made; no meaning where ``kept`` is zero.
    """

    design: int
    start: int
    stop: int
    shares: Mapping[int, float]
    noise: float
    model_noise: float
    weight: float
    covariance: tuple[float, ...] | None
    kept: float = 0.0
    since: int = -1

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
    last_fit : int
        The last model that is fitted to inputs drawn, or labels made, for this one.
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
    last_fit: int

    @property
    def design(self) -> int:
        """The model for which the inputs of the first of its own rows were drawn."""
        return self.blocks[0].design

    @property
    def is_new(self) -> bool:
        """Whether all its own inputs are drawn for it."""
        return all(block.design == self.model for block in self.blocks)

    @property
    def is_pooled(self) -> bool:
        """Whether rows of other generations take part with the labels they had there."""
        return len(self.fitted) > 1

    @property
    def retuned(self) -> bool:
        """Whether the penalty is chosen by leave-one-out."""
        return math.isnan(self.penalty)
