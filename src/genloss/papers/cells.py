"""Cells: what was measured beside what theory says of it, as the rows of an experiment's table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genloss.papers.effort import Array, Effort
from genloss.papers.reproduction import Row


@dataclass(frozen=True)
class Cells:
    """Rows whose last three columns are theory, measurement and standard error.

    Examples
    --------
    >>> from genloss.papers.effort import Effort
    >>> rows = [{"n": n, "theory": n / 2, "measured": n / 2, "stderr": 0.1} for n in (1, 2)]
    >>> Cells(Effort(), rows).line("n").shape, Cells(Effort(), rows).cell(n=2)
    ((4, 2), (1.0, 1.0, 0.1))
    """

    effort: Effort
    rows: Sequence[Row]

    def line(self, x: str, **of: Any) -> Array:
        """Column ``x``, theory, measurement and standard error where columns have these values."""
        found: Iterable[Row] = (r for r in self.rows if all(r[k] == v for k, v in of.items()))
        return np.array([[row[x], *list(row.values())[-3:]] for row in found]).T

    def cell(self, **of: Any) -> tuple[float, float, float]:
        """Theory, measurement and standard error of the one row with these values."""
        [row] = (r for r in self.rows if all(r[k] == v for k, v in of.items()))
        theory, measured, stderr = list(row.values())[-3:]
        return theory, measured, stderr
