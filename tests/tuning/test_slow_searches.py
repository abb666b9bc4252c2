"""Searches whose every try is slow: few tries, and a line before them."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.tuning import duration
from genloss.tuning.schedule import by_knots
from genloss.tuning.search import lowest

PROBLEM = gl.Problem.power_law(20, capacity=1.2, source=0.5)


def test_a_schedule_of_ten_is_found_in_a_hundred_tries():
    size = 10
    best = 6 * np.linspace(-1, 1, size) ** 3 - 4
    curvature = (np.eye(size) + 0.3 * np.eye(size, k=1) + 0.3 * np.eye(size, k=-1)) / (4 * size)
    tried = []

    def scores(logs):
        tried.extend(logs)
        away = logs - best
        return 0.05 * np.exp(np.einsum("ki,ij,kj->k", away, curvature, away))

    place = by_knots(scores, np.full(size, -3.0), -23.0, 5.0)
    assert scores(place[None])[0] < 0.05 * (1 + 1e-3)
    assert len(tried) < 150


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
    assert "about 75 of them" in capsys.readouterr().err
    duration.announce(PROBLEM, gl.Plan.replace(2, 30, noise=0.5), ("schedule",))
    assert capsys.readouterr().err == ""
