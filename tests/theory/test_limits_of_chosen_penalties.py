"""Where penalties that are chosen anew lead, also where a model ends at zero."""

from __future__ import annotations

import pytest

import genloss as gl


def test_a_chain_that_forgets_everything_settles_where_its_repetitions_do():
    problem = gl.Problem.power_law(20, capacity=1.5, source=0.5)
    found = gl.limit(problem, gl.Plan.replace(10, 60, noise=0.5, penalty="cv"))
    long = gl.predict(problem, gl.Plan.replace(60, 60, noise=0.5, penalty="cv")).risk
    assert found.stable
    assert found.risk == pytest.approx(long[-1], rel=1e-9)
    assert found.risk == pytest.approx(problem.spectrum @ problem.truth**2, rel=1e-4)
