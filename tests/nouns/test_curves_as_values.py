"""Curves: values, frames, pictures."""

from __future__ import annotations

import dataclasses
import json
import pickle

import numpy as np
import pytest

import genloss as gl

Gen, Src, Plan, Problem = gl.Generation, gl.Source, gl.Plan, gl.Problem


def refused(build, *words, error=gl.InvalidInputError):
    with pytest.raises(error) as caught:
        build()
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, f"{missing} not in {caught.value}"


# --- Curve ------------------------------------------------------------------------------------


def curves():
    problem, plan = Problem.isotropic(10), Plan.replace(4, 31, noise=1.0)
    return [gl.predict(problem, plan), gl.simulate(problem, plan, trials=8)]


def test_curve_is_immutable():
    risk = np.array([1.0, 2.0])
    curve = gl.Curve(risk)
    risk[0] = 9.0
    assert curve.risk.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        curve.risk[0] = 5.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        curve.risk = risk
    assert len(curve) == curve.n_models == 2


@pytest.mark.parametrize(
    ("risk", "factor", "model"),
    [
        ([1.0, 1.5, 2.0, 2.5], 2.0, 3),
        ([1.0, 1.5, 2.0, 2.5], 1.4, 1),
        ([1.0, 1.5, 2.0], 5.0, None),
        ([1.0, 3.0, 1.0, 4.0], 2.0, 1),
        ([1.0, np.inf], 2.0, 1),
        ([2.0, 1.0], 0.5, 0),
        ([0.0, 0.0], 2.0, None),
        ([0.0, 0.1], 2.0, 1),
    ],
)
def test_first_above_is_the_first_model_worse_than_the_factor(risk, factor, model):
    assert gl.Curve(np.array(risk)).first_above(factor) == model


def test_a_curve_of_theory_and_one_of_trials_are_plain_data():
    theory, trials = (json.loads(json.dumps(curve.to_dict())) for curve in curves())
    assert theory["risk"] == pytest.approx([0.5, 1.0, 1.5, 2.0])
    assert theory["exact"] == [True] * 4
    assert theory["method"] == "exact theory"
    assert theory["metric"] == "excess risk"
    assert "stderr" not in theory
    assert "trials" not in theory
    assert trials["trials"] == 8
    assert len(trials["stderr"]) == 4
    assert trials["warnings"] == []
    assert "kappa" not in trials


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_a_curve_becomes_a_frame_with_one_row_per_model(backend):
    library = pytest.importorskip(backend)
    theory, trials = (curve.to_frame(backend) for curve in curves())
    kind = library.Table if backend == "pyarrow" else library.DataFrame
    assert isinstance(theory, kind)
    names = list(theory.column_names if backend == "pyarrow" else theory.columns)
    columns = ["kappa", "df1", "df2", "exact", "penalty"]
    assert names == ["model", "risk", "bias", "variance", *columns]
    assert list(theory["risk"].to_numpy()) == pytest.approx([0.5, 1.0, 1.5, 2.0])
    assert list(theory["model"].to_numpy()) == [0, 1, 2, 3]
    names = trials.column_names if backend == "pyarrow" else trials.columns
    assert list(names) == ["model", "risk", "bias", "variance", "stderr"]


def test_an_unknown_frame_library_is_refused():
    refused(lambda: curves()[0].to_frame("excel"), "backend was 'excel'", "'pandas', 'polars'")


def test_curve_repr_shows_the_models_and_the_warnings():
    curve = gl.Curve(
        np.arange(1.0, 15), stderr=np.full(14, 0.25), method="literal", warnings=("take care",)
    )
    lines = repr(curve).splitlines()
    assert lines[0] == "Curve(14 models, excess risk, literal)"
    assert lines[1] == "  model  0: 1 +- 0.25"
    assert lines[-2:] == ["  ... model 13: 14", "  warning: take care"]
    assert len(lines) == 1 + 12 + 2


def test_curves_are_drawn_over_each_other():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    theory, trials = curves()
    axes = theory.plot(against=trials, label="theory")
    assert axes.get_ylabel() == "excess risk"
    assert len(axes.get_legend().get_texts()) == 2
    _, own = plt.subplots()
    assert theory.plot(ax=own) is own
    plt.close("all")


def test_a_changed_problem_forgets_its_preset():
    changed = dataclasses.replace(Problem.isotropic(3), truth=np.arange(3.0))
    assert "isotropic" not in repr(changed)
    assert Problem.from_dict(changed.to_dict()) == changed


def test_sizes_have_a_limit():
    refused(lambda: Plan.replace(10**9, 5), "generations was 1000000000", "<= 100000")
    refused(lambda: Src(10**19), "n_samples", "<=")
    refused(lambda: Src(5, noise=10**400), "noise", "finite")


def test_what_is_no_table_is_refused(tmp_path):
    refused(lambda: Plan.from_dict([1]), "plan was [1]", "table")
    refused(lambda: Problem.from_dict(None), "problem was None", "table")
    refused(
        lambda: gl.save(tmp_path / "no" / "a.toml", plan=Plan.replace(1, 5)), "cannot be written"
    )


@pytest.mark.parametrize(
    "problem",
    [Problem.isotropic(3), Problem.power_law(3, capacity=1, source=1), Problem([1.0], [2.0])],
)
def test_problems_travel_between_processes(problem):
    copy = pickle.loads(pickle.dumps(problem))
    assert copy == problem
    assert repr(copy) == repr(problem)
