"""Rows, weights and shares of a plan as arrays over its sources, so that they can be varied.

A generation in which models label rows has N new rows, of which a share a is real:

    rows = scale * (a N part  of a real source, (1 - a) N part  of one that a model labels) ,

``part`` being a source's share among those of its kind. A label that mixes a real one and others with
coefficients c has ``a`` and ``(1 - a) c / sum(c)`` instead.
"""

from __future__ import annotations

import math
from dataclasses import replace
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.generation import REAL, Generation, Source
from genloss.plan import Plan
from genloss.theory.gradients.found import Gradient
from genloss.tuning.prices import Prices

Array = npt.NDArray[np.float64]


class Setting(NamedTuple):
    """What a plan is changed to; None leaves it as it is.

    Attributes
    ----------
    penalty : ndarray of shape (n_models,) or None
        Every fit's penalty; NaN leaves the choice to the fit.
    real : float or None
        Share of real rows, or of the real one in every label.
    weight : float or None
        Weight of a row that a model labels; a real one has 1.
    scale : float
        Common factor of all numbers of rows.
    """

    penalty: Array | None
    real: float | None
    weight: float | None
    scale: float


class Kind(IntEnum):
    """What a share of real labels means for a source."""

    STAYS = 0
    REAL = 1
    MODEL = 2
    MIXED = 3


class Layout:
    """A plan's sources in a row, with what a setting makes of them.

    Parameters
    ----------
    plan : Plan
        Any plan.
    shares : bool
        Whether the share of real labels varies: generations then get real rows where they have none.

    Attributes
    ----------
    kind, model : ndarray of int of shape (n_sources,)
        What the share of real labels means for every source, and the fit it belongs to.
    sources : list of Source
        All of them, with real ones where the share of real labels varies.
    weighed : ndarray of bool of shape (n_sources,)
        Rows that a model labels beside real ones, or beside rows that keep their labels.
    """

    def __init__(self, plan: Plan, shares: bool) -> None:
        split = [_split(generation) if shares else generation for generation in plan]
        self.plan = plan
        self._split = split
        first: dict[Generation, int] = {}
        self._alike = [first.setdefault(generation, len(first)) for generation in split]
        sources = [source for generation in split for source in generation.sources]
        self.sources = sources
        self.model = np.repeat(range(len(split)), [len(each.sources) for each in split])
        self.kind = np.array(
            [
                _kind(s, generation) if shares else Kind.STAYS
                for generation in split
                for s in generation.sources
            ]
        )
        rows = np.array([float(source.new_rows) for source in sources])
        changed = self.kind != Kind.STAYS
        mixed = self.kind == Kind.MIXED
        own = np.array([_rows_of(g) for g in plan], dtype=float)[self.model]
        # generations that have no real rows yet got some of one row: parts, not numbers, count
        self._rows = np.where(changed & ~mixed, 0.0, rows)
        _, group = np.unique(self.model * len(Kind) + self.kind, return_inverse=True)
        of_kind = np.bincount(group, rows)[group]
        self._stacked = np.where(
            changed & ~mixed, own * rows / np.where(of_kind > 0, of_kind, 1), 0.0
        )
        told = {m for m, source in zip(self.model, sources, strict=True) if _is_told(source)}
        self.weighed = np.array(
            [m in told and _is_model(source) for m, source in zip(self.model, sources, strict=True)]
        )

    @property
    def real(self) -> float:
        """Share of real labels in the plan that was given, of the last generation that has one."""
        for generation in reversed(self.plan.generations):
            for source in generation.sources:
                if _kind(source, generation) == Kind.MIXED:
                    return float(source.mixture["real"])
            if any(_is_model(source) and source.inputs == "new" for source in generation.sources):
                real = sum(s.new_rows for s in generation.sources if s.labeler == "real")
                return real / _rows_of(generation)
        return 1.0

    @property
    def mixes_by_shares(self) -> bool:
        """Whether labels that mix real ones with a model's do so by shares, between 0 and 1."""
        mixed = [
            source
            for source, kind in zip(self.sources, self.kind, strict=True)
            if kind == Kind.MIXED
        ]
        return all(0 <= source.mixture["real"] <= 1 for source in mixed)

    @property
    def weight(self) -> float:
        """Weight of the last rows that a model labels beside real ones."""
        return self.sources[int(np.flatnonzero(self.weighed)[-1])].weight

    def rows(self, real: float | None) -> Array:
        """Rows of every source, as any numbers, at scale one."""
        if real is None:
            return self._rows
        return self._rows + np.where(self.kind == Kind.REAL, real, 1 - real) * self._stacked

    @property
    def by_real(self) -> Array:
        """Slope of `rows` in the share."""
        return np.where(self.kind == Kind.REAL, 1.0, -1.0) * self._stacked

    def prices(self, prices: Prices) -> Array:
        """Price of a label of every source; of rows of before, as much as they were."""
        return np.array([prices.of_source(source) for source in self.sources])

    def reused(self) -> Array:
        """Matrix (n_sources, n_sources): whose rows every source labels anew, or its own."""
        found = np.eye(len(self.sources))
        for at, source in enumerate(self.sources):
            if source.inputs != "new":
                found[at] = self.model == source.inputs
        return found

    def to_plan(self, setting: Setting) -> Plan:
        """The plan with the setting, in whole rows."""
        rows = setting.scale * self.rows(setting.real)
        built: list[Generation] = []
        known: dict[tuple[int, float | None], Generation] = {}
        for model, generation in enumerate(self._split):
            lam = None if setting.penalty is None else float(setting.penalty[model])
            if lam is not None and math.isnan(lam):  # chosen by the fit
                lam = None
            key = self._alike[model], lam
            if key not in known:
                own = self.model == model
                made = self._generation(generation, rows[own], self.weighed[own], setting)
                known[key] = made if lam is None else made.with_penalty(lam)
            built.append(known[key])
        return Plan(tuple(built))

    def _generation(
        self, generation: Generation, rows: Array, weighed: npt.NDArray[np.bool_], setting: Setting
    ) -> Generation:
        ends = np.rint(np.cumsum(rows))
        counts = np.diff(ends, prepend=0.0).astype(np.int64)
        if not counts.any() and generation.n_samples:
            counts[int(np.argmax(rows))] = 1
        sources = []
        for source, count, heavy in zip(generation.sources, counts.tolist(), weighed, strict=True):
            if source.inputs == "new" and not count:
                continue
            made = source if source.inputs != "new" else replace(source, n_samples=count)
            if setting.weight is not None and heavy:
                made = replace(made, weight=setting.weight)
            if setting.real is not None and _kind(source, generation) == Kind.MIXED:
                made = replace(made, labeler=mixed(source, setting.real))
            sources.append(made)
        drawn = generation.subsample
        if drawn is not None:
            drawn = max(1, round(drawn * setting.scale))
        return replace(generation, sources=tuple(sources), subsample=drawn)

    def slope_of_share(self, found: Gradient, real: float, scale: float) -> float:
        """Slope of an objective in the share of real labels, at a fixed scale."""
        slope = scale * float(np.concatenate(found.n_samples) @ self.by_real)
        noises = np.concatenate(found.noise)
        for at in np.flatnonzero(self.kind == Kind.MIXED):
            source, model = self.sources[at], int(self.model[at])
            place = at - int(np.argmax(self.model == model))
            own = found.shares[model][place]
            others = {who: c for who, c in source.mixture.items() if who != "real"}
            total = sum(others.values())
            slope += own.get(REAL, 0.0)
            by_number = replace(source, labeler=tuple(others.items())).labeler_numbers(model)
            slope -= sum(own.get(k, 0.0) * c / total for k, c in by_number.items())
            noisy = source.noise if source.real_noise is None else source.real_noise
            square = source.noise**2 * sum(c**2 for c in others.values()) / total**2
            noise = replace(source, labeler=mixed(source, real)).label_noise
            if noise:
                slope += noises[at] * (real * noisy**2 - (1 - real) * square) / noise
        return slope

    def slope_of_scale(self, found: Gradient, real: float | None, scale: float) -> float:
        """Slope in the logarithm of the scale."""
        return scale * float(np.concatenate(found.n_samples) @ self.rows(real))

    def slope_of_weight(self, found: Gradient, weight: float) -> float:
        """Slope in the logarithm of the weight."""
        return weight * float(np.concatenate(found.weight)[self.weighed].sum())


