"""A second table in the features of the first: gaps, unknown categories, columns that play no part."""

import numpy as np
import pandas as pd
import pytest

import genloss as gl
from genloss.outlook.prepare import read_unlabelled
from genloss.tables.delimited import Dialect
from genloss.tables.inputs import columns_behind, encode_like, inputs_like
from genloss.tables.load import load_table
from genloss.weighing.pair import read_pair

PLAIN = Dialect.of(None, None, None, None)


def frame(count, seed, **more):
    rng = np.random.default_rng(seed)
    town = rng.choice(["Bergen", "Molde", "Oslo"], count)
    size = rng.normal(size=count)
    price = size + (town == "Oslo") + rng.normal(size=count)
    return pd.DataFrame({"size": size, "town": town, "price": price, **more})


def with_town(rows, town, count=30):
    return rows.assign(town=[town] * count + list(rows["town"][count:]))


def test_gaps_and_unknown_categories_are_not_the_first_category():
    table = load_table(frame(80, 0), "price")
    rows = frame(60, 1)
    assert table.categories == {"town": ("Bergen", "Molde", "Oslo")}
    with pytest.raises(gl.DataError, match=r"unlabelled has missing values in 'town' \(30\)"):
        inputs_like(table, with_town(rows, None), PLAIN)
    found = inputs_like(table, with_town(rows, "Paris"), PLAIN)
    assert found.strange.tolist() == [True] * 30 + [False] * 30
    assert found.left_out("row", "it") == ["left out 30 rows: it has no 'town' of 'Paris'"]
    known = inputs_like(table, rows, PLAIN)
    assert not known.strange.any()
    np.testing.assert_array_equal(
        known.features, np.c_[rows["size"], rows["town"] == "Molde", rows["town"] == "Oslo"]
    )


def test_a_gap_is_a_category_where_the_first_table_made_one_of_it():
    table = load_table(with_town(frame(80, 0), None), "price", missing="mean")
    found = inputs_like(table, with_town(frame(60, 1), None), PLAIN)
    gap = table.feature_names.index("town is missing")
    assert found.features[:, gap].tolist() == [1.0] * 30 + [0.0] * 30


@pytest.mark.parametrize("only", [True, False])
def test_a_boolean_with_gaps_has_the_values_that_it_had(only):
    first = frame(80, 0).assign(sold=[only, None] * 40)
    table = load_table(first, "price", missing="mean")
    assert table.categories["sold"] == (str(only),)
    rows = frame(60, 1).assign(sold=[not only] * 20 + [only] * 20 + [None] * 20)
    found = inputs_like(table, rows, PLAIN)
    assert found.strange.tolist() == [True] * 20 + [False] * 40
    assert found.left_out("row", "it") == [f"left out 20 rows: it has no 'sold' of '{not only}'"]
    gap = table.feature_names.index("sold is missing")
    assert found.features[20:, gap].tolist() == [0.0] * 20 + [1.0] * 20


def test_words_are_categories_where_the_first_table_has_them(tmp_path):
    words = np.array(["true", "false", "maybe", "7"])
    first = frame(80, 0, said=np.tile(words, 20))
    (tmp_path / "second.csv").write_text(
        "size,town,said\n" + "".join(f"{k},Oslo,{'true' if k % 2 else 'false'}\n" for k in range(8))
    )
    table = load_table(first, "price")
    found = inputs_like(table, tmp_path / "second.csv", PLAIN)
    true = found.features[:, table.feature_names.index("said=true")]
    assert true.tolist() == [0.0, 1.0] * 4


def test_a_table_that_was_read_gives_its_columns_back():
    first, second = frame(80, 0), with_town(frame(60, 1), "Alta", 20)
    table = load_table(first, "price")
    read = load_table(second, "price")
    from_table = encode_like(table, columns_behind(read), "second", "first")
    direct = inputs_like(table, second, PLAIN)
    np.testing.assert_array_equal(from_table.strange, direct.strange)
    np.testing.assert_array_equal(from_table.features, direct.features)


def paired(real, rows):
    return read_pair(real, rows, "price", "error")


def forecast(real, rows):
    return read_unlabelled(load_table(real, "price"), rows, PLAIN)[0]


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (paired, "left out 30 synthetic rows: real has no 'town' of 'Paris'"),
        (forecast, "left out 30 unlabelled rows: the table has no 'town' of 'Paris'"),
    ],
)
def test_verbs_say_what_they_leave_out_and_refuse_gaps(way, words):
    real, rows = frame(80, 0), frame(60, 1)
    assert words in way(real, with_town(rows, "Paris")).notes
    with pytest.raises(gl.DataError, match=r"missing values in 'town' \(30\)"):
        way(real, with_town(rows, None))


@pytest.mark.parametrize(
    ("town", "words"),
    [
        (None, "--watched 'rows.csv' has missing values in 'town' (30); fill them"),
        ("Paris", "'real.csv' has no 'town' of 'Paris'; take them out of the file"),
    ],
)
def test_watched_rows_are_all_known_as_rounds_come_in_their_order(
    town, words, tmp_path, monkeypatch, genloss
):
    monkeypatch.chdir(tmp_path)
    frame(80, 0).to_csv("real.csv", index=False)
    with_town(frame(60, 1), town).to_csv("rows.csv", index=False)
    call = "monitor m.db --start real.csv --target price --watched rows.csv --n-samples 30"
    code, _, errors = genloss(*call.split())
    assert code == 2
    assert words in errors


def test_dropped_gaps_give_what_the_rest_gives():
    real, rows = frame(80, 0), frame(60, 1)
    found = read_pair(real, with_town(rows, None), "price", "drop")
    np.testing.assert_array_equal(
        found.X_synthetic, read_pair(real, rows[30:], "price", "error").X_synthetic
    )
    assert "dropped 30 synthetic rows with missing values" in found.notes
