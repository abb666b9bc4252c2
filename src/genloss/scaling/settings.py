"""Many settings of the chain at once: broadcast, routed to a formula, and shaped back."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from genloss.errors import InvalidInputError
from genloss.scaling.chain import (
    Fitting,
    Labels,
    Risk,
    downstream,
    generated_labels,
    least_squares_labels,
    real_labels,
)
from genloss.scaling.nodes import Nodes, fit

Array = npt.NDArray[np.float64]

MOST_GENERATIONS = 10_000


def array(name: str, values: npt.ArrayLike, *, positive: bool = False) -> Array:
    """``values`` as a finite float array >= 0 (or > 0), not empty."""
    try:
        given = np.asarray(values)
        if given.dtype.kind == "O":  # whole numbers beyond 64 bits
            given = given.astype(np.float64)
    except (TypeError, ValueError):
        raise InvalidInputError(f"{name} was {values!r}; it must be numeric") from None
    if given.dtype.kind not in "uif":
        raise InvalidInputError(f"{name} was {values!r}; it must be numeric")
    if given.size == 0:
        raise InvalidInputError(f"{name} was empty; it must have at least one entry")
    numbers = given.astype(np.float64)
    bound = "> 0" if positive else ">= 0"
    good = np.isfinite(numbers) & ((numbers > 0) if positive else (numbers >= 0))
    if not good.all():
        bad = numbers[~good].flat[0]
        raise InvalidInputError(f"{name} was {bad}; every entry must be finite and {bound}")
    return numbers


@dataclass(frozen=True, eq=False)
class Settings:
    """Arguments of `PowerLaw.risk`, broadcast to one shape."""

    n_samples: Array
    penalty: Array
    noise: Array
    generations: Array
    generator_samples: Array
    generator_noise: Array
    generator_penalty: Array
    same: bool = False

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
                f"generator_samples was None with generations {generations!r}; it must be given"
            )
        columns = [
            array("n_samples", n_samples, positive=True),
            array("penalty", penalty),
            array("noise", noise),
            count,
            array(
                "generator_samples",
                1.0 if generator_samples is None else generator_samples,
                positive=True,
            ),
            array("generator_noise", generator_noise),
            array("generator_penalty", generator_penalty),
        ]
        if same and (columns[6] > 0).any():
            raise InvalidInputError(
                f"generator_penalty was {generator_penalty!r} with the same design; it must be 0"
            )
        try:
            shaped = np.broadcast_arrays(*columns)
        except ValueError:
            shapes = ", ".join(str(column.shape) for column in columns)
            raise InvalidInputError(f"the arguments had shapes {shapes}; no broadcast") from None
        n, lam, sigma, n_generators, rows, own, lam_generators = shaped
        return cls(n, lam, sigma, n_generators, rows, own, lam_generators, same)

    def flat(self) -> Self:
        """The same with one axis."""
        columns = {each.name: getattr(self, each.name).ravel() for each in fields(self)[:-1]}
        return replace(self, **columns)

    def shaped(self, risk: Risk) -> Risk:
        """A risk with one axis, in the shape of the settings."""
        shape = self.n_samples.shape
        return Risk(
            risk.bias.reshape(shape), risk.variance.reshape(shape), risk.inherited.reshape(shape)
        )


def risk_of(nodes: Nodes, settings: Settings) -> Risk:
    """Risk of every setting: `paper.md` 2.3 where generators are least squares, else section 3."""
    flat = settings.flat()
    fits = fit(nodes, flat.penalty, flat.n_samples)
    unbiased = (flat.generator_penalty == 0) & (flat.generator_samples >= nodes.n_directions)
    unbiased |= flat.generations == 0
    # one unit of noise in every direction: the rest of the formula is affine in it
    unit = downstream(nodes, least_squares_labels(nodes, 1.0), fits, flat.noise)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.maximum(flat.generator_samples - nodes.n_directions - 1, 0.0)
        total = flat.generations * flat.generator_noise**2
        level = np.where(total > 0, np.where(left > 0, total / left, np.inf), 0.0)
    risk = Risk(unit.bias, unit.variance, np.where(level > 0, level * unit.inherited, 0.0))
    for key, at in _groups(flat, ~unbiased).items():
        behind = downstream(nodes, labels_of(nodes, *key, same=flat.same), fits, flat.noise)
        risk.bias[at], risk.inherited[at] = behind.bias[at], behind.inherited[at]
    return settings.shaped(risk)


def labels_of(
    nodes: Nodes,
    generations: float,
    generator_samples: float,
    generator_noise: float,
    generator_penalty: float = 0.0,
    *,
    same: bool = False,
) -> Labels:
    """Law of the last of several equal generators."""
    if generations == 0:
        return real_labels(nodes)
    if generator_penalty == 0 and generator_samples >= nodes.n_directions:
        left = generator_samples - nodes.n_directions - 1
        total = generations * generator_noise**2
        if total == 0:
            return least_squares_labels(nodes, 0.0)
        return least_squares_labels(nodes, total / left if left > 0 else np.inf)
    one = Fitting(generator_samples, generator_penalty, generator_noise)
    if same:
        noise = generator_noise * float(np.sqrt(generations))
        return generated_labels(nodes, [one._replace(noise=noise)], same=True)
    if generations != round(generations) or generations > MOST_GENERATIONS:
        raise InvalidInputError(
            f"generations was {generations}; generators that shrink or interpolate come in whole "
            f"numbers, at most {MOST_GENERATIONS}"
        )
    return generated_labels(nodes, [one] * round(generations))


def _groups(flat: Settings, needed: npt.NDArray[np.bool_]) -> dict[tuple[float, ...], list[int]]:
    """Settings that share their generators."""
    groups: dict[tuple[float, ...], list[int]] = {}
    for at in np.flatnonzero(needed):
        key = (
            float(flat.generations[at]),
            float(flat.generator_samples[at]),
            float(flat.generator_noise[at]),
            float(flat.generator_penalty[at]),
        )
        groups.setdefault(key, []).append(int(at))
    return groups
