"""Models from outside as labelers, against loops written here and against a trick that makes one."""

import numpy as np
import pytest

import genloss as gl
from genloss import External, Generation, Source

SMALL = gl.Problem.power_law(12, capacity=1.0, source=0.5)
LARGE = gl.Problem.power_law(100, capacity=1.0, source=0.5)
HALF = gl.Problem(LARGE.spectrum, np.where(np.arange(100) % 2, 0.0, LARGE.truth))
BIAS, VARIANCE, PENALTY, NOISE = 0.05, 0.005, 0.05, 0.5
TEACHER = External(bias=BIAS, variance=VARIANCE)


def vector(dim):
    return 0.3 * np.cos(np.arange(dim))


def plan(dim):
    """The random teacher labels three times, and is one and the same."""
    other = External(vector(dim))
    mixed = {TEACHER: 0.5, "real": 0.5}
    return gl.Plan(
        [
            Generation([Source(150, TEACHER, NOISE)], PENALTY),
            Generation([Source(80, "previous", NOISE), Source(80, mixed, NOISE)], PENALTY),
            Generation([Source(80, TEACHER, NOISE), Source(80, other, NOISE)], PENALTY),
        ]
    )


def on_one_design(dim):
    mixed = {"kept": 0.5, External(vector(dim)): 0.2, TEACHER: 0.3}
    return gl.Plan(
        [
            Generation([Source(150, TEACHER, NOISE)], PENALTY),
            Generation([Source(None, mixed, inputs=0), Source(50, "previous", NOISE)], PENALTY),
        ]
    )


def loop(problem, rng):
    """The same by NumPy alone: who is from outside is drawn first, then rows, then noises."""
    d, truth, root = problem.dim, problem.truth, np.sqrt(problem.spectrum)
    teacher = truth + BIAS + np.sqrt(VARIANCE) * rng.standard_normal(d)

    def fit(*blocks):
        X = [rng.standard_normal((n, d)) * root for n, _ in blocks]
        y = [
            Z @ w + noise * rng.standard_normal(n)
            for Z, (n, (w, noise)) in zip(X, blocks, strict=True)
        ]
        X, y = np.concatenate(X), np.concatenate(y)
        return np.linalg.solve(X.T @ X + len(X) * PENALTY * np.eye(d), X.T @ y)

    first = fit((150, (teacher, NOISE)))
    both = 0.5 * teacher + 0.5 * truth, NOISE * np.sqrt(0.5)
    second = fit((80, (first, NOISE)), (80, both))
    return first, second, fit((80, (teacher, NOISE)), (80, (vector(d), NOISE)))


def risk(problem, w):
    return problem.spectrum @ (w - problem.truth) ** 2


