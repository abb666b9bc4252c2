"""Moved to `genloss.estimate`."""

from genloss.estimate.kernels import nystrom_features
from genloss.estimate.rows import (
    FEWEST_ROWS,
    MOST_ROWS,
    Estimate,
    estimate,
    estimate_standardised,
)
from genloss.estimate.spectrum import MOST_DIRECTIONS
from genloss.estimate.standardise import Standardiser

__all__ = [
    "FEWEST_ROWS",
    "MOST_DIRECTIONS",
    "MOST_ROWS",
    "Estimate",
    "Standardiser",
    "estimate",
    "estimate_standardised",
    "nystrom_features",
]
