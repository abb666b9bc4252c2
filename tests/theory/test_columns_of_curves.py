"""Theory and simulation say the same columns of a curve: what has a meaning for both, and no more."""

import numpy as np
import pytest

import genloss as gl
from genloss import Generation, Source, scores

RNG = np.random.default_rng(0)
ONE = gl.Problem(np.ones(20), RNG.standard_normal(20))
CLOUDS = gl.Problem(np.ones(20), means=RNG.standard_normal(20) / 3)
SEVERAL = gl.Problem(np.ones(20), RNG.standard_normal((20, 3)))
FIVE = gl.Problem(np.ones(20), means=RNG.standard_normal((20, 5)) / 3)
KNOWN = {"norm"}
CLASSES = KNOWN | {"error", "disagreement"}
CHANCES = CLASSES | {"log_loss", "brier"}


def plan(loss="squared", labels="hard", **rows):
    first = Generation([Source(90, labels=labels)], 0.1, loss=loss)
    return gl.Plan(
        [first, Generation([Source(90, "previous", labels=labels, **rows)], 0.1, loss=loss)]
    )


SURE = {"keep": gl.keep.Confident(0.1)}


@pytest.mark.parametrize(
    ("problem", "made", "columns"),
    [
        (ONE, plan(), CLASSES),
        (ONE, plan("logistic"), CHANCES),
        (ONE, plan("logistic", "soft", **SURE), CHANCES | {"accepted"}),
        (ONE, plan(gl.losses.Huber(0.5), "linear"), KNOWN),
        (ONE, plan("squared", "linear", **SURE), KNOWN | {"accepted"}),
        (CLOUDS, plan(), CLASSES),
        (CLOUDS, plan("logistic", **SURE), CHANCES | {"accepted"}),
        (CLOUDS, plan("squared", "linear"), KNOWN),
        (SEVERAL, plan(**SURE), CLASSES | {"accepted"}),
        (SEVERAL, plan("squared", "linear"), KNOWN),
        (FIVE, plan("squared", "soft"), CLASSES),
    ],
)  # fmt: skip
def test_theory_and_simulation_say_the_same_columns(problem, made, columns):
    for curve in (gl.predict(problem, made), gl.simulate(problem, made, trials=2, workers=1)):
        assert {name for name in scores.NAMES if getattr(curve, name) is not None} == columns
