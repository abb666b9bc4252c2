"""Fits to new rows of which some have a covariance matrix, forwards and backwards (`theory.md` 2.4).

As in `weighted`, but means are vectors, and covariances and what fits keep of their labelers are matrices.
Traces are written as sums over the entries of symmetric matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.retuning import choice
from genloss.steps import Step
from genloss.theory.gradients.chosen import through_choice
from genloss.theory.gradients.found import Gradient, Objective, Slopes
from genloss.theory.gradients.tape import pair
from genloss.theory.gradients.weighted import implicit
from genloss.theory.turned import resolvent, whole

if TYPE_CHECKING:
    from genloss.theory.gradients.copied import Copied
    from genloss.theory.gradients.matrix_filter import MatrixFilter
    from genloss.theory.gradients.matrix_pass import MatrixPass

Array = npt.NDArray[np.float64]
Steps = Sequence[Step]


@dataclass(frozen=True, eq=False)
class Matrices:
    """A problem: spectrum and truth (p,), laws of models from outside, and lengths of rows."""

    spectrum: Array
    truth: Array
    outside: Sequence[tuple[Array, Array]]
    tails: Sequence[float]
    moving: bool = True
    weighing: bool = True

    def along(self, steps: Steps, penalty: Array, objective: Objective) -> Gradient:
        """`gradient` for trusted steps, with other penalties."""
        tape, found = Tape(self), Gradient.blank(len(steps))
        alive = [REAL - 1 - k for k in range(len(self.outside))]
        fits: list[_Fit | _Chosen | Copied | MatrixFilter | MatrixPass] = []
        for step in steps:
            alive = [u for u in alive if u < REAL or steps[u].last_use > step.model]
            labels_later = step.last_use > step.model
            fits.append(self._fit(step, float(penalty[step.model])))
            fits[-1].forward(tape, alive if labels_later else [])
            alive += [step.model] if labels_later else []
        risk = tape.risks(len(steps))
        for model, weight in enumerate(objective(risk).tolist()):
            away = tape.means[model] - self.truth
            tape.of_mean[model] = tape.of_mean.get(model, 0.0) + 2 * weight * self.spectrum * away
            tape.add(model, model, weight * np.diag(self.spectrum))
        for step, fit in zip(reversed(steps), reversed(fits), strict=True):
            slopes = fit.backward(tape)
            if slopes.n.size > len(step.blocks):
                slopes = slopes.of_sources(len(self.tails))
            found.fill(step, fit.labelers, slopes)
        return found._replace(risk=risk)

    def _fit(
        self, step: Step, penalty: float
    ) -> _Fit | _Chosen | Copied | MatrixFilter | MatrixPass:
        if step.retuned:
            return _Chosen(self, step)
        if step.filter is None:
            self._check(step, penalty)
            if self._is_copied(step, penalty):
                from genloss.theory.gradients.copied import Copied

                return Copied(self, step)
            return _Fit(self, step, penalty)
        from genloss.theory.gradients.matrix_filter import MatrixFilter
        from genloss.theory.gradients.matrix_pass import MatrixPass

        return (MatrixFilter if step.filter.spectral else MatrixPass)(self, step, penalty)

    def _check(self, step: Step, penalty: float) -> None:
        """Raise NoTheoryError where numbers came to lie at which errors have no mean."""
        if penalty == 0 and abs(step.rows - self.spectrum.size) <= 1:
            raise NoTheoryError(
                f"model {step.model} has no penalty and about as many rows as directions"
            )

    def _is_copied(self, step: Step, penalty: float) -> bool:
        """Whether a fit is least squares on alike rows of one labeler."""
        first, *others = step.blocks
        if penalty or step.rows <= self.spectrum.size + 1 or len(set(self.tails)) > 1:
            return False
        if others and self.moving and self.weighing:
            return False  # weights that move make them unlike
        alike = first.shares, first.covariance, first.weight
        return all((b.shares, b.covariance, b.weight) == alike for b in others)


@dataclass(eq=False)
class Tape:
    """Means and covariances of all models, and the slopes in them; a covariance has the smaller number first."""

    problem: Matrices
    means: dict[int, Array] = field(default_factory=dict)
    covariances: dict[tuple[int, int], Array] = field(default_factory=dict)
    of_mean: dict[int, Array | float] = field(default_factory=dict)
    of_covariance: dict[tuple[int, int], Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.means[REAL] = self.problem.truth
        for k, (mean, variance) in enumerate(self.problem.outside):
            self.means[REAL - 1 - k] = mean
            self.covariances[REAL - 1 - k, REAL - 1 - k] = np.diag(variance)

    def spread(self, one: int, other: int) -> Array:
        """Covariance of two models; the truth has none."""
        known = self.covariances.get(pair(one, other))
        if known is None:
            return np.zeros(2 * (self.problem.truth.size,))
        return known if one <= other else known.T

    def risks(self, models: int) -> Array:
        """Error of every model."""
        s, truth = self.problem.spectrum, self.problem.truth
        return np.array(
            [
                s @ (self.means[t] - truth) ** 2 + s @ np.diagonal(self.covariances[t, t])
                for t in range(models)
            ]
        )

    def put(self, model: int, mean: Array, own: Array) -> None:
        """Add a model."""
        self.means[model], self.covariances[model, model] = mean, own

    def relate(self, model: int, other: int, between: Array) -> None:
        """Add the covariance of a model with another."""
        self.covariances[pair(model, other)] = between if model <= other else between.T

    def asked(self, model: int) -> tuple[Array, Array]:
        """Slopes in a model's mean and in its own covariance."""
        of_mean = self.of_mean.get(model, 0.0) + np.zeros_like(self.problem.spectrum)
        none = np.zeros(2 * (self.problem.truth.size,))
        of_own = self.of_covariance.get((model, model), none)
        return of_mean, (of_own + of_own.T) / 2

    def slope_along(self, model: int, other: int) -> Array:
        """Slope in the covariance of a model with another."""
        known = self.of_covariance.get(pair(model, other))
        if known is None:
            return np.zeros(2 * (self.problem.truth.size,))
        return known if model <= other else known.T

    def add(self, one: int, other: int, slope: Array) -> None:
        """Add to the slope in a covariance."""
        if REAL not in (one, other):
            key = pair(one, other)
            slope = slope if one <= other else slope.T
            self.of_covariance[key] = self.of_covariance.get(key, 0.0) + slope


