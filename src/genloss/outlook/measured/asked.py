"""What is asked for, classes or numbers, of ridge or of an estimator, checked before any work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genloss import _check
from genloss._fits import is_a_classifier
from genloss._named import estimator_of
from genloss.errors import InvalidInputError
from genloss.estimate.kernels import Kernel
from genloss.outlook.measured.check_plan import check_estimator, check_measured
from genloss.outlook.measured.task import Task
from genloss.outlook.measured.ways import labelled
from genloss.plan import Plan
from genloss.tables.streaming import LargeTable
from genloss.tables.table import Table


def asked_task(
    table: Table | LargeTable, classes: bool | None, kernel: Kernel | None, estimator: Any
) -> Task | None:
    """What is to be measured; None where ridge of numbers is asked for, which has a theory."""
    if classes is not None:
        classes = _check.boolean("classes", classes)
    target = table.target if isinstance(table, LargeTable) else table.target_name
    told = isinstance(table, Table) and bool(table.levels)
    wanted = told if classes is None else classes
    if estimator is None:
        return Task(classes=True, kernel=kernel) if wanted else None
    if isinstance(estimator, str):
        estimator = estimator_of(estimator, classes=wanted)
    elif classes is None and not wanted:
        wanted = is_a_classifier(estimator)
    check_estimator(estimator, classes=wanted, target=target)
    return Task(classes=wanted, estimator=estimator)


def task_plan(
    plan: Plan, task: Task, given: Mapping[str, Any], *, log: bool, weighted: bool
) -> Plan:
    """The plan as it is run, or an error that names what does not fit."""
    if task.estimator is not None:
        for name, value in given.items():
            if value is not None:
                raise InvalidInputError(
                    f"{name} was given beside an estimator, whose own settings hold; leave one out"
                )
    if task.classes and log:
        raise InvalidInputError(
            "log was True with classes; a logarithm is of numbers, leave it out"
        )
    if task.classes:
        plan = labelled(plan)
    check_measured(plan, task, weighted=weighted)
    return plan
