"""Answers do not depend on the units of inputs and labels, however large or small these are."""

import numpy as np
import pytest

import genloss as gl
from genloss.equivalents import effective_penalty

SPECTRUM, TRUTH = np.array([2.0, 1.0, 0.5]), np.array([1.0, -0.5, 0.0])


def plans(inputs, labels):
    """The same plans in other units: inputs are 2**inputs, labels 2**labels times as large."""
    lam, noise = float(np.ldexp(0.1, 2 * inputs)), float(np.ldexp(0.5, labels))
    sources = [gl.Source(9, noise=noise), gl.Source(12, noise=noise, weight=2.0)]
    return {
        "closed": gl.Plan.replace(3, 20, penalty=lam, noise=noise),
        "least squares": gl.Plan.replace(2, 9, noise=noise),
        "pencil": gl.Plan.same_design(2, 20, penalty=lam, noise=noise),
        "weighted": gl.Plan([gl.Generation(sources, lam)]),
        "cv": gl.Plan.replace(2, 20, penalty="cv", noise=noise),
    }


@pytest.mark.parametrize(
    ("inputs", "labels"), [(-330, 0), (330, 0), (0, 300), (-330, -400), (40, 3)]
)
@pytest.mark.parametrize("name", plans(0, 0))
def test_units_scale_out(name, inputs, labels):
    other = gl.Problem(np.ldexp(SPECTRUM, 2 * inputs), np.ldexp(TRUTH, labels - inputs))
    plain = gl.predict(gl.Problem(SPECTRUM, TRUTH), plans(0, 0)[name])
    scaled = gl.predict(other, plans(inputs, labels)[name])
    np.testing.assert_allclose(scaled.risk, np.ldexp(plain.risk, 2 * labels), rtol=1e-9)
    np.testing.assert_allclose(scaled.kappa, np.ldexp(plain.kappa, 2 * inputs), rtol=1e-9)
    np.testing.assert_allclose(scaled.penalty, np.ldexp(plain.penalty, 2 * inputs), rtol=1e-9)
    assert scaled.warnings == plain.warnings


@pytest.mark.parametrize(("inputs", "labels"), [(-330, 0), (330, 0), (0, 300), (-330, -400)])
def test_units_of_several_classes_scale_out(inputs, labels):
    truth = np.array([[1.0, 0.0], [-0.5, 1.0], [0.0, 0.3]])
    other = gl.Problem(np.ldexp(SPECTRUM, 2 * inputs), np.ldexp(truth, labels - inputs))
    plain = gl.predict(gl.Problem(SPECTRUM, truth), plans(0, 0)["closed"])
    scaled = gl.predict(other, plans(inputs, labels)["closed"])
    np.testing.assert_allclose(scaled.risk, np.ldexp(plain.risk, 2 * labels), rtol=1e-9)
    np.testing.assert_allclose(scaled.norm, np.ldexp(plain.norm, labels), rtol=1e-9)


def test_the_case_of_tiny_eigenvalues():
    problem = gl.Problem([1e-200, 2e-200], [1e100, 1e100])
    risk = gl.predict(problem, gl.Plan.replace(2, 20, noise=0.5, penalty=1e-201)).risk
    np.testing.assert_allclose(risk, [0.0401, 0.1021], atol=1e-4)


EXTREME = {
    "noise": (gl.Problem.isotropic(20), gl.Plan.replace(2, 50, noise=1e200)),
    "labeler": (gl.Problem.isotropic(20), gl.Plan.mix_labels(2, 50, real=1e200, noise=0.1)),
    "spectrum": (
        gl.Problem([1.0, 1.0], [1.0, 1.0]),
        gl.Plan([gl.Generation([gl.Source(20, noise=0.5, covariance=(1e300, 1e-300))], 0.1)]),
    ),
    "weight": (
        gl.Problem.isotropic(20),
        gl.Plan([gl.Generation([gl.Source(9, weight=1e308), gl.Source(9, weight=1e-308)], 0.1)]),
    ),
}


@pytest.mark.parametrize("name", EXTREME)
def test_what_double_precision_cannot_hold_is_said(name):
    with pytest.raises(gl.InvalidInputError, match=rf"{name}.*double precision|double.*{name}"):
        gl.predict(*EXTREME[name])


@pytest.mark.parametrize(("spectrum", "truth"), [([1, 1], [1e308, 1]), ([1e308, 1e308], [1, 1])])
def test_a_problem_whose_signal_no_number_holds_is_refused(spectrum, truth):
    with pytest.raises(gl.InvalidInputError, match="more than a number can hold"):
        gl.Problem(spectrum, truth)


@pytest.mark.parametrize(
    ("problem", "plan", "risk"),
    [
        (gl.Problem([5e307, 5e307], [1, 1]), gl.Plan.replace(1, 50, noise=1.0), 2 / 47),
        (gl.Problem([1e-308, 2e-308], [1, 1]), gl.Plan.replace(1, 50, penalty=0.1), 3e-308),
        (gl.Problem.isotropic(20), gl.Plan.replace(2, 50, penalty=1e308, noise=1.0), 1.0),
    ],
)
def test_extremes_that_have_an_answer(problem, plan, risk):
    np.testing.assert_allclose(gl.predict(problem, plan).risk, risk, rtol=1e-6)


def test_effective_penalties_scale_with_the_spectrum():
    plain = effective_penalty(SPECTRUM, [0.0, 0.1], 2)
    for unit in (1e-300, 1e300):
        other = effective_penalty(SPECTRUM * unit, [0.0, 0.1 * unit], 2)
        np.testing.assert_allclose(other.kappa, plain.kappa * unit, rtol=1e-12)
        np.testing.assert_allclose(other.df2, plain.df2, rtol=1e-12)
