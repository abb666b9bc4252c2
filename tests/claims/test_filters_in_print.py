"""One design for eight generations by two routes, in the settings of the derivation."""

import math

import numpy as np
import pytest

import genloss as gl
from genloss.theory import closed

S = np.arange(1, 301) ** -0.8
TRUTH = np.arange(1, 301) ** -0.1
PROBLEM = gl.Problem(S, TRUTH / math.sqrt((S * TRUTH**2).sum()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("penalty", "n"), [(0.05, 600), (0.05, 150), (0.005, 600), (0.001, 150), (1e-4, 250)]
)
def test_one_design_is_what_a_pencil_finds(monkeypatch, penalty, n):
    plan = gl.Plan.same_design(8, n, penalty=penalty, noise=0.5)
    pencil = gl.predict(PROBLEM, plan)
    monkeypatch.setattr(closed, "MOST_BY_PENCIL", 3)
    filters = gl.predict(PROBLEM, plan)
    assert (pencil.method, filters.method) == ("pencil", "state evolution")
    # with 96 nodes the derivation was off by 3e-13, 6e-13, 1e-11, 4e-8 and 3e-6, with 128 by 2e-11 at most
    np.testing.assert_allclose(filters.risk, pencil.risk, rtol=2e-11)
