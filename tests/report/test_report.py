"""What is printed: no number is ever cut, at any width, and every one parses back."""

from __future__ import annotations

import io
import math
import re
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

import genloss as gl
from genloss._columns import Column
from genloss._words import change, number
from genloss.report.curve import numeric, print_comparison, print_curve, print_tuned
from genloss.report.numbers import common_power, counted, scaled
from genloss.report.table import fitting, print_table
from genloss.report.visible import visible

WIDTHS = st.integers(40, 200)
FINITE = st.floats(-1e300, 1e300).filter(lambda x: x == 0 or abs(x) > 1e-300)
VALUES = FINITE | st.sampled_from([math.inf, -math.inf, math.nan])


def printed(show, width):
    stream = io.StringIO()
    show(Console(file=stream, width=width))
    return stream.getvalue()


def holds(text, value, digits, power=0):
    """Whether the text, times a power of ten, is the value rounded to so many digits."""
    if math.isnan(value):
        return text == "unknown"
    if math.isinf(value):
        return text == ("infinite" if value > 0 else "-infinite")
    if value == 0:
        return text == "0"
    exact, said = Decimal(value), Decimal(text) * Decimal(10) ** power
    last = Decimal(10) ** (exact.adjusted() - digits + 1)
    return abs(said - exact) <= last * Decimal("0.5000001")


@given(VALUES, st.integers(2, 6))
@example(999999.6, 4)
@example(0.00099999999, 4)
@example(5e-324, 3)
@example(1.7e308, 4)
def test_a_number_parses_back_within_its_digits(value, digits):
    assert holds(number(value, digits), value, digits)


@given(VALUES)
def test_a_number_is_short(value):
    assert len(number(value)) <= 12


@given(st.lists(VALUES, min_size=1, max_size=8))
def test_a_column_under_a_common_power_parses_back(values):
    power = common_power([values])
    for cell, value in zip(scaled(values, power), values, strict=True):
        assert holds(cell.strip(), value, 4, power)
    told = [abs(value) for value in values if math.isfinite(value) and value]
    if told and power:
        assert 0.999 <= max(told) / 10.0**power < 1000.5 or power < -300 or power > 300


@st.composite
def tables(draw):
    rows = draw(st.integers(1, 5))
    names = ["risk", "s.e.", "bias", "variance", "low", "high", "measured"][
        : draw(st.integers(1, 7))
    ]
    columns = {name: np.array([draw(VALUES) for _ in range(rows)]) for name in names}
    return columns, {name: draw(st.integers(0, 4)) for name in names}


@settings(max_examples=15)
@given(tables(), WIDTHS)
def test_every_number_of_a_table_parses_back_at_every_width(table, width):
    values, ranks = table
    columns = numeric(values, ranks=ranks)
    out = printed(lambda console: print_table(columns, console), width)
    found = re.search(r"x 1e(-?\d+)", out)
    power = int(found[1]) if found else 0
    shown = fitting(columns, width)
    rows = len(columns[0].cells)
    if shown:
        lines = out.split("\n")
        rule = next(i for i, line in enumerate(lines) if line.startswith("─"))
        cells = [line.split() for line in lines[rule + 1 : rule + 1 + rows]]
        assert max(map(len, lines[: rule + 1 + rows])) <= width
        names = [column.heading.split("\n")[0] for column in shown]
        assert [name for name in values if ranks[name] == 0] == [n for n in names if ranks[n] == 0]
    else:
        blocks = [block.split("\n") for block in out.strip("\n").split("\n\n")]
        cells = [[line.split()[-1] for line in block] for block in blocks]
        names = list(values)
    assert len(cells) == rows
    for row in range(rows):
        for name, cell in zip(names, cells[row], strict=True):
            assert holds(cell, values[name][row], 4, power)


def test_columns_leave_by_rank_and_are_named():
    columns = [
        Column("model", ["0"]),
        Column("some heading", ["1"], rank=2),
        Column("other", ["2" * 20], rank=1),
    ]
    out = printed(lambda console: print_table(columns, console), 41)
    assert "Left out" not in out
    out = printed(lambda console: print_table(columns, console), 40)
    assert "Left out at this width: some heading." in " ".join(out.split())
    stacked = [Column("first", ["1" * 20]), Column("second", ["2" * 20])]
    out = printed(lambda console: print_table(stacked, console), 30)
    assert out == f"first   {'1' * 20}\nsecond  {'2' * 20}\n"


