"""Sweeps as a file and from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from functools import partial

import pytest
import xarray as xr

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.sweeps import load_sweep, sweep
from genloss.sweeps.design import Sweep

ISOTROPIC = {"preset": "isotropic", "dim": 12}
REPLACE = {"preset": "replace", "generations": 3, "n_samples": 40, "noise": 0.5}


def serial(*arguments, **options):
    return sweep(*arguments, **({"cluster": "serial"} | options))


def test_a_sweep_file(tmp_path):
    path = tmp_path / "a.toml"
    text = """
        problem = {preset = "isotropic", dim = 12}
        plan = {preset = "replace", generations = 3, n_samples = 40}
        [grid]
        plan.noise = [0.1, 0.2]
        "plan.generations[-1].penalty" = {log = [0.1, 1.0, 2]}
        [sweep]
        trials = 4
        """
    path.write_text(text)
    said = load_sweep(path)
    assert said.store == str(tmp_path / "a.sweep")
    assert said.settings == {"trials": 4}
    what = Sweep.of(said.problem, said.plan, said.grid, **said.settings)
    assert [axis.name for axis in what.axes] == ["noise", "generations_last_penalty"]
    path.write_text(text + 'store = "s3://bucket/a.zarr"')
    assert load_sweep(path).store == "s3://bucket/a.zarr"
    for broken, message in (
        ("[problem]", r"has no \[plan\]"),
        (text + "trails = 3", "did you mean 'trials'"),
        (text + "store = 3", "store was 3"),
        ("[probelm]", "did you mean 'problem'"),
        ("x =", "is not valid TOML"),
    ):
        path.write_text(broken)
        with pytest.raises(InvalidInputError, match=message):
            load_sweep(path)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        load_sweep(tmp_path / "b.toml")
    with pytest.raises(InvalidInputError, match=r"must end in .toml"):
        load_sweep(tmp_path / "b.json")
    with pytest.raises(InvalidInputError, match="sweep file was None; it must be a path"):
        load_sweep(None)


@pytest.fixture
def genloss(genloss, tmp_path, monkeypatch):
    """Run the command in a folder of its own; returns exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    return partial(genloss, "sweep")


def test_the_command_prints_an_example_that_it_runs(genloss, tmp_path):
    code, example, _ = genloss()
    assert code == 0
    (tmp_path / "a.toml").write_text(example.replace("25", "4"))
    code, out, errors = genloss("a.toml", "--json", "--export", "a.parquet", "--cluster", "serial")
    assert (code, errors) == (0, "")
    plain = json.loads(out)
    assert plain["points"] == 12
    assert plain["engine"] == "serial"
    assert plain["blocks"]["found"] == 0
    assert (tmp_path / "a.parquet").exists()
    code, out, _ = genloss("a.toml", "--export", "a.nc", "--workers", "2")
    assert code == 0
    assert "12 points: 4 penalty x 3 noise x 1 route x 10 model" in out
    assert "nothing was computed" in out
    assert "pandas.read_parquet('a.sweep')" in out
    xr.open_dataset("a.nc").close()
    code, out, errors = genloss("a.toml", "--export", "a.csv")
    assert (code, out) == (2, "")
    assert errors == "genloss: --export was 'a.csv'; it must end in .nc, .parquet or .zarr\n"


def test_the_command_says_which_warnings_there_are(genloss, tmp_path):
    (tmp_path / "a.toml").write_text(
        """
        problem = {preset = "isotropic", dim = 20}
        plan = {preset = "replace", generations = 2, n_samples = 22, noise = 0.5}
        [grid]
        "plan.noise" = [0.5, 1.0]
        "plan.penalty" = [0.0, 0.1]
        """
    )
    code, out, _ = genloss("a.toml", "--cluster", "serial", "--json")
    plans = [
        gl.Plan.replace(2, 22, noise=noise, penalty=lam)
        for noise in (0.5, 1.0)
        for lam in (0.0, 0.1)
    ]
    curves = gl.predict(gl.Problem.isotropic(20), plans)
    expected = Counter(text for curve in curves for text in curve.warnings)
    assert len(expected) > 1
    found = json.loads(out)
    assert (code, found["warnings"]) == (0, dict(expected))
    assert found["with_warnings"] == sum(bool(curve.warnings) for curve in curves)
    _, out, _ = genloss("a.toml")
    assert f"{found['with_warnings']} points have warnings:\n  " in out
    for text, count in expected.items():
        assert f"  {count} x {text}\n" in out


def test_an_edited_grid_is_told_all_ways_out(genloss, tmp_path):
    _, example, _ = genloss()
    (tmp_path / "a.toml").write_text(example.replace("25", "2"))
    assert genloss("a.toml", "--cluster", "serial")[0] == 0
    (tmp_path / "a.toml").write_text(example.replace("25", "3"))
    code, _, errors = genloss("a.toml", "--cluster", "serial")
    assert code == 2
    assert errors == (
        "genloss: store 'a.sweep' holds another sweep: it differs in grid; to keep both give another "
        "store, to begin anew remove this one, to go on with it ask for what it holds\n"
    )


def test_an_interrupted_command_says_how_to_go_on(genloss, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    _, example, _ = genloss()
    (tmp_path / "a.toml").write_text(example)
    monkeypatch.setattr("genloss.sweeps.runs.run", interrupted)
    code, _, errors = genloss("a.toml")
    assert code == 130
    assert errors == "genloss: stopped; the same command goes on from here\n"


def test_heavy_libraries_stay_out_of_predict():
    code = (
        "import sys, genloss as gl, genloss.sweeps, genloss.cli\n"
        "gl.predict(gl.Problem.isotropic(5), gl.Plan.replace(2, 20))\n"
        "found = {'xarray', 'zarr', 'pandas', 'pyarrow', 'distributed', 'dask', 'joblib'} & set(sys.modules)\n"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    real = __import__("importlib.util").util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *rest: None if name == "pyarrow" else real(name, *rest),
    )
    with pytest.raises(gl.MissingDependencyError, match=r'pyarrow; pip install "genloss\[sweep\]"'):
        serial(ISOTROPIC, REPLACE, {"plan.penalty": [0.1]}, store=tmp_path / "s")
    assert not list(tmp_path.iterdir())


def test_the_command_names_a_missing_library_before_a_store_is_made(genloss, tmp_path, monkeypatch):
    _, example, _ = genloss()
    (tmp_path / "a.toml").write_text(example)
    real = __import__("importlib.util").util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *rest: None if name in ("pyarrow", "xarray") else real(name, *rest),
    )
    code, out, errors = genloss("a.toml", "--cluster", "serial")
    assert (code, out) == (2, "")
    assert errors == 'genloss: this needs pyarrow and xarray; pip install "genloss[sweep]"\n'
    assert [each.name for each in tmp_path.iterdir()] == ["a.toml"]


def test_without_a_name_the_store_is_found_by_its_content(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = serial(ISOTROPIC, REPLACE, {"plan.penalty": [0.1]})
    [folder] = (tmp_path / "genloss-sweeps").iterdir()
    assert folder.name == f"{results.attrs['sweep_hash'][:16]}.sweep"
    monkeypatch.setattr("genloss.sweeps.runs.answer", lambda *_: pytest.fail("work was done"))
    xr.testing.assert_identical(serial(ISOTROPIC, REPLACE, {"plan.penalty": [0.1]}), results)
    assert [path.name for path in tmp_path.iterdir()] == ["genloss-sweeps"]
