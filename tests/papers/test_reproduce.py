"""Claims, reproductions and the gallery."""

from __future__ import annotations

import csv
import importlib
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import genloss as gl
from genloss.cli import app
from genloss.errors import DataError, InvalidInputError
from genloss.papers import Claim, reproduce
from genloss.papers.demystified import least_squares, master_recursion, overparametrised, ridge
from genloss.papers.demystified.figures import chain, interpolation, isotropic, power_law
from genloss.papers.gallery import EXPERIMENTS, names
from genloss.papers.reproduction import Effort, Reproduction

NUMBERS = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("kind", "measured", "stderr", "verdict"),
    [
        ("exact", 1.039, 0.01, "holds"),
        ("exact", 1.041, 0.01, "fails"),
        ("exact", 1.001, 0.0, "fails"),
        ("exact", 1 + 1e-12, 0.0, "holds"),
        ("asymptotic", 1.029, 0.0, "holds"),
        ("asymptotic", 0.967, 0.001, "holds"),
        ("asymptotic", 0.965, 0.0, "fails"),
        ("at most", 0.2, 0.0, "holds"),
        ("at most", 1.05, 0.01, "fails"),
        ("at least", 7.0, 0.0, "holds"),
        ("at least", 0.99, 0.0, "fails"),
        ("exact", math.nan, 1.0, "fails"),
        ("at most", -math.inf, 1.0, "fails"),
    ],
)
def test_verdicts(kind, measured, stderr, verdict):
    assert Claim("", "", 1.0, measured, stderr, kind).verdict == verdict


@given(NUMBERS, NUMBERS, st.floats(0, 1e3))
def test_an_exact_claim_is_both_bounds(predicted, measured, stderr):
    verdicts = {
        kind: Claim("", "", predicted, measured, stderr, kind).verdict == "holds"
        for kind in ("exact", "at most", "at least")
    }
    assert verdicts["exact"] == (verdicts["at most"] and verdicts["at least"])


def test_names_of_reproductions():
    assert names(["all"]) == list(EXPERIMENTS)
    assert names(["f2", "power_law", "F2"]) == ["power-law"]
    with pytest.raises(InvalidInputError, match="did you mean 'isotropic'"):
        names(["isotropc"])


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_reproduction_can_be_run(name):
    assert callable(importlib.import_module(EXPERIMENTS[name].module).run)


def test_bad_arguments_of_reproduce(tmp_path):
    with pytest.raises(InvalidInputError, match="seed"):
        reproduce("chain", seed=-1)
    with pytest.raises(InvalidInputError, match="workers"):
        reproduce("chain", workers=0)
    with pytest.raises(DataError, match="there is no such file"):
        reproduce("mnist", mnist=tmp_path / "none.npz")


@pytest.fixture(scope="module")
def figures() -> dict[str, Reproduction]:
    return {name: reproduce(name, quick=True) for name in ("chain", "interpolation")}


def test_claims_of_the_quick_figures_hold(figures):
    for drawn in figures.values():
        assert len(drawn.claims) >= 3
        for claim in drawn.claims:
            assert claim.verdict == "holds", claim
            # a claim about something measured has a spread; the others compare two formulas
            assert claim.stderr > 0 or "formula" in claim.claim


def test_the_same_seed_gives_the_same_numbers(figures):
    again = reproduce("chain", quick=True, workers=1)
    assert again.table == figures["chain"].table
    other = reproduce("chain", quick=True, seed=1)
    assert other.table != figures["chain"].table


def test_figures_are_labelled_and_use_safe_colours(figures):
    from genloss.plots import COLOURS, INK

    [*axes] = figures["interpolation"].figure.axes
    assert len(axes) == 3
    for ax in axes:
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert ax.get_title(loc="left").startswith("(")
        assert {line.get_color() for line in ax.get_lines()} <= {*COLOURS, INK}


