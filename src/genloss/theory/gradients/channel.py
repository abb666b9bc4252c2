"""A fit to new rows by any loss, label and rule, forwards and backwards (`channels.md` 2 and 6).

The model is ``sum_k A_k theta_k`` and noise of variance g, which a handful of unknowns x make, and x is what
follows from itself, ``x = after(x, second, numbers)``. With slopes L in A and g,

    mu = (1 - d after / d x)^-T (d L / d x) ,   d L = (d L + mu d after) at a fixed x .

How after moves with second moments goes through the few numbers that a source's law has: these, and the
unknowns, are told apart by differences, as integrals over a loss and a rule have no slopes of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.channels import NotFoundError, evolution
from genloss.theory.channels.generation import _read
from genloss.theory.channels.rows import Law, Rows
from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.tape import Tape

Array = npt.NDArray[np.float64]
Starts = dict[int, evolution.Start]
Change = Callable[[float], Law]

_STEP = 1e-4  # of differences of the second order
_LEAST = 1e-3  # part of such a step where a law is nearly degenerate


class Channel:
    """One fit.

    Parameters
    ----------
    directions : Spectrum
    step : Step
    penalty : float
    along : sequence of int
        Models that label later ones, as this one does.
    centre : float or None
        Of rows about the centres of two classes.
    starts : dict of int to Start
        Where the fits of a plan ended that is much like this one, by model: read and written.
    """

    def __init__(
        self,
        directions: Spectrum,
        step: Step,
        penalty: float,
        along: Sequence[int],
        centre: float | None,
        starts: Starts,
    ) -> None:
        self.model, self._directions, self._step = step.model, directions, step
        self._penalty, self._along, self._starts = penalty, along, starts
        read = _read(step, directions.eigenvalues, centre, {})
        self._rows, self._fields, self._sigma, self._towards = read
        self.labelers = list(dict.fromkeys(u for block in step.blocks for u in block.shares))
        self._names = list(dict.fromkeys(u for field in self._fields for u in field))
        # fields from labelers
        self._by = np.array([[each.get(u, 0.0) for u in self._names] for each in self._fields])

    def forward(self, tape: Tape) -> None:
        """Add the model to the tape."""
        count, dim = self._directions.multiplicity, self._directions.dim
        mean, spread, second = self._said(tape)
        ridge = 2 * self._step.rows * self._penalty
        fit = evolution.Fit(self._rows, second, self._sigma, count, ridge, self._towards, dim)
        start = self._starts.get(self.model, self._starts.get(self.model - 1))
        found = evolution.solve(fit, start, lambda _: False)
        if found is None or not found.residual < evolution.GOOD:
            raise NotFoundError(f"the fixed point of model {self.model} was not found")
        self._starts[self.model] = evolution.Start(*found.start[:2])
        self._fit, self._found = fit, found
        self._shares, gain = evolution.model(fit, found)
        variance = np.einsum("kp,lp,klp->p", self._shares, self._shares, spread) + gain
        tape.filters[self.model] = (self._shares * mean).sum(axis=0)
        tape.covariance[self.model, self.model] = variance
        for u in self._along:
            tape.put(u, self.model, (self._shares * self._with(tape, u)).sum(axis=0))

    def _said(self, tape: Tape) -> tuple[Array, Array, Array]:
        """Filters (k, p), covariances and second moments (k, k, p) of the fields."""
        by, names = self._by, self._names
        mean = by @ np.array([tape.filters[u] for u in names])
        spread = np.array([[tape.spread(u, v) for v in names] for u in names])
        spread = np.einsum("ku,uvp,lv->klp", by, spread, by, optimize=True)
        return mean, spread, tape.directions.energy * mean[:, None] * mean + spread

    def _with(self, tape: Tape, other: int) -> Array:
        """Covariances of the fields with a model, (k, p)."""
        return np.asarray(self._by @ np.array([tape.spread(u, other) for u in self._names]))

    def backward(self, tape: Tape) -> Slopes:
        """Hand slopes on to the labelers."""
        shares = self._shares
        mean, spread, _ = self._said(tape)
        of_filter, of_variance, of_along = tape.asked(self.model, self._along)
        of_shares = of_filter * mean + 2 * of_variance * np.einsum("lp,klp->kp", shares, spread)
        for u, slope in of_along.items():
            of_shares += slope * self._with(tape, u)
        of_second, slopes = self._implicit(of_shares, of_variance)

        of_spread = of_variance * shares[:, None] * shares + of_second
        by_mean = tape.directions.energy * (of_second + of_second.swapaxes(0, 1))
        of_mean = of_filter * shares + (by_mean * mean).sum(axis=1)
        of_field = self._to_labelers(tape, of_mean, of_spread, of_along)
        by_source = np.zeros((len(self._rows), len(self.labelers)))
        told = set[int]()
        for place, block in enumerate(self._step.blocks):
            # sources of one labeler share its field, of which the first of them has the slope
            if block.shares in self._fields and (k := self._fields.index(block.shares)) not in told:
                told.add(k)
                columns = [self._names.index(u) for u in block.shares]
                own = [self.labelers.index(u) for u in block.shares]
                by_source[place, own] = of_field[k, columns]
        return slopes._replace(shares=by_source)

    def _to_labelers(
        self, tape: Tape, of_mean: Array, of_spread: Array, of_along: dict[int, Array]
    ) -> Array:
        """Hand slopes in fields on; slopes in the shares of labelers in fields."""
        by, names = self._by, self._names
        filters = np.array([tape.filters[u] for u in names])
        spread = np.array([[tape.spread(u, v) for v in names] for u in names])
        both = np.einsum("klp,lv->kvp", of_spread + of_spread.swapaxes(0, 1), by)
        of_field = of_mean @ filters.T + np.einsum("kvp,uvp->ku", both, spread)
        of_labelers = np.einsum("ku,klp,lv->uvp", by, of_spread, by, optimize=True)
        for i, u in enumerate(names):
            tape.add_filter(u, by[:, i] @ of_mean)
            for j, v in enumerate(names):
                tape.add_spread(u, v, of_labelers[i, j])
            for other, slope in of_along.items():
                handed = slope * (by[:, i] @ self._shares)
                tape.add_spread(u, other, handed)
                of_field[:, i] += (slope * self._shares) @ tape.spread(u, other)
        return of_field

    # --- the fixed point

    def _implicit(self, of_shares: Array, of_gain: Array) -> tuple[Array, Slopes]:
        """Slopes in second moments of the fields, and in the numbers of the sources."""
        fit, x = self._fit, self._found.start.unknowns

        def valued(fit: evolution.Fit, x: Array) -> float:
            shares, gain = evolution.model(fit, self._found._replace(start=evolution.Start(x)))
            return float(np.sum(of_shares * shares) + of_gain @ gain)

        moves = _STEP * np.eye(x.size)
        of_x = np.array([valued(fit, x + by) - valued(fit, x - by) for by in moves]) / (2 * _STEP)
        up, down = np.split(evolution.look(fit, np.concatenate([x + moves, x - moves])).after, 2)
        mu = np.asarray(
            np.linalg.solve(np.eye(x.size) - (up - down) / (2 * _STEP), of_x), dtype=np.float64
        )
        step = _STEP * fit.ridge
        ends = [replace(fit, ridge=fit.ridge + by) for by in (step, -step)]
        values = [valued(end, x) + evolution.look(end, x[None]).after[0] @ mu for end in ends]
        of_ridge = (values[0] - values[1]) / (2 * step)

        of_second, n, weight, noise = self._by_laws(mu)
        n += 2 * self._penalty * of_ridge
        of_penalty = 2 * float(sum(rows.number for rows in fit.rows)) * of_ridge
        return of_second, Slopes(n, weight, noise, np.empty(0), of_penalty)

    def _by_laws(self, mu: Array) -> tuple[Array, Array, Array, Array]:
        """Slopes of ``mu after`` in second moments, and in rows, weights and variances of the noise."""
        fit, point, shares = self._fit, self._found.point, self._shares
        sheets, after = len(fit.sigma), point.after[0]
        stiff, loud = np.exp(after[:sheets]), np.exp(after[sheets : 2 * sheets])
        per = [sheet for _, sheet in fit.ways]
        of_pull = mu[2 * sheets :] / stiff[per]
        by_pulls = np.bincount(per, mu[2 * sheets :] * after[2 * sheets :], sheets)
        of_stiff = (mu[:sheets] - by_pulls) / stiff
        of_second = np.zeros_like(fit.second)
        found = []
        for rows, own, law in zip(fit.rows, fit.own, point.laws, strict=True):
            fields, sheet, sigma = list(rows.fields), rows.sheet, fit.sigma[rows.sheet]
            weights = np.array([of_stiff[sheet], mu[sheets + sheet] / loud[sheet], *of_pull[own]])

            def told(rows: Rows, law: Law, weights: Array = weights) -> Array:
                """What a source adds, linear in its weight and in the square of it."""
                sums = evolution.integrals(rows, law)
                linear = weights[0] * sums.curvature[0] + weights[2:] @ sums.pull[0]
                square = weights[1] * sums.square[0]
                return rows.number * np.array([rows.weight * linear, rows.weight**2 * square])

            parts = told(rows, law)
            slopes = [
                float(np.sum(told(rows, change(step)) - told(rows, change(-step)))) / (2 * step)
                for change, step in _changes(law)
            ]
            k = len(fields)
            pairs = np.zeros((k, k))
            pairs[np.triu_indices(k)] = slopes[: -k - 2]
            of_second[np.ix_(fields, fields)] += pairs[..., None] * sigma
            for field, slope in zip(fields, slopes[-k - 2 : -2], strict=True):
                of_second[:, field] += slope * sigma * shares
            of_second += slopes[-2] * sigma * shares[:, None] * shares
            by_noise = 0.0
            if rows.noise > 0 and (REAL not in rows.fields or rows.centre is None):
                ends = [rows._replace(noise=rows.noise * (1 + by)) for by in (_STEP, -_STEP)]
                moved = np.sum(told(ends[0], law) - told(ends[1], law))
                by_noise = float(moved) / (4 * _STEP * rows.noise**2)
            by_weight = parts[0] + 2 * parts[1] + slopes[-1] * law.gamma[0]
            found.append([parts.sum() / rows.number, by_weight / rows.weight, by_noise])
        n, weight, noise = np.array(found).T
        return of_second, n, weight, noise


def _changes(law: Law) -> Iterator[tuple[Change, float]]:
    """The law with one number changed, and by how much: second moments in pairs, cross, square, gamma."""
    k = len(law.second)
    whole = np.block([[law.second, law.cross.T], [law.cross, law.square[:, None]]])
    sizes = np.sqrt(np.diagonal(whole))
    apart = float(np.linalg.eigvalsh(whole / np.outer(sizes, sizes))[0])
    near = _STEP * min(max(apart, _LEAST), 1.0)
    for i, j in zip(*np.triu_indices(k), strict=True):
        one = np.zeros((k, k))
        one[i, j] = one[j, i] = 1.0
        yield (
            lambda by, one=one: law._replace(second=law.second + by * one),  # type: ignore[misc]
            near * sizes[i] * sizes[j],
        )
    for place, one in enumerate(np.eye(k)):
        yield (
            lambda by, one=one: law._replace(cross=law.cross + by * one),  # type: ignore[misc]
            near * sizes[place] * sizes[k],
        )
    yield lambda by: law._replace(square=law.square + by), near * sizes[k] ** 2
    yield lambda by: law._replace(gamma=law.gamma + by), _STEP * float(law.gamma[0])
