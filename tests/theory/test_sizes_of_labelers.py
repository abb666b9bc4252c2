"""What labels by a rule owe to how a labeler's size varies: against labelers drawn here, and literal runs."""

import re
from dataclasses import replace

import numpy as np
import pytest

import genloss as gl
from genloss import filters
from genloss.steps import resolve
from genloss.theory.channels.sizes import excess
from genloss.theory.moments import FOR_EVER, Moments

NOISE = 0.5


def through(plan, step, rule="hard"):
    """The same plan, labels of new rows by a rule, every fit by SGD."""

    def rows(source):
        return replace(source, labels=rule) if source.inputs == "new" else source

    return gl.Plan(
        [
            replace(each, filter=filters.SGD(step), sources=tuple(map(rows, each.sources)))
            for each in plan
        ]
    )


def test_labelers_that_vary_a_little_are_known_to_second_order():
    problem = gl.Problem.power_law(60, capacity=1.0, source=0.5)
    s, truth, kept = problem.spectrum, problem.truth, np.linspace(0.9, 0.4, 60)
    spread = 0.05 * s
    last = gl.Generation([gl.Source(300, "previous", NOISE, labels="hard")], 0.1)
    chain = gl.Plan([gl.Generation([gl.Source(300, noise=NOISE)], 0.1), last])
    known = {0: kept[None]}, {(0, 0): spread[None]}
    moments = Moments.of(problem.directions, {0: FOR_EVER}, *known)
    z = np.random.default_rng(0).standard_normal((50_000, 60))
    w = np.concatenate([kept * truth + sign * z * np.sqrt(spread) for sign in (1, -1)])
    size = w**2 @ s
    slope = np.sqrt(2 / np.pi / (np.array([size, np.full_like(size, size.mean())]) + NOISE**2))
    # |c w - w*|**2 but for its last term
    away = slope**2 * size - 2 * slope * (w @ (s * truth))
    lost = away[1] - away[0]
    told = excess(moments, resolve(chain)[1], np.zeros(2))
    assert abs(told - lost.mean()) < 0.15 * told + 4 * lost.std() / lost.size**0.5
    # what a labeler's own error is too large by is handed on
    more = excess(moments, resolve(chain)[1], np.full(2, 0.25))
    assert more == pytest.approx(told + 0.25)


def concentrated(capacity, models=8):
    problem = gl.Problem.power_law(200, capacity=capacity, source=0.5)
    s = problem.spectrum
    plan = gl.Plan.anchored(models, 240, n_real=200, noise=NOISE, penalty=0.02)
    return problem, through(plan, 0.1 / (s.sum() + 2 * s.max()))


def said(warnings):
    """By how many per cent the formula may be too high."""
    found = re.findall(r"too high by (\d+) to (\d+) percent", " ".join(warnings))
    return tuple(map(int, found[0])) if found else (0, 0)


@pytest.mark.parametrize(
    ("capacity", "rule", "told"),
    [(1.5, "hard", True), (0.3, "hard", False), (1.5, "linear", False)],
)
def test_a_prediction_says_where_sizes_vary(capacity, rule, told):
    problem = gl.Problem.power_law(100, capacity=capacity, source=0.5)
    s = problem.spectrum
    chain = gl.Plan.replace(6, 300, noise=NOISE)
    warnings = gl.predict(problem, through(chain, 0.2 / (s.sum() + 2 * s.max()), rule)).warnings
    assert (said(warnings)[1] > 3) is told
    assert not told or not any("3 to 10 percent" in text for text in warnings[1:])


@pytest.mark.slow
@pytest.mark.parametrize("capacity", [0.5, 1.5])
def test_literal_runs_are_as_far_below_as_is_said(capacity):
    problem, plan = concentrated(capacity)
    theory = gl.predict(problem, plan)
    runs = gl.simulate(problem, plan, trials=100, seed=5, method="literal")
    low, high = (1 + share / 100 for share in said(theory.warnings))
    room = 0.03 * runs.risk[-1] + 4 * runs.stderr[-1]
    assert low * runs.risk[-1] - room < theory.risk[-1] < high * runs.risk[-1] + room
