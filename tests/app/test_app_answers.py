"""What the app answers is what the verbs answer, and what it is asked stays within its limits."""

from __future__ import annotations

import json

import numpy as np
import pytest
from starlette.testclient import TestClient

import genloss as gl
from genloss.app import asked, explore
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
    end = gl.limit(problem, plan)
    assert said["sentence"].startswith("model 4: ")
    assert said["sentence"].endswith("stable" if end.stable else "unstable")


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
    assert (name, found["risk"]) == ("done", best.value)
    assert found["penalty"] == best.plan.penalty[-1]


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
    assert answer.status_code == 422
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
