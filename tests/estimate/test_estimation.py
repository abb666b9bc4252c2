"""The estimated problem predicts what the true one does, where features are Gaussian."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest

import genloss as gl
from genloss.estimate import Estimate, Standardiser, estimate, estimate_standardised
from genloss.estimate.moments import Moments, estimate_from_moments
from genloss.estimate.sketch import Sketch, basis, estimate_from_sketch, random_test
from genloss.estimate.spectrum import unspread

NOISE = 0.3


def draw(problem: gl.Problem, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, problem.dim)) * np.sqrt(problem.spectrum)
    return X, X @ problem.truth + NOISE * rng.standard_normal(rows)


def chain_error(problem: gl.Problem, noise: float, plan: gl.Plan) -> np.ndarray:
    generations = [
        gl.Generation.of(
            g.n_samples,
            labeler="previous" if t else "real",
            penalty=g.penalty,
            noise=0 if t else noise,
        )
        for t, g in enumerate(plan)
    ]
    return gl.predict(problem, gl.Plan(generations)).risk + noise**2


@functools.lru_cache
def estimate_of_power_law(dim: int, seed: int) -> Estimate:
    problem = gl.Problem.power_law(dim, capacity=1.2, source=0.4)
    return estimate_standardised(*draw(problem, 1000, seed), None)


@pytest.mark.parametrize("dim", [30, 400])
@pytest.mark.parametrize("n", [100, 350])
@pytest.mark.parametrize("penalty", [1e-4, 1e-2, 0.3])
def test_estimated_problem_predicts_like_the_true_one(dim, n, penalty):
    problem = gl.Problem.power_law(dim, capacity=1.2, source=0.4)
    plan = gl.Plan.replace(6, n, penalty=penalty)
    ratios = []
    for seed in range(4):
        found = estimate_of_power_law(dim, seed)
        estimated = gl.Problem(found.spectrum, found.truth)
        ratios.append(chain_error(estimated, found.noise, plan) / chain_error(problem, NOISE, plan))
    assert np.abs(np.log(np.mean(ratios, axis=0))).max() < 0.06


def test_trace_and_rank_are_kept():
    problem = gl.Problem.power_law(30, capacity=1.2, source=0.4)
    X, y = draw(problem, 1000, 0)
    found = estimate_standardised(X, y, None)
    assert found.spectrum.size == 30
    assert found.spectrum.sum() == pytest.approx(X.var(axis=0).sum(), rel=0.01)


def test_noise_is_found_where_it_can_be_told_from_the_truth():
    problem = gl.Problem.isotropic(20)
    found = estimate_standardised(*draw(problem, 2000, 0), None)
    assert found.noise == pytest.approx(NOISE, rel=0.05)
    assert found.spectrum @ found.truth**2 == pytest.approx(1.0, rel=0.1)


def test_features_may_have_any_scale_and_the_target_any_offset():
    X, y = draw(gl.Problem.isotropic(10), 500, 0)
    plain = estimate(X, y)
    moved = estimate(X * np.geomspace(1e-3, 1e3, 10) + 5.0, 10 * y - 100.0)
    np.testing.assert_allclose(moved.spectrum, plain.spectrum, rtol=1e-6)
    assert moved.noise == pytest.approx(10 * plain.noise, rel=1e-3)


def test_kernel_problem_has_the_signal_of_the_target():
    X, y = draw(gl.Problem.isotropic(5), 600, 0)
    found = estimate(X, y, kernel="rbf")
    assert found.spectrum @ found.truth**2 + found.noise**2 == pytest.approx(y.var(), rel=0.15)


def test_standardiser_ignores_constant_columns():
    X = np.c_[np.arange(4.0), np.full(4, 7.0)]
    Z = Standardiser.of(X)(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(Z.std(axis=0), [1, 0])


# ------------------------------------------------------------------------------- collinear columns

CASES = Path(__file__).parents[1] / "cases"


def case(name: str) -> tuple[np.ndarray, np.ndarray]:
    rows = np.loadtxt(CASES / name, delimiter=",", skiprows=1)
    return rows[:, :-1], rows[:, -1]


def ridge_error(found: Estimate, n: int, penalties: np.ndarray) -> np.ndarray:
    """Error on real labels that the estimated problem predicts, intercept included."""
    spectrum = np.append(found.spectrum, 1e6 * found.spectrum.sum())
    problem = gl.Problem(spectrum, np.append(found.truth, 0.0), gaussian=False)
    plans = [gl.Plan.replace(1, n, penalty=float(p), noise=found.noise) for p in penalties]
    return np.array([gl.predict(problem, plan).risk[0] for plan in plans]) + found.noise**2


def literal_error(X, y, n, penalties, seed=0, runs=40):
    """Mean error of ridge on n rows, scored on the rest, by a singular value decomposition."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(runs):
        order = rng.permutation(len(y))
        few, rest = order[:n], order[n:]
        mean = X[few].mean(axis=0)
        left, values, right = np.linalg.svd(X[few] - mean, full_matrices=False)
        kept = values > 1e-7 * values[0]
        left, values, right = left[:, kept], values[kept], right[kept]
        shrunk = values[:, None] / (values[:, None] ** 2 + n * penalties)
        weights = right.T @ (shrunk * (left.T @ (y[few] - y[few].mean()))[:, None])
        error = y[rest, None] - y[few].mean() - (X[rest] - mean) @ weights
        found.append(np.mean(error**2, axis=0))
    return np.mean(found, axis=0)


