"""What comes out of a pencil: numbers, each with its certificate."""

from __future__ import annotations

from dataclasses import dataclass

from genloss.pencils.dyson import TOLERANCE, Solution


@dataclass(frozen=True)
class Limit:
    """A number with its certificate.

    Attributes
    ----------
    value : float
        The high-dimensional limit; ``float(limit)`` is the same.
    residual : float
        Relative residual of the fixed point it was read from.
    iterations : int
        Newton steps, all blocks together.
    solution : Solution
        What `start` takes when a neighbouring problem is solved next.
    """

    value: float
    residual: float
    iterations: int
    solution: Solution

    @property
    def converged(self) -> bool:
        """Whether the residual is below 1e-10; what is not raises, so always True."""
        return self.residual <= TOLERANCE

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return f"{self.value:.6g} (residual {self.residual:.0e}, {self.iterations} steps)"


@dataclass(frozen=True)
class Risk:
    """Mean squared size of a random vector, of a fit's error for instance.

    Attributes
    ----------
    bias, variance : float
        Of its mean, and around it.
    residual : float
        Relative residual of the fixed point it was read from.
    solution : Solution
        What `start` takes when a neighbouring problem is solved next.
    """

    bias: float
    variance: float
    residual: float
    solution: Solution

    @property
    def risk(self) -> float:
        """Bias and variance together."""
        return self.bias + self.variance
