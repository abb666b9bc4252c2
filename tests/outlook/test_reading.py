"""Intervals of measured errors: heavy tails, few runs, chains that differ."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from genloss.outlook.growth import NORMAL, freedom_of_mean
from genloss.outlook.measured.read import read, wider
from genloss.outlook.measured.runs import Runs
from genloss.outlook.sample import Sample

FOLDS, REPEATS, M = 5, 2, 60


def measured(losses, chains):
    """Two models' runs: the losses of the rows (M, 2), plus what every run adds (runs, 2)."""
    rng, folds = np.random.default_rng(0), np.arange(M) * FOLDS // M
    rows, means, variance, shared = np.zeros((2, M)), [], [], []
    for run, added in enumerate(chains):
        folds = rng.permutation(folds) if run % FOLDS == 0 else folds
        test = folds == run % FOLDS
        found = losses[test] + added
        rows[:, test] += found.T / REPEATS
        apart = found - found.mean(axis=0)
        means.append(found.mean(axis=0))
        variance.append((apart**2).mean(axis=0) / test.sum())
        shared.append((apart * apart[:, :1]).mean(axis=0) / test.sum())
    runs = Runs(
        n_samples=6,
        rows={"squared": rows},
        tested=np.ones(M, dtype=bool),
        means=np.array(means),
        repeats=np.arange(len(chains)) // FOLDS,
        variance=np.array(variance),
        shared=np.array(shared),
    )
    return read(runs, Sample(np.zeros((M, 1)), losses[:, 0], None), "squared")


@pytest.mark.slow
@pytest.mark.parametrize("sd", [0.3, 1.2])
def test_levels_of_rows_with_heavy_tails_are_held(sd):
    """Log-normal losses; a normal interval of the larger sd holds the mean 81 % of the time."""
    rng, none = np.random.default_rng(1), np.zeros((FOLDS * REPEATS, 2))
    found = [measured(np.exp(sd * rng.standard_normal((M, 2))), none) for _ in range(200)]
    true = np.exp(sd**2 / 2)
    assert 0.83 <= np.mean([(own.low <= true) & (true <= own.high) for own in found]) <= 0.97


def test_freedom_is_the_number_of_normal_draws_and_less_of_others():
    rng = np.random.default_rng(2)
    sample = Sample(np.zeros((4000, 1)), np.zeros(4000), None)
    normal, others = rng.standard_normal(4000), rng.standard_t(5, 4000)
    assert freedom_of_mean(normal, sample) == pytest.approx(4000, rel=0.15)
    assert freedom_of_mean(others, sample) < 2000
    groups = Sample(sample.X, sample.y, None, groups=np.arange(4000) // 40)
    assert freedom_of_mean(normal, groups) == pytest.approx(100, rel=0.3)
    assert np.isfinite(freedom_of_mean(np.ones(4000), sample))


def test_a_chain_that_differs_between_runs_widens_changes_as_its_mean_is_known():
    """The later model's runs differ by sd .3, of 10 runs: the change is known to .3 / sqrt(10)."""
    rng, se = np.random.default_rng(3), []
    for _ in range(60):
        losses = np.repeat(1 + 0.01 * rng.standard_normal((M, 1)), 2, axis=1)
        chains = np.column_stack([np.zeros(10), 0.3 * rng.standard_normal(10)])
        se.append(measured(losses, chains).change_se[1] ** 2)
    assert np.sqrt(np.mean(se)) == pytest.approx(0.3 / np.sqrt(10), rel=0.25)
    assert measured(losses, np.zeros((10, 2))).change_se[1] < 0.03


def test_few_draws_widen_as_student_says():
    few = np.linspace(1e-5, 2 / 3, 50)
    np.testing.assert_allclose(wider(few), t.ppf(0.95, 1 / few) / NORMAL, rtol=1e-6)
    np.testing.assert_allclose(
        wider(np.array([0.0, 1.0, 9.0])), wider(np.array([1e-9, 2 / 3, 2 / 3]))
    )
