"""Columns: kinds of cells, missing values, order."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_tables import DAY, FRAMES, X, Y, frame

from genloss.errors import DataError
from genloss.tables.load import load_table
from genloss.tables.table import Table


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([Decimal(1), Decimal("2.5"), Decimal(2)], [1, 2.5, 2]),
        ([True, 2, 0.5], [1, 2, 0.5]),
        ([True, False, True], [1, 0, 1]),
        ([datetime.date(1970, 1, 2), datetime.datetime(1970, 1, 1, 12), DAY], [1, 0.5, 18262]),
        ([1, "a", 1], [0, 1, 0]),
    ],
)
def test_python_objects(values: list[Any], expected: list[float]) -> None:
    table = load_table((np.array(values, dtype=object)[:, None], [1, 2, 3]))
    np.testing.assert_array_equal(table.features[:, 0], expected)


def test_numpy_dates_booleans_and_masks() -> None:
    stamps = np.array([["1970-01-02"], ["NaT"], ["1970-01-04T12"]], dtype="datetime64[h]")
    table = load_table((stamps, np.array([True, False, True])), missing="mean")
    np.testing.assert_array_equal(table.features[:, 0], [1, 2.25, 3.5])
    np.testing.assert_array_equal(table.target, [1, 0, 1])
    masked = np.ma.masked_equal([[1, 1], [2, -9], [3, 3]], -9)
    assert load_table((masked, [1, 2, 3]), missing="drop").features.shape == (2, 2)


def test_categories_written_as_integers_stay_categories() -> None:
    pandas = pytest.importorskip("pandas")
    data = pandas.DataFrame({"zip": pandas.Categorical([10, 2, 10]), "y": [1, 2, 3]})
    assert load_table(data, "y").feature_names == ("zip=2",)


def test_integer_column_names() -> None:
    data = pytest.importorskip("pandas").DataFrame(X)
    table = load_table(data, 2)
    assert (table.feature_names, table.target_name) == (("0", "1"), "2")


def test_max_categories() -> None:
    data = (np.array([list("aabb"), list("abca"), list("xyzt")], dtype=object).T, Y)
    table = load_table(data, max_categories=3)
    assert table.feature_names == ("x0=b", "x1=b", "x1=c")
    assert table.notes[0] == (
        "dropped text column 'x2' (4 distinct values such as 't'; texts='encode' keeps it)"
    )


@pytest.mark.parametrize("library", FRAMES)
def test_useless_columns_are_dropped(library: str) -> None:
    columns: dict[str, list[Any]] = {
        "x": [1, 2, 3],
        "l": [[1], [2], [3]],
        "y": [1, 2, 3],
        "__index_level_0__": [0, 1, 2],
    }
    table = load_table(frame(library, columns), "y")
    assert table.feature_names == ("x",)
    assert table.notes == (
        "dropped column 'l', type list is no number",
        "dropped row index column '__index_level_0__'",
    )


# ---- missing values


GAPS: dict[str, list[Any]] = {
    "a": [1.0, None, 3.0, 8.0, 0.0],
    "b": [True, True, None, False, True],
    "c": ["u", "v", "v", None, "u"],
    "d": [DAY, None, DAY.replace(day=3), DAY, DAY],
    "none": [None] * 5,
    "y": [1.0, 2.0, 3.0, 4.0, None],
}


@pytest.mark.parametrize("library", FRAMES)
class TestMissing:
    """The three policies, the same for every library."""

    def test_error(self, library: str) -> None:
        with pytest.raises(
            DataError, match=r"missing values in 'y' \(1\), 'a' \(1\).*'none' \(5\)"
        ):
            load_table(frame(library, GAPS), "y")
        with pytest.raises(DataError, match="pass missing='drop' or missing='mean'"):
            load_table(frame(library, GAPS), "y")

    def test_drop(self, library: str) -> None:
        columns = {name: [*values, *values[:1]] for name, values in GAPS.items()}
        columns |= {"a": [*GAPS["a"], 2.0], "y": [*GAPS["y"], 9.0]}
        table = load_table(frame(library, columns), "y", missing="drop")
        np.testing.assert_array_equal(table.features, [[1], [2]])
        np.testing.assert_array_equal(table.target, [1, 9])
        assert table.notes == (
            "dropped 1 row with a missing target",
            "dropped column 'none', all missing",
            "dropped 3 rows with a missing value",
            "converted 'd' to days since 1970-01-01",
            "dropped constant columns 'b', 'c', 'd'",
        )

    def test_mean(self, library: str) -> None:
        table = load_table(frame(library, GAPS), "y", missing="mean")
        day = 18262
        expected: dict[str, list[float]] = {
            "a": [1, 4, 3, 8],
            "b=True": [1, 1, 0, 0],
            "b is missing": [0, 0, 1, 0],
            "c=v": [0, 1, 1, 0],
            "c is missing": [0, 0, 0, 1],
            "d": [day, day + 2 / 3, day + 2, day],
        }
        assert table.feature_names == tuple(expected)
        np.testing.assert_allclose(table.features.T, np.array([*expected.values()]), rtol=1e-12)
        assert "filled 1 missing value of 'a' by the mean" in table.notes
        assert "encoded 'c' (2 categories and missing) as indicators" in table.notes


def test_missing_in_a_dropped_text_column_is_no_error() -> None:
    names = np.array(["a", "b", "c", None], dtype=object)
    table = load_table((np.column_stack([names, Y]), Y), max_categories=2)
    assert table.feature_names == ("x1",)


# ---- laws

cells = st.fixed_dictionaries(
    {
        "n": st.one_of(st.none(), st.integers(-3, 3)),
        "b": st.one_of(st.none(), st.booleans()),
        "t": st.one_of(st.none(), st.sampled_from("pqrst")),
        "y": st.integers(0, 99),
    }
)


def loaded(rows: list[dict[str, Any]], names: list[str], missing: str) -> Table | str:
    pyarrow = pytest.importorskip("pyarrow")
    kinds = {"n": "int64", "b": "bool", "t": "string", "y": "int64"}
    columns = {name: pyarrow.array([row[name] for row in rows], kinds[name]) for name in names}
    try:
        return load_table(pyarrow.table(columns), "y", missing=missing)
    except DataError as error:
        return str(error).partition(" (")[0].partition(" in ")[0]


@given(
    rows=st.lists(cells, min_size=2, max_size=12),
    data=st.data(),
    missing=st.sampled_from(["error", "drop", "mean"]),
)
def test_order_of_rows_and_columns_does_not_matter(
    rows: list[dict[str, Any]], data: st.DataObject, missing: str
) -> None:
    original = loaded(rows, ["n", "b", "t", "y"], missing)
    names = data.draw(st.permutations(["n", "b", "t", "y"]))
    shuffled = loaded(data.draw(st.permutations(rows)), names, missing)
    if isinstance(original, str) or isinstance(shuffled, str):
        assert original == shuffled
        return
    assert sorted(original.feature_names) == sorted(shuffled.feature_names)
    order = [shuffled.feature_names.index(name) for name in original.feature_names]
    left = np.column_stack([original.features, original.target])
    right = np.column_stack([shuffled.features[:, order], shuffled.target])
    left, right = (matrix[np.lexsort(matrix.round(9).T)] for matrix in (left, right))
    np.testing.assert_allclose(left, right, rtol=0, atol=1e-12)
