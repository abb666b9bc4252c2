"""What policies share: arguments that are one number or one a generation, and chains of one source."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._plan_checks import MOST_MODELS
from genloss.errors import InvalidInputError
from genloss.generation import Design, Generation, Labeler, Penalty

PerGeneration = float | Sequence[float] | npt.NDArray[np.float64]
Penalties = Penalty | Sequence[Penalty] | npt.NDArray[np.float64]


def columns(generations: int, name: str = "generations", **arguments: Any) -> list[list[Any]]:
    """Every argument as a list of one value a generation; ``name`` is what their number is called."""
    count = _check.integer(name, generations, minimum=1, maximum=MOST_MODELS)
    return [per_generation(key, values, count) for key, values in arguments.items()]


def per_generation(name: str, values: Any, count: int) -> list[Any]:
    """One number as often as there are generations, or the numbers that are given."""
    single = not isinstance(values, Iterable) or isinstance(values, str | bytes | Mapping)
    if single or getattr(values, "ndim", 1) == 0:
        return [values] * count
    listed = list(islice(values, count + 1000))  # one that never ends is told too
    if len(listed) != count:
        raise InvalidInputError(
            f"{name} had {len(listed)} entries; it must be one number or {count}, "
            "one per generation"
        )
    return listed


def chain(
    generations: int,
    n_samples: PerGeneration,
    penalty: Penalties,
    noise: PerGeneration,
    labelers: Sequence[Labeler] | None = None,
    *,
    real_noise: float | None = None,
    design: Design = "fresh",
    pooled: bool = False,
    drawn: bool = False,
) -> list[Generation]:
    """One source per generation; ``labelers`` defaults to real, then previous."""
    rows, lams, noises = columns(generations, n_samples=n_samples, penalty=penalty, noise=noise)
    _check.choice("design", design, ("fresh", "same"))
    if labelers is None:
        labelers = ["real", *["previous"] * (len(rows) - 1)]
    designs = ["fresh", *[design] * (len(rows) - 1)]
    built: list[Generation] = []
    before: tuple[Any, ...] = ()
    for here in zip(rows, labelers, lams, noises, designs, strict=True):
        # one object for equal neighbours, which is checked once
        if not (before and all(map(operator.is_, here, before))):
            own_rows, labeler, lam, own_noise, own_design = here
            generation = Generation.of(
                own_rows,
                labeler=labeler,
                penalty=lam,
                noise=own_noise,
                real_noise=real_noise,
                design=own_design,
                pooled=pooled,
                subsample=own_rows if drawn else None,
            )
        built.append(generation)
        before = here
    return built
