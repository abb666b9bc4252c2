"""Numbers too large or too small to be squared: computed in other units of inputs and labels.

With inputs in units of ``2**(x/2)`` and labels in units of ``2**y`` a problem is another one: spectrum
and penalties over ``2**x``, noise over ``2**y``, truth times ``2**(x/2 - y)``, and risks ``2**(2y)`` smaller.
Powers of two leave every digit as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.covariances import Covariance, is_matrix
from genloss.curve import Curve
from genloss.errors import InvalidInputError
from genloss.external import External
from genloss.generation import Generation, Source
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.spectrum import Spectral

_ANNIHILATING = 2.0**1000
_ORDINARY = 2.0**200  # numbers up to this, and down to its inverse, are squared without thought


def is_ordinary(problem: Spectral) -> bool:
    """Whether a problem can be computed with as it is written."""
    if not isinstance(problem, Problem):  # a power law: its first eigenvalue is one
        return True
    s, energy = problem.directions.eigenvalues, problem.directions.energy
    return bool(s.min() > 1 / _ORDINARY and s.max() < _ORDINARY and energy.max() < _ORDINARY**2)


class Units(NamedTuple):
    """Exponents of two: of a covariance (even), of a label, and of a row's weight."""

    covariance: int
    label: int
    weight: int

    @classmethod
    def of(cls, problem: Problem, plans: Sequence[Plan]) -> Units:
        """Units in which the largest eigenvalue, the largest label and the largest weight are about 1."""
        sources = [source for plan in plans for each in plan for source in each.sources]
        truth = np.abs(problem.truth).reshape(problem.dim, -1).max(axis=1)
        told = truth > 0
        noise = np.array([s.label_noise for s in sources if s.label_noise > 0])
        loud = np.log2(problem.spectrum[told]) / 2 + np.log2(truth[told])
        label = max([*loud, *np.log2(noise)], default=0.0)
        weight = np.log2(max(source.weight for source in sources))
        covariance = 2 * round(float(np.log2(problem.spectrum.max())) / 2)
        return cls(covariance, round(float(label)), round(float(weight)))

    @property
    def back(self) -> Units:
        """From these units to those that were given."""
        return Units(-self.covariance, -self.label, -self.weight)

    def problem(self, problem: Problem) -> Problem:
        """The problem in these units."""
        spectrum = _times(problem.spectrum, -self.covariance)
        truth = _times(problem.truth, self.covariance // 2 - self.label)
        if not (spectrum > 0).all():
            raise InvalidInputError(
                f"spectrum ran from {problem.spectrum.min():.3g} to {problem.spectrum.max():.3g}; "
                "that is more than double precision spans, leave out the smallest eigenvalues"
            )
        return Problem(spectrum, truth, problem.gaussian, problem.tails)

    def plan(self, plan: Plan) -> Plan:
        """The plan in these units."""
        return Plan(tuple(self._generation(generation) for generation in plan))

    def _generation(self, generation: Generation) -> Generation:
        penalty = generation.penalty
        if penalty != "cv":
            # of two penalties that leave nothing of the truth one is as good as the other
            penalty = float(_times(np.array(penalty), -self.covariance - self.weight))
            penalty = min(penalty, _ANNIHILATING)
        return replace(
            generation,
            sources=tuple(self._rows(source) for source in generation.sources),
            penalty=penalty,
        )

    def _rows(self, source: Source) -> Source:
        own, real = source.covariance, source.real_noise
        factor = 2.0 ** (self.covariance // 2 - self.label)
        mixture = tuple(
            (w.times(factor) if isinstance(w, External) else w, c)
            for w, c in source.mixture.items()
        )
        return replace(
            source,
            labeler=mixture if source.outside else source.labeler,
            noise=_one("noise", source.noise, -self.label),
            real_noise=real if real is None else _one("real_noise", real, -self.label),
            weight=_one("weight", source.weight, -self.weight),
            covariance=None if own is None else self._covariance(own),
        )

    def _covariance(self, own: Covariance) -> Covariance:
        found = _times(np.array(own), -self.covariance)
        if is_matrix(own):
            return tuple(map(tuple, found.tolist()))
        for value, before in zip(found.tolist(), np.array(own).tolist(), strict=True):
            _held("covariance", before, value)
        return tuple(found.tolist())

    def curve(self, curve: Curve) -> Curve:
        """A curve in the units of the problem that was given."""

        def back(name: str, exponent: int) -> npt.NDArray[np.float64]:
            before = getattr(curve, name)
            after = _times(before, exponent)
            if (np.isinf(after) & np.isfinite(before)).any():
                raise InvalidInputError(
                    f"problem and plan have a {name} too large for double precision; truth, noise or "
                    "shares of labelers are that large, measure labels in another unit"
                )
            return after

        return replace(
            curve,
            risk=back("risk", 2 * self.label),
            bias=back("bias", 2 * self.label),
            variance=back("variance", 2 * self.label),
            norm=None if curve.norm is None else back("norm", self.label),
            kappa=back("kappa", self.covariance),
            penalty=back("penalty", self.covariance + self.weight),
        )


def too_far_apart(where: str) -> InvalidInputError:
    """The error for numbers that double precision cannot hold together."""
    return InvalidInputError(
        f"problem and plan have numbers too far apart for double precision ({where}); look at "
        "spectrum, truth, penalty, covariance, weight, noise, labeler"
    )


def check_numbers(curves: Sequence[Curve]) -> None:
    """Raise InvalidInputError where double precision had no answer."""
    for curve in curves:
        bad = np.flatnonzero(np.isnan(curve.risk))
        if bad.size:
            raise too_far_apart(f"the risk of model {bad[0]} is not a number")


def _times(values: npt.NDArray[np.float64], exponent: int) -> npt.NDArray[np.float64]:
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(values, exponent)


def _one(name: str, value: float, exponent: int) -> float:
    return _held(name, value, float(_times(np.array(value), exponent)))


def _held(name: str, value: float, found: float) -> float:
    if not np.isfinite(found) or (value > 0 and found == 0):
        raise InvalidInputError(
            f"{name} was {value:.3g}, too far from the problem's other numbers for double precision"
        )
    return found
