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

EXPONENTS = [(2.0, 0.5), (1.5, 0.375), (1.5, 0.75), (2.0, 1.5)]


def slope(x, y):
    return np.polyfit(np.log(x), np.log(y), 1)[0]


# ---------------------------------------------------------------------- spectrum


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


# --------------------------------------------------------------------- exponents


@pytest.mark.parametrize(("capacity", "source"), EXPONENTS)
def test_clean_and_noiseless_rates(capacity, source):
    law, rows = PowerLaw(capacity, source), np.logspace(8, 10, 5)
    ell = exponents.clean_penalty_exponent(capacity, source)
    risk = law.risk(rows, penalty=rows**-ell, noise=0.5)
    rate = exponents.clean_rate(capacity, source)
    assert slope(rows, risk.total) == pytest.approx(-rate, abs=0.01)
    best = best_penalty(law, rows, noise=0.5)
    assert slope(rows, best.risk) == pytest.approx(-rate, abs=0.01)
    assert slope(rows, best.penalty) == pytest.approx(-ell, abs=0.01)
    fast = law.risk(rows := np.logspace(4, 6, 5), penalty=rows**-capacity).total
    assert slope(rows, fast) == pytest.approx(-exponents.noiseless_rate(capacity, source), abs=0.01)


@pytest.mark.parametrize("ell", [0.3, 0.6, 1.2])
def test_bias_and_variance_exponents(ell):
    law, rows = PowerLaw(1.5, 0.75), np.logspace(9, 11, 5)
    risk = law.risk(rows, penalty=rows**-ell, noise=1.0)
    bias, variance = (
        exponents.bias_exponent(ell, 1.5, 0.75),
        exponents.variance_exponent(ell, 1.5),
    )
    assert slope(rows, risk.bias) == pytest.approx(-bias, abs=0.03)
    assert slope(rows, risk.variance) == pytest.approx(-variance, abs=0.02)


@pytest.mark.parametrize(("capacity", "source"), EXPONENTS)
def test_both_branches_of_inherited_noise(capacity, source):
    ell = exponents.clean_penalty_exponent(capacity, source)
    through_df2, through_tail = exponents.inherited_exponents(ell, capacity)
    few = PowerLaw(capacity, source, 20_000)
    rows = np.logspace(6, 8, 5)
    behind = {"generations": 1, "generator_noise": 1.0}
    rising = few.risk(rows, penalty=rows**-ell, generator_samples=4e4, **behind).inherited
    assert slope(rows, rising) == pytest.approx(-through_df2, abs=0.03)
    many = PowerLaw(capacity, source, 10**11)
    rows = np.logspace(5, 7, 5)
    falling = many.risk(rows, penalty=rows**-ell, generator_samples=2e11, **behind).inherited
    assert slope(rows, falling) == pytest.approx(-through_tail, abs=0.02)


def test_inherited_noise_saturates_at_all_directions():
    behind = {"generations": 2, "generator_samples": 3000.0, "generator_noise": 0.5}
    risk = PowerLaw(2.0, 0.5, 1000).risk(1e15, penalty=1e-13, **behind)
    assert float(risk.inherited) == pytest.approx(2 * 0.25 * 1000 / 1999, rel=1e-3)


def modified_errors(a, b, share, powers, rows, noise=1.0):
    """Errors with T**b generator rows and T**a generators: of T**-ell for every ell, and the best."""
    errors = np.empty((len(powers) + 2, len(rows)))
    for at, T in enumerate(rows):
        law = PowerLaw(2.0, 0.5, int(share(T, T**b)))
        behind = {"generations": T**a, "generator_samples": T**b, "generator_noise": 1.0}
        best = best_penalty(law, T, noise=noise, **behind)
        fixed = [float(law.risk(T, penalty=T**-ell, noise=noise, **behind).total) for ell in powers]
        errors[:, at] = *fixed, float(best.risk), float(best.penalty)
    kept = [slope(rows, each) for each in errors[:-2]]
    return kept, slope(rows, errors[-2]), slope(rows, errors[-1] + 1e-300)


@pytest.mark.parametrize(
    ("a", "b"), [(0.0, 0.6), (0.0, 0.8), (0.1, 0.8), (0.0, 1.2), (0.2, 1.1), (0.2, 0.45)]
)
def test_modified_law(a, b):
    growths = {"generator_growth": b, "generation_growth": a}
    clean = exponents.clean_penalty_exponent(2.0, 0.5)
    adapted = exponents.best_penalty_exponent(2.0, 0.5, **growths)
    assert adapted == pytest.approx(min(b - a, 1) * clean)
    rows = np.logspace(11, 13, 5)

    # a vanishing share of directions, yet many more than are learned
    def directions(T, generator_rows):
        return min(generator_rows / 20, 3e9)

    (with_clean, with_adapted), best, penalty = modified_errors(
        a, b, directions, (clean, adapted), rows
    )
    rate, kept = (
        exponents.best_rate(2.0, 0.5, **growths),
        exponents.kept_clean_rate(2.0, 0.5, **growths),
    )
    assert with_adapted == pytest.approx(-rate, abs=0.02)
    assert best == pytest.approx(-rate, abs=0.02)
    assert penalty == pytest.approx(-adapted, abs=0.02)
    assert with_clean == pytest.approx(-kept, abs=0.05)
    diverges = b - a < exponents.divergence_threshold(2.0, 0.5)
    assert (with_clean > 0) == diverges == (kept < 0)


