"""One pass of stochastic gradient descent over rows that a rule keeps or that lie about class means, backwards.

What `genloss.theory.filters.row_by_row` follows row by row is followed back, some rows at a time: their states are
found once more from where they start. The model's own variance enters linearly, so that slopes in it are known before
those in what is taken of the fields. What rows, noise and second moments of the fields move in the numbers that a step
sees of a row (`genloss.theory.channels.squared_loss`) is told apart by differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.filters.sgd import SGD
from genloss.steps import Step
from genloss.theory.channels import NotFoundError
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.squared_loss import Seen, seen
from genloss.theory.filters import row_by_row
from genloss.theory.filters.row_by_row import State, Stretch
from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.of_sources import OfSources
from genloss.theory.gradients.seen import by_said, in_sources, of_each

Array = npt.NDArray[np.float64]

_TOGETHER = 128  # rows whose states are kept at a time


class KeptInTurn(OfSources):
    """One fit."""

    def _law(self, second: Array) -> State:
        fit = self._fitted(second)
        each = [seen(fit, place) for place in range(len(self._sources))]
        self._fit, self._kept = fit, sum(rows.number for rows in each)
        if self._kept < 1:
            raise NotFoundError(f"hardly a row of model {self.model} is kept")
        stretches = row_by_row.stretches(self._step, fit, each)
        self._trails, state = list[_Trail](), row_by_row.start(fit)
        for stretch in stretches:
            self._trails.append(_Trail(self._step, stretch, fit, state))
            state = self._trails[-1].end
        return state

    def _implicit(self, of_shares: Array, of_gain: Array) -> tuple[Array, Slopes]:
        step, fit, how = self._step, self._fit, self._step.filter
        assert isinstance(how, SGD)
        founds, of_state = list[_Moved](), (of_shares, of_gain)
        for trail in reversed(self._trails):
            of_state, found = trail.back(of_state)
            founds.insert(0, found)
        of_eta = np.array([found.eta for found in founds])
        eta = np.array([trail.stretch.eta for trail in self._trails])
        # steps are longer, the more rows are kept of all that there are
        of_kept = float(of_eta @ eta) / self._kept
        asked = [each.seen._replace(number=each.seen.number + of_kept) for each in founds]
        valued = of_each(asked)
        of_second = by_said(fit, valued) + np.sum([each.second for each in founds], axis=0)
        penalty = -how.step * sum(each.rest for each in founds)
        if not self._moving:
            unknown = np.full(eta.size, np.nan)
            return of_second, Slopes(unknown, unknown, unknown, np.empty(0), penalty)
        n, noise, real = in_sources(fit, step, valued)
        n -= float(of_eta @ eta) / step.rows
        weight = of_eta * eta / [block.weight for block in step.blocks]
        return of_second, Slopes(n, weight, noise, real, penalty)


class _Moved(NamedTuple):
    """Slopes in second moments, in what steps see of the rows of a source, their length, and what a penalty leaves."""

    second: Array
    seen: Seen
    eta: float
    rest: float

    def plus(self, other: _Moved) -> _Moved:
        """The sum of both."""
        (number, push, bend, square), more = self.seen, other.seen
        return _Moved(
            self.second + other.second,
            Seen(number + more.number, push + more.push, bend + more.bend, square + more.square),
            self.eta + other.eta,
            self.rest + other.rest,
        )


class _Trail:
    """The pass over one source, of which some states are kept.

    Attributes
    ----------
    stretch : Stretch
    end : (ndarray of shape (fields, p), ndarray of shape (p,))
        The model after it.
    """

    def __init__(self, step: Step, stretch: Stretch, fit: Fit, state: State) -> None:
        self.stretch, self._fit = stretch, fit
        self._after, self._starts = row_by_row.row(step, stretch, fit), list[State]()
        self._rest = row_by_row.left_by(step)
        for at in range(int(stretch.rows)):
            if at % _TOGETHER == 0:
                self._starts.append(state)
            state = self._after(state)
        self._whole, self._part = state, stretch.rows % 1
        self.end = row_by_row.by_chance(state, self._after, self._part)

    def back(self, of_state: State) -> tuple[State, _Moved]:
        """Slopes in the state before it, and in what moves it, from those in the state after it."""
        whole = self._whole
        moved = zip(of_state, self._after(whole), whole, strict=True)
        by_number = float(sum(np.sum(slope * (new - old)) for slope, new, old in moved))
        part = self._part
        of_last = part * of_state[0], part * of_state[1]
        by_last, found = self._back([whole], of_last)
        of_state = (
            by_last[0] + (1 - part) * of_state[0],
            by_last[1] + (1 - part) * of_state[1],
        )
        rows = int(self.stretch.rows)
        for at in reversed(range(len(self._starts))):
            states = [self._starts[at]]
            while len(states) < min(_TOGETHER, rows - at * _TOGETHER):
                states.append(self._after(states[-1]))
            of_state, own = self._back(states, of_state)
            found = found.plus(own)
        return of_state, found._replace(seen=found.seen._replace(number=by_number))

    def _back(self, states: Sequence[State], of_state: State) -> tuple[State, _Moved]:
        """The same of whole rows, from the states before each."""
        second, count = self._fit.second, self._fit.multiplicity
        _, (_, push, bend, square), s, eta = self.stretch
        shares, spread = (np.array(each) for each in zip(*states, strict=True))
        keep, pull, noise = self._rest - eta * s, eta * s, eta**2 * s * count
        told = np.einsum("abp,kbp->kap", second, shares)
        said = told @ s
        taken = push - said @ bend.T
        away = taken[..., None] - shares
        missed = np.einsum("abp,kbp->kap", second, away)
        apart = (missed * away).sum(axis=1) + spread
        error = square - 2 * said @ push + ((said @ bend) * said).sum(axis=1)
        error += (told * shares).sum(axis=1) @ s + spread @ s

        of_spread = np.empty_like(spread)
        last, own = of_state[1], keep**2 + pull**2
        for at in reversed(range(len(states))):
            of_spread[at] = last
            last = own * last + (noise @ last) * s
        of_error, of_apart = of_spread @ noise, pull**2 * of_spread
        of_away = 2 * of_apart[:, None] * missed
        of_taken = of_away.sum(axis=2)
        of_said = of_error[:, None] * (said @ (bend + bend.T) - 2 * push)
        known = 2 * of_error[:, None, None] * s * told - of_away
        of_shares, now, weighed = np.empty_like(shares), of_state[0], second * s
        for at in reversed(range(len(states))):
            of_shares[at] = now
            of_taken[at] += now @ pull
            of_said[at] -= bend.T @ of_taken[at]
            now = keep * now + known[at] + np.tensordot(of_said[at], weighed, 1)

        of_second = np.einsum("kap,kbp->abp", of_apart[:, None] * away, away)
        heard = of_error[:, None, None] * shares + of_said[..., None]
        of_second += s * np.einsum("kap,kbp->abp", heard, shares)
        of_push = of_taken.sum(axis=0) - 2 * of_error @ said
        of_bend = (of_error[:, None] * said - of_taken).T @ said
        of_keep = 2 * keep * (spread * of_spread).sum(axis=0)
        of_keep += (shares * of_shares).sum(axis=(0, 1))
        of_pull = 2 * pull * (apart * of_spread).sum(axis=0)
        of_pull += np.einsum("ka,kap->p", taken, of_shares)
        by_eta = s @ (of_pull - of_keep) + 2 * eta * (s * count) @ (error @ of_spread)
        of_seen = Seen(0.0, of_push, of_bend, float(of_error.sum()))
        return (now, last), _Moved(of_second, of_seen, float(by_eta), float(of_keep.sum()))