def test_twin_gauges():
    X, y = case("twin_gauges.csv")
    problem = gl.Problem.from_data(X, y)
    np.testing.assert_allclose(problem.spectrum, [2.0, 4.3e-7], rtol=0.05)
    # what the difference of the gauges explains, and what least squares leaves
    assert problem.signal == pytest.approx(1.0, abs=0.25)
    assert estimate(X, y).noise == pytest.approx(0.54, abs=0.05)


def twins(rng, n, gap):
    z, x = rng.standard_normal((2, n))
    return np.c_[x, x + gap * z], z + 0.5 * rng.standard_normal(n)


def near_copies(rng, n, gap):
    B = rng.standard_normal((n, 4))
    y = B @ [1, 0.5, -0.5, 0.2] + 0.7 * rng.standard_normal(n)
    return np.c_[B, B[:, :2] + gap * rng.standard_normal((n, 2))], y


def powers_of_a_year(rng, n, degree):
    year = rng.integers(1950, 2021, n).astype(float)
    y = np.sin((year - 1985) / 13) + 0.5 * rng.standard_normal(n)
    return np.column_stack([year**k for k in range(1, degree + 1)]), y


def dummy_trap(rng, n, levels):
    level = rng.integers(0, levels, n)
    y = rng.standard_normal(levels)[level] + 0.5 * rng.standard_normal(n)
    return np.c_[np.eye(levels)[level], rng.standard_normal((n, 2))], y


def doubled(rng, n, dim):
    B = rng.standard_normal((n, dim))
    return np.hstack([B, B]), B @ np.linspace(-1, 1, dim) + rng.standard_normal(n)


def ordinary(rng, n, dim):
    B = rng.standard_normal((n, dim)) * np.arange(1, dim + 1) ** -0.5
    B = B @ np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    return B, B @ rng.standard_normal(dim) + 0.5 * rng.standard_normal(n)


TABLES = [
    (twins, 1e-1),
    (twins, 1e-3),
    (twins, 1e-5),
    (near_copies, 1e-2),
    (near_copies, 1e-4),
    (near_copies, 1e-8),
    (powers_of_a_year, 3),
    (powers_of_a_year, 5),
    (dummy_trap, 6),
    (doubled, 5),
    (ordinary, 10),
]
every_table = pytest.mark.parametrize(("make", "size"), TABLES)


@every_table
def test_ridge_on_collinear_columns_errs_as_the_estimate_says(make, size):
    X, y = make(np.random.default_rng(1), 4000, size)
    Z = Standardiser.of(X)(X)
    found = estimate_standardised(Z[:2000], y[:2000], None)
    penalties = np.logspace(-8, 0, 5)
    said, seen = ridge_error(found, 60, penalties), literal_error(Z[2000:], y[2000:], 60, penalties)
    np.testing.assert_allclose(said, seen, rtol=0.12)


def few_factors(rng, n, dim):
    loadings = np.random.default_rng(99).standard_normal((10, dim))
    F = rng.standard_normal((n, 10))
    X = F @ loadings + 1e-2 * rng.standard_normal((n, dim))
    return X, F @ np.linspace(1, 0.3, 10) + 0.5 * rng.standard_normal(n)


