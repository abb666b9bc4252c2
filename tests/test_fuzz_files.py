"""Odd plan files, tables and command lines: an answer, or an error that says what is wrong."""

# ruff: noqa: BLE001 -- one signature for all generators; any error at all is a finding
from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from odd_values import Random, Slow, _short, csv_text, fault, in_time, report, strange

import genloss as gl

PLAIN = {
    "problem": {"preset": "power_law", "dim": 5, "capacity": 1.5, "source": 0.5},
    "plan": {
        "preset": "mix", "generations": 3, "n_samples": 20, "real": 0.2, "noise": 0.5,
        "then": [{"n_samples": 30, "penalty": 0.1},
                 {"sources": [{"n_samples": 3, "labeler": {"real": 0.5, "previous": 0.5}}]}],
    },
}  # fmt: skip

ODD_JSON = [
    None, True, False, 0, -1, 1.5, 1e308, 10**400, 10**18, "", "real", "x\x1b[2J", "a" * 3000, [],
    [1, 2], [[]], {}, {"real": 1}, {"a": {"b": []}}, float("nan"), float("inf"), [{}], [None],
]  # fmt: skip


def changed_tree(plain: Any, r: Random) -> Any:
    """The same with one entry replaced, renamed, added or left out."""
    if isinstance(plain, dict) and plain and r.random() < 0.8:
        key = r.choice(sorted(plain))
        rest = {k: v for k, v in plain.items() if k != key}
        action = r.random()
        if action < 0.1:
            return rest
        if action < 0.2:
            return {**rest, r.choice(["Key", "", "é", "a" * 500, "x\x07"]): plain[key]}
        if action < 0.3:
            return {**plain, "repeat": r.choice(ODD_JSON)}
        return {**plain, key: changed_tree(plain[key], r)}
    if isinstance(plain, list) and plain and r.random() < 0.8:
        place = r.randrange(len(plain))
        return [*plain[:place], changed_tree(plain[place], r), *plain[place + 1 :]]
    return r.choice(ODD_JSON)


def changed_text(text: str, r: Random) -> bytes:
    """Bytes in which something is missing, doubled or put in."""
    data = bytearray(text.encode())
    for _ in range(r.choice([1, 1, 2, 5])):
        place = r.randrange(len(data) + 1)
        action = r.random()
        if action < 0.3:
            del data[place : place + r.choice([1, 1, 9])]
        elif action < 0.6:
            data[place:place] = r.choice(
                [b"[", b"]", b'"', b"=", b"{", b"\xff", b"\0", b"1e9", b",", b"#"]
            )
        elif action < 0.8:
            data[place:place] = data[place : place + 20]
        else:
            data[place:place] = r.choice(
                [b"[" * 3000, b"{a=" * 2000, b"\xef\xbb\xbf", b"'''", b"\r", b"-"]
            )
    return bytes(data)


def test_plan_files_are_read_or_say_what_is_wrong(tmp_path):
    r, faults = Random(2), []
    texts = {
        ".json": json.dumps(PLAIN),
        ".toml": gl.to_toml(
            plan=gl.Plan.from_dict(PLAIN["plan"]), problem=gl.Problem.from_dict(PLAIN["problem"])
        ),
    }
    for number in range(500):
        ending = r.choice([".json", ".toml"])
        if number % 2 == 0:
            ending, content = ".json", json.dumps(changed_tree(PLAIN, r)).encode()
        else:
            content = changed_text(texts[ending], r)
        path = tmp_path / f"plan{ending}"
        path.write_bytes(content)

        def run(path: Path = path) -> Any:
            plan, problem = gl.load(path)
            if plan is None or problem is None or plan.n_models > 20 or problem.dim > 50:
                return None
            if plan.n_samples.max() > 1e6:
                return None
            return gl.predict(problem, plan)

        found = fault(run, lambda text: any(word in text for word in ("plan", "problem", *WORDS)))
        if found:
            faults.append(f"{content[:200]!r} {found}")
    report(faults)


WORDS = (
    "spectrum", "truth", "dim", "capacity", "source", "generations", "n_samples", "real", "noise",
    "penalty", "labeler", "repeat", "weight", "covariance",
)  # fmt: skip


