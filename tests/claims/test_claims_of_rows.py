"""Networks, edited labels, effective rows and prediction-powered fits: printed numbers and loops."""

import numpy as np
import pytest

import genloss as gl
from genloss.tuning.effective import effective_rows

from .by_hand import assert_near, averaged, ridge

Gen, Src = gl.Generation, gl.Source


def network(rng, labels_from, d, n, rounds, real=0):
    """Errors (rounds, agents) of least squares on stacked new rows; the first agent sees real ones."""
    models = [
        ridge(X := rng.standard_normal((n, d)), rng.standard_normal(n), 0) for _ in labels_from
    ]
    errors = [[w @ w for w in models]]
    for _ in range(rounds - 1):
        new = []
        for agent, others in enumerate(labels_from):
            X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
            seen = 0 if agent else real
            for part, rows in enumerate(np.split(np.arange(seen, n), len(others))):
                y[rows] += X[rows] @ models[others[part]]
            new.append(ridge(X, y, 0))
        models = new
        errors.append([w @ w for w in models])
    return errors


WHOLE, RING = [[0, 1, 2]] * 3, [[2], [0], [1]]


@pytest.mark.parametrize("ratio", [2.0, 3.0])
def test_a_whole_graph_grows_along_a_line(ratio):
    """By ``(1/K) / ((n-d)/d - (1 - 1/K))`` a round, n - d - 1 in place of n - d."""
    d = 300
    n = round(ratio * d)
    plan = gl.Plan.network(np.full((3, 3), 1 / 3), 16, n, noise=1.0)
    risk = gl.predict(gl.Problem.isotropic(d), plan).risk[::3]
    assert np.diff(risk)[-1] == pytest.approx(1 / 3 / ((n - d - 1) / d - 2 / 3), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("graph", "ratio", "rounds", "real"),
    [(WHOLE, 2.0, 14, 0), (RING, 3.0, 10, 0), (RING, 3.0, 10, 30)],
)
def test_literal_networks(graph, ratio, rounds, real):
    d, rng = 40, np.random.default_rng(1)
    n = round(ratio * d) - round(ratio * d) % len(graph[0])
    rows = np.array([[(k in others) / len(others) for k in range(3)] for others in graph])
    share = [real / n, 0, 0]
    plan = gl.Plan.network(rows, rounds, n, noise=1.0, real=share if real else 0)
    theory = gl.predict(gl.Problem.isotropic(d, signal=0.0), plan)
    assert theory.exact.all()
    found = np.array([network(rng, graph, d, n, rounds, real) for _ in range(80)])
    mean, stderr = averaged(found.reshape(80, -1))
    assert (stderr < 0.08 * mean).all()
    assert (np.abs(theory.risk - mean) < 4 * stderr).all()


@pytest.mark.parametrize(
    ("shares", "printed", "measured"),
    [
        # half of the labels and then half as many every time: what was bounded by two is 2.49
        ([0.5**k for k in range(1, 8)], 2.50, "1.01 1.70 2.08 2.29 2.40 2.45 2.48 2.49 +- .02"),
        ([0.3] * 7, 4.19, "4.13 +- .04"),
        ([0.9**k for k in range(1, 8)], 6.76, "6.79 +- .06"),
    ],
)
def test_edited_labels_end_where_printed(shares, printed, measured):
    plan = gl.Plan.edit(8, 100, edited=[0, *shares], noise=1.0)
    found = gl.predict(gl.Problem.isotropic(20), plan).risk / (20 / 79)
    assert found[-1] == pytest.approx(printed, rel=5e-3)
    *means, stderr = (float(each) for each in measured.replace("+- ", "").split())
    assert (np.abs(found[-len(means) :] - means) < 4 * stderr).all()


@pytest.mark.parametrize(
    ("real", "synthetic", "ratio", "formula", "measured", "stderr"),
    [
        (100, 100, 1.0, 0.02472, 0.02558, 1e-4),
        (100, 900, 1.0, 0.01130, 0.01136, 1e-4),
        (100, 300, 0.25, 0.01000, 0.01019, 1e-4),
    ],
)
def test_loops_have_the_error_of_their_effective_rows(
    real, synthetic, ratio, formula, measured, stderr
):
    rows = effective_rows(real, synthetic, noise_ratio=ratio)
    assert 4 / rows.effective == pytest.approx(formula, abs=6e-6)
    both = [
        Src(real, noise=1.0),
        Src(synthetic, "previous", ratio**0.5, weight=rows.weight),
    ]
    plan = gl.Plan([Gen([Src(real, noise=1.0)]), Gen(both)])
    # the formula is for many rows a direction; four directions and 100 rows are a few percent from it
    found = gl.limit(gl.Problem.isotropic(4), plan).risk
    assert abs(found - measured) < 0.01 * measured + 4 * stderr
    assert found == pytest.approx(formula, rel=0.04)


def powered(d, n, weight):
    """A chain that starts from the model that says nothing, whose error is one."""
    nothing = Gen([Src(10**12, gl.External(np.zeros(d)))])
    later = gl.Plan.ppi(7, 10**8, n_real=n, weight=weight, noise=1.0).generations[1:]
    return gl.predict(gl.Problem.isotropic(d), gl.Plan([nothing, *later])).risk


def test_prediction_powered_chains_are_as_printed():
    # with n - d where the exact law of the plain fit has n - d - 1, hence five percent at d = 20
    plain = powered(20, 100, 1.0)
    np.testing.assert_allclose(plain[1:5], [0.409, 0.285, 0.260, 0.253], rtol=0.025)
    best = powered(60, 180, 0.477)
    printed = [0.393, 0.338, 0.334, 0.333, 0.333, 0.333]
    np.testing.assert_allclose(best[1:], printed, atol=6e-4)
    measured = np.array([0.387, 0.331, 0.335, 0.329, 0.332, 0.332])
    assert (np.abs(best[1:] - measured) < 0.01 * measured + 4 * 0.004).all()


@pytest.mark.slow
@pytest.mark.parametrize(("d", "n", "weight"), [(20, 100, 1.0), (200, 600, 0.477)])
def test_literal_prediction_powered_chains(d, n, weight):
    """The covariance of the rows without labels is known; weight one is the plain estimator."""
    rng, found = np.random.default_rng(2), []
    truth = np.ones(d) / np.sqrt(d)
    for _ in range(600 if d == 20 else 60):
        w, risks = np.zeros(d), []
        for _ in range(5):
            X = rng.standard_normal((n, d))
            y = X @ truth + rng.standard_normal(n)
            S = X.T @ X / n
            left = weight * np.eye(d) + (1 - weight) * S
            right = X.T @ y / n + weight * (w - S @ w)
            w = np.linalg.solve(left, right)
            risks.append((w - truth) @ (w - truth))
        found.append(risks)
    # the exact recursion of the plain fit: risk' = (d (1 + risk) + risk) / n
    if weight == 1.0:
        risk, exact = 1.0, []
        for _ in range(5):
            risk = (d * (1 + risk) + risk) / n
            exact.append(risk)
        np.testing.assert_allclose(exact, [0.410, 0.286, 0.260, 0.255, 0.2535], atol=6e-4)
        assert_near(np.array(exact), found, within=0.0)
    assert_near(powered(d, n, weight)[1:6], found, within=0.03)
