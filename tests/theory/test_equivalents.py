"""kappa and the degrees of freedom: the fixed point, its scaling laws, a root finder as oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from genloss import equivalents
from genloss.equivalents import degrees_of_freedom, effective_penalty, kappa, solve
from genloss.errors import InvalidInputError
from genloss.scaling import PowerLaw
from genloss.spectrum import Spectrum, compress

penalties = st.one_of(st.just(0.0), st.floats(-12, 3).map(lambda power: 10.0**power))


@st.composite
def spectra(draw, min_size=1):
    p = draw(st.integers(min_size, 300))
    exponent = draw(st.floats(0, 4))
    rough = draw(st.booleans())
    wiggle = np.random.default_rng(p).uniform(0.3, 3, p) if rough else np.ones(p)
    return wiggle * np.arange(1.0, p + 1) ** -exponent


@st.composite
def fits(draw, min_size=1):
    s = draw(spectra(min_size))
    return s, draw(penalties), draw(st.integers(1, 5 * s.size))


def fixed_point_residual(s, lam, n, k):
    return abs(k - lam - k * np.sum(s / (s + k)) / n) / k


def root_by_bisection(s, lam, n):
    def gap(log_k):
        k = np.exp(log_k)
        # n - df1 = (n - p) + sum k / (s + k), free of cancellation
        return k * (n - s.size + np.sum(k / (s + k))) / n - lam

    high = np.log(lam + s.sum() / n) + 1e-6
    low = np.log(s.min()) - 40 if lam == 0 else np.log(lam) - 1e-6
    return np.exp(brentq(gap, low, high, xtol=1e-14, rtol=1e-14))


@given(fits())
@settings(max_examples=25, deadline=None)
def test_kappa_solves_the_fixed_point(fit):
    s, lam, n = fit
    k = float(kappa(s, lam, n))
    if lam == 0 and n >= s.size:
        assert k == 0
    else:
        assert k > 0
        assert fixed_point_residual(s, lam, n, k) <= 1e-12


@given(fits())
@settings(max_examples=12, deadline=None)
def test_kappa_is_the_root_a_bracketing_solver_finds(fit):
    s, lam, n = fit
    if lam > 0 or n < s.size:
        assert float(kappa(s, lam, n)) == pytest.approx(root_by_bisection(s, lam, n), rel=1e-8)


@pytest.mark.parametrize("lam", [1e-10, 1e-14, 1e-20])
def test_kappa_at_the_interpolation_threshold_is_the_geometric_mean_for_a_tiny_penalty(lam):
    # isotropic, n = p: kappa**2 / (1 + kappa) = lam
    expected = (lam + np.sqrt(lam**2 + 4 * lam)) / 2
    assert float(kappa(np.ones(50), lam, 50)) == pytest.approx(expected, rel=1e-9)


@given(spectra(min_size=2), st.data())
@settings(max_examples=25, deadline=None)
def test_without_penalty_df1_is_the_number_of_rows_or_kappa_is_zero(s, data):
    n = data.draw(st.integers(1, s.size - 1))
    df1, _ = degrees_of_freedom(s, kappa(s, 0.0, n))
    assert float(df1) == pytest.approx(n, rel=1e-11)
    for enough in (s.size, s.size + 1, 4 * s.size):
        assert float(kappa(s, 0.0, enough)) == 0.0


@given(st.integers(1, 300), st.integers(1, 900), penalties, st.floats(0.01, 100))
@settings(max_examples=12, deadline=None)
def test_isotropic_kappa_has_a_closed_form(p, n, lam, scale):
    phi, low = p / n, lam / scale
    b = low + phi - 1
    root = np.sqrt(b**2 + 4 * low)
    # the two ways to write the root of a quadratic; each is free of cancellation on its side
    expected = (b + root) / 2 if b >= 0 else 2 * low / (root - b)
    assert float(kappa(np.full(p, scale), lam, n)) == pytest.approx(scale * expected, rel=1e-9)


def test_a_million_directions():
    s = np.arange(1.0, 1_000_001) ** -1.2
    for lam, n in ((0.0, 1000), (1e-6, 500_000), (1e-3, 2_000_000)):
        found = effective_penalty(s, lam, n)
        assert fixed_point_residual(s, lam, n, float(found.kappa)) <= 1e-12
        assert float(found.residual) <= 1e-12


LONG = {
    "power law": np.arange(1.0, 60_001) ** -1.5,
    "slow power law": np.arange(1.0, 60_001) ** -1.02,
    "uniform": np.random.default_rng(0).uniform(0.1, 1, 60_000),
    "log-normal": np.exp(3 * np.random.default_rng(1).standard_normal(60_000)),
    "two levels": np.repeat([1e4, 1.0], [500, 59_500]),
    "one level": np.full(60_000, 3.0),
    "exponential, with a floor": np.exp(-np.arange(60_000) / 2e3) + 1e-9,
    "near zero and near one": np.random.default_rng(2).beta(0.3, 0.5, 60_000) + 1e-9,
}


@pytest.mark.parametrize("name", LONG)
def test_a_compressed_spectrum_gives_the_same_numbers(name, monkeypatch):
    s = LONG[name]
    rng = np.random.default_rng(3)
    lam = np.append(10 ** rng.uniform(-9, 2, 19), 0.0)
    n = np.append(rng.integers(10, 200_000, 19), 3000).astype(float)
    compressed = effective_penalty(s, lam, n)
    monkeypatch.setattr(equivalents, "_MANY", 10**9)  # neither compressed nor condensed
    whole = effective_penalty(s, lam, n)
    for one, other in zip(compressed[:3], whole[:3], strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-9)
    nodes = compress(s)
    assert nodes.eigenvalues.size < 2500
    assert (nodes.eigenvalues > 0).all()
    assert (nodes.multiplicity > 0).all()
    assert nodes.multiplicity.sum() == pytest.approx(s.size, rel=1e-12)
    for power in (1, 2, 3):
        assert nodes.multiplicity @ nodes.eigenvalues**power == pytest.approx(
            (s**power).sum(), rel=1e-11
        )


def test_eigenvalues_alone_in_their_bin_are_kept():
    s = np.geomspace(1, 1e6, 50)
    nodes = compress(s)
    np.testing.assert_array_equal(np.sort(nodes.eigenvalues), s)
    np.testing.assert_array_equal(nodes.multiplicity, 1)


def test_vectorised_equals_one_by_one():
    s = np.arange(1.0, 201) ** -1.3
    lam = np.array([0.0, 1e-9, 1e-3, 0.1, 10.0])[:, None]
    n = np.array([3, 50, 199, 200, 201, 1000, 7, 90])
    together = effective_penalty(s, lam, n)
    assert together.kappa.shape == together.df1.shape == together.df2.shape == (5, 8)
    for i in range(5):
        for j in range(8):
            alone = effective_penalty(s, lam[i, 0], n[j])
            for name in ("kappa", "df1", "df2"):
                got, expected = getattr(together, name)[i, j], float(getattr(alone, name))
                assert got == pytest.approx(expected, rel=1e-10), (name, i, j)


@pytest.mark.parametrize(
    ("lam", "n", "shape"),
    [(0.1, 5, ()), ([0.1], 5, (1,)), ([0.1, 1.0], 5, (2,)), ([[0.1], [1.0]], [3, 4, 5], (2, 3))],
)
def test_shapes_broadcast(lam, n, shape):
    assert kappa(np.ones(4), lam, n).shape == shape


@given(fits(), st.floats(-6, 6))
@settings(max_examples=12, deadline=None)
def test_scaling_spectrum_and_penalty_scales_kappa(fit, power):
    s, lam, n = fit
    c = 10.0**power
    assert float(kappa(c * s, c * lam, n)) == pytest.approx(c * float(kappa(s, lam, n)), rel=1e-8)


@given(fits(), st.integers(0, 2**31))
@settings(max_examples=12, deadline=None)
def test_order_of_directions_does_not_matter(fit, seed):
    s, lam, n = fit
    shuffled = np.random.default_rng(seed).permutation(s)
    assert float(kappa(shuffled, lam, n)) == pytest.approx(float(kappa(s, lam, n)), rel=1e-9)


@given(fits(), st.integers(2, 5))
@settings(max_examples=12, deadline=None)
def test_repeating_every_direction_and_every_row_changes_nothing(fit, m):
    s, lam, n = fit
    once, often = effective_penalty(s, lam, n), effective_penalty(np.repeat(s, m), lam, m * n)
    assert float(often.kappa) == pytest.approx(float(once.kappa), rel=1e-8)
    assert float(often.df2) == pytest.approx(m * float(once.df2), rel=1e-8)


@given(fits())
@settings(max_examples=12, deadline=None)
def test_kappa_grows_with_the_penalty_and_falls_with_the_rows(fit):
    s, lam, n = fit
    k = float(kappa(s, lam, n))
    assert float(kappa(s, 2 * lam + 1e-3, n)) > k
    assert float(kappa(s, lam, n + max(1, n // 10))) <= k * (1 + 1e-12)


def test_kappa_lies_between_the_penalty_and_the_penalty_plus_trace_over_rows():
    s = np.arange(1.0, 101) ** -0.7
    lam, n = np.geomspace(1e-6, 10, 30)[:, None], np.array([1, 10, 100, 1000])
    k = kappa(s, lam, n)
    assert (k > lam).all()
    assert (k <= lam + s.sum() / n).all()


def test_many_rows_leave_the_penalty_itself():
    assert float(kappa([2.0, 1.0], 0.3, 1e12)) == pytest.approx(0.3, rel=1e-10)


@given(spectra(), st.floats(0, 10))
@settings(max_examples=12, deadline=None)
def test_degrees_of_freedom_are_sums_of_shrinkage_factors(s, k):
    df1, df2 = degrees_of_freedom(s, k)
    assert float(df1) == pytest.approx(sum(x / (x + k) for x in s), rel=1e-12)
    assert float(df2) == pytest.approx(sum((x / (x + k)) ** 2 for x in s), rel=1e-12)


def test_degrees_of_freedom_keep_the_shape_of_kappa():
    s, k = np.array([3.0, 1.0, 0.5]), np.array([[0.0, 0.1, 1.0], [2.0, 3.0, 4.0]])
    df1, df2 = degrees_of_freedom(s, k)
    assert df1.shape == df2.shape == k.shape
    assert (df1[0, 0], df2[0, 0]) == (3.0, 3.0)
    assert df1[1, 2] == pytest.approx(3 / 7 + 1 / 5 + 1 / 9)


def test_effective_penalty_carries_the_degrees_of_freedom_of_its_kappa():
    s = np.arange(1.0, 301) ** -1.5
    found = effective_penalty(s, [0.0, 1e-4, 1.0], [100, 400, 30])
    df1, df2 = degrees_of_freedom(s, found.kappa)
    np.testing.assert_allclose(found.df1, df1, rtol=1e-12)
    np.testing.assert_allclose(found.df2, df2, rtol=1e-12)
    assert found.steps >= 1


def test_derivative_of_kappa_is_one_plus_u():
    # paper.md section 1: d kappa / d lam = 1 / (1 - df2 / n)
    s, lam, n, h = np.arange(1.0, 101) ** -1.2, 0.02, 60, 1e-6
    slope = (kappa(s, lam + h, n) - kappa(s, lam - h, n)) / (2 * h)
    assert float(slope) == pytest.approx(
        1 / (1 - float(effective_penalty(s, lam, n).df2) / n), rel=1e-6
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([], 0.1, 5), ["spectrum", "at least one"]),
        (([1.0, 0.0], 0.1, 5), ["spectrum", "0.0", "> 0"]),
        (([1.0, -2.0], 0.1, 5), ["spectrum", "-2.0", "> 0"]),
        (([1.0, np.nan], 0.1, 5), ["spectrum[1]", "nan", "finite"]),
        (([[1.0]], 0.1, 5), ["spectrum", "(1, 1)", "1-D"]),
        ((["a"], 0.1, 5), ["spectrum", "numeric"]),
        (([1.0], -0.1, 5), ["penalty", ">= 0"]),
        (([1.0], np.inf, 5), ["penalty", "finite"]),
        (([1.0], 0.1, 0), ["n_samples", "> 0"]),
        (([1.0], 0.1, [5, np.nan]), ["n_samples", "finite"]),
        (([1.0], [0.1, 0.2], [1, 2, 3]), ["penalty (2,)", "n_samples (3,)", "broadcast"]),
    ],
)
def test_kappa_names_what_is_wrong(arguments, words):
    with pytest.raises(InvalidInputError) as caught:
        kappa(*arguments)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("bad", [-1.0, np.nan, [0.0, np.inf]])
def test_degrees_of_freedom_refuse_a_kappa_out_of_range(bad):
    with pytest.raises(InvalidInputError, match="kappa.* was .*>= 0"):
        degrees_of_freedom([1.0, 2.0], bad)


@pytest.mark.parametrize(
    ("spectrum", "kappa", "words"),
    [
        ([0.0, 1.0], 0.0, "spectrum had minimum 0"),
        ([1.0], "x", "kappa was 'x'"),
        ([], 1.0, "spectrum"),
    ],
)
def test_degrees_of_freedom_name_what_is_wrong(spectrum, kappa, words):
    with pytest.raises(InvalidInputError, match=words):
        degrees_of_freedom(spectrum, kappa)


@pytest.mark.parametrize("lam", [1e-60, 1e-26, 1e-12])
def test_as_many_rows_as_directions_and_hardly_a_penalty(lam):
    # isotropic, n = p: kappa = (lam + sqrt(lam**2 + 4 lam)) / 2
    expected = (lam + np.sqrt(lam**2 + 4 * lam)) / 2
    assert float(kappa(np.ones(50), lam, 50)) == pytest.approx(expected, rel=1e-9)
    many = kappa(np.ones(50), np.geomspace(lam, 1, 40), 50)
    assert np.isfinite(many).all()
    assert many[0] == pytest.approx(expected, rel=1e-9)


RANDOM = np.random.default_rng(0)
CONDENSED = {
    "power law": Spectrum.of(np.arange(1.0, 1001) ** -1.5),
    "steep": Spectrum.of(np.arange(1.0, 3001) ** -4.0),
    "in no order": Spectrum.of(RANDOM.gamma(0.5, size=800)),
    "nearly alike": Spectrum.of(0.3 + 1e-14 * RANDOM.random(200)),
    "alike": Spectrum.of(np.full(100, 0.3)),
    "compressed": compress(np.arange(1, 30_001) ** -1.5, np.arange(1, 30_001) ** -0.3),
    "endless": PowerLaw(1.5, 0.5).directions,
}


@pytest.mark.parametrize("name", CONDENSED)
def test_a_condensed_spectrum_has_the_same_degrees_of_freedom_to_rounding(name):
    whole = CONDENSED[name]
    few = whole.condensed
    assert few.eigenvalues.size <= whole.eigenvalues.size
    assert (few.dim, few.trace) == (whole.dim, pytest.approx(whole.trace, rel=1e-13))
    for k in np.geomspace(1e-12, 1e3, 40):
        for power in (1, 2):
            sums = [
                (each.eigenvalues / (each.eigenvalues + k)) ** power @ each.multiplicity
                for each in (few, whole)
            ]
            assert sums[0] == pytest.approx(sums[1], rel=1e-13)


@pytest.mark.parametrize("name", CONDENSED)
def test_a_coarse_spectrum_has_nearly_the_same_degrees_of_freedom(name):
    whole, coarse = CONDENSED[name], CONDENSED[name].coarse
    assert (coarse.dim, coarse.trace) == (whole.dim, pytest.approx(whole.trace))
    assert (coarse.multiplicity > 0).all()
    for k in np.geomspace(1e-8, 10, 30):
        one, other = (
            (each.eigenvalues / (each.eigenvalues + k)) @ each.multiplicity
            for each in (whole, coarse)
        )
        assert other == pytest.approx(one, rel=1e-6)


@pytest.mark.parametrize("name", CONDENSED)
def test_many_roots_at_once_are_those_that_all_directions_have(name):
    spectrum, rng = CONDENSED[name], np.random.default_rng(0)
    most = min(4 * spectrum.dim, 10_000)
    penalty, rows = 10 ** rng.uniform(-9, 3, 200), rng.integers(2, most, 200) * 1.0
    penalty[:20] = 0.0
    found = solve(spectrum, penalty, rows)
    assert (found.residual < 1e-12).all()
    pairs = zip(penalty[:, None], rows[:, None], strict=True)
    apart = [solve(spectrum, *pair) for pair in pairs]
    for field in ("kappa", "df1", "df2"):
        alone = np.array([getattr(each, field)[0] for each in apart])
        np.testing.assert_allclose(getattr(found, field), alone, rtol=1e-11)
