"""What is reported of classes, in print: from three numbers of a model, and how good a mixture it is made of."""

import numpy as np
import pytest
from scipy.optimize import brentq

import genloss as gl
from genloss import losses, scores
from genloss.labels import Sampled
from genloss.labels.sampled import _mixture

# a logistic model fitted to rows that the one before was sure of, after two rounds: what theory said, and what
# 200 literal runs found, with standard errors. The truth has w*'Sigma w* = 6.25
THEORY = {"sampled": 0.3041, "log loss": 0.5749, "brier": 0.1963, "risk": 3.048 + 0.354}
RUNS = {
    "sampled": (0.3025, 0.0006),
    "log loss": (0.5736, 0.0007),
    "brier": (0.1957, 0.0003),
    "risk": (3.040 + 0.345, 0.02),
}
TRUTH, ERROR, CONFIDENCE = 6.25, 0.2526, 0.7099


def test_scores_follow_from_the_error_and_the_mean_confidence():
    shares, spreads = noise = Sampled().noises()

    def confidence(square):
        return 0.5 + shares @ np.arctan(np.sqrt(square) / spreads) / np.pi

    square = brentq(lambda q: confidence(q) - CONFIDENCE, 0.01, 50)
    inner = np.cos(np.pi * ERROR) * np.sqrt(square * TRUTH)
    numbers = np.array([inner]), np.array([square]), TRUTH
    cosines = inner / np.sqrt(square * (TRUTH + spreads**2))
    found = {
        "sampled": shares @ np.arccos(cosines) / np.pi,
        "log loss": scores.log_loss(*numbers, noise)[0],
        "brier": scores.brier(*numbers, noise)[0],
        "risk": TRUTH - 2 * inner + square,
    }
    assert scores.error(*numbers)[0] == pytest.approx(ERROR, abs=1e-12)
    for name, value in found.items():
        assert value == pytest.approx(THEORY[name], abs=2e-4 if name != "risk" else 5e-3)
        mean, stderr = RUNS[name]
        assert abs(value - mean) < 0.02 * mean + 4 * stderr


@pytest.mark.parametrize(("nodes", "printed"), [(8, 8e-7), (12, 2e-8), (14, 4e-9), (18, 2e-10)])
def test_the_logistic_curve_is_so_many_normal_ones(nodes, printed):
    from scipy.special import expit, ndtr

    x = np.linspace(-30, 30, 20_001)
    weights, widths = _mixture(nodes)
    off = np.abs(ndtr(x[:, None] / widths) @ weights - expit(x)).max()
    assert 0.5 * printed < off < 1.6 * printed


def test_norms_of_chains_without_a_penalty_are_as_their_runs_found():
    """Medians of forty runs of a hundred directions; late ones spread, and the last is of those that did not end."""
    later = [gl.Source(1000, "previous", labels="sampled")]
    first = gl.Generation([gl.Source(1000, labels="sampled")], loss="logistic")
    plan = gl.Plan([first, *5 * [gl.Generation(later, loss="logistic")]])
    norms = gl.predict(gl.Problem.isotropic(100, signal=4.0), plan).norm
    np.testing.assert_allclose(norms[:5], [2.48, 3.18, 4.06, 5.25, 8.00], rtol=0.05)


@pytest.mark.parametrize("loss", [losses.Huber(0.7), losses.Absolute()], ids=str)
def test_robust_chains_without_a_penalty_lose_the_same_every_round(loss):
    """``risk_t = t r^2``: what a fit adds does not depend on its labeler."""
    plan = gl.Plan.replace(5, 600, noise=0.8)
    rows = [gl.Generation(each.sources, loss=loss) for each in plan]
    risk = gl.predict(gl.Problem.power_law(150, capacity=1.2, source=0.5), gl.Plan(rows)).risk
    np.testing.assert_allclose(risk, risk[0] * np.arange(1, 6), rtol=1e-6)
