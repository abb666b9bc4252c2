"""The Sweep: what is computed at which points, as an immutable value with a fingerprint."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.errors import GenlossError, InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.sweeps.axes import Axis, read_grid
from genloss.sweeps.points import Part, Point, Work
from genloss.trials.runner import MOST_TRIALS


@dataclass(frozen=True, eq=False)
class Sweep:
    """A problem and a plan with fields that vary, and what to compute at every point.

    Parameters
    ----------
    work : Work
        What a worker has to know besides its points.
    axes : tuple of Axis
        What varies.
    seed : int
        Seed of the simulations (and of random fields, when the axes were drawn).
    """

    work: Work
    axes: tuple[Axis, ...]
    seed: int

    @classmethod
    def of(
        cls,
        problem: Any,
        plan: Any,
        grid: Any,
        *,
        theory: Any = True,
        trials: Any = 0,
        method: Any = "auto",
        relative_stderr: Any = None,
        draws: Any = None,
        seed: Any = 0,
    ) -> Self:
        """Check every argument that does not depend on the point."""
        for name, value, kind in (("problem", problem, Problem), ("plan", plan, Plan)):
            if not isinstance(value, Mapping):
                words = f"a {kind.__name__} or a table as in a plan file"
                _check.instance(name, value, kind, words)
        trials = _check.integer("trials", trials, minimum=0, maximum=MOST_TRIALS)
        if trials == 1:
            raise InvalidInputError("trials was 1; it must be 0 (no simulation) or >= 2")
        theory = _check.boolean("theory", theory)
        if not theory and not trials:
            raise InvalidInputError("theory was False and trials 0; nothing is left to compute")
        if relative_stderr is not None:
            relative_stderr = _check.positive("relative_stderr", relative_stderr)
        method = _check.choice("method", method, ("auto", "literal", "exact", "revealed"))
        if not trials and (relative_stderr is not None or method != "auto"):
            raise InvalidInputError("method and relative_stderr are of the simulation; give trials")
        seed = _check.integer("seed", seed, minimum=0)
        axes = read_grid(grid, draws=draws, seed=seed)
        return cls(Work(problem, plan, theory, trials, method, relative_stderr), axes, seed)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def n_points(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    @property
    def routes(self) -> tuple[str, ...]:
        """What answers at every point."""
        return ("theory",) * self.work.theory + ("simulation",) * (self.work.trials > 0)

    def point(self, number: int) -> Point:
        """Return one point: its number in C order, its seed and the values of its fields."""
        places = np.unravel_index(number, self.shape)
        [point] = self.part(tuple(slice(int(at), int(at) + 1) for at in places)).points()
        return point

    def part(self, region: tuple[slice, ...]) -> Part:
        """Return the points of a rectangle of the grid, by what varies in it."""
        return Part(
            self.seed if self.work.trials else None,
            self.shape,
            tuple(side.start for side in region),
            tuple(axis.fields for axis in self.axes),
            tuple(axis.values[side] for axis, side in zip(self.axes, region, strict=True)),
        )

    @cached_property
    def parts(self) -> dict[str, str]:
        """Fingerprint of every part that decides the results, by its name."""
        grid = [axis.to_dict() for axis in self.axes]
        plain: dict[str, Any] = {"problem": self.work.problem, "plan": self.work.plan, "grid": grid}
        plain |= {spec.name: getattr(self.work, spec.name) for spec in fields(Work)}
        plain["seed"] = self.seed
        return {name: fingerprint(value) for name, value in plain.items()}

    @cached_property
    def hash(self) -> str:
        """Fingerprint of everything that decides the results except the version of genloss."""
        return fingerprint(self.parts)


def fingerprint(plain: Any) -> str:
    """Return the SHA-256 of plain data, whatever the order of its keys."""
    return hashlib.sha256(as_json(plain).encode()).hexdigest()


def as_json(plain: Any) -> str:
    """Return JSON of plain data, keys in order; problems, plans and arrays are written out."""
    return json.dumps(plain, sort_keys=True, default=_table)


def _table(value: Any) -> Any:
    """Return plain data of what JSON does not know."""
    if isinstance(value, Problem | Plan):
        return value.to_dict()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise InvalidInputError(f"{value!r} in the sweep is neither a number, a text nor a list")


def check_points(sweep: Sweep) -> npt.NDArray[np.int64]:
    """Return the number of models at every point, in C order; report all points that are invalid.

    Parameters
    ----------
    sweep : Sweep
        The sweep; only its problems and plans are built, nothing is computed.

    Raises
    ------
    InvalidInputError
        If a point is invalid; the message counts them and shows the first.
    """
    work = sweep.work
    n_models = np.zeros(sweep.n_points, dtype=np.int64)
    wrong: list[tuple[int, str]] = []
    everything = tuple(slice(0, length) for length in sweep.shape)
    for number, overrides in enumerate(sweep.part(everything).overrides()):
        try:
            problem, plan = work.built.at(overrides)
            plan.check_fits(problem.dim)
            work.check(problem, plan)
            n_models[number] = plan.n_models
        except GenlossError as error:
            wrong.append((number, str(error)))
    if wrong:
        number, message = wrong[0]
        count = "every point is" if len(wrong) == sweep.n_points else f"{len(wrong)} points are"
        raise InvalidInputError(
            f"{count} invalid, of {sweep.n_points}; the first is {sweep.point(number)}: {message}"
        )
    return n_models
