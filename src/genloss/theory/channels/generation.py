"""One generation of a chain: from the moments of the models so far to those of the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.cautions import contradict, lacks_mean
from genloss.class_rules import rule_of
from genloss.covariances import Covariance
from genloss.generation import REAL
from genloss.losses.squared import Squared
from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory.channels import NotFoundError, clouds, evolution, separable, squared_loss
from genloss.theory.channels.rows import Rows
from genloss.theory.moments import Moments, Shares

Array = npt.NDArray[np.float64]


class Found(NamedTuple):
    """What is known of a fit beside its moments.

    Attributes
    ----------
    accepted : float
        Share of the rows that are kept.
    directions : float
        Effective number of directions of the fit's noise, no larger than its rows.
    start : Start
        Where the fit of a generation that is like this one may start from.
    parts : list of (Shares, ndarray of shape (p,))
        What the model takes of whom.
    gain : ndarray of shape (p,)
        Variance beside that.
    chosen : tuple of float or None
        Where leave-one-out chose it: the penalty, and the fit's error on labels of its own kind over the
        number of rows.
    """

    accepted: float
    directions: float
    start: evolution.Start | None
    parts: list[tuple[Shares, Array]]
    gain: Array
    chosen: tuple[float, float] | None = None


def fit(
    moments: Moments, step: Step, start: evolution.Start | None, centre: float | None = None
) -> Found | None:
    """Fit the model of a step on fresh rows; None where there is no minimum.

    Of rows about the centres of two classes ``centre`` is the truth over ``Sigma^-1 mu``.

    Raises
    ------
    NoTheoryError
        If the fixed point was not found.
    """
    model = step.model
    memory: evolution.Memory = {} if start is None else start.memory or {}
    problem, fields, spread = read(moments, step, centre, memory)
    rows, count, directions = problem.rows, problem.multiplicity, moments.directions
    chosen = None
    squared = squared_loss.seen(problem) if squared_loss.knows(problem) else None
    found = None if squared is not None else evolution.solve(problem, start, _has_none)
    good = found is not None and found.residual < evolution.GOOD
    if found is not None and (good or centre is not None):
        kept = sum(
            r.number * float(s.accepted[0]) for r, s in zip(rows, found.point.sums, strict=True)
        )
    else:
        kept = _rows_kept(problem) if squared is None else squared.number
    if (centre is None or squared is not None) and kept < 1:  # the penalty alone decides
        if centre is None and separable.ends(problem):
            return None
        base: Shares = {} if step.towards is None else {step.towards: 1.0}
        moments.record(
            model,
            moments.mean(base),
            moments.covariance(base, base),
            lambda u: moments.covariance(base, {u: 1.0}),
            exact=False,
        )
        one = np.ones(count.shape)
        return Found(kept / step.rows, kept, start, [(base, one)] if base else [], 0 * one)
    if squared is not None:
        if step.retuned:
            ridge, error = squared_loss.chosen(problem, squared)
            problem = replace(problem, ridge=ridge)
            chosen = ridge / (2 * step.rows), error / kept
        shares, gain = squared_loss.solved(problem, squared)
    elif found is None:
        return None
    else:
        if not good:
            raise NotFoundError(
                f"the fixed point of model {model} was not found (residual {found.residual:.1e}): a "
                "fit that hardly has a minimum, or numbers far apart; genloss.simulate(problem, plan) "
                "runs it"
            )
        shares, gain = evolution.model(problem, found)
        start = found.start._replace(memory=memory)
    record(moments, model, fields, shares, spread, gain)
    parts = list(zip(fields, shares, strict=True))
    noisy = noisy_directions(directions, gain, kept)
    return Found(kept / step.rows, noisy, start, parts, gain, chosen)


def record(
    moments: Moments,
    model: int,
    fields: Sequence[Shares],
    shares: Array,
    spread: Array,
    gain: Array,
) -> None:
    """Add a model that takes shares (fields, p) of fields that have a covariance, and has a noise beside."""
    moments.record(
        model,
        sum(a * moments.mean(each) for a, each in zip(shares, fields, strict=True)),
        np.einsum("kp,lp,klp->p", shares, shares, spread) + gain,
        lambda u: sum(
            a * moments.covariance(each, {u: 1.0}) for a, each in zip(shares, fields, strict=True)
        ),
        exact=False,
    )


def noisy_directions(directions: Spectrum, gain: Array, kept: float) -> float:
    """Effective number of directions of a fit's noise, no larger than its rows."""
    count = directions.multiplicity
    loud = directions.eigenvalues * np.divide(gain, count, out=np.zeros_like(gain), where=count > 0)
    square = float(loud**2 @ count)
    inverse = square / float(loud @ count) ** 2 if square > 0 else 0.0
    return kept / (inverse * kept + 1)


