"""Rounds of runs: looked at, stopped, never listed, logged."""

import logging
import subprocess
import sys

import numpy as np
import pytest

import genloss as gl
from genloss.trials.pace import Pace

PROBLEM = gl.Problem.power_law(8, capacity=1.0, source=0.5)
PLANS = {
    "two numbers": gl.Plan.replace(2, 20, noise=0.5),
    "increments": gl.Plan.same_design(2, 20, noise=0.5),
    "compressed": gl.Plan.replace(2, 20, noise=0.5, penalty=0.1),
    "literal": gl.Plan.replace(2, 5, noise=0.5, penalty=0.1),
}


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("trials", [2, 17, 300])
def test_the_last_look_is_the_answer_bit_for_bit(name, trials):
    looks = []
    curve = gl.simulate(PROBLEM, PLANS[name], trials=trials, seed=3, on_round=looks.append)
    assert curve == looks[-1] == gl.simulate(PROBLEM, PLANS[name], trials=trials, seed=3)
    counts = [look.trials for look in looks]
    assert counts == sorted(set(counts))
    assert counts[-1] == trials


def test_looks_do_not_depend_on_workers():
    def looks(workers):
        seen = []
        gl.simulate(
            PROBLEM, PLANS["literal"], trials=50, seed=1, workers=workers, on_round=seen.append
        )
        return seen

    assert looks(1) == looks(2) == looks(3)


def test_false_stops_and_nothing_else_does():
    def stops(answer):
        return gl.simulate(
            PROBLEM, PLANS["literal"], trials=64, seed=1, on_round=lambda _: answer
        ).trials

    assert stops(False) == stops(np.False_) == 16
    assert stops(None) == stops(0) == stops("") == stops(True) == 64


def test_an_error_in_a_look_comes_out_and_what_is_no_function_is_refused():
    with pytest.raises(ZeroDivisionError):
        gl.simulate(PROBLEM, PLANS["literal"], trials=64, on_round=lambda _: 1 / 0)
    with pytest.raises(gl.InvalidInputError, match="on_round was 3"):
        gl.simulate(PROBLEM, PLANS["literal"], on_round=3)


def test_any_number_of_runs_stops_when_it_is_precise():
    for plan in PLANS.values():
        curve = gl.simulate(PROBLEM, plan, trials=10**12, relative_stderr=0.2)
        assert curve.trials <= 2048
    with pytest.raises(gl.InvalidInputError, match="trials was .*<= 1000000000000"):
        gl.simulate(PROBLEM, PLANS["literal"], trials=10**12 + 1)
    with pytest.raises(gl.InvalidInputError, match="trials was 1e\\+308"):
        gl.simulate(PROBLEM, PLANS["literal"], trials=1e308)


def clock(monkeypatch, seconds):
    """Every look at the clock is so much later than the one before."""
    ticks = iter(np.arange(10**6) * seconds)
    monkeypatch.setattr("genloss.trials.pace.monotonic", lambda: float(next(ticks)))


@pytest.mark.parametrize("name", PLANS)
def test_runs_that_would_never_end_are_refused_and_what_stops_them_is_not(monkeypatch, name):
    clock(monkeypatch, 3)
    for more in ({}, {"progress": True}, {"relative_stderr": 1e-9}, {"relative_stderr": 1e-200}):
        with pytest.raises(
            gl.InvalidInputError, match="trials was 1,000,000,000,000; .* take .*give"
        ):
            gl.simulate(PROBLEM, PLANS[name], trials=10**12, **more)
    with pytest.raises(gl.InvalidInputError, match="trials was .* (days|years): give fewer$"):
        gl.compare(PROBLEM, PLANS[name], PLANS[name], trials=10**12)
    clock(monkeypatch, 3)
    assert gl.simulate(PROBLEM, PLANS[name], trials=10**12, relative_stderr=0.2).trials <= 2048
    stopped = gl.simulate(PROBLEM, PLANS[name], trials=10**12, on_round=lambda _: False)
    assert stopped.trials <= 2048


def test_long_runs_are_told_once_and_only_to_those_who_see_nothing(monkeypatch):
    clock(monkeypatch, 64)
    plan = gl.Plan.replace(1, 2, penalty=0.1)
    literal = {"method": "literal", "workers": 1}
    told = r"trials was 1,000; 16 runs took 64 s, .* take 1.1 hours"
    with pytest.warns(UserWarning, match=told) as seen:
        gl.simulate(PROBLEM, plan, trials=1000, **literal)
    assert [each.filename for each in seen] == [__file__]
    for pace in (Pace(300, "too short to be told"), Pace(1000, "is seen", told=True)):
        for runs in (16, 32, 48):
            pace.look(runs)


@pytest.mark.parametrize("verb", [gl.simulate, lambda *a, **k: gl.compare(*a[:2], a[1], **k)])
def test_rows_that_fit_into_no_memory_are_refused_before_they_are_drawn(verb):
    plan = gl.Plan.accumulate(3, 10**12, design="fresh", noise=1.0)
    with pytest.raises(
        gl.InvalidInputError, match="n_samples was 3,000,000,000,000 for model 2, .* GB"
    ):
        verb(PROBLEM, plan, trials=2, method="literal")
    assert gl.simulate(PROBLEM, gl.Plan.replace(2, 10**12, noise=1.0), trials=2).trials == 2


def test_moments_of_rounds_are_those_of_all_runs():
    risks = np.random.default_rng(0).exponential(size=(70, 3))
    from genloss.trials.tally import Batch, Tally

    sums = np.zeros((3, 2))
    together = Tally.of([Batch(risks, sums)])
    parts = [Tally.of([Batch(risks[a:b], sums)]) for a, b in ((0, 1), (1, 30), (30, 70))]
    joined = parts[0].joined(parts[1]).joined(parts[2])
    np.testing.assert_allclose(joined.mean, risks.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(joined.stderr, together.stderr, rtol=1e-13)
    np.testing.assert_allclose(joined.stderr, risks.std(axis=0, ddof=1) / np.sqrt(70), rtol=1e-13)


def test_labels_too_large_for_a_number_are_a_sentence():
    plan = gl.Plan.replace(2, 20, noise=1e200)
    for method in ("auto", "literal"):
        with pytest.raises(gl.InvalidInputError, match="model 0 .* other units"):
            gl.simulate(PROBLEM, plan, trials=4, method=method)


def test_rounds_are_logged_by_the_package(caplog):
    with caplog.at_level(logging.DEBUG, logger="genloss"):
        gl.simulate(PROBLEM, PLANS["literal"], trials=20)
    assert [record.message for record in caplog.records] == [
        "simulated 16 of 20 runs (literal)",
        "simulated 20 of 20 runs (literal)",
    ]
    assert any(isinstance(h, logging.NullHandler) for h in logging.getLogger("genloss").handlers)


def test_predict_imports_no_scipy():
    code = (
        "import sys, genloss as gl\n"
        "for plan in (gl.Plan.replace(3, 100, penalty=.1, noise=1), gl.Plan.same_design(2, 100),\n"
        "             gl.Plan.accumulate(2, 100, design='fresh'), gl.Plan.mix(3, 100, real=.2)):\n"
        "    gl.predict(gl.Problem.isotropic(20), plan)\n"
        "heavy = {'scipy', 'sklearn', 'pandas', 'matplotlib'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_public_names_are_listed():
    assert dir(gl) == sorted(gl.__all__)
