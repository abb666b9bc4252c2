"""Accumulating rows: formulas against `predict` and against runs written here."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.papers import reproduce
from genloss.papers.gerstgrasser import BOUND, POLICIES, PROBLEM


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_formulas_are_predict(policy):
    risk = gl.predict(PROBLEM, policy.plan).risk
    assert [policy.error(n) for n in (1, 2, 37, 100)] == pytest.approx(risk[[0, 1, 36, 99]])


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_formulas_against_runs_that_draw_every_row(policy, rng):
    """Ten directions, 25 rows, four rounds."""
    dim, rows, rounds, runs = 10, 25, 4, 800
    errors = np.empty(runs)
    for run in range(runs):
        model, X, y, first = np.zeros(dim), np.empty((0, dim)), np.empty(0), None
        for _ in range(rounds):
            new = rng.standard_normal((rows, dim))
            first = new if first is None else first
            new = first if "same" in policy.name else new
            told = new @ model + rng.standard_normal(rows)
            keep = "accumulate" in policy.name
            X, y = (np.vstack([X, new]), np.append(y, told)) if keep else (new, told)
            model = np.linalg.lstsq(X, y, rcond=None)[0]
        errors[run] = model @ model
    expected = policy.error(rounds, dim=dim, n_samples=rows)
    assert abs(errors.mean() - expected) < 4 * errors.std(ddof=1) / runs**0.5
    assert errors.std(ddof=1) / runs**0.5 < 0.05 * expected


def test_kept_rows_stay_below_the_bound():
    replace, same, fresh = (policy.error(10_000) for policy in POLICIES)
    assert fresh < same < BOUND < replace
    assert same == pytest.approx(BOUND, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gerstgrasser/statements", "accumulate"])
def test_claims_hold(name):
    drawn = reproduce(name, quick=True)
    assert [claim for claim in drawn.claims if claim.verdict != "holds"] == []
    assert all(claim.stderr > 0 for claim in drawn.claims)
