"""What is learned from a user's rows, classes or a number, and by what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._fits import cloned, innermost
from genloss.errors import InvalidInputError
from genloss.estimate.kernels import Kernel
from genloss.losses.logistic import Logistic
from genloss.outlook import inputs
from genloss.outlook.measured.learners import Fitted, Learner, RidgeClasses
from genloss.outlook.measured.world import LEAST, ClassRows
from genloss.outlook.rehearse import RealRows, drawing, streams
from genloss.outlook.ridge import Models
from genloss.plan import Plan
from genloss.steps import Step, resolve
from genloss.tables.table import Table
from genloss.tables.target import classified
from genloss.trials import loop
from genloss.weighing.held import weight_key

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Task:
    """Classes or a number, by ridge, logistic regression or an estimator.

    Attributes
    ----------
    classes : bool
        Whether the target holds classes.
    kernel : Kernel or None
        Of ridge; None for a linear model.
    estimator : object or None
        A scikit-learn estimator instead of ridge.
    levels : tuple of str
        Names of the classes, once the table has been read.
    """

    classes: bool
    kernel: Kernel | None = None
    estimator: Any = None
    levels: tuple[str, ...] = ()

    def named(self, table: Table) -> tuple[Table, Task]:
        """The table with places of classes as target, and the task with their names."""
        if not self.classes:
            return table, self
        table, levels = classified(table)
        return table, replace(self, levels=levels)

    @property
    def score(self) -> str:
        """What errors are."""
        return "error" if self.classes else "squared"

    def chances(self, plan: Plan) -> bool:
        """Whether models say chances of the classes."""
        if self.estimator is None:
            return any(isinstance(generation.loss, Logistic) for generation in plan)
        return self.classes and hasattr(self.estimator, "predict_proba")

    @property
    def blunt(self) -> bool:
        """Whether it is a classifier that says classes and no chances."""
        return (
            self.classes
            and self.estimator is not None
            and not hasattr(self.estimator, "predict_proba")
        )

    @property
    def called(self) -> str:
        """The estimator's name; of a search or a pipeline, that of what is searched for, or its last step."""
        return type(innermost(self.estimator)).__name__

    def is_ridge(self, plan: Plan) -> bool:
        """Whether models are ridge, which is fitted here, and not by scikit-learn."""
        return self.estimator is None and not self.chances(plan)

    def takes_soft(self, plan: Plan) -> bool:
        """Whether its models say more than a class, and can be trained on it."""
        if not self.classes or self.estimator is None:
            return self.classes
        try:
            weight_key(self.estimator)
        except InvalidInputError:
            return False
        return self.chances(plan)

    def name(self, plan: Plan) -> str:
        """What is trained, in words."""
        if self.estimator is not None:
            return self.called
        if self.chances(plan):
            return "logistic regression"
        return "linear ridge" if self.kernel is None else f"{self.kernel.name} kernel ridge"

    def chain(
        self,
        plan: Plan,
        pool: tuple[Array, Array],
        source: str,
        seed: np.random.SeedSequence,
        unlabelled: Array | None = None,
        weights: Array | None = None,
        kept: list[Any] | None = None,
    ) -> Iterator[Models]:
        """The models of one literal run: functions from rows to numbers (n, 1), or (n, classes).

        ``kept`` gets what was fitted, of an estimator.
        """
        rows, noise, made, drawn, fits = map(np.random.default_rng, streams(seed, 5))
        weighted = weights is not None
        if weights is not None:  # they go where their rows go
            pool = (np.column_stack([pool[0], weights]), pool[1])
        real = inputs.Pool(*pool, rows)
        draw = drawing(source, real, made, unlabelled)
        width = len(self.levels)
        world: RealRows
        if width:
            world = ClassRows(real, draw, width, noise, drawn, chances=self.chances(plan))
        else:
            world = RealRows(real, draw, 1, noise, drawn)
        return loop.models(resolve(plan), world, self._learner(plan, fits, kept, weighted=weighted))

    def _learner(
        self, plan: Plan, rng: np.random.Generator, kept: list[Any] | None, *, weighted: bool
    ) -> Learner:
        if self.estimator is not None:

            def make(*_: Any) -> Any:
                return cloned(self.estimator)

            return Fitted(make, len(self.levels), rng, weighted=weighted, kept=kept)
        if self.is_ridge(plan):
            penalty = np.array([step.penalty for step in resolve(plan)])
            return RidgeClasses(penalty, self.kernel, weighted=weighted)
        return Fitted(_logistic, len(self.levels), rng, weighted=weighted)

    def scores(
        self, models: Iterable[Array], y: Array, *, chances: bool
    ) -> Iterator[dict[str, Array]]:
        """What every row (m,) costs, by name, for every model that says so much of the rows."""
        first: Array | None = None
        for said in models:
            if not self.classes:
                yield {"squared": (said[:, 0] - y) ** 2}
                continue
            codes, told = y.astype(np.intp), said.argmax(axis=1)
            first = told if first is None else first
            found = {"error": told != codes, "moved": told != first}
            if chances:
                own = said[np.arange(len(said)), codes]
                found["log_loss"] = -np.log(np.maximum(own, LEAST))
                found["confidence"] = said.max(axis=1)
            yield {name: values.astype(np.float64) for name, values in found.items()}


def _logistic(step: Step, n: int) -> Any:
    """scikit-learn's logistic regression with the penalty of `losses-and-labels.md`."""
    from sklearn.linear_model import LogisticRegression

    penalty = step.penalty
    return LogisticRegression(C=1 / (2 * n * penalty) if penalty > 0 else np.inf, max_iter=1000)
