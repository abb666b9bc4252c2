"""What a curve is: a value, plain data, a frame, a dataset, a table, a picture."""

import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloss as gl
from genloss import _html

PROBLEM = gl.Problem.isotropic(10)
PLAN = gl.Plan.replace(3, 31, noise=1.0)
THEORY = gl.predict(PROBLEM, PLAN)
TRIALS = gl.simulate(PROBLEM, PLAN, trials=30)

values = st.lists(st.floats(), min_size=1, max_size=5)


@st.composite
def curves(draw):
    risk = draw(values)
    column = st.lists(st.floats(), min_size=len(risk), max_size=len(risk))
    flags = st.lists(st.booleans(), min_size=len(risk), max_size=len(risk))
    return gl.Curve(
        risk,
        bias=draw(st.none() | column),
        stderr=draw(st.none() | column),
        exact=draw(st.none() | flags),
        penalty=draw(st.none() | column),
        method=draw(st.text(max_size=9)),
        trials=draw(st.none() | st.integers(1, 10**12)),
        warnings=tuple(draw(st.lists(st.text(max_size=9), max_size=2))),
    )


@settings(max_examples=10)
@given(curves())
def test_a_curve_survives_its_plain_form_and_json(curve):
    for plain in (curve.to_dict(), json.loads(json.dumps(curve.to_dict()))):
        again = gl.Curve.from_dict(plain)
        assert again == curve
        assert hash(again) == hash(curve)
        assert (again.exact is None) or again.exact.dtype == bool


@pytest.mark.parametrize("curve", [THEORY, TRIALS], ids=["theory", "trials"])
def test_curves_of_the_verbs_survive_too(curve):
    assert gl.Curve.from_dict(curve.to_dict()) == curve


def test_every_difference_makes_curves_differ():
    plain = TRIALS.to_dict()
    for key, other in {
        "risk": [1.0, 2.0, 3.0], "bias": [0.0, 0.0, 0.0], "method": "x", "trials": 31, "metric": "m",
        "warnings": ["w"], "kappa": [1.0, 1.0, 1.0],
    }.items():  # fmt: skip
        assert gl.Curve.from_dict({**plain, key: other}) != TRIALS
    del plain["stderr"]
    assert gl.Curve.from_dict(plain) != TRIALS
    assert TRIALS != "a curve"


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        (3, "curve was 3"),
        ({}, "curve lacks 'risk'"),
        ({"risk": []}, "risk had shape"),
        ({"risk": ["1"]}, r"risk\[0\] was '1'"),
        ({"risk": [None]}, r"risk\[0\] was None"),
        ({"risk": [1], "bias": [1, 2]}, "bias had 2 entries"),
        ({"risk": [1], "risks": [1]}, "unknown key 'risks'"),
        ({"risk": [1], "method": 3}, "method was 3"),
        ({"risk": [1], "trials": 0}, "trials was 0"),
        ({"risk": [1], "warnings": "one"}, "warnings was 'one'"),
        ({"risk": [1], "warnings": [1]}, "warnings was 1"),
    ],
)
def test_what_is_no_curve_is_refused(plain, words):
    with pytest.raises(gl.InvalidInputError, match=words):
        gl.Curve.from_dict(plain)


@pytest.mark.parametrize("risk", ["x", 3.0, [[1.0]], [1j], None, []])
def test_a_risk_that_is_no_column_is_refused(risk):
    with pytest.raises(gl.InvalidInputError, match="risk"):
        gl.Curve(risk)


def test_a_curve_becomes_a_dataset():
    data = TRIALS.to_xarray()
    assert data.sizes == {"model": 3}
    np.testing.assert_array_equal(data["stderr"], TRIALS.stderr)
    assert data.attrs["trials"] == 30
    assert "trials" not in THEORY.to_xarray().attrs
    assert data.to_netcdf(engine="h5netcdf")  # every attribute can be stored


def test_a_missing_xarray_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(gl.MissingDependencyError, match="xarray"):
        THEORY.to_xarray()


# --- notebooks --------------------------------------------------------------------------------


def test_everything_has_a_short_table_for_notebooks():
    found = {
        "problem": gl.Problem([2.0, 1.0], [1.0, 1.0]),
        "plan": gl.Plan.replace(40, [*range(20, 60)]),
        "curve": gl.predict(PROBLEM, gl.Plan.replace(40, 31, noise=1.0)),
        "tuned": gl.tune(PROBLEM, PLAN),
        "comparison": gl.compare(PROBLEM, PLAN, PLAN.with_penalty(0.1), trials=4),
    }
    for name, value in found.items():
        text = value._repr_html_()
        assert text.count("<tr>") <= 14, name
        assert text.startswith("<table><caption>")
        assert text.count("<tr>") == text.count("</tr>")
    assert "infinite" in gl.Curve([np.inf, 1.0])._repr_html_()


def test_tables_escape_what_they_are_given():
    curve = gl.Curve([1.0], method="<script>alert(1)</script>", warnings=("a < b & c",))
    text = curve._repr_html_()
    assert "<script>" not in text
    assert "a &lt; b &amp; c" in text
    assert _html.shown(100)[-1] == 99


