"""A plan of ridge fits on designs that are revealed instead of drawn.

Of its rows a fit sees ``X'X`` and ``X'y`` alone. Both come from the blocks' answers: labels ask along
their labeler and along a column of noise, conjugate gradients along the directions of their steps.
Labels that were made are kept as ``X'y``, and blocks stay open as long as a fit needs them.

All is done in whitened coordinates, ``sqrt(spectrum) * w``, in which rows of the problem's covariance
are standard normal and the penalty is one number per direction. Vectors are padded for the columns of
noise: with zeros where they are coefficients, with anything where they are products.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from genloss.errors import InvalidInputError
from genloss.generation import REAL
from genloss.problem import Problem
from genloss.steps import Step
from genloss.trials.revealed import complete, lanczos, ridge
from genloss.trials.revealed.block import Block
from genloss.trials.revealed.features import Features
from genloss.trials.revealed.gradients import Product, Solved
from genloss.trials.revealed.intercepts import Centre, Intercepts, Labels
from genloss.trials.revealed.labelers import known
from genloss.trials.revealed.layout import Group, Stretch
from genloss.trials.revealed.spread import Spread

Array = npt.NDArray[np.float64]

MOST_STEPS = 10**5
"""Of a fit that cannot be completed to whole matrices."""


class Unfinished(InvalidInputError):
    """A fit needed more steps than allowed."""

    def __init__(self, model: int, steps: int) -> None:
        super().__init__(
            f"the fit of model {model} did not settle in {steps} steps of conjugate gradients; use "
            "method 'literal', or a larger penalty"
        )


@dataclass
class Rows:
    """A group's rows, open as long as fits need them."""

    group: Group
    spread: Spread | None
    """What makes rows of the problem's covariance theirs."""
    block: Block
    noises: list[int] = field(init=False)
    """How many noisy labels every part has."""
    sums: list[Array] = field(init=False)
    """``X'1`` of every part, where a fit asks for it."""

    def __post_init__(self) -> None:
        self.noises = [0] * len(self.group.stretches)
        spread = self.spread
        self.sums = [each if spread is None else spread.back(each) for each in self.block.sums]

    @property
    def size(self) -> Array | float:
        """Number of rows, times their covariance relative to the problem's or its diagonal."""
        count = float(sum(self.group.sizes))
        return count if self.spread is None else count * self.spread.square

    def gram(self, w: Array, part: int | None = None) -> Array:
        """``X'X w`` of all rows, or of one part's."""
        if self.spread is None:
            return self.block.ask(w, part)
        return self.spread.back(self.block.ask(self.spread.forth(w), part))

    def whole(self, run: int) -> Array:
        """``X'X`` of one run, for a fit that would ask along too many directions."""
        matrix = self.block.gram(run)
        return matrix if self.spread is None else self.spread.around(matrix)


