"""``genloss budget`` prints what Python answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

import genloss as gl


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for name, n in (("real.csv", 60), ("made.csv", 300)):
        X = rng.normal(size=(n, 8))
        y = X.sum(axis=1) + rng.normal(size=n)
        header = ",".join([*(f"x{k}" for k in range(8)), "y"])
        np.savetxt(
            tmp_path / name, np.column_stack([X, y]), delimiter=",", header=header, comments=""
        )
    gl.save(tmp_path / "plan.toml", problem=gl.Problem.isotropic(30), plan=gl.Plan.replace(2, 60))
    monkeypatch.chdir(tmp_path)


PRICES = ["--cost", "real=1,synthetic=0.02"]


def test_tables_are_budgeted_as_in_python(folder, genloss, tmp_path):
    cost = {"real": 1, "synthetic": 0.02}
    best = gl.budget("real.csv", "made.csv", "y", cost=cost, money=100)
    arguments = ["budget", "real.csv", "made.csv", "--target", "y", *PRICES, "--money", "100"]
    plain = json.loads(genloss(*arguments, "--json")[1])
    assert (plain["real"], plain["synthetic"]) == (best.real, best.synthetic)
    assert plain["ratio"] == best.ratio
    code, out, errors = genloss(*arguments, "--plot", "b.svg", "--report", "b.html")
    assert (code, errors) == (0, "")
    assert " ".join(out.split()).startswith(best.sentences[0])
    assert "<svg" in (tmp_path / "b.svg").read_text()
    assert best.sentences[0] in (tmp_path / "b.html").read_text()


def test_a_problem_is_budgeted_by_theory(folder, genloss):
    code, out, errors = genloss(
        *["budget", "plan.toml", "--noise", "1", "--labeler-noise", "2", *PRICES, "--money", "100"]
    )
    assert (code, errors) == (0, "")
    assert out.startswith("Have ")


def test_predictions_stand_beside_columns_of_text(tmp_path, genloss, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tables = {}
    for name, n in (("real.csv", 60), ("made.csv", 200)):
        X, oslo = rng.normal(size=(n, 3)), np.arange(n) % 2
        said = X.sum(axis=1) + oslo + X[:, 0] ** 2
        y = said + 0.5 * rng.normal(size=n)
        tables[name] = np.column_stack([X, oslo]), y, said
        towns = np.where(oslo, "Oslo", "Bergen")
        own = [f"{z}," if name == "real.csv" else "" for z in said]
        lines = [
            f"{a},{b},{c},{town},{z}{label}"
            for (a, b, c), town, z, label in zip(X, towns, own, y, strict=True)
        ]
        header = "a,b,c,town,said,y" if name == "real.csv" else "a,b,c,town,y"
        (tmp_path / name).write_text("\n".join([header, *lines]) + "\n")
    arguments = ["real.csv", "made.csv", "--target", "y", *PRICES, "--money", "90"]
    code, out, errors = genloss("budget", *arguments, "--predictions", "said", "--json")
    assert (code, errors) == (0, "")
    (X, y, said), (other, labels, _) = tables.values()
    cost = {"real": 1, "synthetic": 0.02}
    best = gl.budget((X, y), (other, labels), predictions=said, cost=cost, money=90)
    plain = json.loads(out)
    assert (plain["real"], plain["synthetic"]) == (best.real, best.synthetic)
    assert plain["ppi"]["error"] == pytest.approx(best.ppi.error)
    code, out, errors = genloss("budget", *arguments, "--predictions", "town")
    assert (code, out) == (2, "")
    assert "--predictions was 'town'; REAL has no such column of numbers" in " ".join(
        errors.split()
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--money", "10"], "--money was 10; the 60 real rows of the pilot cost 60 already"),
        ([], "--money was not given and --error was not given"),
        (
            ["--money", "100", "--labeler-noise", "1"],
            "--labeler-noise or --labeler-error was given",
        ),
        (["--money", "100", "--report", "b.pdf"], "--report was"),
    ],
)
def test_what_is_wrong_is_told(folder, genloss, more, words):
    code, out, errors = genloss("budget", "real.csv", "made.csv", "--target", "y", *PRICES, *more)
    assert (code, out) == (2, "")
    assert words in " ".join(errors.split())
