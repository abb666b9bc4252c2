"""Where sequences lead, direction by direction, and how few models and directions will do for it."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.theory.forever import extrapolated, leads
from genloss.theory.forever.limit import solved
from genloss.theory.forever.repeating import repetition
from genloss.theory.predict import in_any_units

PROBLEM = gl.Problem.power_law(100, capacity=1.2, source=0.5)


def test_sums_of_two_geometric_sequences_lead_where_they_do():
    t = np.arange(11.0)[:, None]
    values = np.hstack([3 + 0.9**t - 0.5**t, 1 + 0.99**t, np.full_like(t, 2.0)])
    ends, away = leads.settled(leads.wynn(values))
    np.testing.assert_allclose(ends, [3, 1, 2], atol=1e-6)
    assert (away < 1e-6).all()
    assert away[2] == 0


def test_the_pace_of_the_edge_of_a_continuum():
    t = np.arange(1.0, 15.0)
    assert leads.pace(0.9**t) == pytest.approx(0.9)
    edge = 0.9**t * t**-1.5
    assert abs(leads.pace(edge) - 0.9) < 0.01 < abs(edge[-1] / edge[-2] - 0.9)


def anchored(n, penalty):
    return gl.Plan.anchored(4, n, n_real=40, penalty=penalty, noise=0.5)


def window(n, penalty):
    return gl.Plan.window(4, n, last=2, penalty=penalty, noise=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("made", [anchored, window])
@pytest.mark.parametrize(("n", "penalty"), [(110, 0.003), (110, 0.3), (250, 0.01)])
def test_few_models_and_directions_do_within_what_is_asked(made, n, penalty):
    plan = made(n, penalty)
    near, exact = (solved(PROBLEM, plan, cured=False, within=tol) for tol in (0.01, None))
    assert near.risk == pytest.approx(exact.risk, rel=2e-3)
    assert near.bias == pytest.approx(exact.bias, rel=5e-3)
    assert near.radius == pytest.approx(exact.radius, abs=0.03)


def test_few_nodes_stand_for_directions():
    thin = PROBLEM.directions.thinned(0.5)
    assert thin.eigenvalues.size < 50
    for kappa in (0.003, 0.1, 3.0):
        for power in (1, 2):
            for weight in ("multiplicity", "energy"):
                one, other = (
                    (getattr(s, weight) * (s.eigenvalues / (s.eigenvalues + kappa)) ** power).sum()
                    for s in (thin, PROBLEM.directions)
                )
                assert one == pytest.approx(other, rel=1e-4)


def test_directions_stay_where_plans_write_them_out():
    own = gl.Source(120, "previous", 0.3, covariance=np.linspace(0.5, 1.5, 100))
    last = gl.Generation([gl.Source(None, "kept", inputs=0), own], 0.05)
    plan = gl.Plan([gl.Generation([gl.Source(120, noise=0.5)], 0.05), last, last])
    assert extrapolated._thin(PROBLEM, plan) is PROBLEM
    assert extrapolated._thin(PROBLEM, anchored(120, 0.1)) is not PROBLEM


@pytest.mark.slow
def test_windows_that_forget_slowly_end_where_literal_runs_do():
    """Most of the way is left after 32 models: every direction by itself shows where it leads."""
    plan = window(150, 0.05)
    found = gl.limit(PROBLEM, plan)
    seen = repetition(plan)
    first = gl.predict(PROBLEM, seen.unrolled(plan, 11)).risk[-1]
    assert found.risk > 1.5 * first
    assert found.warnings == ()
    runs = gl.simulate(PROBLEM, seen.unrolled(plan, 160), trials=30)
    assert abs(runs.risk[-1] - found.risk) < 0.03 * found.risk + 4 * runs.stderr[-1]
    assert runs.stderr[-1] < 0.05 * found.risk


@pytest.mark.slow
@pytest.mark.parametrize("block", [3, 8])
def test_rounds_of_several_generations_end_where_single_ones_do(block):
    problem = gl.Problem.power_law(20, capacity=1.2, source=0.5)
    plan = gl.Plan.anchored(25, 40, n_real=30, penalty=0.1, noise=0.5)
    one, round_ = (gl.limit(problem, plan, block=length) for length in (1, block))
    assert round_.risk == pytest.approx(one.risk, rel=1e-4)
    assert round_.radius == pytest.approx(one.radius**block, abs=0.05)


@pytest.mark.slow
def test_how_fast_variances_settle_is_read_off_them_where_means_do_not_move():
    """Without a penalty mean models are the truth from the start: their moves are rounding."""
    rows = [gl.Source(None, {"real": 0.2, "previous": 0.8}, 0.3, inputs=0)]
    rows += [gl.Source(48, "previous", 0.3, weight=2.0)]
    problem = gl.Problem.isotropic(30)
    plan = gl.Plan([gl.Generation([gl.Source(48, noise=0.3)]), *4 * [gl.Generation(rows)]])
    found = gl.limit(problem, plan)
    [long] = in_any_units(problem, [repetition(plan).unrolled(plan, 60)], "long")
    moves = np.diff(long.risk)
    growth = moves[1:] / moves[:-1]
    assert leads.pace(moves) == pytest.approx(found.radius, abs=0.01)
    assert growth[28] + 0.01 < growth[-1] < found.radius < 1  # it goes on to slow down
