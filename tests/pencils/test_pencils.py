"""The pencil engine against closed forms, other routes of the package and literal Monte Carlo."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import genloss as gl
from genloss.errors import InvalidInputError, MissingDependencyError
from genloss.pencils import (
    Chain,
    NoConvergenceError,
    Parameter,
    Pencil,
    Space,
    describe,
    diagonal,
    gaussian,
    identity,
    latex,
    noise,
    overlap,
    quadratic,
    risk,
    risk_derivative,
    solve,
    trace,
    vector,
)
from genloss.pencils.from_plan import Laws
from genloss.pencils.ground import Ground
from genloss.steps import resolve

DIM = 120
SPECTRUM = 3.0 * np.arange(1, DIM + 1) ** -1.2
TRUTH = np.cos(np.arange(DIM)) * np.sqrt(2 / DIM)
F = Space.features(DIM)
EYE = identity(F)
SIGMA = diagonal(F, SPECTRUM, name="Sigma")
ROOT = diagonal(F, np.sqrt(SPECTRUM), name="Sigma^.5")
W = vector(F, TRUTH, name="w*")


def design(n, name="rows", root=ROOT):
    rows = Space(name, n)
    return rows, gaussian(rows, F) @ root


def ridge(X, y, n, penalty):
    return (X.T @ X / n + penalty * EYE).inv() @ (X.T @ y) / n


# --- the language -----------------------------------------------------------------------------


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


# --- risks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [60, 300])
@pytest.mark.parametrize("penalty", [1e-5, 0.05])
def test_ridge_is_the_workhorse(n, penalty):
    rows, X = design(n)
    found = risk(ridge(X, X @ W + noise(rows, 0.4), n, penalty) - W, SIGMA)
    theory = gl.predict(
        gl.Problem(SPECTRUM, TRUTH), gl.Plan.replace(1, n, penalty=penalty, noise=0.4)
    )
    assert found.bias == pytest.approx(theory.bias[0], rel=1e-8)
    assert found.variance == pytest.approx(theory.variance[0], rel=1e-8)
    assert found.residual < 1e-10


def test_two_covariances_weights_and_truths():
    """`theory.md` 2.4 with two truths that are both given, so that model 1 is not random."""
    n, m, other = 90, 70, SPECTRUM[::-1]
    rows1, X1 = design(n, "real rows")
    rows2, X2 = design(m, "surrogate rows", diagonal(F, np.sqrt(other)))
    V = vector(F, TRUTH + 0.05)
    gram = X1.T @ X1 + 0.4 * X2.T @ X2 + 1.5 * EYE
    y1, y2 = X1 @ W + noise(rows1, 0.3), X2 @ V + noise(rows2, 0.2)
    found = risk(gram.inv() @ (X1.T @ y1 + 0.4 * X2.T @ y2) - W, SIGMA)
    # the same by the formulas
    s, omega, rows = np.array([SPECTRUM, other]), np.array([1, 0.4]), np.array([n, m])
    c = np.ones(2)
    for _ in range(3000):
        Q = 1 / ((rows * omega * c) @ s + 1.5)
        c = 1 / (1 + omega * (s @ Q))
    theta = np.array([TRUTH, TRUTH + 0.05])
    bar = Q * ((rows * omega * c)[:, None] * s * theta).sum(axis=0)
    v = rows * omega**2 * c**2
    coupling = (s * Q) @ (s * Q).T * v
    gap = (s * (theta - bar) ** 2).sum(axis=1) + np.array([0.3, 0.2]) ** 2
    tau2 = np.linalg.solve(np.eye(2) - coupling, gap)
    assert found.bias == pytest.approx(SPECTRUM @ (TRUTH - bar) ** 2, rel=1e-8)
    assert found.variance == pytest.approx((v * tau2) @ (s * Q**2) @ SPECTRUM, rel=1e-8)


def random_features(n, m, penalty):
    rows, X = design(n)
    hidden = Space("hidden", m)
    A = gaussian(hidden, F, name="A") / np.sqrt(m)
    H = X @ A.T
    y = X @ W + noise(rows, 0.5)
    return A.T @ (H.T @ H / n + penalty * identity(hidden)).inv() @ (H.T @ y) / n


@pytest.mark.parametrize(("n", "m"), [(100, 60), (60, 150)])
def test_random_features(n, m):
    penalty = 0.03
    found = risk(random_features(n, m, penalty) - W, SIGMA)
    # `theory.md` 2.5; it has no 1/m in the features, ours has one in their Gram matrix
    from scipy.optimize import brentq

    def df(k):
        return np.sum(SPECTRUM / (SPECTRUM + k))

    gap = lambda k: k * (1 - df(k) / n) * (1 - df(k) / m) - penalty
    low = brentq(lambda k: min(n, m) - df(k), 1e-9, 1e3)
    k = brentq(gap, low, 1e4, xtol=1e-15, rtol=1e-14)
    R, u2 = 1 / (SPECTRUM + k), SPECTRUM * TRUTH**2
    S = SPECTRUM * R
    trR2, df2 = np.sum(SPECTRUM * R**2), np.sum(S**2)
    square = k**2 * trR2 / (m - df2)
    gap_u = np.sum(u2 * ((k * R) ** 2 + square * SPECTRUM * R**2))
    D2 = df2 + k**2 * trR2**2 / (m - df2)
    tau2 = (0.25 + gap_u) / (1 - D2 / n)
    assert found.risk == pytest.approx(gap_u + tau2 * D2 / n, rel=1e-8)


def test_random_features_literally(rng):
    n, m, penalty, draws = 100, 60, 0.03, []
    for _ in range(400):
        X = rng.standard_normal((n, DIM)) * np.sqrt(SPECTRUM)
        A = rng.standard_normal((m, DIM)) / np.sqrt(m)
        H, y = X @ A.T, X @ TRUTH + 0.5 * rng.standard_normal(n)
        w = A.T @ np.linalg.solve(H.T @ H / n + penalty * np.eye(m), H.T @ y / n)
        draws.append(SPECTRUM @ (w - TRUTH) ** 2)
    limit, stderr = risk(random_features(n, m, penalty) - W, SIGMA).risk, np.std(draws) / 20
    assert stderr < 0.01 * limit * 2
    assert abs(np.mean(draws) - limit) < 0.02 * limit + 4 * stderr


def test_second_moments_are_those_of_the_doubled_pencil():
    """E |M w|^2 by the linear pass, and as the one long expression w' M' Sigma M w."""
    _, X = design(80)
    _, Y = design(60, "rows 2")
    S, T = X.T @ X / 80, Y.T @ Y / 60
    M = (T + 0.1 * EYE).inv() @ T @ (S + 0.2 * EYE).inv() @ (S + 0.3 * T)
    found = Chain(M @ W, W)
    long = quadratic(M.T @ SIGMA @ M, TRUTH)
    assert found.risk(M @ W, SIGMA).risk == pytest.approx(float(long), rel=1e-10)
    assert found.overlap(M @ W, W, SIGMA) == pytest.approx(
        float(quadratic(SIGMA @ M, TRUTH)), rel=1e-10
    )


def test_units_do_not_matter():
    """Truth and noise a million times smaller: risks 1e-12 as large, to rounding."""
    rows, X = design(80)

    def found(unit):
        w = vector(F, unit * TRUTH)
        return risk(ridge(X, X @ w + noise(rows, 0.4 * unit), 80, 0.05) - w, SIGMA)

    assert found(1e-6).bias == pytest.approx(1e-12 * found(1.0).bias, rel=1e-10, abs=0)
    assert found(1e-6).variance == pytest.approx(1e-12 * found(1.0).variance, rel=1e-10, abs=0)
    assert found(1e-6).residual < 1e-10


def test_a_small_variance_is_no_difference_of_large_terms():
    n = 10**9
    rows, X = design(n)
    found = risk(ridge(X, X @ W + noise(rows, 1e-3), n, 0.05) - W, SIGMA)
    theory = gl.predict(
        gl.Problem(SPECTRUM, TRUTH), gl.Plan.replace(1, n, penalty=0.05, noise=1e-3)
    )
    assert found.variance < 1e-6 * found.bias
    assert found.variance == pytest.approx(theory.variance[0], rel=1e-8, abs=0)


def test_overlap_of_two_models_on_one_design(rng):
    n, penalties, draws = 90, (0.02, 0.3), []
    rows, X = design(n)
    y = X @ W + noise(rows, 0.5)
    one, other = (ridge(X, y, n, penalty) for penalty in penalties)
    limit = overlap(one, other, SIGMA)
    for _ in range(400):
        A = rng.standard_normal((n, DIM)) * np.sqrt(SPECTRUM)
        b = A @ TRUTH + 0.5 * rng.standard_normal(n)
        fits = [np.linalg.solve(A.T @ A / n + p * np.eye(DIM), A.T @ b / n) for p in penalties]
        draws.append(SPECTRUM @ (fits[0] * fits[1]))
    stderr = np.std(draws) / 20
    assert stderr < 0.01 * limit * 2
    assert abs(np.mean(draws) - limit) < 0.02 * limit + 4 * stderr


def test_telescoping_identity():
    """`theory.md` 2.6: exact for any design, so for the limits too."""
    rows1, X1 = design(80, "rows 1")
    rows2, X2 = design(60, "rows 2")
    rows3, X3 = design(70, "rows 3")
    penalties, model, labels, telescoped = (4.0, 7.0, 2.0), W, 0 * W, W
    gram, before = 0 * EYE, 0.0
    for rows, X, penalty in zip((rows1, rows2, rows3), (X1, X2, X3), penalties, strict=True):
        e = noise(rows, 0.3)
        gram = gram + X.T @ X
        labels = labels + X.T @ (X @ model + e)
        R = (gram + penalty * EYE).inv()
        model = R @ labels
        telescoped = telescoped + R @ (X.T @ e - (penalty - before) * telescoped)
        before = penalty
    both = Chain(model - W, telescoped - W, model - telescoped)
    one, other = both.risk(model - W, SIGMA), both.risk(telescoped - W, SIGMA)
    assert one.bias == pytest.approx(other.bias, rel=1e-8)
    assert one.variance == pytest.approx(other.variance, rel=1e-8)
    assert abs(both.risk(model - telescoped, SIGMA).risk) < 1e-10 * one.risk


# --- derivatives, paths, certificates ---------------------------------------------------------


def chain_of_two(penalty, scale):
    rows1, X1 = design(80, "rows 1")
    rows2, X2 = design(60, "rows 2", scale)
    y = X1 @ W + noise(rows1, 0.3)
    first = (X1.T @ X1 / 80 + penalty * EYE).inv() @ (X1.T @ y) / 80
    y = X2 @ first + noise(rows2, 0.3)
    return (X2.T @ X2 / 60 + penalty * EYE).inv() @ (X2.T @ y) / 60 - W


def test_derivatives_against_finite_differences():
    h = 1e-5
    lam = Parameter("lam", 0.1)
    values = lambda p, c: risk(chain_of_two(p, c * ROOT), SIGMA).risk
    slope = (values(0.1 * (1 + h), 1) - values(0.1 * (1 - h), 1)) / (0.2 * h)
    assert risk_derivative(chain_of_two(lam, ROOT), lam, SIGMA) == pytest.approx(slope, rel=1e-6)
    own = diagonal(F, np.sqrt(SPECTRUM), name="own")
    slope = (values(0.1, 1 + h) - values(0.1, 1 - h)) / (2 * h)
    found = risk_derivative(chain_of_two(0.1, own), own, SIGMA)
    assert found == pytest.approx(slope, rel=1e-6)
    assert risk_derivative(chain_of_two(0.1, ROOT), lam, SIGMA) == 0
    _, X = design(70)
    resolvent = (X.T @ X + lam * EYE).inv()
    both = [float(trace((X.T @ X + 0.1 * (1 + s * h) * EYE).inv())) for s in (1, -1)]
    found = float(trace(resolvent.derivative(lam)))
    assert found == pytest.approx((both[0] - both[1]) / (0.2 * h), rel=1e-6)


@pytest.mark.slow
def test_a_path_of_penalties_starts_from_its_neighbour():
    _, X = design(60)
    start, cold, warm = None, 0, 0
    for penalty in np.geomspace(1e-2, 1e-5, 40):
        R = (X.T @ X / 60 + penalty * EYE).inv()
        alone, path = trace(R), trace(R, start=start)
        assert float(path) == pytest.approx(float(alone), rel=1e-12)
        start, cold, warm = path.solution, cold + alone.iterations, warm + path.iterations
    assert warm < cold
    start, cold, warm = None, 0, 0
    for penalty in np.geomspace(0.2, 1e-4, 30):
        error = chain_of_two(penalty, ROOT)
        alone, path = risk(error, SIGMA), risk(error, SIGMA, start=start)
        assert path.risk == pytest.approx(alone.risk, rel=1e-11)
        cold, warm = cold + alone.solution.iterations, warm + path.solution.iterations
        start = path.solution
    assert warm < cold
    # a start of another structure is left aside
    assert risk(chain_of_two(0.1, ROOT), SIGMA, start=trace(EYE).solution).risk > 0


def test_no_convergence_is_an_error_that_says_where():
    _, X = design(200, root=EYE)
    with pytest.raises(NoConvergenceError, match=r"block of .*Z"):
        trace((X.T @ X / 200 - EYE).inv())  # in the middle of the spectrum
    _, X = design(60)
    with pytest.raises(NoConvergenceError):
        trace((X.T @ X).inv())  # no inverse: fewer rows than directions
    with pytest.raises(NoConvergenceError, match="deterministic part"):
        trace((0.0 * EYE).inv())


# --- on paper ---------------------------------------------------------------------------------


def test_describe_names_the_fixed_point():
    _, X = design(60)
    text = describe(trace((X.T @ X / 60 + 0.1 * EYE).inv()).solution.pencil)
    assert "size 3" in text
    assert "tr_features(D1 D1 G[1,1])" in text
    assert "tr_rows(G[2,2])" in text
    assert "features: - u0 + 0.1 u1 + 0.0166667 D1 Z' u2 |" in text
    assert "rows:     u2 - Z D1 u1 " in text
    assert "eta[1,1] = - 0.0166667 D1 D1 tr_rows(G[2,2])" in text
    assert "D2" not in text


def test_describe_a_risk_shows_its_second_moments():
    rows, X = design(60)
    fit = ridge(X, X @ W + noise(rows, 0.3), 60, 0.1)
    text = describe(Chain(fit - W).solution.pencil)
    # unknowns 0-3 and their twins 4-7: the variance comes in where rows meet their twins
    assert "Q u = f, size 8" in text
    # multiples of a diagonal have its name
    assert "eta[0,4] = D1 D1 tr_rows(G[2,6])" in text
    assert "eta[2,6] = 0.000277778 tr_features(D1 D1 G[0,4]) - 0.0166667 tr" in text
    entries = [line.split(" = ")[0].strip() for line in text.split("\n") if "eta[" in line]
    plain = describe(Pencil(fit - W)).split("\n")
    own = [line.split(" = ")[0].strip() for line in plain if "eta[" in line]
    assert set(own) < set(entries)
    assert len(entries) > 2 * len(own)


def test_latex_needs_sympy(monkeypatch):
    pencil = trace((design(60)[1].T @ design(60)[1]) + EYE).solution.pencil
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(MissingDependencyError, match="symbolic"):
        latex(pencil)


@pytest.mark.slow
def test_latex():
    _, X = design(60)
    text = latex(trace((X.T @ X / 60 + 0.1 * EYE).inv()).solution.pencil)
    assert r"G_{\text{features}}^{-1} = \left[\begin{matrix}" in text
    assert r"\mathrm{tr}_{\text{rows}}" in text


@pytest.mark.parametrize("doubled", [False, True], ids=["trace", "risk"])
def test_a_solution_is_a_fixed_point(doubled):
    """The certificate by hand: eta of the returned G gives G back."""
    rows, X = design(60)
    S = X.T @ X / 60
    if doubled:
        solution = Chain(chain_of_two(0.1, ROOT), ridge(X, noise(rows), 60, 0.1)).solution
    else:
        solution = solve(trace(S @ (S + 0.1 * EYE).inv() @ SIGMA @ S).solution.pencil)
    layout, total = solution.layout, [np.zeros_like(g) for g in solution.resolvent]
    for (row, column), value in solution.pencil.deterministic.items():
        space = layout.space_of[row]
        total[space][:, layout.position[row], layout.position[column]] += value
    for one in solution.pencil.occurrences:
        for other in solution.pencil.occurrences:
            if other.gaussian is one.gaussian.T:
                inside, outside = layout.space_of[one.unknown], layout.space_of[one.equation]
                g = solution.resolvent[inside][
                    :, layout.position[one.unknown], layout.position[other.equation]
                ]
                summed = np.sum(layout.spaces[inside].weights * one.right * g * other.left)
                total[outside][
                    :, layout.position[one.equation], layout.position[other.unknown]
                ] -= one.left * summed * other.right
    for kernel, g in zip(total, solution.resolvent, strict=True):
        assert np.linalg.inv(kernel) == pytest.approx(g, rel=1e-9, abs=1e-12)


def tilted(dim):
    return 0.8 ** np.abs(np.subtract.outer(np.arange(dim), np.arange(dim)))


def test_equations_of_a_full_space_name_its_covariances():
    features, rows = Space.features(4, full=True), Space("rows", 40)
    A = gaussian(rows, features, name="A", covariance=tilted(4))
    pencil = trace((A.T @ A + identity(features)).inv()).solution.pencil
    assert "eta[1,1] = - cov(A) tr_rows(G[2,2])" in describe(pencil)
    assert "eta[2,2] = - tr_features(cov(A) G[1,1])" in describe(pencil)


def test_what_a_full_space_does_not_take_is_said():
    plain, full, rows = Space.features(4), Space.features(4, full=True), Space("rows", 9)
    with pytest.raises(InvalidInputError, match="covariance .* full"):
        gaussian(rows, plain, covariance=tilted(4))
    with pytest.raises(InvalidInputError, match="one of them at most"):
        gaussian(full, full)
    with pytest.raises(InvalidInputError, match="multiplicities"):
        Space.features(multiplicities=[2.0, 1.0], full=True)
    Z = gaussian(rows, full)
    with pytest.raises(InvalidInputError, match="diagonal of .*, which is full"):
        trace((Z.T @ Z + diagonal(full, [1.0, 2.0, 3.0, 4.0])).inv())


def test_slopes_in_penalties_hold_in_a_full_space():
    spectrum, truth, noise = np.arange(1.0, 21.0) ** -0.5, np.ones(20), 0.5
    first = gl.Source(30, noise=noise, covariance=tilted(20))
    again = [gl.Source(None, "kept", inputs=0), gl.Source(20, "previous", noise)]
    steps = resolve(gl.Plan([gl.Generation([first], 0.1), gl.Generation(again, 0.1)]))
    ground = Ground.across(spectrum, truth, steps)

    def risk(logs):
        laws = Laws(ground, steps, np.exp(logs), range(2))
        return laws.bias + laws.variances, laws

    at, weights, step = np.log([0.1, 0.3]), np.array([0.4, 1.0]), 1e-5
    laws = risk(at)[1]
    slopes = laws.slopes(laws.backwards(weights))
    for k, move in enumerate(step * np.eye(2)):
        tried = weights @ (risk(at + move)[0] - risk(at - move)[0]) / (2 * step)
        assert slopes[k] == pytest.approx(tried, rel=1e-6)
