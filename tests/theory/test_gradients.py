"""Slopes of errors against differences of predictions, for every number that a plan says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import genloss as gl
from genloss.errors import NoTheoryError
from genloss.scaling import PowerLaw
from genloss.theory.gradients.gradient import gradient

DIM = 40
RNG = np.random.default_rng(0)
SPECTRUM = np.exp(RNG.standard_normal(DIM))
PROBLEM = gl.Problem(SPECTRUM, RNG.standard_normal(DIM))
OWN = tuple((SPECTRUM * np.exp(0.3 * RNG.standard_normal(DIM))).tolist())
S, G = gl.Source, gl.Generation
WEIGHTS = np.array([0.3, 0.2, 0.7, 1.1])

PLANS = {
    "chain": gl.Plan.replace(4, [60, 80, 30, 100], penalty=[0.1, 0.01, 0.3, 0.05], noise=0.3),
    "interpolation and least squares": gl.Plan.replace(
        4, [20, 80, 30, 100], penalty=[0, 0, 0, 0.05], noise=0.3
    ),
    "real rows": gl.Plan.mix(4, 70, real=0.3, penalty=0.1, noise=0.3),
    "older labelers": gl.Plan(
        [
            G([S(50, noise=0.3)], 0.1),
            G([S(70, {"real": 0.3, "previous": 0.7}, noise=0.2)], 0.2),
            G([S(60, {0: 0.5, 1: 0.5}, noise=0.1)], 0.1),
            G([S(60, {0: 0.2, 1: 0.3, 2: 0.5}, noise=0.1)], 0.15),
        ]
    ),
    "covariances and weights": gl.Plan(
        [
            G([S(50, noise=0.3, weight=2.0)], 0.1),
            G([S(70, noise=0.2, weight=0.5), S(30, 0, noise=0.4, weight=2, covariance=OWN)], 0.2),
            G([S(60, {0: 0.5, 1: 0.5}, noise=0.1, covariance=OWN), S(20, noise=0.2)], 0.1),
        ]
    ),
    "no penalty, weights": gl.Plan(
        [
            G([S(15, noise=0.3), S(15, noise=0.1, weight=2.0)]),
            G([S(40, "previous", noise=0.2), S(70, noise=0.3, weight=3.0)]),
        ]
    ),
    "pulled to a model": gl.Plan(
        [
            G([S(50, noise=0.3)], 0.1),
            G([S(70, "previous", noise=0.2)], 0.2, towards=0),
            G([S(40, "previous", noise=0.2), S(20, noise=0.3)], 0.2, towards=0),
            G([S(40, "previous", noise=0.2)], 0.2, towards="previous"),
        ]
    ),
}


def objective(plan):
    return float(WEIGHTS[: plan.n_models] @ gl.predict(PROBLEM, plan).risk)


def changed(plan, model, source=None, **values):
    """The plan with another number in a generation, or in one of its sources."""
    generations = list(plan.generations)
    own = generations[model]
    if source is not None:
        sources = list(own.sources)
        sources[source] = replace(sources[source], **values)
        values = {"sources": tuple(sources)}
    generations[model] = replace(own, **values)
    return gl.Plan(generations)


def slope(change, value, step):
    """Fourth-order central difference."""
    far, near = (
        objective(change(value + k * step)) - objective(change(value - k * step)) for k in (2, 1)
    )
    return (8 * near - far) / (12 * step)


@pytest.mark.parametrize("name", PLANS)
def test_slopes_are_those_of_predictions(name):
    plan = PLANS[name]
    found = gradient(PROBLEM, plan, lambda risk: WEIGHTS[: risk.size])
    np.testing.assert_allclose(found.risk, gl.predict(PROBLEM, plan).risk, rtol=1e-12)
    for t, own in enumerate(plan):
        if own.penalty:
            by = slope(lambda v, t=t: changed(plan, t, penalty=v), own.penalty, 1e-3 * own.penalty)
            assert found.penalty[t] == pytest.approx(by, rel=1e-6, abs=1e-9)
        for i, source in enumerate(own.sources):

            def to(t=t, i=i, name="noise"):
                return lambda value: changed(plan, t, i, **{name: value})

            if len(source.mixture) == 1:
                by = slope(to(), source.noise, 1e-3)
                assert found.noise[t][i] == pytest.approx(by, rel=1e-6, abs=1e-9)
            by = slope(to(name="weight"), source.weight, 1e-3)
            assert found.weight[t][i] == pytest.approx(by, rel=1e-5, abs=1e-8)
            by = slope(to(name="n_samples"), source.n_samples, 1)
            assert found.n_samples[t][i] == pytest.approx(by, rel=2e-3, abs=1e-6)


@pytest.mark.parametrize("name", ["older labelers", "chain"])
def test_slopes_in_shares(name):
    plan = PLANS[name]
    found = gradient(PROBLEM, plan, lambda risk: WEIGHTS[: risk.size])
    for t, own in enumerate(plan):
        [source] = own.sources
        shares = source.labeler_numbers(t)
        for k, share in shares.items():

            def to(value, t=t, k=k, source=source, shares=shares):
                named = {("real" if u < 0 else u): b for u, b in ({**shares, k: value}).items()}
                # the noise that is made must stay
                made = changed(plan, t, 0, labeler=named)
                [new] = made.generations[t].sources
                scale = source.label_noise / new.label_noise
                real = None if new.real_noise is None else new.real_noise * scale
                return changed(made, t, 0, noise=new.noise * scale, real_noise=real)

            assert found.shares[t][0][k] == pytest.approx(slope(to, share, 1e-3), rel=1e-5)


def test_slopes_on_an_endless_spectrum():
    law, plan = PowerLaw(1.5, 0.5), gl.Plan.replace(3, 200, penalty=1e-2, noise=0.3)
    found = gradient(law, plan).penalty[0]
    up, down = (
        gl.predict(law, plan.with_penalty([lam, 1e-2, 1e-2])).risk[-1] for lam in (1.01e-2, 0.99e-2)
    )
    assert found == pytest.approx((up - down) / 2e-4, rel=1e-3)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (gl.Plan.accumulate(3, 60, design="fresh", penalty=0.1), "new rows alone"),
        (gl.Plan.replace(2, DIM + 1), "as many rows as directions"),
        (gl.Plan([G([S(90, noise=0.3, labels="hard")], loss="logistic")]), "no minimum"),
    ],
)
def test_what_has_no_slopes_is_said(plan, why):
    with pytest.raises(NoTheoryError, match=why):
        gradient(PROBLEM, plan)