def test_the_gallery_is_complete_and_readable(tmp_path, figures, capsys, monkeypatch):
    asked = []  # one figure is drawn anew; to simulate the other twice would take long
    monkeypatch.setattr(
        interpolation, "run", lambda effort: asked.append(effort) or figures["interpolation"]
    )
    code = app(
        ["reproduce", "chain", "F3", "--quick", "--out", str(tmp_path / "new" / "gallery")],
        result_action="return_value",
    )
    assert code == 0
    assert asked == [Effort(quick=True)]
    folder = tmp_path / "new" / "gallery"
    printed = capsys.readouterr().out
    assert f"{folder / 'gallery.md'}" in printed.replace("\n", "")
    page = (folder / "gallery.md").read_text(encoding="utf-8")
    claims = sum(len(drawn.claims) for drawn in figures.values())
    assert f"{claims} of {claims} claims hold." in page
    assert "a quick run" in page
    anchors = set(re.findall(r'<a id="([\w-]+)"></a>', page))
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert {link[1:] for link in links if link.startswith("#")} == anchors == set(figures)
    for link in links:
        assert link.startswith("#") or (folder / link).stat().st_size > 0
    for name, drawn in figures.items():
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        ElementTree.parse(folder / f"{name}.svg")
        with open(folder / f"{name}.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(drawn.table)
        for row, known in zip(rows, drawn.table, strict=True):
            assert float(row["theory"]) == pytest.approx(known["theory"], rel=1e-6)
        with open(folder / f"{name}.claims.csv", newline="") as file:
            written = list(csv.DictReader(file))
        assert [row["verdict"] for row in written] == [c.verdict for c in drawn.claims]
        assert [row["claim"] for row in written] == [c.claim for c in drawn.claims]


def test_figures_are_small_files_without_loss_to_the_eye(tmp_path, figures):
    """A palette of 256 colours: a quarter of the bytes, and no pixel far from its colour."""
    drawn = figures["interpolation"]
    drawn.write("small", tmp_path)
    drawn.figure.savefig(tmp_path / "plain.png", dpi=200)
    small, plain = (tmp_path / f"{name}.png" for name in ("small", "plain"))
    assert small.stat().st_size < 0.5 * plain.stat().st_size
    one, other = (
        np.asarray(Image.open(path).convert("RGB"), dtype=float) for path in (small, plain)
    )
    assert one.shape == other.shape
    assert np.abs(one - other).max() < 40
    assert np.abs(one - other).mean() < 0.5


def test_a_gallery_without_vector_files_says_so_and_links_to_none(tmp_path, capsys):
    arguments = ["reproduce", "chain", "--quick", "--no-svg", "--out", str(tmp_path)]
    assert app(arguments, result_action="return_value") == 0
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"chain.png", "chain.csv", "chain.claims.csv", "gallery.md"}
    page = (tmp_path / "gallery.md").read_text(encoding="utf-8")
    assert ".svg" not in page
    assert "this copy has none" in page
    assert str(tmp_path) not in page


def test_a_failing_claim_is_told_and_sets_the_exit_code(tmp_path, monkeypatch, capsys, figures):
    broken = Reproduction(
        title="broken",
        caption="",
        figure=figures["chain"].figure,
        table=figures["chain"].table,
        claims=(Claim("two is one", "nowhere", 1.0, 2.0),),
    )
    monkeypatch.setattr(chain, "run", lambda _: broken)
    code = app(["reproduce", "chain", "--out", str(tmp_path)], result_action="return_value")
    told = capsys.readouterr()
    assert code == 1
    assert "0 of 1 claims hold" in told.out
    assert "claim fails: two is one" in told.err


def test_other_files_of_the_folder_are_left_alone(tmp_path, monkeypatch, figures):
    monkeypatch.setattr(chain, "run", lambda _: figures["chain"])
    (tmp_path / "README.md").write_text("mine")
    app(["reproduce", "chain", "--quick", "--out", str(tmp_path)], result_action="return_value")
    assert (tmp_path / "README.md").read_text() == "mine"
    assert not list(tmp_path.glob("*.partial"))


def test_all_and_list_do_not_hide_a_wrong_name():
    for wanted in (["all", "nonsense"], ["list", "F1"]):
        with pytest.raises(InvalidInputError, match="it must be 'all' or one of"):
            names(wanted)


def test_a_kind_of_claim_must_be_known():
    with pytest.raises(InvalidInputError, match="kind was 'bogus'"):
        Claim("", "", 1.0, 1.0, kind="bogus")
    assert Claim("", "", 1.0, 1.0, math.inf).verdict == "fails"


def test_nothing_is_written_for_an_unknown_name_or_into_a_file(tmp_path):
    target = tmp_path / "out"
    with pytest.raises(InvalidInputError):
        app(["reproduce", "chain", "nonsense", "--out", str(target)], result_action="return_value")
    assert not target.exists()
    target.write_text("mine")
    with pytest.raises(InvalidInputError, match="it is a file"):
        app(["reproduce", "chain", "--out", str(target)], result_action="return_value")
    assert target.read_text() == "mine"


def test_reproduce_list_names_them_all(capsys):
    assert app(["reproduce"], result_action="return_value") == 0
    printed = capsys.readouterr().out
    for name in EXPERIMENTS:
        assert name in printed


@pytest.mark.parametrize("generations", [0, 1, 10])
@pytest.mark.parametrize("penalty", [1e-3, 1.0])
def test_settings_of_the_figures_agree_with_predict(generations, penalty):
    cases = [
        (isotropic.setting(1000, penalty, generations), ridge),
        (power_law.setting(400, generations, "clean"), ridge),
        (power_law.setting(400, generations, "adaptive"), ridge),
        (chain.setting(generations), least_squares),
    ]
    for design in ("independent", "same"):
        for problem, formula in (
            (gl.Problem.isotropic(300), overparametrised),
            (gl.Problem.power_law(300, capacity=1.5, source=0.5), master_recursion),
        ):
            cases.append((interpolation.setting(problem, 150, generations, design, 0.3), formula))
    for setting, formula in cases:
        predicted = gl.predict(setting.problem, setting.plan()).risk[-1]
        assert formula(setting).risk == pytest.approx(predicted, rel=1e-9)


def test_the_best_penalty_of_f2_is_never_beaten_by_a_rule():
    for T, n in ((100, 0), (1600, 5), (25_600, 20)):
        best = power_law.best(T, n)
        assert best <= ridge(power_law.setting(T, n, "adaptive")).risk
        assert best <= ridge(power_law.setting(T, n, "clean")).risk
        scanned = min(
            ridge(power_law.setting(T, n, lam)).risk for lam in np.geomspace(1e-4, 1, 200)
        )
        assert best == pytest.approx(scanned, rel=1e-3)
