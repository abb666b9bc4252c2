"""Rows whose covariance is a matrix: against a loop written here, and against vectors where it is diagonal."""

import numpy as np
import pytest

import genloss as gl
from genloss.generation import REAL
from genloss.steps import resolve
from genloss.trials.engines.literal import Gaussian

DIM, NOISE = 60, 0.5
PROBLEM = gl.Problem.power_law(DIM, capacity=1.0, source=0.5)


def turned(seed):
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((DIM, DIM)))[0]
    return basis * PROBLEM.spectrum @ basis.T


def chain(rng, matrix, runs):
    """Real rows, then two fits to rows of the last model with a matrix, and real ones of weight 2."""
    factor, root = np.linalg.cholesky(matrix), np.sqrt(PROBLEM.spectrum)
    found = []
    for _ in range(runs):
        X = rng.standard_normal((90, DIM)) * root
        y = X @ PROBLEM.truth + NOISE * rng.standard_normal(90)
        w = np.linalg.solve(X.T @ X + 90 * 0.05 * np.eye(DIM), X.T @ y)
        models = [w]
        for _ in range(2):
            A, B = rng.standard_normal((120, DIM)) @ factor.T, rng.standard_normal((40, DIM)) * root
            a = A @ w + NOISE * rng.standard_normal(120)
            b = B @ PROBLEM.truth + NOISE * rng.standard_normal(40)
            gram = A.T @ A + 2 * B.T @ B + 160 * 0.05 * np.eye(DIM)
            w = np.linalg.solve(gram, A.T @ a + 2 * B.T @ b)
            models.append(w)
        found.append([PROBLEM.spectrum @ (each - PROBLEM.truth) ** 2 for each in models])
    return np.mean(found, 0), np.std(found, 0) / runs**0.5


def plan(covariance, penalty=0.05, rows=120):
    first = gl.Generation([gl.Source(90, noise=NOISE)], 0.05)
    made = gl.Source(rows, "previous", NOISE, covariance=covariance)
    later = gl.Generation([made, gl.Source(40, noise=NOISE, weight=2.0)], penalty)
    return gl.Plan([first, later, later])


def test_theory_and_engine_are_as_a_loop():
    matrix = turned(1)
    theory = gl.predict(PROBLEM, plan(matrix))
    mean, stderr = chain(np.random.default_rng(7), matrix, 250)
    assert (np.abs(theory.risk - mean) < 0.02 * mean + 4 * stderr).all()
    runs = gl.simulate(PROBLEM, plan(matrix), trials=80)
    assert (np.abs(runs.risk - mean) < 4 * np.hypot(runs.stderr, stderr)).all()
    along = gl.predict(PROBLEM, plan(np.diagonal(matrix)))
    assert (np.abs(along.risk / theory.risk - 1)[1:] > 0.02).all()


