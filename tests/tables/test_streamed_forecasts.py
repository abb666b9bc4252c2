"""Forecasts of streams, what cannot be streamed, and how much memory a stream takes."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genloss as gl
from genloss.estimate.moments import Moments, estimate_from_moments
from genloss.tables import parquet
from genloss.tables.load import load_table
from genloss.tables.streaming import MOST_CELLS, large_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
from streams import linear_table, read, true_problem, write

PLAN = gl.Plan.replace(4, 100, penalty=0.05)


# ---------------------------------------------------------------------------------------- forecasts


@pytest.mark.slow
def test_forecast_of_a_stream_agrees_with_that_in_memory(tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(6000, 15), group=1000)
    whole = gl.forecast(path, "y", PLAN, trials=8)
    stream = gl.forecast(path, "y", PLAN, trials=8, stream=True)
    assert stream.noise == pytest.approx(whole.noise, rel=0.03)
    assert stream.problem.dim == whole.problem.dim == 15
    np.testing.assert_allclose(stream.predicted.risk, whole.predicted.risk, rtol=0.06)
    stderr = np.hypot(stream.measured.stderr, whole.measured.stderr)
    # both are scored on rows of their own, 1,200 of them
    sampling = 3 * np.sqrt(2 / 1200) * whole.measured.risk
    assert (np.abs(stream.measured.risk - whole.measured.risk) < 4 * stderr + sampling).all()
    assert [note for note in stream.notes if note.startswith("streamed:")] == [
        "streamed: the estimate is from all rows, "
        "rehearsal and check use 6,000 of 6,000 rows, drawn at random"
    ]
    assert not any(note.startswith("streamed:") for note in whole.notes)


def test_the_estimate_of_a_stream_is_that_of_the_rows_not_held_out(tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(3000, 5), group=500)
    table = read(path, rows=1000)
    order, column = np.lexsort(table.features.T), pq.read_table(path).to_pandas()
    held_out = order[:400]
    standardise, found = table.apart_from(held_out)
    rest = column[~column["x0"].isin(table.features[held_out, 0])].to_numpy()
    assert len(rest) == 2600
    X = standardise(rest[:, :-1])
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(X.std(axis=0), 1, rtol=1e-9)
    squares = np.linalg.lstsq(np.column_stack([X, np.ones(2600)]), rest[:, -1], rcond=None)[1]
    assert found.noise**2 == pytest.approx(squares[0] / (2600 - 6), rel=1e-9)
    again = estimate_from_moments(Moments.of(X, rest[:, -1]))
    np.testing.assert_allclose(found.spectrum, again.spectrum, rtol=1e-9)
    np.testing.assert_allclose(np.abs(found.truth), np.abs(again.truth), rtol=1e-6)
    np.testing.assert_allclose(found.spectrum, np.linalg.eigvalsh(X.T @ X / 2600)[::-1], rtol=0.01)


@pytest.mark.slow
def test_a_kernel_uses_the_sample_and_says_so(tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(1500, 4), group=500)
    outlook = gl.forecast(path, "y", PLAN, kernel="rbf", stream=True, trials=2)
    assert any("a kernel's forecast uses 1,500 of 1,500 rows" in note for note in outlook.notes)
    linear = gl.forecast(path, "y", PLAN, kernel="linear", stream=True, trials=2)
    assert any("the estimate is from all rows" in note for note in linear.notes)


@pytest.mark.slow
def test_few_rows_per_column_leave_the_estimate_to_the_sample(tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(600, 30), group=500)
    outlook = gl.forecast(path, "y", PLAN, stream=True, trials=2)
    assert any("fewer than 50 rows per column" in note for note in outlook.notes)


@pytest.mark.slow
def test_seeds_and_plans_decide_the_sample(tmp_path, monkeypatch):
    monkeypatch.setattr("genloss.outlook.forecast.MOST_USED", 800)
    monkeypatch.setattr("genloss.outlook.prepare.MOST_USED", 800)
    monkeypatch.setattr("genloss.outlook.forecast.MOST_TEST", 200)
    path = write(tmp_path / "t.parquet", linear_table(6000, 4), group=500)
    forecast = partial(gl.forecast, path, "y", PLAN, stream=True, trials=2)
    one, again, other = forecast(seed=1), forecast(seed=1), forecast(seed=2)
    np.testing.assert_array_equal(one.measured.risk, again.measured.risk)
    assert (one.measured.risk != other.measured.risk).all()
    assert one.rows["used"] == 800
    assert one.rows["test"] == 160
    # the estimate is from all rows, whichever are sampled
    assert one.noise == pytest.approx(other.noise, rel=1e-9)


def test_large_tables_stream_by_themselves(tmp_path, monkeypatch):
    path = write(tmp_path / "t.parquet", linear_table(300, 4))
    assert large_table(path, "y") is None
    monkeypatch.setattr("genloss.tables.streaming.MOST_CELLS", 300 * 5 - 1)
    assert large_table(path, "y").n_rows == 300
    assert large_table(path, "y", stream=False) is None
    outlook = gl.forecast(path, "y", gl.Plan.replace(2, 20, penalty=0.1), trials=2)
    assert any(note.startswith("streamed:") for note in outlook.notes)
    assert MOST_CELLS == 16 * 10**6


def test_command_line(genloss, tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(900, 4))
    options = ["--target", "y", "--generations", "3", "--trials", "2", "--json"]
    code, out, errors = genloss("forecast", str(path), *options, "--stream")
    assert (code, errors) == (0, "")
    found = json.loads(out)
    assert any(note.startswith("streamed:") for note in found["notes"])
    assert len(found["models"]["predicted"]) == 3


def test_a_large_table_can_be_sent_away(tmp_path):
    large = large_table(write(tmp_path / "t.parquet", linear_table(300, 4)), "y", stream=True)
    pieces = pickle.loads(pickle.dumps(tuple(parquet.pieces(large.dataset))))
    assert sum(f.to_table().num_rows for piece in pieces for f in piece.fragments) == 300


# ------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"x": [1.0, 2.0], "yy": [1.0, 2.0]}, {}, "did you mean the column 'yy'"),
        ({"x": [1.0, 2.0], "y": ["a", "b"]}, {}, "non-numeric target 'y'"),
        ({"x": [1.0, np.inf], "y": [1.0, 2.0]}, {}, "infinite values in 'x' \\(1\\)"),
        ({"x": [1.0, np.nan], "y": [1.0, 2.0]}, {}, "missing values in 'x' \\(1\\)"),
        ({"x": [1.0, 2.0], "y": [1.0, None]}, {}, "missing values in 'y' \\(1\\)"),
        ({"x": [1.0, 2.0, 3.0], "y": [2.0, 2.0, 2.0]}, {}, "target 'y' is constant"),
        ({"x": [1.0, 1.0, 1.0], "y": [1.0, 2.0, 4.0]}, {}, "no usable feature column is left"),
        (
            {"x": pa.nulls(3, pa.float64()), "y": [1.0, 2.0, 4.0]},
            {"missing": "mean"},
            "no usable feature.*'x', all missing",
        ),
        (
            {"x": [np.nan, np.nan], "z": [1.0, 2.0], "y": [1.0, 2.0]},
            {"missing": "drop"},
            "0 usable rows.*dropped 2 rows with a missing value",
        ),
        ({"x": pa.array([], pa.float64()), "y": pa.array([], pa.float64())}, {}, "0 usable rows"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, columns, options, message):
    with pytest.raises(gl.DataError, match=message):
        read(write(tmp_path / "t.parquet", columns), **options)


def test_what_cannot_be_streamed_is_refused(tmp_path):
    path = write(tmp_path / "t.parquet", linear_table(100, 2))
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    (tmp_path / "broken.parquet").write_text("PAR1")
    (tmp_path / "empty").mkdir()
    for data in (tmp_path / "t.csv", tmp_path / "empty", tmp_path / "none.parquet", [[1.0, 2.0]]):
        with pytest.raises(gl.DataError, match="can be streamed"):
            large_table(data, "y", stream=True)
        assert large_table(data, "y") is None
    with pytest.raises(gl.DataError, match="cannot be read as parquet"):
        large_table(tmp_path / "broken.parquet", "y", stream=True)
    with pytest.raises(gl.DataError, match="cannot be read as parquet"):
        gl.forecast(tmp_path / "broken.parquet", "y")
    with pytest.raises(gl.InvalidInputError, match="stream was 'yes'"):
        large_table(path, "y", stream="yes")
    with pytest.raises(gl.InvalidInputError, match="cluster was 'threads' with stream=False"):
        large_table(path, "y", stream=False, cluster="threads")
    with pytest.raises(gl.InvalidInputError, match="cluster was 'nowhere'"):
        large_table(path, "y", cluster="nowhere")
    with pytest.raises(gl.InvalidInputError, match="cluster was 3"):
        large_table(path, "y", cluster=3)
    for rows in (0, -1, np.nan, 2.5):
        with pytest.raises(gl.InvalidInputError, match="n_sampled was"):
            read(path, rows=rows)
    with pytest.raises(gl.DataError, match="at least 40"):
        gl.forecast(write(path, linear_table(30, 2)), "y", stream=True)
    with pytest.raises(gl.InvalidInputError, match="of no use for a Table"):
        gl.forecast(load_table(path, "y"), stream=True)
    with pytest.raises(gl.InvalidInputError, match="need a path"):
        gl.forecast([[1.0], [2.0]], [1.0, 2.0], stream=True)


def folder_of(path: Path, *tables: dict[str, Any]) -> Path:
    path.mkdir()
    for number, columns in enumerate(tables):
        write(path / f"{number}.parquet", columns)
    return path


def test_files_of_a_folder_may_differ_in_type_and_columns(tmp_path):
    x, y = np.arange(50.0), np.arange(50) % 7
    whole_numbers = folder_of(
        tmp_path / "whole", {"x": x.astype(int), "y": y}, {"x": x + 0.5, "y": y}
    )
    for table in (read(whole_numbers), load_table(whole_numbers, "y")):
        np.testing.assert_array_equal(np.sort(table.features[:, 0]), np.arange(100) / 2)
    later = folder_of(tmp_path / "later", {"x": x, "y": y}, {"x": x, "z": x % 3, "y": y})
    for way in (read, load_table):  # a column that the first file lacks is not left out in silence
        with pytest.raises(gl.DataError, match=r"missing values in 'z' \(50\)"):
            way(later, "y")
        assert way(later, "y", missing="mean").feature_names == ("x", "z")
    mixed = folder_of(tmp_path / "mixed", {"x": x, "y": y}, {"x": ["a"] * 50, "y": y})
    with pytest.raises(gl.DataError, match="mixed cannot be read.*Field x has incompatible types"):
        large_table(mixed, "y", stream=True)
    with pytest.raises(gl.DataError, match="mixed cannot be read.*Field x has incompatible types"):
        gl.forecast(mixed, "y")


@pytest.mark.parametrize("cluster", [None, pytest.param("processes", marks=pytest.mark.slow)])
def test_a_damaged_file_is_named(tmp_path, cluster):
    table = {name: pa.array(values) for name, values in linear_table(5000, 2).items()}
    folder = folder_of(tmp_path / "folder", table, table)
    damaged = folder / "1.parquet"
    data = bytearray(damaged.read_bytes())
    for place in range(len(data) // 4, len(data) // 2):
        data[place] ^= 0x5A
    damaged.write_bytes(data)
    with pytest.raises(gl.DataError, match=r"folder/1\.parquet cannot be read as parquet"):
        read(folder, cluster=cluster)


@pytest.mark.parametrize("most_columns", [5000, 1])
@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_values_whose_squares_overflow_are_named(tmp_path, monkeypatch, most_columns, unit):
    monkeypatch.setattr("genloss.tables.one_pass.MOST_COLUMNS", most_columns)
    x = np.random.default_rng(0).standard_normal(100)
    path = write(tmp_path / "t.parquet", {"x": x, "huge": unit * x, "y": x})
    with pytest.raises(gl.DataError, match="values of 'huge' are so large, or so near each other"):
        read(path)


def test_lost_workers_are_reported(tmp_path):
    from genloss.tables.reduce import reduce_pieces
    from genloss.workers import WorkersLost

    def dies(piece):
        raise WorkersLost("killed by the memory")

    with pytest.raises(gl.GenlossError, match="workers were lost while they read the table"):
        reduce_pieces(dies, pieces=[1, 2], cluster="serial")


def test_streaming_needs_pyarrow(tmp_path, monkeypatch):
    path = write(tmp_path / "t.parquet", linear_table(100, 2))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert large_table(path, "y") is None
    with pytest.raises(gl.MissingDependencyError, match=r"genloss\[data\]"):
        large_table(path, "y", stream=True)


# ------------------------------------------------------------------------------------------- scale


NOISE, DIM = 0.5, 11


def write_large(path: Path, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A table of n rows, written block by block; returns its covariance and weights."""
    rng = np.random.default_rng(0)
    mixing = (np.geomspace(1, 0.1, DIM)[:, None] * rng.standard_normal((DIM, DIM))).astype("f4")
    weights = rng.standard_normal(DIM).astype("f4")
    names = [*(f"x{i}" for i in range(DIM)), "y"]
    schema = pa.schema([(name, pa.float32()) for name in names])
    with pq.ParquetWriter(path, schema, use_dictionary=False, compression="none") as writer:
        for _ in range(n // 500_000):
            X = rng.standard_normal((500_000, DIM), dtype="f4") @ mixing
            y = X @ weights + np.float32(NOISE) * rng.standard_normal(len(X), dtype="f4")
            writer.write_table(pa.table([*X.T, y], schema=schema))
    return mixing.T.astype(np.float64) @ mixing.astype(np.float64), weights.astype(np.float64)


def in_a_process(code: str, path: Path) -> tuple[Any, int]:
    """What ``code`` leaves in ``found``, and the most memory its process had, in bytes."""
    # getrusage would count the peak of this process too, whose memory a child shares until exec
    script = (
        f"import json, sys, genloss as gl\npath = sys.argv[1]\n{code}\n"
        "said = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(json.dumps([found, 1024 * int(said['VmHWM'].split()[0])]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, peak = json.loads(done.stdout)
    return found, peak


FORECAST = (
    "outlook = gl.forecast(path, 'y', gl.Plan.replace(10, 1000, penalty=0.01))\n"
    "found = [outlook.noise, outlook.problem.spectrum.tolist(), outlook.notes,"
    " outlook.predicted.risk.tolist(), outlook.measured.risk.tolist()]"
)
WHOLE = "from genloss.tables.load import load_table\nfound = load_table(path, 'y').target.size\n"


def check_large(path: Path, n: int, covariance: np.ndarray, weights: np.ndarray, most: int) -> None:
    """The forecast finds what made the table, in less than ``most`` bytes."""
    (noise, spectrum, notes, predicted, measured), peak = in_a_process(FORECAST, path)
    assert peak < most
    assert any(f"30,000 of {n:,} rows" in note for note in notes)
    assert abs(noise / NOISE - 1) < 4 / np.sqrt(2 * n)
    expected, _ = true_problem(covariance, weights)
    assert (np.abs(np.array(spectrum) / expected - 1) < 4 * np.sqrt(2 / n)).all()
    np.testing.assert_allclose(predicted, measured, rtol=0.1)


@pytest.mark.slow
def test_memory_is_bounded_where_the_whole_table_exceeds_the_bound(tmp_path):
    path, n, most = tmp_path / "large.parquet", 6_000_000, 2**29
    truth = write_large(path, n)
    check_large(path, n, *truth, most)
    rows, peak = in_a_process(WHOLE, path)
    assert rows == n
    assert peak > 2 * most


@pytest.mark.slow
def test_a_stream_finds_the_problem_that_made_the_table(tmp_path):
    """The same theory by another way: from the covariance and weights that the rows came from."""
    path, n = tmp_path / "large.parquet", 500_000
    covariance, weights = write_large(path, n)
    plan = gl.Plan.replace(5, 200, penalty=0.05)
    outlook = gl.forecast(path, "y", plan, stream=True, trials=2)
    spectrum, energy = true_problem(covariance, weights)
    problem = gl.Problem(np.append(spectrum, 1e6), np.append(np.sqrt(energy / spectrum), 0.0))
    noisy = gl.Plan.mix_labels(5, 200, real=0.0, penalty=0.05, real_noise=NOISE)
    expected = gl.predict(problem, noisy).risk + NOISE**2
    found = gl.Problem(
        np.append(outlook.problem.spectrum, 1e6), np.append(outlook.problem.truth, 0.0)
    )
    noisy = gl.Plan.mix_labels(5, 200, real=0.0, penalty=0.05, real_noise=outlook.noise)
    theory = gl.predict(found, noisy).risk + outlook.noise**2
    # errors are of the size of signal and noise, known up to a share sqrt(2 / n) of themselves
    np.testing.assert_allclose(theory, expected, rtol=4 * np.sqrt(2 / n))
    np.testing.assert_allclose(outlook.predicted.risk, expected, rtol=0.05)
    assert ((outlook.low < expected) & (expected < outlook.high)).all()
