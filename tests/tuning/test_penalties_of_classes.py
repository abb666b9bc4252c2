"""Penalties of plans that theory does not know everywhere, and of classes, of which risks tell half."""

from __future__ import annotations

import pytest

import genloss as gl
from genloss.tuning import penalties

PROBLEM = gl.Problem.isotropic(20)


@pytest.mark.parametrize("known", [0.01, None])
def test_penalties_that_no_theory_knows_are_passed_over(monkeypatch, known):
    plan = gl.Plan.replace(2, 60, noise=0.5)
    best = gl.tune(PROBLEM, plan, penalties=(0.02, 10.0))

    def some(problem, plans):
        listed = plans if isinstance(plans, list) else [plans]
        if any(0 < each.penalty[0] < (known or float("inf")) for each in listed):
            raise gl.NoTheoryError("too small")
        return gl.predict(problem, plans)

    def none(*_):
        raise gl.NoTheoryError("some")

    monkeypatch.setattr(penalties, "predict", some)
    monkeypatch.setattr(penalties, "risks", lambda *_: none)
    if known is None:
        with pytest.raises(gl.NoTheoryError, match="too small"):
            gl.tune(PROBLEM, plan, penalties=(1e-4, 10.0))
    else:
        found = gl.tune(PROBLEM, plan, penalties=(1e-4, 10.0))
        assert found.value == pytest.approx(best.value, rel=1e-6)


@pytest.mark.slow
def test_a_lower_risk_with_more_wrong_classes_is_told():
    plan = gl.Plan.self_train(2, 60, n_real=30, loss="squared", labels="hard", penalty=0.3)
    told = gl.tune(PROBLEM, plan, penalties=(0.1, 0.5))
    assert told.value < told.value_before
    assert told.curve.error[-1] > told.before.error[-1]
    assert "19.8 % wrong classes, 19.5 % before" in told.warnings[0]
    assert gl.tune(PROBLEM, plan.with_penalty(0.1), penalties=(0.1, 0.5)).warnings == ()
