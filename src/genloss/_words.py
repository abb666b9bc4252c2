"""How values are shown in messages: short, and without what a terminal would act on."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

MOST = 80  # characters of one value


class _Short(reprlib.Repr):
    """Python's notation of any value, cut, whatever it is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = MOST
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 8
        self.maxlevel = 4

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002
        """Digits, or how many there are."""
        digits = int(x.bit_length() * 0.30103) + 1
        return repr(x) if digits < 40 else f"a whole number of about {digits} digits"

    def repr_ndarray(self, x: np.ndarray[Any, Any], level: int) -> str:
        """Entries of a small array, the shape of a large one."""
        if x.size <= self.maxlist:
            return self.repr_instance(x, level)
        return f"an array of shape {x.shape}"

    repr_matrix = repr_MaskedArray = repr_ndarray

    def repr_instance(self, x: Any, level: int) -> str:  # noqa: ARG002
        """What the object calls itself, if it can, on one line."""
        try:
            text = " ".join(repr(x).split())
        except Exception:  # noqa: BLE001 -- a message must not fail because of what it is about
            text = f"a {type(x).__name__}"
        return text if len(text) <= MOST else text[: MOST - 3] + "..."


_SHORT = _Short()


def shown(value: Any) -> str:
    """A value in Python's notation, cut where it is long.

    Examples
    --------
    >>> shown("a" * 1000)[-5:], shown(10**400), shown([[0] * 99] * 99)[:10]
    ("aaaa'", 'a whole number of about 401 digits', '[[0, 0, 0,')
    """
    return printable(_SHORT.repr(value.item() if isinstance(value, np.generic) else value))


def printable(text: str) -> str:
    """Text with every control character but the line feed written out."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
