"""Claim: a statement of a paper, the number it predicts, the number measured, and a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Self, SupportsFloat, get_args

from genloss import _check

Kind = Literal["exact", "asymptotic", "approximate", "at most", "at least"]

HOLDS, FAILS = "holds", "fails"


@dataclass(frozen=True)
class Claim:
    """A statement in numbers.

    Parameters
    ----------
    claim : str
        The statement in one sentence.
    where : str
        Where it is stated: a theorem or section.
    predicted : float
        What the statement predicts; the bound for "at most" and "at least".
    measured : float
        What was measured.
    stderr : float, default 0.0
        Standard error of ``measured``; 0 if it is not random.
    kind : {"exact", "asymptotic", "approximate", "at most", "at least"}
        How ``measured`` is judged: "exact" within 4 standard errors (or 1e-9 if not random);
        "asymptotic" within 3 % and 4 standard errors; "approximate" within ``tolerance`` of
        ``predicted`` (relative) and 4 standard errors; the bounds within 4 standard errors.
    tolerance : float, default 0.03
        Relative tolerance of "asymptotic" and "approximate".

    Examples
    --------
    >>> Claim("error is affine in n", "section 2.1", 0.25, 0.27, 0.01, "exact").verdict
    'holds'
    >>> Claim("error is affine in n", "section 2.1", 0.25, 0.37, 0.01, "exact").verdict
    'fails'
    """

    claim: str
    where: str
    predicted: float
    measured: float
    stderr: float = 0.0
    kind: Kind = "exact"
    tolerance: float = 0.03

    def __post_init__(self) -> None:
        kinds = get_args(Kind)
        _check.choice("kind", self.kind, kinds)

    @property
    def allowed(self) -> float:
        """Largest distance between the two numbers at which the claim holds."""
        spread = 4 * self.stderr
        if self.kind in ("asymptotic", "approximate"):
            return spread + self.tolerance * abs(self.predicted)
        return max(spread, 1e-9 * abs(self.predicted))

    @property
    def verdict(self) -> str:
        """Either "holds" or "fails"."""
        distance = self.measured - self.predicted
        if self.kind == "at most":
            excess = distance
        elif self.kind == "at least":
            excess = -distance
        else:
            excess = abs(distance)
        decided = math.isfinite(excess) and math.isfinite(self.stderr)
        return HOLDS if decided and excess <= self.allowed else FAILS

    @classmethod
    def exact(
        cls,
        claim: str,
        where: str,
        predicted: SupportsFloat,
        measured: SupportsFloat,
        stderr: SupportsFloat = 0.0,
    ) -> Self:
        """A claim that holds at finite size."""
        return cls(claim, where, float(predicted), float(measured), float(stderr), "exact")

    @classmethod
    def asymptotic(
        cls,
        claim: str,
        where: str,
        predicted: SupportsFloat,
        measured: SupportsFloat,
        stderr: SupportsFloat = 0.0,
    ) -> Self:
        """A claim about a deterministic equivalent or a limit."""
        return cls(claim, where, float(predicted), float(measured), float(stderr), "asymptotic")
