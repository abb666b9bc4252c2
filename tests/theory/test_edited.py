"""Rows of which the last model replaces some labels: against loops written here, and the published formula."""

import numpy as np
import pytest

import genloss as gl
from genloss.generation import REAL
from genloss.steps import resolve
from genloss.trials import loop

SHARES = [0.0, 0.5, 0.25, 0.125]


def chain(rng, problem, n, shares, noise, penalty):
    """One run, with NumPy alone."""
    d = problem.dim
    X = rng.standard_normal((n, d)) * np.sqrt(problem.spectrum)
    fit = np.linalg.inv(X.T @ X + n * penalty * np.eye(d)) @ X.T if penalty else np.linalg.pinv(X)
    y = X @ problem.truth + noise * rng.standard_normal(n)
    models = [fit @ y]
    for share in shares[1:]:
        at = rng.permutation(n)[: round(share * n)]
        y[at] = X[at] @ models[-1] + noise * rng.standard_normal(len(at))
        models.append(fit @ y)
    return [(w - problem.truth) ** 2 @ problem.spectrum for w in models]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("problem", "n", "penalty"),
    [
        (gl.Problem.isotropic(20), 100, 0.0),
        (gl.Problem.isotropic(90), 60, 0.0),
        (gl.Problem.power_law(60, capacity=1.0, source=0.5), 90, 0.05),
    ],
)
def test_theory_and_engine_are_as_a_loop(problem, n, penalty):
    plan = gl.Plan.edit(4, n, edited=SHARES, noise=0.7, penalty=penalty)
    theory = gl.predict(problem, plan).risk
    rng = np.random.default_rng(5)
    runs = [chain(rng, problem, n, SHARES, 0.7, penalty) for _ in range(200)]
    mean, stderr = np.mean(runs, 0), np.std(runs, 0) / 200**0.5
    assert (np.abs(theory - mean) < 0.02 * mean + 4 * stderr).all()
    literal = gl.simulate(problem, plan, trials=100)
    assert (np.abs(literal.risk - mean) < 4 * np.hypot(stderr, literal.stderr)).all()


def test_errors_are_those_of_the_published_recursion_with_many_rows():
    # a' = a + m + m(1-m)(1 - d/T) b, b' = ((1-m)^2 + m(1-m)(1 - d/T)) b + m
    n, d = 20_000, 2_000
    a, b, found = 1.0, 1.0, [1.0]
    for m in SHARES[1:]:
        leak = m * (1 - m) * (1 - d / n)
        a, b = a + m + leak * b, ((1 - m) ** 2 + leak) * b + m
        found.append(a)
    curve = gl.predict(gl.Problem.isotropic(d), gl.Plan.edit(4, n, edited=SHARES, noise=1.0))
    assert np.allclose(curve.risk / curve.risk[0], found, rtol=1e-3)


def test_the_pencil_agrees_and_all_edited_is_the_same_design():
    problem, rest = gl.Problem.isotropic(300), {"noise": 1.0}
    plan = gl.Plan.edit(4, 1200, edited=SHARES, **rest)
    closed, pencil = gl.predict(problem, plan), gl.predict(problem, plan, method="pencil")
    assert np.allclose(closed.risk, pencil.risk, rtol=5e-3)
    whole = gl.predict(problem, gl.Plan.edit(3, 1200, edited=1.0, **rest)).risk
    assert np.allclose(whole, gl.predict(problem, gl.Plan.same_design(3, 1200, **rest)).risk)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_a_share_of_none_changes_nothing(noise):
    problem, rest = (
        gl.Problem.power_law(60, capacity=1.2, source=0.5),
        {"penalty": 0.1, "noise": noise},
    )
    none = gl.predict(problem, gl.Plan.edit(4, 90, edited=[0, 0, 0.3, 0], **rest)).risk
    one = gl.predict(problem, gl.Plan.edit(2, 90, edited=[0, 0.3], **rest)).risk
    assert np.allclose(none, one[[0, 0, 1, 1]], rtol=1e-8)


def test_rows_that_are_not_edited_keep_what_they_have():
    plan = gl.Plan.edit(3, 10, edited=0.3)
    steps = resolve(plan)
    assert [step.blocks[0].latest for step in steps[1:]] == [0, 1]

    class World:
        """Labels are the number of the model they are made by."""

        def inputs(self, _step):
            return np.zeros((10, 1))

        def labels(self, block, X, _models, _kept):
            [number] = block.shares
            return np.full(len(X), float(number))

        def chosen(self, _count, drawn):
            return slice(self.first, self.first + drawn)

    world, seen = World(), []

    def learn(step, rows, _towards):
        world.first = 3 * step.model
        seen.append(rows.y.tolist())
        return step.model

    list(loop.models(steps, world, learn, {REAL: -1}))
    assert seen == [[-1] * 10, [0] * 3 + [-1] * 7, [0] * 3 + [1] * 3 + [-1] * 4]


def test_new_rows_have_no_labels_to_keep():
    with pytest.raises(gl.InvalidInputError, match=r"edited was 0.5 with new rows"):
        gl.Source(9, edited=0.5)
