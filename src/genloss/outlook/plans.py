"""Which plan a forecast is of: from the options, checked, and cut to the rows there are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.generation import Generation
from genloss.plan import Plan
from genloss.steps import resolve

CV: Final = "cv"


def default_rows(n_rows: int) -> int:
    """Rows per generation that a table of ``n_rows`` has enough of: a round number up to 1,000."""
    rows = min(1000, n_rows // 8)
    return rows // 50 * 50 if rows >= 100 else max(rows // 5 * 5, 5)


def rows_note(plan: Plan) -> str:
    """What is said where nobody asked for so many rows."""
    return (
        f"{int(plan.n_samples.max()):,} rows a model: an eighth of the table's and at most 1,000, so that "
        "later models find new rows in it; for yours, say n_samples"
    )


def asked_plan(plan: Plan | None, n_rows: int, options: dict[str, Any]) -> tuple[Plan, bool, bool]:
    """The plan, whether its penalty is still to be found, and whether it is found anew every time."""
    given = {name: value for name, value in options.items() if value is not None}
    penalty = given.get("penalty")
    if isinstance(penalty, str) and penalty != CV:
        raise InvalidInputError(f"penalty was {penalty!r}; it must be a number >= 0 or 'cv'")
    if plan is None:
        if penalty == CV:
            del given["penalty"]
        defaults = {"generations": 10, "n_samples": default_rows(n_rows), "real": 0.0}
        plan = Plan.mix(**{**defaults, **given})
        return plan, "penalty" not in given, penalty == CV
    _check.instance("plan", plan, Plan)
    if given:
        name = next(iter(given))
        raise InvalidInputError(
            f"{name} was given beside a plan, which says it all; leave one of them out"
        )
    if any(isinstance(generation.penalty, str) for generation in plan):
        if not all(isinstance(generation.penalty, str) for generation in plan):
            raise InvalidInputError(
                "plan had the penalty 'cv' in some generations; a forecast needs it in all or none"
            )
        return plan.with_penalty(0.0), True, True
    return plan, False, False


def check_plan(plan: Plan) -> None:
    """Refuse what rows of a table cannot say."""
    for step in resolve(plan):
        if step.outside:
            raise InvalidInputError(
                "plan had a labeler from outside, which labels along the eigenvectors of a Problem; a "
                "forecast is of a table's own columns, genloss.predict and genloss.simulate know it"
            )
        if step.intercept:
            raise InvalidInputError(
                f"intercept of model {step.model} was True; every model of a forecast has one, leave it out"
            )
        if not step.is_ridge:
            raise InvalidInputError(
                f"plan had labels, a loss, a filter or a rule that keeps rows beyond ridge regression in model "
                f"{step.model}; forecast knows the squared loss and linear labels, "
                "genloss.predict and genloss.simulate know the others on a Problem"
            )
    for model, generation in enumerate(plan):
        if generation.features is not None:
            raise InvalidInputError(
                f"features of model {model} was {generation.features}; a forecast is of linear "
                "and kernel models, leave it out"
            )
        for source in generation.sources:
            if source.covariance is not None or source.weight != 1:
                raise InvalidInputError(
                    f"a source of model {model} has a weight or covariance of its own; "
                    "a forecast needs plain rows (weight 1, covariance of the data)"
                )
            if source.real_noise is not None:
                raise InvalidInputError(
                    f"real_noise of a source of model {model} was {source.real_noise}; in a "
                    "forecast real labels carry the data's own noise, leave it out"
                )


def at_most(plan: Plan, limit: int) -> Plan:
    """The plan with the rows of all generations cut down in proportion, to at most ``limit``."""
    most = int(plan.n_samples.max())
    return plan if most <= limit else sized(plan, limit / most)


def sized(plan: Plan, factor: float) -> Plan:
    """The plan with so many times the rows."""
    cut: dict[int, Generation] = {}

    def one(generation: Generation) -> Generation:
        if id(generation) not in cut:
            sources = tuple(
                replace(s, n_samples=max(int(s.n_samples * factor + 1e-9), 1)) if s.n_samples else s
                for s in generation.sources
            )
            drawn = generation.subsample
            cut[id(generation)] = replace(
                generation,
                sources=sources,
                subsample=None if drawn is None else max(int(drawn * factor + 1e-9), 1),
            )
        return cut[id(generation)]

    return Plan(tuple(one(generation) for generation in plan))


def fitted_rows(plan: Plan) -> npt.NDArray[np.intp]:
    """Number of rows of every fit."""
    return np.array([min(step.rows, step.drawn or step.rows) for step in resolve(plan)])


def without_mean(plan: Plan, rank: int | None) -> npt.NDArray[np.bool_]:
    """Models whose mean error is infinite: least squares on n = rank .. rank + 2 rows, and heirs.

    The free intercept takes one row; the mean of an inverse chi square needs 3 more than directions.
    """
    found = np.zeros(plan.n_models, dtype=bool)
    if rank is None:
        return found
    for step, n in zip(resolve(plan), fitted_rows(plan), strict=True):
        found[step.model] = step.penalty == 0 and rank <= n <= rank + 2
        labelers = [k for block in step.blocks for k in block.shares if k >= 0]
        found[step.model] |= any(found[k] for k in labelers)
    return found


def check_penalty(value: Any) -> Any:
    """A number >= 0, "cv" or nothing."""
    if value is None or isinstance(value, str):
        return value
    return _check.non_negative("penalty", value)
