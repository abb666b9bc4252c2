"""A forecast says where a chain would explode, as theory of the true problem does."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.outlook.for_ever import explosion
from genloss.outlook.prepare import estimated
from genloss.outlook.sample import Sample
from genloss.outlook.study import Study
from genloss.outlook.theory import Theory


def study(rows: int, dim: int = 20) -> Study:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, dim))
    sample = Sample(X, X @ np.full(dim, 0.2) + 0.5 * rng.standard_normal(rows), None)
    return Study(sample, Theory.of(estimated(sample)), np.random.SeedSequence(0))


def test_factor_and_cures_are_those_of_the_true_problem():
    plan = gl.Plan.mix(4, 28, real=0.1)
    found = explosion(study(800), plan)
    true = gl.limit(gl.Problem(np.append(np.ones(20), 1e5), np.zeros(21)), plan)
    assert found.low <= found.radius <= found.high
    assert found.radius == pytest.approx(true.radius, rel=0.1)
    assert found.penalty == pytest.approx(true.cure, rel=0.1)
    assert found.real == pytest.approx(true.cure_real, abs=1 / 28)
    assert "every time" in found.sentence()
    assert explosion(study(200), plan.with_penalty(2 * found.penalty)) is None
    assert explosion(study(200), gl.Plan.replace(4, 28)) is None


@pytest.mark.slow
def test_forecasts_warn_of_unstable_plans():
    X, y = study(300).sample.X, study(300).sample.y
    told = gl.forecast(X, y, gl.Plan.mix(4, 28, real=0.1), trials=2)
    assert [text for text in told.warnings if text.startswith("unstable: repeated for ever")]
    calm = gl.forecast(X, y, gl.Plan.mix(4, 100, real=0.1, penalty=0.1), trials=2)
    assert not [text for text in calm.warnings if "unstable" in text]
