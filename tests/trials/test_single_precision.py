"""Simulations in single precision: the same numbers up to the error that the docstring states."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.steps import resolve
from genloss.trials.engines import literal, triangular_rows

PROBLEM = gl.Problem.power_law(60, capacity=1.5, source=0.5)
PLANS = {
    "ridge": gl.Plan.replace(5, 150, penalty=1e-2, noise=0.3),
    "weak ridge": gl.Plan.replace(5, 150, penalty=1e-6, noise=0.3),
    "least squares": gl.Plan.replace(5, 150, noise=0.3),
    "stacked": gl.Plan.mix(5, 200, real=0.4, penalty=1e-3, noise=0.3),
    "pooled": gl.Plan.accumulate(4, 100, design="fresh", penalty=1e-3, noise=0.3),
    "one design": gl.Plan.same_design(4, 100, penalty=1e-3, noise=0.3),
    "interpolation": gl.Plan.replace(3, 30, noise=0.3),
    "few rows": gl.Plan.replace(3, 30, penalty=1e-3, noise=0.3),
    "own covariance and weight": gl.Plan(
        [
            gl.Generation([gl.Source(150, noise=0.3)], 1e-3),
            gl.Generation(
                [
                    gl.Source(100, noise=0.3),
                    gl.Source(100, "previous", 0.3, weight=0.5, covariance=(0.7,) * 60),
                ],
                1e-3,
            ),
        ]
    ),
}


class SameNumbers:
    """Draws single precision numbers, whatever precision they are wanted in."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        shape = size if out is None else out.shape
        found = self.rng.standard_normal(shape, dtype=np.float32).astype(dtype)
        if out is None:
            return found
        out[...] = found
        return out

    def chisquare(self, freedom, size=None):
        return np.square(np.sqrt(self.rng.chisquare(freedom, size)).astype(np.float32), dtype=float)


def both(engine, problem, plan, count=12):
    return (
        engine.run(problem, resolve(plan), SameNumbers(3), count, dtype)[0]
        for dtype in (np.float32, np.float64)
    )


@pytest.mark.parametrize("engine", [literal, triangular_rows])
@pytest.mark.parametrize("name", PLANS)
def test_the_error_is_the_one_that_is_stated(engine, name):
    if engine is triangular_rows and triangular_rows.refuses(PROBLEM, resolve(PLANS[name])):
        assert name in ("interpolation", "few rows")
        return
    single, double = both(engine, PROBLEM, PLANS[name])
    assert (single != double).any()  # or it would not have been computed in single precision
    error = np.abs(single - double).max(axis=0)
    share = 1e-4 if name == "interpolation" else 5e-6
    assert (error < share * np.sqrt(PROBLEM.signal * double.max(axis=0))).all()


def test_ill_conditioned_fits_are_computed_in_double_precision(monkeypatch):
    wide = gl.Problem(np.geomspace(1, 1e-14, 20), np.geomspace(1, 1e6, 20))
    plan = gl.Plan.replace(2, 10, noise=0.1)

    def error():
        single, double = both(literal, wide, plan)
        return np.abs(single / double - 1).max()

    careful = error()
    monkeypatch.setattr(literal, "_STEEP", 0.0)
    assert careful < 1e-3
    assert error() > 100 * careful


@pytest.mark.slow
def test_simulate_runs_in_single_precision_and_says_so():
    plan, problem = PLANS["ridge"], gl.Problem.power_law(40, capacity=1.5, source=0.5)
    for method in ("literal", "exact"):
        single = gl.simulate(problem, plan, trials=400, method=method, dtype="float32")
        double = gl.simulate(problem, plan, trials=400, method=method, seed=1)
        assert single.method == f"{double.method}, float32"
        assert single.risk.dtype == np.float64
        spread = np.hypot(single.stderr, double.stderr)
        assert (np.abs(single.risk - double.risk) < 4 * spread).all()


def test_engines_without_products_stay_in_double_precision():
    plan = gl.Plan.replace(3, 150, noise=0.3)
    single, double = (
        gl.simulate(PROBLEM, plan, trials=10, dtype=dtype) for dtype in ("float32", "float64")
    )
    assert single.method == double.method == "exact, two numbers per model"
    np.testing.assert_array_equal(single.risk, double.risk)


def test_other_precisions_are_refused():
    with pytest.raises(gl.InvalidInputError, match="dtype was 'float16'"):
        gl.simulate(PROBLEM, PLANS["ridge"], trials=4, dtype="float16")
