"""Plans with rows whose covariance turns the problem's directions: `theory.md` 2.4 with matrices.

Means are vectors and covariances matrices here, with the same fixed point and the same scalars as along
common eigenvectors (`weighted`): O(dim**3) a fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.covariances import Covariance, matrix
from genloss.equivalents import NotSolvedError
from genloss.generation import REAL
from genloss.retuning import best_penalty
from genloss.steps import Block, Step
from genloss.theory.alike import as_filter
from genloss.theory.weighted import Constant

if TYPE_CHECKING:
    from genloss.pencils.from_plan import Laws, Part
    from genloss.theory.filters.matrices import Matrices

Array = npt.NDArray[np.float64]
Shares = Mapping[int, float]


class Used(NamedTuple):
    """Degrees of freedom of a fit, how near its rows are to running out, its penalty, whether its law is exact."""

    df2: float
    filling: float
    penalty: float
    exact: bool = False


class Models:
    """Means and covariances of the models so far.

    Parameters
    ----------
    spectrum, truth : ndarray of shape (p,)
        The problem.
    outside : sequence of (ndarray, ndarray)
        Mean and variance of models from outside.
    tails : sequence of float
        How squared lengths of rows vary: those of each length are rows of so many times the covariance.
    constant : bool
        Whether the last direction stands for a constant that fits know beside the inputs (`theory.md` 2.9).

    Attributes
    ----------
    means : dict of int to ndarray of shape (p,)
        Mean coefficients by number of the model, also the truth's.
    covariances : dict of (int, int) to ndarray of shape (p, p)
        By numbers of two models, in one order.
    """

    def __init__(
        self,
        spectrum: Array,
        truth: Array,
        outside: Sequence[tuple[Array, Array]] = (),
        tails: Sequence[float] = (),
        constant: bool = False,
    ) -> None:
        self._spectrum, self._truth, self._tails = spectrum, truth, tails or (1.0,)
        self._constant = constant
        self._outside = outside
        self.means = {REAL: truth}
        self.covariances: dict[tuple[int, int], Array] = {}
        self._last_use: dict[int, int] = {}
        self._filters: dict[object, Matrices] = {}
        for k, (mean, variance) in enumerate(outside):
            self.means[REAL - 1 - k] = mean
            self.covariances[REAL - 1 - k, REAL - 1 - k] = np.diag(variance)

    def fit(self, step: Step) -> Used:
        """Add the model of a step on new rows."""
        spectrum, tails = self._spectrum, self._tails
        blocks = [block for block in step.blocks for _ in tails]
        own = [whole(block.covariance, spectrum) for block in step.blocks]
        sigma = np.array(
            [_longer(each, length, self._constant) for each in own for length in tails]
        )
        number = np.array([block.rows / len(tails) for block in blocks])
        weight = np.array([block.weight for block in blocks])
        noise = np.array([block.noise**2 for block in blocks])
        asked = list(dict.fromkeys(u for block in blocks for u in block.shares))
        spare = number.sum() - spectrum.size
        near = step.filter is None and step.penalty == 0 and abs(spare) <= 1
        labelers = [block.shares for block in blocks]
        one = all(labeler == labelers[0] for labeler in labelers)
        known = all(np.isfinite(self.covariance(u, u)).all() for u in asked)
        if not known or (near and (noise.any() or not one)):
            self._record(step, np.zeros_like(spectrum), np.full_like(sigma[0], np.inf), {})
            return Used(np.nan, 0.0, step.penalty)
        if self._constant and number.sum() == 1:
            self._of_one_row(step, sigma.mean(axis=0))
            return Used(1.0, 0.0, step.penalty, exact=True)
        if near and spare >= 0:
            self._copy(step, labelers[0])
            return Used(float(spectrum.size), 0.0, 0.0, exact=True)
        if step.filter is not None:
            self._filtered(step, asked)
            return Used(np.nan, 0.0, step.penalty, exact=not step.filter.spectral)
        alike = (sigma == sigma[0]).all() and (weight == weight[0]).all()
        if one and alike and step.penalty == 0 and spare > 1:
            # the mean of an inverse Wishart matrix
            inverse = np.asarray(np.linalg.inv(sigma[0]), float) / (spare - 1)
            if self._constant:
                inverse[-1, -1] *= 1 - 2 / number.sum()
            self._copy(step, labelers[0], float(number @ noise / number.sum()) * inverse)
            return Used(float(spectrum.size), 0.0, 0.0, exact=True)
        rows = Rows(sigma, number, weight, noise, self._constant)
        share, means, spread = self._labelers(blocks, asked)

        def solved(penalty: float) -> Solved:
            return rows.solved(penalty, share, means, spread)

        penalty = step.penalty
        if step.retuned:
            penalty = best_penalty(
                lambda tried: np.array([number * weight @ solved(lam).tau2 for lam in tried]),
                rows.trace,
            )
        found = solved(penalty)
        self._record(step, found.mean, found.own, self._along(found.kept, asked))
        feeds = float(np.abs(np.linalg.eigvals(found.coupling)).max())
        return Used(found.df2, feeds, penalty)

    def _filtered(self, step: Step, asked: Sequence[int]) -> None:
        """Add the model of a filter on new rows."""
        from genloss.theory.filters.in_turn_across import AcrossInTurn
        from genloss.theory.filters.matrices import Matrices

        assert step.filter is not None
        labelers = self._labelers(step.blocks, asked)
        if step.filter.spectral:
            key = as_filter(step)
            if key not in self._filters:  # one at a time: they are large
                matrices = Matrices.of(step, self._spectrum, self._tails, self._constant)
                self._filters = {key: matrices}
            found = self._filters[key].fit(step, *labelers)
        else:
            own = [whole(block.covariance, self._spectrum) for block in step.blocks]
            found = AcrossInTurn.of(step, own, self._tails).fit(*labelers)
        self._record(step, found.mean, found.own, self._along(found.kept, asked))

    def _labelers(
        self, blocks: Sequence[Block], asked: Sequence[int]
    ) -> tuple[Array, Array, Array]:
        """What rows are labelled by: shares (blocks, U), means (U, p) and covariances (U, U, p, p)."""
        share = np.array([[block.shares.get(u, 0.0) for u in asked] for block in blocks])
        means = np.array([self.means[u] for u in asked])
        return share, means, np.array([[self.covariance(u, v) for v in asked] for u in asked])

    def _along(self, kept: Array, asked: Sequence[int]) -> dict[int, Array]:
        """Covariances with all models of one that keeps so much of its labelers."""
        none = np.zeros_like(kept[0])
        return {
            u: sum((kept[k] @ self.covariance(v, u) for k, v in enumerate(asked)), none)
            for u in self.means
            if u != REAL
        }

    def _copy(self, step: Step, shares: Shares, spread: Array | float = 0.0) -> None:
        """Add a model that is its one labeler, and what noise of a covariance makes of it."""
        mean = sum((c * self.means[u] for u, c in shares.items()), 0 * self._spectrum)
        own = np.zeros((mean.size, mean.size)) + spread
        for u, a in shares.items():
            for v, b in shares.items():
                own = own + a * b * self.covariance(u, v)
        along = {
            u: sum((c * self.covariance(v, u) for v, c in shares.items()), 0 * own)
            for u in self.means
            if u != REAL
        }
        self._record(step, mean, own, along)

    def _of_one_row(self, step: Step, sigma: Array) -> None:
        """Add a model that knows a constant and is fitted to one row: that row's label."""
        [block] = step.blocks
        self._copy(step, block.shares)
        mean, own = self.means[step.model], self.covariances[step.model, step.model]
        said = np.outer(mean, mean) + own
        heard = np.tensordot(sigma[:-1, :-1], said[:-1, :-1], 2) + block.noise**2
        at = np.zeros_like(own)
        at[-1, -1] = 1.0
        own = at * (own + heard / sigma[-1, -1])
        along = {
            u: at @ self.covariance(step.model, u)
            for u in self.means
            if u not in (REAL, step.model)
        }
        self._record(step, at @ mean, own, along)

    def together(self, steps: Sequence[Step], penalty: Array, parts: Mapping[int, Part]) -> Laws:
        """All models of a plan in which some share rows: from one pencil, in which covariances are matrices."""
        from genloss.pencils.from_plan import Laws
        from genloss.pencils.ground import Ground

        ground = Ground.across(self._spectrum, self._truth, steps, self._outside, self._tails)
        return Laws(ground, steps, penalty, range(len(steps)), parts=parts)

    def risk(self, model: int) -> tuple[Array, Array]:
        """Bias and variance, each of shape (1,)."""
        s, own = self._spectrum, self.covariances[model, model]
        bias = s @ (self.means[model] - self._truth) ** 2
        return np.array([bias]), np.array([s @ np.diagonal(own)])

    def covariance(self, one: int, other: int) -> Array:
        """Covariance of two models; the truth has none."""
        if (one, other) in self.covariances:
            return self.covariances[one, other]
        if (other, one) in self.covariances:
            return self.covariances[other, one].T
        return np.zeros((self._spectrum.size, self._spectrum.size))

    def _record(self, step: Step, mean: Array, own: Array, along: Mapping[int, Array]) -> None:
        model = step.model
        self.means[model], self.covariances[model, model] = mean, own
        if step.last_use > model:
            self.covariances |= {(model, u): between for u, between in along.items()}
        self._last_use[model] = step.last_use
        gone = {u for u, last in self._last_use.items() if u != model and last <= model}
        for u in gone:
            del self.means[u], self._last_use[u]
        self.covariances = {
            pair: value for pair, value in self.covariances.items() if gone.isdisjoint(pair)
        }


