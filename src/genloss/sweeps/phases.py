"""The verb `phases`: limits, growth, final risks or best choices over any two fields of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check, policies
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.sweeps.axes import Axis, read_grid
from genloss.sweeps.diagram import TITLES, Phases
from genloss.sweeps.fields import Built
from genloss.sweeps.known import Map, Point, mapped
from genloss.sweeps.numbers import way_of

Array = npt.NDArray[np.float64]
Values = tuple[str, Iterable[Any]]

MOST_POINTS = 1_000_000
TOLERANCE = 0.01
_MOST_TOLERANCE = 0.1
_ROUNDS = 4  # generations of a preset that is given by its name: enough to see what repeats

POLICIES = ("replace", "stack", "mix labels", "real rows only")
"""What "best_policy" compares."""


def phases(
    problem: Problem | Mapping[str, Any],
    plan: Plan | Mapping[str, Any] | str,
    x: Values,
    y: Values,
    value: str = "limit",
    *,
    tolerance: float = TOLERANCE,
    workers: int | None = None,
) -> Phases:
    """Compute a number over two fields of a problem or a plan.

    Parameters
    ----------
    problem : Problem or mapping
        What there is to learn.
    plan : Plan, mapping or str
        A plan, a table with a preset and its other arguments, as in plan files, or a preset's name.
    x, y : tuple of (str, values)
        A field and its values, numbers all: any argument of the preset ("n_samples", "real", "penalty",
        "noise"), or a dotted field as in sweeps ("problem.dim", "plan.generations[-1].penalty").
    value : {"limit", "growth", "final", "best_penalty", "best_policy"}
        Risk after infinitely many repetitions of the plan's end; spectral radius of one repetition; risk of
        the plan's last model; the penalty of least risk for ever, of all repeated fits; or which of `POLICIES`
        has the least risk for ever with the plan's rows, penalty and noise.
    tolerance : float, default 0.01
        Where plans are solved one by one and there are more than 400 points, those that lie smoothly between
        solved ones are filled: risks within this share, radii within this difference; limits on rows of before are found
        within it. 0: all are solved, to all digits.
    workers : int, optional
        Processes that solve plans one by one; default: one per core where there is much to do.

    Returns
    -------
    Phases
        ``values`` of shape (len(y), len(x)), infinite where a chain is unstable, NaN where no theory knows them (``reasons``
        says why), and the border of stability; which points were solved, where others were filled.

    Raises
    ------
    NoTheoryError
        If the number is known at no point (`limit`, `predict`).
    InvalidInputError
        If a field does not exist or a value does not fit.

    Notes
    -----
    Plans of ridge regression on new rows are solved together: ten thousand points take seconds. Limits, radii and last risks
    of others are solved where they are not smooth, and filled between (`for-ever.md`).

    Examples
    --------
    >>> import genloss as gl
    >>> found = gl.phases(
    ...     gl.Problem.isotropic(100),
    ...     {"preset": "mix", "generations": 4, "noise": 1.0},
    ...     x=("n_samples", range(110, 200, 10)),
    ...     y=("real", [0.05, 0.2, 0.5]),
    ...     value="growth",
    ... )
    >>> found.values.shape
    (3, 9)
    >>> found.border[:3, 0].round(1)  # dim times 1 + (1 - real) / (2 - real) in high dimension
    array([149.5, 145.7, 134.6])
    """
    value = _check.choice("value", value, tuple(TITLES))
    if not isinstance(problem, Mapping):
        _check.instance("problem", problem, Problem, "a Problem or a table as in a plan file")
    if isinstance(plan, str):
        name = _check.choice("plan", plan, policies.names())
        plan = {"preset": name, "generations": _ROUNDS}
    if not isinstance(plan, Plan | Mapping):
        raise InvalidInputError(
            f"plan was {shown(plan)}; it must be a Plan, a table with a preset, or a preset's name"
        )
    axes = read_axes({_path("x", x): _listed("x", x), _path("y", y): _listed("y", y)})
    return compute(problem, plan, axes, value, tolerance, workers)


def _tolerance(tolerance: Any) -> float:
    found = _check.non_negative("tolerance", tolerance)
    if found > _MOST_TOLERANCE:
        raise InvalidInputError(
            f"tolerance was {shown(tolerance)}; it must be at most {_MOST_TOLERANCE:g}"
        )
    return found


def read_axes(grid: Mapping[str, Any]) -> tuple[Axis, Axis]:
    """Return the two axes of a grid of numbers.

    Raises
    ------
    InvalidInputError
        If there are not two, or a value is no number.
    """
    axes = read_grid(grid, draws=None, seed=0)
    if len(axes) != 2:
        raise InvalidInputError(f"grid has {len(axes)} axes; a phase diagram has two, x and y")
    for axis in axes:
        _check.numbers(axis.fields[0], [entry[0] for entry in axis.labels], ndim=1)
    if len(axes[0]) * len(axes[1]) > MOST_POINTS:
        raise InvalidInputError(
            f"x and y have {len(axes[0]) * len(axes[1]):,} points; at most {MOST_POINTS:,} are allowed"
        )
    return axes[0], axes[1]


def compute(
    problem: Problem | Mapping[str, Any],
    plan: Plan | Mapping[str, Any],
    axes: tuple[Axis, Axis],
    value: str,
    tolerance: float = TOLERANCE,
    workers: int | None = None,
) -> Phases:
    """Compute a diagram over two axes of a grid."""
    tolerance = _tolerance(tolerance)
    if workers is not None:
        workers = _check.integer("workers", workers, minimum=1)
    across, up = axes
    x, y = (np.array([row[0] for row in axis.labels], dtype=float) for axis in axes)
    points = [
        [*zip(up.fields, row, strict=True), *zip(across.fields, column, strict=True)]
        for row in up.values
        for column in across.values
    ]
    way = way_of(value, tolerance)
    solve = partial(mapped, way=way, x=x, y=y, tolerance=tolerance, workers=workers)
    names = value, _name(across), _name(up), x, y
    if value == "best_policy":
        best = _best([solve(_built(problem, *asked)) for asked in _policies(plan, points)])
        return _made(names, best, tolerance, POLICIES)
    return _made(names, solve(_built(problem, plan, points)), tolerance)


def _made(
    names: tuple[str, str, str, Array, Array],
    found: Map,
    tolerance: float,
    policies: tuple[str, ...] = (),
) -> Phases:
    values, *more = found.values
    return Phases(
        *names,
        values,
        radius=more[0] if more else None,
        policies=policies,
        solved=found.solved,
        tolerance=None if found.solved is None else tolerance,
        reasons=found.reasons,
    )


def _best(maps: Sequence[Map]) -> Map:
    """The place of the map that is least; not known where one of them is not, and of no number where none is finite."""
    risks = np.array([each.values[0] for each in maps])
    least = np.where(np.isnan(risks), np.inf, risks).argmin(axis=0)
    decided = np.isfinite(risks).any(axis=0) & ~np.isnan(risks).any(axis=0)
    masks = [each.solved for each in maps if each.solved is not None]
    reasons = None
    for each in maps:
        if each.reasons is not None:
            reasons = (
                each.reasons if reasons is None else np.where(reasons == "", each.reasons, reasons)
            )
    return Map(
        [np.where(decided, least, np.nan)],
        np.logical_and.reduce(masks) if masks else None,
        reasons,
    )


def _name(axis: Axis) -> str:
    return axis.fields[0].removeprefix("plan.")


def _built(
    problem: Problem | Mapping[str, Any],
    plan: Plan | Mapping[str, Any],
    points: Sequence[Sequence[tuple[str, Any]]],
) -> list[Point]:
    """Problem and plan of every point; points of one problem have the same object."""
    built = Built(problem, plan)
    found = [built.at(point) for point in points]
    for here, what in found:
        what.check_fits(here.dim)
    return found


def _policies(
    plan: Plan | Mapping[str, Any], points: Sequence[Sequence[tuple[str, Any]]]
) -> Iterator[tuple[Mapping[str, Any], list[list[tuple[str, Any]]]]]:
    """The plan and the points of every policy that is compared."""
    if not isinstance(plan, Mapping) or plan.get("preset") not in ("replace", "mix", "mix_labels"):
        raise InvalidInputError(
            "plan was not a table with the preset 'replace', 'mix' or 'mix_labels'; policies are compared with its "
            "n_samples, real, penalty and noise"
        )
    for name in POLICIES:
        table = dict(plan)
        table["preset"] = {"replace": "replace", "mix labels": "mix_labels"}.get(name, "mix")
        if name == "replace":
            table.pop("real", None)
        yield table, [_as_policy(name, plan, point) for point in points]


def _as_policy(
    name: str, plan: Mapping[str, Any], point: Sequence[tuple[str, Any]]
) -> list[tuple[str, Any]]:
    """The fields of a point, as one of the policies has them."""
    own = dict(point)
    real = own.get("plan.real", plan.get("real"))
    rows = own.get("plan.n_samples", plan.get("n_samples"))
    if real is None or rows is None:
        raise InvalidInputError(
            "real or n_samples is neither in the plan nor on an axis; policies are compared at both"
        )
    if name == "replace":
        own.pop("plan.real", None)
    elif name == "real rows only":
        count = round(_check.share("real", real) * _check.integer("n_samples", rows, minimum=1))
        # of no rows at all nothing is learnt: one row, which is as good as none
        own |= {"plan.n_samples": max(count, 1), "plan.real": 1.0}
    return list(own.items())


def _path(name: str, axis: Any) -> str:
    if not isinstance(axis, tuple | list) or len(axis) != 2 or not isinstance(axis[0], str):
        raise InvalidInputError(
            f"{name} was {shown(axis)}; it must be a pair of a field and its values, such as "
            "('n_samples', [100, 200])"
        )
    field = axis[0]
    return field if field.startswith(("plan.", "problem.")) else f"plan.{field}"


def _listed(name: str, axis: Any) -> list[Any]:
    """Values, whole floats as integers."""
    field, values = axis
    found = _check.numbers(f"{name} ({field})", _check.sequence(name, values), ndim=1)
    return [int(each) if each.is_integer() else float(each) for each in found]
