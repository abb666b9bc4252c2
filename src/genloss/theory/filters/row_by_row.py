"""One pass over rows of any sources, one after the other: labels by any rule, rows kept by one, or about centres.

With what `genloss.theory.channels.squared_loss` says of the rows that a step is taken on,

    w' = (1 - eta lam) w + eta (E x y - E x x' w) ,   C' = (1 - eta (lam + s))^2 C + eta^2 (s q + s^2 D)

for the mean of the model and the variance C about it, q its squared error on such rows and D, per direction,
that of w about what the labels pull it to: exact for linear labels on Gaussian rows, else in high dimension.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.errors import NoTheoryError
from genloss.filters.sgd import SGD
from genloss.steps import Step
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.squared_loss import Seen
from genloss.theory.filters.fresh import not_spectral

Array = npt.NDArray[np.float64]

MOST_STEPS = 300_000
"""Rows that are followed one by one."""


def solved(step: Step, fit: Fit, sources: list[Seen]) -> tuple[Array, Array]:
    """How fields enter the model (fields, p), and variance of its noise (p,).

    Raises
    ------
    InvalidInputError
        If the steps of the filter would explode.
    NoTheoryError
        If it is another filter than SGD, or takes very many steps.
    """
    how, second, count = step.filter, fit.second, fit.multiplicity
    check(step)
    assert isinstance(how, SGD)
    accepted = sum(rows.number for rows in sources) / step.rows
    loud = [accepted * rows.weight * fit.sigma[rows.sheet] for rows in fit.rows]
    top, length = max(float(s.max()) for s in loud), max(float(s @ count) for s in loud)
    how.check(top, length, step.penalty)
    shares, spread = np.zeros((len(second), count.size)), np.zeros(count.size)
    for rows, own in zip(sources, fit.rows, strict=True):
        s, eta = fit.sigma[own.sheet], how.step * accepted * own.weight
        keep, pull, noise = 1 - how.step * step.penalty - eta * s, eta * s, eta**2 * s * count
        for _ in range(round(rows.number)):
            told = np.einsum("abp,bp->ap", second, shares)
            said = told @ s
            taken = rows.push - rows.bend @ said
            error = rows.square - 2 * rows.push @ said + said @ rows.bend @ said
            error += float((told * shares).sum(axis=0) @ s + spread @ s)
            away = taken[:, None] - shares
            apart = (np.einsum("abp,bp->ap", second, away) * away).sum(axis=0) + spread
            spread = keep**2 * spread + noise * error + pull**2 * apart
            shares = keep * shares + np.multiply.outer(taken, pull)
    return shares, spread


def check(step: Step) -> None:
    """Raise NoTheoryError if the filter of a step is not one that is followed row by row, or of too many."""
    assert step.filter is not None
    if not isinstance(step.filter, SGD):
        raise not_spectral(step.filter)
    if step.rows > MOST_STEPS:
        raise NoTheoryError(
            f"model {step.model} takes {step.rows:,} steps, each of which theory follows, {MOST_STEPS:,} at most; "
            "genloss.simulate(problem, plan) runs it"
        )