class Solved(NamedTuple):
    """A fit: its mean and covariance, what it keeps of its labelers, and how errors of rows feed back."""

    mean: Array
    own: Array
    kept: Array
    coupling: Array
    tau2: Array
    df2: float


class Rows(NamedTuple):
    """Sources of one fit: covariances (S, p, p), numbers, weights and variances of the noise (S,)."""

    sigma: Array
    number: Array
    weight: Array
    noise: Array
    constant: bool = False

    @property
    def trace(self) -> float:
        """Weight times trace of the covariance, averaged over the rows."""
        traces = np.einsum("sii->s", self.sigma)
        return float(self.number * self.weight @ traces / self.number.sum())

    def solved(self, penalty: float, share: Array, means: Array, spread: Array) -> Solved:
        """The fit to labelers of these means (U, p) and covariances (U, U, p, p), of which sources have shares (S, U)."""
        sigma, number, weight, noise, _ = self
        e, q = resolvent(sigma, number, weight, number.sum() * penalty)
        each = q @ sigma
        pull = (number * weight * e)[:, None, None] * each
        kept = np.tensordot(share.T, pull, 1)
        if self.constant:
            about = Constant.of(number * weight * e, number)
            kept[:, -1, -1] = about.heard @ share
        mean = np.einsum("uij,uj->i", kept, means)

        def through(maps: Array) -> Array:
            """Covariance of the sum of maps of labelers."""
            inner = np.einsum("uvij,vkj->uik", spread, maps, optimize=True)
            return np.asarray(np.einsum("uij,ujk->ik", maps, inner, optimize=True))

        (gap, apart), one = np.empty((2, len(sigma))), np.eye(mean.size)
        labelers, who = np.unique(share, axis=0, return_inverse=True)
        for place, own in enumerate(labelers):
            away, said = own @ means - mean, who.ravel() == place
            missed = np.outer(away, away) + through(own[:, None, None] * one - kept)
            gap[said] = np.tensordot(sigma[said], missed, 2)
            apart[said] = sigma[said, -1, -1] * missed[-1, -1]
        if self.constant:
            contrast = about.added(apart)
            gap += contrast - apart
        gain = number * (weight * e) ** 2
        flat = each.reshape(len(sigma), -1)
        coupling = flat @ np.swapaxes(each, 1, 2).reshape(len(sigma), -1).T * gain
        tau2 = np.asarray(np.linalg.solve(np.eye(len(sigma)) - coupling, noise + gap), float)
        noisy = q @ np.tensordot(gain * tau2, sigma, 1) @ q
        if self.constant:
            noisy[-1, -1] = (about.gain() @ tau2 - about.own @ contrast) / sigma[0, -1, -1]
        covariance = through(kept) + noisy
        df2 = float(np.sum(pull.sum(axis=0) ** 2))
        return Solved(mean, covariance, kept, coupling, tau2, df2)


