"""Filters are what their learners do, and one more is one more file."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import genloss as gl
from genloss import filters

MEMBERS = [
    filters.GradientDescent(7, 0.2),
    filters.GradientDescent(300, 0.2),
    filters.GradientFlow(3.0),
    filters.HeavyBall(9, 0.1, 0.5),
    filters.IteratedRidge(3),
]


def solved(X, y, filter, penalty):
    """g(S) X'y / n by eigenvectors."""
    n = len(X)
    values, vectors = np.linalg.eigh(X.T @ X / n)
    values = np.maximum(values, 1e-12)
    g = filter.shrink(values, penalty) / values
    return vectors @ (g * (vectors.T @ (X.T @ y / n)))


@pytest.mark.parametrize("filter", MEMBERS, ids=str)
@pytest.mark.parametrize(("n", "d"), [(30, 10), (10, 30)])
@pytest.mark.parametrize("penalty", [0.1, 0.0])
def test_the_learner_is_its_filter(filter, n, d, penalty, rng):
    if filter.kind == "iterated_ridge" and not penalty:
        return
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    np.testing.assert_allclose(
        filter.fit(X, y, penalty), solved(X, y, filter, penalty), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("filter", [*MEMBERS, filters.SGD(0.1)], ids=str)
def test_columns_are_fitted_as_if_alone(filter, rng):
    X, y = rng.standard_normal((30, 8)), rng.standard_normal((30, 3))
    alone = np.stack([filter.fit(X, each, 0.1) for each in y.T], axis=1)
    np.testing.assert_allclose(filter.fit(X, y, 0.1), alone, rtol=1e-9)


def test_every_step_of_descent_is_taken(rng):
    X, y = rng.standard_normal((6, 20)), rng.standard_normal(6)
    w = np.zeros(20)
    for _ in range(50):  # more steps than rows, which the learner takes on the Gram matrix
        w = w + 0.1 * (X.T @ (y - X @ w) / 6 - 0.05 * w)
    np.testing.assert_allclose(filters.GradientDescent(50, 0.1).fit(X, y, 0.05), w, rtol=1e-12)


@pytest.mark.parametrize("penalty", [0.0, 0.1])
def test_patience_is_ridge(penalty, rng):
    X, y = rng.standard_normal((40, 8)), rng.standard_normal(40)
    ridge = np.linalg.solve(X.T @ X / 40 + penalty * np.eye(8), X.T @ y / 40)
    patient = [
        filters.GradientDescent(20_000, 0.2),
        filters.GradientFlow(5_000.0),
        filters.HeavyBall(2_000, 0.2, 0.8),
        filters.IteratedRidge(1),
    ]
    for filter in patient:
        np.testing.assert_allclose(filter.fit(X, y, penalty), ridge, rtol=1e-8, err_msg=str(filter))
        np.testing.assert_allclose(
            filter.shrink(np.array([0.5, 2.0]), penalty),
            np.array([0.5, 2.0]) / (np.array([0.5, 2.0]) + penalty),
            rtol=1e-8,
        )


@pytest.mark.parametrize("filter", MEMBERS, ids=str)
def test_shrinkage_is_analytic(filter):
    """Its mean over a circle is its middle (Gauss)."""
    circle = 1.0 + 0.5 * np.exp(2j * np.pi * np.arange(256) / 256)
    mean = filter.shrink(circle, 0.1).mean()
    assert abs(mean - filter.shrink(np.array([1.0]), 0.1)[0]) < 1e-10


@pytest.mark.parametrize("filter", [*MEMBERS, filters.SGD(0.1)], ids=str)
def test_written_and_read(filter):
    plain = filter.to_dict()
    assert filters.find("filter", plain) == filter
    assert hash(filters.find("filter", plain)) == hash(filter)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "gradient_decent", "steps": 3, "step": 1}, "did you mean 'gradient_descent'"),
        ({"kind": "sgd", "stp": 0.1}, "unknown key 'stp'; did you mean 'step'"),
        ({"kind": "gradient_descent", "steps": 0, "step": 1}, "steps was 0"),
        ({"kind": "heavy_ball", "steps": 3, "step": 1, "momentum": 1}, "momentum was 1.0"),
        (3, "filter was 3"),
    ],
)
def test_what_is_no_filter_is_refused(given, said):
    with pytest.raises(gl.InvalidInputError, match=said):
        filters.find("filter", given)


@pytest.mark.parametrize(
    ("filter", "largest"),
    [
        (filters.GradientDescent(9, 2.0), "1.333"),
        (filters.HeavyBall(9, 3.0, 0.5), "2"),
        (filters.SGD(1.0), "0.1538"),
    ],
    ids=str,
)
def test_steps_that_explode_are_refused(filter, largest):
    with pytest.raises(gl.InvalidInputError, match=f"it must be below {largest}, "):
        filter.check(1.5, 10.0, 0.0)


OUTSIDE = '''
"""Nesterov's accelerated gradient descent."""

from dataclasses import dataclass

import numpy as np

from genloss.filters import Filter


@dataclass(frozen=True)
class Nesterov(Filter):
    """Gradient descent from a point ahead."""

    steps: int
    step: float

    def _run(self, w, gradient):
        before = w
        for k in range(self.steps):
            ahead = w + k / (k + 3) * (w - before)
            before, w = w, ahead - self.step * gradient(ahead)
        return w

    def shrink(self, x, penalty):
        x = np.asarray(x)
        return self._run(np.zeros_like(x), lambda w: (x + penalty) * w - x)

    def fit(self, X, y, penalty):
        n = len(X)
        return self._run(np.zeros(X.shape[1]), lambda w: X.T @ (X @ w - y) / n + penalty * w)
'''


@pytest.fixture
def nesterov(tmp_path, monkeypatch):
    (tmp_path / "nesterov.py").write_text(OUTSIDE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import nesterov

    yield nesterov.Nesterov(steps=12, step=0.2)
    del sys.modules["nesterov"], filters.Filter.members["nesterov"]


def test_one_from_outside_is_one_file(nesterov, rng):
    assert filters.find("filter", {"kind": "nesterov", "steps": 12, "step": 0.2}) == nesterov
    assert filters.Nesterov is type(nesterov)
    X, y = rng.standard_normal((30, 10)), rng.standard_normal(30)
    np.testing.assert_allclose(nesterov.fit(X, y, 0.1), solved(X, y, nesterov, 0.1), rtol=1e-9)
