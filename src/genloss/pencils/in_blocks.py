"""One pass of SGD over rows that other fits see too: a few implicit steps, each over a block of rows.

With L the part of ``step X X'`` below its diagonal, in the order of the rows, a pass from w is

    w + step X' (1 + L)^-1 (y - X w) ,   L = (step/2) (X X' - D + A) ,

D the diagonal of ``X X'`` and A antisymmetric. Over few rows A is as good as noise: independent entries, of the
variance that ``x_i'x_j`` has. So a block is a ridge fit to what the model before it leaves, twice over, and in high
dimension the squared error of many blocks falls like the square of their number (`filters.md`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genloss.filters.sgd import SGD
from genloss.pencils.expression import Array, Expression, diagonal, gaussian, implicit
from genloss.pencils.space import Space
from genloss.steps import Step

if TYPE_CHECKING:
    from genloss.pencils.from_plan import Labels


class InBlocks(NamedTuple):
    """A pass of SGD.

    Attributes
    ----------
    step, penalty : float
    blocks : int
        Into how many rows that always go together are cut.
    spread : float
        Variance of the squared lengths that rows have by chance, over their mean squared.
    """

    step: float
    penalty: float
    blocks: int
    spread: float

    @classmethod
    def of(cls, step: Step, blocks: int, spread: float) -> InBlocks:
        """The pass of a step."""
        assert isinstance(step.filter, SGD)
        return cls(step.filter.step, step.penalty, blocks, spread)

    def lengths(self, tails: Sequence[float]) -> list[float]:
        """Squared lengths of rows, as likely each, where those of the problem's rows vary so."""
        return [own * (1 + by * self.spread**0.5) for own in tails or (1.0,) for by in (-1, 1)]

    def fit(self, features: Space, labels: Sequence[Labels], model: int) -> Expression:
        """The model that is fitted to these rows, one after the other."""
        w: Expression | None = None
        for own in labels:
            half = self._half(features, own, w, model)
            w = 2.0 * half if w is None else w + 2.0 * half
        assert w is not None
        return w

    def _half(
        self, features: Space, labels: Labels, w: Expression | None, model: int
    ) -> Expression:
        """Half of what a block of rows adds to the model before it."""
        X, step, order = labels.X, self.step * labels.weight, labels.order
        assert order is not None
        fade = self.step * self.penalty * X.rows.size / 2
        rest = labels.y if w is None else labels.y - X @ w
        name = f"model {model} on {X}"

        def residual(half: Expression) -> Expression:
            own = 2 / step - order.trace * np.square(labels.kinds.length)
            return implicit(
                X.rows,
                lambda r: _times(own, r) + order.turns(r) - rest + X @ half,
                name=f"residual of {name}",
            )

        def moved(half: Expression) -> Expression:
            found = (1 + fade) * half - X.T @ residual(half)
            return found if w is None or fade == 0 else found + fade * w

        return implicit(features, moved, name=name)


class Order(NamedTuple):
    """What the order of some rows makes of a pass.

    Attributes
    ----------
    trace : float
        Of the covariance of the rows, which have lengths beside.
    turn : Expression
        The matrix A, but for lengths.
    lengths : float or ndarray
    """

    trace: float
    turn: Expression
    lengths: float | Array

    @classmethod
    def of(cls, X: Expression, trace: float, square: float, lengths: float | Array) -> Order:
        """That of rows of a covariance with this trace, and this trace of its square."""
        W = gaussian(X.rows, X.rows, name=f"order of {X}")
        return cls(trace, (square / 2) ** 0.5 * (W - W.T), lengths)

    def turns(self, r: Expression) -> Expression:
        """A times residuals."""
        return _times(self.lengths, self.turn @ _times(self.lengths, r))


def _times(by: float | Array, vector: Expression) -> Expression:
    return by * vector if np.ndim(by) == 0 else diagonal(vector.rows, by) @ vector
