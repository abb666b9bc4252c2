"""Tables that tests share."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

DAY = datetime.date(2020, 1, 1)
COLUMNS: dict[str, list[Any]] = {
    "size": [1.5, 2.0, 4.0, 8.5],
    "new": [True, False, False, True],
    "cut": ["good", "fair", "ideal", "fair"],
    "sold": [DAY, DAY, DAY.replace(day=3), DAY.replace(month=2)],
    "flat": [7, 7, 7, 7],
    "price": [10, 20, 30, 50],
}

X = np.arange(12.0).reshape(4, 3) ** 2
Y = np.array([1.0, 3.0, 2.0, 5.0])
FRAMES = ("pandas", "polars", "pyarrow")


def frame(library: str, columns: dict[str, list[Any]]) -> Any:
    if library == "pandas":
        return pytest.importorskip("pandas").DataFrame(columns)
    if library == "polars":
        return pytest.importorskip("polars").DataFrame(columns)
    return pytest.importorskip("pyarrow").table(columns)
