"""Many plans in one call, and directions taken together, give what each plan gives by itself."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloss as gl
from genloss import spectrum as spectra

DIM = 24


def every_kind(n, penalty, noise):
    """One plan of every kind that has a closed route."""
    covariance = tuple((np.arange(1, DIM + 1) ** -0.5).tolist())
    numbers = {"penalty": penalty, "noise": noise}
    plans = [
        gl.Plan.replace(3, n, **numbers),
        gl.Plan.mix(3, n, real=0.3, **numbers),
        gl.Plan.mix_labels(3, n, real=0.3, **numbers),
        gl.Plan(
            [
                gl.Generation([gl.Source(n, noise=noise)], penalty),
                gl.Generation(
                    [
                        gl.Source(n, noise=noise, weight=2.0),
                        gl.Source(n, "previous", noise, covariance=covariance),
                    ],
                    penalty,
                ),
                gl.Generation([gl.Source(n, {"real": 0.5, 0: 0.2, 1: 0.3}, noise)], penalty),
            ]
        ),
    ]
    if penalty == 0:
        plans += [
            gl.Plan.same_design(3, n, noise=noise),
            gl.Plan.accumulate(3, n, design="fresh", noise=noise),
            gl.Plan.accumulate(3, [n, 2 * n, 7], design="fresh", noise=noise),
            gl.Plan.accumulate(3, n, design="same", noise=noise),
        ]
    return plans


def assert_same(found, expected):
    for name in ("risk", "bias", "variance", "kappa", "df1", "df2"):
        one, other = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-15, err_msg=name)
    np.testing.assert_array_equal(found.exact, expected.exact)
    said = [[text.partition("; ")[0] for text in curve.warnings] for curve in (found, expected)]
    assert (found.method, said[0]) == (expected.method, said[1])  # one plan is told its cure, too


@pytest.mark.parametrize("capacity", [pytest.param(0.0, marks=pytest.mark.slow), 1.5])
def test_a_list_of_plans_gives_the_curve_of_each_in_order(capacity):
    problem = gl.Problem.power_law(DIM, capacity=max(capacity, 1.1), source=0.5)
    if not capacity:
        problem = gl.Problem.isotropic(DIM)
    near = [DIM + k for k in (-3, -2, -1, 0, 1, 2, 3)]
    plans = [
        plan
        for n in [8, *near, 60, 61]
        for penalty, noise in ((0.0, 0.4), (0.0, 0.0), (1e-3, 0.4), (0.3, 0.0))
        for plan in every_kind(n, penalty, noise)
    ]
    order = np.random.default_rng(0).permutation(len(plans))
    shuffled = [plans[k] for k in order]
    for plan, curve in zip(shuffled, gl.predict(problem, iter(shuffled)), strict=True):
        assert_same(curve, gl.predict(problem, plan))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=8)
def test_plans_of_one_outline_do_not_mix(seed):
    rng = np.random.default_rng(seed)
    problem = gl.Problem(rng.uniform(0.1, 2, DIM), rng.standard_normal(DIM))

    def labeler(model):
        kinds = ["real", "previous", {"real": 0.4, int(rng.integers(max(model, 1))): 0.5}]
        return kinds[rng.integers(3)] if model else "real"

    labelers = [[labeler(t) for _ in range(rng.integers(1, 4))] for t in range(rng.integers(1, 5))]
    ridge = rng.random(len(labelers)) < 0.6

    def drawn():
        return gl.Plan(
            [
                gl.Generation(
                    [
                        gl.Source(int(rng.integers(DIM + 5, 90)), who, rng.uniform(0.1, 1))
                        for who in generation
                    ],
                    10 ** rng.uniform(-4, 1) if shrinks else 0.0,
                )
                for generation, shrinks in zip(labelers, ridge, strict=True)
            ]
        )

    plans = [drawn() for _ in range(5)]
    for plan, curve in zip(plans, gl.predict(problem, plans), strict=True):
        assert_same(curve, gl.predict(problem, plan))


def test_batches_larger_than_the_cache_are_cut(monkeypatch):
    problem = gl.Problem.power_law(DIM, capacity=1.5, source=0.5)
    plans = [gl.Plan.replace(3, n, penalty=0.1, noise=0.2) for n in range(30, 51)]
    whole = gl.predict(problem, plans)
    monkeypatch.setattr(sys.modules["genloss.theory.walked"], "CELLS", 5 * DIM)
    for one, other in zip(gl.predict(problem, plans), whole, strict=True):
        assert_same(one, other)


def test_the_pencil_and_closed_routes_share_a_call():
    problem = gl.Problem.isotropic(DIM)
    plans = [
        gl.Plan.same_design(2, 40, penalty=0.1, noise=0.3),
        gl.Plan.replace(2, 40, penalty=0.1, noise=0.3),
        gl.Plan.same_design(2, 50, penalty=0.1, noise=0.3),
    ]
    curves = gl.predict(problem, plans)
    assert [curve.method for curve in curves] == ["pencil", "state evolution", "pencil"]
    for plan, curve in zip(plans, curves, strict=True):
        np.testing.assert_allclose(curve.risk, gl.predict(problem, plan).risk, rtol=1e-12)
    assert {curve.method for curve in gl.predict(problem, plans, method="pencil")} == {"pencil"}
    with pytest.raises(gl.NoTheoryError):
        gl.predict(problem, plans, method="closed")


def test_no_plan_gives_no_curve_and_what_is_no_plan_is_named():
    problem, plan = gl.Problem.isotropic(DIM), gl.Plan.replace(1, 60)
    assert gl.predict(problem, []) == []
    with pytest.raises(gl.InvalidInputError, match=r"plan\[1\] was int; plan must be a Plan"):
        gl.predict(problem, [plan, 3])
    for wrong in (None, "replace", 3):
        with pytest.raises(gl.InvalidInputError, match=f"plan was {type(wrong).__name__}"):
            gl.predict(problem, wrong)


# --- directions taken together --------------------------------------------------------------

LONG = 25_000
SPECTRA = {
    "power law": np.arange(1.0, LONG + 1) ** -1.3,
    "two bulks": np.concatenate(
        [np.geomspace(1e-6, 1e-5, LONG // 2), np.linspace(0.1, 1, LONG // 2)]
    ),
}
CHAINS = {
    "ridge, 10 models": gl.Plan.replace(10, 3000, penalty=1e-3, noise=0.3),
    "weak ridge, then strong": gl.Plan.replace(4, 900, penalty=[1e-8, 1e-5, 1e-2, 1.0], noise=0.2),
    "interpolation": gl.Plan.replace(4, 700, noise=0.2),
    "least squares": gl.Plan.replace(3, 60_000, noise=0.3),
    "stacked least squares": gl.Plan.mix(4, 60_000, real=0.2, noise=0.3),
    "stacked ridge": gl.Plan.mix(4, 3000, real=0.2, penalty=1e-3, noise=0.3),
    "one design": gl.Plan.same_design(3, 3000, noise=0.3),
    "weights": gl.Plan(
        [
            gl.Generation([gl.Source(900, noise=0.2)], 1e-3),
            gl.Generation([gl.Source(900), gl.Source(2000, "previous", weight=0.5)], 1e-3),
        ]
    ),
}


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("chain", CHAINS)
def test_a_long_spectrum_is_compressed_without_a_loss(spectrum, chain, monkeypatch):
    s, plan = SPECTRA[spectrum], CHAINS[chain]
    rng = np.random.default_rng(1)
    truth = rng.standard_normal(LONG) * s**-0.2 * (rng.random(LONG) < 0.3)  # mostly zero, rough
    problem = gl.Problem(s, truth)
    compressed = gl.predict(problem, plan)
    assert problem.directions.eigenvalues.size < 5000
    monkeypatch.setattr(spectra, "LONG", 10**9)
    whole = gl.predict(gl.Problem(s, truth), plan)
    np.testing.assert_allclose(compressed.bias, whole.bias, rtol=1e-8, atol=1e-12 * problem.signal)
    np.testing.assert_allclose(compressed.variance, whole.variance, rtol=1e-8)


@pytest.mark.parametrize("plan", every_kind(40, 0.0, 0.4) + every_kind(12, 0.1, 0.4))
def test_equal_directions_are_one(plan):
    """Shifting the eigenvalues by less than rounding matters keeps the directions apart."""
    dim = DIM
    rough = np.where(np.arange(dim) % 2, 2.0, np.nextafter(2.0, 3.0))
    truth = np.random.default_rng(0).standard_normal(dim)
    together, apart = (
        gl.predict(gl.Problem(np.full(dim, 2.0), truth), plan),
        gl.predict(gl.Problem(rough, truth), plan),
    )
    np.testing.assert_allclose(together.risk, apart.risk, rtol=1e-10)
    np.testing.assert_allclose(together.bias, apart.bias, rtol=1e-10, atol=1e-15)


def test_compression_keeps_dimension_trace_and_signal():
    spectrum = np.arange(1.0, 10**6 + 1) ** -1.2
    problem = gl.Problem(spectrum, spectrum**0.1)
    found = problem.directions
    assert found.eigenvalues.size < 5000
    assert found.multiplicity.sum() == pytest.approx(10**6, rel=1e-12)
    assert found.trace == pytest.approx(spectrum.sum(), rel=1e-12)
    assert found.signal.sum() == pytest.approx(problem.signal, rel=1e-12)
