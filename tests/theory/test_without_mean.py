"""Who has no mean risk after a fit without penalty to as many rows as directions, to within one.

The oracle is the fit itself: along the direction in which the rows vary by ``least``, noise is blown up by
``1 / least``. A model has a mean risk where its own noise does not grow with that.
"""

import numpy as np
import pytest

import genloss as gl

DIM, ROWS, MORE, PENALTY = 12, 11, 30, 0.1
OWN, NEW, REAL = 0, "new", "real"
# models after the first: blocks of rows and labeler, and the penalty
PLANS = {
    "new rows": [([(NEW, 0)], PENALTY)],
    "its rows": [([(OWN, 0)], PENALTY)],
    "its rows without penalty": [([(OWN, 0)], 0.0)],
    "its rows and others": [([(OWN, 0), (NEW, 0)], PENALTY)],
    "its rows and real ones": [([(OWN, 0), (NEW, REAL)], PENALTY)],
    "its rows, enough of others": [([(OWN, 0), (NEW, REAL)], 0.0)],
    "its rows twice": [([(OWN, 0)], PENALTY), ([(OWN, 1)], PENALTY)],
    "its rows, then new ones": [([(OWN, 0)], PENALTY), ([(OWN, 1), (NEW, 1)], PENALTY)],
    "new rows, then its own": [([(NEW, 0)], PENALTY), ([(OWN, 1)], PENALTY)],
    "least squares, then its own": [([(NEW, 0)], 0.0), ([(OWN, 1)], PENALTY)],
    "least squares, then new ones": [([(NEW, 0)], 0.0), ([(NEW, 1)], PENALTY)],
    "new rows, then real labels": [([(NEW, 0)], PENALTY), ([(OWN, REAL)], PENALTY)],
}


def _plan(later, covariance, rows=ROWS):
    first = gl.Generation([gl.Source(rows, "real", noise=0.5, covariance=covariance)], 0.0)
    generations = [first]
    for blocks, penalty in later:
        sources = [
            gl.Source(MORE if at == NEW else None, by, noise=0.5, inputs=at) for at, by in blocks
        ]
        generations.append(gl.Generation(sources, penalty))
    return gl.Plan(generations)


def _noise_of_first(later, least, n=ROWS):
    """How the last model depends on the noise of the first one's labels."""
    rng = np.random.default_rng(5)
    u, s, v = np.linalg.svd(rng.standard_normal((n, DIM)), full_matrices=False)
    s[-1] = least
    X = (u * s) @ v
    models = [np.linalg.pinv(X)]
    for blocks, penalty in later:
        rows = [X if at == OWN else rng.standard_normal((MORE, DIM)) for at, _ in blocks]
        said = [
            np.zeros((len(x), n)) if by == REAL else x @ models[by]
            for x, (_, by) in zip(rows, blocks, strict=True)
        ]
        A, y = np.vstack(rows), np.vstack(said)
        ridge = np.linalg.inv(A.T @ A + len(A) * penalty * np.eye(DIM)) if penalty else 0
        models.append(ridge @ A.T @ y if penalty else np.linalg.pinv(A) @ y)
    return np.linalg.norm(models[-1])


@pytest.mark.parametrize("kind", ["spectrum", "tails", "matrix"])
def test_a_risk_is_infinite_where_noise_grows_with_how_little_rows_vary(kind):
    problem = gl.Problem.power_law(DIM, capacity=1.5, source=0.5)
    if kind == "tails":
        problem = gl.Problem(problem.spectrum, problem.truth, tails=[0.5, 1.5])
    q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((DIM, DIM)))
    covariance = q @ np.diag(problem.spectrum) @ q.T if kind == "matrix" else None
    for name, later in PLANS.items():
        grows = _noise_of_first(later, 1e-6) > 100 * _noise_of_first(later, 1e-3)
        risk = gl.predict(problem, _plan(later, covariance)).risk
        assert np.isinf(risk[0]), name
        assert np.isinf(risk[-1]) == grows, name


def test_it_is_so_of_exactly_as_many_rows_as_directions():
    problem = gl.Problem.power_law(DIM, capacity=1.5, source=0.5)
    for name in ("new rows", "its rows", "its rows and real ones", "its rows, then new ones"):
        later = PLANS[name]
        grows = _noise_of_first(later, 1e-6, DIM) > 100 * _noise_of_first(later, 1e-3, DIM)
        fewer, exactly, more = (
            gl.predict(problem, _plan(later, None, DIM + k)).risk for k in (-1, 0, 1)
        )
        assert np.isinf(exactly[0]), name
        assert np.isinf(exactly[-1]) == grows, name
        if not grows:  # the middle between its neighbours
            assert exactly[-1] == pytest.approx((fewer[-1] + more[-1]) / 2, rel=0.02), name


def test_labels_without_noise_that_agree_leave_a_mean():
    problem = gl.Problem.isotropic(DIM)
    first = gl.Generation([gl.Source(DIM + 1, "real")], 0.0)
    again = gl.Generation([gl.Source(None, "previous", noise=0.5, inputs=0)], PENALTY)
    beyond = gl.Generation([gl.Source(MORE, "real", noise=0.5), *again.sources], PENALTY)
    for later in (again, beyond):
        assert np.isfinite(gl.predict(problem, gl.Plan([first, later])).risk).all()


def test_rows_of_two_sources_are_its_own_where_they_are_named_together():
    parts = [gl.Source(4, noise=0.5), gl.Source(ROWS - 4, noise=1.0)]
    again = gl.Generation([gl.Source(ROWS, "previous", 0.5)], PENALTY, design="same")
    risk = gl.predict(gl.Problem.isotropic(DIM), gl.Plan([gl.Generation(parts, 0.0), again])).risk
    assert np.isinf(risk).tolist() == [True, False]