def steep(rng, n, dim):
    B = rng.standard_normal((n, dim)) * np.arange(1.0, dim + 1) ** -2
    y = B @ np.random.default_rng(97).standard_normal(dim)
    return B @ np.linalg.qr(np.random.default_rng(98).standard_normal((dim, dim)))[0], (
        y / y.std() + 0.5 * rng.standard_normal(n)
    )


@pytest.mark.parametrize("make", [few_factors, steep])
def test_fewer_rows_than_collinear_columns(make):
    """Fits on nearly all rows at penalties down to nothing: within a factor of 2 for every sample."""
    X, y = make(np.random.default_rng(5), 2000, 200)
    Z, penalties = Standardiser.of(X)(X), 200 * np.logspace(-8, 0, 5)
    seen = literal_error(Z[500:], y[500:], 110, penalties, runs=20)
    for seed in range(3):
        rows = np.random.default_rng(seed).permutation(500)[:120]
        found = estimate_standardised(Z[rows], y[rows], None)
        ratio = ridge_error(found, 110, penalties) / seen
        assert np.abs(np.log(ratio)).max() < np.log(2)
        assert np.abs(np.log(ratio[2:])).max() < 0.35


@every_table
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_stream_says_what_a_table_in_memory_says(make, size, order):
    X, y = make(np.random.default_rng(2), 3000, size)
    X = np.asarray(X, order=order)
    whole = estimate_standardised(Standardiser.of(X)(X), y, None)
    parts = [Moments.of(X[rows], y[rows]) for rows in np.array_split(np.arange(3000), 4)]
    stream = estimate_from_moments(functools.reduce(Moments.merged, parts))
    np.testing.assert_allclose(stream.spectrum, whole.spectrum, rtol=1e-3)
    stderr = np.sqrt(2 / 3000)  # of a mean of squares, relative
    assert abs(stream.noise**2 / whole.noise**2 - 1) < 2 * stderr
    penalties = np.logspace(-8, 0, 9) * X.shape[1]
    for n in (30, 300):
        ratio = ridge_error(stream, n, penalties) / ridge_error(whole, n, penalties)
        assert np.abs(np.log(ratio)).max() < 2 * stderr


def test_a_sketch_says_what_a_table_in_memory_says():
    for make, size in [(doubled, 5), (dummy_trap, 6), (ordinary, 10), (near_copies, 1e-2)]:
        X, y = make(np.random.default_rng(3), 3000, size)
        Z = Standardiser.of(X)(X)
        whole = estimate_standardised(Z, y, None)
        test = random_test(Z.shape[1], np.random.SeedSequence(0))
        for _ in range(2):
            sketch = Sketch.of(Z, y, test)
            last, test = test, basis(sketch.centred(test)[0])
        found = estimate_from_sketch(sketch, last)
        penalties = np.logspace(-8, 0, 9) * X.shape[1]
        ratio = ridge_error(found, 100, penalties) / ridge_error(whole, 100, penalties)
        assert np.abs(np.log(ratio)).max() < 2 * np.sqrt(2 / 3000)


@pytest.mark.parametrize(("share", "doubt"), [(0.3, 0.03), (0.6, 0.03), (0.9, 0.15)])
def test_sample_eigenvalues_are_unspread(share, doubt):
    """Degrees of freedom at every penalty and size are those of the population."""
    spectrum = np.arange(1, 61) ** -0.7
    rows, penalty, errors = round(60 / share), np.logspace(-5, 0, 6), []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((rows, 60)) * np.sqrt(spectrum)
        X -= X.mean(axis=0)
        values = np.linalg.eigvalsh(X.T @ X / rows)
        found = unspread(values, rows)
        errors.append([])
        for eigenvalues in (values, found):
            fitted, true = (
                np.sum(s / (s + penalty[:, None]), axis=1) for s in (eigenvalues, spectrum)
            )
            errors[-1].append(np.log(fitted / true))
    sample, better = np.abs(np.mean(errors, axis=0)).max(axis=1)
    assert better < doubt
    assert better < sample / 2


def test_hardly_more_rows_than_eigenvalues_do_not_end_them_half_way():
    """Where steps that are not shortened jump over the best eigenvalues and back."""
    off = []
    for seed in range(4):
        X = np.random.default_rng(seed).standard_normal((69, 60))
        values = np.linalg.eigvalsh(X.T @ X / 69)
        off.append([np.log(s).std() for s in (values, unspread(values, 69))])
    sample, found = np.mean(off, axis=0)
    assert found < sample / 4


# ------------------------------------------------------------------------ rare targets and scales


