"""The neighbouring rooms that a forecast opens, in one place."""

from genloss.data.estimation import (
    FEWEST_ROWS,
    MOST_ROWS,
    Estimate,
    Standardiser,
    estimate_standardised,
    nystrom_features,
)
from genloss.data.kernels import LINEAR, Kernel
from genloss.data.streaming import LargeTable, StreamedTable, open_table, stream_note
from genloss.data.tables import Table

__all__ = [
    "FEWEST_ROWS",
    "LINEAR",
    "MOST_ROWS",
    "Estimate",
    "Kernel",
    "LargeTable",
    "Standardiser",
    "StreamedTable",
    "Table",
    "estimate_standardised",
    "nystrom_features",
    "open_table",
    "stream_note",
]
