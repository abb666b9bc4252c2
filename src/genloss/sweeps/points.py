"""What a worker does: predict and simulate at some points, and hand back arrays."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, product
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._version import __version__
from genloss.curve import Curve
from genloss.errors import GenlossError, NoTheoryError
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.sweeps.fields import Built

NUMBERS = ("risk", "bias", "variance", "stderr")
TEXTS = ("method", "warnings", "message")

TOGETHER = 1000
"""Points that are held in memory and predicted together."""


@dataclass(frozen=True)
class Point:
    """One point of a sweep: its number in C order, its seed, and the values of its fields."""

    number: int
    seed: int
    overrides: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        values = ", ".join(f"{path} = {_short(value)}" for path, value in self.overrides)
        return f"point {self.number} ({values})"


@dataclass(frozen=True, eq=False)
class Part:
    """The points of a rectangle of the grid, small enough to be sent: its sides, not its points.

    Attributes
    ----------
    seed : int or None
        Seed of the sweep; None without simulation.
    shape, first : tuple of int
        Length of every axis of the grid, and where the rectangle begins on it.
    fields : tuple of tuple of str
        Paths of the fields of every axis.
    values : tuple of tuple
        The rectangle's part of every axis: the value of each field at each position.
    """

    seed: int | None
    shape: tuple[int, ...]
    first: tuple[int, ...]
    fields: tuple[tuple[str, ...], ...]
    values: tuple[tuple[tuple[Any, ...], ...], ...]

    @property
    def sides(self) -> tuple[int, ...]:
        """Length of every side."""
        return tuple(len(row) for row in self.values)

    def numbers(self) -> npt.NDArray[np.int64]:
        """Return the numbers of the points in C order, as an array of the rectangle's shape."""
        sides = [np.arange(at, at + n) for at, n in zip(self.first, self.sides, strict=True)]
        return np.asarray(np.ravel_multi_index(np.ix_(*sides), self.shape), dtype=np.int64)

    def overrides(self) -> Iterator[tuple[tuple[str, Any], ...]]:
        """Yield the fields that vary and their values at every point, in C order."""
        named = [
            [tuple(zip(fields, values, strict=True)) for values in row]
            for fields, row in zip(self.fields, self.values, strict=True)
        ]
        return (tuple(chain.from_iterable(place)) for place in product(*named))

    def points(self) -> list[Point]:
        """Return the points in C order."""
        return [
            Point(number, 0 if self.seed is None else point_seed(self.seed, number), overrides)
            for number, overrides in zip(
                self.numbers().ravel().tolist(), self.overrides(), strict=True
            )
        ]


def point_seed(seed: int, number: int) -> int:
    """Return the seed of a point's simulation; it depends on nothing but these two numbers.

    Examples
    --------
    >>> from genloss.sweeps.points import point_seed
    >>> point_seed(0, 17) == point_seed(0, 17) != point_seed(0, 18)
    True
    """
    stream = np.random.SeedSequence(seed, spawn_key=(number,))
    return int(stream.generate_state(1, np.uint64)[0] >> np.uint64(1))  # fits a signed integer


@dataclass(frozen=True, eq=False)
class Work:
    """What is the same at every point of a sweep.

    Attributes
    ----------
    problem, plan : Problem and Plan, or mappings
        What does not vary of them; a mapping is read as the table of a plan file.
    theory : bool
        Whether every point is predicted.
    trials : int
        Monte Carlo runs at every point; 0 for none.
    method : str
        Engine of the simulation.
    relative_stderr : float or None
        Where the simulation may stop early.
    """

    problem: Problem | Mapping[str, Any]
    plan: Plan | Mapping[str, Any]
    theory: bool
    trials: int
    method: str
    relative_stderr: float | None

    @cached_property
    def built(self) -> Built:
        """Problems and plans of the points so far; stays in the process."""
        return Built(self.problem, self.plan)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "built"}

    def only_theory(self) -> Work:
        """Return the part of the work that predicts."""
        return self._but(trials=0, relative_stderr=None)

    def only_simulation(self, trials: int) -> Work:
        """Return the part of the work that simulates, with other trials."""
        return self._but(theory=False, trials=trials)

    def _but(self, **changes: Any) -> Work:
        part = replace(self, **changes)
        part.__dict__["built"] = self.built
        return part

    def check(self, problem: Problem, plan: Plan) -> None:
        """Raise InvalidInputError if an engine is asked for where there is none."""
        if self.trials and self.method in ("exact", "revealed"):
            from genloss.trials.runner import engine_for

            engine_for(problem, plan, self.method)

    def simulation(self, point: Point, problem: Problem, plan: Plan) -> Curve:
        """Simulate one point on one core."""
        from genloss.trials.simulate import simulate

        with naming(point):
            return simulate(
                problem,
                plan,
                trials=self.trials,
                seed=point.seed,
                method=self.method,
                relative_stderr=self.relative_stderr,
                workers=1,
            )