class _Fit:
    """One fit."""

    def __init__(self, problem: Matrices, step: Step, penalty: float) -> None:
        tails = problem.tails or (1.0,)
        blocks = [block for block in step.blocks for _ in tails]
        own = [whole(block.covariance, problem.spectrum) for block in step.blocks]
        self.model, self.penalty, self.spectrum = step.model, penalty, problem.spectrum
        self.sigma = np.array([length * each for each in own for length in tails])
        self.n = np.array([block.rows / len(tails) for block in blocks])
        self.weight = np.array([block.weight for block in blocks])
        self.noise = np.array([block.noise**2 for block in blocks])
        self.labelers = list(dict.fromkeys(u for block in blocks for u in block.shares))
        self.shares = np.array([[b.shares.get(u, 0.0) for u in self.labelers] for b in blocks])
        total = float(self.n.sum())
        self.least_squares = penalty == 0 and total > problem.truth.size
        self.e, self.q = resolvent(self.sigma, self.n, self.weight, total * penalty)
        self.each = self.q @ self.sigma
        self.strength = self.n * self.weight * self.e
        self.pull = self.strength[:, None, None] * self.each
        self.kept = np.tensordot(self.shares.T, self.pull, 1)
        one = np.eye(problem.truth.size)
        self.away = self.shares[:, :, None, None] * one - self.kept
        self.v = self.n * (self.weight * self.e) ** 2
        self.T = np.einsum("sij,tji->st", self.each, self.each)
        self.system = np.eye(self.n.size) - self.T * self.v
        self.tau, self.along = np.zeros(self.n.size), list[int]()

    def _labelers(self, tape: Tape) -> tuple[Array, Array, Array]:
        """Means (k, p), covariances and second moments (k, k, p, p) of the labelers."""
        means = np.array([tape.means[u] for u in self.labelers])
        spread = np.array([[tape.spread(u, v) for v in self.labelers] for u in self.labelers])
        return means, spread, spread + means[:, None, :, None] * means[None, :, None, :]

    def forward(self, tape: Tape, along: Sequence[int]) -> None:
        """Add the model to the tape, with its covariances with some others."""
        means, spread, second = self._labelers(tape)
        self.along = [*along]
        self.tau = self._errors(second)
        own = _times("uvij,vkj->ik", _times("uij,uvjk->uvik", self.kept, spread), self.kept)
        mean = np.einsum("uij,uj->i", self.kept, means)
        tape.put(self.model, mean, own + self.q @ self._noisy() @ self.q)
        for u in self.along:
            tape.relate(self.model, u, _times("vij,vjk->ik", self.kept, spreads(tape, self, u)))

    def _errors(self, second: Array) -> Array:
        """Squared errors on new rows of every source, tau**2."""
        missed = _times("suij,uvjk->svik", self.away, second)
        gap = np.sum((self.sigma[:, None] @ missed) * self.away, axis=(1, 2, 3))
        return np.asarray(np.linalg.solve(self.system, self.noise + gap))

    def left_out(self, tape: Tape) -> float:
        """The leave-one-out error that chooses penalties, ``n omega @ tau**2``."""
        self.tau = self._errors(self._labelers(tape)[2])
        return float(self.n * self.weight @ self.tau)

    def back_from_left_out(self, tape: Tape, times: float) -> Slopes:
        """Hand slopes in some times that error on to the labelers."""
        self.left_out(tape)
        none = np.zeros_like(self.q[0]), np.zeros_like(self.q)
        found = self._back(tape, none, [], times * self.n * self.weight)
        n, weight = times * self.weight * self.tau, times * self.n * self.tau
        return found._replace(n=found.n + n, weight=found.weight + weight)

    def _noisy(self) -> Array:
        return np.asarray(np.tensordot(self.v * self.tau, self.sigma, 1))

    def backward(self, tape: Tape) -> Slopes:
        """Hand slopes on to the labelers."""
        return self._back(tape, tape.asked(self.model), self.along, np.zeros_like(self.n))

    def _back(
        self, tape: Tape, asked: tuple[Array, Array], along: Sequence[int], of_tau: Array
    ) -> Slopes:
        sigma, q, each, kept, away, v, tau = (
            *(self.sigma, self.q, self.each, self.kept, self.away),
            *(self.v, self.tau),
        )
        _, _, second = self._labelers(tape)
        _, of_own = asked

        # errors of the rows
        by_gain = np.einsum("sij,ij->s", sigma, q @ of_own @ q)
        of_noise = np.asarray(np.linalg.solve(self.system.T, v * by_gain + of_tau))
        of_T = np.outer(of_noise, v * tau)
        of_v = tau * (by_gain + of_noise @ self.T)
        of_q = 2 * of_own @ q @ self._noisy()
        of_q += np.einsum("sij,sjk->ik", sigma @ q, np.tensordot(of_T + of_T.T, sigma, 1))
        heard = of_noise[:, None, None] * sigma
        of_away = 2 * heard[:, None] @ _times("suij,uvjk->svik", away, second)
        of_second = _times("suji,svjk->uvik", away, heard[:, None] @ away)

        of_kept = handed(tape, self, asked, along, kept, of_second)

        # who is kept how much
        of_kept = of_kept - of_away.sum(axis=0)
        of_shares = np.einsum("suii->su", of_away) + np.einsum("uij,sij->su", of_kept, self.pull)
        of_source = np.tensordot(self.shares, of_kept, 1)
        of_strength = np.einsum("sij,sij->s", of_source, each)
        of_q += np.einsum("s,sij,sjk->ik", self.strength, of_source, sigma)
        by_q = q @ of_q @ q
        of_strength -= np.einsum("sij,ij->s", sigma, by_q)
        found = implicit(self, np.einsum("sii->s", each), of_v, of_strength)
        return found._replace(noise=of_noise, shares=of_shares)


