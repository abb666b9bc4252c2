"""CSV and TSV by the standard library, so that the result does not depend on what is installed.

52,397 x 281 cells take 5 s. Numbers are made block by block, so that the text of a large file is
never whole in memory; so are the words of columns that begin with some, others' in a second pass.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, Any

import numpy as np

from genloss.errors import DataError, InvalidInputError
from genloss.tables.cells import Words, numbers
from genloss.tables.column import Array, Codes, Column
from genloss.tables.memory import FILES, Columns
from genloss.tables.numerals import POINT, Style

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 1000  # rows
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


class _Text:
    """A column of words on its way: those that turned up, and one number a row."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self._codes = array("q")

    def add(self, cells: Sequence[str]) -> None:
        """Append the cells of more rows."""
        known = self.known
        self._codes.extend([known.setdefault(cell, len(known)) for cell in cells])

    @property
    def codes(self) -> Codes:
        """Places of the rows' words among the known."""
        return np.array(self._codes, dtype=np.intp)


@dataclass(frozen=True)
class _Delimited:
    file: IO[bytes]
    name: str
    dialect: Dialect
    tabs: bool

    def columns(self) -> tuple[Columns, bool]:
        """Numbers and words in one pass; in a second, words of columns that began with numbers."""
        blocks = self._blocks()
        names = [name.strip() for name in next(blocks)[1][0]]
        plain = self.dialect.style in (None, POINT)
        parts: dict[int, list[Array]] = {i: [] for i in range(len(names) if plain else 0)}
        texts = {i: _Text() for i in range(0 if plain else len(names))}
        n_rows, last = 0, 1
        for line, block in blocks:
            for i, cells in enumerate(zip(*block, strict=True)):
                if i in parts:
                    try:
                        parts[i].append(numbers(cells))
                    except ValueError:
                        del parts[i]
                        if not n_rows:
                            texts[i] = _Text()
                if i in texts:
                    texts[i].add(cells)
            n_rows, last = n_rows + len(block), line
        if not n_rows:
            raise DataError(f"{self.name} is empty; it must hold a header line and at least 2 rows")
        values = {i: np.concatenate(blocks) for i, blocks in parts.items()}
        late = {i: _Text() for i in range(len(names)) if i not in values and i not in texts}
        # without blank lines and line breaks within cells a row's line is known from its number
        lines: Sequence[int] = range(2, n_rows + 2)
        if late or (texts and last != n_rows + 1):
            lines = self._second_pass(late)
        words = {
            i: Words(names[i], text.codes, list(text.known), lambda row: f"line {lines[row]}")
            for i, text in (texts | late).items()
        }
        points = any(
            (np.floor(v[np.isfinite(v)]) != v[np.isfinite(v)]).any() for v in values.values()
        )
        return [
            Column(name, "number", values[i]) if i in values else words[i]
            for i, name in enumerate(names)
        ], bool(points)

    def _second_pass(self, late: dict[int, _Text]) -> Sequence[int]:
        """Add the words of some columns; return the lines on which rows end."""
        lines = array("q")
        rows = islice(self._rows(), 1, None)
        while block := list(islice(rows, _BLOCK)):
            lines.extend(line for line, _ in block)
            for i, text in late.items():
                text.add([row[i] for _, row in block])
        return lines

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the header and the rows, all of one length, with their lines; no blank lines."""
        with self._text() as text:
            yield from self._parsed(text)

    def _blocks(self) -> Iterator[tuple[int, list[list[str]]]]:
        """Yield the header alone, then many rows at once, each with the line on which the last ends."""
        with self._text() as text:
            reader = self._reader(text)
            try:
                head: list[str] = next((row for row in reader if row), [])
                yield reader.line_num, [head]
                while block := list(islice(reader, _BLOCK)):
                    if set(map(len, block)) != {len(head)}:
                        block = [row for row in block if row]
                        if any(len(row) != len(head) for row in block):
                            break
                    if block:
                        yield reader.line_num, block
                else:
                    return
            except csv.Error:
                pass
        for _ in self._rows():  # line by line, to say which one is wrong
            pass

    @contextmanager
    def _text(self) -> Iterator[io.TextIOWrapper]:
        """The file from its beginning, unpacked and decoded."""
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
            yield text
        except UnicodeError as error:
            raise DataError(self._undecodable(raw, encoding, error)) from None
        finally:
            text.detach()  # else it would close the file

    def _reader(self, text: io.TextIOWrapper) -> Any:
        first = text.readline().removeprefix("\ufeff")
        if "\0" in first:
            raise DataError(f"{self.name} is not text; data must be {FILES}")
        sep = self.dialect.sep or max("\t,;|" if self.tabs else ",;\t|", key=first.count)
        return csv.reader(
            chain([first], text), delimiter=sep, skipinitialspace=sep != " ", strict=True
        )

    def _parsed(self, text: io.TextIOWrapper) -> Iterator[tuple[int, list[str]]]:
        reader = self._reader(text)
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
