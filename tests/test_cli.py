"""The command line through its real entry point."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

import genloss as gl


def genloss(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("genloss")
    return subprocess.run(
        [str(command), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
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
    assert script.value == "genloss.cli:main"


def test_forecast_of_a_file(data_file, tmp_path):
    plot = tmp_path / "curves.png"
    done = genloss(
        "forecast", str(data_file), "--target", "price", "--n-samples", "30", "--plot", str(plot)
    )
    assert done.returncode == 0, done.stderr
    assert "table.csv, predicting 'price' by linear ridge regression" in " ".join(
        done.stdout.split()
    )
    assert "off by" in done.stdout
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_forecast_without_a_file_says_what_it_runs_on():
    done = genloss("forecast", "--generations", "3", "--n-samples", "100")
    assert done.returncode == 0, done.stderr
    assert "scikit-learn's digits" in done.stdout


def test_forecast_for_machines(data_file):
    arguments = ["forecast", str(data_file), "--target", "price", "--n-samples", "30", "--json"]
    done = genloss(*arguments, "--penalty", "0.1", "--generations", "4", "--real", "0.5")
    plain = json.loads(done.stdout)
    assert len(plain["models"]["predicted"]) == 4
    assert plain["rows"]["seen"] > 100
    assert gl.Plan.from_dict(plain["plan"]) == gl.Plan.mix(4, 30, real=0.5, penalty=0.1)
    again = genloss(*arguments, "--penalty", "0.1", "--generations", "4", "--real", "0.5")
    assert again.stdout == done.stdout


def test_forecast_of_a_plan_file(data_file, tmp_path):
    path = tmp_path / "plan.json"
    gl.save(path, plan=gl.Plan.mix_labels(3, 40, real=0.5, penalty=0.1))
    done = genloss("forecast", str(data_file), "--target", "price", "--plan", str(path), "--json")
    assert done.returncode == 0, done.stderr
    assert gl.Plan.from_dict(json.loads(done.stdout)["plan"]) == gl.load_plan(path)


def test_predict(plan_file, tmp_path):
    done = genloss("predict", str(plan_file), "--plot", str(tmp_path / "risk.svg"))
    assert done.returncode == 0, done.stderr
    assert "Problem.isotropic(dim=20, signal=1.0)" in done.stdout
    assert "yes" in done.stdout
    assert "<svg" in (tmp_path / "risk.svg").read_text()


def test_predict_for_machines_has_no_infinities(tmp_path):
    path = tmp_path / "plan.toml"
    gl.save(path, plan=gl.Plan.replace(1, 20, noise=1.0), problem=gl.Problem.isotropic(20))
    plain = json.loads(genloss("predict", str(path), "--json").stdout)
    assert plain["risk"] == [None]
    assert "infinite" in plain["warnings"][0]


def test_simulate_is_reproducible_and_agrees_with_predict(plan_file):
    first = genloss("simulate", str(plan_file), "--trials", "200", "--json", "--workers", "1")
    second = genloss("simulate", str(plan_file), "--trials", "200", "--json", "--workers", "2")
    assert first.stdout == second.stdout
    plain = json.loads(first.stdout)
    theory = json.loads(genloss("predict", str(plan_file), "--json").stdout)["risk"]
    z = (np.array(plain["risk"]) - theory) / plain["stderr"]
    assert (np.abs(z) < 4).all()


def test_simulate_plots_what_has_no_theory(tmp_path):
    plan = gl.Plan.accumulate(13, 10, design="same", penalty=0.1, noise=0.5)
    gl.save(tmp_path / "plan.toml", plan=plan, problem=gl.Problem.isotropic(4))
    done = genloss("simulate", "plan.toml", "--trials", "4", "--plot", "out.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no closed formula" in done.stderr
    assert (tmp_path / "out.png").exists()


def test_example_is_a_plan_file_that_runs(tmp_path):
    (tmp_path / "plan.toml").write_text(genloss("example").stdout)
    (tmp_path / "plan.json").write_text(genloss("example", "--json").stdout)
    assert gl.load(tmp_path / "plan.toml") == gl.load(tmp_path / "plan.json")
    assert genloss("predict", "plan.toml", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("command", [[], ["forecast"], ["predict"], ["simulate"], ["example"]])
def test_help_teaches(command):
    done = genloss(*command, "--help")
    assert done.returncode == 0
    assert "Usage: genloss" in done.stdout
    assert "genloss forecast houses.csv --target price" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["forecast", "none.csv", "--target", "y"], "none.csv"),
        (["forecast", "table.csv"], "target was None"),
        (["forecast", "table.csv", "--target", "prize"], "did you mean the column 'price'"),
        (["forecast", "table.csv", "--target", "price", "--n-samples", "900"], "900 rows"),
        (["forecast", "table.csv", "--target", "price", "--penalty", "-1"], "penalty was -1"),
        (["forecast", "--target", "y"], "without DATA"),
        (["forecast", "--kernel", "rbff"], "--kernel"),
        (["forecast", "--plan", "plan.toml", "--noise", "1"], "--plan and --noise"),
        (["forecast", "--plot", "x.jpg"], "must end in .png or .svg"),
        (["forecast", "--plot", "none/x.png"], "folder does not exist"),
        (["predict", "none.toml"], "none.toml"),
        (["predict", "table.csv"], "must end in .toml or .json"),
        (["predict", "bad.toml"], "unknown key 'penality'; did you mean 'penalty'?"),
        (["predict", "future.toml"], "labeler of model 1 was model 3"),
        (["predict", "pooled.toml"], "genloss.simulate"),
        (["predict", "noproblem.toml"], "has no [problem]"),
        (["simulate", "plan.toml", "--trials", "1"], "trials was 1"),
        (["forecats"], "forecast"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(arguments, message, plan_file, data_file):
    folder = plan_file.parent
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
    done = genloss(*arguments, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("genloss: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_importing_is_light():
    code = "import genloss.cli, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"sklearn", "matplotlib", "pandas", "polars", "pyarrow", "scipy.stats", "scipy.linalg"}
    assert not heavy & set(loaded)