def _kind(source: Source, generation: Generation) -> Kind:
    if source.inputs != "new" or not any(map(_is_made, generation.sources)):
        return Kind.STAYS
    mixtures = [_is_mixed(each) for each in generation.sources]
    if any(mixtures):
        return Kind.MIXED if _is_mixed(source) else Kind.STAYS
    return Kind.REAL if source.labeler == "real" else Kind.MODEL


def _is_made(source: Source) -> bool:
    """New rows whose labels a model has a part in."""
    return source.inputs == "new" and source.labeler != "real" and set(source.mixture) != {"real"}


def _is_mixed(source: Source) -> bool:
    return source.inputs == "new" and "real" in source.mixture and len(source.mixture) > 1


def _is_model(source: Source) -> bool:
    """Labelled by models alone."""
    return not {"real", "kept"} & set(source.mixture)


def _is_told(source: Source) -> bool:
    """With real labels, or those that rows have from before."""
    return bool({"real", "kept"} & set(source.mixture))


def _rows_of(generation: Generation) -> int:
    return sum(source.new_rows for source in generation.sources)


def mixed(source: Source, real: float) -> tuple[tuple[str | int, float], ...]:
    """A labeler with another share of the real one."""
    others = {who: c for who, c in source.mixture.items() if who != "real"}
    total = sum(others.values())
    scaled = {who: (1 - real) * c / total for who, c in others.items()}
    return tuple(({"real": real} | scaled).items())  # type: ignore[arg-type]


def _split(generation: Generation) -> Generation:
    """Real rows first, one for every source of a model's where there are none."""
    sources = generation.sources
    if not any(map(_is_made, sources)) or any(map(_is_mixed, sources)):
        return generation
    new = [source for source in sources if source.inputs == "new"]
    real = [source for source in new if source.labeler == "real"]
    made = [source for source in new if source.labeler != "real"]
    twins = real or [replace(source, labeler="real", keep=None) for source in made]
    reused = [source for source in sources if source.inputs != "new"]
    return replace(generation, sources=(*twins, *made, *reused))
