"""Tables and files that are refused."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_tables import COLUMNS, X, Y, frame

from genloss.errors import DataError, InvalidInputError
from genloss.tables.load import load_table


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