def _longer(covariance: Array, length: float, constant: bool) -> Array:
    """The covariance of rows that are longer, but for a constant."""
    found = length * covariance
    if constant:
        found[-1, -1] = covariance[-1, -1]
    return found


def whole(covariance: Covariance | None, spectrum: Array) -> Array:
    """A covariance as a matrix."""
    return np.diag(spectrum) if covariance is None else matrix(covariance)


def resolvent(sigma: Array, number: Array, weight: Array, absolute: float) -> tuple[Array, Array]:
    """``e_s = 1 / (alpha + weight_s tr(Sigma_s Q))`` and ``Q = (beta + sum_s n_s weight_s e_s Sigma_s)^-1``.

    Scaled as in `weighted.resolvent`, and solved in the same way.
    """
    one = np.eye(sigma.shape[-1])
    least_squares = absolute == 0 and number.sum() > len(one)
    alpha, beta = (1.0, 0.0) if least_squares else (absolute, 1.0)
    strength = number * weight
    e = 1 / (alpha + weight * np.einsum("sii->s", sigma))
    for _ in range(500):
        q = np.asarray(np.linalg.inv(beta * one + np.tensordot(strength * e, sigma, 1)), float)
        each = q @ sigma
        trace = alpha + weight * np.einsum("sii->s", each)
        value = 1 / e - trace
        if np.max(np.abs(value) * e) < 1e-12:
            return e, q
        flat, turned = (m.reshape(len(sigma), -1) for m in (each, np.swapaxes(each, 1, 2)))
        jacobian = weight[:, None] * strength * (flat @ turned.T) * e
        jacobian[np.diag_indices_from(jacobian)] -= 1 / e
        step = np.linalg.solve(jacobian, -value)
        e = e * (np.exp(step) if np.abs(step).max() < 1 else 1 / (e * trace))
    raise NotSolvedError("the fixed point of sources with covariance matrices did not converge")