def test_rare_events_have_the_variance_of_their_rate():
    X, y = case("rare_events.csv")
    assert estimate(X, y).noise ** 2 == pytest.approx(y.mean() * (1 - y.mean()), rel=0.1)


@pytest.mark.parametrize(
    ("rows", "events"), [(400, 4), (400, 8), (1000, 5), (3000, 12), (10_000, 10)]
)
@pytest.mark.parametrize("kernel", [None, "rbf"])
def test_rare_targets_are_nearly_all_noise(rows, events, kernel):
    if kernel and rows > 1000:
        rows, events = 300, 3
    rng = np.random.default_rng(rows)
    X, y = rng.standard_normal((rows, 5)), np.zeros(rows)
    y[rng.permutation(rows)[:events]] = rng.exponential(3.0, events)
    found = estimate(X, y, kernel=kernel)
    total = found.noise**2 + found.spectrum @ found.truth**2
    assert total == pytest.approx(y.var(), rel=0.1)


def test_a_noiseless_target_of_rare_indicators():
    rng = np.random.default_rng(0)
    X = (rng.random((400, 6)) < 0.02).astype(float)
    y = X @ [1.0, 2.0, 0.0, 0.0, 1.0, 0.0]
    found = estimate(X, y)
    assert found.noise**2 < 1e-3 * y.var()
    assert found.spectrum @ found.truth**2 == pytest.approx(y.var(), rel=0.3)


@pytest.mark.parametrize("unit", [1e-140, 1e-9, 1e140])
def test_a_target_may_have_any_unit(unit):
    X, y = draw(gl.Problem.isotropic(4), 300, 0)
    plain, scaled = estimate(X, y), estimate(X, unit * y)
    assert scaled.noise == pytest.approx(unit * plain.noise, rel=1e-6)
    np.testing.assert_allclose(scaled.truth, unit * plain.truth, rtol=1e-4, atol=unit * 1e-6)


@pytest.mark.parametrize("unit", [1e155, 1e-160])
def test_a_target_whose_squares_are_no_numbers_is_refused(unit):
    X, y = draw(gl.Problem.isotropic(4), 300, 0)
    for ask in (estimate, gl.forecast):
        with pytest.raises(gl.DataError, match="the target varies by .*other units"):
            ask(X, unit * y)


def test_columns_may_have_any_unit_and_any_offset():
    X, y = draw(gl.Problem.isotropic(3), 400, 0)
    plain, moved = estimate(X, y), estimate(X * [1e-200, 1.0, 1e200] + [0.0, 1e13, 0.0], y)
    np.testing.assert_allclose(moved.spectrum, plain.spectrum, rtol=0.01)
    assert moved.noise == pytest.approx(plain.noise, rel=0.01)
    far = estimate(X, 1e3 * y + 1e13)
    assert far.noise == pytest.approx(1e3 * plain.noise, rel=0.01)


def test_moments_of_columns_far_from_zero_or_tiny():
    X, y = draw(gl.Problem.isotropic(2), 400, 0)
    far = estimate_from_moments(Moments.of(X + 1e13, y))
    np.testing.assert_allclose(far.spectrum, estimate(X, y).spectrum, rtol=0.01)
    tiny = Moments.of(X * [1e-200, 1.0], y)
    assert not np.isfinite(tiny.scatter[0, 0])  # its squares vanish; who reads names it


@pytest.mark.parametrize("rows", [20, 21, 22, 23, 24])
@pytest.mark.parametrize("kernel", [None, "rbf", "polynomial"])
def test_as_many_rows_as_columns(rows, kernel):
    rng = np.random.default_rng(rows)
    X = rng.standard_normal((rows, 21))
    found = estimate(X, X[:, 0] + rng.standard_normal(rows), kernel=kernel)
    assert np.isfinite([found.noise, *found.spectrum, *found.truth]).all()
    assert (found.spectrum > 0).all()


def test_a_polynomial_kernel_of_collinear_columns():
    """Its features are finitely many: the sample has all of their directions."""
    X, y = twins(np.random.default_rng(0), 400, 1e-2)
    kernel = gl.Kernel("polynomial", degree=2)
    found = estimate(X, y, kernel=kernel)
    assert found.spectrum.size == 5
    assert found.noise == pytest.approx(0.5, rel=0.1)
    assert found.spectrum @ found.truth**2 == pytest.approx(1.0, rel=0.25)
