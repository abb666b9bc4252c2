"""The check on rows held out."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.outlook.check import check
from genloss.outlook.sample import Sample
from genloss.outlook.study import Study


@pytest.mark.slow
def test_few_rows_a_model_are_measured_as_well_as_many():
    """Five rows make chains that differ by half; a split runs several, and seeds come to agree."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 5))
    sample = Sample(X, X @ np.ones(5) + rng.standard_normal(300), None)
    plan = gl.Plan.replace(3, 5, penalty=0.3)
    found = [
        check(Study(sample, None, np.random.SeedSequence(seed)), plan, np.full((3, 1), 0.3), 5)
        for seed in range(6)
    ]
    levels = np.array([[c.runs.mean(axis=0)[0], c.predicted[0]] for c in found])
    assert (levels.std(axis=0) / levels.mean(axis=0) < 0.12).all()
    assert all(c.sizes["pool"] == 120 for c in found)  # half of the rows left, for 8 chains
