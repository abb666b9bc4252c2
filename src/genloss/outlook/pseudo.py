"""What labels of the model's own, on rows without labels, do to ridge: leave-one-out of the chain."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss._words import change, number
from genloss.outlook.growth import NORMAL, variance_of_mean
from genloss.outlook.result import plain
from genloss.outlook.sample import Sample
from genloss.outlook.self_training import SelfTraining
from genloss.outlook.units import UNITS, Unit
from genloss.weighing.inputs import told_apart
from genloss.weighing.stacked import Fit, Moments, spanning

Array = npt.NDArray[np.float64]

ROUNDS = 3
MOST_COLUMNS = 1000  # beyond which the decomposition costs more than the rest of a forecast
_SHARES = 10.0 ** np.arange(-6.5, 1.25, 0.5)
_QUANTILE = 0.99
_FAR = 0.03  # share of the rows beyond that quantile from which on they are left out as well
_AUC = 0.6
_MOST_TOLD = 1000
_WIDER = 1.4  # the best of some sixty chains is the luckiest as well (tests/outlook/test_pseudo.py)


@dataclass(frozen=True)
class PseudoLabels:
    """Ridge on the labelled rows alone, and on them and rows that it labels itself.

    Errors are mean squared errors on real labels, each labelled row left out of every fit of the chain.

    Attributes
    ----------
    labelled, unlabelled : int
        Rows; of the latter those that are used.
    real_only : float
        Error with the real labels alone, at the best penalty for them, ``real_penalty``.
    same_penalty : float
        Error after one round of labels of that model on all unlabelled rows, at the same penalty.
    best, penalty, rounds : float, float and int
        Least error over penalties and rounds, where it is; 0 rounds where real labels alone are best.
    change, change_low, change_high : float
        ``best / real_only - 1`` and its interval of nominal 90 %.
    left_out : int
        Unlabelled rows that are farther out than nearly all labelled ones, and were not used: with them
        the error would be larger.
    far_share : float
        Share of the unlabelled rows beyond the 99 % quantile of the labelled rows' leverages.
    told_apart : float
        How well features and squares tell labelled from unlabelled rows: 0.5 not at all, 1 wholly.
    """

    labelled: int
    unlabelled: int
    real_only: float
    real_penalty: float
    same_penalty: float
    best: float
    penalty: float
    rounds: int
    change: float
    change_low: float
    change_high: float
    left_out: int
    far_share: float
    told_apart: float

    @property
    def other_inputs(self) -> bool:
        """Whether the unlabelled rows are of another kind."""
        return self.told_apart > _AUC or self.far_share > _FAR

    @property
    def remark(self) -> str:
        """How the unlabelled rows differ from the labelled ones; empty where they do not."""
        if not self.other_inputs:
            return ""
        out = f"; {self.left_out:,} of them were not used" if self.left_out else ""
        return (
            f"rows without labels have other inputs than those with: {self.far_share:.0%} of them lie "
            f"farther out than 99 % of these, and features and squares tell {self.told_apart:.0%} of "
            f"pairs apart (50 % where they are alike){out}"
        )

    @property
    def sentence(self) -> str:
        """The answer in words."""
        return self.said(UNITS["mse"], 1.0)

    def said(self, unit: Unit, baseline: float) -> str:
        """The answer with its errors in a unit; ``baseline`` is the error of always answering the mean."""
        real_only, same, best = (
            unit.said(error, baseline) for error in (self.real_only, self.same_penalty, self.best)
        )
        changes = self.change, self.change_low, self.change_high
        changed, low, high = (change(float(unit.grown(1 + each)), 1) for each in changes)
        rows = f"{self.unlabelled:,} pseudo-labelled row{'' if self.unlabelled == 1 else 's'}"
        start = (
            f"{unit.noun[0].upper()}{unit.noun[1:]} by leave-one-out of the whole chain: {real_only} with the "
            f"{self.labelled:,} real labels alone; {same} with {rows} at the same penalty"
        )
        if not self.rounds:
            return (
                f"{start}, and no smaller {unit.squared} at any other: use the real labels alone."
            )
        of = "" if unit.noun == unit.of_change else f"{unit.of_change} "
        told = (
            f"{best} at the best one ({number(self.penalty, 2)}, "
            f"{self.rounds} round{'s' if self.rounds > 1 else ''}): {of}{changed}, between {low} and {high}"
        )
        verdict = "" if self.change_high < 0 else "; a gain is not shown"
        return f"{start}, {told}{verdict}."

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {spec.name: plain(getattr(self, spec.name)) for spec in fields(self)}


def pseudo_labels(
    sample: Sample, unlabelled: Array, rng: np.random.Generator
) -> PseudoLabels | None:
    """Look at chains over penalties, rounds and, where inputs differ, with and without far-out rows.

    Parameters
    ----------
    sample : Sample
        Labelled rows; any of them may be left out alone.
    unlabelled : ndarray of shape (l, p)
        Rows to label, standardised alike.
    rng : numpy.random.Generator
        Of the rows by which inputs are compared.

    Returns
    -------
    PseudoLabels or None
        None with a kernel, with weights, groups or times, or with very many columns.
    """
    wide = min(sample.X.shape[1], sample.size) > MOST_COLUMNS
    if sample.kernel is not None or not sample.plain or sample.weights is not None or wide:
        return None
    origin, level = sample.X.mean(axis=0), float(sample.y.mean())
    X, others, y = sample.X - origin, unlabelled - origin, sample.y - level
    span = spanning(np.vstack([X, others]))
    if span is not None:
        X, others = X @ span, others @ span
    first = Fit.of(Moments.of(X, y))
    alphas = _SHARES * float(first.values.sum())
    residuals = first.left_out(X, y, alphas)
    at = int(np.argmin(np.mean(residuals**2, axis=1)))
    alpha, real = float(alphas[at]), residuals[at] ** 2
    near, far_share = _near(X, others, first, alpha)
    candidates = [others] if far_share <= _FAR or near.all() else [others, others[near]]
    found = [_chains(X, y, each, first, alpha) for each in candidates]
    squares, penalties = min(found, key=lambda each: float(each[0][1:].mean(axis=2).min()))
    used = candidates[[each[0] is squares for each in found].index(True)]
    means = squares.mean(axis=2)
    rounds, place = np.unravel_index(int(np.argmin(means)), means.shape)
    best = squares[rounds, place]
    error, least = float(real.mean()), float(min(means.min(), real.mean()))
    ratio = least / error
    doubt = (
        NORMAL * _WIDER * np.sqrt(float(variance_of_mean((best - ratio * real) / error, sample)))
    )
    told = rng.permutation(len(others))[:_MOST_TOLD]
    return PseudoLabels(
        labelled=sample.size,
        unlabelled=len(used),
        real_only=error,
        real_penalty=alpha / sample.size,
        same_penalty=float(means[1, 0]),
        best=least,
        penalty=float(penalties[place] if rounds else alpha / sample.size),
        rounds=int(rounds),
        change=ratio - 1,
        change_low=ratio - 1 - doubt,
        change_high=ratio - 1 + doubt,
        left_out=len(others) - len(used),
        far_share=far_share,
        told_apart=told_apart(X[:_MOST_TOLD], others[told], rng),
    )


def _chains(X: Array, y: Array, others: Array, first: Fit, alpha: float) -> tuple[Array, Array]:
    """Squared residuals (rounds + 1, q, n) and penalties a row (q,), the first one model 0's."""
    chain = SelfTraining.of(X, y, others, first, alpha, weight=1.0, kept=1.0)
    rows = len(X) + len(others)
    alphas = np.append(alpha * rows / len(X), _SHARES * chain.trace)
    return chain.run(ROUNDS, alphas)[0] ** 2, alphas / rows


def _near(X: Array, others: Array, fit: Fit, alpha: float) -> tuple[npt.NDArray[np.bool_], float]:
    """Which unlabelled rows are within reach of the labelled ones, and the share that is not."""
    scale = fit.shrunk(np.array([alpha]))[:, 0]
    own, theirs = (((rows - fit.mean) @ fit.basis) ** 2 @ scale for rows in (X, others))
    left_out = (own + 1 / fit.count) / np.maximum(1 - own - 1 / fit.count, 1e-9)
    near = theirs + 1 / fit.count <= np.quantile(left_out, _QUANTILE)
    return near, float(1 - near.mean())
