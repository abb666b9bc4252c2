"""Limits where models are arrays: several classes, class means, covariance matrices."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

import genloss as gl
from genloss import keep, labels
from genloss.theory.forever.repeating import repetition
from genloss.theory.forever.settling import radius
from genloss.theory.forever.turns import turn_of

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
    if close < 1e-5:  # slow moves show late in the risk
        moves = np.diff(curve.risk)
        clear = np.flatnonzero(np.abs(moves) > 100 * close * found.risk)[-1]
        assert -0.02 < found.radius - moves[clear] / moves[clear - 1] < 0.2
    if curve.error is None:
        assert found.error is None
    else:
        assert found.error == pytest.approx(curve.error[-1], rel=2e-3)


@dataclass(frozen=True)
class OnPoints(labels.Label):
    """The largest value, as a rule from outside says it: of which moments are counted on points."""

    makes = "classes"

    def law(self, h):
        return labels.Hard().law(h)

    def breaks(self, low, high):
        return labels.Hard().breaks(low, high)

    def chances(self, h):
        return labels.Hard().chances(h)


@pytest.mark.slow
@pytest.mark.parametrize("problem", [THREE, CLOUDS], ids=["three", "clouds"])
@pytest.mark.parametrize("real", [20, 60])
def test_radii_are_those_of_differences_around_the_limit_however_moments_are_found(problem, real):
    exact, counted = (gl.limit(problem, chain(3, how, real=real)) for how in ("hard", OnPoints()))
    turn = turn_of(problem, chain(3, "hard", real=real), repetition(chain(3, "hard", real=real)))
    state, moved, size = turn.start, turn.start, 1.0
    for _ in range(25):
        state, moved = turn(state), state
    moved = state - moved
    for _ in range(25):  # the power method
        moved *= 1e-3 * np.linalg.norm(state) / np.linalg.norm(moved)
        size, moved = np.linalg.norm(moved), turn(state + moved) - turn(state)
    assert exact.radius == pytest.approx(np.linalg.norm(moved) / size, abs=0.01)
    assert counted.radius == pytest.approx(exact.radius, abs=0.02)
    assert counted.risk == pytest.approx(exact.risk, rel=2e-3)


def test_which_labels_jump():
    some = [labels.Linear(), labels.Clipped(-1, 200), labels.Soft(), labels.Sampled()]
    assert not any(rule.jumps() for rule in some)
    jump = [labels.Hard(), labels.Rounded(1e-3), labels.Rounded(50), OnPoints()]
    assert all(rule.jumps() for rule in jump)


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


@pytest.mark.parametrize("seed", range(3))
def test_radii_of_maps_that_bend_and_are_off_by_a_grain(seed):
    rng, rates, grain = np.random.default_rng(seed), 0.8 * 0.9 ** np.arange(DIM), 1e-9
    basis = np.linalg.qr(rng.standard_normal((DIM, DIM)))[0]
    end, along, bend = (rng.standard_normal(shape) for shape in (DIM, DIM, (DIM, DIM)))
    size = np.linalg.norm(end)

    def turn(state):
        away = state - end
        there = end + basis * rates @ basis.T @ away + (bend @ away) ** 2 / size
        return there + grain * size / np.sqrt(DIM) * np.sin(1e7 * there)

    assert radius(turn, end, along, grain) == pytest.approx(rates[0], abs=1e-4)
