"""The command line: every answer and every mistake in this process, one of each kind in its own."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

import genloss as gl


def installed(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What the installed command does in a process of its own."""
    command = Path(sys.executable).with_name("genloss")
    return subprocess.run(
        [str(command), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=1200,
        check=False,
    )


@pytest.fixture
def plan_file(tmp_path):
    path = tmp_path / "plan.toml"
    gl.save(path, plan=gl.Plan.replace(3, 60, noise=0.5), problem=gl.Problem.isotropic(20))
    return path


@pytest.fixture
def data_file(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 3))
    path = tmp_path / "table.csv"
    rows = np.c_[X, X.sum(axis=1) + rng.standard_normal(400)]
    np.savetxt(path, rows, delimiter=",", header="a,b,c,price", comments="")
    return path


def test_the_entry_point_is_declared():
    [script] = entry_points(group="console_scripts", name="genloss")
    assert script.value == "_genloss:main"


def test_forecast_of_a_file(genloss, data_file, tmp_path):
    plot, options = tmp_path / "curves.png", "--target price --n-samples 30 --trials 2"
    code, out, errors = genloss("forecast", str(data_file), *options.split(), "--plot", str(plot))
    assert (code, errors) == (0, "")
    assert "table.csv, predicting 'price' by linear ridge regression" in " ".join(out.split())
    assert "check:" in out
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_forecast_without_a_file_says_what_it_runs_on(genloss):
    code, out, errors = genloss("forecast", "--generations", "3", "--n-samples", "100")
    assert (code, errors) == (0, "")
    assert "scikit-learn's digits" in out


@pytest.mark.slow
def test_forecast_for_machines(genloss, data_file):
    arguments = ["forecast", str(data_file), "--target", "price", "--n-samples", "30", "--json"]
    arguments += ["--penalty", "0.1", "--generations", "4", "--real", "0.5"]
    code, out, errors = genloss(*arguments)
    assert (code, errors) == (0, "")
    plain = json.loads(out)
    assert len(plain["models"]["predicted"]) == 4
    assert plain["rows"]["seen"] > 100
    assert gl.Plan.from_dict(plain["plan"]) == gl.Plan.mix(4, 30, real=0.5, penalty=0.1)


def test_forecast_of_a_plan_file(genloss, data_file, tmp_path):
    path = tmp_path / "plan.json"
    gl.save(path, plan=gl.Plan.mix_labels(3, 40, real=0.5, penalty=0.1))
    options = "--target price --trials 2 --json --plan"
    code, out, errors = genloss("forecast", str(data_file), *options.split(), str(path))
    assert (code, errors) == (0, "")
    assert gl.Plan.from_dict(json.loads(out)["plan"]) == gl.load_plan(path)


