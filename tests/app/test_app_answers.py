"""What the app answers is what the verbs answer, and what it is asked stays within its limits."""

from __future__ import annotations

import json

import numpy as np
import pytest
from starlette.testclient import TestClient

import genloss as gl
from genloss.app import asked, compare, explore
from genloss.app import map as phase_map
from genloss.app.guard import Door
from genloss.app.site import site

PROBLEM = {"preset": "power_law", "dim": 60, "capacity": 1.5, "source": 0.5}
PLAN = {"preset": "mix", "generations": 5, "n_samples": 150, "real": 0.2, "noise": 0.5}
BOTH = {"problem": PROBLEM, "plan": {**PLAN, "penalty": 0.01}}


@pytest.fixture(scope="module")
def client():
    with TestClient(site(Door("127.0.0.1", 8765)), base_url="http://127.0.0.1:8765") as client:
        yield client


def events(client, name, query):
    """The events of a job, in order."""
    told = client.get(f"/run/{name}", params={"q": json.dumps(query), "tab": "a"})
    assert told.headers["content-type"].startswith("text/event-stream")
    blocks = [block.splitlines() for block in told.text.strip().split("\n\n")]
    return [(name[7:], json.loads(data[6:])) for name, data in blocks]


def test_the_curve_is_that_of_predict(client):
    said = client.post("/api/curve", json=BOTH).json()
    problem, plan = gl.Problem.from_dict(PROBLEM), gl.Plan.from_dict(BOTH["plan"])
    assert gl.Curve.from_dict(said["curve"]) == gl.predict(problem, plan)
    assert said["sentence"].startswith("model 4: ")
    end = explore.end(BOTH, lambda *_: None)
    assert end["stable"] is gl.limit(problem, plan).stable
    assert end["words"].startswith("Repeated for ever: risk ")


def test_the_first_models_are_had_at_once(client):
    plan = {
        "preset": "self_train",
        "generations": 6,
        "n_real": 300,
        "n_samples": 200,
        "loss": "logistic",
        "labels": "hard",
        "penalty": 0.05,
    }
    for table in (BOTH["plan"], plan):
        said = client.post(
            "/api/curve", json={"problem": PROBLEM, "plan": table, "models": 3}
        ).json()
        whole = gl.predict(gl.Problem.from_dict(PROBLEM), gl.Plan.from_dict(table)).risk
        np.testing.assert_allclose(said["curve"]["risk"], whole[:3], rtol=2e-3)
        assert said["sentence"].startswith(f"model 2 of {len(whole) - 1}: ")


def test_an_infinite_risk_is_told(client):
    query = {
        "problem": {"preset": "isotropic", "dim": 50},
        "plan": {"preset": "replace", "generations": 2, "n_samples": 50, "noise": 1.0},
    }
    said = client.post("/api/curve", json=query).json()
    assert said["curve"]["risk"] == ["Infinity", "Infinity"]
    assert said["sentence"].startswith("model 1: infinite;")


@pytest.mark.slow
def test_without_a_theory_the_reason_is_told_and_the_plan_runs(client):
    query = {
        "problem": PROBLEM,
        "plan": {"preset": "window", "generations": 30, "n_samples": 20, "last": 3, "penalty": 0.1},
    }
    said = client.post("/api/curve", json=query).json()
    assert said["curve"] is None
    assert said["sentence"].startswith("No theory: ")
    (*_, (name, curve)) = events(client, "simulate", {**query, "trials": 2, "seed": 0})
    assert (name, len(curve["risk"])) == ("done", 30)


@pytest.mark.slow
def test_the_last_curve_of_a_simulation_is_that_of_simulate(client):
    told = events(client, "simulate", {**BOTH, "trials": 200, "seed": 3})
    assert [name for name, _ in told] == ["curve"] * (len(told) - 1) + ["done"]
    problem, plan = gl.Problem.from_dict(PROBLEM), gl.Plan.from_dict(BOTH["plan"])
    assert gl.Curve.from_dict(told[-1][1]) == gl.simulate(problem, plan, trials=200, seed=3)
    counts = [curve["trials"] for _, curve in told]
    assert counts == sorted(counts)


@pytest.mark.slow
def test_the_best_penalty_is_that_of_tune(client):
    [(name, found)] = events(client, "best", BOTH)
    best = gl.tune(gl.Problem.from_dict(PROBLEM), gl.Plan.from_dict(BOTH["plan"]))
    assert (name, found["penalty"]) == ("done", best.plan.penalty[-1])


def test_the_best_penalty_of_classes_has_the_fewest_wrong_ones():
    problem, plan = {"preset": "isotropic", "dim": 20}, {"preset": "self_train", "generations": 2}
    plan |= {"n_samples": 60, "n_real": 30, "loss": "squared", "labels": "hard", "penalty": 0.01}
    found = explore.best({"problem": problem, "plan": plan}, lambda *_: None)["penalty"]
    both = gl.Problem.from_dict(problem), gl.Plan.from_dict(plan)
    errors = [
        gl.predict(both[0], both[1].with_penalty(each * found)).error[-1] for each in (0.8, 1, 1.25)
    ]
    assert min(errors) == errors[1]


