"""Limits of plans that go back to rows of before: against closed forms, longer plans and literal runs."""

import numpy as np
import pytest

import genloss as gl
from genloss.theory.forever.repeating import repetition

PROBLEM = gl.Problem.power_law(100, capacity=1.0, source=0.5)
REST = {"penalty": 0.05, "noise": 0.5}


@pytest.mark.parametrize("mixing", [pytest.param(0.6, marks=pytest.mark.slow), -0.5])
def test_labels_mixed_for_ever_are_ridge_with_another_penalty(mixing):
    # w = (S + lam)^-1 ((1 - m) X'y/n + m S w), so that (S + lam / (1 - m)) w = X'y/n
    found = gl.limit(PROBLEM, gl.Plan.distill(4, 120, mixing=mixing, **REST))
    ridge = gl.predict(PROBLEM, gl.Plan.replace(1, 120, penalty=0.05 / (1 - mixing), noise=0.5))
    assert found.risk == pytest.approx(ridge.risk[0], rel=1e-5)
    assert found.bias == pytest.approx(ridge.bias[0], rel=1e-4)
    assert found.stable


def windowed(models):
    first = gl.Generation([gl.Source(150, noise=0.5)], 0.05)
    return gl.Plan(
        [first]
        + [
            gl.Generation(
                [
                    gl.Source(None, "kept", inputs=t - 1),
                    gl.Source(100, "previous", 0.5),
                    gl.Source(50, noise=0.5),
                ],
                0.05,
            )
            for t in range(1, models)
        ]
    )


def anchored(models):
    return gl.Plan.anchored(models, 120, n_real=80, **REST)


@pytest.mark.slow
@pytest.mark.parametrize(("plan", "inputs"), [(windowed, set()), (anchored, {0})])
def test_limits_are_where_longer_plans_go(plan, inputs):
    seen = repetition(plan(5))
    assert (seen.length, seen.inputs, seen.seen) == (1, inputs, True)
    assert seen.unrolled(plan(5), 11 - seen.start) == plan(11)
    found = gl.limit(PROBLEM, plan(5))
    risk = gl.predict(PROBLEM, plan(26), method="pencil").risk
    moves = np.diff(risk)
    rest = moves[-1] * moves[-1] / moves[-2] / (1 - moves[-1] / moves[-2])
    assert found.risk == pytest.approx(risk[-1] + rest, rel=1e-5)
    assert 0.99 < found.radius / (moves[-1] / moves[-2]) < 1.1


@pytest.mark.slow
def test_literal_runs_settle_there():
    found = gl.limit(PROBLEM, anchored(4))
    runs = gl.simulate(PROBLEM, anchored(16), trials=300)
    assert abs(runs.risk[-1] - found.risk) < 0.02 * found.risk + 4 * runs.stderr[-1]


@pytest.mark.slow
def test_what_is_not_seen_to_settle_is_refused():
    with pytest.raises(gl.NoTheoryError, match="do not show where"):
        gl.limit(PROBLEM, gl.Plan.window(8, 100, last=3, penalty=1e-6))


@pytest.mark.slow
def test_a_penalty_forgets_the_truth_however_slowly():
    found = gl.limit(PROBLEM, gl.Plan.window(8, 100, last=3, penalty=1e-3))
    assert found.risk == pytest.approx(PROBLEM.signal, rel=1e-4)
    assert found.half_life > 100


@pytest.mark.slow
def test_what_grows_has_none():
    steady = gl.limit(PROBLEM, gl.Plan.window(8, 150, last=3, noise=0.5))
    assert (steady.stable, steady.radius) == (False, 1.0)
    wild = gl.limit(PROBLEM, gl.Plan.distill(4, 120, mixing=3.5, **REST))
    assert not wild.stable
    assert wild.radius > 2


def test_least_squares_on_edited_labels_add_errors_without_end():
    found = gl.limit(gl.Problem.isotropic(30), gl.Plan.edit(4, 40, edited=0.5, noise=0.5))
    assert (found.stable, found.radius, found.method) == (False, 1.0, "state evolution")


@pytest.mark.slow
def test_ridge_on_edited_labels_forgets_the_truth_if_that_is_seen():
    problem = gl.Problem.power_law(30, capacity=1.2, source=0.5)
    ridge = gl.limit(problem, gl.Plan.edit(4, 40, edited=0.9, penalty=0.5, noise=0.5))
    assert ridge.bias == pytest.approx(problem.signal, rel=1e-3)
    # patterns of rows double with every model: 12 are looked at, and not 32
    with pytest.raises(gl.NoTheoryError, match=r"12 models do not show .*simulate runs"):
        gl.limit(problem, gl.Plan.edit(4, 40, edited=0.5, penalty=0.01, noise=0.5))


def through_filters(rows, first=150):
    """Three repetitions of gradient descent on these rows, after a real generation."""
    how = gl.filters.GradientDescent(steps=20, step=0.5)
    last = gl.Generation(rows, filter=how)
    return gl.Plan([gl.Generation([gl.Source(first, noise=0.5)], filter=how), *3 * [last]])


@pytest.mark.slow
def test_filters_on_rows_labelled_again_settle_where_literal_runs_do():
    again = gl.Source(None, {"kept": 0.5, "previous": 0.5}, 0.3, inputs=0)
    plan = through_filters([again, gl.Source(50, "previous", 0.3)])
    problem = gl.Problem.power_law(60, capacity=1.2, source=0.5)
    found = gl.limit(problem, plan)
    runs = gl.simulate(problem, repetition(plan).unrolled(plan, 12), trials=300)
    assert found.radius < 0.7
    assert found.warnings == ()
    assert abs(runs.risk[-1] - found.risk) < 0.03 * found.risk + 4 * runs.stderr[-1]


@pytest.mark.slow
def test_long_chains_of_filters_in_one_pencil_keep_their_digits():
    # every model is several fits, of which none may leave its rounding to those after it
    problem = gl.Problem.power_law(40, capacity=1.2, source=0.5)
    rows = [gl.Source(None, "kept", inputs=0, weight=2.0), gl.Source(150, "previous", noise=0.3)]
    plan = repetition(through_filters(rows)).unrolled(through_filters(rows), 11)
    risk = gl.predict(problem, plan, method="pencil").risk
    np.testing.assert_allclose(risk[-3:], risk[-4], rtol=1e-3)


@pytest.mark.slow
def test_rows_that_vary_along_other_directions_beside_rows_that_stay():
    problem = gl.Problem.power_law(60, capacity=1.0, source=0.5)
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((60, 60)))[0]
    other = gl.Source(120, "previous", 0.3, covariance=basis * problem.spectrum @ basis.T)
    last = gl.Generation([gl.Source(None, "kept", inputs=0), other], 0.05)
    plan = gl.Plan([gl.Generation([gl.Source(120, noise=0.5)], 0.05), last, last])
    found = gl.limit(problem, plan)
    runs = gl.simulate(problem, repetition(plan).unrolled(plan, 10), trials=200)
    assert found.stable
    assert abs(runs.risk[-1] - found.risk) < 0.03 * found.risk + 4 * runs.stderr[-1]
