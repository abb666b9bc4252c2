"""Files as they come: encodings, quotes, pipes, and files that change; every refusal is a sentence."""

from __future__ import annotations

import csv
import gzip
import os
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from genloss.errors import DataError, InvalidInputError
from genloss.tables import delimited
from genloss.tables.load import load_table
from genloss.tables.streaming import large_table

TEXT = "name,x,y\ncafé,1,2\nthé,2,3\ncafé,3.5,5\n"
NAMES = ("name=thé", "x")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_with_a_mark(tmp_path, encoding, packed):
    path, content = tmp_path / "t.csv", TEXT.encode(encoding)
    path.write_bytes(gzip.compress(content) if packed else content)
    assert load_table(path, "y").feature_names == NAMES


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le"])
def test_encodings_without_a_mark_need_the_option(tmp_path, encoding):
    (tmp_path / "t.csv").write_bytes(TEXT.encode(encoding))
    with pytest.raises(DataError, match="encoding="):
        load_table(tmp_path / "t.csv", "y")
    assert load_table(tmp_path / "t.csv", "y", encoding=encoding).feature_names == NAMES


@pytest.mark.slow
def test_a_byte_that_is_none_is_found_on_its_line(tmp_path):
    lines = ["a,y", *(f"{i},{i % 7}" for i in range(200_000)), "caf\xe9,1"]
    (tmp_path / "t.csv").write_bytes("\n".join(lines).encode("latin-1"))
    with pytest.raises(DataError, match=r"line 200002 is not utf-8 \(byte 0xe9\); pass"):
        load_table(tmp_path / "t.csv", "y")


@pytest.mark.parametrize("sep", [",", ";", "\t", "|", ":", " "])
def test_separators(tmp_path, sep):
    (tmp_path / "t.csv").write_text(TEXT.replace(",", sep))
    assert load_table(tmp_path / "t.csv", "y", sep=sep).feature_names == NAMES
    if sep in ",;\t|":
        assert load_table(tmp_path / "t.csv", "y").feature_names == NAMES


def test_options_of_text_files_are_refused_elsewhere(tmp_path):
    np.save(tmp_path / "t.npy", np.eye(3))
    for data in (tmp_path / "t.npy", np.eye(3)):
        for options in ({"encoding": "latin-1"}, {"sep": ";"}):
            with pytest.raises(InvalidInputError, match="only .csv and .tsv files have one"):
                load_table(data, **options)


def test_a_long_cell_is_text_like_others(tmp_path):
    limit = csv.field_size_limit()
    rows = "".join(f"{'t' * (140_000 if i == 3 else 1 + i)},{i * i},{i % 7}\n" for i in range(60))
    (tmp_path / "t.csv").write_text("note,a,y\n" + rows)
    table = load_table(tmp_path / "t.csv", "y")
    assert table.feature_names == ("a",)
    assert table.notes[0].startswith("dropped text column 'note' (60 distinct values such as 't'")
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a,b\n1,2\n"x"y,3\n', "line 3: ',' expected after '\"'; double a quote"),
        ('a,b\n1,2\n"x,3\n4,5\n', "a quote is opened on line 3 and never closed"),
        ('a,b\n1,2\n"x\n\ny"z,3\n', "lines 3 to 5: ',' expected"),
    ],
)
def test_stray_quotes_are_found_on_their_line(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        load_table(tmp_path / "t.csv", "b")


def test_columns_that_number_the_rows_may_share_a_name(tmp_path):
    (tmp_path / "t.csv").write_text(",,a,b\n" + "".join(f"{i},{i},{i},{i * i}\n" for i in range(9)))
    table = load_table(tmp_path / "t.csv", "b")
    assert table.feature_names == ("a",)
    assert table.notes == ("dropped row index column ''",)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("kind", ["csv", "gz", "npy", "parquet"])
def test_pipes_are_read_like_files(tmp_path, kind):
    path, pipe = tmp_path / f"t.{kind}", tmp_path / "pipe"
    X = np.random.default_rng(0).standard_normal((30, 3))
    if kind == "npy":
        np.save(path, X)
    elif kind == "parquet":
        pq = pytest.importorskip("pyarrow.parquet")
        pq.write_table(
            pytest.importorskip("pyarrow").table(dict(zip("xyz", X.T, strict=True))), path
        )
    else:
        lines = ["x,y,z", *(",".join(map(str, row)) for row in X.tolist())]
        content = "\n".join(lines).encode()
        path.write_bytes(gzip.compress(content) if kind == "gz" else content)
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: pipe.write_bytes(path.read_bytes()), daemon=True)
    thread.start()
    table = load_table(pipe, None if kind == "npy" else "z")
    thread.join()
    np.testing.assert_array_equal(table.features, X[:, :2])


