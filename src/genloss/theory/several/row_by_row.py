"""One pass over rows of several classes: the same as `genloss.theory.filters.row_by_row`, a column for each class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.filters.sgd import SGD
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.filters.row_by_row import State, by_chance, check
from genloss.theory.several.seen import Seen

Array = npt.NDArray[np.float64]


def passed(
    directions: Spectrum, step: Step, sources: Sequence[Seen], second: Array
) -> tuple[Array, Array]:
    """What the model takes of each column, (p, columns, classes), and its covariance, (p, classes, classes).

    Raises
    ------
    InvalidInputError
        If the steps of the filter would explode.
    NoTheoryError
        If it is another filter than SGD, or takes very many steps.
    """
    how, s = step.filter, directions.eigenvalues
    check(step)
    assert isinstance(how, SGD)
    loud = step.blocks[0].weight * sum(rows.number for rows in sources) / step.rows
    how.check(loud * float(s.max()), loud * directions.trace, step.penalty)
    columns, classes = sources[0].push.shape
    state = np.zeros((s.size, columns, classes)), np.zeros((s.size, classes, classes))
    eta, across = how.step * loud, np.ascontiguousarray(second.transpose(2, 0, 1))
    keep = (1 - how.step * step.penalty - eta * s)[:, None, None]
    each = s[:, None, None]
    for rows in sources:

        def after(state: State, rows: Seen = rows) -> State:
            along, spread = state
            told = across @ along
            said = told.sum(axis=0)
            taken = rows.push - rows.bend @ said
            pushed = rows.push.T @ said
            error = rows.square - pushed - pushed.T + said.T @ rows.bend @ said
            error = error + np.einsum("p,pfa,pfb->ab", s, along, told) + np.tensordot(s, spread, 1)
            away = taken - each * along
            apart = away.swapaxes(1, 2) @ (across @ away) + each**2 * spread
            spread = keep**2 * spread + eta**2 * (each * error + apart)
            return keep * along + eta * taken, spread

        for _ in range(int(rows.number)):
            state = after(state)
        state = by_chance(state, after, rows.number % 1)
    return state
