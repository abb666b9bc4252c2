"""Calls of `forecast` that are refused."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.tables.load import example_table


def gaussian_table(rows: int, dim: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, dim))
    return X, X @ np.full(dim, 1 / np.sqrt(dim)) + 0.5 * rng.standard_normal(rows)


def some_digits(rows: int = 500) -> tuple[np.ndarray, np.ndarray]:
    table = example_table("digits")
    return table.features[:rows], table.target[:rows]


# --------------------------------------------------------------------------------------- bad calls


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"plan": gl.Plan.replace(2, 5000)}, gl.DataError, "needs 5000 rows in one generation"),
        ({"plan": 3}, gl.InvalidInputError, "plan was int; it must be a Plan"),
        ({"kernel": "rbff"}, gl.InvalidInputError, "kernel was 'rbff'"),
        ({"seed": -1}, gl.InvalidInputError, "seed was -1"),
        ({"trials": 1}, gl.InvalidInputError, "trials was 1"),
        ({"penalty": "auto"}, gl.InvalidInputError, "penalty was 'auto'"),
        ({"penalty": -1}, gl.InvalidInputError, "penalty was -1"),
        (
            {"plan": gl.Plan.replace(2, 9), "noise": 1.0},
            gl.InvalidInputError,
            "noise was given beside a plan",
        ),
        ({"time": [1, 2]}, gl.DataError, "time"),
        ({"target": "y"}, gl.InvalidInputError, "target was 'y' beside y"),
        (
            {"plan": gl.Plan([gl.Generation([gl.Source(9, weight=2.0)])])},
            gl.InvalidInputError,
            "weight or covariance of its own",
        ),
        (
            {"plan": gl.Plan([gl.Generation([gl.Source(9, real_noise=2.0)])])},
            gl.InvalidInputError,
            "real_noise of a source of model 0 was 2.0",
        ),
    ],
)
def test_bad_calls_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        gl.forecast(*gaussian_table(400, 3), **arguments)


def test_a_matrix_needs_its_labels():
    with pytest.raises(gl.InvalidInputError, match="y was not given with a matrix X"):
        gl.forecast(gaussian_table(60, 3)[0])


def test_a_table_has_its_own_target():
    with pytest.raises(gl.InvalidInputError, match="y was given beside a Table"):
        gl.forecast(example_table("diabetes"), "progression")


@pytest.mark.slow
def test_a_table_may_be_too_short():
    with pytest.raises(gl.DataError, match="has 20 usable rows; a forecast needs at least 40"):
        gl.forecast(*gaussian_table(20, 3))
    assert gl.forecast(*gaussian_table(40, 3), trials=2).plan.n_samples[0] == 5


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 3])
def test_rows_of_few_groups_are_refused_or_split(groups, classes):
    X, y = gaussian_table(120, 3)
    y = y > 0 if classes else y
    group = np.arange(120) % groups
    if groups == 3:
        assert gl.forecast(X, y, generations=2, group=group, trials=2).error.size == 2
        return
    with pytest.raises(gl.DataError, match=f"the rows form {groups} groups? of which all stay"):
        gl.forecast(X, y, generations=2, group=group, trials=2)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_must_be_finite(bad):
    X, y = gaussian_table(100, 3)
    X[3, 1] = bad
    with pytest.raises(gl.DataError, match="x1"):
        gl.forecast(X, y)


def test_what_does_not_vary_cannot_be_forecast():
    _, y = gaussian_table(60, 3)
    with pytest.raises(gl.DataError, match="feature"):
        gl.Problem.from_kernel("rbf", np.ones((60, 2)), y)
    with pytest.raises(gl.DataError, match="rows"):
        gl.Problem.from_data([[1.0], [2.0]], [1.0, 2.0])


@pytest.mark.slow
def test_nystrom_takes_over_for_many_rows(monkeypatch):
    monkeypatch.setattr("genloss.outlook.prepare.EXACT_KERNEL", 50)
    monkeypatch.setattr("genloss.outlook.prepare.LANDMARKS", 150)
    plan = gl.Plan.replace(2, 60, penalty=1e-2)
    fast = gl.forecast(*some_digits(400), plan, "rbf", trials=2)
    monkeypatch.undo()
    exact = gl.forecast(*some_digits(400), plan, "rbf", trials=2)
    np.testing.assert_allclose(fast.error, exact.error, rtol=0.15)


def test_from_data_and_from_kernel_estimate_a_problem():
    X, y = gaussian_table(500, 4)
    linear, kernel = gl.Problem.from_data(X, y), gl.Problem.from_kernel("rbf", X, y)
    assert linear.dim == 4
    assert linear.signal == pytest.approx(1.0, rel=0.2)
    assert kernel.dim > 50
    with pytest.raises(gl.InvalidInputError, match="y had 3 entries; X has 500 rows"):
        gl.Problem.from_data(X, y[:3])
