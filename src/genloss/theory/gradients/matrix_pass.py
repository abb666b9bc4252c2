"""One pass of stochastic gradient descent over rows of which some have a covariance matrix, backwards (`filters.md`).

The model's own variance enters linearly, and so do second moments of the labelers and of the mean model: slopes in these
are known for all sources before those in what the mean model keeps of the labelers. What rows, weights and the penalty
move is told apart by differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.steps import Step
from genloss.theory.filters.in_turn_across import AcrossInTurn, Source
from genloss.theory.gradients.differences import in_numbers
from genloss.theory.gradients.found import Slopes
from genloss.theory.gradients.matrices import Matrices, Tape, handed, spreads
from genloss.theory.turned import whole

Array = npt.NDArray[np.float64]


class MatrixPass:
    """One fit."""

    def __init__(self, problem: Matrices, step: Step, penalty: float) -> None:
        self._problem, self._step = problem, step._replace(penalty=penalty)
        self.model, blocks = step.model, step.blocks
        self.labelers = list(dict.fromkeys(u for block in blocks for u in block.shares))
        self._shares = np.array([[b.shares.get(u, 0.0) for u in self.labelers] for b in blocks])
        self._own, self._along = self._passed(self._step), list[int]()

    def _passed(self, step: Step) -> AcrossInTurn:
        own = [whole(block.covariance, self._problem.spectrum) for block in step.blocks]
        return AcrossInTurn.of(step, own, self._problem.tails or (1.0,))

    def _said(self, tape: Tape) -> tuple[Array, Array]:
        """Means (k, p) and covariances (k, k, p, p) of the labelers."""
        names = self.labelers
        spread = np.array([[tape.spread(u, v) for v in names] for u in names])
        return np.array([tape.means[u] for u in names]), spread

    def forward(self, tape: Tape, along: Sequence[int]) -> None:
        """Add the model to the tape, with its covariances with some others."""
        self._along = [*along]
        found = self._own.fit(self._shares, *self._said(tape))
        self._kept = found.kept
        tape.put(self.model, found.mean, found.own)
        for u in along:
            tape.relate(self.model, u, np.einsum("vij,vjk->ik", found.kept, spreads(tape, self, u)))

    def backward(self, tape: Tape) -> Slopes:
        """Hand slopes on to the labelers."""
        means, spread = self._said(tape)
        second = spread + means[:, None, :, None] * means[None, :, None, :]
        asked = of_mean, of_own = tape.asked(self.model)
        before = [kept for kept, _ in self._own.states(self._shares, second)]
        of_second, of_by = np.zeros_like(second), np.zeros_like(self._shares)
        of_noise, of_moments = np.zeros(len(self._shares)), list[_Moments]()
        of_state = of_own
        for (place, source, part), kept in reversed([*zip(self._own.legs, before, strict=False)]):
            found, by = self._back(source, part * of_state), self._shares[place]
            of_moments.insert(0, found)
            of_noise[place] += found.noise
            of_state = (1 - part) * of_state + found.own
            of_said = by[:, None, None, None] * (
                by[:, None, None] * found.said + found.heard @ kept
            )
            across = np.swapaxes(kept, 1, 2)[:, None] @ found.mean @ kept
            of_second += of_said + across
            heard = np.einsum("uvij,vkj->uik", second, kept, optimize=True)
            of_by[place] += np.einsum("ij,uij->u", found.heard, heard)
            of_by[place] += 2 * np.einsum("ij,uij->u", found.said, np.tensordot(second, by, (1, 0)))

        of_kept = handed(tape, self, asked, self._along, self._kept, of_second)
        for (place, source, part), kept, found in reversed(
            [*zip(self._own.legs, before, of_moments, strict=False)]
        ):
            left, taken = self._own.maps(source)
            moved, by = part * of_kept, self._shares[place]
            of_by[place] += np.einsum("uij,ij->u", moved, taken)
            said = np.tensordot(by, second, 1)
            mean = found.mean + found.mean.T
            of_kept = (1 - part) * of_kept + left.T @ moved + found.heard.T @ said
            of_kept += mean @ np.einsum("vij,uvkj->uik", kept, second, optimize=True)
        return self._numbers(tape, means, spread, of_mean, of_own, of_noise, of_by)

    def _numbers(
        self,
        tape: Tape,
        means: Array,
        spread: Array,
        of_mean: Array,
        of_own: Array,
        of_noise: Array,
        of_by: Array,
    ) -> Slopes:
        def valued(step: Step) -> float:
            found = self._passed(step).fit(self._shares, means, spread)
            total = float(of_mean @ found.mean + np.sum(of_own * found.own))
            for u in self._along:
                between = np.einsum("vij,vjk->ik", found.kept, spreads(tape, self, u))
                total += float(np.sum(tape.slope_along(self.model, u) * between))
            return total

        n, weight, penalty = in_numbers(
            self._step, valued, moving=self._problem.moving, weighing=self._problem.weighing
        )
        return Slopes(n, weight, of_noise, of_by, penalty)

    def _back(self, source: Source, of_after: Array) -> _Moments:
        """Slopes in what the variance after a source comes from."""
        own, (l, basis, rows, _, _) = self._own, source
        (keep, still), steps = own.mean(source), own.steps(source)
        of_after = basis.T @ of_after @ basis
        each = np.diagonal(of_after).copy()
        np.fill_diagonal(of_after, 0.0)
        of_own, of_told = steps.factor ** int(rows) * of_after, steps.pulled * of_after
        both, mixed = steps.never * of_told, -steps.once * (of_told + of_told.T)
        fading = steps.twice * of_told

        factors, pulls = np.diagonal(steps.factor), np.diagonal(steps.pulled)
        apart, crossing, gone = np.zeros((3, l.size))
        heard_by, of_labels = own.step**2 * own.square, 0.0
        for row in reversed(range(int(rows))):
            of_error, gone_by = float(l @ each), keep**row
            off = pulls * each + heard_by * of_error * l
            each = factors * each + heard_by * of_error * l
            apart, crossing, gone = (
                apart + off,
                crossing - 2 * gone_by * off,
                gone + gone_by**2 * off,
            )
            of_labels += of_error
        for one, diagonal in ((of_own, each), (both, apart), (mixed, crossing), (fading, gone)):
            np.fill_diagonal(one, diagonal)

        start, settled = (1 - still)[:, None], still[:, None]
        said = start * both * (1 - still) - start * mixed * still + settled * fading * still
        heard = start * mixed - settled * fading - (fading * still).T
        of_own, said, heard, mean = (basis @ one @ basis.T for one in (of_own, said, heard, fading))
        said = (said + said.T) / 2
        return _Moments(of_own, said, heard, mean, own.loudness(source) * of_labels)


class _Moments(NamedTuple):
    """Slopes in the variance before, ``E theta theta'``, ``E theta w'``, ``E w w'``, and the variance of the noise."""

    own: Array
    said: Array
    heard: Array
    mean: Array
    noise: float