def odd_array(r: Random) -> Any:
    """Something like a matrix, or a pair with a target."""
    features = np.array([[r.gauss(0, 1) for _ in range(3)] for _ in range(12)])
    answers: Any = np.array([r.gauss(0, 1) for _ in range(12)])
    action = r.randrange(10)
    if action == 0:
        return features.view(np.matrix), answers
    if action == 1:
        return np.ma.masked_array(features, features > 1), answers
    if action == 2:
        return features.astype(r.choice(["f2", "c16", "O", "U", "i8", "?"])), answers
    if action == 3:
        return features, r.choice([answers[:5], answers > 0, answers.astype("U"), 1j * answers])
    if action == 4:
        features[r.randrange(12), 0] = r.choice([np.nan, np.inf, 1e308])
        return features, answers
    if action == 5:
        return r.choice([features, features.tolist(), [features, answers], (features,)])
    if action == 6:
        return {"data": features, "target": answers}
    if action == 7:
        return features, strange(r)
    return strange(r), answers


def odd_frame(r: Random) -> Any:
    """A frame with one odd column."""
    import pandas as pd

    frame = pd.DataFrame(
        {"a": np.arange(12.0), "b": [r.gauss(0, 1) for _ in range(12)], "y": np.arange(12.0) % 5}
    )
    frame[r.choice(["b", "b", "y"])] = r.choice(
        [
            pd.array([1, None] * 6, dtype="Int64"), pd.Categorical(list("abc") * 4), [2**60 + 1] * 12,
            pd.date_range("2020", periods=12), pd.date_range("2020", periods=12, tz="UTC"), [1j] * 12,
            [None] * 12, [[1]] * 12, ["1,5", "2"] * 6, [Decimal("1.5"), Decimal(2)] * 6, [True, False] * 6,
            [1e308, -1e308] * 6, pd.timedelta_range("1D", periods=12), [date(2020, 1, 1)] * 12,
            [np.inf, 1] * 6, ["\x1b[31m", "x"] * 6, np.arange(12) * 1e-320,
        ]
    )  # fmt: skip
    return frame


def test_tables_are_read_or_say_what_is_wrong(tmp_path):
    r, faults = Random(3), []
    for number in range(300):
        data: Any
        target: Any = None
        kind = number % 3
        if kind == 0:
            data = tmp_path / r.choice(["table.csv", "table.csv", "table.tsv"])
            data.write_bytes(csv_text(r))
            target, what = "y", data.read_bytes()[:300]
        elif kind == 1:
            data = odd_array(r)
            what = _short(data)
        else:
            data, target = odd_frame(r), "y"
            what = _short(data.iloc[:2])
            if r.random() < 0.3:
                path = tmp_path / "table.parquet"
                with suppress(Exception):  # no Parquet file can hold it
                    data.to_parquet(path)
                    data = path
        missing = r.choice(["error", "drop", "mean"])

        def run(data: Any = data, target: Any = target, missing: str = missing) -> Any:
            table = gl.load_table(data, target, missing=missing)
            return [table.features, table.target]

        if found := fault(run, lambda text: len(text) > 15):
            faults.append(f"load_table({what!r}, {target!r}, missing={missing!r}) {found}")
    report(faults)


@pytest.mark.slow
def test_forecasts_answer_or_say_what_is_wrong():
    r, faults = Random(4), []
    for _ in range(12):
        X = np.array([[r.gauss(0, 1) for _ in range(3)] for _ in range(60)])
        X[:, 2] = X[:, 0] + r.choice([0, 1e-9, 1]) * X[:, 1]
        y = (X[:, 0] > r.choice([-3, 0, 2])) * r.choice([1.0, 1e-100, 1e100]) + r.choice([0, 1e-3])
        arguments = {"trials": 2, "seed": r.choice([0, 1]), "kernel": None}
        if r.random() < 0.5:
            arguments[r.choice(sorted(arguments))] = strange(r)
        plan = gl.Plan.replace(2, r.choice([4, 5, 10]), penalty=r.choice([0, 0.1]))
        found = fault(
            lambda: gl.forecast(X, y, plan, **arguments).predicted,  # noqa: B023
            lambda text: len(text) > 15,
        )
        if found:
            faults.append(f"forecast({ {k: _short(v) for k, v in arguments.items()} }) {found}")
    report(faults)


