"""Rows that several fits share, with tails or covariance matrices: theory against literal runs in 200 directions."""

from dataclasses import replace

import numpy as np
import pytest

import genloss as gl

DIM, ROWS, PENALTY = 200, 300, 0.05
GAUSSIAN = gl.Problem.power_law(DIM, capacity=1.0, source=0.5)
HEAVY = gl.Problem(GAUSSIAN.spectrum, GAUSSIAN.truth, tails=[0.3, 0.7, 2.0])
BASIS = np.linalg.qr(np.random.default_rng(1).standard_normal((DIM, DIM)))[0]
MATRIX = BASIS * GAUSSIAN.spectrum @ BASIS.T

POLICIES = {
    "accumulate": gl.Plan.accumulate(3, ROWS, design="fresh", penalty=PENALTY, noise=0.5),
    "one design": gl.Plan.accumulate(3, ROWS, design="same", penalty=PENALTY, noise=0.5),
    "anchored": gl.Plan.anchored(3, ROWS, n_real=150, penalty=PENALTY, noise=0.5),
    "window": gl.Plan.window(3, ROWS, last=2, noise=0.5),
    "frozen labels": gl.Plan.distill(2, ROWS, mixing=1.6, penalty=PENALTY, noise=0.5),
    "edit": gl.Plan.edit(3, ROWS, edited=0.3, noise=0.5),
    "subsample": gl.Plan.subsample(3, ROWS, design="fresh", penalty=PENALTY, noise=0.5),
}


def turned(plan):
    """The same, with half of all new rows drawn along other directions."""

    def rows(source, fit):
        if source.inputs != "new" or fit.design == "same":
            return [source]
        half = replace(source, n_samples=source.n_samples // 2)
        return [half, replace(half, covariance=MATRIX)]

    return gl.Plan(
        [
            replace(fit, sources=tuple(new for each in fit.sources for new in rows(each, fit)))
            for fit in plan
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("world", ["tails", "matrices"])
def test_shared_rows_are_predicted(name, world):
    plan = POLICIES[name] if world == "tails" else turned(POLICIES[name])
    problem = HEAVY if world == "tails" else GAUSSIAN
    theory = gl.predict(problem, plan)
    runs = gl.simulate(problem, plan, trials=60, method="literal")
    assert theory.method == "pencil"
    assert (np.abs(theory.risk - runs.risk) < 0.02 * runs.risk + 4 * runs.stderr).all()
