"""Least squares on one design labelled anew again and again (`paper.md` 2.1, 2.4; `theory.md` 2.7).

With P the projection on the row space, every model of the run is
``sum_k a_k P w_k + sum_j e_j X^+ E_j`` over labelers k from outside the run and noises j inside it:
the projection acts once however long the run is, because ``P X^+ = X^+`` and ``P P = P``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.theory.fit import Stage
from genloss.theory.labelers import Group
from genloss.theory.moments import Moments

Array = npt.NDArray[np.float64]


class Run:
    """Models fitted by least squares on one design, each with a single source."""

    def __init__(self, moments: Moments, stage: Stage) -> None:
        self.moments, self.stage = moments, stage
        self.outside: dict[int, dict[int, float | Array]] = {}
        self.inside: dict[int, Array] = {}  # share of every noise so far
        self.noise = np.empty((0, moments.shape[0]))
        self._projected: dict[tuple[int, int], Array | float] = {}
        self._filters: dict[int, Array | float] = {}
        self._beyond: dict[int, dict[int, Array | float]] = {}
        self._exact = True

    def fit(self, rows: Group, model: int) -> None:
        """Fit the next model of the run on the same inputs."""
        outside: dict[int, float | Array] = {}
        self.noise = np.vstack([self.noise, rows.variance.T])
        inside = np.zeros(len(self.noise))
        inside[-1] = 1.0
        for labeler, share in rows.labeler.items():
            if labeler in self.outside:
                terms, noises = self.outside[labeler], self.inside[labeler]
                inside[: noises.size] += share * noises
            else:
                self._meet(labeler)
                terms = {labeler: 1.0}
            for k, a in terms.items():
                outside[k] = outside.get(k, 0.0) + share * a
        self.outside[model], self.inside[model] = outside, inside
        mean = sum(a * self._filters[k] for k, a in outside.items())
        self.moments.record(
            model,
            self.stage.shrunk(mean),
            self._covariance(model, model),
            lambda u: (
                self._covariance(model, u)
                if u in self.outside
                else self._covariance_beyond(model, u)
            ),
            self.stage.exact and self._exact,
        )

    def _meet(self, labeler: int) -> None:
        """Take in a labeler from outside: E P w_k w_l' P for every l met so far."""
        if labeler in self._filters:
            return
        moments, stage = self.moments, self.stage
        self._exact &= moments.exact[labeler]
        self._filters[labeler] = moments.filters[labeler]
        # labelers may be forgotten by the moments while the run still descends from them
        self._beyond[labeler] = {
            u: moments.covariance({labeler: 1.0}, {u: 1.0})
            for u in moments.filters
            if moments.related(labeler, u)
        }
        for known, filter_ in self._filters.items():
            spread = self._beyond[known][labeler]
            both = moments.signal * (self._filters[labeler] * filter_)
            value = stage.spread(both, spread)
            self._projected[labeler, known] = self._projected[known, labeler] = value

    def _covariance(self, model: int, other: int) -> Array:
        total = np.zeros(self.moments.shape)
        for k, a in self.outside[model].items():
            for u, b in self.outside[other].items():
                total += (a * b) * self._projected[k, u]
        one, two = self.inside[model], self.inside[other]
        both = min(one.size, two.size)
        label_noise = ((one[:both] * two[:both]) @ self.noise[:both])[:, None]
        return total + label_noise * self.stage.label_gain if np.any(label_noise) else total

    def _covariance_beyond(self, model: int, other: int) -> Array | float:
        """Covariance with a model from outside the run, on which the design does not depend."""
        terms = self.outside[model].items()
        return self.stage.shrunk(sum(a * self._beyond[k][other] for k, a in terms))
