"""Which routes `tune` searches by slopes, and these slopes against differences of predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plans_with_slopes import (
    CLASSES,
    CLIPPED,
    CLOUDS,
    COLUMNS,
    HUBER,
    JUDGED,
    MATRIX,
    OTHER,
    PASS,
    POWER,
    ROUNDS,
    TAILS,
    TEACHER,
    VECTOR,
    G,
    S,
    assert_slopes,
    fitted,
    space,
    stacked,
)

import genloss as gl
from genloss.steps import resolve
from genloss.tuning.slopes import slope_in, slope_of, way_of

SHOWN = gl.Plan(
    [
        G([S(30, noise=0.5, labels="hard")], 0.1),
        *[G([S(20, noise=0.5, labels="hard"), *JUDGED.generations[1].sources], 0.1)] * 2,
    ]
)
REUSED = gl.Plan(
    [
        G([S(20, noise=0.5), S(9, TEACHER, 0.2)], 0.1),
        G([S(10, "previous", 0.5), S(8, noise=0.3), S(None, 0, 0.4, inputs=0)], 0.2),
        G([S(9, "previous", 0.5), S(None, {"kept": 0.5, 1: 0.5}, 0.4, inputs=0)], 0.1),
    ]
)
QUICK = {
    "one design, an intercept",
    "pooled",
    "pooled, hard classes",
    "hard classes",
    "judged rows",
    "judged rows, one pass",
    "filters on one design",
    "filters on one design, an intercept",
    "filters on one design, several labelers",
    "one pass",
    "one pass, tails",
    "one pass, matrices",
}  # of those whose models have no closed formula
MIXED = gl.Plan(
    [
        G([S(30, noise=0.5)]),
        G([S(40, {"previous": 0.7, "real": 0.3}, 0.4)]),
        G([S(40, {"previous": 0.3, 0: 0.3, "real": 0.4}, 0.4)]),
    ]
)
RULED = gl.Plan(
    [
        G([S(20, noise=0.5, labels="hard")]),
        G(
            [
                S(10, "previous", 0.5, labels="hard"),
                S(8, noise=0.3, labels="hard"),
                S(None, 0, 0.4, inputs=0),
            ]
        ),
        G(
            [
                S(9, ((1, 0.6), ("real", 0.3), (TEACHER, 0.1)), 0.5, labels=CLIPPED),
                S(None, {"kept": 0.5, 1: 0.5}, 0.4, inputs=0),
            ]
        ),
    ]
)
LABELLED_ANEW = gl.Plan(
    [
        G([S(20, noise=0.5)]),
        G([S(None, "previous", 0.5, inputs=0)]),
        G([S(None, {0: 0.5, 1: 0.3, "real": 0.2}, 0.4, inputs=0)]),
        G([S(None, ((TEACHER, 0.5), (2, 0.3), (0, 0.2)), 0.4, inputs=0)]),
    ]
)
SOME = ("penalty", "last_penalty", "real", "n_samples")
ALL = ("schedule", "real", "weight", "n_samples")

ROUTES = {
    "chain": (POWER, gl.Plan.replace(3, 20, noise=0.5), "recursion", SOME),
    "stacked": (POWER, stacked(), "recursion", SOME),
    "covariances": (POWER, stacked(VECTOR), "recursion", ALL),
    "an intercept": (
        POWER,
        gl.Plan.replace(3, 20, noise=0.5).with_intercept(),
        "recursion",
        SOME,
    ),
    "an intercept, stacked": (POWER, stacked().with_intercept(), "recursion", ALL),
    "an intercept, covariances": (POWER, stacked(VECTOR).with_intercept(), "recursion", ALL),
    "tails": (TAILS, stacked(VECTOR), "recursion", ALL),
    "matrices": (POWER, stacked(MATRIX), "recursion", ALL),
    "tails and matrices": (TAILS, stacked(MATRIX), "recursion", ALL),
    "from outside": (
        POWER,
        gl.Plan([G([S(20, TEACHER, 0.5), S(9)], 0.1), G([S(9, "previous"), S(9, TEACHER)], 0.1)]),
        "recursion",
        ("schedule", "n_samples"),
    ),
    "Huber's loss": (POWER, fitted(stacked(), loss=HUBER), "recursion", SOME),
    "Huber's loss, covariances": (POWER, fitted(stacked(VECTOR), loss=HUBER), "recursion", ALL),
    "hard classes": (POWER, fitted(stacked(), "hard", loss="logistic"), "recursion", SOME),
    "soft classes": (POWER, fitted(stacked(), "soft", loss="logistic"), "recursion", SOME),
    "clipped labels": (
        POWER,
        fitted(stacked(), CLIPPED),
        "recursion",
        SOME,
    ),
    "a filter": (
        POWER,
        fitted(stacked(), filter=ROUNDS),
        "recursion",
        SOME,
    ),
    "a filter, a compressed spectrum": (
        gl.Problem.power_law(30_000, capacity=1.2, source=0.5),
        fitted(stacked(), filter=ROUNDS),
        "recursion",
        SOME,
    ),
    "a filter, covariances": (POWER, fitted(stacked(VECTOR), filter=ROUNDS), "recursion", ALL),
    "a filter, a weight": (POWER, fitted(stacked(), filter=ROUNDS), "recursion", ("weight",)),
    "a filter, tails": (TAILS, fitted(stacked(), filter=ROUNDS), "recursion", SOME),
    "a filter, clipped": (POWER, fitted(stacked(), CLIPPED, filter=ROUNDS), "recursion", SOME),
    "a filter, covariances, clipped": (
        POWER,
        fitted(stacked(VECTOR), CLIPPED, filter=ROUNDS),
        "recursion",
        ("schedule", "n_samples"),
    ),
    "one pass": (
        POWER,
        fitted(gl.Plan.replace(3, 70, penalty=0.1, noise=0.5), filter=PASS),
        "recursion",
        ("schedule", "n_samples"),
    ),
    "one pass, sources in turn": (
        POWER,
        fitted(stacked(VECTOR), filter=PASS),
        "recursion",
        ("schedule", "real", "weight", "n_samples"),
    ),
    "one pass, tails": (
        TAILS,
        fitted(stacked(VECTOR), filter=PASS),
        "recursion",
        ("schedule", "real", "weight", "n_samples"),
    ),
    "one pass, matrices": (POWER, fitted(stacked(MATRIX), filter=PASS), "recursion", ALL),
    "one pass, a matrix, mixed labels": (
        POWER,
        gl.Plan(
            [
                G([S(20, noise=0.5)], filter=PASS),
                G([S(20, {"previous": 0.7, "real": 0.3}, 0.5, covariance=MATRIX)], filter=PASS),
                G([S(20, {0: 0.4, 1: 0.4, "real": 0.2}, 0.5, covariance=MATRIX)], filter=PASS),
            ]
        ),
        "recursion",
        ("schedule", "real", "n_samples"),
    ),
    "one pass, tails and matrices": (TAILS, fitted(stacked(MATRIX), filter=PASS), "recursion", ALL),
    "one pass, clipped": (
        POWER,
        fitted(stacked(), CLIPPED, filter=PASS),
        "recursion",
        ("schedule", "n_samples"),
    ),
    "judged rows": (POWER, JUDGED, "recursion", ("schedule", "n_samples")),
    "class means": (CLOUDS, fitted(CLASSES, "hard", loss="logistic"), "recursion", SOME),
    "judged rows, a filter": (
        POWER,
        gl.Plan([replace(g, loss="squared", filter=ROUNDS) for g in JUDGED]),
        "recursion",
        ("schedule", "n_samples"),
    ),
    "judged rows, one pass": (
        POWER,
        gl.Plan([replace(g, loss="squared", filter=PASS) for g in JUDGED]),
        "recursion",
        ("schedule", "n_samples"),
    ),
    "judged rows beside real ones, one pass": (
        POWER,
        gl.Plan([replace(g, filter=PASS) for g in SHOWN]),
        "recursion",
        ALL,
    ),
    "class means, mixed labels": (CLOUDS, MIXED, "recursion", ("schedule", "real", "n_samples")),
    "class means, mixed labels, a filter": (
        CLOUDS,
        fitted(MIXED, filter=ROUNDS),
        "recursion",
        ("schedule", "real", "n_samples"),
    ),
    "class means, mixed labels, one pass": (
        CLOUDS,
        fitted(MIXED, filter=PASS),
        "recursion",
        ("schedule", "real", "n_samples"),
    ),
    "class means, one pass": (
        CLOUDS,
        fitted(CLASSES, "hard", filter=PASS),
        "recursion",
        ("penalty", "real", "weight", "n_samples"),
    ),
    "class means, a filter": (CLOUDS, fitted(CLASSES, "hard", filter=ROUNDS), "recursion", SOME),
    "a filter, matrices": (
        POWER,
        fitted(stacked(MATRIX), filter=ROUNDS),
        "recursion",
        ("schedule", "weight", "n_samples"),
    ),
    "a filter, tails and matrices": (
        TAILS,
        fitted(stacked(MATRIX), filter=ROUNDS),
        "recursion",
        ("schedule",),
    ),
    "several columns": (COLUMNS, stacked(VECTOR), "recursion", ALL),
    "several columns, a filter": (COLUMNS, fitted(stacked(), filter=ROUNDS), "recursion", SOME),
    "several columns, one pass": (
        COLUMNS,
        fitted(stacked(), filter=PASS),
        "recursion",
        SOME,
    ),
    "several columns, from outside": (
        COLUMNS,
        gl.Plan(
            [
                G([S(20, TEACHER, 0.5), S(9, ((OTHER, 0.5), ("real", 0.5)))], 0.1),
                G([S(9, "previous"), S(9, OTHER), S(9, TEACHER)], 0.1),
                G([S(20, {"previous": 0.5, "real": 0.5}, 0.2)], 0.1),
            ]
        ),
        "recursion",
        ("schedule", "n_samples"),
    ),
    "reused rows": (POWER, REUSED, "pencil", ALL),
    "reused rows, tails": (TAILS, REUSED, "pencil", SOME),
    "reused rows, matrices": (
        POWER,
        gl.Plan(
            [
                G([S(20, noise=0.5, covariance=MATRIX)], 0.1),
                G([S(10, "previous", 0.5), S(None, "previous", 0.3, inputs=0)], 0.2),
            ]
        ),
        "pencil",
        ("penalty", "weight", "n_samples"),
    ),
    "pooled": (POWER, gl.Plan.accumulate(2, 20, design="fresh", noise=0.5), "pencil", SOME),
    "reused rows, labels by rules": (POWER, RULED, "pencil", ALL),
    "pooled, hard classes": (
        POWER,
        fitted(gl.Plan.accumulate(3, 20, design="fresh", noise=0.5), "hard"),
        "pencil",
        SOME,
    ),
    "subsample": (POWER, gl.Plan.subsample(2, 20, design="same", noise=0.5), "pencil", SOME),
    "one design": (
        POWER,
        gl.Plan.mix_labels(2, 20, real=0.4, design="same", noise=0.5),
        "pencil",
        SOME,
    ),
    "a long run on one design": (
        POWER,
        gl.Plan.same_design(14, 20, noise=0.5),
        "recursion",
        ("schedule", "n_samples"),
    ),
    "filters on one design": (
        POWER,
        fitted(gl.Plan.mix_labels(3, 20, real=0.4, design="same", noise=0.5), filter=ROUNDS),
        "recursion",
        ("schedule", "real", "n_samples"),
    ),
    "a long run with an intercept": (
        POWER,
        gl.Plan.same_design(14, 20, noise=0.5).with_intercept(),
        "recursion",
        ("schedule", "n_samples"),
    ),
    "one design, an intercept": (
        POWER,
        gl.Plan.mix_labels(3, 20, real=0.4, design="same", noise=0.5).with_intercept(),
        "pencil",
        ("schedule", "n_samples"),
    ),
    "filters on one design, an intercept": (
        POWER,
        fitted(
            gl.Plan.mix_labels(3, 20, real=0.4, design="same", noise=0.5), filter=ROUNDS
        ).with_intercept(),
        "recursion",
        ("schedule", "real", "n_samples"),
    ),
    "filters on one design, several labelers": (
        POWER,
        fitted(LABELLED_ANEW, filter=ROUNDS),
        "recursion",
        ("schedule", "n_samples"),
    ),
    "features": (
        POWER,
        gl.Plan.replace(2, 20, noise=0.5).with_features(9, shared=True),
        "pencil",
        ("schedule", "n_samples"),
    ),
}
STEPWISE = {
    "columns of classes": (COLUMNS, fitted(stacked(), "hard")),
    "filters of pooled rows": (
        POWER,
        fitted(gl.Plan.accumulate(2, 20, design="fresh", noise=0.5), filter=ROUNDS),
    ),
}


def test_weights_beside_judged_rows():
    """A filter of judged rows is known for one weight of all: those of others rows have slopes."""
    judged = gl.Plan([replace(g, filter=ROUNDS) for g in SHOWN])
    assert slope_in(POWER, space(judged, ("weight",)), "mean") == []
    assert slope_in(POWER, space(judged, ("real",)), "mean")
    others = G([S(20, noise=0.3), S(30, "previous", 0.3)], 0.1, filter=ROUNDS)
    alone = gl.Plan([replace(g, loss="squared", filter=ROUNDS) for g in JUDGED])
    assert_slopes(POWER, gl.Plan([*alone, others]), ("weight",))


def plain(step):
    return step.is_ridge or step.intercept


CASES = [
    name
    if name in QUICK or (way == "recursion" and all(plain(step) for step in resolve(plan)))
    else pytest.param(name, marks=pytest.mark.slow)
    for name, (_, plan, way, _) in ROUTES.items()
]


@pytest.mark.parametrize("name", STEPWISE)
def test_what_is_searched_without_slopes(name):
    problem, plan = STEPWISE[name]
    gl.predict(problem, plan.with_penalty(0.1))  # is known all the same
    assert slope_of(problem, plan, "mean") == []
    assert slope_in(problem, space(plan, ("penalty",)), "mean") == []


@pytest.mark.parametrize("name", CASES)
def test_slopes_in_all_that_is_free(name):
    problem, plan, way, over = ROUTES[name]
    assert way_of(problem, plan) == way
    assert_slopes(problem, plan, over)


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_of_predictions_and_slopes_of_a_schedule_those_of_a_box(name):
    problem, plan, _, _ = ROUTES[name]
    logs = np.log(np.geomspace(0.05, 0.2, plan.n_models))
    [value] = slope_of(problem, plan, "mean")
    risk, slopes = value(logs)
    assert risk == pytest.approx(gl.predict(problem, plan.with_penalty(np.exp(logs))).risk.mean())
    [whole] = slope_in(problem, space(plan, ("schedule",)), "mean")
    np.testing.assert_allclose(whole(logs)[1], slopes, rtol=1e-9, atol=1e-12)
