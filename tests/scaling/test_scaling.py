"""Rules for the penalty, regimes, and the law of a problem."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.scaling import (
    PowerLaw,
    best_penalty,
    clean_rule,
    effective_noise,
    exponent_rule,
    exponents,
    noise_rule,
    noise_rule_with_constants,
    scaling_law,
)
from genloss.scaling.fitting import fit_power_law
from genloss.scaling.regimes import regime
from genloss.scaling.rules import noise_terms


def slope(x, y):
    return np.polyfit(np.log(x), np.log(y), 1)[0]


# ------------------------------------------------------------------------- rules


@pytest.fixture(scope="module")
def settings_of_the_spec():
    """The 47 settings of `paper.md` V10: rows, generator rows, generators, effective noise."""
    grids = np.meshgrid(
        [1e3, 1e4, 1e5, 1e6], [3e3, 6e3, 6e4], [0.0, 1.0, 10.0, 100.0], indexing="ij"
    )
    rows, generator_rows, counts = (grid.ravel() for grid in grids)
    noise = effective_noise(rows, generations=counts, generator_samples=generator_rows, dim=2000)
    kept = noise < 0.2
    assert kept.sum() == 47
    return rows[kept], generator_rows[kept], counts[kept], noise[kept]


def test_rules_against_the_best_penalty(settings_of_the_spec):
    rows, generator_rows, counts, noise = settings_of_the_spec
    law, powers = PowerLaw(2.0, 0.5, 2000), {"capacity": 2.0, "source": 0.5}
    behind = {"generations": counts, "generator_samples": generator_rows, "generator_noise": 1.0}
    best = best_penalty(law, rows, noise=1.0, **behind)

    def excess(penalty):
        risk = law.risk(rows, penalty=penalty, noise=1.0, **behind).total
        assert (risk >= best.risk * (1 - 1e-9)).all()
        return float((risk / best.risk).max()) - 1

    assert excess(noise_rule(noise, **powers)) < 0.01
    assert excess(noise_rule_with_constants(noise, **powers)) < 0.002
    chain = {"generations": counts, "generator_samples": generator_rows}
    assert 0.01 < excess(exponent_rule(rows, **powers, **chain)) < 1
    assert excess(clean_rule(rows, **powers)) > 10


def test_best_penalty_is_a_minimum_for_interpolating_generators():
    law, behind = PowerLaw(1.5, 0.4), {"generations": 5, "generator_samples": 500.0}
    best = best_penalty(law, 3000.0, noise=0.3, generator_noise=0.3, **behind)
    around = float(best.penalty) * np.geomspace(0.5, 2, 101)
    risk = law.risk(3000.0, penalty=around, noise=0.3, generator_noise=0.3, **behind).total
    assert float(best.risk) == pytest.approx(risk.min(), rel=1e-6)
    assert abs(int(np.argmin(risk)) - 50) <= 1


def test_no_penalty_is_found_where_it_is_best():
    best = best_penalty(PowerLaw(1.5, 0.5, 50), [20.0, 80.0])
    assert float(best.penalty[1]) == 0
    assert float(best.risk[1]) == 0
    assert float(best.risk[0]) > 0


@pytest.mark.parametrize(("a", "b"), [(0.0, 0.6), (0.1, 0.8), (0.0, 1.2), (0.3, 1.4)])
def test_exponent_rule_is_the_adapted_exponent(a, b):
    rows = np.array([1e3, 1e5])
    got = exponent_rule(
        rows, capacity=2.0, source=0.5, generations=rows**a, generator_samples=rows**b
    )
    ell = exponents.best_penalty_exponent(2.0, 0.5, generator_growth=b, generation_growth=a)
    np.testing.assert_allclose(got, rows**-ell, rtol=1e-12)


@pytest.mark.parametrize("noise", [0.05, 1.0, 20.0])
def test_rule_with_constants_holds_for_any_noise(noise):
    level = effective_noise(1e12, noise=noise)
    assert float(level) == pytest.approx(noise**2 / 1e12)
    best = best_penalty(PowerLaw(1.5, 0.375), 1e12, noise=noise)
    rule = noise_rule_with_constants(level, capacity=1.5, source=0.375)
    assert float(rule) == pytest.approx(float(best.penalty), rel=0.01)


def test_leading_effective_noise():
    got = effective_noise(
        100,
        noise=0.5,
        generations=3,
        generator_samples=1000,
        generator_noise=2.0,
        dim=50,
        leading=True,
    )
    assert float(got) == pytest.approx(0.25 / 100 + 3 * 4 / 1000)
    with pytest.raises(InvalidInputError, match="must exceed dim"):
        effective_noise(100, generations=1, generator_samples=51, dim=50)
    with pytest.raises(InvalidInputError, match="generator_samples was None"):
        effective_noise(100, generations=1)
    with pytest.raises(InvalidInputError, match="generator_samples was None"):
        exponent_rule(100, capacity=2.0, source=0.5, generations=1)


# --------------------------------------------------------------------------- law


def test_error_at_the_crossover_is_that_of_twice_the_noise():
    law = PowerLaw(2.0, 0.5, 2000)
    behind = {"generations": 3, "generator_samples": 1e6}
    said = scaling_law(law, n_samples=1e4, **behind)
    at = said.crossovers.inherited_overtakes
    terms = noise_terms(at, dim=2000, **behind)
    assert float(terms.own) == pytest.approx(float(terms.tail + terms.learned), rel=1e-9)
    alone = float(best_penalty(law, at, noise=1.0).risk)
    together = float(best_penalty(law, at, noise=1.0, generator_noise=1.0, **behind).risk)
    assert together / alone == pytest.approx(2**said.rate, rel=0.02)
    assert scaling_law(law, n_samples=at / 3, **behind).regime == "clean"
    assert scaling_law(law, n_samples=at * 3, **behind).regime == "inherited noise"


@pytest.mark.slow
@pytest.mark.parametrize(("generator_rows", "count"), [(1e11, 1), (1e12, 1), (1e13, 20)])
def test_noiseless_crossover(generator_rows, count):
    dim = 10**7
    law = PowerLaw(1.5, 0.5, dim)
    behind = {"generations": count, "generator_samples": generator_rows, "generator_noise": 1.0}
    said = scaling_law(law, n_samples=1e3, noise=0.0, **behind)
    f = count / (generator_rows - dim - 1)
    order = min(f**-0.4, (dim * f) ** (-1 / 1.5))
    assert said.crossovers.fast_to_slow_order == pytest.approx(order)
    crossing = said.crossovers.fast_to_slow
    assert 1 < crossing / order < 4

    def error(rows):
        return best_penalty(law, rows, noise=0.0, **behind).risk

    around = np.array([0.95, 1.05])
    assert slope(crossing / 10 * around, error(crossing / 10 * around)) == pytest.approx(
        -1.5, abs=0.1
    )
    assert slope(crossing * 100 * around, error(crossing * 100 * around)) == pytest.approx(
        -0.6, abs=0.02
    )
    # measured: where the slope is half way between the two
    rows = np.geomspace(crossing / 10, crossing * 10, 41)
    slopes = np.gradient(np.log(error(rows)), np.log(rows))
    measured = rows[np.argmax(slopes > -1.05)]
    assert 0.5 < measured / crossing < 2
    regimes = [
        scaling_law(law, n_samples=rows, noise=0.0, **behind).regime
        for rows in (crossing / 10, crossing * 4, 10 * dim)
    ]
    assert regimes == ["noiseless fast", "noiseless slow", "noiseless floor"]


def test_fast_phase_that_outlives_the_directions():
    """So few directions that the generators' noise in the tail never shows: fast, then floor."""
    law, behind = PowerLaw(1.5, 0.5, 100), {"generations": 1, "generator_samples": 1e12}
    said = scaling_law(law, n_samples=30, noise=0.0, generator_noise=1.0, **behind)
    learned = 1 / (1e12 - 101)
    assert said.crossovers.fast_to_slow_order == pytest.approx(learned**-0.4)
    assert said.crossovers.fast_to_slow_order < (100 * learned) ** (-1 / 1.5)
    assert "fast up to about 100 rows and then stays at its floor" in " ".join(said.sentences)
    rows = np.array([90.0, 101.0, 1e3, 1e6])
    errors = best_penalty(law, rows, generator_noise=1.0, **behind).risk
    assert errors[0] > 1e5 * errors[1]
    np.testing.assert_allclose(errors[1:], 100 * learned, rtol=1e-6)


