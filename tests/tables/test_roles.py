"""Columns that order, group or weigh the rows; text that is kept; and what is worth a note."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import genloss as gl
from genloss.tables import copies
from genloss.tables.copies import same_rows
from genloss.tables.load import load_table
from genloss.tables.streaming import large_table, open_table

N = 60
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, 2))
COLUMNS = {
    "a": X[:, 0],
    "at": np.array([f"2024-{i % 12 + 1:02d}-01" for i in range(N)]),
    "site": np.array([f"s{i % 7}" for i in range(N)]),
    "city": np.array([f"c{i % 55}" for i in range(N)]),
    "w": np.where(np.arange(N) < N - 2, np.arange(N) % 3 + 1.0, 0.0),
    "y": X[:, 1],
}
ROLES = {"time": "at", "group": "site", "weights": "w"}


def csv_of(path: Path, columns: dict[str, np.ndarray]) -> Path:
    lines = [
        ",".join(columns),
        *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    path.write_text("\n".join(lines))
    return path


def parquet_of(path: Path, columns: dict[str, np.ndarray]) -> Path:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table(columns), path, row_group_size=17)
    return path


def check(table: gl.Table) -> None:
    assert table.feature_names == ("a",)
    order = [int(np.flatnonzero(X[:, 0] == value)[0]) for value in table.features[:, 0]]
    months = np.array(COLUMNS["at"], dtype="datetime64[D]").astype(float)
    np.testing.assert_array_equal(table.time, months[order])
    assert table.target.size == N - 2  # of weight 0
    np.testing.assert_array_equal(table.weights, COLUMNS["w"][order])
    for found, column in ((table.groups, "site"), (table.texts["city"], "city")):
        words = COLUMNS[column][order]
        assert found.dtype == np.intp
        same = found[:, None] == found
        np.testing.assert_array_equal(same, words[:, None] == words)
        assert set(found) == set(range(np.unique(words).size))
    assert "'at' is the time by which rows are ordered, no feature" in table.notes
    assert "kept text column 'city' for an encoding by the target" in table.notes


def test_roles_are_alike_in_files_frames_and_streams(tmp_path):
    path = parquet_of(tmp_path / "t.parquet", COLUMNS)
    for data in (csv_of(tmp_path / "t.csv", COLUMNS), path):
        check(load_table(data, "y", texts="encode", **ROLES))
        check(open_table(data, "y", "error", None, None, texts="encode", **ROLES))
    check(
        load_table(pytest.importorskip("pandas").DataFrame(COLUMNS), "y", texts="encode", **ROLES)
    )
    large = large_table(path, "y", stream=True, texts="encode", **ROLES)
    table = large.read(100, np.random.SeedSequence(0))
    check(table)
    assert table.moments.mean.size == 2
    assert not table.warnings


def test_text_of_many_values_is_dropped_with_a_note_that_names_the_option(tmp_path):
    data = csv_of(tmp_path / "t.csv", COLUMNS)
    table = load_table(data, "y")
    assert table.texts == {}
    assert (table.time, table.groups, table.weights) == (None, None, None)
    assert (
        "dropped text column 'city' (55 distinct values such as 'c0'; texts='encode' keeps it)"
        in table.notes
    )


def test_arrays_may_order_group_and_weigh():
    ones = np.ones(N)
    table = load_table((X, X[:, 0]), time=np.arange(N), group=["a", "b", "c"] * 20, weights=ones)
    assert table.feature_names == ("x0", "x1")
    np.testing.assert_array_equal(table.weights, ones)
    np.testing.assert_array_equal(table.time, np.arange(N))
    assert len(set(table.groups[:3])) == 3
    np.testing.assert_array_equal(table.groups, np.tile(table.groups[:3], 20))
    by_place = load_table((X, X[:, 0]), time=1)
    assert by_place.feature_names == ("x0",)
    np.testing.assert_array_equal(by_place.time, X[:, 1])


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"time": "at2"}, "time was 'at2'; did you mean the column 'at'"),
        ({"group": "nothing"}, "group was 'nothing'; it must be one of the columns"),
        ({"weights": "y"}, "weights was 'y', which is the target"),
        ({"weights": "site"}, "weights column 'site': it was text; it must hold numbers"),
        ({"time": "city"}, "time column 'city': it was text; it must hold numbers or dates"),
        ({"time": "a", "group": "a"}, "time and group were one column"),
        ({"weights": "a"}, "weights column 'a' holds [0-9]+ negative values; weights must"),
        ({"weights": [1.0, 2.0]}, "y had 60 entries; weights has 2 rows"),
        ({"weights": np.zeros(N)}, "weights column 'weights' is all zero"),
        ({"weights": np.full(N, np.nan)}, r"missing values in 'weights' \(60\)"),
        ({"weights": np.full(N, np.inf)}, r"infinite values in 'weights' \(60\)"),
        ({"group": np.ones((N, 2))}, "group had 2 columns; it must have one"),
    ],
)
def test_roles_that_cannot_be_are_refused(tmp_path, roles, message):
    with pytest.raises(gl.DataError, match=message):
        load_table(csv_of(tmp_path / "t.csv", COLUMNS), "y", **roles)


@pytest.mark.parametrize("role", ["time", "group", "weights"])
def test_gaps_in_a_role_have_no_mean(tmp_path, role):
    columns = COLUMNS | {"w": np.where(np.arange(N) == 3, np.nan, COLUMNS["w"])}
    path = csv_of(tmp_path / "t.csv", columns)
    with pytest.raises(
        gl.DataError, match=r"missing values in 'w' \(1\); times, groups and weights"
    ):
        load_table(path, "y", missing="mean", **{role: "w"})
    left = N - 1 - 2 * (role == "weights")  # two are of weight 0
    assert load_table(path, "y", missing="drop", **{role: "w"}).target.size == left


def test_a_table_has_been_read(tmp_path):
    table = load_table((X, X[:, 0]))
    assert open_table(table, None, "error", None, None) is table
    with pytest.raises(gl.InvalidInputError, match="time is of no use for a Table"):
        open_table(table, None, "error", None, None, time="x0")


# ---- notes


def test_copies_of_rows_are_counted():
    rows = np.repeat(X, [2] * 10 + [1] * (N - 10), axis=0)
    table = load_table((rows, rows[:, 1] ** 2))
    assert table.notes[-1] == "10 rows are copies of another (features and target alike)"
    codes = same_rows(table.features, table.target)
    assert np.unique(codes).size == N
    assert (codes[0], codes[2]) == (codes[1], codes[3])
    assert codes[0] != codes[2]
    assert load_table((X, X[:, 1])).notes == ()


@pytest.mark.parametrize("collide", [False, True])
def test_equal_rows_have_equal_numbers_even_where_hashes_collide(monkeypatch, collide):
    if collide:
        hashes = copies._hashes
        monkeypatch.setattr(copies, "_hashes", lambda columns: hashes(columns) % np.uint64(3))
    rows = np.random.default_rng(0).integers(-2, 3, (400, 3)).astype(float)
    _, right = np.unique(rows, axis=0, return_inverse=True)
    found = same_rows(rows[:, :2], rows[:, 2].astype(int))
    assert len(set(zip(found, right.ravel(), strict=True))) == right.max() + 1 == found.max() + 1
    assert same_rows(np.unique(rows, axis=0)) is None


def test_negative_zero_is_zero():
    table = load_table((np.array([[0.0], [-0.0], [1.0]]), [1, 1, 2]))
    assert table.notes == ("1 row is a copy of another (features and target alike)",)


def test_ids_and_codes_and_columns_that_hardly_vary():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "y"])
    frame["row"] = np.arange(7, 7 + N)
    frame["zipcode"] = 10_000 + np.arange(N) ** 2 % 37
    frame["userId"] = np.arange(N)[::-1] ** 2
    frame["width"] = np.arange(N) ** 2
    notes = load_table(frame, "y").notes
    assert notes[0].startswith("'row', 'zipcode', 'userId' look like an id or a code")
    flat = np.zeros((200, 2))
    flat[:, 0], flat[7, 1] = np.arange(200) ** 2, 1.0
    notes = load_table((flat, np.arange(200) % 7)).notes
    assert notes == ("'x1' is nearly constant: one value in 99% of the rows",)


def test_dates_name_the_option_that_orders_rows(tmp_path):
    data = csv_of(tmp_path / "t.csv", {name: COLUMNS[name] for name in ("a", "at", "y")})
    note = "rows have dates and are split at random; time='at' trains on the past and tests on the future"
    assert note in load_table(data, "y").notes
    assert note not in load_table(data, "y", time="at").notes


def test_a_matrix_without_a_name_says_which_column_is_the_target():
    assert load_table(X).notes == ("the last column, 'x1', is the target",)
    assert load_table(X, 0).notes == ()


@pytest.mark.parametrize(
    "make", [lambda array: array.view(np.matrix), np.ma.masked_invalid, np.asfortranarray]
)
def test_kinds_of_arrays(make):
    for data, target in ((make(X), None), ((make(X), X[:, 1]), None)):
        np.testing.assert_array_equal(load_table(data, target).target, X[:, 1])


def test_masked_objects_and_dates_are_missing():
    words = np.ma.masked_equal(np.array([["a"], ["b"], ["a"], ["b"]], dtype=object), "b")
    table = load_table((words, [1, 2, 3, 4]), missing="mean")
    assert table.feature_names == ("x0 is missing",)
    days = np.ma.masked_array(
        np.array([["2024-01-01"], ["2024-01-03"]], "M8[D]"), [[False], [True]]
    )
    with pytest.raises(gl.DataError, match=r"missing values in 'x0' \(1\)"):
        load_table((days, [1, 2]))


def test_times_with_zones_in_frames_leak_no_warning():
    pandas = pytest.importorskip("pandas")
    at = [pandas.Timestamp(f"2024-01-{i % 28 + 1:02d}T01:00", tz="Europe/Oslo") for i in range(N)]
    mixed = pandas.DataFrame({"at": pandas.Series(at, dtype=object), "y": X[:, 0]})
    table = load_table(mixed, "y")
    np.testing.assert_array_equal(table.features[:, 0], 19723 + np.arange(N) % 28)
