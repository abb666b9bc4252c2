"""Models that are each labelled by the one before: together they are what they are one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloss as gl
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
        one_by_one = succession.risks(walks[1], see=[seen.append])
    assert seen == list(range(plan.n_models))
    np.testing.assert_allclose(bias, one_by_one[0], rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(variance, one_by_one[1], rtol=1e-12)
    np.testing.assert_array_equal(exact, one_by_one[2])
