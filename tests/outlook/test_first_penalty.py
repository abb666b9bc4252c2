"""The penalty called best for a kernel model of all rows there are."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.outlook.full import whole
from genloss.outlook.prepare import prepare
from genloss.outlook.ridge import Design
from genloss.outlook.study import Study
from genloss.outlook.work import Work
from genloss.tables.load import load_table

RBF = gl.Kernel("rbf")
N = 100


def draw(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 6))
    return X, np.sin(X[:, 0]) + 0.5 * X[:, 1] * X[:, 2] + 0.7 * rng.standard_normal(n)


@pytest.mark.slow
def test_folds_over_again_waver_less_than_leave_one_out():
    """Against errors of fits of fresh rows, on rows of their own."""
    fresh, target = draw(0, 3000)
    grid, errors = 10.0 ** np.arange(-6, 1.1, 0.125), 0.0
    for seed in range(1, 41):
        X, y = draw(seed, N)
        models = Design.of(X, RBF).fit(np.repeat(y[:, None], grid.size, axis=1), grid)
        errors = errors + np.mean((models(fresh) - target[:, None]) ** 2, axis=0)

    def lost(penalty: float) -> float:
        return float(np.interp(np.log(penalty), np.log(grid), errors) / errors.min() - 1)

    found = []
    for seed in range(100, 130):
        seeds = np.random.SeedSequence(seed).spawn(2)
        prepared = prepare(load_table(draw(seed, N)), RBF, N, seeds[0], log=False)
        study, known = Study(prepared.sample, None, seeds[1]), whole(prepared.sample)
        best = Work(study, prepared, RBF, 2, False, True)._first(gl.Plan.replace(2, N), known)
        found.append([lost(best.penalty), lost(known.best.penalty)])
    folds, left_out = np.mean(found, axis=0)
    assert folds < left_out
    assert folds < 0.02
