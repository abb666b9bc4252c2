"""Which plans can be measured, and with what."""

from __future__ import annotations

from typing import Any

from genloss._fits import check_fits
from genloss.errors import InvalidInputError
from genloss.generation import Generation
from genloss.keep.agrees import Agrees
from genloss.keep.confident import Confident
from genloss.labels.hard import Hard
from genloss.labels.linear import Linear
from genloss.labels.sampled import Sampled
from genloss.labels.soft import Soft
from genloss.losses.logistic import Logistic
from genloss.losses.squared import Squared
from genloss.outlook.measured.task import Task
from genloss.plan import Plan
from genloss.source import Source
from genloss.steps import resolve
from genloss.weighing.held import weight_key


def check_measured(plan: Plan, task: Task, *, weighted: bool) -> None:
    """Refuse what rows of a table, or the estimator, cannot say."""
    for step in resolve(plan):
        if step.outside:
            raise InvalidInputError(
                "plan had a labeler from outside, which labels along the eigenvectors of a Problem; a "
                "forecast is of a table's own columns, genloss.predict and genloss.simulate know it"
            )
    for model, generation in enumerate(plan):
        _check_fit(model, generation, task)
        for source in generation.sources:
            _check_source(model, source, task)
    if task.estimator is None and len({type(generation.loss) for generation in plan}) > 1:
        raise InvalidInputError(
            "plan had squared and logistic losses; a forecast of classes needs one of them in all models"
        )
    if task.estimator is not None and (weighted or _needs_weights(plan)):
        weight_key(task.estimator)


def _needs_weights(plan: Plan) -> bool:
    sources = [source for generation in plan for source in generation.sources]
    return any(s.weight != 1 or isinstance(s.labels, Soft) for s in sources)


def _check_fit(model: int, generation: Generation, task: Task) -> None:
    if generation.features is not None or generation.filter is not None:
        what = "features" if generation.features is not None else "a filter"
        raise InvalidInputError(
            f"plan had {what} in model {model}; a forecast is of ridge, logistic regression or an "
            "estimator, leave it out"
        )
    if generation.intercept:
        raise InvalidInputError(
            f"intercept of model {model} was True; a forecast fits its own, or leaves it to the estimator: "
            "leave it out"
        )
    if generation.towards is not None and task.estimator is not None:
        raise InvalidInputError(
            f"towards of model {model} was {generation.towards!r} with an estimator, whose own penalty "
            "holds; leave it out"
        )
    if task.estimator is not None:
        return
    if not isinstance(generation.loss, Squared | Logistic):
        raise InvalidInputError(
            f"loss of model {model} was {generation.loss}; a forecast of classes knows squared and "
            "logistic, give another model as estimator"
        )
    if isinstance(generation.loss, Logistic) and (task.kernel or generation.towards is not None):
        raise InvalidInputError(
            f"loss of model {model} was logistic with {'a kernel' if task.kernel else 'towards'}; that is "
            "known for the squared loss"
        )


def _check_source(model: int, source: Source, task: Task) -> None:
    allowed = (Linear, Hard, Sampled, Soft) if task.classes else (Linear,)
    if not isinstance(source.labels, allowed):
        raise InvalidInputError(
            f"labels of model {model} were {source.labels}; of {'classes' if task.classes else 'numbers'} "
            f"a forecast knows {'hard, soft and sampled' if task.classes else 'linear'} ones"
        )
    if task.blunt and isinstance(source.labels, Soft | Sampled):
        raise InvalidInputError(
            f"labels of model {model} were {source.labels} with estimator {task.called}, which gives no "
            "chances of classes (it has no predict_proba); labels='hard' is what it can say, or wrap it: "
            f"CalibratedClassifierCV({task.called}())"
        )
    if task.blunt and isinstance(source.keep, Confident):
        raise InvalidInputError(
            f"keep of model {model} was {source.keep} with estimator {task.called}, which gives no chances "
            "of classes (it has no predict_proba) and is equally sure of all rows; leave it out, use "
            f"Agrees, or wrap it: CalibratedClassifierCV({task.called}())"
        )
    if source.keep is not None and not (
        task.classes and isinstance(source.keep, Confident | Agrees)
    ):
        raise InvalidInputError(
            f"keep of model {model} was {source.keep}; a forecast knows Confident and Agrees, of classes"
        )
    if source.covariance is not None:
        raise InvalidInputError(
            f"a source of model {model} has a covariance of its own; a forecast is of the table's rows"
        )
    if source.weight != 1 and task.estimator is None:
        raise InvalidInputError(
            f"a source of model {model} has weight {source.weight:g}; of ridge a forecast needs plain "
            "rows (weight 1), with an estimator any"
        )
    if source.real_noise is not None:
        raise InvalidInputError(
            f"real_noise of a source of model {model} was {source.real_noise}; in a forecast real "
            "labels carry the data's own noise, leave it out"
        )
    if task.classes and source.noise:
        raise InvalidInputError(
            f"noise of a source of model {model} was {source.noise:g}; classes that models say have no "
            "noise, labels='sampled' draws them"
        )


def check_estimator(estimator: Any, *, classes: bool, target: str) -> None:
    """Refuse what is no estimator for the target."""
    from sklearn.base import is_classifier, is_regressor

    name = type(estimator).__name__
    check_fits(estimator)
    if classes and not is_classifier(estimator):
        raise InvalidInputError(
            f"estimator was {name}, which is no classifier; target {target!r} holds classes: give a "
            "classifier, or classes=False for numbers"
        )
    if not classes and not is_regressor(estimator):
        raise InvalidInputError(
            f"estimator was {name}, which is no regressor; target {target!r} is taken as a number: "
            "give a regressor, or classes=True"
        )
