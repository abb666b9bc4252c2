"""Text that is safe to show on a terminal."""

from __future__ import annotations

import re

from genloss._words import printable

LONGEST_WORD, LONGEST_MESSAGE = 160, 2000


def visible(text: str) -> str:
    r"""A message for a terminal: control characters are written out, what is very long is shortened.

    Examples
    --------
    >>> visible("no \x1b[31mfile")
    'no \\x1b[31mfile'
    >>> visible("target was '" + "y" * 5000 + "'")
    "target was 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyy... (5002 characters)"
    """
    text = printable(text)
    text = re.sub(rf"\S{{{LONGEST_WORD},}}", _shortened, text)
    if len(text) <= LONGEST_MESSAGE:
        return text
    return f"{text[: LONGEST_MESSAGE - 200]} ... ({len(text)} characters) ... {text[-100:]}"


def _shortened(found: re.Match[str]) -> str:
    word = found[0]
    if word.count("/") > 1 and len(word) < 1000:
        return word  # the path of a file is worth its length
    return f"{word[:30]}... ({len(word)} characters)"
