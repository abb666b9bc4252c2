"""A penalty that is chosen on labels by a rule, or on rows that one keeps, backwards (`channels.md` 10).

The ridge is twice the weight times the rows that are kept and the penalty, whose logarithm hangs on three errors of
rows left out and on the mean squared length of a row. These are functions of what a linear map sees of the rows, and of

    G = sum_p s S Theta Theta' ,   T = sum_p s S**2 Theta Theta' ,   S = s / (s + kappa) .
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.retuning import Choice
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.squared_loss import Seen, length, penalised
from genloss.theory.gradients.differences import STEP

Array = npt.NDArray[np.float64]


def of_choice(fit: Fit, rows: Seen, chosen: Choice) -> tuple[Array, Seen]:
    """Slopes of the ridge's logarithm in second moments of the fields, and in what is seen of the rows."""
    tried, slopes = chosen.tried, chosen.slopes

    def errors(rows: Seen, times: float = 1.0) -> float:
        return float(slopes @ penalised(fit, rows, times * tried)[3]) if tried.size else 0.0

    by_unit = 1 + (errors(rows, 1 + STEP) - errors(rows, 1 - STEP)) / (2 * STEP)

    def whole(rows: Seen) -> float:
        return (
            errors(rows) + by_unit * float(np.log(length(fit, rows))) + float(np.log(rows.number))
        )

    def apart(name: str, moves: Array, size: float) -> float:
        value = getattr(rows, name)
        up, down = (whole(rows._replace(**{name: value + by})) for by in (moves, -moves))
        return (up - down) / (2 * size)

    number = STEP * rows.number
    square = STEP * rows.square
    push = STEP * float(np.abs(rows.push).max())
    bend = STEP * max(float(np.abs(rows.bend).max()), 1e-3 * push**2 / STEP**2)
    k = rows.push.size
    asked = Seen(
        apart("number", np.array(number), number),
        np.array([apart("push", push * each, push) for each in np.eye(k)]),
        np.array([apart("bend", bend * each, bend) for each in np.eye(k * k).reshape(-1, k, k)]).reshape(k, k),
        apart("square", np.array(square), square),
    )  # fmt: skip
    return _in_second(fit, rows, chosen, by_unit), asked


def _in_second(fit: Fit, rows: Seen, chosen: Choice, by_unit: float) -> Array:
    """In second moments, but for what these move in what is seen."""
    [s] = fit.sigma
    found = by_unit / length(fit, rows) * rows.bend[..., None] * s**2
    if not chosen.tried.size:
        return found
    _, shrink, each, _ = penalised(fit, rows, chosen.tried)
    errors_left = _left(fit, rows, chosen.tried)
    for slope, S, taken, left in zip(chosen.slopes, shrink, each.taken, errors_left, strict=True):
        gram, twice = ((fit.second * s) @ power for power in (S, S**2))
        system = np.eye(taken.size) + gram @ rows.bend
        back = np.linalg.solve(system.T, taken + rows.bend @ twice @ taken)
        by_gram, by_twice = -2 * np.outer(back, taken), np.outer(taken, taken)
        found = found + slope / left * (by_gram[..., None] * S + by_twice[..., None] * S**2) * s
    return found


def _left(fit: Fit, rows: Seen, tried: Array) -> Array:
    """``1 - df2 / n`` of penalties: what errors are divided by, which labels that are noise alone tell."""
    k = rows.push.size
    noise = rows._replace(push=np.zeros(k), bend=np.zeros((k, k)), square=1.0)
    return np.asarray(1 / penalised(fit, noise, tried)[3])
