"""What every filter can say of itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from genloss._family import Member
from genloss.errors import InvalidInputError

Array = npt.NDArray[np.float64]
Values = npt.NDArray[Any]  # real or complex

MOST_STEPS = 1_000_000


class Filter(Member):
    """A way to fit ``w = g(S) X'y / n``, or to go through the rows once.

    The penalty is that of the fit, lambda in ``(1/n) |Xw - y|^2 + lambda |w|^2``; weights of rows are in
    X and y already, both times their roots.

    Attributes
    ----------
    spectral : bool
        Whether it is such a g. If not, `fit` says all, and theory has a file of its own for it.
    """

    spectral: ClassVar[bool] = True

    @abstractmethod
    def shrink(self, x: Values, penalty: float) -> Values:
        """``x g(x)`` at eigenvalues of S, also complex ones: analytic but for `pole`."""

    @abstractmethod
    def fit(self, X: Array, y: Array, penalty: float) -> Array:
        """The model, shape (dim,), computed as the learner would; a column for each column of y."""

    def pole(self, penalty: float) -> float | None:  # noqa: ARG002
        """Distance below zero of the nearest pole of ``x g(x)``; None where there is none."""
        return None

    def check(self, top: float, trace: float, penalty: float) -> None:  # noqa: ARG002
        """Raise InvalidInputError where the fit would not settle.

        ``top`` is the largest eigenvalue that S is likely to have, ``trace`` the mean squared length of a
        row.
        """
        return


class ExplodesError(InvalidInputError, ArithmeticError):
    """A fit whose steps are too long for the penalty and the rows: a search goes on elsewhere."""


def too_long(name: str, step: float, largest: float) -> ExplodesError:
    """The error for a step that explodes."""
    return ExplodesError(
        f"step of {name} was {step:.6g}; it must be below {largest:.4g}, beyond which it explodes on "
        "these rows"
    )


def power_sum(u: Values, count: int) -> Values:
    """``1 + (1 - u) + ... + (1 - u)**(count - 1)``, which is ``(1 - (1 - u)**count) / u``."""
    small = np.abs(u) * count < 1e-3
    safe = np.where(small, 1.0, u)
    series = count * (
        1 - (count - 1) / 2 * u * (1 - (count - 2) / 3 * u * (1 - (count - 3) / 4 * u))
    )
    return np.where(small, series, (1 - (1 - safe) ** count) / safe)
