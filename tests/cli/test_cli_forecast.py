"""``genloss forecast`` takes what Python's verb takes, and prints what it answers."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest

import genloss as gl
from genloss.cli import app

OPTIONS = inspect.signature(app["forecast"].default_command).parameters


@pytest.fixture
def table(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 3))
    y = np.exp(0.3 * X.sum(axis=1) + 0.2 * rng.standard_normal(300))
    lines = ["a;b;c;day;shop;share;price"]
    for i, (row, price) in enumerate(zip(X, y, strict=True)):
        numbers = ";".join(f"{value:.4f}".replace(".", ",") for value in row)
        lines.append(f"{numbers};{i};s{i % 30};{1 + i % 2};{price:.4f}".replace(";0.", ";0,"))
    text = "\n".join(lines).replace(".", ",")
    (tmp_path / "table.csv").write_text(text)
    (tmp_path / "more.csv").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_argument_of_the_verb_is_an_option():
    verb = inspect.signature(gl.forecast).parameters
    # X is DATA, y the target in it; the penalty is tuned where none is given
    assert set(verb) - {"X", "y", "tune_penalty"} <= set(OPTIONS)
    assert set(OPTIONS) - set(verb) == {
        *("data", "gamma", "degree", "unit", "plot", "report", "json")
    }


def test_options_reach_the_verb_as_they_are(table, genloss, monkeypatch):
    seen = {}

    def verb(X, **given):
        seen.update(given, X=str(X))
        raise gl.DataError("enough")

    monkeypatch.setattr(gl, "forecast", verb)
    call = "forecast table.csv --target price --penalty cv --log --time day --group shop"
    call += " --weights share --texts encode --unlabelled more.csv --encoding latin-1 --decimal ,"
    call += " --thousands . --sep ; --missing drop --generations 3 --n-samples 20 --noise 0.1"
    call += " --real 0.2 --trials 7 --seed 5 --no-stream"
    call += " --classes --estimator forest"
    assert genloss(*call.split())[0] == 2
    assert {name: value for name, value in seen.items() if name not in ("kernel", "plan")} == {
        "X": "table.csv",
        "target": "price",
        "penalty": "cv",
        "log": True,
        "time": "day",
        "group": "shop",
        "weights": "share",
        "texts": "encode",
        "unlabelled": table.joinpath("more.csv").relative_to(table),
        "encoding": "latin-1",
        "decimal": ",",
        "thousands": ".",
        "sep": ";",
        "missing": "drop",
        "generations": 3,
        "n_samples": 20,
        "noise": 0.1,
        "real": 0.2,
        "trials": 7,
        "seed": 5,
        "stream": False,
        "classes": True,
        "estimator": "forest",
    }


SMALL = "--target price --decimal , --generations 3 --n-samples 30 --trials 2"


@pytest.mark.slow
@pytest.mark.parametrize("more", ["--log", "--time day", "--penalty cv --unlabelled more.csv"])
def test_the_answer_is_pythons(more, table, genloss):
    code, out, errors = genloss("forecast", "table.csv", *SMALL.split(), *more.split(), "--json")
    assert (code, errors) == (0, "")
    given = {
        "--log": {"log": True},
        "--time day": {"time": "day"},
        "--penalty cv --unlabelled more.csv": {"penalty": "cv", "unlabelled": "more.csv"},
    }[more]
    outlook = gl.forecast(
        "table.csv", target="price", decimal=",", generations=3, n_samples=30, trials=2, **given
    )
    assert json.loads(out) == json.loads(json.dumps(outlook.to_dict()))


@pytest.mark.slow
def test_a_logarithm_is_shown_on_both_scales(table, genloss):
    code, out, errors = genloss("forecast", "table.csv", *SMALL.split(), "--log", "--unit", "share")
    assert (code, errors) == (0, "")
    assert "before log" in out
    assert "share" in out


def test_unlabelled_rows_must_have_the_columns(table, genloss):
    (table / "less.csv").write_text("a;b;day\n1,0;2,0;3\n")
    call = ["forecast", "table.csv", *SMALL.split(), "--unlabelled", "less.csv"]
    code, out, errors = genloss(*call)
    assert (code, out) == (2, "")
    assert "'less.csv' lacks 'c'" in errors


def test_notes_and_warnings_are_spelt_as_options(table, genloss):
    lines = ["name,a,y", *(f"n{i},{i % 17},{i % 7 + i % 17}" for i in range(120))]
    (table / "names.csv").write_text("\n".join(lines))
    call = ["forecast", "names.csv", "--target", "y", "--generations", "2", "--trials", "2"]
    code, out, errors = genloss(*call)
    assert (code, errors) == (0, "")
    flat = " ".join(out.split())
    assert "--texts encode" in flat
    assert "texts='encode'" not in flat


def test_without_a_file_digits_are_classes_in_per_cent(genloss):
    code, out, errors = genloss("forecast", "--generations", "3", "--n-samples", "60")
    assert (code, errors) == (0, "")
    assert "(10 classes)" in out
    assert "hard labels" in out
    assert "soft labels" in out
    assert "error, %" in out
    code, out, errors = genloss("forecast", "--generations", "2", "--no-classes", "--json")
    assert (code, errors) == (0, "")
    assert json.loads(out)["metric"] == "mean squared error on real labels"


@pytest.mark.slow
def test_classes_of_a_file_with_hostile_names(table, genloss):
    rng = np.random.default_rng(1)
    lines = ["a,b,kind"]
    for _ in range(200):
        one = rng.standard_normal(2)
        lines.append(f"{one[0]:.3f},{one[1]:.3f},{'<b>x' if one.sum() > 0 else 'y & z'}")
    (table / "kinds.csv").write_text("\n".join(lines))
    call = ["forecast", "kinds.csv", "--target", "kind", "--generations", "3", "--trials", "2"]
    code, out, errors = genloss(*call, "--report", "r.html", "--json")
    assert (code, errors) == (0, "")
    found = json.loads(out)
    assert found["classes"] == ["<b>x", "y & z"]
    assert {"predicted", "measured", "low", "high"} <= set(found["models"])
    page = (table / "r.html").read_text()
    assert "<b>x" not in page
    assert "&lt;b&gt;x" in page
    code, out, errors = genloss(*call, "--unit", "r2")
    assert (code, out) == (2, "")
    assert "--unit was r2" in errors
    code, out, errors = genloss(*call, "--no-classes")
    assert (code, out) == (2, "")
    assert "non-numeric target" in errors
    code, out, errors = genloss(*call, "--estimator", "forrest")
    assert (code, out) == (2, "")
    assert "--estimator was 'forrest'" in errors
