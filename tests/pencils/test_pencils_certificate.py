"""The pencil refuses what is unsolved, and nothing that it has solved."""

import numpy as np
import pytest

import genloss as gl
from genloss.pencils import NoConvergenceError, dyson

TEN = gl.Problem.isotropic(10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_samples", "right"),
    [
        (100, [0.01126, 0.02009, 0.02430, 0.02662, 0.02842]),
        (316, None),
        (1000, None),
    ],
)
def test_the_fixed_compute_preset_is_answered(n_samples, right):
    plan = gl.Plan.subsample(5, n_samples, noise=0.316, design="same")
    risk = gl.predict(TEN, plan).risk
    if right is None:
        # n >> dim: 1, 1.75, 2.083, ... times noise^2 dim / n
        right = 0.316**2 * 10 / (n_samples - 11) * np.array([1, 1.75, 2.083, 2.271, 2.391])
        np.testing.assert_allclose(risk, right, rtol=0.03)
    else:
        np.testing.assert_allclose(risk, right, rtol=0.03)


@pytest.mark.parametrize("weight", [10.0, 1000.0])
def test_heavy_rows_with_noiseless_labels_are_answered(weight):
    problem = gl.Problem(np.arange(1, 61) ** -0.3, np.ones(60))
    plan = gl.Plan(
        [
            gl.Generation([gl.Source(139, weight=weight)], 1e-4),
            gl.Generation([gl.Source(70), gl.Source(69, "previous")], 1e-4, pooled=True),
        ]
    )
    theory, runs = gl.predict(problem, plan), gl.simulate(problem, plan, trials=40)
    np.testing.assert_allclose(theory.risk, runs.risk, rtol=0.2)
    # quadratic in a small penalty over the weight
    assert theory.risk[0] == pytest.approx(
        gl.predict(problem, gl.Plan.replace(1, 139, penalty=1e-4 / weight)).risk[0], rel=1e-6
    )


@pytest.mark.parametrize("small", [1e-4, 1e-6, 1e-8])
def test_a_reused_design_between_the_large_eigenvalues_and_all_of_them(small):
    spectrum = np.r_[np.ones(50), np.full(50, small)]
    problem = gl.Problem(spectrum, 0.1 / np.sqrt(spectrum))
    plan = gl.Plan.same_design(3, 75, penalty=[0.0, 0.04, 0.0])
    theory, runs = gl.predict(problem, plan), gl.simulate(problem, plan, trials=60)
    assert (np.abs(theory.risk - runs.risk) < 0.05 * runs.risk + 4 * runs.stderr).all()
    assert theory.risk[1] == pytest.approx(theory.risk[2], rel=1e-6)


def random_problem(r):
    dim = int(r.choice([6, 10, 25, 60]))
    return [
        lambda: gl.Problem.isotropic(dim),
        lambda: gl.Problem.power_law(dim, capacity=r.uniform(0.3, 2.5), source=r.uniform(0.1, 1)),
        lambda: gl.Problem(
            np.where(np.arange(dim) < dim // 2, 1, 10.0 ** -r.integers(1, 9)), r.normal(size=dim)
        ),
        lambda: gl.Problem(10 ** r.uniform(-4, 4, dim), r.normal(size=dim)),
    ][r.integers(4)]()


def random_plan(r, dim):
    models, n = int(r.integers(2, 4)), int(dim * 10 ** r.uniform(-0.7, 1.2)) + 2
    noise, lam = float(r.choice([0, 0.316, 1])), float(r.choice([0, 1e-6, 1e-4, 0.04, 1]))
    design = str(r.choice(["same", "fresh"]))
    weight = float(10 ** r.uniform(-3, 3))
    first = gl.Generation([gl.Source(n, "real", noise, weight=weight)], lam)
    again = gl.Generation.of(n, noise=noise, penalty=float(r.choice([0, 1e-4, 0.1])), design="same")
    return [
        lambda: gl.Plan.subsample(models, n, noise=noise, penalty=lam, design=design),
        lambda: gl.Plan.accumulate(models, n, noise=noise, penalty=lam or 0.01, design=design),
        lambda: gl.Plan.same_design(models, n, noise=noise, penalty=r.permutation(4)[:models] / 50),
        lambda: gl.Plan.replace(models, n, noise=noise, penalty=lam).with_features(
            int(dim * 10 ** r.uniform(-0.5, 1)) + 1, shared=design == "same"
        ),
        lambda: gl.Plan([first, again, gl.Generation.of(n, penalty=lam, pooled=True)]),
        lambda: gl.Plan([first, again]),
    ][r.integers(6)]()


def answered(seed):
    r = np.random.default_rng(seed)
    problem = random_problem(r)
    plan = random_plan(r, problem.dim)
    try:
        curve = gl.predict(problem, plan)
    except gl.NoTheoryError as unknown:
        return "genloss.simulate(problem, plan)" in str(unknown)
    except NoConvergenceError:
        return False
    assert (curve.risk >= 0).all()
    return True


def test_random_plans_are_answered():
    assert all(answered(seed) for seed in range(15))


@pytest.mark.slow
def test_many_random_plans_are_answered():
    assert all(answered(seed) for seed in range(15, 200))


def test_what_is_not_solved_is_refused_and_names_the_simulation(monkeypatch):
    rough = dyson.Resolvent.solve

    def spoiled(self, guesses):
        traces = rough(self, guesses)
        for g in self._own.values():
            g *= 1 + 1e-6
        return traces

    monkeypatch.setattr(dyson.Resolvent, "solve", spoiled)
    monkeypatch.setattr(dyson, "_REFINEMENTS", 0)
    plan = gl.Plan.same_design(2, 30, penalty=0.1, noise=0.5)
    with pytest.raises(NoConvergenceError, match=r"genloss\.simulate\(problem, plan\)"):
        gl.predict(TEN, plan)