@pytest.mark.parametrize("generator_rows", [1500, 3000, 30_000, 300_000])
@pytest.mark.parametrize(("count", "noise"), [(1, 1.0), (20, 1.0), (4, 0.3)])
def test_turning_point_of_the_clean_rule(generator_rows, count, noise):
    law, rows = PowerLaw(2.0, 0.5, 1000), np.geomspace(100, 1e9, 281)
    behind = {"generations": count, "generator_samples": generator_rows, "generator_noise": noise}
    said = scaling_law(law, n_samples=1e4, noise=noise, **behind).crossovers
    order = max(generator_rows / (count * noise**2), 1000)
    assert said.turning_point_order == pytest.approx(order)
    clean = law.risk(
        rows, penalty=clean_rule(rows, capacity=2.0, source=0.5), noise=noise, **behind
    ).total
    turn = rows[np.argmin(clean)]
    assert turn == pytest.approx(said.turning_point, rel=0.2)
    assert 0.8 < turn / said.turning_point_order < 5
    assert clean[-1] > 1.5 * clean.min()
    level = effective_noise(rows, noise=noise, dim=1000, **behind)
    adaptive = law.risk(
        rows, penalty=noise_rule(level, capacity=2.0, source=0.5), noise=noise, **behind
    ).total
    assert (np.diff(adaptive) < 0).all()


