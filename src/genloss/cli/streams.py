"""Output streams that lack a sign, or whose reader has gone, lose that and nothing else."""

# ruff: noqa: RUF001, RUF002 -- signs that look alike are the subject

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

PLAIN = {
    "±": "+-",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "≠": "!=",
    "×": "x",
    "·": "*",
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "∞": "inf",
    "√": "sqrt",
    "∑": "sum",
    "→": "->",
    "←": "<-",
    "•": "*",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
}
"""Signs of the field in ASCII; letters and digits follow from their Unicode names."""


def plain(sign: str) -> str:
    """One character in ASCII, "?" where there is nothing like it.

    Examples
    --------
    >>> plain("≤"), plain("σ"), plain("²"), plain("é"), plain("中")
    ('<=', 'sigma', '2', 'e', '?')
    """
    if sign in PLAIN:
        return PLAIN[sign]
    if "\u2500" <= sign <= "\u257f":  # lines of tables
        return "-" if "HORIZONTAL" in unicodedata.name(sign) else "|"
    kind, _, letter = unicodedata.name(sign, "").partition(" LETTER ")
    if kind.startswith("GREEK"):
        name = letter.split()[0].lower()
        return name if kind.endswith("SMALL") else name.capitalize()
    alike = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return alike or "?"


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(plain, error.object[error.start : error.end])), error.end


codecs.register_error("genloss.plain", _replace)


def tolerate(stream: TextIO | None) -> None:
    """Let a stream write what its encoding lacks in plain signs instead of raising."""
    if stream is not None and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="genloss.plain")


class Unheeded:
    """A stream that goes on, into nothing, where the reader of its pipe has left.

    The command then ends as without a pipe: with its files written, and with its exit code.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what is read."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            discard(self._stream)
            return len(text)

    def flush(self) -> None:
        """Write what is left."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            discard(self._stream)


@contextmanager
def unheeded() -> Iterator[None]:
    """Let output and errors of this process go on where their reader leaves."""
    streams = sys.stdout, sys.stderr
    for name, stream in zip(("stdout", "stderr"), streams, strict=True):
        if stream is not None:
            setattr(sys, name, Unheeded(stream))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams


def flush(stream: TextIO | None) -> None:
    """Write what is left, while there is still somebody to tell that it failed."""
    if stream is not None:
        stream.flush()


def discard(stream: TextIO | None) -> None:
    """Let the rest of a stream go nowhere, so that Python does not try again on its way out."""
    try:
        if stream is not None:
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())
    except (OSError, ValueError):  # not a stream of the system
        pass