@pytest.mark.parametrize("penalty", [0.05, 0.0])
@pytest.mark.parametrize("rows", [10, 120])
def test_a_diagonal_matrix_is_its_diagonal(penalty, rows):
    own = np.random.default_rng(3).permutation(PROBLEM.spectrum)
    one, other = (gl.predict(PROBLEM, plan(each, penalty, rows)) for each in (own, np.diag(own)))
    for name in ("risk", "bias", "variance"):
        assert np.allclose(getattr(one, name), getattr(other, name), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("tails", [None, [0.3, 0.7, 2.0]])
def test_the_penalty_that_a_diagonal_matrix_chooses_is_that_of_its_diagonal(tails):
    problem = gl.Problem(PROBLEM.spectrum, PROBLEM.truth, tails=tails)
    own = np.random.default_rng(3).permutation(PROBLEM.spectrum)
    one, other = (gl.predict(problem, plan(each, "cv")) for each in (own, np.diag(own)))
    assert np.allclose(one.penalty, other.penalty, rtol=1e-6)
    assert np.allclose(one.risk, other.risk, rtol=1e-9)


def test_models_from_outside_and_earlier_ones_label_too():
    outside = gl.External(bias=0.05, variance=0.004)
    own = np.random.default_rng(3).permutation(PROBLEM.spectrum)

    def written(covariance):
        rows = [gl.Source(90, {outside: 0.4, 0: 0.6}, NOISE, covariance=covariance)]
        first = gl.Generation([gl.Source(90, noise=NOISE)], 0.05)
        return gl.Plan([first, *3 * [gl.Generation([*rows, gl.Source(30, "previous")], 0.05)]])

    one, other = (gl.predict(PROBLEM, written(each)).risk for each in (own, np.diag(own)))
    assert np.allclose(one, other, rtol=1e-9)


def test_files_keep_it_and_rows_are_drawn_with_it():
    written = plan(turned(2))
    assert gl.Plan.from_dict(written.to_dict()) == written
    world = Gaussian(PROBLEM, np.random.default_rng(0))
    step = resolve(gl.Plan([gl.Generation([gl.Source(40_000, covariance=turned(2))])]))[0]
    X = world.inputs(step)
    assert np.abs(X.T @ X / len(X) - turned(2)).max() < 0.03
    assert step.blocks[0].shares == {REAL: 1.0}


@pytest.mark.parametrize(
    ("covariance", "word"),
    [
        (np.ones((3, 4)), "had shape"),
        (-np.eye(3), "eigenvalue -1"),
        (np.triu(np.ones((3, 3))), "not symmetric"),
    ],
)
def test_what_is_no_covariance_is_refused(covariance, word):
    with pytest.raises(gl.InvalidInputError, match=f"covariance .*{word}"):
        gl.Source(9, covariance=covariance)


def test_what_is_not_known_names_what_runs():
    rows = gl.Source(90, covariance=turned(1), labels="hard")
    classes = gl.Plan([gl.Generation([rows], 0.05, loss="logistic")])
    first = gl.Generation([gl.Source(90, covariance=turned(1))])
    chosen = gl.Plan([first, gl.Generation([gl.Source(None, "previous", inputs=0)], "cv")])
    for each in (classes, chosen):
        with pytest.raises(gl.NoTheoryError, match=r"covariance matrix.*genloss\.simulate"):
            gl.predict(PROBLEM, each)
        assert np.isfinite(gl.simulate(PROBLEM, each, trials=2).risk).all()


def shared(covariance, penalty=0.05):
    """Real rows that stay, in two covariances, and new rows that each fit keeps for the next one."""
    first = gl.Generation(
        [gl.Source(60, noise=NOISE), gl.Source(40, covariance=covariance)], penalty
    )
    stay = gl.Source(None, {"kept": 0.5, "previous": 0.5}, inputs=0)
    made = gl.Source(50, "previous", NOISE, covariance=covariance, weight=0.7)
    second = gl.Generation([stay, made], penalty, towards="previous")
    return gl.Plan(
        [first, second, gl.Generation([gl.Source(None, "kept", inputs=1), made], penalty)]
    )


def test_shared_rows_are_as_a_loop():
    matrix = turned(4)
    theory = gl.predict(PROBLEM, shared(matrix))
    root, factor = np.sqrt(PROBLEM.spectrum), np.linalg.cholesky(matrix)
    rng, found = np.random.default_rng(8), []

    def drawn(n, of):
        return rng.standard_normal((n, DIM)) @ of

    for _ in range(300):
        X = np.vstack([drawn(60, np.diag(root)), drawn(40, factor.T)])
        kept = X @ PROBLEM.truth + NOISE * np.r_[rng.standard_normal(60), np.zeros(40)]
        models, one = [], np.eye(DIM)
        models.append(np.linalg.solve(X.T @ X + 100 * 0.05 * one, X.T @ kept))
        A = drawn(50, factor.T)
        a = A @ models[0] + NOISE * rng.standard_normal(50)
        rest = X.T @ ((kept + X @ models[0]) / 2 - X @ models[0])
        rest += 0.7 * A.T @ (a - A @ models[0])
        gram = X.T @ X + 0.7 * A.T @ A + 150 * 0.05 * one
        models.append(models[0] + np.linalg.solve(gram, rest))
        B = drawn(50, factor.T)
        b = B @ models[1] + NOISE * rng.standard_normal(50)
        gram = A.T @ A + 0.7 * B.T @ B + 100 * 0.05 * one
        models.append(np.linalg.solve(gram, A.T @ a + 0.7 * B.T @ b))
        found.append([PROBLEM.spectrum @ (each - PROBLEM.truth) ** 2 for each in models])
    mean, stderr = np.mean(found, 0), np.std(found, 0) / 300**0.5
    assert theory.method == "pencil"
    assert (np.abs(theory.risk - mean) < 0.03 * mean + 4 * stderr).all()


@pytest.mark.slow
@pytest.mark.parametrize("penalty", [0.05, 0.0])
@pytest.mark.parametrize("tails", [None, [0.3, 0.7, 2.0]])
def test_shared_rows_of_a_diagonal_matrix_are_those_of_its_diagonal(penalty, tails):
    problem = gl.Problem(PROBLEM.spectrum, PROBLEM.truth, tails=tails)
    own = np.random.default_rng(3).permutation(PROBLEM.spectrum)
    pool = {"n_samples": 40, "labeler": 0, "pooled": True, "subsample": 90, "penalty": 0.1}
    drawn, again = (shared(each, penalty).then(**pool) for each in (own, np.diag(own)))
    one, other = (gl.predict(problem, each, method="pencil") for each in (drawn, again))
    for name in ("risk", "variance"):
        assert np.allclose(getattr(one, name), getattr(other, name), rtol=1e-8)
    assert np.allclose(one.bias, other.bias, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("tails", [None, [0.3, 0.7, 2.0]])
def test_rows_that_are_used_once_are_known_by_two_routes(tails):
    problem = gl.Problem(PROBLEM.spectrum, PROBLEM.truth, tails=tails)
    one, other = (
        gl.predict(problem, plan(turned(1)), method=method) for method in ("auto", "pencil")
    )
    assert (one.method, other.method) == ("state evolution", "pencil")
    assert np.allclose(one.variance, other.variance, rtol=1e-8)
    assert np.allclose(one.bias, other.bias, rtol=1e-8)


def test_directions_without_rows_need_a_penalty():
    flat = np.diag([1.0, 1.0, 0.0])
    problem, other = gl.Problem(np.ones(3), np.ones(3)), flat[::-1, ::-1]

    def plan(*matrices, penalty=0.0):
        rows = [gl.Source(20, noise=0.5, covariance=each) for each in matrices]
        return gl.Plan([gl.Generation(rows, penalty)])

    for ask in (gl.predict, gl.simulate):
        with pytest.raises(gl.InvalidInputError, match="covariance .*eigenvalue 0.*penalty > 0"):
            ask(problem, plan(flat))
        for fine in (plan(flat, penalty=0.1), plan(flat, other), plan(flat, np.ones(3))):
            assert np.isfinite(ask(problem, fine).risk).all()


def test_one_direction_is_a_matrix_too():
    problem = gl.Problem([1.0], [1.0])

    def risk(covariance):
        made = gl.Source(60, noise=0.5, covariance=covariance)
        again = gl.Generation([gl.Source(None, "previous", 0.5, inputs=0)], 0.1)
        return gl.predict(problem, gl.Plan([gl.Generation([made], 0.05), again])).risk

    assert np.allclose(risk([[2.0]]), risk([2.0]), rtol=1e-10)


def test_a_basis_that_turns_everything_changes_nothing():
    basis = np.linalg.qr(np.random.default_rng(5).standard_normal((DIM, DIM)))[0]
    flat = gl.Problem(np.ones(DIM), PROBLEM.truth)
    spun = gl.Problem(np.ones(DIM), basis @ PROBLEM.truth)
    one = gl.predict(flat, shared(PROBLEM.spectrum)).risk
    other = gl.predict(spun, shared(basis * PROBLEM.spectrum @ basis.T)).risk
    assert np.allclose(one, other, rtol=1e-9)


def test_long_plans_of_shared_rows_are_computed_when_asked():
    long = gl.Plan([*shared(turned(1)), *11 * [shared(turned(1)).generations[-1]]])
    with pytest.raises(gl.NoTheoryError, match=r"predict\(method='pencil'\).*must be asked for"):
        gl.predict(PROBLEM, long)
    with pytest.raises(gl.NoTheoryError, match="no closed formula"):
        gl.predict(PROBLEM, shared(turned(1)), method="closed")


def test_what_a_matrix_is_off_by_from_rounding_is_mended():
    rng = np.random.default_rng(3)
    exact = 1e6 * turned(2)
    size = np.abs(exact).max()
    off = np.triu(rng.standard_normal(exact.shape), 1)
    off /= np.abs(off).max()
    found = np.array(gl.Source(9, covariance=exact + 0.9e-8 * size * off).covariance)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-8 * size)
    with pytest.raises(gl.InvalidInputError, match="not symmetric.*more than rounding"):
        gl.Source(9, covariance=exact + 1.2e-8 * size * off)


@pytest.mark.parametrize("shape", [np.array, np.diag])
def test_least_squares_on_rows_of_another_covariance_are_exact_at_any_size(shape):
    spectrum, other, rows = np.array([1.0, 0.5, 0.25]), np.array([2.0, 1.0, 0.5]), 12
    problem, rng = gl.Problem(spectrum, np.ones(3)), np.random.default_rng(3)
    made = gl.Source(rows, noise=1.0, covariance=shape(other))
    again = gl.Source(rows, "previous", 0.5, covariance=shape(other))
    curve = gl.predict(problem, gl.Plan([gl.Generation([made]), gl.Generation([again])]))
    X = rng.standard_normal((4000, rows, 3)) * np.sqrt(other)
    away = np.linalg.pinv(X) @ rng.standard_normal((4000, rows, 1))
    drift = away + np.linalg.pinv(X[::-1]) @ (0.5 * rng.standard_normal((4000, rows, 1)))
    for risk, error in zip(curve.risk, (away, drift), strict=True):
        each = error[..., 0] ** 2 @ spectrum
        assert abs(risk - each.mean()) < 4 * each.std() / 4000**0.5
    assert curve.exact.all()
    assert curve.risk[0] == pytest.approx(np.sum(spectrum / other) / (rows - 4))
    found = gl.limit(problem, gl.Plan([gl.Generation([made])] * 3))
    assert found.risk == pytest.approx(curve.risk[0])
    assert (found.method, found.warnings) == ("exact theory", ())


def test_limits_of_matrices_name_what_runs():
    made = gl.Generation([gl.Source(90, "real", NOISE, covariance=turned(1))], 0.05)
    kept = [gl.Source(None, "kept", inputs=0), gl.Source(40, "previous", NOISE)]
    again = gl.Generation(kept, "cv")
    with pytest.raises(gl.NoTheoryError, match=r"'cv'.*genloss\.simulate"):
        gl.limit(PROBLEM, gl.Plan([made, again, again]))


def test_sources_of_two_labelers_after_a_covariance_matrix():
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((20, 20)))[0]
    problem = gl.Problem.isotropic(20)
    before = [
        gl.Generation([gl.Source(30, noise=0.5)], 0.1),
        gl.Generation([gl.Source(40, 0, covariance=(basis * np.arange(1, 21)) @ basis.T)], 0.1),
    ]

    def last(**kind):
        sources = [gl.Source(7, 0, 0.1, weight=7.0, **kind), gl.Source(15, {0: 0.6, 1: 0.4})]
        return gl.predict(problem, gl.Plan([*before, gl.Generation(sources, 1e-9)])).risk

    np.testing.assert_allclose(last(), last(covariance=np.eye(20)), rtol=1e-8)
