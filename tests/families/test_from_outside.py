"""A loss, a rule for labels and a rule that keeps rows, all from this file: nothing else is edited."""

from dataclasses import dataclass

import numpy as np
import pytest

import genloss as gl
from genloss.file_schema import file_schema
from genloss.keep import Keep
from genloss.labels import Label
from genloss.losses import Loss


@dataclass(frozen=True)
class LogCosh(Loss):
    """``log cosh(y - z)``: squared near zero, straight far from it."""

    residual = True

    def value(self, y, z):
        r = np.abs(np.subtract(y, z))
        return r + np.log1p(np.exp(-2 * r)) - np.log(2)

    def slope(self, y, z):
        return np.tanh(np.subtract(z, y))

    def curvature(self, y, z):
        return 1 - np.tanh(np.subtract(z, y)) ** 2


@dataclass(frozen=True)
class Flipped(Label):
    """The class by sign, the other one with some chance."""

    chance: float
    makes = "classes"

    def law(self, h):
        sign = np.where(h > 0, 1.0, -1.0)
        ones = np.ones_like(h)
        return np.stack([sign, -sign]), np.stack([(1 - self.chance) * ones, self.chance * ones])

    def breaks(self, low, high):
        return np.zeros(1 if low < 0 < high else 0)


@dataclass(frozen=True)
class Unsure(Keep):
    """Kept where the labeler is unsure: what active learning asks for."""

    threshold: float
    labeler: object = None

    def intervals(self, labels):
        limit = np.full(np.shape(labels), self.threshold)
        return ((-limit, limit),)


def plan():
    return gl.Plan(
        [
            gl.Generation([gl.Source(500, labels=Flipped(0.1))], 5e-3, loss=LogCosh()),
            gl.Generation(
                [gl.Source(700, "previous", labels=Flipped(0.2), keep=Unsure(0.5))],
                5e-3,
                loss="log_cosh",
            ),
        ]
    )


def test_members_from_outside_are_predicted_simulated_and_written():
    problem = gl.Problem(np.linspace(0.5, 1.5, 100) / 100, np.full(100, 1.5))
    theory = gl.predict(problem, plan())
    trials = gl.simulate(problem, plan(), trials=32, method="literal")
    assert np.all(
        np.abs(theory.error - trials.error) < 0.03 * trials.error + 4 * trials.error_stderr
    )
    assert theory.accepted == pytest.approx(trials.accepted, rel=0.03)
    assert gl.Plan.from_dict(plan().to_dict()) == plan()
    assert "log_cosh" in str(file_schema()["$defs"]["generation"])


def test_they_are_literal_fits_of_that_loss():
    from genloss.trials.convex import minimise

    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 10)), rng.standard_normal(60)
    w = minimise(X, y, np.ones(60), LogCosh(), 0.3)
    assert X.T @ np.tanh(X @ w - y) + 0.3 * w == pytest.approx(np.zeros(10), abs=1e-5)
