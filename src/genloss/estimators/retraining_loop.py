"""Any scikit-learn estimator through any plan, on one's own rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from genloss import _check
from genloss._fits import check_fits
from genloss.curve import Curve
from genloss.estimators._callbacks import CallbackSupportMixin, fitting, with_callbacks
from genloss.outlook.growth import NORMAL
from genloss.outlook.measured.check_plan import check_measured
from genloss.outlook.measured.task import Task
from genloss.outlook.measured.ways import labelled
from genloss.outlook.ridge import Models
from genloss.plan import Plan
from genloss.steps import resolve

Array = npt.NDArray[np.float64]

_MODEL_ERROR = 0.02  # relative error of a growth that no number of rows takes away


class RetrainingLoop(MetaEstimatorMixin, CallbackSupportMixin, BaseEstimator):
    """A chain of models, each trained as a plan says: on real labels, or on its predecessors'.

    The plan is run literally on folds of the rows: every model of the chain is scored on real rows
    that none of them has seen. Rows are used in the order in which they were used longest ago, so that
    inputs of later models are new ones as long as there are any. A last chain on all rows is kept.

    Parameters
    ----------
    estimator : scikit-learn regressor or classifier
        Fitted anew for every model; its own loss and parameters hold, the plan's are not looked
        at.
    plan : Plan
        Who labels which rows. ``noise`` of a source is added to labels that models make (in units of
        the target; not for classes); real labels bring their own. Of classes ``labels`` may be "soft"
        or "sampled" and ``keep`` leave out rows, as in `genloss.forecast`.
    cv : int or splitter, default 5
        Folds on which the chain is scored.
    random_state : int, RandomState or None, default None
        Of the draws of rows and noise, and of ``estimator`` where it has one.

    Attributes
    ----------
    curve_ : Curve
        ``risk`` of every model on real labels: mean squared error, or the share of wrong classes;
        ``stderr`` over rows.
    growth_, growth_low_, growth_high_ : ndarray of shape (n_models,)
        The risk over model 0's, and its interval of nominal 90 %: rows are shared, so that it is
        narrower than the risks' own.
    estimators_ : list
        The models of a chain on all rows; the last one predicts.
    classes_ : ndarray
        The classes, of a classifier.

    See Also
    --------
    genloss.forecast : Ridge and kernel ridge, all penalties at once, with advice.

    Notes
    -----
    How the growth's interval is made is on `estimators.md` 6. scikit-learn's callbacks (from 1.9 on) are
    told of every fold, and of the chain on all rows.

    Examples
    --------
    >>> import genloss as gl, sklearn.datasets
    >>> from genloss.estimators import RetrainingLoop
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> X, y = sklearn.datasets.load_diabetes(return_X_y=True)
    >>> tree = DecisionTreeRegressor(max_depth=3)
    >>> found = RetrainingLoop(tree, gl.Plan.replace(4, 80), random_state=0).fit(X, y)
    >>> found.curve_.n_models, bool(found.growth_low_[-1] < found.growth_[-1])
    (4, True)
    """

    def __init__(
        self, estimator: Any, plan: Plan, *, cv: Any = 5, random_state: Any = None
    ) -> None:
        self.estimator = estimator
        self.plan = plan
        self.cv = cv
        self.random_state = random_state

    @with_callbacks
    def fit(self, X: Any, y: Any) -> Self:
        """Run the plan on folds of the rows, and once on all of them.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Rows.
        y : array_like of shape (n,)
            Real labels: numbers, or classes.

        Returns
        -------
        RetrainingLoop
            Itself.

        Raises
        ------
        InvalidInputError
            If the plan needs what the estimator does not know: chances, weights, a penalty's centre.

        Warns
        -----
        UserWarning
            If the plan needs more rows than there are: some are then used more than once.
        """
        plan = deepcopy(_check.instance("plan", self.plan, Plan))  # a plan keeps what it is asked
        check_fits(self.estimator)
        classes = is_classifier(self.estimator)
        X, y = validate_data(self, X, y, y_numeric=not classes, ensure_min_samples=2)
        if classes:
            check_classification_targets(y)
            self.classes_, codes = np.unique(y, return_inverse=True)
            labels, names = codes.astype(np.float64), tuple(map(str, self.classes_))
            task, plan = Task(classes=True, estimator=self.estimator, levels=names), labelled(plan)
        else:
            labels, task = y.astype(np.float64), Task(classes=False, estimator=self.estimator)
        check_measured(plan, task, weighted=False)
        state = check_random_state(self.random_state)
        losses = np.full((plan.n_models, len(y)), np.nan)
        folds, needed = 0, sum(block.rows for step in resolve(plan) for block in step.new)
        recurs = needed > len(y)

        def chain(rows: Any, kept: list[Any] | None = None) -> Iterator[Models]:
            seed = np.random.SeedSequence(int(state.randint(2**31 - 1)))
            return task.chain(plan, (X[rows], labels[rows]), "recycle", seed, kept=kept)

        # fits of a few hundred rows wait for threads more than they compute
        splits = check_cv(self.cv, y, classifier=classes)
        tasks = splits.get_n_splits(X, y) + 1
        with threadpool_limits(1), fitting(self, tasks, X, y) as one:
            for train, test in splits.split(X, y):
                with one("fold"):
                    said = (model(X[test]) for model in chain(train))
                    for t, scores in enumerate(task.scores(said, labels[test], chances=False)):
                        losses[t, test] = scores[task.score]
                folds, recurs = folds + 1, recurs or needed > len(train)
            self.estimators_: list[Any] = []
            with one("all rows"):
                for _ in chain(slice(None), self.estimators_):
                    pass
        self._report(losses[:, ~np.isnan(losses[0])], folds, int(plan.n_samples[0]), recurs)
        return self

    def _report(self, losses: Array, folds: int, first_rows: int, recurs: bool) -> None:
        n = losses.shape[1]
        risk = losses.mean(axis=1)
        said = ["the plan needs more rows than there are: some were used more than once"] * recurs
        for words in said:
            warnings.warn(words, UserWarning, stacklevel=3)
        self.curve_ = Curve(
            risk=risk,
            stderr=losses.std(axis=1, ddof=1) / np.sqrt(n),
            method=f"{type(self.estimator).__name__}, literally",
            metric="share of wrong classes"
            if is_classifier(self.estimator)
            else "mean squared error on real labels",
            trials=folds,
            warnings=tuple(said),
        )
        first = max(float(risk[0]), 1e-300)
        growth = risk / first
        apart = (losses - growth[:, None] * losses[0]) / np.maximum(risk, 1e-300)[:, None]
        shared = 1 + first_rows / n  # training rows that all folds share
        se = np.sqrt(apart.var(axis=1) / n * shared + _MODEL_ERROR**2)
        se[0] = 0.0
        self.growth_ = growth
        self.growth_low_, self.growth_high_ = (growth * np.exp(s * NORMAL * se) for s in (-1, 1))

    def predict(self, X: Any) -> Any:
        """What the last model of the chain on all rows says."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        said = self.estimators_[-1].predict(X)
        return self.classes_[said.astype(np.intp)] if is_classifier(self.estimator) else said

    def score(self, X: Any, y: Any) -> float:
        """R2 of the last model, or its share of right classes."""
        judge = accuracy_score if is_classifier(self.estimator) else r2_score
        return float(judge(y, self.predict(X)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        theirs = get_tags(self.estimator)
        tags.estimator_type = theirs.estimator_type
        tags.classifier_tags, tags.regressor_tags = theirs.classifier_tags, theirs.regressor_tags
        tags.target_tags.required = True
        return tags
