"""Scores of classifiers from three numbers, against very many rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

import genloss as gl
from genloss import labels, scores
from genloss.steps import resolve


@settings(max_examples=10, deadline=None)
@given(
    inner=st.floats(-0.9, 0.99), square=st.floats(0.01, 9), truth=st.floats(0.1, 9),
    noise=st.floats(0, 2), sampled=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_scores_are_means_over_rows(inner, square, truth, noise, sampled, seed):
    inner = inner * np.sqrt(square * truth)
    rng = np.random.default_rng(seed)
    h = np.sqrt(truth) * rng.standard_normal(400_000)
    rest = square - inner**2 / truth
    z = inner / truth * h + np.sqrt(rest) * rng.standard_normal(h.size)
    rule = labels.Sampled() if sampled else labels.Hard()
    y = rule.draw(h + noise * rng.standard_normal(h.size), rng)
    numbers = np.array([inner]), np.array([square]), truth
    weights, widths = rule.noises()
    seen = weights, np.hypot(widths, noise)
    assert scores.error(*numbers)[0] == pytest.approx(np.mean(z * h < 0), abs=0.004)
    loss = np.logaddexp(0, -y * z)
    assert scores.log_loss(*numbers, seen)[0] == pytest.approx(
        loss.mean(), abs=5 * loss.std() / 630
    )
    square_error = (expit(z) - (y > 0)) ** 2
    assert scores.brier(*numbers, seen)[0] == pytest.approx(square_error.mean(), abs=0.004)


@settings(max_examples=5, deadline=None)
@given(
    middle=st.floats(-1, 4), square=st.floats(0.01, 9), tilt=st.floats(-0.9, 0.99),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_scores_of_clouds_are_means_over_rows(middle, square, tilt, seed):
    rng = np.random.default_rng(seed)
    one, other = rng.standard_normal((2, 400_000))
    first, z = 0.7 + one, middle + np.sqrt(square) * (tilt * one + np.sqrt(1 - tilt**2) * other)
    source = gl.Source(9, labels="hard")
    steps = resolve(gl.Plan([gl.Generation([source], 0.1, loss="logistic")] * 2))
    numbers = (np.array(pair) for pair in ((0.7, middle), (1, square), (1, tilt * square**0.5)))
    found = scores.of_clouds(steps, *numbers, np.ones(2))
    assert found["error"][1] == pytest.approx(np.mean(z < 0), abs=0.004)
    assert found["disagreement"][1] == pytest.approx(np.mean(z * first < 0), abs=0.004)
    loss = np.logaddexp(0, -z)
    assert found["log_loss"][1] == pytest.approx(loss.mean(), abs=5 * loss.std() / 630)
    assert found["brier"][1] == pytest.approx(np.mean(expit(-z) ** 2), abs=0.004)
