"""A run of models on one design, and its slopes (`filters.md`).

Every model is ``sum_k F_k(S) theta_k`` over labelers from outside the run, and label noises through functions of S beside
it. Its error is a quadratic form in the values of F at the places of a contour, and linear in those of C, the sum of the
noises' functions squared:

    risk = const - 2 sum_k b_k F_k + sum_kl F_k S_kl F_l + h C ,   F_t = v_t sum_u c_u F_u ,   C_tt = v_t**2 (sum_uw c_u c_w C_uw + noise**2) ,

v_t being what the t-th fit makes of an eigenvalue. How F and C move with all numbers is carried along: slopes in single
values, which a recursion backwards would hand on, are all rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.closed import design_runs
from genloss.theory.filters.contour import Contour
from genloss.theory.filters.run import contour_of, values_of
from genloss.theory.gradients.differences import STEP
from genloss.theory.gradients.found import Gradient, Objective
from genloss.theory.gradients.tape import Pair, pair

Array = npt.NDArray[np.float64]
Steps = Sequence[Step]
Outside = Mapping[int, tuple[Array, Array]]


def is_run(steps: Steps) -> bool:
    """Whether a plan is one run on one design, of linear labels."""
    whole = range(len(steps))
    return all(step.is_linear for step in steps) and design_runs(steps).get(0) == whole


def along_run(
    directions: Spectrum,
    steps: Steps,
    penalty: Array,
    objective: Objective,
    outside: Outside,
    between: Mapping[Pair, Array],
    *,
    moving: bool,
) -> Gradient:
    """`gradient` for such steps, with other penalties; slopes in penalties alone if no others are ``moving``."""
    steps = [step._replace(penalty=float(penalty[step.model])) for step in steps]
    contour = contour_of(directions, steps)
    names = [REAL, *outside]
    second = _second(directions, names, outside, between)
    forms = _Forms.of(contour, second)
    run = _Run(steps, names, contour, moving=moving)
    slopes = run.followed(forms)
    risk = run.errors(forms)
    weights = objective(risk)
    found, total = Gradient.blank(len(steps))._replace(risk=risk), weights @ slopes
    for step in steps:
        [block], at = step.blocks, run.at[step.model]
        found.penalty[step.model] = total[at.penalty]
        found.n_samples[step.model] = np.zeros(1)  # the rows are the first model's
        found.weight[step.model] = found.noise[step.model] = np.full(1, np.nan)
        found.shares[step.model] = [dict.fromkeys(block.shares, np.nan)]
        if moving:
            found.weight[step.model] = total[[at.weight]]
            found.noise[step.model] = 2 * block.noise * total[[at.noise]]
            found.shares[step.model] = [{u: float(total[k]) for u, k in at.shares.items()}]
    if moving:
        n = contour.n
        beside = (
            _Forms.of(Contour(directions, n * (1 + by), contour.nodes), second)
            for by in (STEP, -STEP)
        )
        up, down = (weights @ run.errors(each) for each in beside)
        found.n_samples[0] = np.array([up - down]) / (2 * STEP * n)
    return found


def _second(
    directions: Spectrum, names: Sequence[int], outside: Outside, between: Mapping[Pair, Array]
) -> tuple[Array, Array]:
    """Filters (k, p) and second moments (k, k, p) of labelers from outside."""
    one = np.ones_like(directions.eigenvalues)
    filters = np.array([one if u == REAL else outside[u][0] for u in names])
    spread = np.zeros((len(names), *filters.shape))
    for i, u in enumerate(names):
        for j, v in enumerate(names):
            if u == v and u != REAL:
                spread[i, j] = outside[u][1]
            elif REAL not in (u, v):
                spread[i, j] = between.get(pair(u, v), 0.0)
    return filters, directions.energy * filters[:, None] * filters + spread


class _Forms(NamedTuple):
    """The error of a model as it hangs on its functions, from coefficients that these have (`Nodes.read`)."""

    whole: float
    linear: Array
    square: Array
    noisy: Array

    @classmethod
    def of(cls, contour: Contour, second: tuple[Array, Array]) -> _Forms:
        filters, moments = second
        directions, turn, kappa = contour.directions, contour.nodes.turn, contour.kappa
        s, signal, count = directions.eigenvalues, directions.signal, directions.multiplicity
        linear = 2 * ((contour.resolvent @ (s * signal * filters).T).T @ turn).real
        noisy = 2 * ((contour.resolvent @ (s**2 * count)) @ turn).real / contour.n
        square = np.zeros((*moments.shape[:2], turn.shape[1], turn.shape[1]))
        for mirrored in (False, True):
            other = kappa.conj() if mirrored else kappa
            crossed = contour.across(s**2 * count, mirrored) / contour.free[mirrored]
            crossed *= kappa[:, None] * other
            for i, row in enumerate(moments):
                for j, energy in enumerate(row):
                    pairs = contour.across(s**3 * energy, mirrored)
                    pairs = pairs + crossed * contour.across(s * energy, mirrored)
                    square[i, j] += 2 * (turn.T @ pairs @ (turn.conj() if mirrored else turn)).real
        return cls(float(signal.sum()), linear, square, noisy)


class _Place(NamedTuple):
    """Where the slopes in numbers of a model stand among all."""

    penalty: int
    weight: int
    noise: int
    shares: dict[int, int]


class _Moved(NamedTuple):
    """Values at the places (..., m), and how they move with every number (numbers, ..., m)."""

    values: Array
    slopes: Array

    def add(self, share: float, other: _Moved, number: int | None) -> None:
        """Add a share of another, which may be one of the numbers."""
        self.values[:] += share * other.values
        self.slopes[:] += share * other.slopes
        if number is not None:
            self.slopes[number] += other.values

    def times(self, by: Array, moves: Mapping[int, Array]) -> _Moved:
        """All of it times values that move with some of the numbers."""
        slopes = by * self.slopes
        for number, move in moves.items():
            slopes[number] += move * self.values
        return _Moved(by * self.values, slopes)


class _Run:
    """The models of a run: their errors, and slopes of each in all numbers."""

    def __init__(
        self, steps: Steps, names: Sequence[int], contour: Contour, *, moving: bool
    ) -> None:
        self._steps, self._names, self._nodes, self._moving = steps, names, contour.nodes, moving
        self.at: list[_Place] = []
        used = 0
        for step in steps:
            each = range(used + 3, used + 3 + len(step.blocks[0].shares))
            shares = dict(zip(step.blocks[0].shares, each, strict=True))
            self.at.append(_Place(used, used + 1, used + 2, shares))
            used += 3 + len(shares) if moving else 1
        self._numbers = used
        self._functions: dict[int, _Moved] = {}
        self._noises: dict[Pair, _Moved] = {}
        self._read: list[tuple[Array, Array]] = []

    def errors(self, forms: _Forms) -> Array:
        """Errors of models that were followed, by other forms."""
        return np.array(
            [
                forms.whole
                - 2 * np.sum(forms.linear * own)
                + np.einsum("kr,klrq,lq->", own, forms.square, own, optimize=True)
                + forms.noisy @ noisy
                for own, noisy in self._read
            ]
        )

    def followed(self, forms: _Forms) -> Array:
        """Slopes of every model's error (models, numbers), one model after the other."""
        read, x = self._nodes.read.T, self._nodes.x
        found = np.empty((len(self._steps), self._numbers))
        alive: list[int] = []
        for step in self._steps:
            alive = [u for u in alive if self._steps[u].last_use > step.model]
            self._fit(step, alive)
            own, noisy = self._functions[step.model], self._noises[step.model, step.model]
            kept = own.values @ read
            self._read.append((kept, (noisy.values / x) @ read))
            by_kept = 2 * np.einsum("klrq,lq->kr", forms.square, kept) - 2 * forms.linear
            found[step.model] = np.tensordot(own.slopes @ read, by_kept, 2)
            found[step.model] += ((noisy.slopes / x) @ read) @ forms.noisy
            alive += [step.model] if step.last_use > step.model else []
            self._functions = {u: self._functions[u] for u in alive}
            some = {*alive}
            self._noises = {two: each for two, each in self._noises.items() if some.issuperset(two)}
        return found

    def _fit(self, step: Step, alive: Sequence[int]) -> None:
        """Add the functions of a model, and what it has in common with some others of the noises."""
        [block], model, at, x = step.blocks, step.model, self.at[step.model], self._nodes.x
        values, moves = values_of(step, x), {at.penalty: _by_penalty(step, x)}
        if self._moving:
            moves[at.weight] = _by_weight(step, x)
        told = self._none((len(self._names), x.size))
        for u, share in block.shares.items():
            if u in self._functions:
                told.add(share, self._functions[u], self._share(at, u))
                continue
            told.values[self._names.index(u)] += share
            if self._moving:
                told.slopes[at.shares[u], self._names.index(u)] += 1
        self._functions[model] = told.times(values, moves)

        inside = [u for u in block.shares if u in self._functions]
        heard = self._none((x.size,))
        heard.values[:] = block.noise**2
        if self._moving:
            heard.slopes[at.noise] = 1.0
        for u in inside:
            heard.add(block.shares[u], self._with(step, inside, u), self._share(at, u))
        loud = {number: 2 * values * move for number, move in moves.items()}
        for u in alive:
            self._noises[u, model] = self._with(step, inside, u).times(values, moves)
        self._noises[model, model] = heard.times(values**2, loud)

    def _with(self, step: Step, inside: Sequence[int], other: int) -> _Moved:
        """What its labels have in common with a model of the run."""
        total = self._none(self._nodes.x.shape)
        for u in inside:
            common, share = self._noises[pair(u, other)], step.blocks[0].shares[u]
            total.add(share, common, self._share(self.at[step.model], u))
        return total

    def _share(self, at: _Place, labeler: int) -> int | None:
        return at.shares[labeler] if self._moving else None

    def _none(self, shape: tuple[int, ...]) -> _Moved:
        return _Moved(np.zeros(shape), np.zeros((self._numbers, *shape)))


def _by_penalty(step: Step, x: Array) -> Array:
    """Slopes in its penalty of what a fit makes of eigenvalues."""
    lam = step.penalty
    if not lam:
        return np.zeros_like(x)
    up, down = (values_of(step._replace(penalty=lam * (1 + by)), x) for by in (STEP, -STEP))
    return np.asarray((up - down) / (2 * STEP * lam))


def _by_weight(step: Step, x: Array) -> Array:
    """Slopes in the weight of its rows, which is that of eigenvalues."""
    up, down = (values_of(step, x * (1 + by)) for by in (STEP, -STEP))
    return np.asarray((up - down) / (2 * STEP * step.blocks[0].weight))
