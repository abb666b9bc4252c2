"""Many settings of the chain at once: checked, broadcast, taken together where they share generators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.scaling.chain import (
    Generators,
    Risk,
    downstream,
    is_unbiased,
    labels_of,
    level,
    unbiased,
)
from genloss.spectrum import Spectrum

Array = npt.NDArray[np.float64]

WIDEST = 1e50  # of what enters in powers and products; rows, penalties and noises of any use


def array(name: str, values: npt.ArrayLike, *, positive: bool = False) -> Array:
    """``values`` as a finite float array >= 0 (or > 0), not empty."""
    found = _check.numbers(name, values, above="> 0" if positive else ">= 0")
    good = (found == 0) | ((found >= 1 / WIDEST) & (found <= WIDEST))
    if not good.all():
        raise InvalidInputError(
            f"{name} was {found[~good].flat[0]}; it must lie between {1 / WIDEST:g} and {WIDEST:g}"
            + ("" if positive else ", or be 0")
        )
    return found


def number(name: str, value: float, *, positive: bool = False) -> float:
    """``value`` as a float in the range of `array`."""
    return float(array(name, _check.finite(name, value), positive=positive))


@dataclass(frozen=True, eq=False)
class Settings:
    """Arguments of `PowerLaw.risk`: columns of one length, and the shape they came in."""

    n_samples: Array
    penalty: Array
    noise: Array
    generations: Array
    generator_samples: Array
    generator_noise: Array
    generator_penalty: Array
    same: bool
    shape: tuple[int, ...]

    @classmethod
    def read(
        cls,
        n_samples: npt.ArrayLike,
        *,
        penalty: npt.ArrayLike = 0.0,
        noise: npt.ArrayLike = 0.0,
        generations: npt.ArrayLike = 0,
        generator_samples: npt.ArrayLike | None = None,
        generator_noise: npt.ArrayLike = 0.0,
        generator_penalty: npt.ArrayLike = 0.0,
        same: bool = False,
    ) -> Self:
        """Check and broadcast."""
        count = array("generations", generations)
        if generator_samples is None and (count > 0).any():
            raise InvalidInputError(
                f"generator_samples was None with generations {shown(generations)}; it must be given"
            )
        rows = 1.0 if generator_samples is None else generator_samples
        columns = {
            "n_samples": array("n_samples", n_samples, positive=True),
            "penalty": array("penalty", penalty),
            "noise": array("noise", noise),
            "generations": count,
            "generator_samples": array("generator_samples", rows, positive=True),
            "generator_noise": array("generator_noise", generator_noise),
            "generator_penalty": array("generator_penalty", generator_penalty),
        }
        if same and (columns["generator_penalty"] > 0).any():
            raise InvalidInputError(
                f"generator_penalty was {shown(generator_penalty)} with the same design; it must "
                "be 0"
            )
        given = _check.broadcast(**columns)
        flat = {name: each.ravel() for name, each in zip(columns, given, strict=True)}
        return cls(**flat, same=same, shape=given[0].shape)

    def shaped(self, risk: Risk) -> Risk:
        """A risk with one axis, in the shape that the settings came in."""
        parts = risk.bias, risk.variance, risk.inherited
        return Risk(*(part.reshape(self.shape) for part in parts))

    def groups(self, some: npt.NDArray[np.bool_]) -> dict[Generators, list[int]]:
        """Numbers of the settings among some that share their generators."""
        columns = self.generations, self.generator_samples, self.generator_noise
        found: dict[Generators, list[int]] = {}
        for at in np.flatnonzero(some).tolist():
            count, rows, noise, penalty = (
                float(column[at]) for column in (*columns, self.generator_penalty)
            )
            found.setdefault(Generators(count, rows, noise, penalty, self.same), []).append(at)
        return found


def risk_of(spectrum: Spectrum, settings: Settings) -> Risk:
    """Risk of every setting: `paper.md` 2.3 where generators are least squares, else section 3."""
    fits = np.array([settings.n_samples, settings.penalty, settings.noise])
    rows, count = settings.generator_samples, settings.generations
    simple = is_unbiased(spectrum, rows, settings.generator_penalty) | (count == 0)
    parts = np.empty_like(fits)
    if simple.any():
        # one unit of noise in every direction: the rest of the formula is affine in it
        unit = downstream(spectrum, unbiased(spectrum, 1.0), *fits[:, simple])
        noise = level(spectrum, count, rows, settings.generator_noise)[simple]
        with np.errstate(invalid="ignore"):
            inherited = np.where(noise > 0, noise * unit.inherited, 0.0)
        parts[:, simple] = unit.bias, unit.variance, inherited
    for generators, at in settings.groups(~simple).items():
        found = downstream(spectrum, labels_of(spectrum, generators), *fits[:, at])
        parts[:, at] = found.bias, found.variance, found.inherited
    return settings.shaped(Risk(*parts))
