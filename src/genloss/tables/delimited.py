"""CSV and TSV by the standard library, so that the result does not depend on what is installed.

52,397 x 281 cells take 5 s. Numbers are made block by block, so that the text of a large file is
never whole in memory; the words of columns that hold others are collected in a second pass.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, Any

import numpy as np

from genloss.errors import DataError, InvalidInputError
from genloss.tables.cells import Words, numbers
from genloss.tables.column import Array, Column
from genloss.tables.memory import FILES, Columns
from genloss.tables.numerals import POINT, Style

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONGEST_CELL = 2**31 - 1


@dataclass(frozen=True)
class Dialect:
    """How text files are written, as far as the user says.

    Attributes
    ----------
    encoding : str or None
        By the file's mark, else UTF-8, if unset.
    style : Style or None
        How numbers are written.
    sep : str or None
        Sign between fields; the most frequent in the header if unset.
    """

    encoding: str | None = None
    style: Style | None = None
    sep: str | None = None

    @classmethod
    def of(
        cls, encoding: str | None, decimal: str | None, thousands: str | None, sep: str | None
    ) -> Dialect:
        """Check the four options."""
        if encoding is not None:
            try:
                codecs.lookup(encoding)
            except (LookupError, TypeError, ValueError):
                raise InvalidInputError(
                    f"encoding was {encoding!r}; it must be one that Python knows, such as 'utf-8', "
                    "'latin-1', 'cp1252' or 'utf-16'"
                ) from None
        if sep is not None and (len(str(sep)) != 1 or str(sep) in '"\r\n'):
            raise InvalidInputError(f"sep was {sep!r}; it must be one character, such as ';'")
        return cls(encoding, Style.of(decimal, thousands), sep)

    def refuse_for(self, what: str) -> None:
        """Refuse options that only text files have."""
        for name, value in (("encoding", self.encoding), ("sep", self.sep)):
            if value is not None:
                raise InvalidInputError(
                    f"{name} was {value!r}, but {what}; only .csv and .tsv files have one"
                )


def read_delimited(
    file: IO[bytes], name: str, dialect: Dialect, *, tabs: bool
) -> tuple[Columns, bool]:
    """Return the columns of a file, and whether some of its numbers have decimal points."""
    before = _state(file)
    with _long_cells():
        found = _Delimited(file, name, dialect, tabs).columns()
    if _state(file) != before:
        raise DataError(f"{name} was changed while it was read; try again, or read a copy of it")
    return found


@dataclass(frozen=True)
class _Delimited:
    file: IO[bytes]
    name: str
    dialect: Dialect
    tabs: bool

    def columns(self) -> tuple[Columns, bool]:
        """Numbers in one pass, words in another."""
        rows = self._rows()
        names = [name.strip() for _, row in islice(rows, 1) for name in row]
        plain = self.dialect.style in (None, POINT)
        parts: dict[int, list[Array]] = {i: [] for i in range(len(names) if plain else 0)}
        empty = True
        while block := [row for _, row in islice(rows, 1000)]:
            empty = False
            for i, cells in enumerate(zip(*block, strict=True)) if parts else ():
                try:
                    if i in parts:
                        parts[i].append(numbers(cells))
                except ValueError:
                    del parts[i]
        if empty:
            raise DataError(f"{self.name} is empty; it must hold a header line and at least 2 rows")
        values = {i: np.concatenate(blocks) for i, blocks in parts.items()}
        words = self._words(names, [i for i in range(len(names)) if i not in values])
        points = any(
            (np.floor(v[np.isfinite(v)]) != v[np.isfinite(v)]).any() for v in values.values()
        )
        return [
            Column(name, "number", values[i]) if i in values else words[i]
            for i, name in enumerate(names)
        ], bool(points)

    def _words(self, names: list[str], places: list[int]) -> dict[int, Words]:
        """Columns of words, with the lines on which rows end."""
        lines, known = array("q"), {i: dict[str, int]() for i in places}
        codes = {i: array("q") for i in places}
        for line, row in islice(self._rows(), 1, None) if places else ():
            lines.append(line)
            for i in places:
                codes[i].append(known[i].setdefault(row[i], len(known[i])))
        return {
            i: Words(
                names[i],
                np.array(codes[i], dtype=np.intp),
                list(known[i]),
                lambda row: f"line {lines[row]}",
            )
            for i in places
        }

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the header and the rows, all of one length, with their lines; no blank lines."""
        self.file.seek(0)
        head = self.file.read(4)
        self.file.seek(0)
        raw: Any = gzip.GzipFile(fileobj=self.file) if head[:2] == b"\x1f\x8b" else self.file
        if raw is not self.file:
            head = raw.read(4)
            raw.seek(0)
        marked = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
        encoding = self.dialect.encoding or marked
        text = io.TextIOWrapper(raw, encoding=encoding, newline="")
        try:
            yield from self._parsed(text)
        except UnicodeError as error:
            raise DataError(self._undecodable(raw, encoding, error)) from None
        finally:
            text.detach()  # else it would close the file

    def _parsed(self, text: io.TextIOWrapper) -> Iterator[tuple[int, list[str]]]:
        first = text.readline().removeprefix("\ufeff")
        if "\0" in first:
            raise DataError(f"{self.name} is not text; data must be {FILES}")
        sep = self.dialect.sep or max("\t,;|" if self.tabs else ",;\t|", key=first.count)
        reader = csv.reader(
            chain([first], text), delimiter=sep, skipinitialspace=sep != " ", strict=True
        )
        width, begins = 0, 1
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                raise DataError(_misquoted(self.name, begins, reader.line_num, error)) from None
            if row is None:
                return
            begins = reader.line_num + 1
            if not row:
                continue
            width = width or len(row)
            if len(row) != width:
                raise DataError(
                    f"{self.name} line {reader.line_num} has {len(row)} fields; "
                    f"every line must have {width}, like the header"
                )
            yield reader.line_num, row

    def _undecodable(self, raw: Any, encoding: str, error: UnicodeError) -> str:
        """What is said of a byte that the encoding does not have, with its line."""
        raw.seek(0)
        decoder, line = codecs.getincrementaldecoder(encoding)(), 1
        found: Any = error
        while chunk := raw.read(2**20):
            try:
                line += decoder.decode(chunk).count("\n")
            except UnicodeDecodeError as again:
                found = again
                line += again.object[: again.start].decode(encoding, "ignore").count("\n")
                break
        byte = ""
        if isinstance(found, UnicodeDecodeError):
            byte = f" (byte 0x{found.object[found.start]:02x})"
        return (
            f"{self.name} line {line} is not {encoding}{byte}; "
            "pass the file's encoding, such as encoding='latin-1' or encoding='cp1252'"
        )


def _misquoted(name: str, begins: int, line: int, error: csv.Error) -> str:
    """What is said of quotes that do not match."""
    if "end of data" in str(error):
        return f"{name} cannot be read as csv: a quote is opened on line {begins} and never closed"
    cure = "double a quote that is part of a quoted field"
    where = f"line {line}" if line <= begins else f"lines {begins} to {line}"
    return f"{name} cannot be read as csv: {where}: {error}; {cure}"


def _state(file: IO[bytes]) -> tuple[int, int] | None:
    """Size and time stamp of a file on a disk."""
    try:
        found = os.fstat(file.fileno())
    except OSError:  # in memory
        return None
    return found.st_size, found.st_mtime_ns


@contextmanager
def _long_cells() -> Iterator[None]:
    """Lift the limit of 131,072 characters that the standard library sets to a cell."""
    limit = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
