"""Claims, reproductions and the gallery."""

from __future__ import annotations

import csv
import dataclasses
import importlib
import json
import math
import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import genloss as gl
from genloss import papers
from genloss.errors import DataError, InvalidInputError
from genloss.papers import Claim, Paper, Reproduction, Study, reproduce
from genloss.papers.demystified import least_squares, master_recursion, overparametrised, ridge
from genloss.papers.demystified.figures import chain, interpolation, isotropic, power_law
from genloss.papers.effort import Effort
from genloss.papers.gallery import options, write_page
from genloss.papers.paper import collected, find
from genloss.plots import COLOURS, INK

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
    assert list(find(["f2", "power_law", "F2", "demystified/F2"])) == ["power-law"]
    assert next(iter(find("all"))) == "statements"
    assert list(find("pencil")) == ["derivations"]
    with pytest.raises(InvalidInputError, match="did you mean 'isotropic'"):
        find(["isotropc"])
    for wanted in (["all", "nonsense"], ["list", "F1"]):
        with pytest.raises(InvalidInputError, match="it must be 'all' or one of"):
            find(wanted)


TINY = """
from genloss.papers import Claim, Paper
from genloss.papers.claims import literally
from genloss.plan import Plan
from genloss.problem import Problem


def statements(effort):
    problem, plan = Problem.isotropic(10), Plan.replace(3, 40, noise=0.5)
    predicted = 3 * 0.25 * 10 / 29
    yield literally("three models", "page 1", predicted, problem, plan, effort, 400)
    yield Claim("a fifth at least", "page 2", 0.2, predicted, kind="at least")


PAPER = Paper(key="tiny", title="Tiny", reference="Nobody, 2030", statements=statements)
"""


