"""Moved to `genloss.estimate.moments`."""

from genloss.estimate.moments import ROWS_PER_DIRECTION, Moments, estimate_from_moments

__all__ = ["ROWS_PER_DIRECTION", "Moments", "estimate_from_moments"]