class Chain:
    """Runs of a plan, one fit after the other.

    Parameters
    ----------
    problem : Problem
        What there is to learn.
    steps : sequence of Step
        The fits.
    groups : sequence of Group
        Their rows, see `genloss.trials.revealed.layout`.
    rng : numpy.random.Generator
        Of all runs.
    runs : int
        Number of runs.
    most : int
        Most steps of conjugate gradients.
    completes : bool
        Whether a run that needs more of them is completed to whole matrices, where it can be.

    Attributes
    ----------
    steps_taken : list of int
        Steps that every fit took.

    Raises
    ------
    Unfinished
        If a fit needs more steps and is not completed.
    """

    def __init__(
        self,
        problem: Problem,
        steps: Sequence[Step],
        groups: Sequence[Group],
        rng: np.random.Generator,
        runs: int,
        most: int,
        *,
        completes: bool,
    ) -> None:
        self._problem, self._steps, self._rng, self._runs = problem, steps, rng, runs
        self._most, self._completes, self.steps_taken = most, completes, list[int]()
        self._noises = max(group.noises for group in groups)
        self._intercepts = Intercepts(runs) if steps[0].intercept else None
        self._groups: dict[int, list[Group]] = {}
        for group in groups:
            self._groups.setdefault(group.design, []).append(group)
        self._models = {
            number: np.pad(model, ((0, 0), (0, self._noises)))
            for number, model in known(problem, steps, rng, runs).items()
        }
        self._open: list[Rows] = []
        self._labels: dict[Labels, Array] = {}
        self._features: dict[int, Features] = {}

    def __iter__(self) -> Iterator[Array]:
        """The whitened models of every run, shape (runs, dim), in order; the intercept is one entry more."""
        for step in self._steps:
            self._begin(step)
            self._label(step)
            self._models[step.model] = self._fit(step)
            fitted = self._models[step.model][:, : self._problem.dim]
            if self._intercepts is None:
                yield fitted
            else:
                yield np.append(fitted, self._intercepts.of[step.model][:, None], axis=1)
            self._forget(step.model)

    def _padded(self, values: Array) -> Array:
        return np.append(values, np.zeros(self._noises))

    def _begin(self, step: Step) -> None:
        """Draw what is new: which costs nothing yet."""
        for group in self._groups.get(step.model, ()):
            spread = None
            if group.covariance is not None:
                spread = Spread(group.covariance, self._problem.spectrum, self._noises)
            width = self._problem.dim + self._noises
            means = self._intercepts is not None
            block = Block(group.sizes, width, self._runs, self._rng, means=means)
            self._open.append(Rows(group, spread, block))
        if step.features is not None and step.map == step.model:
            root = self._padded(np.sqrt(self._problem.spectrum))
            self._features = {step.map: Features(root, step.features, self._runs, self._rng)}

    def _label(self, step: Step) -> None:
        for rows in self._open:
            for part, stretch in enumerate(rows.group.stretches):
                for turn, block in enumerate(stretch.covered(step.blocks)):
                    right = np.zeros(self._models[REAL].shape)
                    theta = right.copy()
                    if block.shares:
                        for who, share in block.shares.items():
                            theta += share * self._models[who]
                        if block.noise:
                            theta[:, self._problem.dim + rows.noises[part]] = block.noise
                            rows.noises[part] += 1
                        right += rows.gram(theta, part if len(rows.noises) > 1 else None)
                    if block.kept:
                        right += block.kept * self._labels[block.since, stretch, 0]
                    if self._intercepts is not None:
                        right += self._intercepts.label(
                            (step.model, stretch, turn), block, rows.sums[part], theta
                        )
                    self._labels[step.model, stretch, turn] = right
            if rows.group.design == step.model:
                rows.block.join()

    def _fit(self, step: Step) -> Array:
        taking = [
            (rows, weight) for rows in self._open if (weight := rows.group.weights.get(step.model))
        ]

        right = np.zeros(self._models[REAL].shape)
        labels = [
            (model, *each) for model in step.fitted for each in self._weights(self._steps[model])
        ]
        for model, stretch, turn, weight in labels:
            right += weight * self._labels[model, stretch, turn]
        centre = None
        if self._intercepts is not None:
            sums = [
                (weight * sum(r.group.sizes), weight * np.sum(r.sums, axis=0))
                for r, weight in taking
            ]
            centre = self._intercepts.centre(sums, labels)
            right -= centre.right

        def gram(w: Array) -> Array:
            answers = [rows.gram(w) if g == 1 else g * rows.gram(w) for rows, g in taking]
            for answer in answers[1:]:
                answers[0] += answer
            return answers[0] if centre is None else centre.apart(answers[0], w)

        start = None if step.towards is None else self._models[step.towards]
        if start is not None:
            right -= gram(start)
        fitted = self._solved(step, taking, gram, right, centre)
        fitted = fitted if start is None else fitted + start
        if self._intercepts is not None and centre is not None:
            self._intercepts.of[step.model] = centre.intercept(fitted)
        return fitted

    def _solved(
        self,
        step: Step,
        taking: list[tuple[Rows, float]],
        gram: Product,
        right: Array,
        centre: Centre | None,
    ) -> Array:
        absolute, most = step.rows * step.penalty, self._most
        unbounded = MOST_STEPS if self._completes else most
        if step.features is not None:
            features = self._features[step.map]
            return self._taken(step, features.fit(gram, right, absolute, unbounded))
        spectrum = self._padded(self._problem.spectrum)
        if step.filter is not None:
            how, rows = step.filter, step.rows
            found = lanczos.fit(how, gram, right, spectrum, rows, step.penalty, unbounded)
            return self._taken(step, found)
        sizes = [part.size * weight for part, weight in taking]
        apart = step.inputs - step.intercept
        singular = absolute == 0 and apart < self._problem.dim
        inverse = ridge.inverse(spectrum, sizes, absolute, singular=singular)
        found = ridge.fit(gram, right, spectrum, absolute, inverse, most)
        if self._completes:
            for run in np.flatnonzero(~found.done).tolist():
                matrix = sum(weight * rows.whole(run) for rows, weight in taking)
                if centre is not None:
                    matrix = matrix - centre.outer(run)
                rank = apart if singular else self._problem.dim
                found.solution[run] = complete.solve(
                    np.asarray(matrix), right[run], spectrum, absolute, inverse, rank
                )
                found.done[run] = True
        return self._taken(step, found)

    def _taken(self, step: Step, found: Solved) -> Array:
        if not found.done.all():
            raise Unfinished(step.model, found.steps)
        self.steps_taken.append(found.steps)
        return found.solution

    def _weights(self, step: Step) -> Iterator[tuple[Stretch, int, float]]:
        """The rows of a generation, as far as they are open, which of their labels it is, and their weights."""
        for rows in self._open:
            for stretch in rows.group.stretches:
                for turn, block in enumerate(stretch.covered(step.blocks)):
                    yield stretch, turn, block.weight

    def _forget(self, model: int) -> None:
        for number in [k for k in self._models if k >= 0 and self._steps[k].last_use <= model]:
            del self._models[number]
        self._open = [
            rows for rows in self._open if self._steps[rows.group.design].last_fit > model
        ]
        for key in [key for key in self._labels if self._steps[key[0]].last_fit <= model]:
            del self._labels[key]
