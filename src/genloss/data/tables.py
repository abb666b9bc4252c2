"""Old names of `genloss.tables`."""

from genloss.tables.load import example_table, load_table
from genloss.tables.table import Table

__all__ = ["Table", "example_table", "load_table"]
