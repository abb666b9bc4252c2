"""Limits where models are arrays: several classes, class means, covariance matrices."""

import math

import numpy as np
import pytest

import genloss as gl
from genloss import keep

DIM = 40
SPECTRUM = np.arange(1, DIM + 1) ** -0.5
SPECTRUM /= SPECTRUM.sum()
RNG = np.random.default_rng(0)
TRUTH = 2 * RNG.standard_normal((DIM, 3))
THREE = gl.Problem(SPECTRUM, TRUTH)
TWO_CLOUDS = gl.Problem(SPECTRUM, means=0.4 * np.sqrt(SPECTRUM) * RNG.standard_normal(DIM))
CLOUDS = gl.Problem(
    SPECTRUM, means=0.4 * np.sqrt(SPECTRUM)[:, None] * RNG.standard_normal((DIM, 3))
)
ONE = gl.Problem(SPECTRUM, TRUTH[:, 0])


def matrix(seed, spectrum=SPECTRUM):
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((DIM, DIM)))[0]
    return basis * spectrum @ basis.T


def chain(repetitions, how="linear", rule=None, covariance=None, real=60):
    rows = gl.Source(120, "previous", 0.3, labels=how, keep=rule, covariance=covariance)
    first = gl.Generation([gl.Source(150, labels=how)], 0.02)
    return gl.Plan(
        [first, *repetitions * [gl.Generation([rows, gl.Source(real, labels=how)], 0.02)]]
    )


CASES = {
    "matrix": (ONE, {"covariance": matrix(1)}, 1e-8),
    "classes, hard": (THREE, {"how": "hard"}, 1e-8),
    "three clouds, hard": (CLOUDS, {"how": "hard"}, 1e-8),
    "classes, agreeing": (THREE, {"how": "hard", "rule": keep.Agrees("previous")}, 1e-4),
    "three clouds, soft": (CLOUDS, {"how": "soft"}, 1e-8),
    "two clouds, sure": (TWO_CLOUDS, {"how": "hard", "rule": keep.Confident(0.2)}, 1e-6),
}
SLOW = [name for name in CASES if name != "matrix"]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in CASES]
)
def test_limits_are_what_long_chains_reach(name):
    problem, rest, close = CASES[name]
    found = gl.limit(problem, chain(3, **rest))
    far = math.ceil(math.log(close / 10) / math.log(found.radius))
    curve = gl.predict(problem, chain(far, **rest))
    assert found.risk == pytest.approx(curve.risk[-1], rel=close)
    assert found.bias + found.variance == pytest.approx(found.risk)
    way = np.abs(curve.risk - curve.risk[-1])
    last = np.flatnonzero(way > way.max() / 2)[-1]
    assert last < found.half_life <= last + 1
    moves = np.diff(curve.risk)
    counted = close > 1e-5  # moments jump, and a radius is rough
    clear = np.flatnonzero(np.abs(moves) > (3 if counted else 100) * close * found.risk)[-1]
    short = found.radius - moves[clear] / moves[clear - 1]  # slow moves show late in the risk
    assert -0.02 < short < (0.25 if counted else 0.08)
    if curve.error is None:
        assert found.error is None
    else:
        assert found.error == pytest.approx(curve.error[-1], rel=2e-3)


def test_classes_of_linear_labels_are_a_chain_each():
    one = [gl.limit(gl.Problem(SPECTRUM, column), chain(3)) for column in TRUTH.T]
    found = gl.limit(THREE, chain(3))
    assert found.risk == pytest.approx(sum(each.risk for each in one), rel=1e-8)
    assert found.bias == pytest.approx(sum(each.bias for each in one), rel=1e-8)
    assert found.radius == pytest.approx(one[0].radius, rel=1e-4)


def test_a_diagonal_matrix_is_its_diagonal():
    own = SPECTRUM[::-1]
    one, other = (gl.limit(ONE, chain(3, covariance=each)) for each in (np.diag(own), own))
    for name in ("risk", "bias", "radius", "half_life"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-3)
    assert one.risk == pytest.approx(other.risk, rel=1e-8)


@pytest.mark.slow
def test_a_matrix_may_explode_and_be_cured():
    problem = gl.Problem.isotropic(DIM)

    def plan(covariance, penalty=1e-4):
        rows = [gl.Source(44, "previous", 1.0, covariance=covariance), gl.Source(6, noise=1.0)]
        first = gl.Generation([gl.Source(60, noise=1.0)], 0.1)
        return gl.Plan([first, *3 * [gl.Generation(rows, penalty)]])

    turned = matrix(2, np.linspace(0.5, 1.5, DIM))
    found = gl.limit(problem, plan(turned))
    assert (found.stable, found.method) == (False, "state evolution")
    risk = gl.predict(problem, plan(turned).then(plan(turned).generations[-1])).risk
    assert found.radius > 1.01
    assert risk[-1] > risk[-2]
    assert gl.limit(problem, plan(turned, 1.02 * found.cure)).stable
    shorter = plan(turned, 0.98 * found.cure)
    risk = gl.predict(problem, gl.Plan([*shorter, *80 * [shorter.generations[-1]]])).risk
    assert risk[-1] > risk[-2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("problem", "rest"),
    [(THREE, {"how": "hard"}), (CLOUDS, {"how": "sampled"}), (ONE, {"covariance": matrix(1)})],
)
def test_literal_chains_settle_there(problem, rest):
    found = gl.limit(problem, chain(3, **rest))
    runs = gl.simulate(problem, chain(20, **rest), trials=60)
    if found.error is None:
        assert abs(runs.risk[-1] - found.risk) < 0.03 * found.risk + 4 * runs.stderr[-1]
    else:
        assert abs(runs.error[-1] - found.error) < 0.03 * found.error + 4 * runs.error_stderr[-1]
