"""Problems, plans, and the comparison of their slopes with differences of predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import genloss as gl
from genloss.tuning.layout import Layout
from genloss.tuning.prices import Prices
from genloss.tuning.slopes import slope_in
from genloss.tuning.space import Space

S, G = gl.Source, gl.Generation
DIM = 12
RNG = np.random.default_rng(0)
POWER = gl.Problem.power_law(DIM, capacity=1.2, source=0.5)
TAILS = replace(POWER, tails=(0.25, 0.75, 2.0))
COLUMNS = gl.Problem(POWER.spectrum, RNG.standard_normal((DIM, 3)))
TURN = np.linalg.qr(RNG.standard_normal((DIM, DIM)))[0]
MATRIX = TURN * POWER.spectrum @ TURN.T
VECTOR = tuple((POWER.spectrum * np.exp(0.3 * RNG.standard_normal(DIM))).tolist())
TEACHER = gl.External(bias=0.05, variance=0.01)
OTHER = gl.External(bias=-0.2)


def stacked(covariance=None, rows=1):
    """Real rows beside those that a model labels, of a covariance."""
    made = S(20 * rows, "previous", 0.5, covariance=covariance)
    return gl.Plan(
        [
            G([S(20 * rows, noise=0.5, covariance=covariance)], 0.1),
            G([S(10 * rows, noise=0.4), made], 0.2),
            G(
                [S(8 * rows, {"real": 0.4, 0: 0.6}, 0.3)] if covariance is None else [S(8), made],
                0.1,
            ),
        ]
    )


def fitted(plan, labels="linear", **more):
    """The plan with another loss, another kind of labels."""
    return gl.Plan(
        [
            replace(g, sources=tuple(replace(s, labels=labels) for s in g.sources), **more)
            for g in plan
        ]
    )


ROUNDS = {"kind": "iterated_ridge", "rounds": 2}
PASS = {"kind": "sgd", "step": 0.05}
CLIPPED = {"kind": "clipped", "low": -1.0, "high": 1.0}
HUBER = {"kind": "huber", "delta": 1.0}
JUDGED = gl.Plan(
    [
        G([S(30, noise=0.5, labels="hard")], 0.1, loss="logistic"),
        G(
            [S(40, "previous", 0.3, labels="hard", keep={"kind": "agrees", "labeler": "real"})],
            0.1,
            loss="logistic",
        ),
    ]
)
CLASSES = gl.Plan.mix(2, 30, real=0.3, penalty=0.1, noise=0.5)
CLOUDS = gl.Problem(POWER.spectrum, means=0.7 * POWER.spectrum * POWER.truth)


def space(plan, over, limit=30.0):
    prices = Prices(1.0, 0.1) if "n_samples" in over else None
    return Space(Layout(plan, "real" in over), over, np.log([1e-2, 1.0]), prices, limit)


def assert_slopes(problem, plan, over, close=1e-6, limit=30.0):
    box = space(plan, over, limit)
    [value] = slope_in(problem, box, "mean")
    point = box.low + (box.high - box.low) * np.linspace(0.4, 0.6, box.size)
    along = np.random.default_rng(1).standard_normal(box.size)  # has to do with all of them
    far, near = (value(point + by * along)[0] - value(point - by * along)[0] for by in (2e-3, 1e-3))
    assert value(point)[0] < 1e6  # is found
    assert value(point)[1] @ along == pytest.approx((8 * near - far) / 12e-3, rel=close)
    return box
