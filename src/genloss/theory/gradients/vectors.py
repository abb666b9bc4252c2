"""Plans whose models are vectors along the problem's directions: the recursion forwards, then backwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.equivalents import solve
from genloss.errors import NoTheoryError
from genloss.generation import REAL
from genloss.spectrum import Spectrum
from genloss.steps import Block, Step
from genloss.theory.closed import is_even
from genloss.theory.gradients.even import Asked, Even
from genloss.theory.gradients.found import Gradient, Objective
from genloss.theory.gradients.straight import chain, is_straight
from genloss.theory.gradients.tape import Pair, Tape
from genloss.theory.gradients.weighted import Weighted
from genloss.theory.weighted import Rows

if TYPE_CHECKING:
    from genloss.theory.gradients.channel import Starts
    from genloss.theory.gradients.chosen import Chosen
    from genloss.theory.gradients.fields import OfFields
    from genloss.theory.gradients.through_filter import ThroughFilter

Array = npt.NDArray[np.float64]
Steps = Sequence[Step]


class Setting(NamedTuple):
    """What a problem has beside directions, and what is known from plans that are much alike.

    Attributes
    ----------
    outside : mapping
        Filters and variances of models from outside.
    between : mapping
        Covariances of such models, by pairs.
    tails : sequence of float
        How squared lengths of rows vary.
    centre : float or None
        Of rows about the centres of two classes.
    starts : dict or None
        Where fixed points may start from, by model; written too.
    moving : bool
        Whether slopes in rows and weights are asked for, where they take work of their own.
    weighing : bool
        Whether weights of some sources may become others, so that those in weights are asked for.
    """

    outside: Mapping[int, tuple[Array, Array]] = {}
    between: Mapping[Pair, Array] = {}
    tails: Sequence[float] = ()
    centre: float | None = None
    starts: Starts | None = None
    moving: bool = True
    weighing: bool = True


def along(
    directions: Spectrum,
    steps: Steps,
    penalty: Array,
    objective: Objective,
    setting: Setting = Setting(),  # noqa: B008
) -> Gradient:
    """`gradient` for trusted steps, with other penalties."""
    even, several = _fits(directions, steps, penalty, setting)
    found = Gradient.blank(len(steps))
    if is_straight(even, len(steps)):
        risk, of_noise, of_share = chain(directions, even, objective, moving=setting.moving)
        for model, step in enumerate(steps):
            [block] = step.blocks
            found.noise[model] = np.array([2 * block.noise * of_noise[model]])
            found.shares[model] = [dict.fromkeys(block.shares, float(of_share[model]))]
    else:
        tape = Tape(directions, setting.outside, setting.centre, setting.between)
        for model in range(len(steps)):
            several[model].forward(tape) if model in several else even.forward(tape, model)
        risk = tape.risks(len(steps))
        for model, weight in enumerate(objective(risk).tolist()):
            tape.ask(model, weight)
        for step in reversed(steps):
            if step.model in several:
                fit = several[step.model]
                slopes = fit.backward(tape)
                if slopes.n.size > len(step.blocks):
                    slopes = slopes.of_sources(len(setting.tails))
                found.fill(step, fit.labelers, slopes)
            else:
                _back(tape, step, even, found)
    rows, penalties = even.slopes()
    for model, n, lam in zip(even.at, rows, penalties, strict=True):
        weight = steps[model].blocks[0].weight
        found.n_samples[model], found.penalty[model] = np.array([n]), lam / weight
        # a weight of all rows is the inverse of a penalty
        by_weight = -lam * penalty[model] / weight**2 if penalty[model] else 0.0
        found.weight[model] = np.array([by_weight])
    return found._replace(risk=risk)


def _back(tape: Tape, step: Step, even: Even, found: Gradient) -> None:
    """Go back through a fit of one source; what is found of its rows and penalty comes at the end."""
    [block] = step.blocks
    shares, of_error = even.backward(tape, step.model)
    found.noise[step.model] = np.array([2 * block.noise * of_error])
    found.shares[step.model] = [{k: shares[k] for k in block.shares}]


def _fits(
    directions: Spectrum, steps: Steps, penalty: Array, setting: Setting
) -> tuple[Even, dict[int, Weighted | Chosen | OfFields | ThroughFilter]]:
    """The fits of one source each, and those of several."""
    _check(directions, steps, penalty)
    single: list[Asked] = []
    several: dict[int, Weighted | Chosen | OfFields | ThroughFilter] = {}
    starts = {} if setting.starts is None else setting.starts
    tails = setting.tails
    alike = [
        step.model
        for step in steps
        if len(step.blocks) > 1 and is_even(step) and step.is_ridge and not (tails or step.retuned)
    ]
    n, lam = _numbers(steps, alike, penalty)
    kappa = dict(zip(alike, solve(directions, lam, n).kappa.tolist(), strict=True))
    alive = [*setting.outside]
    for step in steps:
        model, base = step.model, step.towards
        alive = [u for u in alive if u < REAL or steps[u].last_use > model]
        along = alive if step.last_use > model else []
        if step.filter is not None:
            several[model] = _through(directions, step, float(penalty[model]), along, setting)
        elif not step.is_linear or setting.centre is not None:
            from genloss.theory.gradients.channel import Channel  # opens SciPy's special functions

            several[model] = Channel(
                directions, step, float(penalty[model]), along, setting.centre, starts
            )
        elif _is_stacked(directions, step, float(penalty[model]), setting):
            from genloss.theory.gradients.stacked import Stacked

            several[model] = Stacked(directions, step, along)
        elif _is_shortest(directions, step, float(penalty[model]), setting):
            from genloss.theory.gradients.shortest import Shortest

            several[model] = Shortest(directions, step, along)
        elif len(step.blocks) == 1 and is_even(step) and not (tails or step.retuned):
            [block] = step.blocks
            single.append(Asked(model, _left(block, base), block.noise**2, base, along))
        else:
            made = _weighted(directions, step, along, tails)
            if step.retuned:
                from genloss.theory.gradients.chosen import Chosen

                several[model] = Chosen(made, directions if is_even(step) and not tails else None)
            else:
                several[model] = made(float(penalty[model]), kappa.get(model))
        if step.last_use > model:
            alive = [*alive, model]
    n, lam = _numbers(steps, [asked.model for asked in single], penalty)
    return Even(directions, single, n, lam), several


def _check(directions: Spectrum, steps: Steps, penalty: Array) -> None:
    """Raise NoTheoryError where numbers came to lie at which errors have another formula, or none."""
    for step, lam in zip(steps, penalty.tolist(), strict=True):
        if directions.constant and step.rows <= 1:
            raise NoTheoryError("a fit with an intercept to a row is that row's label")
        if lam == 0 and step.filter is None and abs(step.rows - directions.dim) <= 1:
            raise NoTheoryError(
                f"model {step.model} has no penalty and about as many rows as directions"
            )


def _is_shortest(directions: Spectrum, step: Step, penalty: float, setting: Setting) -> bool:
    """Whether a fit to few alike rows of one labeler, along alike directions, is known at finite size."""
    first, *others = step.blocks
    if penalty or step.rows >= directions.dim or setting.tails or step.towards is not None:
        return False
    if not is_even(step) or (directions.inputs != directions.inputs[0]).any():
        return False
    if others and setting.moving and setting.weighing:
        return False  # weights that move make them unlike
    return all(block.shares == first.shares for block in others)


def _is_stacked(directions: Spectrum, step: Step, penalty: float, setting: Setting) -> bool:
    """Whether a fit is least squares on alike rows, from several sources or of a covariance of their own."""
    first, *others = step.blocks
    if penalty or step.rows <= directions.dim + 1 or setting.tails:
        return False
    if any((b.covariance, b.weight) != (first.covariance, first.weight) for b in others):
        return False
    if others and setting.moving and setting.weighing:
        return False  # weights that move make them unlike
    if first.covariance is None:
        return bool(others)
    return all(block.shares == first.shares for block in others)


def _weighted(
    directions: Spectrum, step: Step, along: Sequence[int], tails: Sequence[float]
) -> Callable[..., Weighted]:
    """A fit of several sources, of any penalty (and of an effective one, where it is known)."""
    lengths, base = len(tails) or 1, step.towards
    given = [_left(block, base) for block in step.blocks]
    labelers = list(dict.fromkeys(k for labeler in given for k in labeler))
    shares = np.array([[labeler.get(k, 0.0) for k in labelers] for labeler in given])
    noise = np.array([block.noise**2 for block in step.blocks])
    rows = Rows.of(step, directions, tails)
    noise, shares = np.repeat(noise, lengths), np.repeat(shares, lengths, axis=0)
    return lambda penalty, kappa=None: Weighted(
        step.model, rows, noise, labelers, shares, penalty, base, along, kappa, directions.constant
    )


def _through(
    directions: Spectrum, step: Step, penalty: float, along: Sequence[int], setting: Setting
) -> ThroughFilter | OfFields:
    """A fit through a filter."""
    assert step.filter is not None
    tails, spectral = setting.tails, step.filter.spectral
    moving, several = setting.moving, len(step.blocks) > 1
    weighing = moving and setting.weighing
    # of several sources a weight that moves makes them unlike, as do steps that are taken in turn
    alike = is_even(step) and not (several and (weighing or not spectral))
    kept = any(block.keep is not None for block in step.blocks)
    by_rule = alike and spectral and not step.is_linear
    if not spectral and (setting.centre is not None or kept):
        from genloss.theory.gradients.kept_in_turn import KeptInTurn

        return KeptInTurn(directions, step, penalty, along, setting.centre, moving)
    if setting.centre is not None or kept or by_rule:
        from genloss.theory.gradients.spiked import Spiked

        return Spiked(directions, step, penalty, along, setting.centre, moving)
    if alike and step.is_linear and not tails:
        from genloss.theory.gradients.through_filter import ThroughFilter

        return ThroughFilter(directions, step, penalty, along, moving)
    from genloss.theory.gradients.in_turn import OneByOne
    from genloss.theory.gradients.unlike import Unlike

    kind = Unlike if spectral else OneByOne
    return kind(directions, step, penalty, along, tails, moving=moving, weighing=weighing)


def _numbers(steps: Steps, models: Sequence[int], penalty: Array) -> tuple[Array, Array]:
    """Rows of fits, and their penalties over the weight of the rows."""
    weights = np.array([steps[model].blocks[0].weight for model in models])
    return np.array([float(steps[m].rows) for m in models]), penalty[list(models)] / weights


def _left(block: Block, base: int | None) -> dict[int, float]:
    """The labeler, less the model that the penalty pulls to."""
    labeler = dict(block.shares)
    if base is not None:
        labeler[base] = labeler.get(base, 0.0) - 1.0
    return labeler
