"""Where the theory is weak: one sentence each, carried on the Curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.cautions import freedom, near_interpolation
from genloss.spectrum import Spectral
from genloss.theory.forever.caution import growing, sentence
from genloss.theory.walk import Walk

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FEW_DIRECTIONS = 10.0
CROWDED = 0.8
FEW_NOISY = 20.0  # effective directions of a fit's noise (`channels.md` 5)
LOW_DIM = 50
CLOSE = 0.03  # as predictions are without a word
HIGH = 0.5, 1.6  # times what first order says of labelers' sizes (`channels.md` 5)
DEAR_CHOICE = 0.009  # a quarter of what a penalty's choice adds to the error (`theory.md` 2.2)
FEW_SPARE = 100
THIN = f"dim or n_samples below {LOW_DIM}: the asymptotic formula may be off by percents"
FEW = "few effective directions: the asymptotic formula may be 3 to 10 percent off"
CHOSEN = "the penalty is chosen on few rows, and what the choice costs is not in the formula: mostly 2 to 10 percent"
NOT_GAUSSIAN = "inputs are not Gaussian: the theory is an approximation here"


def cautions(problem: Spectral, walk: Walk, risks: Array, exact: Mask) -> list[tuple[str, ...]]:
    """Sentences about models whose prediction needs care, for every plan of a batch."""
    d, rows, df2 = problem.directions.dim, walk.rows, walk.directions_used
    free = np.array(freedom(walk.chains[0], d))
    ended = _ended(walk)
    infinite = ~np.isfinite(risks) & ~ended
    away = np.minimum.accumulate(walk.noisy_directions, axis=1) < FEW_NOISY
    high = _too_high(walk, risks)
    varied = HIGH[1] * high > CLOSE
    exactly = np.array([step.filter is None for step in walk.chains[0]])
    near = exactly & near_interpolation(rows, free, walk.penalty, walk.accepted)
    spread = ~infinite & ~ended & near
    crowded = ~infinite & (walk.filling > CROWDED)
    few = ~exact & (df2 < FEW_DIRECTIONS)
    thin = ~exact & ~few & (np.minimum(free, rows) < LOW_DIM)
    clean = np.array([[steps.is_noiseless] for steps in walk.chains])
    spare = clean & ~exact
    if spare.any():
        spare &= ~few & ~thin & ~crowded & (df2 > free / 2) & (rows - df2 < FEW_SPARE)
    found = [
        (
            ended,
            "training ends: the labels can be fitted without error by ever larger coefficients, a fit "
            "without penalty has no minimum",
        ),
        (away & ~varied, FEW),
        (
            varied,
            "labels by a rule, and labelers whose size varies much from run to run: the formula may be too high by "
            f"{' to '.join(f'{100 * by * high.max():.0f}' for by in HIGH)} percent",
        ),
        (
            infinite,
            infinite_mean(_dim(problem), _kept(walk)),
        ),
        (
            spread,
            spreading(f"{_dim(problem)}{_or_features(walk)}", _kept(walk)),
        ),
        (
            crowded & exact & ~spread,
            "n_samples is close to df2: small changes of the problem change the risk a lot",
        ),
        (
            crowded & ~exact,
            "n_samples is close to df2, in this fit or one that it descends from: small changes of the "
            "problem change the risk a lot, and the asymptotic formula may be off by tens of percents",
        ),
        (few, f"fewer than {FEW_DIRECTIONS:.0f} effective directions: single runs vary a lot"),
        (thin, THIN),
        (
            ~infinite & ~ended & _chosen_on_few_rows(walk, risks),
            CHOSEN,
        ),
        (
            spare,
            f"labels without noise and n_samples less than {FEW_SPARE} above df2: the asymptotic formula "
            "may be too small by percents",
        ),
    ]
    sentences: list[tuple[str, ...]] = [()] * len(risks)
    for number, radius in growing(walk).items():
        sentences[number] = (sentence(radius),)
    where = np.array([mask for mask, _ in found])
    for number, plan in np.argwhere(where.any(axis=2)).tolist():
        models = np.flatnonzero(where[number, plan]).tolist()
        sentences[plan] = (*sentences[plan], f"{models_named(models)}: {found[number][1]}")
    return sentences if problem.gaussian else [(*words, NOT_GAUSSIAN) for words in sentences]


def _too_high(walk: Walk, risks: Array) -> Array:
    """About by what share errors are too large, as labelers' sizes vary and rules make labels of what they say."""
    off = np.divide(walk.excess, risks, out=np.zeros_like(risks), where=np.isfinite(risks))
    return np.asarray(off / (1 + np.maximum(off, 0.0)))


def infinite_mean(freedom: str, kept: str = "") -> str:
    """What is said of models without a mean."""
    return (
        f"the mean risk is infinite, because this fit or a labeler's had n_samples{kept} within 1 of dim {freedom} "
        "without penalty"
    )


def spreading(freedom: str, kept: str = "") -> str:
    """What is said of fits that are near interpolation."""
    return f"n_samples{kept} within 3 of dim {freedom} without penalty: single runs spread without bound"


def _ended(walk: Walk) -> Mask:
    """Models without a minimum, and those that descend from one."""
    ended = walk.ended.copy()
    if ended.any():
        for step in walk.chains[0]:
            ended[:, step.model] |= ended[:, [u for u in step.asked if u >= 0]].any(axis=1)
    return ended


def _chosen_on_few_rows(walk: Walk, risks: Array) -> Mask:
    """Where leave-one-out errors of so few rows are too uneven to choose a penalty by them."""
    if not walk.chains[0].retuned:
        return np.zeros(walk.rows.shape, dtype=bool)
    chosen = np.array([[step.retuned for step in steps] for steps in walk.chains])
    noise = [
        [sum(block.rows * block.noise**2 for block in step.blocks) / step.rows for step in steps]
        for steps in walk.chains
    ]
    linear = np.isnan(walk.chosen_at)
    per_row = np.where(linear, (risks + noise) / walk.rows, walk.chosen_at)
    return chosen & (per_row > DEAR_CHOICE * risks)


def _dim(problem: Spectral) -> str:
    directions = problem.directions
    constant = int(directions.constant)
    return f"{directions.dim - constant:.12g}{' + 1 for the intercept' * constant}"


def _kept(walk: Walk) -> str:
    steps = walk.chains[0]
    some = not steps.is_linear and any(block.keep for step in steps for block in step.blocks)
    return ", or what a rule may keep of it," if some else ""


def _or_features(walk: Walk) -> str:
    steps = walk.chains[0]
    some = not steps.is_single and any(step.features for step in steps)
    return " or the number of features" if some else ""


def models_named(models: Sequence[int]) -> str:
    """Model numbers as ranges: ``models 0-3, 7``."""
    breaks = np.flatnonzero(np.diff(models) > 1) + 1
    ranges = [
        f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}"
        for run in np.split(np.asarray(models), breaks)
    ]
    return f"model{'s' if len(models) > 1 else ''} {', '.join(ranges)}"
