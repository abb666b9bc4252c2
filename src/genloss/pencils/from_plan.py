"""Models of any plan, written as one pencil.

A fit on blocks b of rows X_b, labelled y_b = X_b theta_b + noise_b, has the equations (n rows fitted)

    r_b = sum weight_b (y_b - X_b w) ,   penalty * w = (1/n) sum_b X_b' r_b .

Random features F put ``F b`` for w and ``F' X_b'`` for ``X_b'``, and penalise b. Rows that are not drawn
(`subsets`) have weight zero. With fewer rows than directions it is written in ``r_b / penalty``
instead: both forms then keep their meaning at penalty zero, so that least squares and minimum-norm
fits are exact limits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.pencils.expression import (
    Array,
    Coefficient,
    Expression,
    diagonal,
    gaussian,
    identity,
    implicit,
    noise,
    sum_of,
)
from genloss.pencils.ground import Ground
from genloss.pencils.in_blocks import InBlocks, Order
from genloss.pencils.known import Between, Told, told
from genloss.pencils.layout import Matrices
from genloss.pencils.neighbours import chain_of
from genloss.pencils.space import Space
from genloss.pencils.subsets import EDITED, Kinds
from genloss.steps import Block, Step

Part = Sequence[tuple[float, float]] | InBlocks
"""How a model is made of ridge fits to its rows and labels: penalties and coefficients of fits that are each pulled to the
one before, or one pass of SGD."""


class Rows(NamedTuple):
    """Rows that always go together: the number of the first, their design, and what their order is to a pass of SGD."""

    start: float
    X: Expression
    order: Order | None


class Labels(NamedTuple):
    """Labels that some rows got for a model."""

    X: Expression
    y: Expression
    weight: float
    model: int
    kinds: Kinds
    order: Order | None

    def taken(self, fit: int) -> Coefficient:
        """One in the rows that take part in a fit, zero in the others."""
        return self.kinds.inside(self.model, fit)


class Laws:
    """Means and covariances of models that are solved together, per eigenvalue.

    Parameters
    ----------
    ground : Ground
        What there is to learn, and who labels from before.
    steps : sequence of Step
        Those of the plan as far as the last of the models.
    penalty : ndarray of shape (n_models,)
        Penalty of every fit.
    new : range
        The models that are asked for.
    first : int
        The first model that is fitted here: no later one uses a row or feature drawn before it.
    between : mapping of int to Between, optional
        Models after that whose law is known.
    parts : mapping of int to Part, optional
        Models that are no ridge regression.
    """

    def __init__(
        self,
        ground: Ground,
        steps: Sequence[Step],
        penalty: Array,
        new: range,
        first: int = 0,
        between: Mapping[int, Between] | None = None,
        parts: Mapping[int, Part] | None = None,
    ) -> None:
        self.new, self._ground = new, ground
        truth = ground.models[REAL]
        known = told(ground.features, between or {}, ground.which)

        def written(
            steps: Sequence[Step], penalty: Array
        ) -> tuple[dict[int, Expression], list[Expression]]:
            alone: dict[int, Part] = {u: [(float(own), 1.0)] for u, own in enumerate(penalty)}
            fits = _fits(steps, alone | dict(parts or {}), first, ground, known)
            return fits, [fits[model] - truth for model in new]

        self._written, self._steps, self._penalty = written, steps, penalty
        self._models, self._errors = written(steps, penalty)
        self._chain = chain_of(*self._models.values(), *self._errors)
        metric = diagonal(ground.features, ground.metric)
        found = [self._chain.risk(error, metric) for error in self._errors]
        self.bias = np.array([risk.bias for risk in found])
        self.variances = np.array([risk.variance for risk in found])
        fitted = [u for u in range(first, len(steps)) if u not in known]
        self._own = {u: self._chain.filling(f"model {u}") for u in fitted if u not in (parts or {})}
        self._labelers = {u: steps[u].asked for u in range(first, len(steps))}

    def backwards(self, weights: Array) -> Matrices:
        """How a weighted sum of the errors moves with the numbers of the plan."""
        size = self._ground.metric * self._ground.features.weights
        seeds = {e: by * size for e, by in zip(self._errors, weights, strict=True) if by}
        return self._chain.backwards(seeds)

    def moment(self, one: int, other: int) -> float:
        """Mean product of what two labelers say of a new row."""
        metric = diagonal(self._ground.features, self._ground.metric)
        return self._chain.overlap(self._models[one], self._models[other], metric)

    def backwards_of_moments(self, weights: Mapping[tuple[int, int], float]) -> Matrices:
        """How a weighted sum of these moves with the numbers of the plan, every pair being there in both orders."""
        size = self._ground.metric * self._ground.features.weights
        return self._chain.backwards_of_products(
            {(self._models[u], self._models[v]): by * size for (u, v), by in weights.items()}
        )

    def slopes(self, backwards: Matrices) -> Array:
        """Slopes of that sum in the logarithm of every penalty."""
        fits, errors = self._written(self._steps, 2 * self._penalty)  # equations are linear in it
        found = self._chain.slopes(backwards, [*fits.values(), *errors])
        slopes = np.zeros(self._penalty.size)
        for name, slope in found.items():
            # "model 3", "residual of model 3 on ..."
            slopes[int(name.partition("model ")[2].split()[0])] += slope
        return slopes

    def slope(self, backwards: Matrices, steps: Sequence[Step], penalty: Array) -> float:
        """Slope along the change to steps and penalties that differ a little, by numbers, of rows too."""
        fits, errors = self._written(steps, penalty)
        return self._chain.slope(backwards, [*fits.values(), *errors])

    def filter(self, model: int) -> Array:
        """What the mean model keeps of the truth."""
        mean, truth = self._chain.mean(self._models[model]), self._ground.truth
        kept = np.divide(mean, truth, out=np.ones_like(mean), where=truth != 0)
        return kept[self._ground.which]

    def covariance(self, one: int, other: int) -> Array:
        """Covariance of two models, summed over the directions of every eigenvalue."""
        each = self._chain.covariance(self._models[one], self._models[other])
        return each[self._ground.which] * self._ground.multiplicity

    def filling(self, model: int) -> float:
        """Largest df2 / n_samples of the fits solved here that the model descends from, and its own."""
        before = [self.filling(u) for u in self._labelers[model] if u in self._labelers]
        return max(self._own.get(model, 0.0), *before, 0.0)


class Design(NamedTuple):
    """The rows that were drawn for a model, cut wherever a model that sees them changes block."""

    rows: list[Rows]
    kinds: Kinds

    @classmethod
    def of(
        cls, steps: Sequence[Step], model: int, ground: Ground, parts: Mapping[int, Part]
    ) -> Design:
        """The design of a model, for all steps that stand on it."""
        users = [step for step in steps[model:] if any(b.design == model for b in step.blocks)]
        blocks = [block for step in users for block in step.blocks if block.design == model]
        fits = [step.model for step in steps[model:] if any(u.model in step.fitted for u in users)]
        passes = [how for fit in fits if isinstance(how := parts.get(fit), InBlocks)]
        tails = passes[0].lengths(ground.tails) if len(passes) == len(fits) else ground.tails
        kinds = Kinds.of(steps, [step.model for step in users], tails)
        many = passes[0].blocks if passes else 1
        rows = []
        for first, last in pairwise(sorted({0}.union(block.stop for block in blocks))):
            own = next(b.covariance for b in blocks if b.start <= first < b.stop)
            for start, stop in pairwise(np.linspace(first, last, many + 1).tolist()):
                name = f"rows {start:.12g}-{stop:.12g} of model {model}"
                X = ground.rows(kinds, stop - start, own, name, f"Z{model}.{start:.12g}")
                order = Order.of(X, *ground.traces(own), kinds.length) if passes else None
                rows.append(Rows(start, X, order))
        return cls(rows, kinds)

    def labels(
        self,
        block: Block,
        model: int,
        models: Mapping[int, Expression],
        before: Mapping[Expression, Labels],
        latest: Mapping[Expression, Expression],
    ) -> list[Labels]:
        """Labels that rows of a block get for a model, which got those of ``before`` first and have those of ``latest``."""
        labels = []
        for start, X, order in self.rows:
            if not block.start <= start < block.stop:
                continue
            y = [block.kept * before[X].y] if block.kept else []
            if block.shares:
                labeler = sum_of([share * models[u] for u, share in block.shares.items()])
                y = [X @ labeler + noise(X.rows, block.noise), *y]
            made = sum_of(y)
            if block.edited == 0:
                made = latest[X]
            elif block.edited < 1:
                new = self.kinds.inside(model, EDITED)
                made = _times(new, made) + _times(1 - new, latest[X])
            labels.append(Labels(X, made, block.weight, model, self.kinds, order))
        return labels


def _fits(
    steps: Sequence[Step],
    parts: Mapping[int, Part],
    first: int,
    ground: Ground,
    known: Mapping[int, Told],
) -> dict[int, Expression]:
    """The labelers from before, and every model from the first on: a combination of ridge fits, most often of one."""
    models, features = dict(ground.models), ground.features
    designs: dict[int, Design] = {}
    labelled: dict[int, list[Labels]] = {}
    map_: Expression | None = None
    before: dict[Expression, Labels] = {}
    latest: dict[Expression, Expression] = {}
    for step in steps[first:]:
        model = step.model
        if model in known:
            models[model] = known[model](models)
            continue
        if step.new:
            designs[model] = Design.of(steps, model, ground, parts)
        if step.map == model:
            map_ = _feature_map(features, step.features, model)
        labelled[model] = [
            rows
            for block in step.blocks
            for rows in designs[block.design].labels(block, model, models, before, latest)
        ]
        latest |= {rows.X: rows.y for rows in labelled[model]}
        before |= {rows.X: rows for rows in labelled[model] if rows.X not in before}
        fitted = [rows for each in step.fitted for rows in labelled[each]]
        how = parts[model]
        if isinstance(how, InBlocks):
            models[model] = how.fit(features, fitted, model)
            continue
        if step.towards is None:
            models[model] = _combined(features, map_, fitted, how, model)
            continue
        pulled = models[step.towards]  # what is left to fit is pulled to zero
        rest = [rows._replace(y=rows.y - rows.X @ pulled) for rows in fitted]
        models[model] = pulled + _fit(features, map_, rest, how[0][0], model)
    return models


def _combined(
    features: Space,
    map_: Expression | None,
    labels: Sequence[Labels],
    parts: Sequence[tuple[float, float]],
    model: int,
) -> Expression:
    """A model as a combination of ridge fits, each pulled to the one before it.

    It is one vector of its own: labels by a sum would keep the rounding of every term.
    """
    if len(parts) == 1:
        return parts[0][1] * _fit(features, map_, labels, parts[0][0], model)
    fits: list[Expression] = []
    for penalty, _ in parts:
        fits.append(_fit(features, map_, labels, penalty, model, *fits[-1:]))
    whole = sum_of([by * fit for fit, (_, by) in zip(fits, parts, strict=True)])
    return implicit(features, lambda w: w - whole, name=f"sum of model {model}")


def _feature_map(features: Space, count: int | None, model: int) -> Expression | None:
    """F with entries of variance 1 / count, or None where the inputs are the features."""
    if count is None:
        return None
    random = Space(f"random features of model {model}", count)
    return gaussian(features, random, name=f"F{model}") / count**0.5


def _fit(
    features: Space,
    map_: Expression | None,
    labels: Sequence[Labels],
    penalty: float,
    model: int,
    pulled: Expression | None = None,
) -> Expression:
    """The vector that solves the equations of one fit, pulled to zero or to another; with a feature map F, F times it."""
    taken = [(own, own.taken(model)) for own in labels]
    weights: dict[Expression, Coefficient] = {}
    for own, part in taken:
        weights[own.X] = weights.get(own.X, 0.0) + own.weight * part
    n = sum(float(np.sum(own.X.rows.weights * part)) for own, part in taken)
    distinct = sum(float(np.sum(X.rows.weights * (by > 0))) for X, by in weights.items())
    if map_ is not None and penalty == 0 and min(distinct, map_.cols.size) >= features.size:
        map_ = None  # least squares: as many features as directions are a change of coordinates
    F = identity(features) if map_ is None else map_
    freedom = min(features.size, F.cols.size)
    if penalty == 0 and np.isclose(distinct, freedom, rtol=1e-9, atol=0.0):
        raise NoTheoryError(
            f"model {model} is fitted to as many rows as directions, {distinct:.0f}, without a "
            "penalty: its mean risk need not exist; genloss.simulate(problem, plan) runs it"
        )
    few = distinct < freedom

    def residual(X: Expression, w: Expression) -> Expression:
        """r_b, or r_b / (n penalty); zero in rows that are not drawn."""
        rest = sum_of([_times(own.weight * part, own.y) for own, part in taken if own.X is X])
        rest -= _times(weights[X], X @ w)
        scale = np.where(weights[X] > 0, penalty, 1.0) if np.ndim(weights[X]) else penalty
        return implicit(
            X.rows,
            lambda r: _times(scale, r) - rest / n if few else r - rest,
            name=f"residual of model {model} on {X}",
        )

    def normal(b: Expression) -> Expression:
        back = F.T @ sum_of([X.T @ residual(X, F @ b) for X in weights])
        moved = b if pulled is None else b - pulled
        return moved - back if few else penalty * moved - back / n

    return F @ implicit(F.cols, normal, name=f"model {model}")


def _times(by: Coefficient, vector: Expression) -> Expression:
    return by * vector if isinstance(by, float) else diagonal(vector.rows, by) @ vector