def test_modified_law_with_a_fixed_share_of_directions():
    growths = {"generator_growth": 1.15, "generation_growth": 0.2, "proportional": True}
    clean = exponents.clean_penalty_exponent(2.0, 0.5)
    adapted = exponents.best_penalty_exponent(2.0, 0.5, **growths)
    assert adapted == pytest.approx(0.8 * clean)
    (with_adapted, with_clean), best, _ = modified_errors(
        0.2, 1.15, lambda _, rows: rows / 2, (adapted, clean), np.logspace(11, 13, 5)
    )
    assert best == pytest.approx(-exponents.best_rate(2.0, 0.5, **growths), abs=0.03)
    assert with_adapted == pytest.approx(-exponents.best_rate(2.0, 0.5, **growths), abs=0.03)
    assert with_clean == pytest.approx(-exponents.kept_clean_rate(2.0, 0.5, **growths), abs=0.05)


@pytest.mark.parametrize(
    ("a", "b", "proportional"), [(0.1, 0.8, False), (0.3, 0.9, False), (0.1, 1.3, True)]
)
def test_every_part_of_the_modified_law(a, b, proportional):
    """Slopes of bias, variance and inherited noise one by one, away from any best exponent."""
    beta, r, ell, rows = 1.5, 0.4, 0.45, np.logspace(11, 13, 5)
    parts = []
    for T in rows:
        law = PowerLaw(beta, r, int(T**b / 20))
        behind = {"generations": T**a, "generator_samples": T**b, "generator_noise": 1.0}
        risk = law.risk(T, penalty=T**-ell, noise=1.0, **behind)
        parts.append([float(part) for part in (risk.bias, risk.variance, risk.inherited)])
    growths = {"generator_growth": b, "generation_growth": a, "proportional": proportional}
    predicted = exponents.modified_exponents(ell, beta, r, **growths)
    for measured, expected in zip(np.array(parts).T, predicted, strict=True):
        assert slope(rows, measured) == pytest.approx(-expected, abs=0.02)
    s = exponents.slowdown(b, a, proportional=proportional)
    assert s == pytest.approx(min(b, 1) - a)


def test_as_many_generators_as_rows_do_not_vanish():
    growths = {"generator_growth": 0.5, "generation_growth": 0.5}
    assert exponents.best_rate(2.0, 0.5, **growths) == 0
    rows = np.logspace(6, 10, 5)
    _, best, _ = modified_errors(0.5, 0.5, lambda _, generator: generator / 20, (), rows)
    assert best == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(("b", "directions"), [(1.5, 0.8), (4.0, 1.3)])
def test_noiseless_downstream(b, directions):
    rate = exponents.noiseless_best_rate(2.0, 0.5, generator_growth=b)
    assert rate == pytest.approx(min(b * 2 / 3, 2))
    rows = np.logspace(7, 9, 5) if b < 3 else np.logspace(4, 6, 5)
    _, best, penalty = modified_errors(0, b, lambda T, _: T**directions, (), rows, noise=0.0)
    assert best == pytest.approx(-rate, abs=0.03)
    if b < 3:
        ell = exponents.noiseless_best_penalty_exponent(2.0, 0.5, generator_growth=b)
        assert penalty == pytest.approx(-ell, abs=0.03)


@pytest.mark.parametrize(("capacity", "source"), EXPONENTS[:3])
def test_bias_of_interpolating_generators_grows_like_a_power(capacity, source):
    counts = np.array([10, 20, 40, 80, 160])
    behind = {"generations": counts, "generator_samples": 20_000}
    bias = PowerLaw(capacity, source).risk(10**9, penalty=1e-15, **behind).bias
    power = exponents.bias_growth_exponent(source)
    assert slope(counts, bias) == pytest.approx(power, abs=0.05 * power)


@pytest.mark.parametrize(("capacity", "source"), [*EXPONENTS, (3.0, 0.25)])
def test_constants(capacity, source):
    law = PowerLaw(capacity, source)
    kappa = 1e-14
    nodes = law.directions
    bias = float(nodes.signal @ (kappa / (nodes.eigenvalues + kappa)) ** 2)
    power = 2 * min(source, 1)
    assert bias == pytest.approx(exponents.bias_constant(capacity, source) * kappa**power, rel=5e-3)
    df2 = float(law.degrees_of_freedom(kappa)[1])
    expected = exponents.variance_constant(capacity) * kappa ** (-1 / capacity)
    assert df2 == pytest.approx(expected, rel=1e-3)
    best = best_penalty(law, 1e14, noise=1.0)
    ell = exponents.clean_penalty_exponent(capacity, source)
    rate = exponents.clean_rate(capacity, source)
    assert float(best.penalty) * 1e14**ell == pytest.approx(
        exponents.best_penalty_constant(capacity, source), rel=0.01
    )
    assert float(best.risk) * 1e14**rate == pytest.approx(
        exponents.best_error_constant(capacity, source), rel=0.01
    )


@pytest.mark.parametrize("capacity", [1.2, 1.5, 2.0, 4.0])
def test_constants_of_interpolation(capacity):
    law, rows = PowerLaw(capacity, 0.5), 1e9
    expected = exponents.interpolation_constants(capacity)
    kappa = float(law.kappa(0.0, rows))
    assert kappa * rows**capacity == pytest.approx(expected.kappa, rel=1e-3)
    assert float(law.degrees_of_freedom(kappa)[1]) / rows == pytest.approx(expected.df2, rel=1e-3)
    variance = float(law.risk(rows, noise=1.0).variance)
    assert variance == pytest.approx(expected.variance, rel=2e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: exponents.clean_rate(1.0, 0.5),
        lambda: exponents.noiseless_rate(2.0, -1),
        lambda: exponents.bias_growth_exponent(1.0),
        lambda: exponents.bias_constant(2.0, 1.0),
        lambda: exponents.bias_constant(2.0, 0.0),
        lambda: exponents.inherited_exponents(float("nan"), 2.0),
    ],
)
def test_exponents_refuse(call):
    with pytest.raises(InvalidInputError):
        call()


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
