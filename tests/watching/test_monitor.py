"""`Monitor`: an alarm that keeps its word, a meter, and a file that keeps its rounds."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from sklearn.linear_model import LinearRegression

import genloss as gl
from genloss.watching.alarm import bet, process, tail
from genloss.watching.reading import Told, read
from genloss.watching.rehearsal import Rehearsed


@pytest.fixture
def live(tmp_path, rng):
    X, rows = rng.normal(size=(150, 4)), rng.normal(size=(60, 4))
    y = X.sum(axis=1) + rng.normal(size=150)
    monitor = gl.Monitor(tmp_path / "runs.db")
    monitor.start(X, y, rows, n_samples=100, noise=1.0, rounds=6)
    return monitor, X, y, rows


def test_long_rehearsals_say_how_far_they_are(tmp_path, rng, monkeypatch, capsys):
    monkeypatch.setattr("genloss._progress._FIRST", 0.0)
    monkeypatch.setattr("genloss._progress._EVERY", 0.0)
    X = rng.normal(size=(30, 2))
    for progress in (False, True):
        live = gl.Monitor(tmp_path / f"{progress}.db")
        live.start(X, X[:, 0], X, n_samples=20, rounds=1, rehearsals=6, progress=progress)
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 8 * progress
    assert said[0].startswith("genloss: rehearsing, 1 of 9 (11%) after ")


def chain(X, y, rows, rounds, rng, *, noise=1.0, count=100):
    """Least squares, relabelled round by round."""
    model = LinearRegression().fit(X, y)
    for _ in range(rounds):
        part = X[rng.integers(len(X), size=count)]
        model = LinearRegression().fit(part, model.predict(part) + noise * rng.normal(size=count))
        yield model.predict(rows)


# --- the alarm ----------------------------------------------------------------------------------


def test_a_bet_has_mean_one_where_nothing_is_wrong():
    # over p = exp(-s), which leaves 1/s of the mean beyond s
    mean, _ = quad(lambda s: bet(np.exp(-s)) * np.exp(-s), 0, 300, limit=500, points=[1, 10])
    assert mean + 1 / 300 == pytest.approx(1, abs=1e-4)


def test_the_alarm_rings_ever_in_at_most_alpha_of_loops(rng):
    rung = [(process(rng.random(60)) >= 20).any() for _ in range(2000)]
    assert np.mean(rung) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)
    assert (process(np.full(10, 1e-4)) >= 20).argmax() < 3


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=12))
def test_the_process_is_the_sum_that_it_is_said_to_be(tails):
    bets = [bet(p) for p in tails]
    for t, value in enumerate(process(np.array(tails)), start=1):
        terms = [np.prod(bets[k - 1 : t]) / (k * (k + 1)) for k in range(1, t + 1)]
        assert value == pytest.approx(sum(terms), rel=1e-9)


def test_tails_are_those_of_one_more_rehearsal(rng):
    found = []
    for _ in range(4000):
        drawn = rng.normal(size=8)
        found.append(tail(drawn[0], drawn[1:]))
    assert np.mean(np.array(found) < 0.1) == pytest.approx(0.1, abs=0.02)


# --- the meter ----------------------------------------------------------------------------------


def test_a_loop_as_rehearsed_is_quiet_and_one_that_is_not_is_seen(live, rng, tmp_path):
    monitor, X, y, rows = live
    for said in chain(X, y, rows, 6, rng):
        monitor.append(said)
    quiet = monitor.read()
    assert not quiet.alarm
    assert quiet.rounds.tolist() == [1, 2, 3, 4, 5, 6]
    assert quiet.rise_low[-1] <= quiet.rise[-1] <= quiet.rise_high[-1]
    # least squares is unbiased: what drifts is what is lost
    assert quiet.rise[-1] == pytest.approx(quiet.drift[-1], rel=0.5)
    for said in chain(X, y, rows, 3, rng, noise=8.0):
        monitor.append(said)
    loud = monitor.read()
    assert loud.alarm
    assert loud.alarm_round in (7, 8, 9)
    assert loud.plot().get_xlabel() == "round"
    assert "<table>" in loud._repr_html_()
    assert loud.sentences[0] in repr(loud)
    assert json.loads(json.dumps(loud.to_dict()))["alarm"] is True


def told(steps, rng, said_of_it=None):
    """What is said of steps (T, w) after rehearsals whose steps are of size 1 and point anywhere."""
    count = np.arange(1, len(steps) + 1)
    change = 0.3 * rng.normal(size=(30, len(steps)))
    rehearsed = Rehearsed(change, np.log(count) + change, np.ones(len(steps)), np.ones_like(change))
    said = np.cumsum(np.vstack([np.zeros(steps.shape[1]), steps]), axis=0)
    nowhere = np.full(steps.shape[1], np.nan)
    found = read(np.arange(len(said)), said, rehearsed, nowhere, 0.05, told=said_of_it)
    return found.alarm, " ".join(found.sentences)


def test_what_is_said_of_causes_is_what_the_changes_show(rng):
    anywhere = 3 * np.eye(6) * np.sqrt(6)  # orthogonal steps of mean square 9
    one_way = np.ones((6, 6))
    alarm, noisy = told(anywhere, rng)
    assert alarm
    assert "point no one way" in noisy
    assert "noisier labels" in noisy
    assert "shifted labels" not in noisy
    alarm, pulled = told(one_way, rng)
    assert not alarm
    assert "small changes have added up" in pulled
    assert "shifted labels" in pulled
    assert "noisier labels" not in pulled
    alarm, both = told(9 * one_way[:1], rng)
    assert alarm
    assert "One round does not tell why: noisier labels" in both
    assert "shifted labels" in both
    assert "To tell these apart" not in told(anywhere / 3, rng)[1]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Told(), None),
        (Told(real=0.3), "take the range"),
        (Told(learner="KNeighborsRegressor", noisy=False), "eight of ten loops"),
    ],
)
def test_where_drift_fails_its_reader_is_told(said, words, rng):
    sentences = told(np.eye(6)[:2], rng, said)[1]
    assert ("take the range" in sentences) == (words == "take the range")
    assert ("eight of ten loops" in sentences) == (words == "eight of ten loops")


def test_labels_of_watched_rows_tell_more_than_drift(tmp_path, rng):
    X, rows = rng.normal(size=(150, 4)), rng.normal(size=(400, 4))
    y, labels = X.sum(axis=1) + rng.normal(size=150), rows.sum(axis=1)
    labels[200:] = np.nan
    monitor = gl.Monitor(tmp_path / "runs.db")
    monitor.start(X, y, rows, n_samples=100, rounds=2, labels=labels, estimator=LinearRegression())
    worse = LinearRegression().fit(X, y).predict(rows) + rows[:, 0]
    monitor.append(worse)
    found = monitor.read()
    before = np.mean((LinearRegression().fit(X, y).predict(rows) - labels)[:200] ** 2)
    assert found.judged_by == "labels"
    assert found.rise[0] == pytest.approx(np.mean((worse - labels)[:200] ** 2) - before)


@pytest.mark.parametrize("digits", [15, 6, 3])
def test_digits_that_a_file_leaves_out_are_no_change(tmp_path, rng, digits):
    X, rows = rng.normal(size=(200, 5)), rng.normal(size=(300, 5))
    y = X.sum(axis=1) + rng.normal(size=200)
    monitor = gl.Monitor(tmp_path / "runs.db")
    monitor.start(
        X, y, rows, n_samples=100, rounds=2, rehearsals=6, model=LinearRegression().fit(X, y)
    )
    said = [now.round(digits) for now in chain(X, y, rows, 2, rng, noise=0.0)]
    for each in said:  # least squares without noise: every model is the same model
        monitor.append(each)
    found = monitor.read()
    assert not found.alarm
    assert found.drift_tail > 0.4
    monitor.append(said[0] + 0.3 * rows[:, 0])
    assert monitor.read().alarm


def test_a_drift_costs_no_more_than_it_can(tmp_path, rng):
    X, rows = rng.normal(size=(200, 5)), rng.normal(size=(2000, 5))
    y = X.sum(axis=1) + rng.normal(size=200)
    first = LinearRegression().fit(X, y)
    monitor = gl.Monitor(tmp_path / "runs.db")
    monitor.start(X, y, rows, n_samples=100, rounds=2, rehearsals=6, model=first)
    before = first.predict(rows)
    off = before - rows.sum(axis=1)
    for way in (0.5, -0.5):  # along what model 0 has wrong, and against it; rehearsals went nowhere
        monitor.append(before + way * off)
    found = monitor.read()
    costs = np.array([1.5**2 - 1, 0.5**2 - 1]) * np.mean(off**2)
    assert found.rise == pytest.approx(found.drift)
    assert (found.rise_low < costs).all()
    assert (costs < found.rise_high).all()
    error = max(np.mean((y - first.predict(X)) ** 2), 1.2)
    assert (found.rise_high < found.drift + 2 * np.sqrt(found.drift * error) + 1e-12).all()


# --- the file -----------------------------------------------------------------------------------


def test_a_round_is_added_once_and_only_as_it_was(live):
    monitor, X, y, rows = live
    said = rows[:, 0]
    assert monitor.append(said, key="monday") == 1
    assert monitor.append(said, key="monday") == 1
    assert monitor.append(said, 1) == 1
    with pytest.raises(gl.InvalidInputError, match="'monday' is there already"):
        monitor.append(said + 1, key="monday")
    with pytest.raises(gl.InvalidInputError, match="59 entries; 60 rows"):
        monitor.append(said[1:])
    with pytest.raises(
        gl.InvalidInputError, match=r"predictions had an entry of 1e\+200, the square"
    ):
        monitor.append(np.full(60, -1e200))
    with pytest.raises(gl.InvalidInputError, match=r"y had an entry of \d.*, the square"):
        monitor.start(X, 1e200 * y, rows, n_samples=100)
    monitor.start(X, y, rows, n_samples=100, noise=1.0, rounds=6)  # the same again
    with pytest.raises(gl.InvalidInputError, match="started already, otherwise"):
        monitor.start(X, y, rows, n_samples=90, noise=1.0, rounds=6)
    with pytest.raises(gl.InvalidInputError, match="was not started"):
        gl.Monitor(monitor.path.parent / "other.db").read()
    (monitor.path.parent / "text.db").write_text("no database, but a text that is long enough" * 9)
    with pytest.raises(gl.DataError, match="cannot be used"):
        gl.Monitor(monitor.path.parent / "text.db").read()


def write(path, name, count, log):
    monitor = gl.Monitor(path)
    for k in range(count):
        monitor.append(np.full(60, float(k)), key=f"{name}-{k}")
        with open(log, "a") as file:
            file.write(f"{name}-{k}\n")
            file.flush()


@pytest.mark.slow
def test_what_was_acknowledged_is_there_whoever_is_killed(live):
    monitor = live[0]
    folder = monitor.path.parent
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=write, args=(monitor.path, f"w{i}", 20, folder / f"log{i}"))
        for i in range(4)
    ]
    for writer in writers:
        writer.start()
    writes = True
    while not (folder / "log0").exists():
        assert writes
        time.sleep(0.01)
        writes = writers[0].is_alive()
    os.kill(writers[0].pid, signal.SIGKILL)
    for writer in writers:
        writer.join()
    sent = [
        line
        for i in range(4)
        for line in (folder / f"log{i}").read_text().splitlines(keepends=True)
    ]
    sent = [line.strip() for line in sent if line.endswith("\n")]
    before = len(monitor.read().rounds)
    assert before >= len(sent) >= 60  # all of the three others, and what the first had time for
    for name in sent:  # each is there, so that sending it again adds nothing
        monitor.append(np.full(60, float(name.partition("-")[2])), key=name)
    assert len(monitor.read().rounds) == before


def test_the_command_starts_appends_and_exits_with_one_on_alarm(
    tmp_path, genloss, rng, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for name, count in (("real.csv", 120), ("rows.csv", 50)):
        X = rng.normal(size=(count, 2))
        lines = [f"{a},{b},{a + b + rng.normal()}" for a, b in X]
        (tmp_path / name).write_text("\n".join(["a,b,y", *lines]) + "\n")
    begin = "monitor runs.db --start real.csv --target y --watched rows.csv --n-samples 60"
    code, out, errors = genloss(*begin.split(), "--rehearsals", "10")
    assert (code, errors) == (0, "")
    assert "No round after round 0" in out
    (tmp_path / "round.csv").write_text("\n".join(["said", *map(str, 9 + X[:, 0])]) + "\n")
    code, out, _ = genloss("monitor", "runs.db", "--append", "round.csv", "--key", "a")
    assert code == 1
    assert "Alarm: since round 1" in " ".join(out.split())
    code, out, _ = genloss("monitor", "runs.db", "--json", "--report", "loop.html")
    assert code == 1
    assert json.loads(out)["rounds"] == [1]
    assert "Alarm: since round 1" in (tmp_path / "loop.html").read_text(encoding="utf-8")
    (tmp_path / "text.csv").write_text("said\n" + "much\nlittle\n" * 25)
    for words, call in (
        ("--labels needs --start", "monitor runs.db --labels round.csv"),
        ("--start makes it", "monitor none.db"),
        ("needs --watched", "monitor new.db --start real.csv --target y"),
        ("with 3 columns; it must hold one column of numbers", "monitor runs.db --append real.csv"),
        ("with 1 column of text; it must hold one", "monitor runs.db --append text.csv"),
    ):
        code, _, errors = genloss(*call.split())
        assert code == 2
        assert words in errors


def test_the_command_reads_labels_and_columns_without_a_header(tmp_path, genloss, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = rng.normal(size=(60, 2))
    np.savetxt(
        "real.csv", np.column_stack([X, X.sum(axis=1)]), delimiter=",", header="a,b,y", comments=""
    )
    labels = np.where(np.arange(60) % 2, np.nan, X.sum(axis=1))
    np.savetxt("labels.csv", labels)
    np.savetxt("round.csv", 2 * X.sum(axis=1))
    begin = (
        "monitor runs.db --start real.csv --target y --watched real.csv --n-samples 30 --penalty 0"
    )
    code, out, _ = genloss(*begin.split(), "--rehearsals", "6", "--labels", "labels.csv")
    assert (code, "A few" in out) == (0, False)
    (tmp_path / "0.csv").write_text("0\n" + "1\n" * 60)  # a header that pandas writes, not a row
    for name in ("round", "0"):
        assert genloss("monitor", "runs.db", "--append", f"{name}.csv")[0] in (0, 1)
    found = gl.Monitor("runs.db").read()
    assert found.judged_by == "labels"
    known = X.sum(axis=1)[::2]
    assert found.rise == pytest.approx([np.mean(known**2), np.mean((1 - known) ** 2)], rel=0.01)
    code, out, _ = genloss(*begin.replace("runs", "other").split(), "--rehearsals", "6")
    assert (code, "(--labels VALUES)" in " ".join(out.split())) == (0, True)


def test_the_command_reads_the_rise_by_leave_one_out(tmp_path, genloss, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = rng.normal(size=(40, 2))
    levels = np.where(X[:, 0] > 0, "up", "down")
    for name in ("real", "rows"):
        lines = [f"{b},{word},{b}" for (_, b), word in zip(X, levels, strict=True)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["b,kind,y", *lines]) + "\n")
    np.savetxt("round.csv", 2 * X[:, 1])
    begin = "monitor runs.db --start real.csv --target y --watched rows.csv --n-samples 30"
    assert genloss(*begin.split(), "--penalty", "0.1", "--rehearsals", "6")[0] == 0
    append = "monitor runs.db --append round.csv --inputs rows.csv --json"
    for more in (["--key", "a"], ["--key", "b", "--on-real", "round.csv", "--penalty", "0"]):
        code, out, errors = genloss(*append.split(), *more, "--n-real", "3")
        assert (code in (0, 1), errors) == (True, "")
    found = json.loads(out)
    assert (found["judged_by"], found["rounds"]) == ("leave-one-out", [1, 2])
    assert found["rise"][1] == pytest.approx(np.mean(X[:, 1] ** 2), rel=0.3)
    _, out, _ = genloss("monitor", "runs.db", "--report", "loop.md")
    assert "real rows by leave-one-out of the chain" in " ".join(out.split())
    assert "leave-one-out of the chain" in (tmp_path / "loop.md").read_text(encoding="utf-8")
    for words, call in (
        ("need --append", "monitor runs.db --inputs rows.csv"),
        ("--on-real was given without", "monitor runs.db --append round.csv --on-real round.csv"),
        ("--inputs 'round.csv' lacks", "monitor runs.db --append round.csv --inputs round.csv"),
        ("--n-real was 50", "monitor runs.db --append round.csv --inputs rows.csv --n-real 50"),
    ):  # fmt: skip
        code, _, errors = genloss(*call.split())
        assert (code, words in " ".join(errors.split())) == (2, True), errors
