"""Slopes of fits that choose their penalty, or have none, against differences of predictions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plans_with_slopes import (
    CLASSES,
    CLIPPED,
    CLOUDS,
    COLUMNS,
    DIM,
    HUBER,
    JUDGED,
    MATRIX,
    POWER,
    TAILS,
    VECTOR,
    G,
    S,
    assert_slopes,
    fitted,
    stacked,
)

import genloss as gl
from genloss.tuning.slopes import slope_in


def choosing(plan):
    """The plan, all of whose fits but the last choose their penalty."""
    return gl.Plan(
        [replace(g, penalty="cv") for g in plan.generations[:-1]] + [plan.generations[-1]]
    )


CHOSEN = {
    "chosen penalties": (POWER, choosing(stacked()), ("last_penalty", "real", "n_samples")),
    "chosen penalties, covariances": (
        POWER,
        choosing(stacked(VECTOR)),
        ("last_penalty", "real", "weight", "n_samples"),
    ),
    "chosen penalties, tails": (TAILS, choosing(stacked()), ("last_penalty", "real", "n_samples")),
    "chosen penalties, matrices": (
        POWER,
        choosing(stacked(MATRIX)),
        ("last_penalty", "real", "weight", "n_samples"),
    ),
    "chosen penalties, hard classes": (
        POWER,
        choosing(fitted(stacked(), "hard")),
        ("last_penalty", "real", "n_samples"),
    ),
    "chosen penalties, judged rows": (
        POWER,
        choosing(gl.Plan([replace(g, loss="squared") for g in (*JUDGED, JUDGED.generations[1])])),
        ("last_penalty", "n_samples"),
    ),
    "chosen penalties, class means": (CLOUDS, choosing(fitted(CLASSES, "hard")), ("real",)),
    "chosen penalties, several columns": (COLUMNS, choosing(stacked(VECTOR)), ("real", "weight")),
}
ENOUGH = 600.0
"""Spent on real rows, at a tenth of which one that a model labels comes."""
ISOTROPIC = gl.Problem.isotropic(DIM)
ALIKE = gl.Plan(
    [
        G([S(4, noise=0.5), S(3, noise=0.2)]),
        G([S(3, "previous", 0.5), S(2, noise=0.3)]),
        G([S(8, {"real": 0.4, 0: 0.6}, 0.3)]),
    ]
)
TURNED = gl.Plan(
    [
        G([S(30, noise=0.5, covariance=MATRIX)]),
        G([S(20, "previous", noise, covariance=MATRIX) for noise in (0.5, 0.3)]),
        G([S(30, {"real": 0.5, 0: 0.3, 1: 0.2}, 0.5, covariance=MATRIX)]),
    ]
)
STACKED = stacked(rows=3).with_penalty(0.0)
WITHOUT = {
    "least squares": (POWER, gl.Plan.replace(3, 60, noise=0.5), ("n_samples",), ENOUGH),
    "least squares, few rows to spare": (
        POWER,
        gl.Plan.replace(3, 15, noise=0.5),
        ("n_samples",),
        105.0,
    ),
    "least squares, stacked": (POWER, STACKED, ("real", "n_samples", "last_penalty"), ENOUGH),
    "least squares, an intercept": (
        POWER,
        STACKED.with_intercept(),
        ("real", "n_samples"),
        ENOUGH,
    ),
    "least squares, isotropic": (ISOTROPIC, STACKED, ("real",), ENOUGH),
    "least squares, weights": (POWER, stacked(VECTOR).with_penalty(0.0), ("weight",), ENOUGH),
    "least squares, a matrix": (POWER, TURNED, ("real", "n_samples"), ENOUGH),
    "least squares, matrices": (
        POWER,
        stacked(MATRIX, rows=3).with_penalty(0.0),
        ("real", "weight", "n_samples"),
        ENOUGH,
    ),
    "minimum norm": (POWER, gl.Plan.mix(3, 8, real=0.5, noise=0.5), ("real",), ENOUGH),
    "minimum norm, a matrix": (
        POWER,
        gl.Plan([G([S(6, noise=0.5, covariance=MATRIX)]), G([S(4, "previous", 0.5), S(3)])]),
        ("real", "weight"),
        ENOUGH,
    ),
    "minimum norm, isotropic": (ISOTROPIC, ALIKE, ("real",), ENOUGH),
    "minimum norm, isotropic, rows": (ISOTROPIC, ALIKE, ("real", "n_samples"), 55.0),
    "minimum norm, isotropic, an intercept": (
        ISOTROPIC,
        ALIKE.with_intercept(),
        ("real", "n_samples"),
        55.0,
    ),
    "Huber's loss": (POWER, fitted(STACKED, loss=HUBER), ("real", "n_samples"), ENOUGH),
    "clipped labels": (POWER, fitted(STACKED, CLIPPED), ("real", "n_samples"), ENOUGH),
}


@pytest.mark.parametrize(
    "name",
    [
        name if name == "chosen penalties" else pytest.param(name, marks=pytest.mark.slow)
        for name in CHOSEN
    ],
)
def test_slopes_beside_chosen_penalties(name):
    problem, plan, over = CHOSEN[name]
    assert_slopes(problem, plan, over, close=1e-5)  # a choice jumps a little here and there


@pytest.mark.parametrize("name", WITHOUT)
def test_slopes_without_a_penalty(name):
    problem, plan, over, limit = WITHOUT[name]
    box = assert_slopes(problem, plan, over, limit=limit)
    if "n_samples" not in over:
        point = box.start()
        [value] = slope_in(problem, box, "mean")
        risk = gl.predict(problem, box.plan(point)).risk
        assert value(point)[0] == pytest.approx(risk.mean(), rel=1e-6)