def test_code_makes_the_same_plan(client, tmp_path):
    said = client.post("/api/code", json={**BOTH, "trials": 20, "seed": 1}).json()
    path = tmp_path / "plan.toml"
    path.write_text(said["toml"])
    plan, problem = gl.load(path)
    assert problem == gl.Problem.from_dict(PROBLEM)
    assert plan == gl.Plan.from_dict(BOTH["plan"])
    made = {}
    exec(said["python"], made)  # noqa: S102 -- what the page gives people to run
    assert (made["plan"], made["trials"].trials) == (plan, 20)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"problem": {**PROBLEM, "dim": 5001}}, "dim was 5001"),
        ({"problem": {"spectrum": [1.0], "truth": [1.0]}}, "problem.preset"),
        ({"plan": {**PLAN, "generations": 201}}, "generations was 201"),
        ({"plan": {**PLAN, "n_samples": 10**7}}, "n_samples"),
        ({"plan": {**PLAN, "n_samples": [10**7] * 5}}, "n_samples"),
        ({"plan": {**PLAN, "reel": 0.1}}, "did you mean 'real'"),
        ({"plan": {"preset": "../../etc/passwd"}}, "plan.preset"),
        ({"plan": {"generations": [{"n_samples": 10}]}}, "plan.preset"),
        ({"plan": {**PLAN, "preset": "distill", "rounds": 10**6}}, "rounds"),
        ({"plans": []}, "unknown key 'plans'"),
    ],
)
def test_what_is_too_large_or_unknown_is_refused(client, change, words):
    answer = client.post("/api/curve", json={**BOTH, **change})
    assert words in answer.json()["error"]


def test_agents_count_as_models():
    plan = {"preset": "network", "labels_from": [[0.05] * 20] * 20, "rounds": 11, "n_samples": 100}
    with pytest.raises(gl.InvalidInputError, match="220 models"):
        asked.plan(plan)


def test_trials_have_a_limit():
    with pytest.raises(gl.InvalidInputError, match="10000"):
        explore.simulate({**BOTH, "trials": 10_001, "seed": 0}, lambda *_: None)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 60_000, "x" * 70_000])
def test_a_question_is_a_small_json_object(text):
    with pytest.raises(gl.InvalidInputError, match="the question"):
        asked.read(text)


def test_sentences_of_classes():
    plan = {"preset": "self_train", "generations": 2, "n_samples": 200, "n_real": 200}
    said = explore.curve({"problem": {"preset": "isotropic", "dim": 50}, "plan": plan})
    assert "wrong class in" in said["sentence"]
    assert np.isfinite(said["curve"]["error"]).all()


def test_curves_of_several_plans_are_those_of_one(client):
    plans = [BOTH["plan"], {**PLAN, "real": 0.5}]
    said = client.post("/api/curves", json={"problem": PROBLEM, "plans": plans}).json()
    for told, plan in zip(said, plans, strict=True):
        assert told == client.post("/api/curve", json={"problem": PROBLEM, "plan": plan}).json()
    too_many = client.post("/api/curves", json={"problem": PROBLEM, "plans": plans * 3})
    assert "a list of 1 to 4 tables" in too_many.json()["error"]


def test_code_of_several_plans_makes_them(client, tmp_path):
    plans = [BOTH["plan"], {**PLAN, "real": 0.5}]
    query = {"problem": PROBLEM, "plans": plans, "trials": 4, "seed": 1}
    said = client.post("/api/codes", json=query).json()
    made = {}
    exec(said["python"], made)  # noqa: S102 -- what the page gives people to run
    assert [made["a"], made["b"]] == [gl.Plan.from_dict(plan) for plan in plans]
    path = tmp_path / "plan.toml"
    path.write_text(said["toml"].split("# plan B\n")[1])
    assert gl.load(path) == (made["b"], made["problem"])


def test_differences_are_those_of_compare():
    plans = [BOTH["plan"], {**PLAN, "penalty": 0.1}, {**PLAN, "noise": 1.0}]
    told = []
    query = {"problem": PROBLEM, "plans": plans, "trials": 20, "seed": 2}
    assert compare.differences(query, lambda *event: told.append(event)) == {"trials": 20}
    problem, (first, *others) = gl.Problem.from_dict(PROBLEM), map(gl.Plan.from_dict, plans)
    for place, ((name, pair), other) in enumerate(zip(told, others, strict=True), start=1):
        found = gl.compare(problem, other, first, trials=20, seed=2)
        assert (name, pair["plan"]) == ("pair", place)
        assert pair["difference"] == found.difference.tolist()
        assert pair["stderr"] == found.stderr.tolist()


MAP = {
    "problem": {"preset": "isotropic", "dim": 50},
    "plan": PLAN,
    "x": {"field": "n_samples", "low": 30, "high": 120, "log": True},
    "y": {"field": "real", "low": 0.1, "high": 0.9, "log": False},
    "value": "limit",
    "side": 18,
}


def test_a_map_is_that_of_phases_after_a_coarser_one():
    told = []
    fine = phase_map.phases(MAP, lambda *event: told.append(event))
    [(name, coarse)] = told
    assert (name, len(coarse["x"]["values"]), len(fine["x"]["values"])) == ("map", 17, 18)
    x, y = (axis["values"] for axis in (fine["x"], fine["y"]))
    assert x == sorted(set(x))
    found = gl.phases(
        gl.Problem.isotropic(50), PLAN, x=("n_samples", x), y=("real", y), value="limit"
    )
    assert np.array_equal(fine["values"], found.values)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"side": 82}, "side was 82"),
        ({"x": {**MAP["x"], "high": 2e6}}, "n_samples was 2000000"),
        ({"x": {**MAP["x"], "field": "dim", "high": 6000}}, "dim was 6000"),
        ({"x": {**MAP["x"], "low": 500}}, "it must go up"),
        ({"x": {**MAP["x"], "low": 0}}, "starts above 0"),
        ({"x": MAP["y"]}, "take two fields"),
        ({"x": {**MAP["x"], "field": "generations[0]"}}, "unknown key"),
        ({"value": "everything"}, "value was 'everything'"),
    ],
)
def test_a_map_too_large_or_unknown_is_refused(change, words):
    with pytest.raises(gl.InvalidInputError) as raised:
        phase_map.phases({**MAP, **change}, lambda *_: None)
    assert words in str(raised.value)
