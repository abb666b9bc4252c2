"""Self-training of ridge in moments, with exact leave-one-out of the whole chain (`theory.md` 2.12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.weighing.stacked import Fit, Moments, divided

Array = npt.NDArray[np.float64]
Model = tuple[Array, float]


@dataclass(frozen=True, eq=False)
class SelfTraining:
    """A chain in moments: model 0 on labelled rows, later ones also on rows that the last one labels.

    They are about the later fits' mean, in their eigenbasis, with the constant as one more direction.

    Attributes
    ----------
    rows, y : ndarray of shape (n, r + 1) and (n,)
        Labelled rows, and their labels about the later fits' level.
    values, constant : ndarray of shape (r,) and float
        Eigenvalues of the later fits, and their sum of weights.
    unlabelled : ndarray of shape (r + 1, r + 1)
        Weighted second moments of the unlabelled rows.
    model, change : ndarray of shape (r + 1,) and (n, r + 1)
        Model 0, and what it loses where row i is left out.
    residual : ndarray of shape (n,)
        Model 0's leave-one-out residuals.
    kept : float
        1 where labelled rows stay in the later fits, else 0.
    fit, first, first_alpha : Fit, Fit and float
        The later fits' decomposition, and model 0's.
    """

    rows: Array
    y: Array
    unlabelled: Array
    model: Array
    change: Array
    residual: Array
    kept: float
    fit: Fit
    first: Fit
    first_alpha: float

    @classmethod
    def of(
        cls,
        X: Array,
        y: Array,
        X_unlabelled: Array,
        first: Fit,
        alpha: float,
        *,
        weight: float,
        kept: float,
    ) -> SelfTraining:
        """Take the moments of labelled rows, and of rows that the model of ``first`` at ``alpha`` labels.

        Parameters
        ----------
        X, y : ndarray of shape (n, p) and (n,)
            Labelled rows.
        X_unlabelled : ndarray of shape (m, p)
            Rows without labels.
        first : Fit
            The labelled rows' own, without a penalty yet.
        alpha : float
            Model 0's penalty, as scikit-learn's.
        weight, kept : float
            Of an unlabelled row in later fits, and whether labelled ones stay in them (1 or 0).
        """
        nothing = Moments.of(X[:0], y[:0])
        others = Moments.of(X_unlabelled, np.zeros(len(X_unlabelled)))
        real = Moments.of(X, y)
        # without unlabelled rows, or with nothing else, there is still a fit to speak of
        base = real if kept or not len(X_unlabelled) else nothing
        fit = Fit.of(base.plus(weight, others))
        rows = augmented(X, fit)
        coefficients, intercept = first.model(alpha)
        residual = first.left_out(X, y, np.array([alpha]))[0]
        # row i moves model 0 by (X'X + alpha)^-1 x_i times its residual, in model 0's own directions
        own = (X - first.mean) @ first.basis / (first.values + alpha)
        moved = np.empty_like(rows)
        slopes = own @ first.basis.T
        moved[:, 1:] = slopes @ fit.basis
        moved[:, 0] = 1 / first.count + slopes @ (fit.mean - first.mean)
        labelled = augmented(X_unlabelled, fit)
        return cls(
            rows=rows,
            y=y,
            unlabelled=weight * labelled.T @ labelled,
            model=np.append(intercept + fit.mean @ coefficients, fit.basis.T @ coefficients),
            change=moved * residual[:, None],
            residual=residual,
            kept=float(base is real),
            fit=fit,
            first=first,
            first_alpha=alpha,
        )

    @property
    def trace(self) -> float:
        """Trace of the later fits' centred Gram matrix."""
        return float(self.fit.values.sum())

    def run(self, rounds: int, alphas: Array) -> tuple[Array, list[list[Model]]]:
        """Leave-one-out residuals (rounds + 1, q, n), and the models behind them."""
        left_out = np.empty((rounds + 1, alphas.size, self.y.size))
        left_out[0] = self.residual
        models = [[self.first.model(self.first_alpha)] * alphas.size]
        models += [[] for _ in range(rounds)]
        for q, alpha in enumerate(alphas):
            for t, (model, residual) in enumerate(self._rounds(float(alpha), rounds), start=1):
                left_out[t, q] = residual
                models[t].append(self._model(model))
        return left_out, models

    def _rounds(self, alpha: float, rounds: int) -> Iterator[tuple[Array, Array]]:
        """Model (r + 1,) and leave-one-out residuals (n,) after every round."""
        inverse = 1 / np.append(self.fit.count, self.fit.values + alpha)
        step = self.unlabelled * inverse  # labels by a model, then the fit to them
        real = self.kept * (self.y @ self.rows) * inverse
        pulled = self.rows * inverse
        slack = 1 - self.kept * np.einsum("ij,ij->i", self.rows, pulled)
        model, change = self.model, self.change
        for _ in range(rounds):
            model = real + model @ step
            passed = change @ step
            missed = self.y - self.rows @ model + np.einsum("ij,ij->i", self.rows, passed)
            residual = divided(missed, slack)
            change = passed + self.kept * residual[:, None] * pulled
            yield model, residual

    def _model(self, model: Array) -> Model:
        coefficients = self.fit.basis @ model[1:]
        return coefficients, float(model[0] - self.fit.mean @ coefficients)


def augmented(X: Array, fit: Fit) -> Array:
    """Rows in the directions of a fit, the constant first: shape (k, r + 1)."""
    found = np.ones((len(X), fit.values.size + 1))
    found[:, 1:] = (X - fit.mean) @ fit.basis
    return found
