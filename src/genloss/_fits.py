"""Fits and predictions of an estimator from outside, whose faults are told with its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._words import shown
from genloss.errors import GenlossError, InvalidInputError

Array = npt.NDArray[np.float64]

_LARGEST = 1e150  # of a prediction, which is squared


def check_fits(estimator: Any) -> None:
    """Raise InvalidInputError for what has no ``fit`` and ``predict``, and for a class of estimators."""
    if isinstance(estimator, type) or not (
        hasattr(estimator, "fit") and hasattr(estimator, "predict")
    ):
        raise InvalidInputError(
            f"estimator was {estimator!r:.80}; it must be a scikit-learn estimator, such as "
            "RandomForestRegressor(), or its name"
        )


def is_a_classifier(estimator: Any) -> bool:
    """Whether an object says that it is one; what is no estimator at all says nothing."""
    from sklearn.base import is_classifier

    return (
        not isinstance(estimator, type) and hasattr(estimator, "fit") and is_classifier(estimator)
    )


def innermost(estimator: Any) -> Any:
    """What is fitted in the end: the last step of a pipeline, what a search searches for."""
    while True:
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif searches(estimator):
            estimator = estimator.estimator
        else:
            return estimator


def searches(estimator: Any) -> bool:
    """Whether it looks for the settings of another estimator, as `GridSearchCV` does."""
    return all(hasattr(estimator, name) for name in ("estimator", "refit", "cv", "scoring"))


def cloned(estimator: Any) -> Any:
    """A new one of the same settings.

    Raises
    ------
    InvalidInputError
        If it does not keep to scikit-learn's rules for settings.
    """
    from sklearn.base import clone

    return _told(estimator, "clone", lambda: clone(estimator))


def fitted(estimator: Any, X: Array, y: npt.NDArray[Any], **more: Any) -> Any:
    """The estimator after its ``fit``.

    Raises
    ------
    InvalidInputError
        If the fit fails.
    """
    return _told(estimator, f"fit of {len(X)} rows", lambda: estimator.fit(X, y, **more))


def predicted(estimator: Any, X: Array, method: str = "predict", width: int = 1) -> Array:
    """What it says of rows: finite numbers, shape (n, width).

    Raises
    ------
    InvalidInputError
        If that fails, or gives other than so many finite numbers for every row.
    """
    said = _told(
        estimator,
        f"{method} of {len(X)} rows",
        lambda: np.asarray(getattr(estimator, method)(X), dtype=np.float64),
    )
    name = type(estimator).__name__
    if said.size != len(X) * width:
        raise InvalidInputError(
            f"estimator was {name}, whose {method} had shape {said.shape} for {len(X)} rows; it must "
            f"say {width} number{'s' * (width > 1)} about each"
        )
    bad = said[~(np.abs(said) < _LARGEST)]
    if bad.size:
        raise InvalidInputError(
            f"estimator was {name}, whose {method} was {shown(float(bad[0]))} of some row; it must be "
            "finite, and its square too"
        )
    return said.reshape(len(X), width)


def chances_said(model: Any, X: Array, n_classes: int) -> Array:
    """Chances (n, classes) of a fitted classifier of places; the class itself where it knows none.

    Raises
    ------
    InvalidInputError
        If these are no chances, or of classes that no label was.
    """
    found = np.zeros((len(X), n_classes))
    if not hasattr(model, "predict_proba"):
        found[np.arange(len(X)), _codes(model, predicted(model, X)[:, 0], n_classes)] = 1.0
        return found
    known = _codes(model, getattr(model, "classes_", None), n_classes)
    chances = predicted(model, X, "predict_proba", len(known))
    if chances.min() < 0 or chances.max() > 1 + 1e-6:
        raise InvalidInputError(
            f"estimator was {type(model).__name__}, whose predict_proba was between "
            f"{chances.min():g} and {chances.max():g}; chances lie between 0 and 1"
        )
    found[:, known] = chances
    return found


def _codes(model: Any, said: Any, n_classes: int) -> npt.NDArray[np.intp]:
    """Classes as places; refuses those that no label was."""
    codes = np.atleast_1d(said)
    strange = codes[~np.isin(codes, np.arange(n_classes))]
    if strange.size:
        raise InvalidInputError(
            f"estimator was {type(model).__name__}, whose classes had {strange[0]}; labels were the "
            f"numbers 0 to {n_classes - 1}"
        )
    return codes.astype(np.intp)


def _told(estimator: Any, what: str, do: Callable[[], Any]) -> Any:
    try:
        return do()
    except (GenlossError, Warning):  # a warning that its user made an error stays one
        raise
    except Exception as fault:
        reason = str(fault).strip().split("\n")[0] or type(fault).__name__
        raise InvalidInputError(
            f"estimator was {type(estimator).__name__}, whose {what} failed: {reason[:300]}"
        ) from fault