def test_devices_and_names_that_a_terminal_would_obey(tmp_path):
    with pytest.raises(DataError, match="/dev/null is empty; it must hold a header"):
        load_table("/dev/null", "y")
    with pytest.raises(DataError, match=r"no\\x1b\[31m.csv does not exist"):
        load_table(tmp_path / "no\x1b[31m.csv", "y")


@pytest.mark.parametrize("text", ["9,b,9\n", "x,y,z\n"])
def test_a_file_that_is_rewritten_while_it_is_read_is_refused(tmp_path, monkeypatch, text):
    """The lines of words come from a second pass after a blank line: it would see other rows."""
    path, words = tmp_path / "t.csv", delimited._Delimited._second_pass

    def rewritten(self, *given):
        path.write_text("a,b,c\n" + text * 4)
        return words(self, *given)

    path.write_text("a,b,c\n\n1,u,3\n2,v,5\n4,u,9\n")
    assert load_table(path, "c").features.shape == (3, 2)
    monkeypatch.setattr(delimited._Delimited, "_second_pass", rewritten)
    with pytest.raises(DataError, match="was changed while it was read"):
        load_table(path, "c")


def test_a_file_that_is_replaced_while_it_is_read_stays_the_old_one(tmp_path, monkeypatch):
    path, words = Path(tmp_path / "t.csv"), delimited._Delimited._second_pass

    def replaced(self, *given):
        (tmp_path / "new.csv").write_text("a,b,c\n7,z,7\n8,z,8\n")
        (tmp_path / "new.csv").replace(path)
        return words(self, *given)

    path.write_text("a,b,c\n\n1,u,3\n2,v,5\n4,u,9\n")
    monkeypatch.setattr(delimited._Delimited, "_second_pass", replaced)
    np.testing.assert_array_equal(load_table(path, "c").features, [[1, 0], [2, 1], [4, 0]])


def test_text_arrays_that_hold_no_text_are_refused(tmp_path):
    np.save(tmp_path / "t.npy", np.full((3, 2), 0x7FFFFFFF, dtype=np.uint32).view("U1"))
    with pytest.raises(DataError):
        load_table(tmp_path / "t.npy")


def test_what_is_said_of_a_missing_file_is_about_files(tmp_path):
    with pytest.raises(DataError, match=r"does not exist; data must be a \.csv.* file$") as refused:
        load_table(tmp_path / "none.csv", "y")
    assert "Bunch" not in str(refused.value)


def test_long_text_is_prose_and_no_category(tmp_path):
    """One cell of prose is enough, in whichever block of rows it stands."""
    words = np.array(["good", "bad"] * 200, dtype=object)
    words[390] = "very " * 60 + "good"
    frame = pd.DataFrame({"x": np.arange(400.0), "said": words, "y": np.arange(400.0) % 7})
    path = tmp_path / "reviews.parquet"
    frame.to_parquet(path, row_group_size=100)
    whole = load_table(frame, "y")
    streamed = large_table(path, "y", stream=True).read(400, np.random.SeedSequence(0))
    for table in (whole, streamed):
        assert table.feature_names == ("x",)
        assert "dropped text column 'said' (values of more than 200 characters" in table.notes[0]
    assert set(load_table(frame, "y", texts="encode").texts) == {"said"}


@pytest.mark.slow
@pytest.mark.parametrize("extra", ["", "\n", '"two\nlines",3,1,0\n'])
def test_lines_are_named_right_whatever_came_before(tmp_path, extra):
    """Words of a first block, of a later one, after blank lines and after cells of two lines."""
    rows = "".join(f"w{i},{i},{'x' if i == 1500 else i},{i % 7}\n" for i in range(2000))
    (tmp_path / "t.csv").write_text("name,a,late,y\n" + extra + rows)
    table = load_table(tmp_path / "t.csv", "y", max_categories=5000)
    line = 1502 + extra.count("\n")
    assert any(f"'x' (line {line})" in warning for warning in table.warnings)
    first = 2 + (extra == "\n")  # a cell of two lines ends on the second
    (tmp_path / "u.csv").write_text("name,y\n" + extra[:1].strip('"') + "n,word\n" * 3)
    with pytest.raises(DataError, match=rf"such as 'word' \(line {first}\)"):
        load_table(tmp_path / "u.csv", "y")
