"""Infinitely many directions of a power law, and risks of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import zeta

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.scaling import (
    PowerLaw,
)


def summands(eigenvalue, signal, kappa):
    """What the theory sums over directions: shrinkage, its square, bias, tail, a long chain's bias."""
    shrink, gap = eigenvalue / (eigenvalue + kappa), kappa / (eigenvalue + kappa)
    lost = -np.expm1(-30 * np.log1p(kappa / eigenvalue))
    return shrink, shrink**2, signal * gap**2, eigenvalue * gap**2, signal * lost**2


def brute_sums(capacity, source, kappa, dim):
    """Term by term up to 10**6, then adaptive quadrature of the tail."""
    exact = min(dim or 10**6, 10**6)
    rank = np.arange(1.0, exact + 1)
    law = (rank**-capacity, rank ** -(1 + 2 * capacity * source))
    totals = [values.sum() for values in summands(*law, kappa)]
    if dim is not None and dim <= exact:
        return totals
    end = np.log(dim + 0.5) if dim else 230 / min(capacity - 1, 2 * capacity * source)
    start = np.log(exact + 0.5)
    edges = np.linspace(start, min(end, 600.0), 120)
    for which in range(len(totals)):

        def integrand(x, which=which):
            parts = summands(np.exp(-capacity * x), np.exp(-(1 + 2 * capacity * source) * x), kappa)
            return parts[which] * np.exp(x)

        totals[which] += sum(
            quad(integrand, a, b, epsabs=1e-13 * totals[which], epsrel=1e-11)[0]
            for a, b in itertools.pairwise(edges)
        )
    return totals


@pytest.mark.slow
@pytest.mark.parametrize("dim", [10, 300, 10**6, 10**9, None])
@pytest.mark.parametrize(
    ("capacity", "source"), [(1.05, 0.3), (1.5, 0.375), (2.0, 1.5), (4.0, 0.5)]
)
def test_weighted_nodes_sum_like_all_directions(capacity, source, dim):
    nodes = PowerLaw(capacity, source, dim).directions
    signal = nodes.signal / nodes.multiplicity
    for kappa in (1e-2, 1e-6):
        got = [each @ nodes.multiplicity for each in summands(nodes.eigenvalues, signal, kappa)]
        assert got == pytest.approx(brute_sums(capacity, source, kappa, dim), rel=1e-8)


@pytest.mark.parametrize(("capacity", "source"), [(1.05, 0.3), (1.5, 0.1), (3.0, 2.0)])
def test_infinite_trace_and_signal_are_zeta_functions(capacity, source):
    law = PowerLaw(capacity, source)
    assert law.trace == pytest.approx(zeta(capacity), rel=1e-12)
    assert law.signal == pytest.approx(zeta(1 + 2 * capacity * source), rel=1e-12)


@pytest.mark.slow
def test_nodes_sum_ten_million_directions_one_by_one():
    law = PowerLaw(1.05, 0.3, dim=10**7)
    rank = np.arange(1.0, 10**7 + 1)
    shrink = rank**-1.05 / (rank**-1.05 + 1e-5)
    df1, df2 = law.degrees_of_freedom(1e-5)
    assert float(df1) == pytest.approx(shrink.sum(), rel=1e-10)
    assert float(df2) == pytest.approx((shrink**2).sum(), rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("capacity", [1.05, 2.0])
def test_kappa_of_infinitely_many_directions_solves_its_equation(capacity):
    law, penalty = PowerLaw(capacity, 0.5), np.array([0.0, 1e-6, 1e-2])
    kappa = law.kappa(penalty, 1e4)
    for k, lam in zip(kappa, penalty, strict=True):
        df1 = brute_sums(capacity, 0.5, k, None)[0]
        assert k == pytest.approx(lam + k * df1 / 1e4, rel=1e-8)


SETTINGS = [
    # rows, penalty, noise, generators, their rows over dim, their noise and penalty
    (100, 1e-2, 0.5, 3, 2.5, 0.4, 0.0),
    (50, 0.0, 0.3, 2, 4.0, 0.2, 0.0),
    (900, 0.0, 0.3, 2, 4.0, 0.2, 0.0),
    (200, 1e-3, 0.0, 5, 0.5, 0.4, 0.0),
    (200, 1e-3, 0.2, 5, 0.5, 0.0, 1e-2),
    (200, 1e-1, 0.2, 4, 2.0, 0.3, 1e-2),
    (200, 1e-1, 0.2, 0, 2.0, 0.3, 0.0),
]


@pytest.mark.parametrize("dim", [10, 6000])
@pytest.mark.parametrize("setting", SETTINGS)
def test_risk_agrees_with_predict(dim, setting):
    rows, penalty, noise, count, ratio, own, own_penalty = setting
    law, generator_rows = PowerLaw(1.5, 0.5, dim), int(ratio * dim)
    plan = gl.Plan.replace(1, rows, penalty=penalty, noise=noise)
    if count:
        chain = gl.Plan.replace(count, generator_rows, penalty=own_penalty, noise=own)
        plan = chain.then(n_samples=rows, penalty=penalty, noise=noise)
    got = law.risk(
        rows,
        penalty=penalty,
        noise=noise,
        generations=count,
        generator_samples=generator_rows,
        generator_noise=own,
        generator_penalty=own_penalty,
    )
    assert float(got.total) == pytest.approx(gl.predict(law.problem(), plan).risk[-1], rel=1e-9)
    behind = [(generator_rows, own_penalty, own)] * count
    after = law.risk_after(behind, rows, penalty=penalty, noise=noise)
    for part in ("bias", "variance", "inherited"):
        assert float(getattr(got, part)) == pytest.approx(float(getattr(after, part)), rel=1e-9)


@pytest.mark.slow
def test_risk_agrees_with_literal_simulation():
    law = PowerLaw(1.5, 0.5, 60)
    plan = gl.Plan.replace(3, 30, noise=0.2).then(n_samples=100, penalty=0.01, noise=0.3)
    trials = gl.simulate(law.problem(), plan, trials=400, seed=1, method="literal")
    arguments = {"generations": 3, "generator_samples": 30, "generator_noise": 0.2}
    got = float(law.risk(100, penalty=0.01, noise=0.3, **arguments).total)
    assert abs(trials.risk[-1] - got) < 0.03 * got + 4 * trials.stderr[-1]


def test_many_directions_tend_to_infinitely_many():
    behind = {"generations": 3, "generator_samples": 500, "generator_noise": 0.2}
    endless = PowerLaw(1.5, 0.5).risk(1000, penalty=1e-3, noise=0.3, **behind).total
    gaps = [
        abs(
            PowerLaw(1.5, 0.5, dim).risk(1000, penalty=1e-3, noise=0.3, **behind).total / endless
            - 1
        )
        for dim in (10**5, 10**7, 10**9)
    ]
    # what is missing is proportional to the missing trace, dim**-(capacity - 1)
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=0.1)
    assert gaps[1] / gaps[2] == pytest.approx(10, rel=0.1)
    assert gaps[2] < 1e-3


