"""The gallery of derivations: every case by a second route, and the claims of the quick run."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.equivalents import degrees_of_freedom, kappa
from genloss.papers import reproduce
from genloss.papers.pencil import CASES, answer
from genloss.pencils import gallery as of
from genloss.pencils import risks

S, W, NOISE2 = of.SPECTRUM, of.TRUTH, of.NOISE**2


def workhorse(mean, spread, n, penalty, spectrum=S, noise2=NOISE2):
    """`theory.md` 2.2 for one source: moments of the fit, from those of what labels its rows.

    ``spread`` is the variance of the labeller's coordinates.
    """
    k = float(kappa(spectrum, penalty, n))
    R = 1 / (spectrum + k)
    _, df2 = degrees_of_freedom(spectrum, k)
    tau2 = (k**2 * (spectrum * R**2) @ (mean**2 + spread) + noise2) / (1 - df2 / n)
    return spectrum * R * mean, (spectrum * R) ** 2 * spread + tau2 * spectrum * R**2 / n, k


def joint(one, other, common, size):
    """Expected inner product of the errors of two ridge fits with effective penalties given.

    Both have ``size`` rows, of which ``common`` are the same.
    """
    share = common / size**2
    R1, R2 = 1 / (S + one), 1 / (S + other)
    overlap = share * (S**2 @ (R1 * R2))
    return (one * other * (S * R1 * R2) @ W**2 + NOISE2 * overlap) / (1 - overlap)


def marchenko_pastur(n):
    c, penalty = of.DIM / n, 0.1
    b = 1 - c + penalty
    return (np.sqrt(b**2 + 4 * c * penalty) - b) / (2 * c * penalty)


def ridge(penalty):
    return gl.predict(of.PROBLEM, of.regression_plan(penalty)).risk[-1]


def random_features(width):
    """`theory.md` 2.5 for one source."""
    from scipy.optimize import brentq

    n, m = of.WIDTH_ROWS, width

    def excess_penalty(k):
        df1 = np.sum(S / (S + k))
        return k * (1 - df1 / n) * (1 - df1 / m) - of.WIDTH_PENALTY

    # right of both roots of df1 = n and df1 = m the left-hand side increases from 0
    low = float(kappa(S, 0.0, min(n, m)))
    k = brentq(excess_penalty, low, 1e4, xtol=1e-15, rtol=1e-14)
    R = 1 / (S + k)
    df2, total, u2 = np.sum((S * R) ** 2), np.sum(S * R**2), S * W**2
    gap = k**2 * (R**2 @ u2 + (S * R**2) @ u2 * total / (m - df2))
    D2 = df2 + k**2 * total**2 / (m - df2)
    tau2 = (NOISE2 + gap) / (1 - D2 / n)
    return gap + tau2 * D2 / n


def stacked(share):
    """`theory.md` 2.2 with two sources, averaged over the shift."""
    n, shift2 = of.STACK_ROWS, of.STACK_SHIFT**2
    k = float(kappa(S, of.STACK_PENALTY, n))
    shrink = S / (S + k)
    _, df2 = degrees_of_freedom(S, k)
    p = np.array([1 - share, share])
    miss = S @ ((1 - shrink) * W) ** 2
    # theta_s - shrink * theta_bar, where theta_bar = w + share * shift
    gaps = [miss + shift2 * (S @ (own - shrink * share) ** 2) for own in (0.0, 1.0)]
    tau2 = (p @ gaps + NOISE2) / (1 - df2 / n)
    return gaps[0] + tau2 * df2 / n


def distilled(share):
    """A fit by one penalty to a fit by another is a combination of the two fits to the labels."""
    first, second = of.DISTIL_PENALTIES
    n = of.DISTIL_ROWS
    k = [float(kappa(S, penalty, n)) for penalty in (first, second)]
    weights = share * np.array([-first, second]) / (second - first) + np.array([0, 1 - share])
    errors = np.array([[joint(a, b, n, n) for b in k] for a in k])
    return weights @ errors @ weights


def accumulated(penalty):
    return np.sum(risks(of.PROBLEM, of.accumulated_plan(penalty)), axis=0)[-1]


def transferred(n):
    """Fine-tuning fits what the first model lacks."""
    shift = np.full(of.DIM, of.SOURCE_SHIFT**2)
    mean, spread, _ = workhorse(
        W, shift, of.SOURCE_ROWS, of.TUNE_PENALTIES[0], spectrum=of.SOURCE_SPECTRUM
    )
    lack = W - mean
    fit, variance, k = workhorse(lack, spread, n, of.TUNE_PENALTIES[1])
    shrink = S / (S + k)
    own = variance - shrink**2 * spread
    return S @ ((lack - fit) ** 2 + (1 - shrink) ** 2 * spread + own)


def ensemble(shared):
    n = of.BAG_ROWS
    k = float(kappa(S, of.BAG_PENALTY, n))
    return (joint(k, k, n, n) + joint(k, k, shared * n, n)) / 2


SECOND = {
    "Marchenko-Pastur law": marchenko_pastur,
    "Ridge regression": ridge,
    "Random features": random_features,
    "Strong Model Collapse": stacked,
    "Self-distillation": distilled,
    "Accumulate, third model": accumulated,
    "Transfer and fine-tune": transferred,
    "Ensemble of two": ensemble,
}


@pytest.mark.parametrize("case", [c for c in CASES if c.title in SECOND], ids=lambda c: c.title)
def test_second_route(case):
    for knob in case.axis.grid[::10]:
        second = SECOND[case.title](knob)
        assert answer(case.derive(knob)) == pytest.approx(second, rel=1e-8), knob


def test_one_first_layer_has_known_limits():
    """Very wide, the features keep everything: a chain of two plain ridge fits."""
    wide = of.frozen_features(1e12).risk
    plan = gl.Plan.replace(2, of.FROZEN_ROWS, penalty=of.FROZEN_PENALTY, noise=of.NOISE)
    assert wide == pytest.approx(gl.predict(of.PROBLEM, plan).risk[-1], rel=1e-8)
    assert of.frozen_features(100).risk < 0.9 * wide


def literal(case, knob, trials):
    """Within 2 % + 4 standard errors of simulation, with standard errors below 1.3 %."""
    rng, limit = np.random.default_rng(11), answer(case.derive(knob))
    draws = np.array([case.draw(knob, rng) for _ in range(trials)])
    stderr = draws.std(ddof=1) / np.sqrt(trials)
    assert stderr < 0.013 * limit
    assert abs(draws.mean() - limit) < 0.02 * limit + 4 * stderr


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.title)
def test_literally(case):
    for knob in (case.axis.simulated[0], case.axis.simulated[-1]):
        literal(case, knob, trials=900)


@pytest.mark.slow
def test_quick_run():
    drawn = reproduce("derivations", quick=True, seed=3)
    assert [claim.claim for claim in drawn.claims if claim.verdict != "holds"] == []
    assert len(drawn.claims) == len(CASES) + sum(case.plan is not None for case in CASES)
    assert len(drawn.table) == sum(
        len(case.axis.grid[::3]) + len(case.axis.simulated) for case in CASES
    )
    assert all(row["pencil_size"] >= 3 and row["residual"] < 1e-10 for row in drawn.table)
    assert len(drawn.figure.axes) == len(CASES)
    # few as the runs are, they tell a fifth more or less from nothing
    assert all(claim.allowed < 0.2 * claim.predicted for claim in drawn.claims)
