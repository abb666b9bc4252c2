"""Leave-one-out of a whole chain of ridge models: what each real row's label did to every later model.

Rows are standardised by the real rows and begin with a 1. A ridge fit is ``v = Q U'labels``, so that model 0
without row i differs by ``Q_0 u_i r_i``, r_i its leave-one-out residual. A later round, fitted to rows U_t of
which the model before labelled S_t, hands a difference on by ``A_t = Q_t S_t'S_t``; noise of its labels and
new real labels stay as they were. Hence, exactly,

    r_i(t) = y_i - f_t(x_i) + u_i' A_t ... A_1 Q_0 u_i r_i .
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from genloss.errors import InvalidInputError
from genloss.outlook.ridge import RANK, Design
from genloss.watching.rehearsal import Model, Ridge

Array = npt.NDArray[np.float64]

_LINEAR = 1e-3  # of the predictions' spread: what they may be off a linear function of the columns
_SAME = 1e-6  # of the labels' spread: what a deployed model 0 may be off the ridge model


class _Bytes:
    """Arrays as bytes and back."""

    def to_bytes(self) -> bytes:
        """What `from_bytes` reads."""
        file = io.BytesIO()
        np.savez(file, **vars(self))
        return file.getvalue()

    @classmethod
    def from_bytes(cls, blob: bytes) -> Self:
        """Read what `to_bytes` writes."""
        with np.load(io.BytesIO(blob), allow_pickle=False) as arrays:
            return cls(**arrays)


@dataclass(frozen=True, eq=False)
class Step(_Bytes):
    """What one round does to a difference.

    Attributes
    ----------
    onward : ndarray of shape (p + 1, p + 1)
        A_t.
    on_real : ndarray of shape (n,)
        The round's predictions for the real rows.
    """

    onward: Array
    on_real: Array

    def like(self, other: Step) -> bool:
        """Whether both are the same but for rounding."""
        return all(
            mine.shape == theirs.shape
            and np.allclose(mine, theirs, rtol=1e-6, atol=1e-9 * np.abs(mine).max())
            for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)
        )


@dataclass(frozen=True, eq=False)
class Origin(_Bytes):
    """Model 0, a ridge model of the real rows.

    Attributes
    ----------
    rows, watched : ndarray of shape (n, p + 1) and (w, p + 1)
        Real rows and watched rows, standardised.
    labels, residual : ndarray of shape (n,)
        Real labels, and model 0's leave-one-out residuals.
    influence : ndarray of shape (p + 1, p + 1)
        Q_0.
    mean, scale : ndarray of shape (p,)
        By which rows are standardised.
    penalty : ndarray of shape ()
        The penalty of every fit, NaN where it is chosen anew.
    columns : ndarray of str of shape (p,) or (0,)
        Names of the columns, if they are known.
    """

    rows: Array
    watched: Array
    labels: Array
    residual: Array
    influence: Array
    mean: Array
    scale: Array
    penalty: Array
    columns: npt.NDArray[np.str_]

    @classmethod
    def of(
        cls,
        X: Array,
        y: Array,
        watched: Array,
        ridge: Ridge,
        columns: list[str],
        model: Model | None = None,
    ) -> Origin | None:
        """Model 0's leave-one-out; None where the deployed ``model`` is not the ridge model of these rows."""
        if model is not None:
            off = np.abs(model(X) - ridge(X, y)(X)).max()
            if not off <= _SAME * y.std():
                return None
        rows = ridge.standard(X)
        design = Design.of(rows, None)
        penalty = ridge.penalty_of(design, y)
        return cls(
            rows=_with_ones(rows),
            watched=_with_ones(ridge.standard(watched)),
            labels=y,
            residual=design.left_out(y, np.array([penalty]))[:, 0],
            influence=_influence(rows, penalty),
            mean=ridge.mean,
            scale=ridge.scale,
            penalty=np.array(np.nan if ridge.penalty is None else ridge.penalty),
            columns=np.array(columns, dtype=np.str_),
        )

    def step(
        self, said: Array, inputs: Array, n_real: int, penalty: float, on_real: Array | None
    ) -> Step:
        """The step of a round.

        Parameters
        ----------
        said : ndarray of shape (w,)
            Its predictions for the watched rows.
        inputs : ndarray of shape (m, p)
            Rows that it was fitted to, of which the first ``n_real`` had new real labels.
        n_real : int
            Number of those.
        penalty : float
            Its penalty per row.
        on_real : ndarray of shape (n,) or None
            Its predictions for the real rows; None to read them off those for the watched rows.

        Raises
        ------
        InvalidInputError
            If the predictions are no linear function of the columns, or do not determine one.
        """
        rows = self.watched if on_real is None else np.concatenate([self.watched, self.rows])
        told = said if on_real is None else np.concatenate([said, on_real])
        model, _, rank, _ = np.linalg.lstsq(rows, told)
        off = float(np.sqrt(np.mean((rows @ model - told) ** 2)))
        if off > _LINEAR * max(float(told.std()), float(self.labels.std())):
            raise InvalidInputError(
                f"predictions were off a linear function of the columns by {off:.3g}; leave-one-out of the "
                "chain is for ridge, append other models without inputs"
            )
        if on_real is None and rank < np.linalg.matrix_rank(np.concatenate([rows, self.rows])):
            raise InvalidInputError(
                "on_real was not given; the watched rows are too few, or too alike, to read it off predictions"
            )
        standard = (inputs - self.mean) / self.scale
        made = _with_ones(standard[n_real:])
        return Step(
            onward=_influence(standard, penalty) @ (made.T @ made),
            on_real=self.rows @ model if on_real is None else on_real,
        )

    def residuals(self, steps: Mapping[int, Step]) -> Array:
        """Leave-one-out residuals (k + 1, n) of rounds 0 to k, the last before one that is missing."""
        found, onward = [self.residual], self.influence
        while (step := steps.get(len(found))) is not None:
            onward = step.onward @ onward
            change = np.sum((self.rows @ onward) * self.rows, axis=1) * self.residual
            found.append(self.labels - step.on_real + change)
        return np.array(found)


def _with_ones(rows: Array) -> Array:
    return np.concatenate([np.ones((len(rows), 1)), rows], axis=1)


def _influence(rows: Array, penalty: float) -> Array:
    """Q (p + 1, p + 1) of a ridge fit with a free intercept: coefficients are ``Q (1, rows)' labels``."""
    count, centre = len(rows), rows.mean(axis=0)
    gram = (rows - centre).T @ (rows - centre) + count * penalty * np.eye(rows.shape[1])
    slopes = np.linalg.pinv(gram, rcond=RANK, hermitian=True) @ np.column_stack(
        [-centre, np.eye(rows.shape[1])]
    )
    level = np.eye(1, rows.shape[1] + 1)[0] / count - centre @ slopes
    return np.concatenate([level[None], slopes])
