"""What changes no prediction, over random plans."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plans_of_theory import final, with_covariance
from scipy.optimize import brentq

import genloss as gl


def with_noise(plan, factor):
    return gl.Plan(
        [
            dataclasses.replace(
                g,
                sources=tuple(
                    dataclasses.replace(
                        s,
                        noise=factor * s.noise,
                        real_noise=None if s.real_noise is None else factor * s.real_noise,
                    )
                    for s in g.sources
                ),
            )
            for g in plan
        ]
    )


def random_problem(rng, dim=24):
    spectrum = rng.permutation(rng.uniform(0.5, 2, dim) * np.arange(1.0, dim + 1) ** -1.1)
    return gl.Problem(spectrum, rng.standard_normal(dim))


def random_labeler(rng, model):
    if model == 0:
        return "real"
    kinds = ["real", "previous", int(rng.integers(model))]
    kinds.append({"real": rng.uniform(), int(rng.integers(model)): rng.uniform()})
    kinds.append({"previous": rng.uniform(), "real": rng.uniform(-0.5, 0.5)})
    return kinds[rng.integers(len(kinds))]


def random_plan(rng, dim=24, *, ridge=False, weights=False):
    generations = []
    for model in range(rng.integers(1, 6)):
        sources = tuple(
            gl.Source(
                int(rng.integers(5, 2 * dim)),
                random_labeler(rng, model),
                noise=rng.uniform(0, 1),
                real_noise=rng.uniform(0, 1) if rng.random() < 0.3 else None,
                weight=rng.uniform(0.3, 3) if weights else 1.0,
            )
            for _ in range(rng.integers(1, 4))
        )
        total = sum(source.n_samples for source in sources)
        free = not ridge and abs(total - dim) > 3
        penalty = 0.0 if free and rng.random() < 0.5 else 10 ** rng.uniform(-3, 0.5)
        generations.append(gl.Generation(sources, penalty))
    return gl.Plan(generations)


def random_pairs(seed, **kind):
    rng = np.random.default_rng(seed)
    return rng, random_problem(rng), random_plan(rng, **kind)


seeds = st.integers(0, 2**32 - 1)
many = settings(max_examples=25, deadline=None)


@given(seeds, st.booleans())
@many
def test_risk_is_bias_plus_variance_and_neither_is_negative(seed, weights):
    _, problem, plan = random_pairs(seed, weights=weights)
    curve = gl.predict(problem, plan)
    np.testing.assert_allclose(curve.risk, curve.bias + curve.variance, rtol=1e-12)
    assert (curve.bias >= 0).all()
    assert (curve.variance >= 0).all()


@given(seeds, st.floats(-3, 3), st.booleans())
@many
def test_units_of_the_inputs_do_not_matter(seed, power, weights):
    _, problem, plan = random_pairs(seed, weights=weights)
    c = 10.0**power
    scaled = gl.Problem(c * problem.spectrum, problem.truth / np.sqrt(c))
    np.testing.assert_allclose(
        gl.predict(scaled, plan.with_penalty(c * plan.penalty)).risk,
        gl.predict(problem, plan).risk,
        rtol=1e-8,
    )


@given(seeds, st.booleans())
@many
def test_units_of_the_labels_multiply_the_risk(seed, weights):
    _, problem, plan = random_pairs(seed, weights=weights)
    scaled = gl.Problem(problem.spectrum, 3 * problem.truth)
    np.testing.assert_allclose(
        gl.predict(scaled, with_noise(plan, 3.0)).risk,
        9 * gl.predict(problem, plan).risk,
        rtol=1e-9,
    )


@given(seeds, st.booleans())
@many
def test_order_of_directions_does_not_matter(seed, weights):
    rng, problem, plan = random_pairs(seed, weights=weights)
    order = rng.permutation(problem.dim)
    shuffled = gl.Problem(problem.spectrum[order], problem.truth[order])
    np.testing.assert_allclose(
        gl.predict(shuffled, plan).risk, gl.predict(problem, plan).risk, rtol=1e-9
    )


@given(seeds)
@many
def test_signs_of_the_truth_do_not_matter(seed):
    rng, problem, plan = random_pairs(seed)
    flipped = gl.Problem(problem.spectrum, problem.truth * rng.choice([-1, 1], problem.dim))
    np.testing.assert_allclose(
        gl.predict(flipped, plan).risk, gl.predict(problem, plan).risk, rtol=1e-12
    )


@given(seeds, st.integers(2, 4), st.booleans())
@many
def test_ridge_depends_on_rows_per_direction_only(seed, m, weights):
    _, problem, plan = random_pairs(seed, ridge=True, weights=weights)
    bigger = gl.Problem(np.repeat(problem.spectrum, m), np.repeat(problem.truth, m) / np.sqrt(m))
    rows = gl.Plan(
        [
            dataclasses.replace(
                g,
                sources=tuple(dataclasses.replace(s, n_samples=m * s.n_samples) for s in g.sources),
            )
            for g in plan
        ]
    )
    np.testing.assert_allclose(
        gl.predict(bigger, rows).risk, gl.predict(problem, plan).risk, rtol=1e-8
    )


@given(seeds, st.floats(0, 3), st.floats(0, 3), st.booleans())
@many
def test_label_noises_add_in_variance(seed, a, b, weights):
    _, problem, plan = random_pairs(seed, weights=weights)
    none, first, second, both = (
        gl.predict(problem, with_noise(plan, factor)).risk
        for factor in (0.0, np.sqrt(a), np.sqrt(b), np.sqrt(a + b))
    )
    np.testing.assert_allclose(both - none, (first - none) + (second - none), rtol=1e-8, atol=1e-11)


@given(seeds)
@many
def test_noises_of_different_generations_add(seed):
    rng, problem, plan = random_pairs(seed)
    model = int(rng.integers(plan.n_models))

    def only(keep):
        quiet = [
            g if keep(i) else with_noise(gl.Plan([*plan.generations[: i + 1]]), 0.0).generations[-1]
            for i, g in enumerate(plan)
        ]
        return final(problem, gl.Plan(quiet))

    here, rest = only(lambda i: i == model), only(lambda i: i != model)
    none, both = only(lambda _: False), only(lambda _: True)
    assert both - none == pytest.approx((here - none) + (rest - none), rel=1e-8, abs=1e-11)


@given(seeds, st.integers(2, 4))
@many
def test_rows_may_be_written_as_several_sources(seed, parts):
    _, problem, plan = random_pairs(seed)
    split = gl.Plan(
        [
            dataclasses.replace(
                g,
                sources=tuple(
                    dataclasses.replace(s, n_samples=n)
                    for s in g.sources
                    for n in [1] * min(parts - 1, s.n_samples - 1)
                    + [max(s.n_samples - parts + 1, 1)]
                ),
            )
            for g in plan
        ]
    )
    assert (split.n_samples == plan.n_samples).all()
    np.testing.assert_allclose(
        gl.predict(problem, split).risk, gl.predict(problem, plan).risk, rtol=1e-10
    )


@given(seeds)
@many
def test_the_general_formula_contains_the_one_of_equal_covariances(seed):
    _, problem, plan = random_pairs(seed, ridge=True)
    written_out = with_covariance(plan, tuple(problem.spectrum))
    plain, general = gl.predict(problem, plan), gl.predict(problem, written_out)
    np.testing.assert_allclose(general.risk, plain.risk, rtol=1e-8)
    np.testing.assert_allclose(general.bias, plain.bias, rtol=1e-8, atol=1e-12)


@given(seeds, st.floats(0.05, 20))
@many
def test_a_common_weight_divides_the_penalty(seed, weight):
    _, problem, plan = random_pairs(seed, ridge=True, weights=bool(seed % 2))
    heavy = gl.Plan(
        [
            dataclasses.replace(
                g,
                sources=tuple(dataclasses.replace(s, weight=weight * s.weight) for s in g.sources),
            )
            for g in plan
        ]
    )
    np.testing.assert_allclose(
        gl.predict(problem, heavy).risk,
        gl.predict(problem, plan.with_penalty(plan.penalty / weight)).risk,
        rtol=1e-8,
    )


@given(seeds, st.booleans())
@many
def test_previous_is_the_number_of_the_model_before(seed, weights):
    _, problem, plan = random_pairs(seed, weights=weights)

    def named(source, model):
        return {
            (model - 1 if who == "previous" else who): share
            for who, share in source.mixture.items()
        }

    explicit = gl.Plan(
        [
            dataclasses.replace(
                g,
                sources=tuple(
                    dataclasses.replace(s, labeler=named(s, model))
                    if len(named(s, model)) == len(s.mixture)
                    else s
                    for s in g.sources
                ),
            )
            for model, g in enumerate(plan)
        ]
    )
    np.testing.assert_allclose(
        gl.predict(problem, explicit).risk, gl.predict(problem, plan).risk, rtol=1e-12
    )


@given(seeds)
@many
def test_a_model_that_labels_nothing_changes_nothing(seed):
    _, problem, plan = random_pairs(seed)
    bystander = gl.Generation.of(30, labeler="real", noise=5.0, penalty=0.3)
    later = gl.Generation.of(40, labeler=plan.n_models - 1, noise=0.4, penalty=0.05)
    with_it = gl.predict(problem, gl.Plan([*plan, bystander, later])).risk
    without = gl.predict(problem, gl.Plan([*plan, later])).risk
    assert with_it[-1] == pytest.approx(without[-1], rel=1e-12)
    np.testing.assert_allclose(with_it[: plan.n_models], without[: plan.n_models], rtol=1e-12)


@given(seeds, st.floats(0.1, 0.9))
@many
def test_a_row_labelled_by_a_mixture_of_one_model_with_itself_is_that_model_s(seed, share):
    _, problem, plan = random_pairs(seed)
    n = plan.n_models
    noise = float(np.hypot(share, 1 - share)) * 0.7
    mixed = plan.then(n_samples=50, labeler={n - 1: share, "previous": 1 - share}, noise=0.7)
    plain = plan.then(n_samples=50, noise=noise)
    assert final(problem, mixed) == pytest.approx(final(problem, plain), rel=1e-9)


# --- the master recursion of paper.md section 3, written again -------------------------------


def kappa_by_bisection(s, lam, n):
    if lam == 0 and n >= s.size:
        return 0.0

    def gap(log_k):
        k = np.exp(log_k)
        return k * (n - s.size + np.sum(k / (s + k))) / n - lam

    low = np.log(s.min()) - 40 if lam == 0 else np.log(lam) - 1e-6
    return np.exp(brentq(gap, low, np.log(lam + s.sum() / n) + 1e-6, xtol=1e-15, rtol=1e-14))


def master_recursion(problem, plan):
    """The test error of the last model, going backwards from it."""
    s, c2 = problem.spectrum, problem.truth**2
    a, path, noise = s.copy(), np.ones(s.size), 0.0
    for g in reversed(plan.generations):
        n, k = g.n_samples, kappa_by_bisection(s, g.penalty, g.n_samples)
        shrink, b = s / (s + k), s / (s + k) ** 2
        rows = n - s.size - 1 if k == 0 else n - np.sum(shrink**2)
        tau = np.sum(a * b) / rows
        noise += g.sources[0].noise ** 2 * tau
        a = shrink**2 * a + k**2 * b * tau
        path *= shrink
    return c2 @ a - 2 * (c2 * s) @ path + c2 @ s + noise


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_predict_is_the_master_recursion(seed):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    generations = []
    for model in range(rng.integers(1, 8)):
        n = int(rng.choice([*range(4, 21), *range(28, 100)]))
        penalty = 0.0 if rng.random() < 0.5 else 10 ** rng.uniform(-4, 1)
        labeler = "previous" if model else "real"
        generations.append(
            gl.Generation.of(n, labeler=labeler, penalty=penalty, noise=rng.uniform(0, 1))
        )
    plan = gl.Plan(generations)
    expected = [
        master_recursion(problem, gl.Plan(generations[: t + 1])) for t in range(plan.n_models)
    ]
    np.testing.assert_allclose(gl.predict(problem, plan).risk, expected, rtol=1e-9)
