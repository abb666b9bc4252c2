"""Vectors that are asked about together: one pencil, one fixed point, and the covariances of every pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from genloss import _check
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.pencils.adjoint import adjoint
from genloss.pencils.answers import Risk
from genloss.pencils.channels import channels_of
from genloss.pencils.dyson import Solution, solve
from genloss.pencils.expression import Array, Coefficient, Diagonal, Expression, identity
from genloss.pencils.few import times
from genloss.pencils.layout import Matrices, product
from genloss.pencils.pencil import Pencil
from genloss.pencils.space import ONE


class Chain:
    """Vectors of one random experiment: all their means, risks and overlaps from one solution.

    Parameters
    ----------
    *vectors : Expression
        Estimators, errors, ... with one column; what they have in common is solved once.
    start : Solution, optional
        ``solution`` of a neighbouring chain.

    Examples
    --------
    >>> from genloss.pencils import Chain, Space, gaussian, identity, noise, vector
    >>> features, rows = Space.features(100), Space("rows", 200)
    >>> X, w, e = gaussian(rows, features), vector(features, 0.1), noise(rows, 0.5)
    >>> fit = (X.T @ X).inv() @ X.T @ (X @ w + e)
    >>> chain = Chain(fit - w)
    >>> round(chain.risk(fit - w).risk, 12)  # 0.5**2 * 100 / (200 - 100)
    0.25
    """

    def __init__(self, *vectors: Expression, start: Solution | None = None) -> None:
        if not vectors:
            raise InvalidInputError("vectors was empty; a Chain needs at least one")
        for vector in vectors:
            _check.instance("vectors", vector, Expression, "Expressions")
            if vector.cols != ONE:
                raise InvalidInputError(f"{vector} has {vector.cols}; a Chain is one of vectors")
        pencil = Pencil(*vectors)
        self._read = {vector: pencil.combination(vector) for vector in vectors}
        self.solution = solve(pencil.doubled(), start)
        self._mean: dict[int, Array] = {}
        self._covariance: dict[tuple[int, int], Array] = {}
        self._fill(pencil.size)

    def _fill(self, size: int) -> None:
        """Means ``G f`` and covariances ``G (F_noise + eta) G'`` of all unknowns.

        Means are subtracted before anything is summed: a small variance is no difference of large
        terms.
        """
        solution, layout, given = self.solution, self.solution.layout, self.solution.pencil.given
        for space, members in enumerate(layout.members):
            own = [k for k in members if k < size]
            if space in solution.few:
                self._fill_full(space, own)
                continue
            rows, twins = ([layout.position[k + by] for k in own] for by in (0, size))
            g, K = solution.resolvent[space], solution.kernel[space]
            f = np.zeros((len(g), len(rows), 1))
            for i, k in enumerate(own):
                f[:, i, 0] = given.get(k, 0.0)
            forcing = -solution.pencil.unit * K[:, rows][:, :, twins] - f @ np.swapaxes(f, 1, 2)
            g = g[:, rows][:, :, rows]
            mean = g @ f
            covariance = g @ forcing @ np.swapaxes(g, 1, 2)
            for i, k in enumerate(own):
                self._mean[k] = mean[:, i, 0]
                self._covariance.update({(k, l): covariance[:, i, j] for j, l in enumerate(own)})

    def _fill_full(self, space: int, own: Sequence[int]) -> None:
        """The same of a full space, of unknowns that are read: diagonals of covariances, which is all that errors are made of."""
        solution, layout, pencil = self.solution, self.solution.layout, self.solution.pencil
        few, size, place = solution.few[space], pencil.size // 2, layout.position
        read = {k for parts in self._read.values() for k in parts}

        def g(one: int, other: int) -> Array:
            return layout.entry(solution.resolvent, one, other)

        of_means = frozenset(
            id(pencil.deterministic[k, size + l])
            for k in pencil.given
            for l in pencil.given
            if (k, size + l) in pencil.deterministic
        )
        forced = [
            (value, -pencil.unit * by[np.ix_(*([place[k + s] for k in own] for s in (0, size)))])
            for value, by in few.parts(of_means)
        ]
        for k in read.intersection(own):
            below = [i for i in own if layout.reaches[layout.blocks_of(k, i)]]
            self._mean[k] = sum(
                (
                    g(k, i) @ np.broadcast_to(pencil.given[i], few.width)
                    for i in below
                    if i in pencil.given
                ),
                np.zeros(few.width),
            )
            parts: dict[int, Array] = {}  # of the covariance with every unknown
            for value, by in forced:
                for i, numbers in zip(own, by, strict=True):
                    if i not in below or not numbers.any():
                        continue
                    before = times(value, g(k, i).T).T  # all are symmetric
                    for j in np.flatnonzero(numbers).tolist():
                        parts[j] = parts.get(j, 0.0) + numbers[j] * before
            for l in read.intersection(own):
                if (l, k) in self._covariance:
                    self._covariance[k, l] = self._covariance[l, k]
                    continue
                total = np.zeros(few.width)
                for j, part in parts.items():
                    if layout.reaches[layout.blocks_of(l, own[j])]:
                        total += np.einsum("ij,ij->i", part, g(l, own[j]))
                self._covariance[k, l] = total

    def mean(self, vector: Expression) -> Array:
        """Mean coordinates of a vector, per direction."""
        parts = [c * self._mean[k] for k, c in self._combination(vector).items()]
        return np.zeros(vector.rows.directions) + sum(parts)

    def risk(self, error: Expression, metric: Expression | None = None) -> Risk:
        """Bias and variance of a vector in the metric of a diagonal (default: the identity)."""
        weights = self._weights(error, metric)
        bias = float(weights @ self.mean(error) ** 2)
        variance = self._spread(error, error, weights)
        return Risk(bias, variance, self.residual, self.solution)

    def overlap(
        self, one: Expression, other: Expression, metric: Expression | None = None
    ) -> float:
        """Expected inner product of two vectors in the metric of a diagonal."""
        weights = self._weights(one, metric)
        means = float(weights @ (self.mean(one) * self.mean(other)))
        return means + self._spread(one, other, weights)

    @property
    def residual(self) -> float:
        """Relative residual of the fixed point, first and second moments together."""
        return self.solution.residual

    def _combination(self, vector: Expression) -> dict[int, Coefficient]:
        _check.instance("vector", vector, Expression, "an Expression")
        if vector not in self._read:
            raise InvalidInputError(f"{shown(vector)} was not among the vectors of the chain")
        return self._read[vector]

    def _weights(self, vector: Expression, metric: Expression | None) -> Array:
        space = _check.instance("error", vector, Expression, "an Expression").rows
        metric = identity(space) if metric is None else metric
        if not isinstance(metric, Diagonal):
            raise InvalidInputError(f"metric was {shown(metric)}; it must be a diagonal")
        space.check(metric.rows, "metric", metric, "for", vector)
        return space.weights * metric.values

    def _spread(self, one: Expression, other: Expression, weights: Array) -> float:
        """Covariance of two vectors, summed over directions."""
        return float(weights @ self.covariance(one, other))

    def covariance(self, one: Expression, other: Expression) -> Array:
        """Covariance of two vectors, per direction."""
        total = np.zeros(one.rows.directions)
        for k, a in self._combination(one).items():
            for l, b in self._combination(other).items():
                total = total + a * b * self._covariance[k, l]
        return total

    def backwards(self, weights: Mapping[Expression, Array]) -> Matrices:
        """How a sum of squares moves with the numbers that the vectors are made of (`adjoint`).

        Parameters
        ----------
        weights : mapping of Expression to ndarray
            Of the squares of every vector in the sum, per direction.
        """
        return self.backwards_of_products({(vector, vector): by for vector, by in weights.items()})

    def backwards_of_products(
        self, weights: Mapping[tuple[Expression, Expression], Array]
    ) -> Matrices:
        """The same of a sum of products of vectors, in which every pair is there in both orders."""
        pencil = self.solution.pencil
        size, seeds = pencil.size // 2, dict[tuple[int, int], Array]()
        for (one, other), own in weights.items():
            for k, a in self._combination(one).items():
                for l, b in self._combination(other).items():
                    seed = pencil.unit * a * b * own
                    seeds[k, size + l] = seeds.get((k, size + l), 0.0) + seed
        return adjoint(self.solution, seeds)

    def slopes(self, backwards: Matrices, other: Sequence[Expression]) -> dict[str, float]:
        """Slopes of that sum along a change of what is deterministic in the equations.

        Parameters
        ----------
        backwards : list of ndarray
        other : sequence of Expression
            The vectors again, the same but for those numbers.

        Returns
        -------
        dict
            By the name of the unknown whose equation changes.
        """
        pencil, changed = self.solution.pencil, Pencil(*other).doubled().deterministic
        size, found = pencil.size // 2, dict[str, float]()
        for (row, column), value in pencil.deterministic.items():
            moved = changed[row, column] - value
            if np.any(moved):
                name = pencil.names[row if row < size else column - size]
                at = self.solution.layout.diagonal(backwards, row, column)
                found[name] = found.get(name, 0.0) - float(np.sum(moved * at))
        return found

    def slope(self, backwards: Matrices, other: Sequence[Expression]) -> float:
        """Slope of that sum along a small change of any numbers, of rows too.

        A number of rows is how often a trace over them is counted: what is read in G moves with it.
        """
        layout, G = self.solution.layout, self.solution.resolvent
        own, changed = self.solution.pencil, Pencil(*other).doubled()
        size, total = own.size // 2, 0.0
        for (row, column), value in own.deterministic.items():
            of_noise = row < size <= column  # F is in units of its own
            number = changed.deterministic[row, column]
            moved = (number * (changed.unit / own.unit) if of_noise else number) - value
            if np.any(moved):
                entry = layout.entry if np.ndim(moved) == 2 else layout.diagonal
                total -= float(np.sum(moved * entry(backwards, row, column)))
        before, later = channels_of(own, layout), channels_of(changed, layout)
        for pair, channels in before.items():
            for c, after in zip(channels, later[pair], strict=True):
                read, write = layout.entry(G, *c.read), layout.entry(backwards, *c.write)
                total += product(c.reads, read) * product(after.writes - c.writes, write)
                total += product(c.writes, write) * product(after.reads - c.reads, read)
        return total

    def filling(self, name: str) -> float:
        """Share of its rows that the fit with this unknown uses up: df2 / n_samples for ridge."""
        layout = self.solution.layout
        block = layout.block_of[self.solution.pencil.names.index(name)]
        return self.solution.feedback.get(block, 0.0)
