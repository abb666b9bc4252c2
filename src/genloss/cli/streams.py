"""Output streams that lack a sign, or whose reader has gone, lose that and nothing else."""

# ruff: noqa: RUF001, RUF002 -- signs that look alike are the subject

from __future__ import annotations

import codecs
import os
import unicodedata
from typing import TextIO

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