# --- command lines ----------------------------------------------------------------------------

OPTIONS = [
    "--json", "--trials", "--seed", "--method", "--relative-stderr", "--workers", "--plot", "--target",
    "--kernel", "--generations", "--n-samples", "--penalty", "--noise", "--missing", "--stream", "--help",
    "--level", "--quick", "--store", "--nonsense", "-x", "--", "--=", "--trials=3", "--seed=1",
]  # fmt: skip
WORDS_TYPED = [
    "3", "2", "0", "-1", "1.5", "nan", "1e400", "x", "", "é", "\x1b[31m", "a" * 2000, "literal", "auto",
    "plan.toml", "plan.json", "table.csv", "absent.csv", "y", "rbf", "drop", ".", "plan.xml", "[1]", "{}",
]  # fmt: skip
COMMANDS = [
    "predict", "simulate", "example", "forecast", "explain", "sweep", "reproduce", "nonsense", "", "compare",
    "completion", "limit", "phases", "scaling-law", "schema", "tune", "weigh", "budget",
]  # fmt: skip


def command_line(r: Random) -> list[str]:
    command = r.choice(COMMANDS)
    line = [command] if command else []
    plans = {"predict": 1, "simulate": 1, "tune": 1, "limit": 1, "compare": 2}.get(command, 0)
    if r.random() < 0.7:
        line += [r.choice(["plan.toml", "plan.json", "bad.toml"]) for _ in range(plans)]
    if command == "weigh":
        line += ["table.csv", r.choice(["table.csv", "absent.csv"]), "--target", r.choice("yz")]
    if command == "simulate":
        line += ["--trials", "2"]
    if command == "forecast":
        line += [r.choice(["table.csv", "absent.csv"]), "--target", r.choice("yz"), "--trials", "2"]
        line += ["--generations", "2"]
    for _ in range(r.choice([0, 1, 1, 2, 3])):
        line.append(r.choice(OPTIONS))
        if r.random() < 0.7:
            line.append(r.choice(WORDS_TYPED))
    if command == "reproduce":  # what a figure costs is not asked here
        line += ["nonsense"]
    return line


def test_command_lines_answer_or_say_what_is_wrong(tmp_path, monkeypatch, capsys):
    from genloss.cli import main

    monkeypatch.chdir(tmp_path)
    gl.save("plan.toml", plan=gl.Plan.replace(2, 9, noise=0.5), problem=gl.Problem.isotropic(3))
    gl.save("plan.json", plan=gl.Plan.mix(2, 9, real=0.5), problem=gl.Problem.isotropic(3))
    Path("bad.toml").write_text("plan = 3\n")
    numbers = np.random.default_rng(0).normal(size=(60, 3)).round(4)
    lines = [",".join(map(str, row)) for row in numbers]
    Path("table.csv").write_text("\n".join(["a,b,y", *lines]))
    r, faults = Random(5), []
    for _ in range(120):
        line = command_line(r)
        try:
            with in_time():
                main(line)
            found = "did not exit"
        except SystemExit as left:
            said = capsys.readouterr()
            found = None
            if left.code not in (0, 2):
                found = f"left with {left.code}"
            elif left.code == 2 and not said.err.strip():
                found = "left with 2 without a word"
            elif "Traceback" in said.err or "\x1b[31m" in said.err:
                found = f"said {said.err[-300:]!r}"
            elif left.code == 2 and len(said.err) > 2000:
                found = f"said {len(said.err)} characters: {said.err[:200]!r}"
            elif left.code == 0 and " nan" in said.out.lower():
                found = f"printed NaN: {said.out[-300:]!r}"
        except (Exception, Slow) as error:
            capsys.readouterr()
            found = f"raised {type(error).__name__}: {str(error)[:300]}"
        if found:
            faults.append(f"genloss {' '.join(line)[:300]} {found}")
    report(faults)
