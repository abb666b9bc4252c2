"""Words that people write into cells: missing, numbers, dates; read where there is no doubt."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloss.errors import DataError, InvalidInputError
from genloss.tables.load import load_table
from genloss.tables.numerals import COMMA, POINT, number
from genloss.tables.streaming import large_table

CASES = Path(__file__).parents[1] / "cases"
NAN = np.nan

_MARKERS = (
    r"#N/A N/A|#NA|1.#IND|1.#QNAN|-1.#IND|-1.#QNAN|-|--|.|\N|nil|NIL|(null)|N.A.|missing|Missing|TBD"
    "|NaN%|#VALUE!|#DIV/0!|#REF!||NA|N/A|n/a|NaN|nan|-nan|NULL|null|None|<NA>|?|\u2014"
)
MARKERS = _MARKERS.split("|")


def read(path: Path, text: str, **options: Any) -> Any:
    path.write_text(text, encoding=options.get("encoding", "utf-8"))
    return load_table(path, "y", **options)


def column(tmp_path: Path, words: list[str], **options: Any) -> Any:
    """A table of the words, tab separated, with a target and one more feature."""
    rows = "".join(f"{word}\t{i}\t{i * i % 7}\n" for i, word in enumerate(words))
    return read(tmp_path / "t.tsv", f"x\tother\ty\n{rows}", missing="mean", **options)


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("way", ["csv", "pandas", "polars", "pyarrow", "parquet", "stream"])
def test_markers_are_missing_in_numbers_whatever_the_way_in(tmp_path, marker, way):
    words = ["1.5", marker, "4", "2.5"]
    columns = {"x": words, "other": [0, 1, 0, 0], "y": [0, 1, 4, 2]}
    if way == "csv":
        data = tmp_path / "t.tsv"
        lines = [
            "x\tother\ty",
            *(f"{w}\t{i}\t{j}" for w, i, j in zip(*columns.values(), strict=True)),
        ]
        data.write_text("\n".join(lines), encoding="utf-8")
    elif way in ("pandas", "polars"):
        data = pytest.importorskip(way).DataFrame(columns)
    else:
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        data = pa.table(columns)
        if way != "pyarrow":
            pq.write_table(data, data := tmp_path / "t.parquet")
    if way == "stream":
        large = large_table(data, "y", stream=True, missing="drop")
        table = large.read(9, np.random.SeedSequence(0))
    else:
        table = load_table(data, "y", missing="drop")
    assert table.feature_names == ("x",)
    assert sorted(table.features[:, 0]) == [1.5, 2.5, 4]
    assert table.warnings == ()


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["7,036", "985", "1,200,300.5"], [7036, 985, 1200300.5]),
        (["7,036", "985", "12,000"], [7036, 985, 12000]),
        (["1,5", "2,250", "-,5"], [1.5, 2.25, -0.5]),
        (["1.234,5", "2.000", "3,25"], [1234.5, 2000, 3.25]),
        (["1'234.5", "1\u2019234", "7"], [1234.5, 1234, 7]),
        (["1\u00a0234,5", "12\u202f345", "7,25"], [1234.5, 12345, 7.25]),
        (["12 %", "3%", "4.5\u00a0%"], [12, 3, 4.5]),
        (["$1,234.50", "-$3", "($5)"], [1234.5, -3, -5]),
        (["5 \u20ac", "1.234,5 \u20ac", "7\u20ac"], [5, 1234.5, 7]),
        (["(1.5)", "2", "(1,000)"], [-1.5, 2, -1000]),
        (["\u22121.5", "+2", "3"], [-1.5, 2, 3]),
        (["1.2D+03", "1d-1", "2E2"], [1200, 0.1, 200]),
        (["2024-01", "2024-02", "unknown"], [19723, 19754, NAN]),
        (["2024-01-01T00:00:00Z", "2024-01-01T03:00+03:00", "2024-01-02"], [19723, 19723, 19724]),
        (["2024-01-01 12:00:00.5", "-", "2024-01-02"], [19723.5 + 0.5 / 86400, NAN, 19724]),
        (["TRUE", "false", "true"], [1, 0, 1]),
    ],
)
def test_what_is_beyond_doubt_is_read(tmp_path, words, values):
    table = column(tmp_path, words)
    known = np.array(values)
    expected = np.where(np.isnan(known), np.nanmean(known), known)
    np.testing.assert_allclose(table.features[:, 0], expected, rtol=1e-15)
    assert table.feature_names[0] == "x"
    assert table.warnings == ()


def test_notes_say_how_a_number_was_read(tmp_path):
    table = column(tmp_path, ["12 %", "3%", "4%"])
    assert table.notes == ("read as numbers: 'x' ('12 %' is 12)",)


@pytest.mark.parametrize(
    ("words", "warning"),
    [
        (["1,009", "2,200", "3,500"], "'1,009' .line 2. has a ',' .*pass decimal=',' or thousands"),
        (["12 %", "0.5", "3 %"], "look like numbers in different units .%, no unit."),
        (["$5", "6 \u20ac", "7"], "look like numbers in different units"),
        (["1", "2", "2 or 3"], "2 of its 3 values are numbers, but not '2 or 3' .line 4.: mend"),
        (["1", "\x1b[31m", "2"], r"but not '\\x1b\[31m' .line 3."),
    ],
)
def test_doubt_is_a_warning_that_names_the_cell(tmp_path, words, warning):
    table = column(tmp_path, words)
    assert len(table.warnings) == 1
    assert table.warnings[0].startswith("column 'x' was read as text: ")
    assert re.search(warning, table.warnings[0])
    assert table.feature_names[0].startswith("x=")


def test_words_are_no_doubt(tmp_path):
    for words in (["a", "b", "-"], ["12_3", "4_5", "6_7"], ["1.2.3.4", "5.6.7.8", "1.1.1.1"]):
        table = column(tmp_path, words)
        assert table.warnings == ()
        assert len(table.feature_names) == 3


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ({"decimal": ","}, [1.009, 2.2, 3.5]),
        ({"thousands": ","}, [1009, 2200, 3500]),
        ({"decimal": "."}, [1009, 2200, 3500]),
        ({"thousands": "."}, [1.009, 2.2, 3.5]),
    ],
)
def test_options_decide(tmp_path, options, values):
    table = column(tmp_path, ["1,009", "2,200", "3,500"], **options)
    np.testing.assert_allclose(table.features[:, 0], values)
    assert table.warnings == ()


def test_other_columns_of_the_file_decide(tmp_path):
    text = "x;z;y\n1,009;{};1\n2,200;2;2\n3,500;7;4\n"
    for z, factor in (("0.5", 1000), ("0,5", 1)):
        table = read(tmp_path / "t.csv", text.format(z))
        np.testing.assert_allclose(table.features[:, 0], np.array([1.009, 2.2, 3.5]) * factor)
    mixed = read(tmp_path / "t.csv", "x;z;y\n1,5;0.5;1\n2,2;2.25;2\n3,7;7;4\n")
    np.testing.assert_allclose(mixed.features[:, 0], [1.5, 2.2, 3.7])
    assert "decimal points in some columns and decimal commas in others" in mixed.warnings[0]


def test_decimal_applies_to_numbers_that_python_would_read_otherwise(tmp_path):
    table = read(tmp_path / "t.csv", "x;y\n1.250;1,5\n2.500;2\n12;4\n", decimal=",")
    np.testing.assert_array_equal(table.features[:, 0], [1250, 2500, 12])
    np.testing.assert_array_equal(table.target, [1.5, 2, 4])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decimal": ";"}, "decimal was ';'; it must be"),
        ({"thousands": "x"}, "thousands was 'x'"),
        ({"thousands": ",,"}, "thousands was ',,'"),
        ({"decimal": ",", "thousands": ","}, "were both ','"),
        ({"sep": ""}, "sep was ''"),
        ({"sep": "ab"}, "sep was 'ab'"),
        ({"encoding": "klingon"}, "encoding was 'klingon'"),
        ({"texts": "keep"}, "texts was 'keep'"),
    ],
)
def test_options_are_checked(tmp_path, options, message):
    with pytest.raises(InvalidInputError, match=message):
        load_table(tmp_path / "none.csv", "y", **options)
    with pytest.raises(InvalidInputError, match=message):
        large_table(tmp_path / "none.csv", "y", **options)


def test_the_target_is_named_with_the_cell_that_is_none(tmp_path):
    for text, message in (
        (
            "a,y\n1,1\n2,2\n3,oops\n4,5\n",
            "'y': 3 of its 4 values are numbers, but not 'oops' .line 4",
        ),
        ("a,y\n1,x\n2,y\n3,z\n", "'y': it was text such as 'x' .line 2.; it must hold"),
        ('a,y\n1,"1,234"\n2,"5,678"\n', "'y': .*'1,234' .line 2. has a ','.*thousands=','"),
    ):
        with pytest.raises(DataError, match=message):
            read(tmp_path / "t.csv", text)


def test_cases_from_the_field():
    with pytest.raises(DataError, match=r"missing values in 'y' \(1\)"):
        load_table(CASES / "dash_for_missing.csv", "y")
    assert load_table(CASES / "dash_for_missing.csv", "y", missing="drop").target.size == 59
    area = load_table(CASES / "thousands.csv", "y").features[:, 0]
    assert 1000 < area.min() < area.max() < 10_000
    at = load_table(CASES / "zoned_times.csv", "y").features[:, 0]
    assert at[0] == 19723
    assert at[1] == 19723 + 7 / 24


@given(value=st.integers(-(10**12), 10**12), places=st.integers(0, 3))
def test_numbers_survive_being_written_by_people(value, places):
    exact = value / 10**places
    written = f"{exact:,.{places}f}"
    assert number(written, POINT).value == pytest.approx(exact, rel=1e-15)
    swapped = written.translate(str.maketrans(",.", ".,"))
    assert number(swapped, COMMA).value == pytest.approx(exact, rel=1e-15)
    assert number(written.replace(",", "\u202f"), POINT).value == pytest.approx(exact, rel=1e-15)


@given(st.text("0123456789.,-+()%$eD '_", max_size=12))
def test_any_word_is_a_number_or_none(word):
    for style in (POINT, COMMA):
        found = number(word, style)
        assert found is None or not np.isnan(found.value)
