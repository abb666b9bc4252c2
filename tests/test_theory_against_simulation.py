"""Theory against `simulate`, over kinds of plans."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl

Gen, Src = gl.Generation, gl.Source


def power(dim, capacity=1.0, source=0.5):
    return gl.Problem.power_law(dim, capacity=capacity, source=source)


def agree(problem, plan, trials, seed, slack):
    """Risk and bias of literal runs."""
    theory = gl.predict(problem, plan)
    runs = gl.simulate(problem, plan, trials=trials, seed=seed, method="literal")
    compare(theory, runs.risk, runs.stderr, slack)
    allowed = 4 * runs.stderr + slack * theory.risk + 1e-12
    assert (np.abs(runs.bias - theory.bias) <= allowed).all()
    return theory


def compare(theory, risk, stderr, slack):
    """|z| < 4 for exact models, and ``slack`` of relative error besides for asymptotic ones."""
    allowed = 4 * stderr + np.where(theory.exact, 0.0, slack) * theory.risk
    assert (stderr < 0.05 * theory.risk).all(), (theory.risk, risk, stderr)
    assert (np.abs(risk - theory.risk) <= allowed).all(), (theory.risk, risk, stderr)


# --- plans with an exact formula --------------------------------------------------------------

EXACT = {
    "least squares, uneven": (
        power(12, 1.3),
        gl.Plan.replace(4, [30, 60, 24, 100], noise=[0.5, 0.2, 0.4, 1.0]),
    ),
    "isotropic, both sides of interpolation": (
        gl.Problem.isotropic(40),
        gl.Plan.replace(4, [20, 100, 25, 60], noise=0.3),
    ),
    "isotropic interpolation, noiseless": (
        gl.Problem.isotropic(30, signal=2.0),
        gl.Plan.replace(5, 20),
    ),
    "least squares, then interpolation": (
        gl.Problem.isotropic(30),
        gl.Plan.replace(3, 60, noise=0.5).then(n_samples=18, noise=0.5),
    ),
    "stacked rows": (power(15, 1.0), gl.Plan.mix(4, 40, real=0.3, noise=0.6)),
    "stacked rows, close to dim": (power(20, 0.5), gl.Plan.mix(3, 32, real=0.5, noise=0.6)),
    "stacked rows of older models": (
        power(10, 1.0),
        gl.Plan(
            [
                Gen.of(25, labeler="real", noise=1.0),
                Gen.of(20, labeler="previous", noise=0.5),
                Gen([Src(10, "real", 0.3), Src(15, 0, 0.6), Src(8, "previous", 0.1)]),
                Gen([Src(20, {0: 0.5, "previous": 0.8}, 0.3), Src(15, 1, 0.2)]),
            ]
        ),
    ),
    "mixed labels, extrapolating": (
        power(12, 1.0),
        gl.Plan.mix_labels(4, 30, real=[1, 0.3, 1.3, 0.6], noise=0.4, real_noise=0.9),
    ),
    "mixtures that do not add up to one": (
        power(12, 1.0),
        gl.Plan.replace(2, 40, noise=0.3)
        .then(n_samples=30, labeler={"real": 0.5, 0: 0.2}, noise=0.4)
        .then(n_samples=30, labeler={1: 0.7, "previous": 0.6}, noise=0.4),
    ),
    "same inputs, least squares": (
        power(12, 1.0),
        gl.Plan.same_design(5, 30, noise=[0.5, 0, 1, 0.3, 0.2]),
    ),
    "same inputs, interpolation": (gl.Problem.isotropic(30), gl.Plan.same_design(4, 20, noise=0.3)),
    "same inputs, mixed labels": (
        gl.Problem.isotropic(30),
        gl.Plan.mix_labels(5, 18, real=0.4, noise=0.5, design="same"),
    ),
    "same inputs in the middle": (
        gl.Problem.isotropic(24),
        gl.Plan(
            [
                Gen.of(60, labeler="real", noise=0.8),
                Gen.of(14, labeler={"real": 0.5, "previous": 0.5}, noise=0.4),
                Gen.of(14, labeler={1: 0.5, 0: 0.6}, noise=0.3, design="same"),
                Gen.of(14, labeler="previous", noise=0.3, design="same"),
                Gen.of(40, labeler={0: 0.4, 3: 0.3, 2: 0.3}, noise=0.2),
            ]
        ),
    ),
    "all rows, fresh inputs": (
        power(12, 1.0),
        gl.Plan.accumulate(5, [24, 10, 5, 40, 20], design="fresh", noise=[0.5, 0.9, 1, 0.2, 0.6]),
    ),
    "all rows, same inputs": (power(12, 1.0), gl.Plan.accumulate(5, 30, design="same", noise=0.7)),
    "all rows, fewer than dim at first": (
        gl.Problem.isotropic(30),
        gl.Plan.accumulate(4, [18, 25, 20, 20], design="fresh", noise=0.4),
    ),
    "all rows of one interpolated design": (
        gl.Problem.isotropic(30),
        gl.Plan.accumulate(4, 10, design="same", noise=0.5),
    ),
}


@pytest.mark.parametrize(
    "name",
    [
        "isotropic, both sides of interpolation",
        "stacked rows of older models",
        "same inputs in the middle",
        "all rows, fresh inputs",
    ],
)
def test_exact_theory(name):
    assert agree(*EXACT[name], trials=300, seed=11, slack=0.0).exact.all()


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_exact_theory_with_many_runs(name):
    assert agree(*EXACT[name], trials=4000, seed=23, slack=0.0).exact.all()


# --- plans with a deterministic equivalent ----------------------------------------------------

TILTED = np.linspace(2.0, 0.2, 120)

ASYMPTOTIC = {
    "ridge at every generation": (
        power(120, 1.2),
        gl.Plan.replace(
            5,
            [180, 90, 150, 60, 240],
            penalty=[0.01, 0.05, 1e-3, 0.1, 0.02],
            noise=[0.5, 0.3, 0.7, 0.2, 0.6],
        ),
    ),
    "interpolation, noiseless": (power(150, 1.0), gl.Plan.replace(5, 75)),
    "interpolation, noisy": (power(150, 0.6), gl.Plan.replace(4, 75, noise=0.5)),
    "both sides of interpolation": (
        power(120, 1.0),
        gl.Plan.replace(4, [60, 240, 80, 200], noise=[0.2, 0.5, 0.3, 0.4]),
    ),
    "noise-free labels of an interpolating model": (
        power(120, 0.8),
        gl.Plan.replace(4, 90, noise=[0.9, 0, 0, 0]),
    ),
    "stacked rows, ridge": (
        power(120, 1.2),
        gl.Plan.mix(4, 100, real=0.3, penalty=0.02, noise=0.5),
    ),
    "stacked rows, interpolation": (power(120, 0.8), gl.Plan.mix(4, 70, real=0.3, noise=0.4)),
    "stacked rows of older models, ridge": (
        power(120, 1.0),
        gl.Plan(
            [
                Gen.of(100, labeler="real", noise=0.5, penalty=0.01),
                Gen.of(100, labeler="previous", noise=0.5, penalty=0.05),
                Gen([Src(60, "real", 0.5), Src(60, 0, 0.3), Src(80, 1, 0.4)], penalty=0.02),
                Gen([Src(50, {"real": 0.3, 1: 0.7}, 0.5), Src(90, "previous", 0.4)], penalty=0.01),
            ]
        ),
    ),
    "mixed labels": (
        power(120, 1.2),
        gl.Plan.mix_labels(4, 60, real=0.618, noise=0.7),
    ),
    "mixed labels, ridge, own real noise": (
        power(120, 1.0),
        gl.Plan.mix_labels(4, 80, real=0.4, penalty=0.03, noise=0.3, real_noise=0.9),
    ),
    "weights and covariances, ridge": (
        power(120, 1.0),
        gl.Plan(
            [
                Gen.of(100, labeler="real", noise=0.6, penalty=0.02),
                Gen(
                    [
                        Src(60, "real", 0.4),
                        Src(80, "previous", 0.5, weight=0.35, covariance=tuple(TILTED)),
                        Src(50, {"real": 0.6, "previous": 0.6}, 0.3, weight=2.0),
                    ],
                    penalty=0.05,
                ),
                Gen(
                    [Src(90, 0, 0.3, weight=0.5), Src(60, 1, 0.2, covariance=tuple(TILTED[::-1]))],
                    0.02,
                ),
            ]
        ),
    ),
    "weights, least squares": (
        power(100, 1.0),
        gl.Plan(
            [
                Gen.of(300, labeler="real", noise=0.5),
                Gen([Src(150, "real", 0.5), Src(150, "previous", 0.5, weight=0.5)]),
                Gen([Src(150, "real", 0.5), Src(150, "previous", 0.5, weight=0.5)]),
            ]
        ),
    ),
    "weights and covariances, interpolation": (
        power(120, 0.7),
        gl.Plan(
            [
                Gen([Src(30, noise=0.3), Src(30, noise=0.3, weight=3.0, covariance=tuple(TILTED))]),
                Gen([Src(30, noise=0.3), Src(30, "previous", 0.3, weight=0.3)]),
            ]
        ),
    ),
    "other inputs than the tested ones": (
        power(120, 0.7),
        gl.Plan([Gen([Src(200, noise=0.5, covariance=tuple(TILTED))], 0.05)]),
    ),
    "same inputs, then ridge": (
        power(120, 1.0),
        gl.Plan.same_design(3, 60, noise=0.3).then(n_samples=150, penalty=0.02, noise=0.3),
    ),
    "same inputs, mixed labels": (
        power(120, 0.8),
        gl.Plan.mix_labels(4, 60, real=0.5, noise=0.5, design="same"),
    ),
    "least squares, then ridge": (
        gl.Problem.isotropic(120),
        gl.Plan.replace(3, 240, noise=0.5).then(n_samples=150, penalty=0.4, noise=0.5),
    ),
    "all rows, fewer than dim at first, then ridge": (
        power(120, 1.0),
        gl.Plan.accumulate(4, [40, 30, 100, 100], design="fresh", noise=0.4).then(
            n_samples=100, penalty=0.05, noise=0.4
        ),
    ),
    "labelled twice by one random model": (
        power(120, 1.0),
        gl.Plan.replace(2, 80, penalty=0.02, noise=0.8)
        .then(n_samples=80, labeler={0: 0.5, 1: 0.5}, penalty=0.02, noise=0.1)
        .then(n_samples=80, labeler={0: 0.4, 1: -0.2, 2: 0.8}, penalty=0.02, noise=0.1),
    ),
}


@pytest.mark.parametrize(
    "name",
    [
        "ridge at every generation",
        "stacked rows of older models, ridge",
        "weights and covariances, ridge",
        "labelled twice by one random model",
    ],
)
def test_asymptotic_theory(name):
    agree(*ASYMPTOTIC[name], trials=150, seed=5, slack=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("name", ASYMPTOTIC)
def test_asymptotic_theory_with_small_standard_errors(name):
    agree(*ASYMPTOTIC[name], trials=600, seed=29, slack=0.025)