class _Chosen:
    """A fit that chooses its penalty."""

    def __init__(self, problem: Matrices, step: Step) -> None:
        self._made: Callable[[float], _Fit] = lambda penalty: _Fit(problem, step, penalty)
        some = self._made(1.0)
        self.model, self.labelers = step.model, some.labelers
        self._traces = np.einsum("sii->s", some.sigma)
        self._unit = float(some.n * some.weight @ self._traces / some.n.sum())

    def forward(self, tape: Tape, along: Sequence[int]) -> None:
        """Add the model to the tape, with its covariances with some others."""

        def errors(tried: Array) -> Array:
            return np.array([self._made(each).left_out(tape) for each in tried.tolist()])

        self._choice = choice(errors, self._unit)
        self._fit = self._made(self._choice.penalty)
        self._fit.forward(tape, along)

    def backward(self, tape: Tape) -> Slopes:
        """Hand slopes on to the labelers."""
        slopes = self._fit.backward(tape)
        return through_choice(tape, self._fit, slopes, self._choice, self._made, self._traces)


class OnTape(Protocol):
    """A fit: its model, and who labels its rows."""

    model: int
    labelers: list[int]


def spreads(tape: Tape, fit: OnTape, other: int) -> Array:
    """Covariances of all labelers of a fit with a model."""
    return np.array([tape.spread(v, other) for v in fit.labelers])


def handed(
    tape: Tape,
    fit: OnTape,
    asked: tuple[Array, Array],
    along: Sequence[int],
    kept: Array,
    of_second: Array,
) -> Array:
    """Hand slopes on to the labelers of a fit, of whom it keeps so much; slopes in what it keeps.

    ``asked`` are slopes in its mean and covariance, and those in its covariances with others are the tape's.
    """
    names = fit.labelers
    means = np.array([tape.means[u] for u in names])
    spread = np.array([[tape.spread(u, v) for v in names] for u in names])
    of_mean, of_own = asked
    of_kept = of_mean[:, None] * means[:, None] + 2 * of_own @ _times("uij,uvjk->vik", kept, spread)
    of_spread = _times("uji,vjk->uvik", kept, of_own @ kept)
    for u in along:
        slope = tape.slope_along(fit.model, u)
        of_kept += slope @ np.swapaxes(spreads(tape, fit, u), 1, 2)
        for k, own in zip(names, kept, strict=True):
            tape.add(k, u, own.T @ slope)
    of_means = np.einsum("uij,i->uj", kept, of_mean)
    of_means += np.einsum(
        "uvij,vj->ui", of_second + np.swapaxes(of_second, 0, 1).swapaxes(2, 3), means
    )
    for i, k in enumerate(names):
        tape.of_mean[k] = tape.of_mean.get(k, 0.0) + of_means[i]
        for j, l in enumerate(names):
            tape.add(k, l, of_spread[i, j] + of_second[i, j])
    return np.asarray(of_kept)


def _times(subscripts: str, *arrays: Array) -> Array:
    return np.asarray(np.einsum(subscripts, *arrays, optimize=True))
