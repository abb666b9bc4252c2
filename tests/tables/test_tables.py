"""Ways in: frames, files, arrays."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_tables import COLUMNS, FRAMES, X, Y, frame

from genloss.errors import InvalidInputError, MissingDependencyError
from genloss.tables.load import example_table, load_table
from genloss.tables.table import Table

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
