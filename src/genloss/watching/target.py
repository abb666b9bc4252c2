"""What the models of a loop say, a number or chances of classes, and how that becomes labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._fits import is_a_classifier
from genloss._words import number
from genloss.errors import InvalidInputError
from genloss.watching.rehearsal import Model

Array = npt.NDArray[np.float64]

HOW = ("hard", "sampled", "soft")
_SLACK = 1e-6  # of chances that sum to one
_LARGEST = 1e150  # of which squares are numbers
_WORST = 2.0  # Brier score


@dataclass(frozen=True)
class Numbers:
    """A number.

    Attributes
    ----------
    scatter, noise : float
        Standard deviations of real labels about a model, and of noise on the labels that models make.
    """

    scatter: float = 0.0
    noise: float = 0.0

    width = 1

    def real(self, said: Array, rng: np.random.Generator) -> Array:
        """Real labels of rows of which the truth says so much."""
        return said + self.scatter * rng.standard_normal(len(said))

    def made(self, said: Array, rng: np.random.Generator) -> Array:
        """Labels that a model makes of what it says."""
        return said + self.noise * rng.standard_normal(len(said))

    def vectors(self, name: str, labels: Any, count: int, *, gaps: bool = False) -> Array:
        """Labels (n,) as they are; unknown ones are NaN."""
        return _as_many(
            name, _check.numbers(name, labels, ndim=1, flags=True, finite=not gaps), count
        )

    def asked(self, model: Any) -> Model:
        """A deployed model as a function."""
        _has(model, "predict")
        return lambda X: np.asarray(model.predict(X), dtype=np.float64).reshape(len(X))

    def said(self, predictions: Any, count: int) -> Array:
        """Predictions (w,) of a round."""
        found = _check.numbers("predictions", predictions, ndim=1)
        check_squares("predictions", found)
        return np.asarray(_as_many("predictions", found, count))

    def error(self, said: Array, y: Array) -> float:
        """Largest squared error that a model may have, which says so much of real rows with these labels."""
        return max(self.scatter**2, float(np.mean((y - said) ** 2)))


@dataclass(frozen=True)
class Classes:
    """Chances of classes, of which the most likely one is said.

    Attributes
    ----------
    levels : tuple of str
        Names of the classes, in their order.
    how : {"hard", "sampled", "soft"}
        What models make of their chances: the likeliest class, one drawn, or the chances.
    """

    levels: tuple[str, ...]
    how: str = "hard"

    @classmethod
    def of(cls, y: Any, how: str) -> Classes:
        """The classes among real labels."""
        levels = tuple(names(np.unique(np.asarray(y))))
        if len(levels) < 2:
            raise InvalidInputError(f"y had one class, {levels[0]!r}; two are needed")
        return cls(levels, how)

    @property
    def width(self) -> int:
        """Number of classes."""
        return len(self.levels)

    def real(self, said: Array, rng: np.random.Generator) -> Array:
        """Real labels (n, classes) of rows whose classes have these chances."""
        below = np.cumsum(said, axis=1)[:, :-1]
        return np.eye(self.width)[(below <= rng.random(len(said))[:, None]).sum(axis=1)]

    def made(self, said: Array, rng: np.random.Generator) -> Array:
        """Labels that a model makes of its chances."""
        if self.how == "sampled":
            return self.real(said, rng)
        return said if self.how == "soft" else np.eye(self.width)[said.argmax(axis=1)]

    def vectors(self, name: str, labels: Any, count: int, *, gaps: bool = False) -> Array:
        """Labels as vectors (n, classes); unknown ones (None, "" or NaN) are NaN."""
        told = _as_many(name, np.asarray(labels, dtype=object).ravel(), count)
        found = np.full((count, self.width), np.nan)
        for row, label in enumerate(told):
            if gaps and (label is None or label == "" or label != label):  # noqa: PLR0124  # NaN
                continue
            [called] = names(np.asarray([label]))
            if called not in self.levels:
                raise InvalidInputError(
                    f"{name}[{row}] was {called!r}; the classes are {', '.join(self.levels)}"
                )
            found[row] = np.eye(self.width)[self.levels.index(called)]
        return found

    def asked(self, model: Any) -> Model:
        """A deployed classifier as a function; one without chances is sure of its class."""
        _has(model, "predict")
        _has(model, "classes_")
        own = [self._place(label) for label in names(np.asarray(model.classes_))]

        def says(X: Array) -> Array:
            if not hasattr(model, "predict_proba"):
                return self.vectors("model.predict", model.predict(X), len(X))
            found = np.zeros((len(X), self.width))
            found[:, own] = model.predict_proba(X)
            return found

        return says

    def said(self, predictions: Any, count: int) -> Array:
        """Chances (w, classes), or of the second of two classes (w,), as one row of numbers."""
        found = _check.numbers("predictions", predictions)
        if found.ndim == 1 and self.width == 2:
            found = np.column_stack([1 - found, found])
        if found.shape[1:] != (self.width,):
            raise InvalidInputError(
                f"predictions had shape {found.shape}; they are chances of {self.width} classes for every "
                f"watched row, shape ({count}, {self.width})"
                + (" or of the second one alone" if self.width == 2 else "")
            )
        _as_many("predictions", found, count)
        if found.min() < -_SLACK or np.abs(found.sum(axis=1) - 1).max() > _SLACK:
            raise InvalidInputError(
                "predictions were no chances: they lie between 0 and 1, and sum to 1 in every row"
            )
        return found.ravel()

    def error(self, said: Array, y: Array) -> float:  # noqa: ARG002  # like `Numbers`
        """Largest Brier score that there is."""
        return _WORST

    def _place(self, label: str) -> int:
        if label not in self.levels:
            raise InvalidInputError(
                f"model knows a class {label!r}; those of y are {', '.join(self.levels)}"
            )
        return self.levels.index(label)


Target = Numbers | Classes


def target_of(
    y: Any, estimator: Any, classes: bool | None, pseudo_labels: str | None, noise: float
) -> Target:
    """Whether labels are classes (text, booleans, of a classifier, or said to be), and what is made of them.

    Raises
    ------
    InvalidInputError
        If noise is given beside classes, or pseudo_labels beside numbers.
    """
    told = np.asarray(y)
    if classes is None:
        classes = is_text(told) or is_a_classifier(estimator)
    else:
        classes = _check.boolean("classes", classes)
    if not classes:
        if pseudo_labels is not None:
            raise InvalidInputError(
                "pseudo_labels was given, and y holds numbers; classes=True makes them classes"
            )
        return Numbers(noise=noise)
    if noise:
        raise InvalidInputError(
            f"noise was {noise:g} with classes, which have none; pseudo_labels='sampled' draws labels"
        )
    return Classes.of(told, _check.choice("pseudo_labels", pseudo_labels or "hard", HOW))


def check_squares(name: str, values: Array) -> None:
    """Refuse numbers of which squares are none."""
    largest = np.abs(values).max(initial=0.0)
    if largest > _LARGEST:
        raise InvalidInputError(
            f"{name} had an entry of {largest:.3g}, the square of which is no floating-point number"
        )


def is_text(y: Any) -> bool:
    """Whether labels are text or booleans."""
    told = np.asarray(y)
    if told.dtype.kind == "O":
        return any(isinstance(each, str | bool) for each in told.ravel())
    return told.dtype.kind in "bUS"


def names(values: npt.NDArray[Any]) -> list[str]:
    """Classes in words."""
    return [
        str(each) if isinstance(each, str | bool) else number(float(each), 12)
        for each in values.tolist()
    ]


def _as_many(name: str, found: Any, count: int) -> Any:
    if len(found) != count:
        raise InvalidInputError(f"{name} had {len(found)} entries; {count} rows are watched")
    return found


def _has(model: Any, method: str) -> None:
    if not hasattr(model, method):
        raise InvalidInputError(f"model was a {type(model).__name__}; it must have {method}")
