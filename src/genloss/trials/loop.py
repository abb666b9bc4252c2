"""The literal loop: the steps of a plan in any world, fitted by any learner.

A *world* says where inputs come from, what labelers say of them, and draws all chance: a Gaussian
problem, or a user's rows. A *learner* turns rows and labels into a model: ridge regression, kernel
ridge, any estimator with ``fit`` and ``predict``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from genloss._fits import cloned, fitted, predicted
from genloss.steps import Block, Step

Array = npt.NDArray[np.float64]
Model = Array | Callable[[Array], Array]
"""Coefficients (dim,), or a function from rows (n, dim) to what it says of them."""


T = TypeVar("T")
M_contra = TypeVar("M_contra", contravariant=True)


class Rows(NamedTuple):
    """Rows that were labelled for a fit; weights are None where all are 1."""

    X: Array
    y: Array
    weights: Array | None


class World(Protocol[M_contra]):
    """Where inputs and labels come from; it is made for one kind of models."""

    def inputs(self, step: Step) -> Array:
        """The new rows of a step, shape (n, dim)."""

    def labels(
        self, block: Block, X: Array, models: Mapping[int, M_contra], kept: Array | float
    ) -> Array:
        """What the labelers of a block say now of its rows, with noise, shape (n,) or (n, columns).

        ``kept`` is the share of the label that the rows have from before. NaN where the block's rule does not keep a row: its learner leaves it out.
        """

    def chosen(self, count: int, drawn: int) -> Any:
        """Places of ``drawn`` of ``count`` rows, an index of arrays."""


class Plain:
    """A world in which a label is what labelers say of a row, plus noise.

    Models are functions of rows, and rows whatever those understand: also angles, or numbers of images.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of all chance that is not given.
    inputs : callable
        The new rows of a step.
    noise : callable, optional
        Noise of unit variance for rows; default: normal, in one column.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        inputs: Callable[[Step], Any],
        noise: Callable[[Any], Array] | None = None,
    ) -> None:
        self._rng, self.inputs = rng, inputs
        self._noise = noise or (lambda X: rng.standard_normal((len(X), 1)))

    def labels(
        self,
        block: Block,
        X: Any,
        models: Mapping[int, Any],
        kept: Array | float,
    ) -> Array:
        """What the labelers say, with noise."""
        return said(block.shares, models, X) + kept + block.noise * self._noise(X)

    def chosen(self, count: int, drawn: int) -> Any:
        """Some of the rows, without replacement."""
        return self._rng.choice(count, drawn, replace=False)


def models(
    steps: Sequence[Step],
    world: World[T],
    learn: Callable[[Step, Rows, T | None], T],
    known: Mapping[int, T] | None = None,
) -> Iterator[T]:
    """Fit every step, one model after the other.

    Parameters
    ----------
    steps : sequence of Step
        The whole plan (`genloss.steps.resolve`).
    world : World
        Where inputs and labels come from.
    learn : callable
        ``learn(step, rows, towards)``: a model; ``towards`` is the one that its penalty pulls to.
    known : mapping of int to model, optional
        Labelers that there are before, such as the truth.

    Yields
    ------
    model
        The model of every step.

    Examples
    --------
    Any estimator, in a Gaussian problem:

    >>> import genloss as gl
    >>> import numpy as np
    >>> from sklearn.linear_model import Lasso
    >>> from genloss.generation import REAL
    >>> from genloss.steps import resolve
    >>> from genloss.trials import loop
    >>> from genloss.trials.engines.literal import Gaussian
    >>> problem, plan = gl.Problem.isotropic(20), gl.Plan.replace(3, 60, noise=0.5)
    >>> world = Gaussian(problem, np.random.default_rng(0))
    >>> chain = loop.models(resolve(plan), world, loop.Estimator(Lasso(0.05)), {REAL: problem.truth})
    >>> X = np.random.default_rng(1).standard_normal((1000, 20))
    >>> [round(float(np.mean((model(X) - X @ problem.truth) ** 2)), 3) for model in chain]
    [0.238, 0.436, 0.598]
    """
    fitted: dict[int, T] = dict(known or {})
    inputs: dict[int, Array] = {}
    labelled: dict[int, Rows] = {}
    made: dict[tuple[int, int], Array] = {}
    latest: dict[tuple[int, int], Array] = {}
    for step in steps:
        model = step.model
        if step.new:
            inputs[model] = world.inputs(step)
        labels = []
        for block in step.blocks:
            X = _part(inputs[block.design], block)
            place = block.design, block.start
            y: Any = block.kept * made[place] if block.kept else 0.0
            if block.shares:
                y = world.labels(block, X, fitted, y)
            if block.edited < 1:
                at = world.chosen(block.rows, round(block.edited * block.rows))
                y, new = latest[place].copy(), y
                y[at] = new[at]
            if steps[block.design].last_inputs > model:
                made.setdefault(place, y)
                latest[place] = y
            labels.append(y)
        labelled[model] = Rows(_inputs(step.blocks, inputs), _joined(labels), _weights(step.blocks))
        rows = _pool([labelled[each] for each in step.fitted])
        if step.drawn is not None:
            at = world.chosen(len(rows.y), step.drawn)
            rows = Rows(rows.X[at], rows.y[at], None if rows.weights is None else rows.weights[at])
        fitted[model] = learn(step, rows, None if step.towards is None else fitted[step.towards])
        yield fitted[model]
        for before in [u for u in fitted if u >= 0 and steps[u].last_use <= model]:
            del fitted[before]
        for before in [u for u in labelled if steps[u].last_fit <= model]:
            del labelled[before]
            inputs.pop(before, None)
        for key in [key for key in made if steps[key[0]].last_inputs <= model]:
            del made[key], latest[key]


