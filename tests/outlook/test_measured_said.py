"""Which way to train is called the best, and what it cannot be told from."""

from __future__ import annotations

import numpy as np

import genloss as gl
from genloss.outlook.measured.result import Way
from genloss.outlook.measured.sentences import _gained

FIRST = 0.04


def way(name, last, half, *, rows=50):
    """Errors of two models; the second's change is known to ``half``, its level much less."""
    error = np.array([FIRST, last])
    growth = error / FIRST
    change, wide = error - FIRST, np.array([0, half])
    return Way(
        name,
        rows,
        0.1,
        error,
        0.3 * error,
        3 * error,
        growth,
        growth,
        growth,
        plan=gl.Plan.replace(2, rows),
        change=change,
        change_low=change - wide,
        change_high=change + wide,
        scores={},
    )


def said(*others):
    return _gained(way("hard labels", 0.17, 0.02), list(others), 1, classes=True)


def test_ways_within_each_others_intervals_are_not_ranked():
    real, kept = way("30 % real rows", 0.039, 0.01), way("real rows kept", 0.049, 0.01)
    soft = way("soft labels", 0.10, 0.01)
    best, free = said(soft, kept, real)
    assert best == (
        "Best of these: 30 % new real rows in every generation, with 13 points less error in model 1; it "
        "cannot be told from the first real rows kept beside the new ones."
    )
    assert free == (
        "Best without new real labels: the first real rows kept beside the new ones, with 12 points less "
        "error in model 1."
    )


def test_what_is_apart_is_ranked_and_nothing_is_said_of_noise():
    best, free = said(way("real rows kept", 0.16, 0.01), way("30 % real rows", 0.039, 0.01))
    assert "cannot be told" not in best
    assert free == "Without new real labels, none of these clearly has less error than the plan."
    assert said(way("real rows kept", 0.15, 0.01)) == []
    assert len(said(way("real rows kept", 0.05, 0.01), way("soft labels", 0.1, 0.01))) == 1


def test_levels_count_where_the_first_models_are_not_the_same():
    assert said(way("soft labels", 0.05, 0.001, rows=40)) == []


def test_a_copy_of_the_classes_among_the_columns_is_noticed():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 2))
    y = X[:, 0] + rng.normal(size=90) > 0
    copied = gl.forecast(np.column_stack([X, y]), y, generations=2, trials=2)
    assert any("is a copy of it among them?" in text for text in copied.warnings)
    honest = gl.forecast(X, y, generations=2, trials=2)
    assert not any("copy" in text for text in honest.warnings)
