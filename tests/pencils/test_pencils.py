"""Expressions: equal ones, how they print, traces against matrices of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from small_pencils import DIM, EYE, SIGMA, F, W, design, ridge

from genloss.errors import InvalidInputError
from genloss.pencils import (
    Chain,
    Parameter,
    Space,
    diagonal,
    gaussian,
    identity,
    noise,
    risk,
    trace,
    vector,
)


def test_equal_expressions_are_one_object():
    rows, X = design(50)
    S = X.T @ X / 50
    assert (S + 0.1 * EYE).inv() is (0.1 * EYE + X.T @ X / 50).inv()
    assert X.T.T is X
    assert (S @ S).T is S @ S
    assert S.inv().inv() is S
    assert (2 * (3 * X)) is 6 * X
    assert gaussian(rows, F) is not gaussian(rows, F)
    assert noise(rows) is not noise(rows)


def test_a_shared_resolvent_is_solved_once():
    _, X = design(50)
    R = (X.T @ X / 50 + 0.1 * EYE).inv()
    assert trace(R + SIGMA @ R).solution.pencil.size == trace(R).solution.pencil.size
    # the residual of a ridge fit is the only unknown in the space of rows
    rows, X = design(50, "other rows")
    fit = ridge(X, X @ W + noise(rows), 50, 0.1)
    pencil = Chain(fit - W).solution.pencil
    assert pencil.size == 2 * 4
    assert len(pencil.occurrences) == 2 * 3


def test_expressions_print_as_they_are_written():
    rows, X = design(50)
    lam = Parameter("lam", 0.1)
    R = (X.T @ X / 50 + lam * EYE).inv()
    assert repr(X) == "Z Sigma^.5"
    assert repr(R) == "(0.02 Sigma^.5 Z' Z Sigma^.5 + lam I)^-1"
    fit = R @ X.T @ (X @ W + noise(rows)) / 50
    assert repr(fit - W) == (
        "(0.02 (0.02 Sigma^.5 Z' Z Sigma^.5 + lam I)^-1 Sigma^.5 Z' (Z Sigma^.5 w* + e) - w*)"
    )
    assert repr(SIGMA.inv()) == "Sigma^-1"
    assert repr(rows) == "Space('rows', 50)"
    # what is read before it is solved: the residual's unknown, and the doubled system
    assert repr(Chain(fit - W).solution.pencil) == "Pencil(size 8, 6 Gaussian entries)"


def test_long_chains_print_short_and_build_fast():
    model = W
    for generation in range(40):
        rows, X = design(100, f"rows {generation}")
        model = ridge(X, X @ (0.5 * model + 0.5 * W) + noise(rows, 0.1), 100, 0.1) + 0 * model
    assert len(repr(model)) <= 200
    assert risk(model - W, SIGMA).risk > 0


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda X: X + EYE, "does not match"),
        (lambda X: X @ X, "does not match"),
        (lambda X: X.inv(), "only square"),
        (lambda X: X.T @ X + 0.1, "identity"),
        (lambda X: X @ np.ones(DIM), "vector"),
        (lambda _: EYE * EYE, "written @"),
        (lambda _: W.T, "overlap"),
        (lambda _: diagonal(F, [1.0, 2.0]), f"one number or {DIM}"),
        (lambda _: diagonal(Space("rows", 7), [1.0, 2.0]), "takes one number"),
        (lambda _: diagonal(F, 0.0).inv(), "zeros"),
        (lambda _: Space("rows", 0), "size"),
        (lambda _: Space.features(multiplicities=[1, 0]), "multiplicities"),
        (lambda _: Space.features(3, full="yes"), "full was 'yes'"),
        (lambda _: Space("rows", 9, full=1), "full was 1"),
        (lambda _: gaussian(Space("rows", 8), F) - gaussian(Space("rows", 9), F), "does not match"),
        (lambda _: trace(W), "does not match"),
        (lambda X: trace(X), "quadratic form"),
        (lambda X: Chain(X), "vectors"),
        (lambda X: risk(W, X), "metric"),
        (lambda _: Chain(W).mean(-W), "not among"),
        (lambda X: X * float("nan"), "finite"),
    ],
)
def test_bad_input_is_named(write, words):
    with pytest.raises(InvalidInputError, match=words):
        write(design(50)[1])


# --- traces -----------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [0.25, 0.9, 4.0])
@pytest.mark.parametrize("penalty", [1e-6, 0.1, 10.0])
def test_marchenko_pastur(ratio, penalty):
    rows = Space("rows", DIM / ratio)
    Z = gaussian(rows, F)
    found = trace((Z.T @ Z / rows.size + penalty * EYE).inv())
    # ratio * penalty m^2 + (1 - ratio + penalty) m - 1 = 0, without cancellation
    b = 1 - ratio + penalty
    root = np.sqrt(b * b + 4 * ratio * penalty)
    m = 2 / (b + root) if b > 0 else (root - b) / (2 * ratio * penalty)
    assert float(found) / DIM == pytest.approx(m, rel=1e-9)
    assert found.converged
    assert found.residual < 1e-10


def test_inverse_wishart_needs_no_penalty():
    rows = Space("rows", 2 * DIM)
    Z = gaussian(rows, F)
    assert float(trace((Z.T @ Z).inv())) == pytest.approx(DIM / (2 * DIM - DIM), rel=1e-10)


def test_wishart_moments():
    Z = gaussian(Space("rows", 80), F)
    S, c = Z.T @ Z / 80, DIM / 80
    assert float(trace(S)) / DIM == pytest.approx(1, rel=1e-12)
    assert float(trace(S @ S)) / DIM == pytest.approx(1 + c, rel=1e-12)
    assert float(trace(S @ S @ S)) / DIM == pytest.approx(1 + 3 * c + c**2, rel=1e-12)


def test_multiplicities_stand_for_repeated_directions():
    values, counts = np.array([3.0, 1.0, 0.2]), np.array([5, 30, 85])

    def answer(space, spread):
        rows = Space("rows", 90)
        X = gaussian(rows, space) @ diagonal(space, np.sqrt(spread(values)))
        w = vector(space, spread(values**2))
        fit = (X.T @ X + identity(space)).inv() @ X.T @ (X @ w + noise(rows, 0.3))
        found = risk(fit - w, diagonal(space, spread(values)))
        return found.bias, found.variance

    few = answer(Space.features(multiplicities=counts), lambda v: v)
    many = answer(Space.features(DIM), lambda v: np.repeat(v, counts))
    assert few == pytest.approx(many, rel=1e-10)


LITERAL = {
    "two resolvents of one matrix": lambda X, Y, I, D: (
        (X.T @ X + 2 * I).inv() @ D @ (X.T @ X + D).inv() @ X.T @ X @ D + Y.T @ Y
    ),
    "nested inverses": lambda X, Y, I, D: (
        D @ (X.T @ (Y @ Y.T + 0.5 * Y @ D @ Y.T).inv() @ X + 0.1 * I).inv() @ D
    ),
    "an inverse in an inverse": lambda X, Y, I, D: (
        (I + (X.T @ X / 50 + D).inv() @ (Y.T @ Y / 50 + I)).inv() @ D
    ),
    "sums, signs and products": lambda X, Y, I, D: (
        D @ (I - (X.T @ X / 50 + I).inv() @ X.T @ Y / 50) @ Y.T @ X @ D / 50
    ),
    "cyclic dependence": lambda X, Y, I, D: (
        D @ (X.T @ X / 50 + 0.2 * Y.T @ Y @ D @ Y.T @ Y / 2500 + I).inv()
    ),
}


@pytest.mark.parametrize("name", LITERAL)
def test_any_expression_against_matrices_of_numbers(name, rng):
    """The expression is evaluated on arrays: the same line of Python, with drawn matrices."""
    n, write = 90, LITERAL[name]
    rows, values = Space("rows", n), np.linspace(0.5, 2.0, DIM)
    X, Y = gaussian(rows, F), gaussian(rows, F)
    limit = float(trace(write(X, Y, EYE, diagonal(F, values))))

    class Matrix(np.ndarray):
        def inv(self):
            return np.linalg.inv(self).view(Matrix)

    draws = []
    for _ in range(40):
        A, B = (rng.standard_normal((n, DIM)).view(Matrix) for _ in range(2))
        eye = np.eye(DIM).view(Matrix)
        draws.append(np.trace(write(A, B, eye, np.diag(values).view(Matrix))))
    stderr = np.std(draws, ddof=1) / np.sqrt(len(draws))
    assert stderr < 0.01 * abs(limit)
    assert abs(np.mean(draws) - limit) < 0.02 * abs(limit) + 4 * stderr
