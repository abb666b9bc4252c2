"""`load_table` gives the same numbers for every way in, and one clear sentence where it refuses."""

from __future__ import annotations

import datetime
import gzip
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloss.errors import DataError, InvalidInputError, MissingDependencyError
from genloss.tables.load import example_table, load_table
from genloss.tables.table import Table

DAY = datetime.date(2020, 1, 1)
COLUMNS: dict[str, list[Any]] = {
    "size": [1.5, 2.0, 4.0, 8.5],
    "new": [True, False, False, True],
    "cut": ["good", "fair", "ideal", "fair"],
    "sold": [DAY, DAY, DAY.replace(day=3), DAY.replace(month=2)],
    "flat": [7, 7, 7, 7],
    "price": [10, 20, 30, 50],
}
NAMES = ("size", "new", "cut=good", "cut=ideal", "sold")
FEATURES = np.array(
    [
        [1.5, 1, 1, 0, 18262],
        [2.0, 0, 0, 0, 18262],
        [4.0, 0, 0, 1, 18264],
        [8.5, 1, 0, 0, 18293],
    ]
)
NOTES = (
    "encoded 'cut' (3 categories) as indicators",
    "converted 'sold' to days since 1970-01-01",
    "dropped constant column 'flat'",
)

X = np.arange(12.0).reshape(4, 3) ** 2
Y = np.array([1.0, 3.0, 2.0, 5.0])
FRAMES = ("pandas", "polars", "pyarrow")


def frame(library: str, columns: dict[str, list[Any]]) -> Any:
    if library == "pandas":
        return pytest.importorskip("pandas").DataFrame(columns)
    if library == "polars":
        return pytest.importorskip("polars").DataFrame(columns)
    return pytest.importorskip("pyarrow").table(columns)


def write(path: Path, text: str) -> Path:
    content = text.encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def csv_text(columns: dict[str, list[Any]], separator: str = ",") -> str:
    rows = [columns.keys(), *zip(*columns.values(), strict=True)]
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def check(table: Table) -> None:
    np.testing.assert_array_equal(table.features, FEATURES)
    np.testing.assert_array_equal(table.target, [10, 20, 30, 50])
    assert table.features.flags.c_contiguous
    assert table.features.dtype == table.target.dtype == np.float64
    assert (table.feature_names, table.target_name, table.notes) == (NAMES, "price", NOTES)


# ---- ways in


@pytest.mark.parametrize("library", FRAMES)
def test_frames(library: str) -> None:
    table = load_table(frame(library, COLUMNS), "price")
    check(table)
    assert table.source == f"{library} frame"


@pytest.mark.parametrize(
    ("name", "separator"),
    [("t.csv", ","), ("t.CSV", ";"), ("t.tsv", "\t"), ("t.csv.gz", ","), ("t.tsv.gz", "\t")],
)
def test_text_files(tmp_path: Path, name: str, separator: str) -> None:
    path = write(tmp_path / name, csv_text(COLUMNS, separator))
    for data in (path, str(path)):
        table = load_table(data, "price")
        check(table)
        assert table.source == name


def test_csv_needs_no_frame_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in (*FRAMES, "narwhals", "narwhals.stable.v2", "pyarrow.csv", "sklearn"):
        monkeypatch.setitem(sys.modules, library, None)
    check(load_table(write(tmp_path / "t.csv", csv_text(COLUMNS)), "price"))


def test_csv_as_spreadsheets_write_it(tmp_path: Path) -> None:
    text = '\ufeff, "a, b",price\n\n0, 1,?\n1,"2 ",3\n2, NA ,4\n3,4,1e1\n'
    table = load_table(write(tmp_path / "t.csv", text), "price", missing="mean")
    np.testing.assert_array_equal(table.features, [[2], [3], [4]])
    assert table.feature_names == ("a, b",)
    assert table.notes == (
        "dropped 1 row with a missing target",
        "dropped row index column ''",
        "filled 1 missing value of 'a, b' by the mean",
    )


def test_csv_column_that_turns_to_text_after_many_rows(tmp_path: Path) -> None:
    text = "code,x,y\n" + "".join(f"{i % 3},{i},{i}\n" for i in range(2500)) + "B,1,1\n"
    table = load_table(write(tmp_path / "t.csv", text), "y")
    assert table.feature_names == ("code=1", "code=2", "code=B", "x")
    assert table.features[:, 0].sum() == 833


def test_csv_ids_with_underscores_and_odd_dates_are_text(tmp_path: Path) -> None:
    text = "id,day,x,y\n1_2,2020-13-01,1,1\n1_3,2020-01-02,2,2\n1_2,2020-01-02,3,4\n"
    table = load_table(write(tmp_path / "t.csv", text), "y")
    assert table.feature_names == ("id=1_3", "day=2020-13-01", "x")


