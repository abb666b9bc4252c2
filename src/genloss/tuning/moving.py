"""The steps of a plan with any numbers of rows, weights and shares in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL, Generation
from genloss.plan import Plan
from genloss.steps import Block, Step, Steps, resolve
from genloss.tuning.layout import Kind, Layout, Setting, mixed

Array = npt.NDArray[np.float64]


class _Place(NamedTuple):
    """A row of a design: the generation that counts it, and how many of its sources are before it."""

    model: int
    sources: int


class Moving:
    """The steps of a plan, between whose sources rows may be any numbers.

    Parameters
    ----------
    layout : Layout
    plan : Plan
        What a setting makes of it.

    Attributes
    ----------
    steps : sequence of Step
        Those of ``plan``.
    is_whole : bool
        Whether all sources are in them: in whole rows some can have none.
    """

    def __init__(self, layout: Layout, plan: Plan) -> None:
        self.layout, self.steps = layout, resolve(plan)
        counts = np.bincount(layout.model, minlength=plan.n_models)
        self.is_whole = counts.tolist() == [len(each.sources) for each in plan]
        self._new = [[source.inputs == "new" for source in each.sources] for each in plan]
        self._ends = [
            np.cumsum([0, *(source.new_rows for source in each.sources if source.inputs == "new")])
            for each in plan
        ]
        self._first = np.cumsum([0, *counts])
        self._blocks: list[list[tuple[int, _Place, _Place]]] = []
        if self.is_whole:
            self._blocks = [
                [*self._placed(step, each)] for step, each in zip(self.steps, plan, strict=True)
            ]

    def _placed(self, step: Step, generation: Generation) -> Iterator[tuple[int, _Place, _Place]]:
        """The source of every block, and where it starts and stops."""
        blocks, at = iter(step.blocks), 0
        for number, source in enumerate(generation.sources):
            count = 1
            if source.inputs != "new":
                count = len(self.steps[source.inputs].new)
            elif generation.design == "same":  # cut where a covariance ends
                at += source.new_rows
                own = [block for block in step.blocks if at - source.new_rows <= block.start < at]
                count = len(own)
            for _ in range(count):
                block = next(blocks)
                start, stop = (self._place(block, row) for row in (block.start, block.stop))
                yield int(self._first[step.model]) + number, start, stop

    def _place(self, block: Block, row: int) -> _Place:
        """The same place for all who end there, so that it stays one."""
        for step in self.steps[block.design :]:
            model = step.model
            if model != block.design and (step.new or step.design != block.design):
                continue
            if (found := np.flatnonzero(self._ends[model] == row)).size:
                return _Place(model, int(found[0]))
        raise AssertionError("a block ends where no source does")

    def to_steps(self, setting: Setting) -> Steps:
        """The steps with a setting, but for penalties."""
        layout = self.layout
        rows, found, before = setting.scale * layout.rows(setting.real), list[Step](), 0.0
        ends = [
            np.cumsum([0.0, *rows[self._first[t] : self._first[t + 1]][np.array(new)]])
            for t, new in enumerate(self._new)
        ]
        for step, places, given in zip(self.steps, self._blocks, layout.plan, strict=True):
            blocks = []
            for block, (at, start, stop) in zip(step.blocks, places, strict=True):
                new = block._replace(
                    start=float(ends[start.model][start.sources]),  # type: ignore[arg-type]
                    stop=float(ends[stop.model][stop.sources]),  # type: ignore[arg-type]
                )
                if setting.weight is not None and layout.weighed[at]:
                    new = new._replace(weight=setting.weight)
                if setting.real is not None and layout.kind[at] == Kind.MIXED:
                    source = layout.sources[at]
                    outside = {each: REAL - 1 - k for k, each in enumerate(step.outside)}
                    made = replace(source, labeler=mixed(source, setting.real))
                    shares = made.labeler_numbers(step.model, outside)
                    new = new._replace(shares=shares, noise=made.label_noise)
                blocks.append(new)
            own = float(sum(block.rows for block in blocks))
            before += own
            drawn = given.subsample
            found.append(
                step._replace(
                    blocks=tuple(blocks),
                    rows=before if len(step.fitted) > 1 else own,  # type: ignore[arg-type]
                    drawn=None if drawn is None else drawn * setting.scale,  # type: ignore[arg-type]
                )
            )
        return Steps(found)
