"""Odd values, and what is a fault in what is said of them."""

# ruff: noqa: ARG005, BLE001 -- one signature for all generators; any error at all is a finding
from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import genloss as gl
from genloss import pencils

Random = random.Random
SECONDS = 60  # of the processor: what else runs on the machine does not count


class Slow(Exception):
    """An input that takes longer than any of these should."""


@contextmanager
def in_time() -> Iterator[None]:
    """Raise `Slow` in what runs too long."""

    def stop(*_: object) -> None:
        raise Slow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def fault(build: Callable[[], Any], named: Callable[[str], bool]) -> str | None:
    """What is wrong with the outcome of a call, or None."""
    try:
        with in_time():
            return _unspoken(build())
    except gl.GenlossError as error:
        text = str(error)
        if not named(text):
            return f"does not name the argument: {text[:300]}"
        if len(text) > 1500 or not all(c.isprintable() or c == "\n" for c in text):
            return f"is long or holds control characters: {text[:300]!r}"
    except (Exception, Slow) as error:
        return f"raised {type(error).__name__}: {str(error)[:300]}"
    return None


def _unspoken(answer: Any) -> str | None:
    """NaN in an answer without a word about it."""
    if isinstance(answer, list | tuple):
        return next(filter(None, map(_unspoken, answer)), None)
    if isinstance(answer, gl.Curve):
        return None if answer.warnings else _unspoken(answer.risk)
    if isinstance(answer, gl.Tuned):
        return _unspoken(answer.curve)
    if isinstance(answer, gl.Comparison):
        return _unspoken(answer.difference)
    if isinstance(answer, float | np.ndarray) and np.isnan(answer).any():
        return f"answered NaN: {answer!r}"[:300]
    return None


def report(faults: list[str]) -> None:
    """Fail with the first faults."""
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:40])


# --- values -----------------------------------------------------------------------------------

HUGE = 10**400


def _deep() -> list[Any]:
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    return nested


STRANGE: list[Callable[[Random], Any]] = [
    lambda r: None,
    lambda r: r.choice([True, False, np.True_]),
    lambda r: r.choice(["", "1", "real", "x\x1b[31m\x07", "a" * 5000, "\0", "nan", "..", "é漢\u202e"]),
    lambda r: r.choice([0, -1, 1, 2, 3, 7, 10**9, 10**18, 2**63, -HUGE, HUGE]),
    lambda r: r.choice([0.0, -0.0, 0.5, 1.5, -2.5, 1e-308, 5e-324, 1e-200, 1e200, 1e308]),
    lambda r: r.choice([float("nan"), float("inf"), -float("inf")]),
    lambda r: r.choice([Decimal("1.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e5000")]),
    lambda r: r.choice([Fraction(1, 3), Fraction(HUGE, 7), Fraction(4)]),
    lambda r: r.choice([1 + 2j, complex("nan"), 3 + 0j, np.complex64(2)]),
    lambda r: r.choice([date(2020, 1, 1), datetime(2020, 1, 1), np.datetime64("2020-01-01")]),
    lambda r: r.choice([b"1", b"", bytearray(b"abc"), memoryview(b"1")]),
    lambda r: r.choice([[], (), {}, set(), range(0), np.empty(0), np.empty((0, 3)), iter([])]),
    lambda r: r.choice([[1], [1.0, 2.0], (1, 2, 3), [[1.0, 2.0], [3.0]], [None], [1, "2"], [[[]]]]),
    lambda r: r.choice([["1", "2"], [True, False], [1j], [np.nan, 1], [HUGE, 1], [Decimal(1), 2]]),
    lambda r: r.choice([{"real": 1}, {"previous": "x"}, {1: 2}, {"real": np.inf}, {None: None}]),
    lambda r: r.choice([{1, 2}, frozenset("ab"), range(3), (x for x in (1, 2)), object(), print]),
    lambda r: r.choice([int, gl.Plan, gl, Path("x"), Path(), NotImplemented, ..., slice(3)]),
    lambda r: np.ma.masked_array([1.0, 2.0, 3.0], [0, 0, 1]),
    lambda r: r.choice([np.ma.masked, [np.ma.masked_array([1.0, 2.0], [1, 0])]]),
    lambda r: np.array([[1.0, 2.0, 3.0]]).view(np.matrix),
    lambda r: np.array(r.choice([5, 5.5, "a", None, 1 + 1j, True])),
    lambda r: np.array([1, 2, 3], dtype=r.choice(["?", "i1", "u8", "f2", "g", "c8", "U3", "S3"])),
    lambda r: np.array(["2020-01-01", "2020-01-02"], dtype=r.choice(["M8[D]", "U", "O"])),
    lambda r: np.array([1.0, r.choice([None, HUGE, "x", 1e308, Decimal(2)])], dtype=object),
    lambda r: np.full(r.choice([1, 3, 4, (3, 3), (1, 1, 1)]), r.choice([0, 1.0, -1, 1e308, 1e-308])),
    lambda r: np.longdouble(r.choice(["1e4000", "1e-4000", "1"])),
    lambda r: _deep(),
    lambda r: gl.Problem.isotropic(3),
    lambda r: gl.Plan.replace(2, 9),
    lambda r: [gl.Plan.replace(2, 9), 3],
    lambda r: gl.Source(4),
    lambda r: gl.Generation([gl.Source(4)]),
    lambda r: pencils.Space("rows", 3),
]  # fmt: skip


def strange(r: Random) -> Any:
    return r.choice(STRANGE)(r)


def _short(value: Any) -> str:
    try:
        return repr(value)[:80]
    except Exception:
        return f"<{type(value).__name__}>"


# --- tables -----------------------------------------------------------------------------------

CELLS = [
    "1", "2.5", "-3", "1e3", "1,5", "1.234,5", "1,234", "NA", "", "-", "nan", "inf", "-inf", "x", "é",
    "2020-01-01", "2020-01-01T10:00:00Z", "12%", "$3", "TRUE", "false", '"a b"', '"un', "1e400", "9" * 30,
    "0x10", "a" * 300, "\x07", "?", "null", " 5 ", "\u2212 4", "1 000",
]  # fmt: skip


def csv_text(r: Random) -> bytes:
    """A table with a target "y" and some odd cells, lines or bytes."""
    columns, rows = r.choice([1, 2, 3]), r.choice([0, 1, 3, 12, 45])
    delimiter = r.choice([",", ",", ";", "\t"])
    names = [f"c{i}" for i in range(columns)] + ["y"]
    if r.random() < 0.1:
        names[0] = r.choice(["", "y", "é", '"', "a" * 200])
    lines = [delimiter.join(names)]
    for _ in range(rows):
        cells = [f"{r.gauss(0, 1):.4f}" for _ in names]
        if r.random() < 0.15:
            cells[r.randrange(len(cells))] = r.choice(CELLS)
        if r.random() < 0.02:
            cells = cells[:-1] if r.random() < 0.5 else [*cells, "1"]
        lines.append(delimiter.join(cells))
    if r.random() < 0.1:
        lines.insert(r.randrange(len(lines) + 1), r.choice(["", "#", ",,,,", '"']))
    encoding = r.choice(["utf-8", "utf-8", "utf-8-sig", "latin-1", "utf-16"])
    data = r.choice(["\n", "\n", "\r\n", "\r"]).join(lines).encode(encoding, "replace")
    return (
        data if r.random() < 0.9 else data[: r.randrange(len(data) + 1)] + bytes([r.randrange(256)])
    )
