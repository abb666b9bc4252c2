"""`weigh` and ``genloss weigh``: from two tables to an answer."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

import genloss as gl
from genloss.cli import app


def rows(rng, count, shift=0.0, noise=1.0):
    X = rng.normal(size=(count, 6))
    return X, X.sum(axis=1) + shift * X[:, 0] + noise * rng.normal(size=count)


def test_good_rows_get_weight_and_bad_ones_do_not(rng):
    real = rows(rng, 60)
    good = gl.weigh(real, rows(rng, 600), made_from="elsewhere")
    assert good.weight >= 0.3
    assert good.advice.augment
    assert good.worth.low < good.worth.value < good.worth.high
    assert good.alternative is None
    bad = gl.weigh(real, rows(rng, 600, shift=3.0), made_from="elsewhere")
    assert bad.weight < 0.1
    assert bad.shift_factor < 0.1 < good.shift_factor
    assert bad.difference.label_shift


def test_one_seed_one_answer_which_is_equal_to_itself_and_plain(rng):
    real, made = rows(rng, 50), rows(rng, 100)
    found = gl.weigh(real, made, seed=3)
    again = gl.weigh(real, made, seed=3)
    assert found == again
    assert hash(found) == hash(again)
    assert found != gl.weigh(real, made, seed=3, made_from="elsewhere")
    plain = found.to_dict()
    assert json.loads(json.dumps(plain))["weight"] == found.weight
    assert plain["error"] == found.error.tolist()
    assert "made_from" in found.advice.sentences[2]
    frame = found.to_frame("pandas")
    assert list(frame.columns) == ["weight", "error", "stderr", "penalty", "plausible"]
    assert found.plot().get_xlabel().startswith("weight of a synthetic row")
    assert "<table>" in found._repr_html_()
    assert found.advice.sentences[0] in repr(found)


def test_labels_by_a_model_of_these_rows_are_seen_through(rng):
    X, y = rows(rng, 60, noise=2.0)
    design = np.column_stack([np.ones(60), X])
    more = rng.normal(size=(600, 6))
    said = np.column_stack([np.ones(600), more]) @ np.linalg.lstsq(design, y)[0]
    naive = gl.weigh((X, y), (more, said), made_from="elsewhere")
    told = gl.weigh((X, y), (more, said), made_from="these rows")
    assert naive.advice.gain > 0.05  # a gain that is none
    assert told.advice.gain < 0.02
    assert np.isnan(told.worth.value)
    assert gl.weigh((X, y), (more, said)).alternative == told.weight


def test_copies_are_noticed_whatever_was_said(rng):
    X, y = rows(rng, 60)
    family = rng.integers(60, size=600)
    jitter = X[family] + 0.1 * rng.normal(size=(600, 6)), y[family]
    found = gl.weigh((X, y), jitter)
    assert found.copies > 0.9
    assert "copies" in found.warnings[0]
    assert found.judged_by.startswith("folds")
    assert "elsewhere" in gl.weigh((X, y), jitter, made_from="elsewhere").warnings[0]


def test_a_copy_of_the_target_among_the_columns_is_noticed(rng):
    (X, y), (X_made, y_made) = rows(rng, 100), rows(rng, 200)
    found = gl.weigh((np.column_stack([X, y]), y), (np.column_stack([X_made, y_made]), y_made))
    assert any("is a copy of it among them?" in text for text in found.warnings)
    assert found.difference.label_shift is False  # shrinkage is no shift
    assert not any("copy of it" in text for text in gl.weigh((X, y), (X_made, y_made)).warnings)
    budget = gl.budget(
        (np.column_stack([X, y]), y), (np.column_stack([X_made, y_made]), y_made),
        cost={"real": 1, "synthetic": 0.1}, money=200,
    )  # fmt: skip
    assert any("is a copy of it among them?" in text for text in budget.warnings)


def test_rows_too_much_like_these_are_noticed(rng):
    """A Gaussian with the sample's own moments is nearer to the sample than the sample's kind is."""
    X, y = rows(rng, 60)
    joint = np.column_stack([X, y])
    made = rng.multivariate_normal(joint.mean(axis=0), np.cov(joint.T), 1000)
    found = gl.weigh((X, y), (made[:, :-1], made[:, -1]))
    assert found.difference.too_alike
    assert found.judged_by == "leave-one-out of the chain"
    assert "more like these real rows" in found.warnings[0]
    assert not gl.weigh((X, y), rows(rng, 1000)).difference.too_alike


@pytest.mark.parametrize("kernel", ["rbf", "polynomial"])
def test_kernels_find_what_lines_cannot(rng, kernel):
    X = rng.normal(size=(250, 2))
    y = X[:, 0] * X[:, 1] + 0.1 * rng.normal(size=250)
    found = gl.weigh((X[:50], y[:50]), (X[50:], y[50:]), kernel=kernel, made_from="elsewhere")
    assert found.error[found.best] < 0.3 * y.var()
    assert found.weight > 0


def test_any_regressor_that_takes_weights(rng):
    real, made = rows(rng, 60), rows(rng, 200)
    pipeline = make_pipeline(StandardScaler(), LinearRegression())
    found = gl.weigh(real, made, estimator=pipeline, made_from="elsewhere")
    assert found.weight > 0
    assert found.weights.size == 6
    assert np.isnan(found.penalty)
    for wrong, words in (
        (KNeighborsRegressor(), "no sample_weight"),
        (LogisticRegression(), "regressor"),
        ("ridge", "must be one of"),
    ):
        with pytest.raises(gl.InvalidInputError, match=words):
            gl.weigh(real, made, estimator=wrong)
    with pytest.raises(gl.InvalidInputError, match="beside estimator"):
        gl.weigh(real, made, estimator=pipeline, kernel="rbf")


def test_labels_by_the_estimator_on_these_rows_lose_the_row_as_well(rng):
    X, y = rows(rng, 80, noise=3.0)
    more, tree = rng.normal(size=(400, 6)), DecisionTreeRegressor(max_depth=3, random_state=0)
    said = tree.fit(X, y).predict(more)
    naive = gl.weigh((X, y), (more, said), estimator=tree, made_from="elsewhere")
    told = gl.weigh((X, y), (more, said), estimator=tree, made_from="these rows")
    assert naive.advice.gain_shown  # a gain that is none
    assert not told.advice.gain_shown
    assert told.advice.gain < naive.advice.gain / 4


def test_wide_tables_are_weighed_in_their_span(rng):
    X = rng.normal(size=(90, 200))
    y = X[:, :5].sum(axis=1) + rng.normal(size=90)
    found = gl.weigh((X[:30], y[:30]), (X[30:], y[30:]), made_from="elsewhere")
    assert np.isfinite(found.error).all()


# --- two files ----------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path, monkeypatch, rng):
    def write(name, count, kinds="abc", columns=("size", "kind", "age", "price"), gap=False):
        kind = rng.choice(list(kinds), count)
        size, age = rng.normal(size=count), rng.normal(size=count)
        price = size + age + 2.0 * (kind == "b") + 0.5 * rng.normal(size=count)
        values = {"size": size, "kind": kind, "age": age, "price": price, "extra": age}
        lines = [",".join(columns)]
        lines += [",".join(str(values[column][i]) for column in columns) for i in range(count)]
        if gap:
            lines[1] = "," + lines[1].partition(",")[2]
        (tmp_path / name).write_text("\n".join(lines) + "\n")

    monkeypatch.chdir(tmp_path)
    write("real.csv", 80)
    write("made.csv", 300)
    return write


def test_the_second_table_is_encoded_as_the_first(files):
    files("strange.csv", 300, "abcxyz", ("age", "price", "extra", "kind", "size"), gap=True)
    found = gl.weigh("real.csv", "strange.csv", "price", missing="drop", made_from="elsewhere")
    notes = " ".join(found.notes)
    assert "real has no 'kind' of 'x', 'y', 'z'" in notes
    assert "dropped 1 synthetic row with missing values" in notes
    assert "no feature of real: 'extra'" in notes
    assert found.n_synthetic < 200
    assert found.sources == ("real.csv", "strange.csv")


def test_a_table_that_does_not_fit_is_refused(files):
    files("short.csv", 100, columns=("size", "kind", "price"))
    files("gaps.csv", 100, gap=True)
    files("few.csv", 10)
    files("other.csv", 100, columns=("size", "kind", "age"))
    for real, made, words in (
        ("real.csv", "short.csv", "synthetic lacks 'age'"),
        ("real.csv", "gaps.csv", "missing='drop'"),
        ("few.csv", "made.csv", "real has 10 usable rows"),
        ("real.csv", "other.csv", "synthetic cannot be used: target was 'price'"),
    ):
        with pytest.raises(gl.DataError, match=words):
            gl.weigh(real, made, "price")
    with pytest.raises(gl.InvalidInputError, match="made_from was 'here'"):
        gl.weigh("real.csv", "made.csv", "price", made_from="here")


def test_the_command_says_what_the_verb_says(files, genloss):
    code, out, errors = genloss(
        "weigh", "real.csv", "made.csv", "--target", "price", "--made-from", "elsewhere",
        "--plot", "curve.png", "--report", "weight.html",
    )  # fmt: skip
    assert (code, errors) == (0, "")
    found = gl.weigh("real.csv", "made.csv", "price", made_from="elsewhere")
    flat = " ".join(out.split())
    page = Path("weight.html").read_text(encoding="utf-8")
    assert found.advice.sentences[0] in page
    assert "<script" not in page
    assert len(page) < 150_000
    for words in found.advice.sentences:
        assert words in flat
    code, out, _ = genloss("weigh", "real.csv", "made.csv", "--target", "price", "--json")
    assert code == 0
    assert json.loads(out)["alternative"] is not None
    code, _, errors = genloss("weigh", "real.csv", "made.csv", "--target", "prize")
    assert code == 2
    assert "did you mean the column 'price'" in errors


def test_every_argument_of_the_verb_is_an_option():
    options = inspect.signature(app["weigh"].default_command).parameters
    verb = inspect.signature(gl.weigh).parameters
    assert set(options) - set(verb) == {"gamma", "degree", "plot", "report", "json"}
    assert set(verb) <= set(options)
