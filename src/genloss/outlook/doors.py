"""The neighbouring rooms that a forecast opens, in one place."""

from genloss.estimate.kernels import LINEAR, Kernel, nystrom_features
from genloss.estimate.rows import FEWEST_ROWS, MOST_ROWS, Estimate, estimate_standardised
from genloss.estimate.standardise import Standardiser, unit_target
from genloss.tables.copies import same_rows
from genloss.tables.delimited import Dialect
from genloss.tables.inputs import inputs_like
from genloss.tables.streaming import LargeTable, StreamedTable, open_table, stream_note
from genloss.tables.table import Table

__all__ = [
    "FEWEST_ROWS",
    "LINEAR",
    "MOST_ROWS",
    "Dialect",
    "Estimate",
    "Kernel",
    "LargeTable",
    "Standardiser",
    "StreamedTable",
    "Table",
    "estimate_standardised",
    "inputs_like",
    "nystrom_features",
    "open_table",
    "same_rows",
    "stream_note",
    "unit_target",
]
