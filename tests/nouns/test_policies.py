"""Policies are found by name; one from outside is as good as the package's own."""

import inspect
import pickle
from collections.abc import Iterator

import jsonschema
import pytest

import genloss as gl
from genloss import policies
from genloss.file_schema import file_schema

SCHEMA = {"every": {"type": "integer", "minimum": 1}}


def refreshed(generations: int, n_samples: int, *, every: int) -> Iterator[gl.Generation]:
    """Real labels now and then, else the predecessor's."""
    for t in range(generations):
        yield gl.Generation([gl.Source(n_samples, "previous" if t % every else "real")])


@pytest.fixture
def from_outside():
    policies.register(refreshed)
    yield
    del policies._FROM_OUTSIDE["refreshed"]


def test_a_policy_from_outside_is_a_class_method_and_a_preset(from_outside):
    plan = gl.Plan.refreshed(5, 100, every=2)
    assert [source.labeler for each in plan for source in each.sources] == [
        "real",
        "previous",
        "real",
        "previous",
        "real",
    ]
    table = {"preset": "refreshed", "generations": 5, "n_samples": 100, "every": 2}
    assert gl.Plan.from_dict(table) == plan
    assert tuple(policies.get("refreshed")(5, 100, every=2)) == plan.generations
    valid = jsonschema.Draft202012Validator(file_schema())
    assert valid.is_valid({"plan": table})
    assert not valid.is_valid({"plan": table | {"every": 0}})
    with pytest.raises(gl.InvalidInputError, match="there is one of that name"):
        policies.register(refreshed)


def test_without_it_the_name_is_unknown():
    with pytest.raises(AttributeError, match="'Plan' has no attribute 'refreshed'"):
        _ = gl.Plan.refreshed
    with pytest.raises(gl.InvalidInputError, match="policy was 'refreshed'; it must be one of"):
        policies.get("refreshed")


@pytest.mark.parametrize("name", policies.names())
def test_plans_have_every_policy_as_a_class_method(name):
    class Own(gl.Plan):
        """A plan of somebody's own."""

    method = getattr(gl.Plan, name)
    of_plan, of_policy = inspect.signature(method), inspect.signature(policies.get(name))
    assert of_plan.parameters == of_policy.parameters
    assert of_plan.return_annotation is gl.Plan
    assert method.__doc__ == policies.get(name).__doc__
    assert inspect.signature(getattr(Own, name)).return_annotation is Own
    assert pickle.loads(pickle.dumps(method)) is method


def test_a_wrong_number_of_real_rows_is_told_by_its_own_name():
    with pytest.raises(gl.InvalidInputError, match="n_real was -1"):
        gl.Plan.self_train(2, 10, n_real=-1)
