"""Moved to `genloss.estimate.sketch`."""

from genloss.estimate.sketch import (
    Columns,
    Sketch,
    basis,
    estimate_from_sketch,
    leading,
    random_test,
)

__all__ = ["Columns", "Sketch", "basis", "estimate_from_sketch", "leading", "random_test"]
