"""How a forecast is printed: the answer first, whole numbers at any width, honest words."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from rich.console import Console

import genloss as gl
from genloss.documents import of_forecast
from genloss.documents.of_forecast import _penalties
from genloss.outlook.result import Advice, Forecast, Outcome
from genloss.outlook.sentences import alphas
from genloss.report.forecast import model_columns, model_legend, print_forecast, way_columns


def outcome(name, error, *, n_samples=50, penalty=0.1):
    error = np.asarray(error, float)
    with np.errstate(all="ignore"):
        growth = error / error[0]
    return Outcome(
        name,
        n_samples,
        penalty,
        error,
        0.9 * error,
        1.2 * error,
        growth,
        0.9 * growth,
        1.1 * growth,
    )


def forecast(error=(1.0, 1.5, 2.1), *, baseline=4.0, **changes):
    error = np.asarray(error, float)
    plan = gl.Plan.replace(error.size, 50, penalty=0.1)
    advice = Advice(
        sentences=(
            "The error changes by +110% from model 0 to model 2.",
            "It has doubled at model 2.",
        ),
        doubles_at=2,
        doubles_at_range=(2, None),
        horizon=100,
        best_penalty=0.1,
        best_penalty_range=(0.05, 0.2),
        best_error=2.0,
        best_error_first=1.0,
        error=2.1,
        error_first=1.0,
        best_first_penalty=0.1,
        best_first_penalty_range=(0.05, 0.2),
        best_first_error=1.0,
        alpha=5.0,
        alpha_first=5.0,
        real_rows=10,
        real_rows_range=(5, 20),
        shares=(0.0, 1.0),
        share_growth=(1.1, 0.0),
        beats_mean=(True,) * error.size,
        clearly_beats_mean=(True,) * error.size,
        agrees=True,
    )
    whole = Forecast(
        own=outcome("plan", error),
        predicted=gl.Curve(risk=1.1 * error, method="theory"),
        measured=gl.Curve(risk=error, stderr=0.01 * error, method="literal", trials=5),
        low=0.8 * error,
        high=1.4 * error,
        baseline=baseline,
        noise=0.5,
        problem=gl.Problem.isotropic(3),
        advice=advice,
        plan=plan,
        kernel=None,
        source="houses.csv",
        target="price",
        rows={"table": 600, "used": 546, "seen": 300, "pool": 150, "test": 96},
        notes=("dropped text column 'street'",),
        warnings=("the rows are few",),
        penalty_rule="fixed",
        retuned=outcome("re-tuned", error, penalty=math.nan),
        full=outcome("trained on all rows", 0.7 * error, n_samples=53940),
        policies=(outcome("replace", 1.1 * error), outcome("accumulate", 0.9 * error)),
        check_rows=50,
    )
    return replace(whole, **changes)


def printed(outlook, width=80, **options):
    stream = io.StringIO()
    print_forecast(outlook, Console(file=stream, width=width), **options)
    return stream.getvalue()


def test_the_answer_comes_first_and_warnings_last():
    out = printed(forecast())
    order = [
        "houses.csv, predicting 'price' by linear ridge regression: 3 models in turn.",
        "The error changes by +110% from model 0 to model 2.",
        "check:",
        "Expected from 546 rows",
        "this plan",
        "penalty anew",
        "accumulate",
        "all 53,940 rows",
        "> It has doubled at model 2.",
        "note: dropped text column 'street'",
        "warning: the rows are few",
    ]
    flat = " ".join(out.split())
    places = [flat.index(words) for words in order]
    assert places == sorted(places)


def test_intervals_are_printed_as_low_and_high():
    rows = [line.split() for line in printed(forecast(), 120).split("\n")]
    [last] = [row for row in rows if row[:3] == ["2", "model", "1"]]
    assert last[3:6] == ["2.1", "1.89", "2.52"]
    assert "±" not in printed(forecast())


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("mse", "2.1"), ("rmse", "1.449"), ("share", "0.525"), ("r2", "0.475")],
)
def test_units(unit, expected):
    rows = [line.split() for line in printed(forecast(), 120, unit=unit).split("\n")]
    [last] = [row for row in rows if row[:3] == ["2", "model", "1"]]
    error, low, high = last[3:6]
    assert error == expected
    assert float(low) < float(error) < float(high)


@pytest.mark.parametrize(
    ("unit", "heading", "changed"),
    [("rmse", "change", "+45%"), ("share", "change", "+110%"), ("r2", "change\n(MSE)", "+110%")],
)
def test_changes_are_of_what_their_heading_says(unit, heading, changed):
    outlook = forecast()  # from 1 to 2.1
    [models] = [c for c in model_columns(outlook, unit) if c.heading == heading]
    assert models.cells[-1] == changed
    [ways] = [c for c in way_columns(outlook, unit) if c.heading == heading]
    assert ways.cells[0] == changed


def test_labels_of_a_plain_chain_leave_without_a_word():
    assert "labels" in printed(forecast(), 140)
    assert "Left out at this width" not in printed(forecast(), 80)
    mixed = gl.Plan.mix(3, 50, real=0.3, penalty=0.1)
    assert re.search(r"Left out at this width:[^.]* labels", printed(forecast(plan=mixed), 80))


@pytest.mark.parametrize(
    ("best", "high", "ticks"),
    [
        (0.0, 0.0005, ["0", "0.0005"]),
        (0.01, 30.0, ["0", "0.01", "0.1", "1", "10"]),
        (0.0, 0.0, ["0"]),
    ],
)
def test_penalties_from_zero_on_are_plain_numbers(best, high, ticks):
    from matplotlib.figure import Figure

    advice = replace(
        forecast().advice,
        best_penalty=best,
        best_penalty_range=(0.0, high),
        best_first_penalty=best,
        best_first_penalty_range=(0.0, high),
    )
    ax = Figure().add_subplot()
    _penalties(forecast(advice=advice), ax)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ticks
    assert not ax.get_xticks(minor=True).size


@pytest.mark.parametrize(
    ("unit", "off"),
    [
        ("mse", "; off by 21.0% in the median"),
        ("rmse", "; off by 10.0% in the median"),
        ("r2", "; its mean squared error off by 21.0% in the median"),
    ],
)
def test_the_check_is_off_by_so_much_of_what_stands_in_the_table(unit, off):
    outlook = forecast()
    outlook = replace(outlook, predicted=gl.Curve(1.21 * outlook.measured.risk, method="theory"))
    assert off in model_legend(outlook, unit)


def test_the_picture_shows_all_rows_and_the_check_in_the_unit_asked_for():
    from matplotlib.figure import Figure

    outlook = forecast((1.0, 1.5, 2.25))
    ax = outlook.plot(ax=Figure().add_subplot(), unit="rmse")
    drawn = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    np.testing.assert_allclose(drawn["forecast from 546 rows"], np.sqrt(outlook.error))
    np.testing.assert_allclose(
        drawn["check: forecast from 300 rows"], np.sqrt(outlook.predicted.risk)
    )
    fewer = replace(outlook, check_rows=20).plot(ax=Figure().add_subplot())
    labels = fewer.get_legend_handles_labels()[1]
    assert "check: forecast from 300 rows, 20 a model" in labels
    assert ax.get_ylabel().startswith("root of the mean squared error")
    assert "check: measured, 5 runs ± 2 s.e." in ax.get_legend_handles_labels()[1]
    with pytest.raises(gl.errors.InvalidInputError, match="unit was 'mae'"):
        outlook.plot(ax=ax, unit="mae")


def test_alpha_is_that_of_the_plan_and_of_the_best_penalty():
    outlook = forecast()  # 50 rows, penalty 0.1
    better = replace(outlook.advice, best_penalty=0.01)
    said = "alpha=5 (this plan) or alpha=0.5 (the best penalty for model 2)"
    assert alphas(outlook.plan, better) == said
    recipe = of_forecast(replace(outlook, advice=better)).recipes[-1].text
    assert f"# {said}\n" in recipe
    assert "Ridge(alpha=5)" in recipe
    assert alphas(outlook.plan, replace(better, best_error=better.error)) == "alpha=5"


def test_root_and_r2_are_always_said():
    out = " ".join(printed(forecast()).split())
    assert "goes from 1 to 1.45 in units of the target, R2 from 0.75 to 0.47." in out


def test_what_the_check_rests_on_is_said():
    out = " ".join(printed(forecast(check_rows=20)).split())
    assert "Check with 20 rows a model instead of 50: forecast from 300 rows" in out
    assert "measured by 5 literal runs on 246 others" in out
    assert "off by 10.0% in the median" in out


def test_a_forecast_that_is_tuned_anew_has_one_penalty():
    out = printed(forecast(penalty_rule="cv"))
    assert "penalty anew" not in out
    assert "this plan" in out


def test_a_policy_that_is_the_plan_is_named_and_not_repeated():
    same = outcome("replace", (1.0, 1.5, 2.1))
    out = printed(forecast(policies=(same,)))
    assert "this plan (replace)" in out
    assert out.count("replace") == 1


def test_an_infinite_error_is_said_and_an_unknown_one_is_not_called_infinite():
    out = printed(forecast(error=(1.0, math.inf, math.nan)), 120)
    rows = [line.split() for line in out.split("\n")]
    [one] = [row for row in rows if row[:3] == ["1", "model", "0"]]
    [two] = [row for row in rows if row[:3] == ["2", "model", "1"]]
    assert set(one[3:]) == {"infinite"}
    assert set(two[3:]) == {"unknown"}
    assert "nan" not in out
    assert "inf%" not in out


def test_signs_in_names_are_shown_and_not_obeyed():
    out = printed(forecast(source="[red]x[/red]\x1b[2J.csv", notes=("[bold]",)))
    assert "[red]x[/red]\\x1b[2J.csv" in out
    assert "note: [bold]" in out


@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])
@example([math.inf, 1e-119], 40, "r2")
@given(
    st.lists(st.floats(1e-300, 1e300) | st.just(math.inf), min_size=2, max_size=4),
    st.integers(40, 200),
    st.sampled_from(["mse", "rmse", "share", "r2"]),
)
def test_errors_are_whole_at_every_width_and_scale(error, width, unit):
    baseline = max((value for value in error if math.isfinite(value)), default=1.0)
    out = printed(forecast(error, baseline=baseline), width, unit=unit)
    powers = {0, *map(int, re.findall(r"x 1e(-?\d+)", out))}
    words = {word for word in out.split() if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", word)}
    said = [Decimal(word).scaleb(power) for word in words for power in powers]
    for value in error:
        with np.errstate(all="ignore"):
            right = {
                "mse": value,
                "rmse": math.sqrt(value),
                "share": value / baseline,
                "r2": 1 - value / baseline,
            }[unit]
        if not math.isfinite(right):
            assert ("infinite" if right > 0 else "-infinite") in out.split()
        elif right:
            exact = Decimal(right)
            last = Decimal(10) ** (exact.adjusted() - 3)
            assert any(abs(each - exact) <= last for each in said), (right, out)
    assert "…" not in out
    assert "nan" not in out
