"""Random plans of the whole language of losses, labels and rules: theory against literal runs."""

import numpy as np
import pytest

import genloss as gl
from genloss import keep, labels, losses

CLASSES = ["logistic", "squared", "squared_hinge", losses.Huber(0.6), "hinge"]
NUMBERS = ["squared", losses.Huber(0.8), "absolute"]


def random_plan(rng):
    """Three or four generations, classes or numbers, a third with real rows beside the others."""
    dim = int(rng.integers(100, 180))
    spectrum = np.arange(1, dim + 1) ** -rng.choice([0.0, 0.5, 0.8])
    spectrum /= spectrum.sum()
    truth = rng.standard_normal(dim)
    truth *= rng.uniform(1.0, 3.0) / np.sqrt(spectrum @ truth**2)
    problem = gl.Problem(spectrum, truth)
    classes = rng.random() < 0.75
    generations = []
    for t in range(int(rng.integers(3, 5))):
        n = int(dim * np.exp(rng.uniform(np.log(0.8), np.log(5))))
        loss = (CLASSES if classes else NUMBERS)[rng.integers(5 if classes else 3)]
        if t == 0:
            sources = [real(rng, n, classes)]
        else:
            sources = [synthetic(rng, n, classes, loss, t)]
            if rng.random() < 0.33:
                weight = float(rng.choice([0.5, 1.0, 2.0]))
                sources.append(real(rng, n // 2, classes, weight))
        penalty = float(np.exp(rng.uniform(np.log(1e-3), np.log(3e-2))))
        generations.append(gl.Generation(sources, penalty, loss=loss))
    return problem, gl.Plan(generations)


def real(rng, n, classes, weight=1.0):
    how = rng.choice(["hard", "sampled"]) if classes else "linear"
    return gl.Source(n, noise=float(rng.uniform(0.2, 1.0)), weight=weight, labels=str(how))


def synthetic(rng, n, classes, loss, t):
    labeler = "previous" if rng.random() < 0.8 else 0
    noise = float(rng.choice([0.0, 0.5]))
    if not classes:
        how = ["linear", labels.Clipped(-2, 2), labels.Rounded(1.0)][rng.integers(3)]
        rule = [None, None, keep.Near("real", 1.5), keep.Confident(0.2)][rng.integers(4)]
        return gl.Source(n, labeler, noise or 0.5, labels=how, keep=rule)
    soft = loss in ("logistic", "squared")
    how = str(rng.choice(["hard", "sampled", "soft" if soft else "hard"]))
    rule = [None, None, keep.Confident(0.2), keep.Agrees("real"), keep.Near(0, 1.2)]
    return gl.Source(2 * n, labeler, noise, labels=how, keep=rule[rng.integers(5)])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24))
def test_random_plans_are_as_literal_runs_find_them(seed):
    problem, plan = random_plan(np.random.default_rng([seed, 13]))
    theory = gl.predict(problem, plan)
    trials = gl.simulate(problem, plan, trials=32, seed=seed, method="literal")
    if theory.warnings:
        return
    off = np.abs(theory.risk - trials.risk)
    assert np.all(off < 0.03 * trials.risk + 4 * trials.stderr), plan
    assert theory.norm == pytest.approx(trials.norm, rel=0.05)
    if theory.error is not None:
        off = np.abs(theory.error - trials.error)
        assert np.all(off < 0.02 * trials.error + 4 * trials.error_stderr), plan