@pytest.mark.parametrize("library", FRAMES)
def test_parquet_by_whichever_library_is_there(
    tmp_path: Path, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.parquet"
    pytest.importorskip("polars").DataFrame(COLUMNS).write_parquet(path)
    if library == "polars":
        monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    if library == "pandas":
        read: Callable[..., Any] = lambda _: frame("pandas", COLUMNS)
        monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
        monkeypatch.setitem(sys.modules, "polars", None)
        monkeypatch.setattr(pytest.importorskip("pandas"), "read_parquet", read)
    table = load_table(path, "price")
    check(table)
    assert table.source == "t.parquet"


def test_parquet_without_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("pyarrow.parquet", "polars", "pandas"):
        monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingDependencyError, match=r'pip install "genloss\[data\]"'):
        load_table(write(tmp_path / "t.parquet", "PAR1"), "price")


@pytest.mark.parametrize(
    ("target", "column"), [(None, 2), (-1, 2), (2, 2), (0, 0), ("1", 1), (np.int64(1), 1)]
)
def test_array_and_npy(tmp_path: Path, target: Any, column: int) -> None:
    np.save(tmp_path / "t.npy", X)
    for data in (X, tmp_path / "t.npy"):
        table = load_table(data, target)
        np.testing.assert_array_equal(table.target, X[:, column])
        np.testing.assert_array_equal(table.features, np.delete(X, column, axis=1))
        assert table.target_name == f"x{column}"
    assert (table.source, load_table(X).source) == ("t.npy", "arrays")


@pytest.mark.parametrize("names", [("X", "y"), ("x_train", "y_train"), ("features", "target")])
def test_npz(tmp_path: Path, names: tuple[str, str]) -> None:
    arrays = {names[0]: X.reshape(4, 3, 1), names[1]: Y, "x_test": X}
    np.savez_compressed(tmp_path / "t.npz", **arrays)  # type: ignore[arg-type]
    table = load_table(tmp_path / "t.npz")
    np.testing.assert_array_equal(table.features, X)
    np.testing.assert_array_equal(table.target, Y)
    low = [name.lower() for name in names]
    assert table.notes == (
        f"used {low[0]!r} and {low[1]!r}, not 'x_test'",
        "flattened 3 x 1 arrays to one row each",
    )


def test_pairs() -> None:
    expected = load_table((X, Y))
    assert expected.feature_names == ("x0", "x1", "x2")
    assert (expected.target_name, expected.source, expected.notes) == ("y", "arrays", ())
    for pair in [(X.tolist(), Y.tolist()), (X.astype(object), Y[:, None]), (X.astype(str), Y)]:
        np.testing.assert_array_equal(load_table(pair).features, X)
        np.testing.assert_array_equal(load_table(pair).target, Y)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_pair_of_frame_and_series(library: str) -> None:
    whole = frame(library, COLUMNS)
    table = load_table((whole[list(COLUMNS)[:-1]], whole["price"]))
    check(table)


def test_bunch() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    table = load_table(datasets.load_wine())
    assert table.features.shape == (178, 13)
    assert table.feature_names[0] == "alcohol"
    assert (table.target_name, table.source) == ("target", "scikit-learn Bunch")
    as_frame = load_table(datasets.load_wine(as_frame=True))
    np.testing.assert_array_equal(as_frame.features, table.features)
    assert as_frame.feature_names == table.feature_names


@pytest.mark.parametrize(("name", "shape"), [("digits", (1797, 61)), ("diabetes", (442, 10))])
def test_example_table(name: str, shape: tuple[int, int]) -> None:
    table = example_table(name)
    assert table.features.shape == shape
    assert table.source == f"scikit-learn {name}"


def test_example_table_refuses_other_names() -> None:
    with pytest.raises(InvalidInputError, match="name was 'iris'; it must be one of 'digits'"):
        example_table("iris")


def test_import_is_light() -> None:
    code = "import sys, genloss.tables.load\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert not {b"sklearn", b"pandas", b"polars", b"pyarrow", b"narwhals"} & set(loaded.split())


# ---- columns


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


# ---- refusals


def bunch(**entries: Any) -> Any:
    return pytest.importorskip("sklearn.utils").Bunch(**entries)


def lazy() -> Any:
    return pytest.importorskip("polars").LazyFrame(COLUMNS)


def twins() -> Any:
    return pytest.importorskip("pandas").DataFrame([[1, 2], [3, 4]], columns=["a", "a"])


WITH_INF = np.where(X == 4, np.inf, X)

