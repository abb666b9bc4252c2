"""Problems and plans as Python code: what it builds equals what it was written from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloss as gl

rows = st.integers(1, 10**12)
number = st.floats(0, 1e9)


@st.composite
def sources(draw, model):
    labelers = st.just("real")
    if model:
        earlier = st.sampled_from(["real", "previous", *range(model)])
        labelers = earlier | st.dictionaries(earlier, st.floats(-3, 3), min_size=1, max_size=3)
    return gl.Source(
        draw(rows),
        draw(labelers),
        draw(number),
        draw(st.none() | number),
        weight=draw(st.floats(1e-6, 1e6)),
        covariance=draw(st.none() | st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=2)),
    )


@st.composite
def plans(draw):
    built = []
    for model in range(draw(st.integers(1, 4))):
        own = [draw(sources(model)) for _ in range(draw(st.integers(1, 2)))]
        pooled = draw(st.booleans())
        built += [
            gl.Generation(
                own,
                penalty=draw(number | st.just("cv")),
                pooled=pooled,
                features=draw(st.none() | rows),
                subsample=1 if pooled else None,
            )
        ] * draw(st.integers(1, 2))
    return gl.Plan(built)


@st.composite
def problems(draw):
    dim = draw(st.integers(1, 4))
    positive = st.lists(st.floats(1e-9, 1e9), min_size=dim, max_size=dim)
    return draw(
        st.builds(gl.Problem, positive, positive, gaussian=st.booleans())
        | st.builds(lambda s: gl.Problem.isotropic(dim, signal=s), number)
        | st.builds(
            lambda a, r: gl.Problem.power_law(dim, capacity=a, source=r),
            st.floats(0, 5),
            st.floats(0, 5),
        )
    )


def built(text):
    names = {}
    exec(text, names)  # noqa: S102 -- what the text is for
    return names


@settings(max_examples=8)
@given(problems(), plans())
def test_the_code_builds_equal_values(problem, plan):
    names = built(gl.to_python(problem, plan))
    assert names["problem"] == problem
    assert names["plan"] == plan


def test_one_of_them_is_enough_and_none_is_not():
    plan = gl.Plan.accumulate(3, 20, design="fresh")
    assert built(gl.to_python(plan=plan))["plan"] == plan
    assert "plan" not in gl.to_python(gl.Problem.isotropic(3))
    with pytest.raises(gl.InvalidInputError, match="both None"):
        gl.to_python()
    with pytest.raises(gl.InvalidInputError, match="problem was Plan"):
        gl.to_python(plan)


def test_numbers_of_numpy_are_written_plainly():
    problem = gl.Problem(np.float32([1, 2]), np.array([1, 2]))
    plan = gl.Plan.replace(np.int64(2), np.array([5, 6]), noise=np.float32(0.5))
    assert "np." not in gl.to_python(problem, plan)
