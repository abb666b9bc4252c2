"""Old names of `genloss.tables.streaming`."""

from genloss.tables.streaming import (
    LargeTable,
    StreamedTable,
    large_table,
    open_table,
    stream_note,
)

__all__ = ["LargeTable", "StreamedTable", "large_table", "open_table", "stream_note"]