REFUSED: dict[str, tuple[Callable[[], Any], Any, str]] = {
    "no target": (lambda: frame("pandas", COLUMNS), None, "target was None.*'size', 'new', 'cut'"),
    "misspelt": (lambda: frame("polars", COLUMNS), "Prize", "'Prize'; did you mean .*'price'"),
    "unknown": (lambda: frame("pyarrow", COLUMNS), "q", "target was 'q'; it must be one of .*size"),
    "text target": (lambda: frame("pandas", COLUMNS), "cut", "non-numeric target 'cut'.*'good'"),
    "date target": (lambda: frame("polars", COLUMNS), "sold", "non-numeric target 'sold'.* date"),
    "constant target": (lambda: frame("pandas", COLUMNS), "flat", r"'flat' is constant \(7\)"),
    "index": (lambda: X, 3, "target was 3; it must be a column index from -3 to 2"),
    "index name": (lambda: X, "price", "target was 'price'; it must be a column index"),
    "target twice": (lambda: (X, Y), "price", "target was 'price'; leave it unset"),
    "1-D": (lambda: Y, None, r"data had shape \(4,\); it must be 2-D"),
    "3-D": (lambda: X.reshape(2, 2, 3), None, r"data had shape \(2, 2, 3\); it must be 2-D"),
    "X 1-D": (lambda: (Y, Y), None, r"X had shape \(4,\); it must be 2-D"),
    "no rows": (lambda: X[:0], None, r"data had shape \(0, 3\); it must be 2-D and not empty"),
    "empty frame": (lambda: frame("polars", {"a": [], "y": []}), "y", "data has 0 usable rows"),
    "one row": (lambda: X[:1], None, "data has 1 usable row; at least 2 are needed"),
    "one column": (lambda: X[:, :1], None, "no usable feature column is left"),
    "all constant": (lambda: (X * 0, Y), None, "no usable.*dropped constant columns 'x0', 'x1'"),
    "lengths": (lambda: (X, Y[:3]), None, "y had 3 entries; X has 4 rows"),
    "wide y": (lambda: (X, X), None, "y had 3 columns; it must have one"),
    "ragged": (lambda: ([[1, 2], [3]], Y[:2]), None, "X was ragged"),
    "infinite": (lambda: WITH_INF, None, r"infinite values in 'x2' \(1\); replace"),
    "infinite X": (lambda: (-WITH_INF, Y), None, r"infinite values in 'x2' \(1\)"),
    "complex": (lambda: (X, Y * 1j), None, "non-numeric target 'y': it was complex"),
    "duplicates": (twins, "a", "duplicate|unique column names.*'a'"),
    "Bunch twins": (lambda: bunch(data=X, target=Y, feature_names=list("aab")), None, "X .*'a'"),
    "list": (lambda: [1, 2], None, "data was a builtins.list; data must be a .csv"),
    "triple": (lambda: (X, Y, Y), None, "data was a builtins.tuple; data must be"),
    "None": (lambda: None, None, "data was a builtins.NoneType; data must be"),
    "lazy": (lazy, "price", "data was a polars.*LazyFrame; data must be"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    make, target, message = REFUSED[case]
    with pytest.raises(DataError, match=message) as caught:
        load_table(make(), target)
    assert "\n" not in str(caught.value)


def test_infinite_target_is_refused_even_beside_a_feature_of_the_same_name() -> None:
    features = frame("polars", {"y": [1.0, 2.0]})
    with pytest.raises(DataError, match=r"infinite values in 'y' \(1\)"):
        load_table((features, [1.0, np.inf]), missing="drop")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"missing": "median"}, "missing was 'median'"), ({"max_categories": -1}, "max_categories")],
)
def test_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        load_table(X, **options)


FILES: dict[str, tuple[str, bytes, str]] = {
    "empty": ("t.csv", b"", "is empty; it must hold a header"),
    "header only": ("t.csv", b"a,b\n", "is empty; it must hold a header"),
    "ragged": ("t.csv", b"a,b\n1,2\n\n3\n", "line 4 has 1 fields; every line must have 2"),
    "ragged late": ("t.csv", b"a,b\n1,2\n3,4,5\n", "line 3 has 3 fields"),
    "twins": ("t.csv", b"a,b,a\n1,2,3\n", "duplicate column names 'a'"),
    "latin-1": (
        "t.csv",
        b"caf\xe9,b\n1,2\n",
        "line 1 is not utf-8 .byte 0xe9.; pass .* encoding='latin-1'",
    ),
    "zeros": ("t.csv", b"\0\1\2", "is not text"),
    "open quote": ("t.csv", b'a,b\n"1,2\n', "cannot be read as csv"),
    "half gzip": ("t.csv.gz", gzip.compress(b"a,b\n1,2\n")[:-9], "cannot be read as csv: Compr"),
    "not parquet": ("t.parquet", b"a,b\n1,2\n", "cannot be read as parquet"),
    "empty parquet": ("t.parquet", b"", "cannot be read as parquet"),
    "not npy": ("t.npy", b"a,b\n1,2\n", "cannot be read as npy"),
    "not npz": ("t.npz", b"PK\3\4 and so on", "cannot be read as npz"),
    "unknown": ("t.xlsx", b"PK", "has an unknown ending; data must be a .csv"),
    "no ending": ("table", b"a,b\n", "has an unknown ending"),
}


@pytest.mark.parametrize("case", FILES)
def test_bad_files(tmp_path: Path, case: str) -> None:
    name, content, message = FILES[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        load_table(tmp_path / name, "b")
    assert str(tmp_path / name) in str(caught.value) or case == "twins"
    assert "\n" not in str(caught.value)


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="directory; data must be"):
        load_table(tmp_path, "b")
    with pytest.raises(DataError, match=r"none\.csv does not exist; data must be"):
        load_table(tmp_path / "none.csv", "b")


def test_npz_without_a_pair(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", left=X, right=Y)
    with pytest.raises(DataError, match="holds 'left', 'right'; it must hold arrays X and y"):
        load_table(tmp_path / "t.npz")


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