NOTEBOOK = """
import genloss as gl
problem, plan = gl.Problem.isotropic(10), gl.Plan.replace(3, 31, noise=1.0)
curve = gl.predict(problem, plan)
curve
---
curve.plot();
---
gl.compare(problem, plan, plan.with_penalty(0.1), trials=4).plot();
---
plan
"""


@pytest.mark.slow
def test_a_notebook_shows_pictures_and_tables(monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel has one of its own
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in NOTEBOOK.split("---")]
    book = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(book, timeout=1200, kernel_name="python3").execute()
    shown = [
        {kind for output in cell.outputs for kind in output.get("data", {})} for cell in book.cells
    ]
    assert "text/html" in shown[0]
    assert "image/png" in shown[1]
    assert "image/png" in shown[2]
    assert "text/html" in shown[3]


# --- pictures ---------------------------------------------------------------------------------


def test_a_picture_without_axes_is_one_of_pyplot():
    import matplotlib.pyplot as plt

    ax = THEORY.plot(TRIALS)
    assert plt.fignum_exists(ax.figure.number)
    assert ax.get_legend() is not None


def test_a_picture_on_given_axes_opens_no_figure():
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    before = plt.get_fignums()
    THEORY.plot(ax=Figure().add_subplot())
    gl.compare(PROBLEM, PLAN, PLAN, trials=2).plot(ax=Figure().add_subplot())
    assert plt.get_fignums() == before


def test_colours_follow_the_style():
    import matplotlib as mpl

    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=["#123456", "#abcdef"])}):
        lines = THEORY.plot(TRIALS).get_lines()
    assert [line.get_color() for line in lines[:2]] == ["#123456", "#abcdef"]


# --- comparisons and tuned plans --------------------------------------------------------------


@pytest.mark.parametrize("backend", ["pandas", "polars"])
def test_comparisons_and_tuned_plans_become_frames(backend):
    found = gl.compare(PROBLEM, PLAN, PLAN.with_penalty(0.1), trials=20)
    frame = found.to_frame(backend)
    assert list(frame.columns) == [
        "model", "risk", "other_risk", "difference", "stderr", "stderr_apart", "gain",
    ]  # fmt: skip
    np.testing.assert_allclose(frame["risk"] - frame["other_risk"], found.difference)
    best = gl.tune(PROBLEM, PLAN)
    frame = best.to_frame(backend)
    assert list(frame.columns) == ["model", "penalty", "risk", "risk_before"]
    np.testing.assert_array_equal(frame["risk_before"], best.before.risk)


def test_a_comparison_holds_the_curves_of_both_plans():
    other = PLAN.with_penalty(0.1)
    found = gl.compare(PROBLEM, PLAN, other, trials=40, seed=2, method="literal")
    alone = gl.simulate(PROBLEM, PLAN, trials=40, seed=2, method="literal")
    np.testing.assert_allclose(found.curve.risk, alone.risk)
    np.testing.assert_allclose(found.difference, found.curve.risk - found.other.risk)
    assert not found.difference.flags.writeable


def test_reprs_are_short():
    plan = gl.Plan.replace(50, 31, noise=1.0)
    best, found = gl.tune(PROBLEM, plan), gl.compare(PROBLEM, plan, plan, trials=2)
    for text in (repr(best), repr(found)):
        assert len(text.splitlines()) <= 13
        assert max(map(len, text.splitlines())) <= 100
    assert repr(best).startswith("Tuned(final risk ")
    assert repr(found).startswith("Comparison(50 models, 2 pairs of runs")
    assert repr(gl.Generation([gl.Source(60), gl.Source(40, "previous")], penalty=0.1)) == (
        "Generation(60 real + 40 labelled by previous, penalty 0.1)"
    )


def test_classes_are_printed_and_drawn_by_their_errors():
    from matplotlib.figure import Figure

    theory = gl.Curve([16.4, 16.6], error=[0.354, 0.343], method="theory")
    trials = gl.Curve(
        [16.5, 16.5],
        stderr=[0.1, 0.1],
        error=[0.35, 0.34],
        error_stderr=[0.01, 0.02],
        method="runs",
    )
    assert repr(theory).splitlines()[:2] == [
        "Curve(2 models, classification error, theory)",
        "  model  0: 0.354 (excess risk 16.4)",
    ]
    assert "0.34 +- 0.02 (excess risk 16.5 +- 0.1)" in repr(trials)
    assert trials._repr_html_().index("0.35<") < trials._repr_html_().index("16.5<")
    for quantity, label, value in (
        (None, "classification error", 0.343),
        ("risk", "excess risk", 16.6),
    ):
        ax = theory.plot(trials, ax=Figure().add_subplot(), quantity=quantity)
        assert ax.get_ylabel() == label
        assert ax.get_lines()[0].get_ydata()[1] == value
    mixed = theory.plot(gl.Curve([16.0, 16.0]), ax=Figure().add_subplot())
    assert mixed.get_ylabel() == "excess risk"  # one of them has no errors
    with pytest.raises(
        gl.InvalidInputError, match="quantity was 'brier'; it must be one of 'risk'"
    ):
        theory.plot(quantity="brier")
