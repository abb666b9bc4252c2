"""Numbers as people read them: a few significant digits, and one power of ten for a whole column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from genloss._words import LARGEST, SMALLEST, number


def common_power(values: Iterable[npt.ArrayLike]) -> int:
    """Power of ten, a multiple of 3, by which all these numbers are best divided; 0 where none is needed.

    Examples
    --------
    >>> common_power([[3.077e8, 1.2e7]]), common_power([[0.5, 2000.0]]), common_power([[2e-7, 0]])
    (6, 0, -9)
    """
    flat = np.concatenate([np.abs(np.ravel(np.asarray(value, float))) for value in values])
    told = flat[np.isfinite(flat) & (flat > 0)]
    if not told.size or SMALLEST <= told.max() < LARGEST:
        return 0
    return math.floor(math.log10(told.max()) / 3) * 3


def scaled(values: npt.ArrayLike, power: int, digits: int = 4) -> list[str]:
    """The numbers divided by a power of ten, their decimal points below each other.

    Examples
    --------
    >>> scaled([3.077e8, 2.4e7, float("inf")], 6)
    ['307.7', ' 24  ', 'infinite']
    """
    return aligned(
        [number(Decimal(float(value)).scaleb(-power), digits) for value in np.ravel(values)]
    )


def aligned(cells: Sequence[str]) -> list[str]:
    """Pad plain decimals on the right so that their points stand below each other."""
    plain = [cell for cell in cells if not cell.strip("-0123456789.")]
    if not any("." in cell for cell in plain):
        return list(cells)
    after = {cell: len(cell.partition(".")[2]) + ("." in cell) for cell in plain}
    most = max(after.values())
    before = max(len(cell) - after[cell] for cell in plain)
    return [
        (cell + " " * (most - after[cell])).rjust(before + most) if cell in after else cell
        for cell in cells
    ]


def band(low: float, high: float) -> str:
    """An interval as its two ends.

    Examples
    --------
    >>> band(0.712, 1.43), band(2.0, float("inf"))
    ('0.712 to 1.43', '2 to infinite')
    """
    return f"{number(low, 3)} to {number(high, 3)}"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun.

    Examples
    --------
    >>> counted(1, "real label"), counted(53940, "row"), counted(0, "run")
    ('1 real label', '53,940 rows', '0 runs')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