def test_risk_broadcasts_and_fractional_generations_are_affine():
    law, rows = PowerLaw(2.0, 0.5, 5000), np.array([100.0, 1000.0])[:, None]
    counts = np.array([0.0, 1.5, 3.0])
    risk = law.risk(
        rows,
        penalty=0.01,
        noise=0.1,
        generations=counts,
        generator_samples=9e3,
        generator_noise=1.0,
    )
    assert risk.total.shape == (2, 3)
    np.testing.assert_allclose(risk.total[:, 1], risk.total[:, ::2].mean(axis=1), rtol=1e-12)
    one = law.risk(1000, penalty=0.01, noise=0.1, generations=3, generator_samples=9e3)
    assert float(one.bias) == pytest.approx(risk.bias[1, 2], rel=1e-12)


def test_tiny_bias_keeps_its_digits():
    law = PowerLaw(2.0, 1.5, 300)
    rows, penalty = 1000.0, 1e-9
    kappa = float(law.kappa(penalty, rows))
    nodes = law.directions
    df2 = float(law.degrees_of_freedom(kappa)[1])
    bias = kappa**2 * np.sum(nodes.signal / (nodes.eigenvalues + kappa) ** 2) / (1 - df2 / rows)
    assert float(law.risk(rows, penalty=penalty).bias) == pytest.approx(bias, rel=1e-10)
    assert bias < 1e-15


def test_least_squares_without_mean_is_infinite():
    law = PowerLaw(1.5, 0.5, 10)
    assert np.isinf(law.risk([9, 10, 11], noise=0.1).total).all()
    assert np.isfinite(law.risk([8, 12], noise=0.1).total).all()
    behind = {"generations": 1, "generator_noise": 0.1}
    assert np.isinf(law.risk(20, generator_samples=[9, 10, 11], **behind).total).all()
    assert np.isfinite(law.risk(20, generator_samples=[8, 12], **behind).total).all()
    assert np.isfinite(law.risk([9, 10, 11], penalty=0.1, noise=0.1).total).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PowerLaw(1.0, 0.5), "capacity was 1.0"),
        (lambda: PowerLaw(2.0, -0.1), "source was -0.1"),
        (lambda: PowerLaw(2.0, 0.0), "source was 0"),
        (lambda: PowerLaw(2.0, 0.5, 0), "dim was 0"),
        (lambda: PowerLaw(2.0, 0.5).problem(), "dim was None"),
        (lambda: PowerLaw(2.0, 0.5).risk(-1), "n_samples was -1"),
        (lambda: PowerLaw(2.0, 0.5).risk(10, generations=2), "generator_samples was None"),
        (
            lambda: PowerLaw(2.0, 0.5).risk(10, generations=1.5, generator_samples=10),
            "whole numbers",
        ),
        (
            lambda: PowerLaw(2.0, 0.5).risk(
                10, generations=2, generator_samples=10, generator_penalty=1, design="same"
            ),
            "same design",
        ),
        (lambda: PowerLaw(2.0, 0.5).risk([1, 2], penalty=[1, 2, 3]), "broadcast"),
        (lambda: PowerLaw(2.0, 0.5).risk("many"), "numeric"),
    ],
)
def test_power_law_refuses(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()