@pytest.mark.parametrize(
    ("noise", "arguments", "expected"),
    [
        (1.0, {"generations": 50, "generator_samples": 1e5, "n_samples": 5000}, "inherited noise"),
        (1.0, {}, "clean"),
        (0.0, {}, "noiseless fast"),
        (1e-6, {}, "noiseless fast"),
        (1.0, {"generations": 1, "generator_samples": 1e7}, "clean"),
        (1.0, {"generations": 50, "generator_samples": 1e5}, "tail modes"),
        (0.1, {"generations": 1, "generator_samples": 4001, "generator_noise": 1.0}, "tail modes"),
        (1.0, {"generations": 5000, "generator_samples": 4001}, "not vanishing"),
        (1.0, {"generations": 2, "generator_samples": 500}, "interpolating generators"),
    ],
)
def test_regimes(noise, arguments, expected):
    law = scaling_law(PowerLaw(2.0, 0.5, 2000), noise=noise, **{"n_samples": 1500} | arguments)
    assert law.regime == expected
    assert all(sentence[-1] == "." for sentence in law.sentences)
    assert expected in repr(law)
    if expected == "not vanishing":
        assert law.best.risk > 0.5 * law.null_risk


def test_regime_puts_the_largest_term_in_force():
    known = {"n_samples": 1e4, "dim": 100.0}
    assert regime(2.0, 0.5, own=3e-4, tail=1e-4, learned=2e-4, **known) == "clean"
    assert regime(2.0, 0.5, own=1e-4, tail=3e-4, learned=2e-4, **known) == "tail modes"
    assert regime(2.0, 0.5, own=1e-4, tail=2e-4, learned=3e-4, **known) == "inherited noise"


def test_recommendations_are_the_risks_of_their_penalties():
    power = PowerLaw(2.0, 0.5, 1000)
    behind = {"generations": 10, "generator_samples": 30_000.0}
    law = scaling_law(power, n_samples=1e5, noise=0.5, **behind)
    assert [each.rule for each in law.recommendations] == [
        "clean",
        "exponent",
        "noise",
        "noise with constants",
        "best",
    ]
    for each in law.recommendations:
        risk = power.risk(1e5, penalty=each.penalty, noise=0.5, generator_noise=0.5, **behind)
        assert float(risk.total) == pytest.approx(each.risk, rel=1e-9)
        assert each.risk >= law.best.risk * (1 - 1e-9)
    assert law.effective_noise == pytest.approx(
        float(effective_noise(1e5, noise=0.5, dim=1000, **behind))
    )
    assert law.recommendation("clean").penalty == pytest.approx(1e5 ** (-2 / 3))
    text = " ".join(law.sentences)
    assert f"{law.best.risk:.3g}" in text
    assert f"{law.crossovers.turning_point:,.0f} rows" in text


def test_law_of_interpolating_generators_uses_the_recursion():
    behind = {"generations": 5, "generator_samples": 2000.0}
    law = scaling_law((1.5, 0.4), n_samples=1e5, **behind)
    power = PowerLaw(1.5, 0.4)
    risk = power.risk(1e5, penalty=law.best.penalty, noise=1.0, generator_noise=1.0, **behind)
    assert float(risk.total) == pytest.approx(law.best.risk, rel=1e-9)
    assert law.recommendation("noise").risk < 1.05 * law.best.risk
    assert "not possible" in " ".join(law.sentences)
    few = scaling_law(
        PowerLaw(1.5, 0.5, 300), n_samples=1e4, noise=0.3, **behind | {"generator_samples": 60}
    )
    assert few.regime == "interpolating generators"
    assert "more rows than directions" in " ".join(few.sentences)
    with pytest.raises(InvalidInputError, match="mean error is infinite"):
        scaling_law(PowerLaw(1.5, 0.5, 300), n_samples=1e4, generations=1, generator_samples=300)


def test_saturation_is_said():
    law = scaling_law((2.0, 1.5), n_samples=1e5, noise=0.1)
    assert law.rate == pytest.approx(0.8)
    assert "cannot use more smoothness than 1" in " ".join(law.sentences)
    at_one = scaling_law((2.0, 1.0), n_samples=1e5)
    assert "noise with constants" not in {each.rule for each in at_one.recommendations}
    flat = scaling_law(PowerLaw(2.0, 0.0, 100), n_samples=1e3, noise=0.1)
    assert flat.rate == 0


