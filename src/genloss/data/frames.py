"""Old name of `genloss.tables.to_frame`."""

from genloss.tables.to_frame import frame

__all__ = ["frame"]
