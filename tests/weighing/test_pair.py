"""Two tables for `weigh` and `budget`: columns that were dropped, and pipes."""

import os

import numpy as np
import pandas as pd
import pytest

import genloss as gl
from genloss.weighing.pair import read_pair, real_table


def frame(count, seed, streets):
    rng = np.random.default_rng(seed)
    size = rng.normal(size=count)
    return pd.DataFrame(
        {
            "size": size,
            "age": rng.normal(size=count),
            "comment": [f"text {seed} {row}" for row in range(count)],
            "street": [f"street {k}" for k in rng.integers(streets, size=count)],
            "price": size + rng.normal(size=count),
        }
    )


@pytest.fixture
def piped():
    """A path that a table can be read from once, as of the shell's <(...)."""
    ends = []

    def path(table):
        reader, writer = os.pipe()
        ends.append(reader)
        with os.fdopen(writer, "w") as pipe:
            table.to_csv(pipe, index=False)
        return f"/dev/fd/{reader}"

    yield path
    for end in ends:
        os.close(end)


@pytest.mark.parametrize("classes", [False, True])
def test_a_column_that_was_dropped_leaves_no_row_out(classes):
    real, made = frame(200, 0, 80), frame(150, 1, 300)
    if classes:
        for table in (real, made):
            table["price"] = np.where(table["price"] > 0, "dear", "cheap")
    found = read_pair(real, made, "price", "error", classes=None)
    plain = ["size", "age", "price"]
    wanted = read_pair(real[plain], made[plain], "price", "error", classes=None)
    np.testing.assert_array_equal(found.X_synthetic, wanted.X_synthetic)
    np.testing.assert_array_equal(found.y_synthetic, wanted.y_synthetic)
    assert len(found.X_synthetic) == 150
    assert "left out" not in " ".join(found.notes)


def test_either_table_may_come_through_a_pipe(piped):
    real, made = frame(100, 0, 5), frame(80, 1, 5)
    real, made = real.drop(columns="comment"), made.drop(columns="comment")
    wanted = read_pair(real, made, "price", "error")
    for pair in (
        read_pair(real, piped(made), "price", "error"),
        read_pair(piped(real), piped(made), "price", "error"),
    ):
        np.testing.assert_allclose(pair.X_synthetic, wanted.X_synthetic, rtol=1e-14)
        np.testing.assert_allclose(pair.X, wanted.X, rtol=1e-14)
    with pytest.raises(gl.DataError, match="synthetic lacks 'age', which real has"):
        read_pair(real, piped(made.drop(columns="age")), "price", "error")


def test_notes_name_no_options_that_these_verbs_lack():
    real = frame(100, 0, 80).assign(sold=pd.date_range("2024-01-01", periods=100))
    notes = " ".join(real_table(real, "price", "error").notes)
    assert "dropped text column 'comment'" in notes
    assert "rows have dates and are split at random" in notes
    assert "texts=" not in notes
    assert "time=" not in notes