def read(
    moments: Moments, step: Step, centre: float | None, memory: evolution.Memory | None = None
) -> tuple[evolution.Fit, list[Shares], Array]:
    """What a step fits, the fields that it names, and their covariance (fields, fields, p)."""
    directions = moments.directions
    rows, fields, sheets, towards = sources_of(
        step, directions.eigenvalues, centre, {} if memory is None else memory
    )
    means = [_only(moments.mean(each)) + 0 * directions.eigenvalues for each in fields]
    spread = np.array(
        [
            [_only(moments.covariance(a, b)) + 0 * directions.eigenvalues for b in fields]
            for a in fields
        ]
    )
    second = moments.signal * np.array(means)[:, None] * np.array(means) + spread
    ridge = 2 * step.rows * step.penalty
    count, dim = directions.multiplicity, directions.dim
    return evolution.Fit(rows, second, sheets, count, ridge, towards, dim), fields, spread


def has_no_mean(step: Step, found: Found, moments: Moments) -> bool:
    """Whether rows that are kept are about as many as directions, and labels contradict each other."""
    near = lacks_mean(step.rows, moments.directions.dim, found.accepted)
    return near and step.penalty == 0 and isinstance(step.loss, Squared) and contradict(step)


def _has_none(fit: evolution.Fit) -> bool:
    """Whether a fit is none: no row is kept of it, or classes are separable and nothing holds it."""
    known = all(rows.centre is None for rows in fit.rows)
    return known and (_rows_kept(fit) < 1 or separable.ends(fit))


def _rows_kept(fit: evolution.Fit) -> float:
    """How many rows are expected to be kept."""
    return squared_loss.seen(fit).number


def sources_of(
    step: Step, spectrum: Array, centre: float | None, memory: evolution.Memory
) -> tuple[list[Rows], list[Shares], Array, int | None]:
    """Sources of a step, the labelers and judges they name, their covariances, and what it pulls to."""
    fields: list[Shares] = []
    sheets: list[Covariance | None] = []

    def number(shares: Shares) -> int:
        if shares not in fields:
            fields.append(shares)
        return fields.index(shares)

    rows = []
    for place, block in enumerate(step.blocks):
        if block.covariance not in sheets:
            sheets.append(block.covariance)
        asked, real = block.shares, 0.0
        if centre is not None:  # real labels are the class, and no value of a field
            asked = {u: share for u, share in asked.items() if u != REAL}
            real = block.shares.get(REAL, 0.0)
        # a class that is judged by a model is the value of nobody's field
        named = [number(asked)] if asked or block.keep is not None else []
        if block.keep is not None and (judge := number(block.judge)) not in named:
            named.append(judge)
        if centre is not None:
            named.append(number({REAL: 1.0}))
        rule = rule_of(block, clouds=centre is not None)
        noise = block.noise if asked or block.noise else clouds.KNOWN
        rows.append(
            Rows(
                float(block.rows),
                block.weight,
                step.loss,
                rule,
                block.keep,
                noise,
                tuple(named),
                sheets.index(block.covariance),
                centre,
                real,
                memory.setdefault((place, step.loss, rule, block.keep, noise), {}),
            )
        )
    sigma = [spectrum if each is None else np.array(each) for each in sheets]
    towards = None if step.towards is None else number({step.towards: 1.0})
    return rows, fields, np.array(sigma), towards


def _only(values: Array | float) -> Array | float:
    """Return the values of the only plan of a batch."""
    return values[0] if isinstance(values, np.ndarray) and values.ndim == 2 else values