def test_predict(plan_file, tmp_path):
    done = installed("predict", str(plan_file), "--plot", str(tmp_path / "risk.svg"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Problem.isotropic(dim=20, signal=1.0)" in done.stdout
    assert "yes" in done.stdout
    assert "<svg" in (tmp_path / "risk.svg").read_text()


def test_predict_for_machines_writes_infinities_as_text(genloss, tmp_path):
    path = tmp_path / "plan.toml"
    gl.save(path, plan=gl.Plan.replace(1, 20, noise=1.0), problem=gl.Problem.isotropic(20))
    code, out, _ = genloss("predict", str(path), "--json")
    assert code == 0
    plain = json.loads(out)
    assert plain["risk"] == ["Infinity"]
    assert float(plain["risk"][0]) == np.inf
    assert "infinite" in plain["warnings"][0]


def test_simulate_is_reproducible_and_agrees_with_predict(genloss, plan_file):
    arguments = ["simulate", str(plan_file), "--trials", "200", "--json", "--workers"]
    first, second = installed(*arguments, "1"), genloss(*arguments, "2")
    assert (first.returncode, first.stdout, first.stderr) == second
    plain = json.loads(first.stdout)
    theory = json.loads(genloss("predict", str(plan_file), "--json")[1])["risk"]
    z = (np.array(plain["risk"]) - theory) / plain["stderr"]
    assert (np.abs(z) < 4).all()


def test_simulate_plots_what_has_no_theory(genloss, tmp_path, monkeypatch):
    plan = gl.Plan.accumulate(13, 10, design="same", penalty=0.1, noise=0.5)
    gl.save(tmp_path / "plan.toml", plan=plan, problem=gl.Problem.isotropic(4))
    monkeypatch.chdir(tmp_path)
    code, _, errors = genloss("simulate", "plan.toml", "--trials", "4", "--plot", "out.png")
    assert code == 0, errors
    assert "no closed formula" in errors
    assert (tmp_path / "out.png").exists()


def test_example_is_a_plan_file_that_runs(genloss, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text(genloss("example")[1])
    (tmp_path / "plan.json").write_text(genloss("example", "--json")[1])
    assert gl.load(tmp_path / "plan.toml") == gl.load(tmp_path / "plan.json")
    assert genloss("predict", "plan.toml")[0] == 0


def test_example_as_code_makes_the_same(genloss, tmp_path):
    code, out, errors = genloss("example", "--python")
    assert (code, errors) == (0, "")
    made = {}
    exec(out, made)  # noqa: S102 -- our own code
    (tmp_path / "plan.toml").write_text(genloss("example")[1])
    plan, problem = gl.load(tmp_path / "plan.toml")
    assert plan in made.values()
    assert problem in made.values()
    assert genloss("example", "--python", "--json")[0] == 2


def test_help_teaches(genloss):
    code, out, errors = genloss("--help")
    assert (code, errors) == (0, "")
    assert "Usage: genloss" in out
    assert "genloss forecast houses.csv --target price" in out


def test_the_module_is_the_command_too(genloss):
    command = [sys.executable, "-m", "genloss", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (0, done.stdout, done.stderr) == genloss("--help")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["forecast", "none.csv", "--target", "y"], "none.csv"),
        (["forecast", "table.csv"], "--target was not given"),
        (["forecast", "table.csv", "--target", "prize"], "did you mean the column 'price'"),
        (["forecast", "table.csv", "--target", "price", "--n-samples", "900"], "--n-samples"),
        (["forecast", "table.csv", "--target", "price", "--penalty", "-1"], "--penalty was -1"),
        (["forecast", "--target", "y"], "without DATA"),
        (["forecast", "--kernel", "rbff"], "--kernel"),
        (["forecast", "--plan", "plan.toml", "--noise", "1"], "--plan and --noise"),
        (["forecast", "--plot", "x.jpg"], "must end in .png or .svg"),
        (["forecast", "--plot", "none/x.png"], "folder does not exist"),
        (["predict", "none.toml"], "none.toml"),
        (["predict", "table.csv"], "must end in .toml or .json"),
        (["predict", "bad.toml"], "unknown key 'penality'; did you mean 'penalty'?"),
        (["predict", "future.toml"], "labeler of model 1 was model 3"),
        (["predict", "pooled.toml"], '"genloss simulate"'),
        (["predict", "noproblem.toml"], "has no [problem]"),
        (["simulate", "plan.toml", "--trials", "1"], "--trials was 1"),
        (["forecats"], "forecast"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(
    genloss, arguments, message, plan_file, data_file, monkeypatch
):
    folder = plan_file.parent
    monkeypatch.chdir(folder)
    problem = '[problem]\npreset = "isotropic"\ndim = 5\n'
    row = "[[plan.generations]]\nn_samples = 9\n"
    (folder / "bad.toml").write_text(problem + row + "penality = 1.0\n")
    (folder / "future.toml").write_text(problem + row + row + "labeler = 3\n")
    (folder / "noproblem.toml").write_text(row)
    gl.save(
        folder / "pooled.toml",
        plan=gl.Plan.accumulate(13, 10, design="same", penalty=0.1),
        problem=gl.Problem.isotropic(4),
    )
    code, out, errors = genloss(*arguments)
    assert (code, out) == (2, "")
    assert message in errors
    assert errors.startswith("genloss: ")
    assert "Traceback" not in errors


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [["forecats"], ["predict", "none.toml"], ["forecast", "table.csv", "--target", "prize"]],
)
def test_a_mistake_looks_the_same_in_a_process_of_its_own(
    genloss, arguments, data_file, monkeypatch
):
    monkeypatch.chdir(data_file.parent)
    done = installed(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == genloss(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("genloss: ")


def test_importing_is_light():
    code = "import genloss.cli, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"sklearn", "matplotlib", "pandas", "polars", "pyarrow", "scipy.stats", "scipy.linalg"}
    assert not heavy & set(loaded)
