"""What theory says of models as classifiers, and of rules that keep rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss import scores
from genloss.class_means import separation
from genloss.problem import Problem
from genloss.theory.moments import Moments
from genloss.theory.walk import Walk

Array = npt.NDArray[np.float64]


class Classes:
    """Second moments of what every model says of a row, with the truth's and with model 0's."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments
        self._seen: list[tuple[float, float, float]] = []

    def see(self, model: int) -> None:
        """Take in the next model, whose moments were just recorded."""
        moments = self._moments
        s, one, first = moments.spectrum, {model: 1.0}, {0: 1.0}
        filters = moments.whole(moments.mean(one))
        spread = moments.whole(moments.covariance(one, one))
        with_first = moments.whole(moments.covariance(first, one))
        self._seen.append(
            (
                float((filters * moments.signal @ s)[0]),
                float(((filters**2 * moments.signal + spread) @ s)[0]),
                float(((filters * moments.mean(first) * moments.signal + with_first) @ s)[0]),
            )
        )

    def columns(self, walk: Walk, signal: float) -> dict[str, Array]:
        """Columns of a curve; ``signal`` is the problem's own, for which moments may have a stand-in."""
        [steps] = walk.chains
        inner, square, with_first = np.array(self._seen).T
        if walk.centre is not None:
            middle = inner / walk.centre
            return scores.of_clouds(steps, middle, square, with_first, walk.accepted[0])
        if not signal:
            inner = np.zeros_like(inner)
        return scores.columns(steps, inner, square, signal, with_first, square[0], walk.accepted[0])


def centre_of(problem: object) -> float | None:
    """The truth over ``Sigma^-1 mu`` where rows lie about the centres mu and -mu of two classes."""
    if not isinstance(problem, Problem) or problem.means is None:
        return None
    return 1 / (1 + separation(problem.spectrum, problem.means))