@pytest.mark.parametrize("place", ["tiny.py", "tiny/paper.py"])
def test_a_new_paper_is_one_new_file(place, tmp_path, monkeypatch, genloss):
    """It is found, listed, drawn and judged, and takes no name from another."""
    file = tmp_path / "more" / place
    file.parent.mkdir(parents=True)
    file.write_text(TINY, encoding="utf-8")
    if file.parent.name == "tiny":
        (file.parent / "__init__.py").touch()
    for module in ("genloss.papers.tiny", "genloss.papers.tiny.paper"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(papers, "__path__", [*papers.__path__, str(tmp_path / "more")])
    importlib.invalidate_caches()
    assert list(collected()) == ["demystified", "gerstgrasser", "pencil", "tiny"]
    assert list(find("tiny")) == list(find("tiny/statements")) == ["tiny/statements"]
    assert list(find("statements")) == ["statements"]
    code, out, _ = genloss("reproduce", "list")
    assert code == 0
    assert "tiny: Tiny (Nobody, 2030)\n  tiny/statements" in out
    code, out, told = genloss("reproduce", "tiny", "--out", str(tmp_path), "--no-svg")
    assert (code, "2 of 2 claims hold" in out) == (0, True)
    assert told == "genloss: tiny/statements (1 of 1)\n"  # also where the tables are piped
    page = (tmp_path / "gallery.md").read_text(encoding="utf-8")
    assert "## Tiny\n\nNobody, 2030" in page
    assert "`genloss reproduce tiny/statements` · [numbers](tiny-statements.csv)" in page
    assert (tmp_path / "tiny-statements.png").is_file()


def test_every_experiment_says_what_it_costs(genloss):
    code, out, _ = genloss("reproduce", "list")
    assert code == 0
    for name, (_, study) in find("all").items():
        quick, full = study.seconds
        assert 0 < quick < full
        assert re.search(rf"^  {name} .*\(\d+ (s|min), --quick \d+ s\)$", out, re.MULTILINE)
    costly = dataclasses.replace(chain.STUDY, seconds=(3.4, 400.0))
    assert (costly.takes(quick=True), costly.takes(quick=False)) == ("3 s", "7 min")


def test_a_paper_is_checked():
    with pytest.raises(InvalidInputError, match="presets had 'forget'"):
        Paper(key="x", title="", reference="", presets=("forget",))
    with pytest.raises(InvalidInputError, match="names must differ"):
        Paper(key="x", title="", reference="", experiments=(chain.STUDY, chain.STUDY))


def test_bad_arguments_of_reproduce(tmp_path):
    with pytest.raises(InvalidInputError, match="seed"):
        reproduce("chain", seed=-1)
    with pytest.raises(InvalidInputError, match="workers"):
        reproduce("chain", workers=0)
    with pytest.raises(InvalidInputError, match="it must be one of"):
        reproduce("demystified")
    with pytest.raises(InvalidInputError, match="mnst is no option of any experiment"):
        reproduce("mnist", mnst=tmp_path / "none.npz")
    with pytest.raises(DataError, match="there is no such file"):
        reproduce("mnist", mnist=tmp_path / "none.npz")


def test_options_belong_to_experiments(tmp_path, genloss):
    assert options().keys() == {"mnist"}
    code, _, said = genloss("reproduce", "mnist", "--mnist", str(tmp_path / "none.npz"))
    assert (code, "there is no such file" in said) == (2, True)
    for typed in (["--qick"], ["--qick", "3"]):
        code, _, said = genloss("reproduce", "chain", *typed)
        assert (code, "Unknown option: --qick." in said) == (2, True)


@pytest.fixture(scope="module")
def figures() -> dict[str, Reproduction]:
    chain = reproduce("chain", quick=True)
    return {"chain": chain, "interpolation": dataclasses.replace(chain, title="F3")}


@pytest.fixture
def drawn_already(figures, monkeypatch):
    """Two figures that cost nothing; asked are the efforts with which they are run."""
    asked = []
    run = Study.run

    def known(study, effort):
        asked.append((study.name, effort))
        return figures[study.name] if study.name in figures else run(study, effort)

    monkeypatch.setattr(Study, "run", known)
    return asked


@pytest.mark.slow
def test_a_quick_figure_holds_its_claims_is_labelled_and_uses_safe_colours():
    drawn = reproduce("penalty-rules", quick=True)
    assert len(drawn.claims) == 7
    assert [claim for claim in drawn.claims if claim.verdict != "holds"] == []
    [*axes] = drawn.figure.axes
    assert len(axes) == 4
    for ax in axes:
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert ax.get_title(loc="left").startswith("(")
        assert {line.get_color() for line in ax.get_lines()} <= {*COLOURS, INK, "white"}


@pytest.mark.slow
def test_claims_of_other_quick_figures_hold():
    """Of those that pages reproduce, `test_docs` runs the command, which fails with a claim."""
    drawn = reproduce("statements", quick=True, seed=1)
    assert len(drawn.claims) > 5
    assert [claim for claim in drawn.claims if claim.verdict != "holds"] == []
    assert all(row.keys() == drawn.table[0].keys() for row in drawn.table)


def test_the_same_seed_gives_the_same_numbers(figures):
    again = reproduce("chain", quick=True, workers=1)
    assert again.table == figures["chain"].table
    other = reproduce("chain", quick=True, seed=1)
    assert other.table != figures["chain"].table


@pytest.mark.slow
def test_the_gallery_is_complete_and_readable(tmp_path, figures, drawn_already, genloss):
    folder = tmp_path / "new" / "gallery"
    code, printed, _ = genloss(
        "reproduce", "chain", "demystified/F3", "--quick", "--out", str(folder)
    )
    assert code == 0
    assert drawn_already == [(name, Effort(quick=True)) for name in figures]
    assert f"{folder / 'gallery.md'}" in printed.replace("\n", "")
    page = (folder / "gallery.md").read_text(encoding="utf-8")
    claims = sum(len(drawn.claims) for drawn in figures.values())
    assert f"{claims} of {claims} claims hold." in page
    assert "`genloss reproduce interpolation --quick`" in page
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


def test_a_gallery_without_vector_files_says_so_and_leaves_other_files_alone(
    tmp_path, drawn_already, genloss
):
    (tmp_path / "README.md").write_text("mine")
    code, _, _ = genloss("reproduce", "chain", "--quick", "--no-svg", "--out", str(tmp_path))
    assert code == 0
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"chain.png", "chain.csv", "chain.claims.csv", "gallery.md", "README.md"}
    assert (tmp_path / "README.md").read_text() == "mine"
    page = (tmp_path / "gallery.md").read_text(encoding="utf-8")
    assert ".svg" not in page
    assert "this copy has none" in page
    assert str(tmp_path) not in page