@pytest.mark.parametrize(("scale", "signal"), [(1.0, 1.0), (5.0, 9.0)])
def test_law_of_a_problem_is_that_of_its_power_law(scale, signal):
    plain = gl.Problem.power_law(400, capacity=1.5, source=0.375)
    problem = gl.Problem(
        spectrum=scale * plain.spectrum, truth=plain.truth * np.sqrt(signal / scale)
    )
    found = fit_power_law(problem)
    assert (found.capacity, found.source) == pytest.approx((1.5, 0.375), abs=1e-9)
    assert (found.scale, found.signal) == pytest.approx((scale, signal), rel=1e-8)
    assert max(found.spectrum_residual, found.signal_residual) < 1e-9
    behind = {"generations": 3, "generator_samples": 1000}
    noise = 0.4 * np.sqrt(signal)
    law = scaling_law(problem, n_samples=2000, noise=noise, **behind)
    same = scaling_law(PowerLaw(1.5, 0.375, 400), n_samples=2000, noise=0.4, **behind)
    assert law.regime == same.regime
    for one, other in zip(law.recommendations, same.recommendations, strict=True):
        assert one.penalty == pytest.approx(scale * other.penalty, rel=1e-3)
        assert one.risk == pytest.approx(signal * other.risk, rel=1e-6)
    assert "ranks 20 to 200" in law.sentences[0]


def test_fit_of_a_noisy_signal_has_the_mean_of_it():
    """Values over the fitted line are one on average, and all the same over early and late ranks."""
    rng, rank = np.random.default_rng(0), np.arange(1.0, 401)
    for _ in range(20):
        problem = gl.Problem(rank**-1.5, rank**-0.25 * rng.standard_normal(400))
        found = fit_power_law(problem)
        some = slice(found.first - 1, found.last)
        x = np.log(rank[some])
        line = found.signal * np.exp(-(1 + 2 * found.capacity * found.source) * x)
        off = (problem.spectrum * problem.truth**2)[some] / line - 1
        assert abs(off / rank[some] @ np.ones_like(x)) < 1e-9
        assert abs(off / rank[some] @ x) < 1e-9


def test_signal_in_a_few_ranks_is_no_power_law():
    truth = np.zeros(400)
    truth[:25] = 1.0
    with pytest.raises(gl.InvalidInputError, match="all early"):
        fit_power_law(gl.Problem(np.arange(1.0, 401) ** -1.5, truth))


def test_fit_of_a_noisy_truth():
    rng = np.random.default_rng(0)
    plain = gl.Problem.power_law(3000, capacity=1.3, source=0.3)
    problem = gl.Problem(
        spectrum=plain.spectrum * np.exp(0.1 * rng.standard_normal(3000)),
        truth=plain.truth * rng.standard_normal(3000),
    )
    found = fit_power_law(problem)
    assert found.capacity == pytest.approx(1.3, abs=0.05)
    assert found.source == pytest.approx(0.3, abs=0.15)
    assert 0.01 < found.spectrum_residual < 0.2
    assert 0.02 < found.signal_residual < 1
    zeros = problem.truth.copy()
    zeros[::2] = 0
    sparse = fit_power_law(gl.Problem(spectrum=problem.spectrum, truth=zeros))
    assert sparse.source == pytest.approx(0.3, abs=0.3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: scaling_law(gl.Problem.isotropic(100), n_samples=10), "faster than rank"),
        (lambda: scaling_law((1.0, 0.5), n_samples=10), "capacity was 1.0"),
        (lambda: scaling_law((2.0, 0.5, 3), n_samples=10), "what was"),
        (lambda: scaling_law((2.0, 0.5), n_samples=0), "n_samples was 0"),
        (
            lambda: scaling_law((2.0, 0.5), n_samples=10, generations=1),
            "generator_samples was None",
        ),
        (
            lambda: scaling_law(
                gl.Problem(spectrum=np.arange(1.0, 101) ** -2.0, truth=np.arange(1.0, 101)),
                n_samples=10,
            ),
            "signal that falls",
        ),
        (
            lambda: scaling_law(
                gl.Problem(spectrum=np.arange(1.0, 101) ** -2.0, truth=np.zeros(100)), n_samples=10
            ),
            "no signal",
        ),
        (lambda: fit_power_law(gl.Problem.power_law(5, capacity=2, source=1)), "at least 6 ranks"),
        (
            lambda: scaling_law((2.0, 0.5), n_samples=10).recommendation("luck"),
            "rule was 'luck'",
        ),
    ],
)
def test_law_refuses(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()
