"""Policies are found by name; one from outside is as good as the package's own."""

import inspect
import pickle
from collections.abc import Iterator

import jsonschema
import numpy as np
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


def test_rows_of_a_weight_matrix_are_fits_and_zeros_leave_blocks_out():
    weights = np.tril(np.ones((4, 4)))
    weights[3, 0] = 0.0
    window = gl.Plan.window(4, 50, last=3, noise=0.5)
    assert gl.Plan.weighted(weights, 50, noise=0.5) == window
    for wrong in (weights.T, weights[:3], weights - np.eye(4)):
        with pytest.raises(gl.InvalidInputError, match=r"weights had shape .* zero above its diag"):
            gl.Plan.weighted(wrong, 50)


def test_with_many_rows_errors_are_weighted_sums_of_those_before():
    # `theory.md` 2.10: e_t = sum_j W_tj (e_{j-1} + z_j), rows of W summing to one
    weights = np.tril(0.5 ** (np.arange(4)[:, None] - np.arange(4)))
    kept = weights / weights.sum(axis=1, keepdims=True)
    forms = np.zeros((5, 4))  # of z; the last is that of the truth
    for t in range(4):
        forms[t] = sum(kept[t, j] * (forms[j - 1] + np.eye(4)[j]) for j in range(t + 1))
    plan = gl.Plan.weighted(weights, 10**6, noise=1.0)
    curve = gl.predict(gl.Problem.isotropic(100), plan)
    assert np.allclose(curve.risk / curve.risk[0], (forms[:4] ** 2).sum(axis=1), rtol=1e-3)


@pytest.mark.parametrize("agents", [2, 3, 5])
def test_a_network_is_seen_in_its_plan_and_split_into_agents(agents):
    shares = np.random.default_rng(agents).integers(1, 9, (agents, agents))
    plan = gl.Plan.network(shares / shares.sum(axis=1, keepdims=True), 3, 60, real=0.2, noise=1.0)
    problem = gl.Problem.isotropic(10)
    for curve in (gl.predict(problem, plan), gl.simulate(problem, plan, trials=2)):
        assert curve.n_agents == agents
        parts = curve.agents()
        assert np.array_equal(np.array([part.risk for part in parts]).T.ravel(), curve.risk)
        assert gl.Curve.from_dict(curve.to_dict()) == curve
    with pytest.raises(gl.InvalidInputError, match="number was 4; it must divide"):
        parts[0].agents(4)


@pytest.mark.parametrize(
    "plan",
    [
        gl.Plan.replace(6, 9),
        gl.Plan.mix(6, 9, real=0.5),
        gl.Plan.distill(6, 9, mixing=0.5),
        gl.Plan.accumulate(6, 9, design="fresh"),
    ],
)
def test_a_chain_is_no_network(plan):
    assert gl.predict(gl.Problem.isotropic(5), plan).n_agents is None
    with pytest.raises(gl.InvalidInputError, match="none of agents"):
        gl.predict(gl.Problem.isotropic(5), plan).agents()


def test_a_network_has_no_more_models_than_a_plan():
    with pytest.raises(gl.InvalidInputError, match=r"rounds was 10000000; it must be <= 50000"):
        gl.Plan.network([[0, 1], [1, 0]], 10**7, 100)
