"""Estimators by name, or by where Python finds them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from genloss._words import shown
from genloss.errors import InvalidInputError

_SCALED = ("logistic", "mlp", "neighbours")
_KINDS = {
    "boosting": ("sklearn.ensemble", "HistGradientBoosting", {"max_iter": 30}),
    "forest": ("sklearn.ensemble", "RandomForest", {"n_estimators": 50}),
    "logistic": ("sklearn.linear_model", "LogisticRegression", {"max_iter": 1000}),
    "mlp": ("sklearn.neural_network", "MLP", {}),
    "neighbours": ("sklearn.neighbors", "KNeighbors", {}),
    "tree": ("sklearn.tree", "DecisionTree", {}),
}
NAMES = tuple(_KINDS)


def estimator_of(text: str, *, classes: bool) -> Any:
    """An estimator by name ("forest"), or by module and class ("sklearn.linear_model:Lasso").

    Raises
    ------
    InvalidInputError
        If there is no such name, module or class, or the class cannot be made without arguments.

    Examples
    --------
    >>> estimator_of("forest", classes=True)
    RandomForestClassifier(n_estimators=50)
    >>> estimator_of("sklearn.linear_model:Lasso", classes=False)
    Lasso()
    """
    if text in _KINDS:
        module, name, options = _KINDS[text]
        if text == "logistic" and not classes:
            raise InvalidInputError(
                "estimator was 'logistic', a classifier; the target is taken as a number: classes=True "
                "makes it classes"
            )
        kind = name if text == "logistic" else name + ("Classifier" if classes else "Regressor")
        model = getattr(importlib.import_module(module), kind)(**options)
        if text not in _SCALED:
            return model
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), model)
    return _made(text, _found(text))


def _found(text: str) -> Callable[[], Any]:
    """What stands at a path."""
    where, colon, name = text.partition(":")
    if not (colon and where and name):
        raise InvalidInputError(
            f"estimator was {shown(text)}; it must be one of {', '.join(NAMES)}, or a module and a "
            "class such as sklearn.linear_model:Lasso"
        )
    try:
        module = importlib.import_module(where)
    except (ImportError, ValueError, TypeError) as error:
        raise InvalidInputError(f"estimator was {shown(text)}; {error}") from None
    found = getattr(module, name, None)
    if not callable(found):
        raise InvalidInputError(f"estimator was {shown(text)}; {where} has no class {shown(name)}")
    return found


def _made(text: str, kind: Callable[[], Any]) -> Any:
    try:
        return kind()
    except TypeError as error:
        raise InvalidInputError(
            f"estimator was {shown(text)}, which cannot be made without arguments: {error}"
        ) from None
