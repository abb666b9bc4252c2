"""``genloss tune``, ``compare`` and ``completion``: what they print is what Python answers."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest

import genloss as gl
from genloss._words import number


@pytest.fixture
def folder(tmp_path, monkeypatch):
    problem = gl.Problem.power_law(40, capacity=1.5, source=0.5)
    one, two = gl.Plan.replace(3, 80, noise=0.5), gl.Plan.mix(3, 80, real=0.5, noise=0.5)
    gl.save(tmp_path / "one.toml", plan=one, problem=problem)
    gl.save(tmp_path / "two.json", plan=two, problem=problem)
    gl.save(tmp_path / "bare.toml", plan=two)
    monkeypatch.chdir(tmp_path)
    return problem, one, two


@pytest.mark.parametrize("over", ["penalty", "last_penalty", "schedule"])
def test_tune_finds_what_python_finds(over, folder, genloss, tmp_path):
    problem, plan, _ = folder
    best = gl.tune(problem, plan, over=over, objective="mean")
    arguments = ["tune", "one.toml", "--over", over, "--objective", "mean"]
    code, out, errors = genloss(*arguments, "--json", "--out", "best.toml", "--plot", "t.svg")
    assert (code, errors) == (0, "")
    plain = json.loads(out)
    assert (plain["over"], plain["objective"]) == (over, "mean")
    assert plain["value"] == best.value
    assert plain["value_before"] == best.value_before
    assert gl.Plan.from_dict(plain["plan"]) == best.plan
    assert gl.load("best.toml") == (best.plan, problem)
    assert "<svg" in (tmp_path / "t.svg").read_text()


@pytest.mark.slow
def test_tune_of_several_things_under_a_limit_is_what_python_finds(folder, genloss):
    problem, plan, _ = folder
    over, limit = ["real", "n_samples"], 150
    best = gl.tune(problem, plan, over=over, cost={"real": 1, "synthetic": 0.1}, limit=limit)
    arguments = ["tune", "one.toml", "--over", "real", "--over", "n_samples", "--limit", "150"]
    arguments += ["--cost", "real=1, synthetic=.1"]
    plain = json.loads(genloss(*arguments, "--json")[1])
    assert (plain["over"], plain["found"]) == (over, best.found)
    assert (plain["value"], plain["cost"]) == (best.value, best.cost)
    out = " ".join(genloss(*arguments)[1].split())
    assert out.startswith("With a share of ")
    assert f"{number(best.value)} (" in out
    assert f"at a cost of {number(best.cost)}." in out
    assert "real rows rows by models" in out


@pytest.mark.parametrize("text", ["real=1", "real=1,synthetic=x", "1,2", "real=1,real=2", ""])
def test_prices_that_are_none_are_told(text, folder, genloss):
    code, out, errors = genloss("tune", "one.toml", "--over", "real", "--cost", text)
    assert (code, out) == (2, "")
    assert "--cost was" in errors
    assert "real=1,synthetic=0.01" in errors


def test_tune_answers_in_one_sentence_first(folder, genloss):
    code, out, errors = genloss("tune", "one.toml", "--out", "best.json")
    assert (code, errors) == (0, "")
    assert out.startswith("Penalty ")
    assert "brings the risk of model 2 from" in out
    assert "Plan written to best.json" in out
    again = genloss("tune", "best.json")[1]
    assert "No other penalty" in again or "(+0%)" in again or "(-0%)" in again


def test_compare_answers_as_python_does(folder, genloss):
    problem, one, two = folder
    found = gl.compare(problem, one, two, trials=40, seed=3)
    arguments = ["--trials", "40", "--seed", "3", "--json", "--plot", "c.png"]
    for other in ("two.json", "bare.toml"):
        code, out, errors = genloss("compare", "one.toml", other, *arguments)
        assert (code, errors) == (0, "")
        plain = json.loads(out)
        assert plain["plans"] == ["one.toml", other]
        np.testing.assert_array_equal(plain["difference"], found.difference)
        np.testing.assert_array_equal(plain["stderr"], found.stderr)


def test_compare_says_which_is_lower(folder, genloss):
    code, out, errors = genloss("compare", "one.toml", "two.json", "--trials", "300")
    assert (code, errors) == (0, "")
    assert out.startswith("two.json has the lower risk at model 2, by ")
    same = genloss("compare", "one.toml", "one.toml", "--trials", "10")[1]
    assert "do not tell which has the lower risk" in " ".join(same.split())


def test_scaling_law_says_what_python_says(genloss):
    call = [
        "scaling-law",
        "--capacity",
        "2",
        "--source",
        "0.5",
        "--n-samples",
        "1e5",
        "--generations",
        "3",
    ]
    call += ["--generator-samples", "3e4", "--dim", "1000"]
    code, out, errors = genloss(*call)
    assert (code, errors) == (0, "")
    law = gl.scaling_law(
        gl.PowerLaw(2.0, 0.5, dim=1000), n_samples=1e5, generations=3, generator_samples=3e4
    )
    assert " ".join(out.split()) == " ".join(f"> {words}" for words in law.sentences)
    plain = json.loads(genloss(*call, "--json")[1])
    assert plain["regime"] == law.regime
    assert plain["recommendations"][-1]["penalty"] == law.best.penalty
    code, _, errors = genloss(*call[:-2], "--noise", "-1")
    assert code == 2
    assert errors.startswith("genloss: --noise was -1")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_knows_the_commands(shell, genloss):
    code, out, errors = genloss("completion", shell)
    assert (code, errors) == (0, "")
    for word in ("forecast", "tune", "compare", "relative-stderr"):
        assert word in out


def test_bash_completes_commands_and_options(genloss, tmp_path):
    script = tmp_path / "genloss.bash"
    script.write_text(genloss("completion", "bash")[1])
    [name] = {
        line.split("-F")[1].split()[0]
        for line in script.read_text().split("\n")
        if line.startswith("complete ") and "-F" in line
    }

    def completed(*words):
        line = f"source {script}; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; "
        line += (
            f"COMP_LINE='{' '.join(words)}'; {name} genloss; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        )
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
        return {word.strip() for word in done.stdout.split("\n")}

    assert {"compare", "completion"} <= completed("genloss", "com")
    assert "--objective" in completed("genloss", "tune", "--obj")
