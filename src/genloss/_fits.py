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