class Estimator:
    """Any scikit-learn estimator as a learner, fitted anew for every step.

    Parameters
    ----------
    estimator : object
        With ``fit`` and ``predict``; a clone of it is fitted. Its own penalty is used, not the plan's.
    """

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def __call__(self, _step: Step, rows: Rows, towards: Model | None) -> Model:
        """What the fitted estimator predicts, beside what ``towards`` does."""
        more = {} if rows.weights is None else {"sample_weight": rows.weights}
        rest = rows.y if towards is None else rows.y - value(towards, rows.X)
        model = fitted(cloned(self._estimator), rows.X, rest, **more)

        def says(X: Array) -> Array:
            return predicted(model, X)[:, 0]

        return says if towards is None else lambda X: value(towards, X) + says(X)


def value(model: Model, X: Array) -> Array:
    """What a model says of rows."""
    return X @ model if isinstance(model, np.ndarray) else model(X)


def said(shares: Mapping[int, float], models: Mapping[int, Model], X: Array) -> Array:
    """What a mixture of labelers says of rows; coefficients are mixed before they are asked."""
    asked = [(share, models[number]) for number, share in shares.items()]
    coefficients = [share * each for share, each in asked if isinstance(each, np.ndarray)]
    if len(coefficients) == len(asked):
        return X @ np.asarray(sum(coefficients), dtype=X.dtype)
    values = (share * value(each, X) for share, each in asked)
    return np.sum(list(values), axis=0)


def _part(X: Array, block: Block) -> Array:
    return X if block.rows == len(X) else X[block.start : block.stop]


def _inputs(blocks: Sequence[Block], inputs: Mapping[int, Array]) -> Array:
    """The rows of a step: one and the same array where they are a whole design."""
    first, last = blocks[0], blocks[-1]
    follow = all(b.design == a.design and b.start == a.stop for a, b in pairwise(blocks))
    if follow and first.start == 0 and last.stop == len(inputs[first.design]):
        return inputs[first.design]
    return _joined([_part(inputs[block.design], block) for block in blocks])


def _joined(parts: Sequence[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _weights(blocks: Sequence[Block]) -> Array | None:
    if all(block.weight == 1 for block in blocks):
        return None
    return np.concatenate([np.full(block.rows, block.weight) for block in blocks])


def _pool(parts: Sequence[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]
    weights = None
    if any(part.weights is not None for part in parts):
        weights = [np.ones(len(p.y)) if p.weights is None else p.weights for p in parts]
    return Rows(
        np.concatenate([part.X for part in parts]),
        np.concatenate([part.y for part in parts]),
        None if weights is None else np.concatenate(weights),
    )
