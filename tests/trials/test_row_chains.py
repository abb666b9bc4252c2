"""Chains on revealed rows go on from model to model, whatever the fits have."""

import numpy as np
import pytest

import genloss as gl
from genloss.steps import resolve
from genloss.trials.revealed.row_chain import RowChain

PROBLEM = gl.Problem.isotropic(12)


@pytest.mark.parametrize(
    ("how", "loss", "intercept"),
    [("linear", "squared", False), ("linear", "squared", True), ("hard", "logistic", False)],
)
def test_a_model_labels_for_the_next_with_and_without_a_constant(how, loss, intercept):
    rows = [gl.Source(40, who, labels=how) for who in ("real", "previous", 0)]
    plan = gl.Plan([gl.Generation([each], 0.1, loss=loss, intercept=intercept) for each in rows])
    chain = RowChain(PROBLEM, resolve(plan), np.random.default_rng(0), 3, 1000)
    shapes = [models.shape for models in chain]
    assert shapes == 3 * [(3, 12 + intercept)]