@contextmanager
def naming(point: Point) -> Iterator[None]:
    """Say which point it is that fails."""
    try:
        yield
    except Exception as error:
        raise GenlossError(f"{point} failed: {type(error).__name__}: {error}") from error


def theories(
    points: Sequence[Point], problem: Problem, plans: Sequence[Plan]
) -> list[Curve | NoTheoryError]:
    """Predict points of one problem together; a missing theory is an answer too.

    One call for many plans is several times faster than many calls. Where it fails, the halves are
    tried, and so on until it is known which points it is about.
    """
    from genloss.theory.predict import predict

    if len(plans) == 1:
        try:
            with naming(points[0]):
                return list(predict(problem, plans))
        except GenlossError as error:
            if isinstance(error.__cause__, NoTheoryError):
                return [error.__cause__]
            raise
    try:
        return list(predict(problem, plans))
    except Exception:  # noqa: BLE001 -- raised again, with its name, by the point it is about
        middle = len(plans) // 2
        return [
            *theories(points[:middle], problem, plans[:middle]),
            *theories(points[middle:], problem, plans[middle:]),
        ]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a block of points gave.

    Attributes
    ----------
    columns : dict of str to ndarray
        ``n_models`` and ``seed`` of shape (n_points,), texts and trials of (n_points, n_routes),
        other numbers of (n_points, n_routes, n_models).
    seconds : float
        How long it took.
    version : str
        Version of genloss that computed it.
    """

    columns: dict[str, npt.NDArray[Any]]
    seconds: float
    version: str = __version__


def answer(work: Work, points: Part | Sequence[Point], n_models: int) -> Answers:
    """Compute a block of points on one core; shorter plans are padded with NaN.

    Raises
    ------
    GenlossError
        If a point fails for any reason but a missing theory; the message names the point.
    """
    from threadpoolctl import threadpool_limits

    start = time.perf_counter()
    points = points.points() if isinstance(points, Part) else points
    shape = (len(points), work.theory + (work.trials > 0))
    numbers = NUMBERS if work.trials else NUMBERS[:-1]
    columns: dict[str, npt.NDArray[Any]] = {
        **{name: np.full((*shape, n_models), np.nan) for name in numbers},
        **{name: np.full(shape, "", dtype=object) for name in TEXTS},
        "n_models": np.zeros(len(points), dtype=np.int64),
    }
    if work.relative_stderr is not None:
        columns["trials"] = np.zeros(shape, dtype=np.int64)
    if work.trials:
        columns["seed"] = np.array([point.seed for point in points], dtype=np.int64)
    with threadpool_limits(1, user_api="blas"):
        for first in range(0, len(points), TOGETHER):
            batch = points[first : first + TOGETHER]
            for i, (plan, curves) in enumerate(_curves(work, batch), first):
                columns["n_models"][i] = plan.n_models
                for j, curve in enumerate(curves):
                    _enter(columns, (i, j), curve)
    return Answers(columns, time.perf_counter() - start)


def _curves(
    work: Work, points: Sequence[Point]
) -> Iterator[tuple[Plan, tuple[Curve | NoTheoryError, ...]]]:
    """Yield the plan of every point and its curve by every route."""
    cases = []
    for point in points:
        with naming(point):
            cases.append(work.built.at(point.overrides))
    predicted: dict[int, Curve | NoTheoryError] = {}
    if work.theory:
        of_problem: dict[int, list[int]] = {}
        for i, (problem, _) in enumerate(cases):
            of_problem.setdefault(id(problem), []).append(i)
        for chosen in of_problem.values():
            plans = [cases[i][1] for i in chosen]
            found = theories([points[i] for i in chosen], cases[chosen[0]][0], plans)
            predicted |= zip(chosen, found, strict=True)
    for i, (point, case) in enumerate(zip(points, cases, strict=True)):
        theory = (predicted[i],) if work.theory else ()
        simulation = (work.simulation(point, *case),) if work.trials else ()
        yield case[1], (*theory, *simulation)


def _enter(
    columns: dict[str, npt.NDArray[Any]], at: tuple[int, int], curve: Curve | NoTheoryError
) -> None:
    if isinstance(curve, NoTheoryError):
        columns["message"][at] = str(curve)
        return
    for name in NUMBERS:
        values = getattr(curve, name)
        if values is not None:
            columns[name][at][: curve.n_models] = values
    columns["method"][at] = curve.method
    columns["warnings"][at] = "\n".join(curve.warnings)
    if "trials" in columns and curve.trials is not None:
        columns["trials"][at] = curve.trials


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
