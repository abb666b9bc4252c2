"""External: a model from outside, as a labeler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.errors import InvalidInputError

Array = npt.NDArray[np.float64]
Column = tuple[float, ...]
Values = float | Column | tuple[Column, ...]


@dataclass(frozen=True)
class External:
    """A model from outside that labels rows: somebody's older one, a simulator, a biased annotator.

    It is given by its coefficients, or by how it differs from the truth. One with a variance is random:
    it is drawn once in every run, and is one and the same wherever the plan names an equal one.

    Parameters
    ----------
    coefficients : sequence of float of shape (p,) or (p, classes), optional
        Its coefficients along the problem's eigenvectors, with a column for each of several classes.
    bias : float or sequence of float of shape (p,) or (p, classes), optional
        Instead of them: its mean less the truth, one number or one per direction (and class); default 0.
    variance : float or sequence of float of shape (p,) or (p, classes), optional
        Variance of each coefficient, independent of the others; default 0.

    Raises
    ------
    InvalidInputError
        If there is nothing, or coefficients beside a bias or variance.

    Notes
    -----
    `plans.md`.

    Examples
    --------
    >>> import genloss as gl
    >>> problem = gl.Problem.isotropic(50)
    >>> teacher = gl.External(bias=0.05, variance=0.01)
    >>> plan = gl.Plan([gl.Generation([gl.Source(200), gl.Source(400, teacher)], penalty=0.01)])
    >>> plan
    Plan(1 model)
      model 0: 200 real + 400 labelled by a model from outside, penalty 0.01
    >>> gl.predict(problem, plan).risk.round(3)
    array([0.279])
    """

    coefficients: Column | tuple[Column, ...] | None = None
    bias: Values | None = field(default=None, kw_only=True)
    variance: Values | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        relative = self.bias is not None or self.variance is not None
        if (self.coefficients is not None) == relative:
            raise InvalidInputError(
                "an External labeler needs its coefficients, or its bias and variance about the truth: "
                "give one or the other"
            )
        if self.coefficients is not None:
            values = _check.numbers("coefficients", self.coefficients)
            if values.ndim != 2:
                values = _check.vector("coefficients", self.coefficients)
            object.__setattr__(self, "coefficients", _frozen(values))
        object.__setattr__(self, "bias", _values("bias", self.bias))
        object.__setattr__(self, "variance", _values("variance", self.variance, ">= 0"))
        parts = [np.array(each) for each in (self.bias, self.variance) if each is not None]
        shapes = {each.shape for each in parts if each.ndim}
        if len({shape[0] for shape in shapes}) > 1 or len(self._columns) > 1:
            raise InvalidInputError(
                f"bias and variance had shapes {' and '.join(map(str, sorted(shapes)))}; they must be of as "
                "many directions and classes"
            )

    @property
    def _columns(self) -> set[int]:
        given = self.coefficients, self.bias, self.variance
        arrays = [np.array(each) for each in given if each is not None]
        return {each.shape[1] for each in arrays if each.ndim == 2}

    @property
    def columns(self) -> int | None:
        """How many classes it tells apart; None where it has one number for a direction."""
        return min(self._columns, default=None)

    def check_fits(self, dim: int) -> None:
        """Raise InvalidInputError if it is of another number of directions."""
        for name in ("coefficients", "bias", "variance"):
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) != dim:
                raise InvalidInputError(
                    f"{name} of a model from outside had {len(value)} entries; the problem has dim "
                    f"{dim}, they must agree"
                )

    def law(self, truth: Array) -> tuple[Array, Array]:
        """Mean and variance of its coefficients, each shaped as the truth is."""
        if self.coefficients is not None:
            return np.array(self.coefficients), np.zeros_like(truth)
        bias, variance = (_along(each or 0.0, truth) for each in (self.bias, self.variance))
        return truth + bias, variance + np.zeros_like(truth)

    def draw(self, truth: Array, rng: np.random.Generator) -> Array:
        """Its coefficients in one run."""
        mean, variance = self.law(truth)
        if not variance.any():
            return mean
        return mean + np.sqrt(variance) * rng.standard_normal(truth.shape)

    def times(self, factor: float) -> External:
        """It, with coefficients in another unit."""

        def scaled(value: Values | None, by: float) -> Any:
            return value if value is None else by * np.array(value)

        return External(
            scaled(self.coefficients, factor),
            bias=scaled(self.bias, factor),
            variance=scaled(self.variance, factor**2),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        named = {name: getattr(self, name) for name in ("coefficients", "bias", "variance")}
        return {
            name: np.array(value).tolist() if isinstance(value, tuple) else value
            for name, value in named.items()
            if value is not None
        }

    def __str__(self) -> str:
        return "a model from outside"


def _values(name: str, given: Any, above: Any = None) -> Values | None:
    """One number, one per direction, or one per direction and class."""
    if given is None:
        return None
    array = _check.numbers(name, given, above=above)
    if array.ndim > 2:
        raise InvalidInputError(
            f"{name} had shape {array.shape}; it must be one number, a vector, or have a column per class"
        )
    return float(array) if array.ndim == 0 else _frozen(array)


def _frozen(values: Array) -> Any:
    """The same as tuples, which can be compared."""
    return tuple(map(tuple, values.tolist())) if values.ndim == 2 else tuple(values.tolist())


def _along(values: Values, truth: Array) -> Array:
    """One number per direction is that of all columns of a truth."""
    array = np.array(values)
    return array[:, None] if array.ndim == 1 < truth.ndim else array
