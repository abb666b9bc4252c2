"""Exponents and constants of power laws, against sums over very many directions."""

from __future__ import annotations

import numpy as np
import pytest

from genloss.errors import InvalidInputError
from genloss.scaling import (
    PowerLaw,
    best_penalty,
    exponents,
)

EXPONENTS = [(2.0, 0.5), (1.5, 0.375), (1.5, 0.75), (2.0, 1.5)]


def slope(x, y):
    return np.polyfit(np.log(x), np.log(y), 1)[0]


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
