"""Rounds in an SQLite file: what was acknowledged is there, whoever writes beside and whenever one is killed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError, InvalidInputError
from genloss.watching.chain import Origin, Step

Array = npt.NDArray[np.float64]

_PATIENCE = 30.0  # seconds that a writer waits for another
_TABLES = (
    "CREATE TABLE IF NOT EXISTS start (only INTEGER PRIMARY KEY CHECK (only = 1), facts TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS rounds (round INTEGER PRIMARY KEY, key TEXT UNIQUE,"
    " predictions BLOB NOT NULL, facts TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS chain (round INTEGER PRIMARY KEY, arrays BLOB NOT NULL)",
)


class Store:
    """One file; every call opens it anew, so that processes and threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
            ) as base:
                base.execute("PRAGMA journal_mode=WAL")
                base.execute("PRAGMA synchronous=FULL")
                for table in _TABLES:
                    base.execute(table)
                yield base
        except sqlite3.Error as error:
            raise DataError(f"{self._path} cannot be used as a file of rounds: {error}") from None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other writer can enter."""
        with self._open() as base:
            base.execute("BEGIN IMMEDIATE")
            try:
                yield base
            except BaseException:
                base.execute("ROLLBACK")
                raise
            base.execute("COMMIT")

    def begin(self, facts: dict[str, Any], predictions: Array, origin: Origin | None) -> None:
        """Write down what there is before round 1; the same again is no second start."""
        text = json.dumps(facts, sort_keys=True)
        with self._writing() as base:
            known = base.execute("SELECT facts FROM start").fetchone()
            if known is None:
                base.execute("INSERT INTO start VALUES (1, ?)", (text,))
                _insert(base, 0, None, predictions, {})
                if origin is not None:
                    base.execute("INSERT INTO chain VALUES (0, ?)", (origin.to_bytes(),))
            elif known[0] != text:
                raise InvalidInputError(
                    f"{self._path} was started already, otherwise; take another file for another loop"
                )

    def facts(self) -> dict[str, Any]:
        """What `begin` wrote."""
        with self._open() as base:
            known = base.execute("SELECT facts FROM start").fetchone()
        if known is None:
            raise InvalidInputError(f"{self._path} was not started; call start first")
        found: dict[str, Any] = json.loads(known[0])
        return found

    def origin(self) -> Origin | None:
        """Model 0 of a chain of ridge models, where it is one."""
        with self._open() as base:
            known = base.execute("SELECT arrays FROM chain WHERE round = 0").fetchone()
        return None if known is None else Origin.from_bytes(known[0])

    def steps(self) -> dict[int, Step]:
        """Steps of the rounds that came with one, by number."""
        with self._open() as base:
            rows = base.execute("SELECT round, arrays FROM chain WHERE round > 0").fetchall()
        return {number: Step.from_bytes(blob) for number, blob in rows}

    def append(
        self,
        predictions: Array,
        number: int | None,
        key: str | None,
        facts: dict[str, Any],
        step: Step | None,
    ) -> int:
        """Add a round and return its number; what is there already is not added again."""
        with self._writing() as base:
            known, what = None, f"key {key!r}"
            if key is not None:
                known = base.execute(
                    "SELECT round, predictions FROM rounds WHERE key = ?", (key,)
                ).fetchone()
            if known is None:
                if number is None:
                    number = int(base.execute("SELECT max(round) FROM rounds").fetchone()[0]) + 1
                what = f"round {number}"
                known = base.execute(
                    "SELECT round, predictions FROM rounds WHERE round = ?", (number,)
                ).fetchone()
            if known is None:
                assert number is not None
                _insert(base, number, key, predictions, facts)
            else:
                number = _same(known, predictions, what)
            if step is not None:
                _keep(base, number, step, what)
        return number

    def rounds(self) -> tuple[npt.NDArray[np.intp], Array, list[dict[str, Any]]]:
        """Numbers (T,), predictions (T, w) and facts of all rounds, in order."""
        with self._open() as base:
            rows = base.execute(
                "SELECT round, predictions, facts FROM rounds ORDER BY round"
            ).fetchall()
        said = np.array([np.frombuffer(row[1], dtype="<f8") for row in rows])
        return np.array([row[0] for row in rows]), said, [json.loads(row[2]) for row in rows]


def _insert(
    base: sqlite3.Connection, number: int, key: str | None, said: Array, facts: dict[str, Any]
) -> None:
    blob = np.ascontiguousarray(said, dtype="<f8").tobytes()
    base.execute("INSERT INTO rounds VALUES (?, ?, ?, ?)", (number, key, blob, json.dumps(facts)))


def _keep(base: sqlite3.Connection, number: int, step: Step, what: str) -> None:
    """A round's step; one that was sent without may be sent again with it."""
    known = base.execute("SELECT arrays FROM chain WHERE round = ?", (number,)).fetchone()
    if known is None:
        base.execute("INSERT INTO chain VALUES (?, ?)", (number, step.to_bytes()))
    elif not step.like(Step.from_bytes(known[0])):
        raise InvalidInputError(f"{what} is there already, with other inputs, penalty or on_real")


def _same(known: tuple[int, bytes], said: Array, what: str) -> int:
    if known[1] != np.ascontiguousarray(said, dtype="<f8").tobytes():
        raise InvalidInputError(f"{what} is there already, with other predictions")
    return int(known[0])
