"""Models that are each labelled by the one before: together they are what they are one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloss as gl
from genloss.equivalents import solve
from genloss.spectrum import compress
from genloss.steps import resolve
from genloss.theory import succession
from genloss.theory.routes import routes
from genloss.theory.walk import Walk

SPECTRA = {
    "directions": gl.Problem.power_law(60, capacity=1.3, source=0.4).directions,
    "one eigenvalue": gl.Problem.isotropic(40).directions,
    "compressed": compress(np.arange(1, 3001) ** -1.5, np.arange(1, 3001) ** -0.3),
}


def source(draw, model):
    labelers = ["previous", "previous", "previous", "real", {"real": 0.3, "previous": 0.7}, 0]
    labeler = draw(st.sampled_from(labelers)) if model else "real"
    return gl.Source(draw(st.integers(20, 90)), labeler, draw(st.sampled_from([0.0, 0.4])))


@st.composite
def plans(draw):
    penalty = st.sampled_from([0.0, 1e-6, 0.01, 0.3, 1e80])
    return gl.Plan(
        gl.Generation(
            [source(draw, model) for _ in range(draw(st.sampled_from([1, 1, 1, 2])))], draw(penalty)
        )
        for model in range(draw(st.integers(1, 9)))
    )


@pytest.mark.parametrize("name", SPECTRA)
@settings(max_examples=12, deadline=None)
@given(plans())
def test_together_is_one_by_one(name, plan):
    steps = resolve(plan)
    walks = [Walk(SPECTRA[name], [steps], routes(steps)) for _ in range(2)]
    with np.errstate(all="ignore"):
        bias, variance, exact = succession.risks(walks[0])
        seen = []
        one_by_one = succession.risks(walks[1], see=seen.append)
    assert seen == list(range(plan.n_models))
    np.testing.assert_allclose(bias, one_by_one[0], rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(variance, one_by_one[1], rtol=1e-12)
    np.testing.assert_array_equal(exact, one_by_one[2])


@pytest.mark.parametrize("name", SPECTRA)
def test_a_root_that_is_sought_from_a_coarse_spectrum_is_the_root(name):
    spectrum, rng = SPECTRA[name], np.random.default_rng(0)
    penalty, rows = 10 ** rng.uniform(-9, 3, 200), rng.integers(2, 4 * int(spectrum.dim), 200) * 1.0
    penalty[:20] = 0.0
    found = solve(spectrum, penalty, rows)
    assert (found.residual < 1e-12).all()
    apart = [
        solve(spectrum, *pair).kappa[0]
        for pair in zip(penalty[:, None], rows[:, None], strict=True)
    ]
    np.testing.assert_allclose(found.kappa, apart, rtol=1e-9)


@pytest.mark.parametrize("name", SPECTRA)
def test_a_coarse_spectrum_has_nearly_the_same_degrees_of_freedom(name):
    whole, coarse = SPECTRA[name], SPECTRA[name].coarse
    assert coarse.dim == whole.dim
    assert coarse.trace == pytest.approx(whole.trace)
    for kappa in np.geomspace(1e-8, 10, 30):
        one, other = (
            (each.eigenvalues / (each.eigenvalues + kappa)) @ each.multiplicity
            for each in (whole, coarse)
        )
        assert other == pytest.approx(one, rel=1e-6)
