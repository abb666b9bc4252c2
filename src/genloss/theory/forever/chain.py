"""A block of generations as one affine map: its fixed point and its spectral radius, by solving.

Per direction i the state x_i holds the covariances of the models before the block, and one block makes

    x_i' = A_i x_i + G_i q + c_i ,    q = Q q + r + sum_i H_i x_i

of it, with few scalars q (``tau**2`` of every fit). So mu is an eigenvalue if it is one of some A_i, or
if ``Phi(mu) = Q + sum_i H_i (mu - A_i)^-1 G_i`` has the eigenvalue 1. Second moments stay second
moments, so that Phi has no negative entries beyond all A_i, and its largest eigenvalue falls with mu:
the radius is one root of one falling function (`for-ever.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL
from genloss.theory.forever.links import Link

Array = npt.NDArray[np.float64]
Pair = tuple[int, int]

_STEPS = 200  # of the search for a root: each brings a digit or more
_NEAR = 1e-13  # relative: what is closer to a pole is on it


class Means(NamedTuple):
    """Filters of the models of one block after very many, by number, and how fast they settle."""

    filters: dict[int, Array]
    radius: Array


class BlockMap(NamedTuple):
    """A block as a map: arrays over plans b, directions p, covariances m and scalars j."""

    own: Array  # A (b, p, m, m)
    gain: Array  # G (b, p, m, j)
    constant: Array  # c (b, p, m)
    heard: Array  # H (b, j, p, m)
    direct: Array  # Q (b, j, j)
    noise: Array  # r (b, j)
    last: Array
    """Variance of the last model as a form of state, scalars and one, (b, p, m + j + 1)."""

    def response(self, mu: Array) -> Array:
        """Phi at one mu per plan, (b, j, j)."""
        return self.direct + np.einsum(
            "bjpm,bpmk->bjk", self.heard, _solve(mu[:, None], self.own, self.gain)
        )

    def radius(self) -> Array:
        """The largest eigenvalue, (b,)."""
        floor = _spectral_radius(self.own).max(axis=1)
        low = np.maximum(floor * (1 + _NEAR), np.finfo(float).tiny)

        def excess(mu: Array) -> Array:
            # 1 / rho rises with mu and is nearly straight, also beside a pole
            rho = perron(self.response(mu))
            return np.where(rho > 0, 1 / np.maximum(rho, 1e-300) - 1, np.inf)

        root = _rising_root(excess, low)
        return np.asarray(np.where(root > low, root, floor))

    def border(self) -> Array:
        """The largest eigenvalue of Phi(1): below one where the block is stable, infinite beyond a pole."""
        inside = _spectral_radius(self.own).max(axis=1) < 1
        rho = perron(self.only(inside).response(np.ones(len(inside))))
        return np.where(inside, rho, np.inf)

    def only(self, some: npt.NDArray[np.bool_]) -> BlockMap:
        """The map of some of the plans, and nothing of the others."""
        return BlockMap(
            *(np.where(some.reshape(-1, *[1] * (part.ndim - 1)), part, 0.0) for part in self)
        )

    def fixed_point(self) -> Array:
        """Variance of the last model after very many blocks, (b, p); where the radius is below 1."""
        one = np.ones(len(self.own))
        still = _solve(one[:, None], self.own, self.constant[..., None])[..., 0]
        heard = self.noise + np.einsum("bjpm,bpm->bj", self.heard, still)
        left = np.eye(self.noise.shape[1]) - self.response(one)
        scalars = np.linalg.solve(left, heard[..., None])[..., 0]
        source = self.constant + np.einsum("bpmj,bj->bpm", self.gain, scalars)
        state = _solve(one[:, None], self.own, source[..., None])[..., 0]
        m, j = self.own.shape[-1], scalars.shape[1]
        found = (
            np.einsum("bpm,bpm->bp", self.last[..., :m], state)
            + np.einsum("bpj,bj->bp", self.last[..., m : m + j], scalars)
            + self.last[..., -1]
        )
        return np.maximum(found, 0.0)  # where it is none, rounding is on either side of zero


def means(
    links: Sequence[Link], first: int, reach: int, fixed: Mapping[int, Array | float]
) -> Means:
    """Settle the mean models: a filter each, times the truth. ``fixed`` are those that stay."""
    shape = links[0].pull.shape[1:]
    forms: dict[int, Array] = {}
    for place in range(reach):
        forms[first - reach + place] = np.zeros((*shape, reach + 1))
        forms[first - reach + place][..., place] = 1.0
    for model, link in enumerate(links, first):
        form = np.zeros((*shape, reach + 1))
        for pull, u in zip(link.pull, link.labelers, strict=True):
            if u in forms:
                form += pull[..., None] * forms[u]
            else:
                form[..., -1] += pull * fixed[u]
        forms[model] = form
    end = first + len(links)
    after = np.stack([forms[end - reach + k] for k in range(reach)], axis=-2) if reach else None
    if after is None:
        return Means({u: form[..., -1] for u, form in forms.items()}, np.zeros(shape[0]))
    own, constant = after[..., :-1], after[..., -1:]
    radius = _spectral_radius(own).max(axis=1)
    settled = radius < 1 - _NEAR
    safe = np.where(settled[:, None, None, None], own, 0.0)
    state = _solve(np.ones((shape[0], 1)), safe, constant)[..., 0]
    # of a mean that never settles nothing is known
    state = np.where(settled[:, None, None], state, np.nan)
    filters = {
        u: np.einsum("bpk,bpk->bp", form[..., :-1], state) + form[..., -1]
        for u, form in forms.items()
    }
    return Means(filters, radius)


def block_map(
    links: Sequence[Link],
    first: int,
    reach: int,
    signal: Array,
    filters: Mapping[int, Array | float],
    known: Mapping[Pair, Array],
) -> BlockMap:
    """Compose a block.

    ``filters`` are those of all models; ``known`` holds the covariances that involve a model that
    stays, with itself, with another one, or with one of the block.
    """
    shape = links[0].pull.shape[1:]
    window = range(first - reach, first)
    pairs = [(u, v) for u in window for v in window if u <= v]
    m, scalars = len(pairs), sum(len(link.gain) for link in links)
    size = m + scalars + 1
    forms: dict[Pair, Array] = {}
    for place, pair in enumerate(pairs):
        forms[pair] = np.zeros((*shape, size))
        forms[pair][..., place] = 1.0
    for pair, value in known.items():
        forms[pair] = np.zeros((*shape, size))
        forms[pair][..., -1] = value

    heard = np.zeros((scalars, *shape, m))
    direct = np.zeros((shape[0], scalars, scalars))
    noise = np.zeros((shape[0], scalars))
    start = 0
    for model, link in enumerate(links, first):
        own = slice(start, start + len(link.gain))
        start = own.stop
        variance = np.zeros((*shape, size))
        variance[..., m + own.start : m + own.stop] = np.moveaxis(link.gain, 0, -1)
        variance[..., -1] += link.spread
        listened = np.zeros((len(link.gain), *shape, size))
        for k, one in enumerate(link.labelers):
            for v, other in enumerate(link.labelers):
                of_means = signal * (filters[one] * filters[other])
                beyond = link.square[k, v] - link.pull[k] * link.pull[v]
                variance[..., -1] += beyond * of_means
                listened[..., -1] += link.heard[:, k, v] * of_means
                if REAL in (one, other):
                    continue
                form = forms[_pair(one, other)]
                variance += link.square[k, v][..., None] * form
                listened += link.heard[:, k, v][..., None] * form
        heard[own] = listened[..., :m]
        noise[:, own] = link.noise.T + listened[..., -1].sum(axis=2).T
        among = np.moveaxis(listened[..., m:-1].sum(axis=2), 0, 1)
        among[:, :, own] += link.coupling
        direct[:, own] = among
        for u in {u for pair in forms for u in pair}:
            terms = zip(link.pull, link.labelers, strict=True)
            if _pair(u, model) not in known:
                form = np.zeros((*shape, size))
                for pull, k in terms:
                    if k != REAL:
                        form += pull[..., None] * forms[_pair(k, u)]
                forms[_pair(u, model)] = form
        forms[model, model] = variance

    end = first + len(links)
    moved = [(u + len(links), v + len(links)) for u, v in pairs]
    rows = [forms[pair] for pair in moved] or [np.zeros((*shape, size))[..., :0, :]]
    after = np.stack(rows, axis=-2) if pairs else np.zeros((*shape, 0, size))
    return BlockMap(
        after[..., :m],
        after[..., m:-1],
        after[..., -1],
        np.moveaxis(heard, 0, 1),
        direct,
        noise,
        forms[end - 1, end - 1],
    )


def perron(matrix: Array) -> Array:
    """Largest eigenvalue of matrices without negative entries, (b, j, j) to (b,)."""
    if matrix.shape[-1] == 1:
        return np.asarray(matrix[..., 0, 0])
    return np.asarray(np.abs(np.linalg.eigvals(matrix)).max(axis=-1))


def _pair(one: int, other: int) -> Pair:
    return (one, other) if one <= other else (other, one)


def _solve(mu: Array, own: Array, right: Array) -> Array:
    """``(mu - own)^-1 right`` for mu of shape (b, 1) or (b, p)."""
    if own.shape[-1] == 1:
        return right / (mu[..., None, None] - own)
    if own.shape[-1] == 0:
        return right
    left = mu[..., None, None] * np.eye(own.shape[-1]) - own
    return np.asarray(np.linalg.solve(left, right), dtype=np.float64)


def _spectral_radius(own: Array) -> Array:
    if own.shape[-1] == 0:
        return np.zeros(own.shape[:2])
    if own.shape[-1] == 1:
        return np.asarray(np.abs(own[..., 0, 0]))
    return np.asarray(np.abs(np.linalg.eigvals(own)).max(axis=-1), dtype=np.float64)


def _rising_root(function: Callable[[Array], Array], low: Array) -> Array:
    """Root beyond ``low`` of a rising function per plan; ``low`` itself where it is not negative there."""
    at_low = function(low)
    high, at_high, step = low, at_low, np.maximum(low, 1e-3)
    while (short := at_high < 0).any():
        low, at_low = np.where(short, high, low), np.where(short, at_high, at_low)
        high = np.where(short, high + step, high)
        at_high = np.where(short, function(high), at_high)
        step = 4 * step
    side = np.zeros(low.shape)
    root, value = high, at_high
    for _ in range(_STEPS):
        if ((np.abs(value) < _NEAR) | (high - low <= _NEAR * high)).all():
            break
        with np.errstate(invalid="ignore", divide="ignore"):
            root = low - at_low * (high - low) / (at_high - at_low)
        root = np.where((root > low) & (root < high), root, (low + high) / 2)
        value = function(root)
        below = value < 0
        # Illinois: an end that stays for a second time counts half
        at_high = np.where(below & (side < 0), at_high / 2, at_high)
        at_low = np.where(~below & (side > 0), at_low / 2, at_low)
        side = np.where(below, -1.0, 1.0)
        low, at_low = np.where(below, root, low), np.where(below, value, at_low)
        high, at_high = np.where(below, high, root), np.where(below, at_high, value)
    return root
