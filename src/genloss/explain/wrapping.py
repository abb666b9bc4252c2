"""Markdown paragraphs broken into lines again, after numbers have changed their length."""

from __future__ import annotations

import re

WIDTH = 110

# a line must not begin with what Markdown reads as the start of a list, heading, quote or table
_MARKER = re.compile(r"([-+*>#|=].*|\d+[.)])$")
_WORD = re.compile(r"(?:`[^`]*`|[^\s`])+")  # a code span is one word
_ITEM = re.compile(r"(- |\d+\. )")


def wrap(markdown: str) -> str:
    r"""The same Markdown with every paragraph and list item broken at `WIDTH` characters.

    Fenced blocks and tables stay as they are.

    Parameters
    ----------
    markdown : str
        Blocks separated by blank lines; list items start at the margin.

    Examples
    --------
    >>> print(wrap("The error\nis\n4 %.\n\n| a |\n|---|"))
    The error is 4 %.
    <BLANKLINE>
    | a |
    |---|
    """
    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else _prose(part) for part in parts)


def _prose(text: str) -> str:
    blocks = re.split(r"(\n{2,})", text)
    return "".join(block if not block.strip() else _block(block) for block in blocks)


def _block(block: str) -> str:
    head, tail = block[: len(block) - len(block.lstrip("\n"))], block[len(block.rstrip("\n")) :]
    lines = block.strip("\n").split("\n")
    if lines[0].startswith(("|", "#", "<")):
        return block
    paragraphs: list[list[str]] = []
    for line in lines:
        if not paragraphs or _ITEM.match(line):
            paragraphs.append([])
        paragraphs[-1].append(line.strip())
    return head + "\n".join(_broken(" ".join(each)) for each in paragraphs) + tail


def _broken(paragraph: str) -> str:
    item = _ITEM.match(paragraph)
    indent = " " * len(item.group()) if item else ""
    lines = [""]
    for word in _WORD.findall(paragraph):
        full = len(lines[-1]) + 1 + len(word) > WIDTH
        if full and not _MARKER.match(word):
            lines.append(indent + word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\n".join(lines)
