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

from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.channels import NotFoundError, evolution, squared_loss
from genloss.theory.channels.rows import Law, Rows
from genloss.theory.gradients.chosen_channel import of_choice
from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.of_sources import OfSources
from genloss.theory.gradients.seen import by_said, in_sources, linear

Array = npt.NDArray[np.float64]
Starts = dict[int, evolution.Start]
Change = Callable[[float], Law]
Valued = Callable[[Rows, Law], Array]

_STEP = 1e-4  # of differences of the second order
_LEAST = 1e-3  # part of such a step where a law is nearly degenerate


class Channel(OfSources):
    """One fit, all of whose slopes are found at once.

    Parameters
    ----------
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
        super().__init__(directions, step, penalty, along, centre)
        self._starts = starts

    def _law(self, second: Array) -> tuple[Array, Array]:
        """At the fixed point."""
        fit = self._fitted(second, 2 * self._step.rows * self._step.penalty)
        if self._step.retuned:
            self._sight = squared_loss.seen(fit)
            self._choice = squared_loss.choice_of(fit, self._sight)
            ridge = 2 * fit.rows[0].weight * self._sight.number * self._choice.penalty
            fit = replace(fit, ridge=ridge)
        start = self._starts.get(self.model, self._starts.get(self.model - 1))
        found = evolution.solve(fit, start, lambda _: False)
        if found is None or not found.residual < evolution.GOOD:
            raise NotFoundError(f"the fixed point of model {self.model} was not found")
        self._starts[self.model] = evolution.Start(*found.start[:2])
        self._fit, self._found = fit, found
        return evolution.model(fit, found)

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
        of_second, n, weight, noise, real = self._by_laws(mu)
        if not fit.ridge:
            return of_second, Slopes(n, weight, noise, real, 0.0)
        step = _STEP * fit.ridge
        ends = [replace(fit, ridge=fit.ridge + by) for by in (step, -step)]
        values = [valued(end, x) + evolution.look(end, x[None]).after[0] @ mu for end in ends]
        of_ridge = (values[0] - values[1]) / (2 * step)
        if self._step.retuned:
            return self._through_choice(of_second, n, weight, noise, real, of_ridge * fit.ridge)
        n += 2 * self._step.penalty * of_ridge
        of_penalty = 2 * float(sum(rows.number for rows in fit.rows)) * of_ridge
        return of_second, Slopes(n, weight, noise, real, of_penalty)

    def _through_choice(
        self,
        of_second: Array,
        n: Array,
        weight: Array,
        noise: Array,
        real: Array,
        of_log: float,
    ) -> tuple[Array, Slopes]:
        """Hand the slope in the ridge's logarithm on to what chose it."""
        fit = self._fit
        direct, asked = of_choice(fit, self._sight, self._choice)
        valued = linear(asked)
        of_second = of_second + of_log * (direct + by_said(fit, valued))
        by_rows, by_noise, by_real = in_sources(fit, self._step, valued)
        # weights of some sources would make them unlike
        weight = weight + of_log / fit.rows[0].weight if n.size == 1 else np.full(n.size, np.nan)
        n, noise, real = n + of_log * by_rows, noise + of_log * by_noise, real + of_log * by_real
        return of_second, Slopes(n, weight, noise, real, 0.0)

    def _by_laws(self, mu: Array) -> tuple[Array, Array, Array, Array, Array]:
        """Slopes of ``mu after`` in second moments, in rows, weights and variances of the noise, and shares of the class."""
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

            def apart(name: str, rows: Rows = rows, law: Law = law, told: Valued = told) -> float:
                """In the logarithm of one of the source's numbers."""
                value = getattr(rows, name)
                ends = [rows._replace(**{name: value * (1 + by)}) for by in (_STEP, -_STEP)]
                return float(np.sum(told(ends[0], law) - told(ends[1], law))) / (2 * _STEP)

            by_noise = apart("noise") / (2 * rows.noise**2) if rows.noise > 0 else 0.0
            by_real = apart("real") / rows.real if rows.real else 0.0
            by_weight = parts[0] + 2 * parts[1] + slopes[-1] * law.gamma[0]
            found.append([parts.sum() / rows.number, by_weight / rows.weight, by_noise, by_real])
        n, weight, noise, real = np.array(found).T
        return of_second, n, weight, noise, real


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
