"""What classes of a problem ask of a plan: which labels, losses and rules there can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genloss.errors import InvalidInputError
from genloss.generation import REAL
from genloss.labels import Label
from genloss.labels.hard import Hard
from genloss.losses.squared import Squared
from genloss.problem import Problem, beyond
from genloss.steps import Block, Step


def rule_of(block: Block, *, clouds: bool) -> Label:
    """How values become labels: the class of a row of a cloud is known, whatever a plan makes of values."""
    if clouds and block.labels.makes != "numbers" and set(block.shares) == {REAL}:
        return Hard()
    return block.labels


def check_plain(problem: object, who: str) -> None:
    """Raise InvalidInputError if a problem has more than one number on Gaussian rows, which is all who knows."""
    if kind := beyond(problem):
        raise InvalidInputError(
            f"problem has {kind}; {who} knows problems of one number on Gaussian rows, "
            "genloss.simulate(problem, plan) knows others"
        )


def check_classes(problem: object, steps: Sequence[Step]) -> None:
    """Raise InvalidInputError if a plan does not fit the classes of a problem, or its want of any."""
    clouds = isinstance(problem, Problem) and problem.means is not None
    several = isinstance(problem, Problem) and problem.truth.ndim == 2
    columns = problem.truth.shape[1] if several and isinstance(problem, Problem) else None
    for step in steps:
        why = _of_clouds(step) if clouds else None
        why = why or (_of_outside(step, columns) if step.outside else None)
        if (clouds or several) and step.intercept:
            why = (
                why
                or "has an intercept, which problems of one number on rows of mean zero know alone"
            )
        if several:
            why = why or _of_several(step)
        elif step.loss.columns:
            why = (
                f"has {step.loss} loss, which is one of several classes, and the problem has one number a "
                "row; 'logistic' is for two classes"
            )
        if why:
            raise InvalidInputError(f"model {step.model} {why}")


def _of_clouds(step: Step) -> str | None:
    for block in step.blocks:
        if REAL in block.judge:
            return "has the real class as judge, which in a problem with class means is no value of a row"
        mixed = REAL in block.shares and len(block.shares) > 1
        if mixed and block.labels.makes != "numbers":
            return (
                f"mixes real classes with values of models under {block.labels} labels: give each "
                "its own source"
            )
    return None


def _of_several(step: Step) -> str | None:
    said = "of a problem of several classes"
    if not (isinstance(step.loss, Squared) or step.loss.columns):
        return f"{said} has {step.loss} loss, which is one of numbers or two classes; 'multinomial' is for more"
    if step.loss.columns and step.penalty == 0:
        return f"{said} has {step.loss} loss and no penalty: it has no single minimum, give it one"
    nothing = np.zeros((1, 2))
    for block in step.blocks:
        if block.keep is not None and block.keep.several(nothing, nothing) is None:
            return f"{said} keeps rows where {block.keep}, a rule of numbers or two classes"
        numbers = block.labels.makes == "numbers" and len(block.labels.law(nothing)[0]) == 1
        if not numbers and block.labels.chances(nothing) is None:
            return f"{said} has {block.labels} labels, which are for one number a row"
    return None


def _of_outside(step: Step, columns: int | None) -> str | None:
    """Models from outside have as many columns as the truth, or the same number for all."""
    for outside in step.outside:
        if columns is None and outside.columns is not None:
            return (
                f"is of a plan with a labeler from outside of {outside.columns} columns; the problem has "
                "one number a row"
            )
        wanted = outside.coefficients is not None or outside.columns is not None
        if columns is not None and wanted and outside.columns != columns:
            had = "one" if outside.columns is None else outside.columns
            return (
                f"is of a plan with a labeler from outside of {had} column{'s' * (had != 'one')}; the problem "
                f"has {columns} classes, give it a column for each"
            )
    return None