def test_a_gallery_keeps_what_it_showed_of_other_figures(tmp_path, figures):
    first, second = ({name: each} for name, each in figures.items())
    write_page(tmp_path, first, effort=Effort(quick=True, seed=3))
    page = write_page(tmp_path, second, effort=Effort()).read_text(encoding="utf-8")
    assert "`genloss reproduce chain --quick --seed 3`" in page
    assert "`genloss reproduce interpolation` (2 min on one core) ·" in page
    claims = sum(len(each.claims) for each in figures.values())
    assert f"{claims} of {claims} claims hold." in page
    anew = write_page(tmp_path, first, effort=Effort(quick=True, seed=3))
    assert anew.read_text(encoding="utf-8") == page


def test_a_failing_claim_is_told_and_sets_the_exit_code(tmp_path, monkeypatch, genloss, figures):
    wrong = dataclasses.replace(figures["chain"], claims=(Claim("two is one", "here", 1.0, 2.0),))
    monkeypatch.setattr(Study, "run", lambda *_: wrong)
    code, out, told = genloss("reproduce", "chain", "--no-svg", "--out", str(tmp_path))
    assert code == 1
    assert "0 of 1 claims hold" in out
    assert "claim fails: two is one" in told


def test_a_kind_of_claim_must_be_known():
    with pytest.raises(InvalidInputError, match="kind was 'bogus'"):
        Claim("", "", 1.0, 1.0, kind="bogus")
    assert Claim("", "", 1.0, 1.0, math.inf).verdict == "fails"


def test_nothing_is_written_for_an_unknown_name_or_into_a_file(tmp_path, genloss):
    target = tmp_path / "out"
    assert genloss("reproduce", "chain", "nonsense", "--out", str(target))[0] == 2
    assert not target.exists()
    target.write_text("mine")
    code, _, said = genloss("reproduce", "chain", "--out", str(target))
    assert (code, "it is a file" in said) == (2, True)
    assert target.read_text() == "mine"


def test_reproduce_list_names_them_all_by_paper(genloss):
    _, printed, _ = genloss("reproduce")
    assert printed.startswith("demystified: Model Collapse Demystified")
    for name in find("all"):
        assert f"\n  {name} " in printed
    assert json.loads(genloss("reproduce", "list", "--json")[1]).keys() == set(find("all"))


@pytest.mark.parametrize("generations", [0, 1, 10])
@pytest.mark.parametrize("penalty", [1e-3, 1.0])
def test_settings_of_the_figures_agree_with_predict(generations, penalty):
    cases = [
        (isotropic.setting(penalty=penalty, generations=generations), ridge),
        (power_law.setting(400, generations, "clean"), ridge),
        (power_law.setting(400, generations, "adaptive"), ridge),
        (chain.setting(generations=generations), least_squares),
    ]
    for design in ("independent", "same"):
        for panel, formula in (
            ("isotropic, noise 0.3", overparametrised),
            ("power law", master_recursion),
        ):
            cases.append((interpolation.setting(panel, 150, design, generations), formula))
    for setting, formula in cases:
        predicted = gl.predict(setting.problem, setting.plan()).risk[-1]
        assert formula(setting).risk == pytest.approx(predicted, rel=1e-9)


@pytest.mark.slow
def test_the_best_penalty_of_f2_is_never_beaten_by_a_rule():
    for T, n in ((100, 0), (1600, 5), (25_600, 20)):
        best = power_law.best(T, n)
        assert best <= ridge(power_law.setting(T, n, "adaptive")).risk
        assert best <= ridge(power_law.setting(T, n, "clean")).risk
        scanned = min(
            ridge(power_law.setting(T, n, lam)).risk for lam in np.geomspace(1e-4, 1, 200)
        )
        assert best == pytest.approx(scanned, rel=1e-3)