@pytest.mark.parametrize("scale", [1e-200, 1e-5, 1.0, 1e9, 1e150])
@pytest.mark.parametrize("width", [30, 40, 80, 200])
def test_a_curve_prints_its_risks_whole(scale, width):
    problem = gl.Problem.isotropic(10, signal=scale)
    plan = gl.Plan.mix(4, 31, real=0.2, noise=math.sqrt(scale))
    curve = gl.predict(problem, plan)
    out = printed(lambda console: print_curve(curve, problem, plan, console), width)
    power = int(found[1]) if (found := re.search(r"x 1e(-?\d+)", out)) else 0
    words = out.split()
    for risk in curve.risk:
        assert any(holds(word, risk, 4, power) for word in words if re.match(r"^\d[\d.e-]*$", word))
    assert "…" not in out


def test_nan_is_not_infinite():
    curve = gl.Curve(risk=[1.0, math.nan, math.inf], bias=[0, 0, 0], variance=[1, 1, 1], method="m")
    problem, plan = gl.Problem.isotropic(3), gl.Plan.replace(3, 10)
    out = printed(lambda console: print_curve(curve, problem, plan, console), 80)
    assert out.count("infinite") == 1
    assert out.count("unknown") == 1


@given(FINITE.map(abs) | st.just(math.inf), FINITE.map(abs) | st.just(math.inf))
@example(1e300, 1e-300)
@example(1.0, 0.0)
def test_a_change_is_short_and_says_the_factor(after, before):
    text = change(after, before)
    assert len(text) <= 12
    if 0 < before < math.inf and 0 < after < math.inf and "%" in text:
        assert abs(float(text[:-1]) / 100 - (after / before - 1)) <= 0.0051
    assert "nan" not in text


def test_counts_agree_with_their_nouns():
    assert counted(1, "run") == "1 run"
    assert counted(1234, "real label") == "1,234 real labels"


def test_tuned_plans():
    problem = gl.Problem.power_law(50, capacity=1.5, source=0.5)
    found = gl.tune(problem, gl.Plan.replace(3, 60, noise=0.3))
    out = printed(lambda console: print_tuned(found, "penalty", problem, console), 80)
    first = out.split("\n")[0]
    assert first.startswith(
        f"Penalty {number(found.plan.penalty[0], 3)} brings the risk of model 2"
    )
    assert number(found.value) in first
    again = gl.tune(problem, found.plan)
    out = printed(lambda console: print_tuned(again, "penalty", problem, console), 80)
    assert out.startswith("No other penalty lowers the risk of model 2") or again.gain > 0


def test_comparisons_claim_nothing_inside_the_noise():
    problem = gl.Problem.isotropic(10)
    same = gl.Plan.replace(2, 40, penalty=0.1, noise=0.5)
    strong = gl.Plan.replace(2, 40, penalty=2.0, noise=0.5)
    for other, words in ((same, "do not tell"), (strong, "has the lower risk at model 1")):
        found = gl.compare(problem, same, other, trials=50)
        out = printed(lambda c, f=found: print_comparison(f, ("a.toml", "b.toml"), c), 100)
        assert words in " ".join(out.split())


def test_claims_keep_their_numbers_when_their_words_are_wrapped():
    from genloss.papers.claims import Claim, columns

    claim = Claim.asymptotic(
        "a claim of very many words that has no room in one line",
        where="here",
        predicted=1e-12,
        measured=1.1e-12,
        stderr=1e-13,
    )
    for width in (40, 60, 80, 120):
        out = printed(lambda console: print_table(columns([claim]), console), width)
        assert "1e-12" in out.split()
        assert "1.1e-12" in out.split()


def test_what_is_shown_has_no_control_characters_and_no_endless_words():
    assert visible("a\x1b[2Jb\rc") == "a\\x1b[2Jb\\rc"
    assert len(visible("x" * 5000)) < 100
    assert len(visible("word " * 5000)) < 2500
    assert visible("two\nlines") == "two\nlines"
