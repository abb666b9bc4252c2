"""Searches whose every try is slow: few tries, and a line before them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import genloss as gl
from genloss.tuning import duration
from genloss.tuning.schedule import slowly
from genloss.tuning.search import lowest
from genloss.tuning.slopes import slope_of

PROBLEM = gl.Problem.power_law(20, capacity=1.2, source=0.5)


@pytest.mark.parametrize(("known", "most", "above"), [(False, 150, 1e-3), (True, 40, 1e-6)])
def test_a_schedule_of_ten_is_found_in_a_hundred_tries(known, most, above):
    size = 10
    best = 6 * np.linspace(-1, 1, size) ** 3 - 4
    curvature = (np.eye(size) + 0.3 * np.eye(size, k=1) + 0.3 * np.eye(size, k=-1)) / (4 * size)
    tried = []

    def scores(logs):
        tried.extend(logs)
        away = logs - best
        return 0.05 * np.exp(np.einsum("ki,ij,kj->k", away, curvature, away))

    def slopes(logs):
        value = scores(logs[None])[0]
        return value, 2 * value * curvature @ (logs - best)

    place = slowly(scores, [slopes] if known else [], np.full(size, -3.0), -23.0, 5.0)
    assert scores(place[None])[0] < 0.05 * (1 + above)
    assert len(tried) < most


SHARED = {
    "accumulate": partial(gl.Plan.accumulate, 3, 30, design="fresh"),
    "subsample": partial(gl.Plan.subsample, 3, 30, design="fresh"),
    "anchored": partial(gl.Plan.anchored, 3, 15, n_real=12),
    "window": partial(gl.Plan.window, 4, 15, last=2),
    "distill": partial(gl.Plan.distill, 3, 15, mixing=0.6),
    "one design": partial(gl.Plan.same_design, 3, 30),
    "accumulate, one design": partial(gl.Plan.accumulate, 3, 30, design="same"),
    "mixed labels, one design": partial(gl.Plan.mix_labels, 3, 30, real=0.4, design="same"),
    "ppi": partial(gl.Plan.ppi, 3, 60, n_real=30),
    "shared features": lambda **more: gl.Plan.replace(3, 30, **more).with_features(12, shared=True),
    "own features": lambda **more: gl.Plan.replace(3, 30, **more).with_features(12, shared=False),
    "new rows, then old ones": lambda **more: gl.Plan(
        [
            *gl.Plan.replace(2, 40, **more).generations,
            *gl.Plan.same_design(2, 30, **more).generations[:1],
            gl.Generation([gl.Source(None, "kept", inputs=2), gl.Source(15, "previous", 0.5)], 1.0),
        ]
    ),
}


@pytest.mark.parametrize(
    "name", ["accumulate", "anchored", *(pytest.param(n, marks=pytest.mark.slow) for n in SHARED)]
)
def test_slopes_where_models_share_rows_are_those_of_predictions(name):
    plan = SHARED[name](noise=0.5, penalty=1.0)
    [slope] = slope_of(PROBLEM, plan, "mean")
    logs = np.log(np.geomspace(0.01, 0.2, plan.n_models))
    step = 1e-4 * np.eye(plan.n_models)
    moved = [plan.with_penalty(np.exp(each)) for each in (logs, *(logs + step), *(logs - step))]
    value, *others = (curve.risk.mean() for curve in gl.predict(PROBLEM, moved))
    up, down = np.split(np.array(others), 2)
    found = slope(logs)
    np.testing.assert_allclose(found[0], value, rtol=1e-9)
    np.testing.assert_allclose(found[1], (up - down) / 2e-4, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("lowest_at", [-8.9, -2.3, 0.0, 6.1, 9.97])
def test_a_grid_in_strides_finds_what_the_whole_one_finds(lowest_at):
    grid, tried = np.linspace(-10, 10, 41), []

    def values(x):
        tried.extend(x)
        return np.tanh((x - lowest_at) ** 2 / 30)

    whole = lowest(values, grid, tolerance=1e-3)
    all_tries = len(tried)
    assert lowest(values, grid, tolerance=1e-3, stride=4) == whole
    assert len(tried) - all_tries < 0.7 * all_tries


def test_found_has_every_penalty_of_a_schedule():
    found = gl.tune(PROBLEM, gl.Plan.replace(3, 30, noise=0.5), over="schedule")
    assert found.found == {"schedule": tuple(found.plan.penalty.tolist())}
    assert len(found.found["schedule"]) == 3


def test_only_long_searches_are_announced(monkeypatch, capsys):
    shared = gl.Plan.accumulate(2, 30, design="fresh", noise=0.5)
    monkeypatch.setattr(duration, "_LONG", np.inf)
    duration.announce(PROBLEM, shared, ("schedule",))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(duration, "_LONG", 0.0)
    duration.announce(PROBLEM, shared, ("schedule",))
    assert "about 50 of them" in capsys.readouterr().err
    duration.announce(PROBLEM, gl.Plan.replace(2, 30, noise=0.5), ("schedule",))
    assert capsys.readouterr().err == ""
