"""Derivatives, paths, and a pencil on paper."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from small_pencils import EYE, ROOT, SIGMA, SPECTRUM, F, W, design, ridge

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
    risk,
    risk_derivative,
    solve,
    trace,
)
from genloss.pencils.from_plan import Laws
from genloss.pencils.ground import Ground
from genloss.steps import resolve


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
