"""The three parts of the downstream test error: bias, variance, and what the generators add."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decomposition:
    """Test error of the downstream model against the original labels (`paper.md` 2.3).

    Attributes
    ----------
    bias : float
        Error of the mean downstream model.
    variance : float
        What the downstream label noise adds.
    inherited : float
        What the generators' label noise adds.
    exact : bool
        Whether the parts hold at finite size; otherwise they are deterministic equivalents.
    warnings : tuple of str
        Where the mean or the spread does not exist, one sentence each.

    Examples
    --------
    >>> Decomposition(0.25, 0.5, 1.0).risk
    1.75
    """

    bias: float
    variance: float
    inherited: float
    exact: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def risk(self) -> float:
        """The test error: the sum of the three parts."""
        return self.bias + self.variance + self.inherited
