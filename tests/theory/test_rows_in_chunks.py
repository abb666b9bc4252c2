"""Rows that SGD takes one by one, many at a time: as one by one."""

import numpy as np
import pytest

import genloss as gl
from genloss import filters, keep
from genloss.theory.filters import row_by_row


@pytest.mark.parametrize("dim", [40, 1500])
@pytest.mark.parametrize("rule", [keep.Confident(0.5), keep.Near("real", 0.5), None])
def test_chunks_are_rows_one_by_one(monkeypatch, dim, rule):
    problem = gl.Problem.power_law(dim, capacity=0.8, source=0.5)
    how = filters.SGD(0.2 / problem.spectrum.sum())
    rows = [gl.Source(75, "previous", 0.5, keep=rule), gl.Source(5, noise=0.5, labels="hard")]
    first = gl.Generation([gl.Source(60, noise=0.5)], 0.02, filter=how)
    plan = gl.Plan([first, gl.Generation(rows, 0.02, filter=how)])
    found = gl.predict(problem, plan)
    taken = []

    def one_by_one(state, step, stretch, fit):
        after = row_by_row.row(step, stretch, fit)
        for _ in range(int(stretch.rows)):
            state = after(state)
        taken.append(int(stretch.rows))
        return state

    monkeypatch.setattr(row_by_row, "_whole", one_by_one)
    np.testing.assert_allclose(gl.predict(problem, plan).risk, found.risk, rtol=1e-11)
    np.testing.assert_allclose(gl.predict(problem, plan).bias, found.bias, rtol=1e-11)
    assert sum(taken) > 0
