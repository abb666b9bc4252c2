"""Kernels on standardised features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._words import shown
from genloss.errors import InvalidInputError

Array = npt.NDArray[np.float64]

NAMES = ("linear", "rbf", "polynomial")

_LARGEST = 1e30  # value of a kernel of which sums of squares are numbers, in single precision too
_ROUNDED = 1e-12  # of an exponent, which it may then be above zero
_ALIKE = 1e-11  # differences of values, as a share of them, that rounding makes


@dataclass(frozen=True)
class Kernel:
    """A kernel and its parameters; they mean what they mean in scikit-learn.

    Parameters
    ----------
    name : {"linear", "rbf", "polynomial"}
        ``x'z``, ``exp(-gamma |x - z|**2)`` or ``(gamma x'z + coef0)**degree``.
    gamma : float, optional
        Scale; default ``1 / dim``.
    degree : int, default 3
        Degree of the polynomial kernel.
    coef0 : float, default 1.0
        Offset of the polynomial kernel.

    Raises
    ------
    InvalidInputError
        If the name is unknown or a parameter out of range.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Kernel("rbf", gamma=0.1)([[0.0], [1.0]], [[0.0]]).round(3)
    array([[1.   ],
           [0.905]])
    """

    name: str
    gamma: float | None = None
    degree: int = 3
    coef0: float = 1.0

    def __post_init__(self) -> None:
        given: Any = self.name
        name = "polynomial" if isinstance(given, str) and given == "poly" else given
        object.__setattr__(self, "name", _check.choice("kernel", name, NAMES))
        if self.gamma is not None:
            object.__setattr__(self, "gamma", _check.positive("gamma", self.gamma))
        object.__setattr__(
            self, "degree", _check.integer("degree", self.degree, minimum=1, maximum=1000)
        )
        object.__setattr__(self, "coef0", _check.non_negative("coef0", self.coef0))

    @classmethod
    def of(cls, kernel: Any) -> Self | None:
        """Return what a user calls a kernel: None for a linear model, a name, or a Kernel."""
        if kernel is None:
            return None
        if isinstance(kernel, cls):
            return None if kernel.name == "linear" else kernel
        if isinstance(kernel, str):
            return None if kernel == "linear" else cls(kernel)
        raise InvalidInputError(
            f"kernel was {shown(kernel)}; it must be None, one of {', '.join(map(repr, NAMES))} "
            "or a genloss.Kernel"
        )

    @property
    def finite(self) -> bool:
        """Whether it stands for finitely many features, so that a sample can see all of them."""
        return self.name != "rbf"

    def arguments(self, dim: int) -> str:
        """What scikit-learn's ``KernelRidge`` takes for this kernel on ``dim`` features.

        Examples
        --------
        >>> Kernel("rbf").arguments(8)
        "kernel='rbf', gamma=0.125"
        """
        gamma = 1 / dim if self.gamma is None else self.gamma
        more = "" if self.name == "rbf" else f", degree={self.degree}, coef0={self.coef0:g}"
        return f"kernel={self.name!r}, gamma={gamma:.4g}{more}"

    def check(self, X: Array) -> None:
        """Raise InvalidInputError if it is too large for numbers, or the same everywhere, on features (n, p)."""
        gamma = 1 / X.shape[1] if self.gamma is None else self.gamma
        square = float(np.sum(X**2, axis=1).max())
        degree = self.degree if self.name == "polynomial" else 1
        with np.errstate(divide="ignore"):  # of rows that are all zero
            if degree * np.log(gamma * square + self.coef0 * (self.name != "rbf")) > np.log(
                _LARGEST
            ):
                raise InvalidInputError(
                    f"kernel was {shown(self)}; on these features it is too large for numbers, take a smaller "
                    + ("gamma" if self.name == "rbf" else "degree or gamma")
                )
        some = self(X[:500], X[:500])
        if X.any() and float(np.ptp(some)) <= _ALIKE * float(np.abs(some).max()):
            raise InvalidInputError(
                f"kernel was {shown(self)}; on these features it is the same for all rows, take a larger gamma"
            )

    def __call__(self, A: npt.ArrayLike, B: npt.ArrayLike) -> Array:
        """Kernel matrix of shape (rows of A, rows of B), single if both are."""
        A, B = np.asarray(A), np.asarray(B)
        kind = np.float32 if A.dtype == B.dtype == np.float32 else np.float64
        A, B = A.astype(kind, copy=False), B.astype(kind, copy=False)
        if A.ndim != 2 or B.ndim != 2 or A.shape[1] != B.shape[1]:
            raise InvalidInputError(
                f"A had shape {A.shape} and B {B.shape}; both must be 2-D with the same columns"
            )
        return self.against(B)(A)

    def against(self, B: npt.NDArray[Any]) -> Callable[..., npt.NDArray[Any]]:
        """The kernel matrix of any rows A and of these, from the ``first`` of them on.

        What depends on ``B`` alone is made once.

        Examples
        --------
        >>> X = np.arange(3.0)[:, None]
        >>> Kernel("polynomial", gamma=1.0, degree=2).against(X)(X[1:2], first=1)
        array([[4., 9.]])
        """
        if self.name == "linear":
            return lambda A, first=0: A @ B[first:].T
        gamma = 1 / B.shape[1] if self.gamma is None else self.gamma
        if self.name == "polynomial":
            return lambda A, first=0: (gamma * (A @ B[first:].T) + self.coef0) ** self.degree
        # -gamma |a - b|**2 as one product of rows with their own squares attached
        ones = np.ones(len(B), dtype=B.dtype)
        right = np.vstack([B.T, ones, -gamma * np.vecdot(B, B)])
        # of equal rows the exponent is zero but for rounding, which is nothing unless rows are long
        size = float(-right[-1].min(initial=0)) * len(right)
        rounded = size * float(np.finfo(B.dtype).eps) > _ROUNDED

        def found(A: npt.NDArray[Any], first: int = 0) -> npt.NDArray[Any]:
            left = np.empty((len(A), len(right)), dtype=A.dtype)
            np.multiply(A, 2 * gamma, out=left[:, :-2])
            left[:, -2], left[:, -1] = -gamma * np.vecdot(A, A), 1
            exponent = left @ right[:, first:]
            if rounded:
                np.minimum(exponent, 0, out=exponent)
            return np.asarray(np.exp(exponent, out=exponent))

        return found


LINEAR = Kernel("linear")


@dataclass(frozen=True)
class Nystrom:
    """Features whose linear kernel approximates a kernel through landmark rows."""

    kernel: Kernel
    landmarks: Array
    whitener: Array

    @classmethod
    def fit(cls, kernel: Kernel, landmarks: Array) -> Self:
        """Build the map from landmark rows, dropping directions that are numerically absent."""
        values, vectors = np.linalg.eigh(kernel(landmarks, landmarks))
        kept = values > values[-1] * 1e-12
        return cls(kernel, landmarks, vectors[:, kept] / np.sqrt(values[kept]))

    def __call__(self, X: Array) -> Array:
        """Features of shape (n_rows, number of landmarks or fewer)."""
        return self.kernel(X, self.landmarks) @ self.whitener


def nystrom_features(X: Array, kernel: Kernel, landmarks: int, seed: int) -> Nystrom:
    """Features for more rows than a Gram matrix can hold."""
    chosen = np.random.default_rng(seed).permutation(len(X))[:landmarks]
    return Nystrom.fit(kernel, X[chosen])