def test_the_literal_engine_draws_them_once_a_run():
    expected = []
    for run in range(2):
        rng = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(run,)))
        expected.append([risk(SMALL, w) for w in loop(SMALL, rng)])
    curve = gl.simulate(SMALL, plan(12), trials=2, seed=5, workers=1)
    assert curve.method == "literal"
    np.testing.assert_allclose(curve.risk, np.mean(expected, axis=0), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("problem", [LARGE, HALF, gl.Problem.isotropic(100)], ids=str)
def test_theory_agrees_with_the_loop(problem):
    """Also where the truth is zero, and others are not."""
    fits = np.array([loop(problem, np.random.default_rng([7, run])) for run in range(200)])
    found = np.einsum("i,rti->rt", problem.spectrum, (fits - problem.truth) ** 2)
    theory = gl.predict(problem, plan(100))
    stderr = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    np.testing.assert_array_less(
        np.abs(found.mean(axis=0) - theory.risk), 0.03 * theory.risk + 4 * stderr
    )
    missed = risk_of_mean(problem, fits)
    np.testing.assert_allclose(theory.bias, missed, rtol=0.1, atol=0.01)


def risk_of_mean(problem, fits):
    """Unbiased: halves of the runs are independent."""
    half = len(fits) // 2
    one, two = (part.mean(axis=0) - problem.truth for part in (fits[:half], fits[half:]))
    return np.einsum("i,ti->t", problem.spectrum, one * two)


@pytest.mark.slow
@pytest.mark.parametrize("problem", [LARGE, HALF], ids=["power law", "half a truth"])
def test_the_pencil_knows_them(problem):
    theory = gl.predict(problem, on_one_design(100))
    assert theory.method == "pencil"
    runs = gl.simulate(problem, on_one_design(100), trials=200, seed=1, method="literal")
    off = np.abs(runs.risk - theory.risk)
    np.testing.assert_array_less(off, 0.03 * theory.risk + 4 * runs.stderr)


def test_a_share_of_the_truth_made_by_a_trick_is_the_same_labeler():
    """So many noiseless rows of a covariance in proportion shrink the truth by the same everywhere."""
    share, lam = 0.8, 0.1
    flat = (lam * share / (1 - share),) * 100
    oracle = Generation([Source(10**12, covariance=flat)], lam)
    rows = Generation([Source(60), Source(90, 0, NOISE)], PENALTY)
    by_trick = gl.predict(LARGE, gl.Plan([oracle, rows])).risk[1]
    outside = External(share * LARGE.truth)
    rows = Generation([Source(60), Source(90, outside, NOISE)], PENALTY)
    assert gl.predict(LARGE, gl.Plan([rows])).risk[0] == pytest.approx(by_trick, rel=1e-9)


def test_units_do_not_matter():
    tiny = gl.Problem(SMALL.spectrum, SMALL.truth * 1e-120)
    small = External(vector(12) * 1e-120)
    rows = [Source(60, "real"), Source(60, small)]
    usual = [Source(60, "real"), Source(60, External(vector(12)))]
    found = gl.predict(tiny, gl.Plan([Generation(rows, 0.1)])).risk
    expected = gl.predict(SMALL, gl.Plan([Generation(usual, 0.1)])).risk
    np.testing.assert_allclose(found * 1e240, expected, rtol=1e-9)


def test_plan_files_and_scripts_say_them(tmp_path):
    for ending in ("toml", "json"):
        path = tmp_path / f"plan.{ending}"
        gl.save(path, plan=plan(12))
        assert gl.load_plan(path) == plan(12)
    assert "gl.External(bias=0.05, variance=0.005)" in gl.to_python(plan=plan(12))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "needs its coefficients, or its bias"),
        ({"coefficients": [1.0], "bias": 1.0}, "give one or the other"),
        ({"variance": -1.0}, "variance was -1.0; .*>= 0"),
        ({"bias": [[[1.0]]]}, "bias had shape"),
        ({"coefficients": ["a"]}, "coefficients"),
    ],
)
def test_wrong_ones_are_told(values, words):
    with pytest.raises(gl.InvalidInputError, match=words):
        External(**values)


def test_they_must_fit_the_problem_and_a_table_has_no_place_for_them():
    short = gl.Plan([Generation([Source(30, External([1.0, 2.0]))])])
    for verb in (gl.predict, gl.simulate):
        with pytest.raises(gl.InvalidInputError, match="had 2 entries; the problem has dim 12"):
            verb(SMALL, short)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 2))
    with pytest.raises(gl.InvalidInputError, match="labeler from outside"):
        gl.forecast(X, X @ [1.0, 2.0] + rng.standard_normal(80), short)


def test_without_a_truth_no_classifier_is_better_than_a_coin():
    nothing = gl.Problem(LARGE.spectrum, np.zeros(100))
    rows = Generation([Source(150, External(vector(100)), NOISE)], PENALTY)
    later = Generation([Source(150, "previous", labels="hard")], PENALTY, loss="logistic")
    for curve in (
        gl.predict(nothing, gl.Plan([rows, later])),
        gl.simulate(nothing, gl.Plan([rows, later]), trials=2),
    ):
        assert curve.error.tolist() == [0.5, 0.5]


def test_bias_and_variance_are_of_as_many_columns():
    with pytest.raises(gl.errors.InvalidInputError, match=r"shapes \(2, 2\) and \(2, 3\)"):
        gl.External(bias=np.zeros((2, 2)), variance=np.ones((2, 3)))
