"""Claim: a statement of a paper, the number it predicts, the number measured, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._columns import Column
from genloss._words import number
from genloss.papers.effort import Effort
from genloss.plan import Plan
from genloss.problem import Problem

Kind = Literal["exact", "asymptotic", "approximate", "at most", "at least"]

HOLDS, FAILS = "holds", "fails"
SIGNS = {"at most": "≤ ", "at least": "≥ "}


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
        _check.choice("kind", self.kind, get_args(Kind))
        for name in ("predicted", "measured", "stderr"):
            object.__setattr__(self, name, _check.number(name, getattr(self, name)))

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
        cls, claim: str, where: str, predicted: float, measured: float, stderr: float = 0.0
    ) -> Self:
        """A claim that holds at finite size."""
        return cls(claim, where, predicted, measured, stderr, "exact")

    @classmethod
    def asymptotic(
        cls, claim: str, where: str, predicted: float, measured: float, stderr: float = 0.0
    ) -> Self:
        """A claim about a deterministic equivalent or a limit."""
        return cls(claim, where, predicted, measured, stderr, "asymptotic")


def literally(
    claim: str,
    where: str,
    predicted: float,
    problem: Problem,
    plan: Plan,
    effort: Effort,
    trials: int,
    *,
    kind: Kind = "exact",
    method: str = "literal",
) -> Claim:
    """A claim about the risk of a plan's last model, beside runs in which every row is drawn.

    ``method="auto"`` runs what is exact in law and cheaper.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.claims import literally
    >>> from genloss.papers.effort import Effort
    >>> plan = gl.Plan.replace(3, 40, noise=0.5)
    >>> said = "three models add 0.25 d / (n - d - 1) each"
    >>> literally(said, "", 3 * 0.25 * 10 / 29, gl.Problem.isotropic(10), plan, Effort(), 400).verdict
    'holds'
    """
    risk, stderr = effort.risks(problem, plan, trials, method=method)
    return Claim(claim, where, predicted, risk[-1], stderr[-1], kind)


def worst(
    claim: str,
    where: str,
    predicted: npt.ArrayLike,
    measured: npt.ArrayLike,
    stderr: npt.ArrayLike,
    *,
    tolerance: float | None = None,
) -> Claim:
    """A claim about the one of many numbers that is farthest outside its error bars.

    Within 3 % and 4 standard errors, or approximately within a ``tolerance``.

    Examples
    --------
    >>> worst("all are one", "here", [1, 1], [1.01, 0.9], [0.001, 0.001]).measured
    0.9
    """
    theory, found, spread = (np.ravel(values) for values in (predicted, measured, stderr))
    at = int(np.argmax((np.abs(found - theory) - 4 * spread) / theory))
    numbers = theory[at], found[at], spread[at]
    if tolerance is None:
        return Claim(claim, where, *numbers, "asymptotic")
    return Claim(claim, where, *numbers, "approximate", tolerance)


def columns(claims: Sequence[Claim]) -> list[Column]:
    """Claims as the columns of a table for people."""
    return [
        Column("claim", [each.claim for each in claims], left=True, wraps=True),
        Column("where", [each.where for each in claims], left=True, wraps=True),
        Column("predicted", [SIGNS.get(c.kind, "") + number(c.predicted) for c in claims]),
        Column("measured", [number(each.measured) for each in claims]),
        Column("s.e.", [number(c.stderr, 1) if c.stderr else "" for c in claims], rank=1),
        Column("verdict", [each.verdict for each in claims], left=True),
    ]


def rows(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Claims as rows of a table for machines."""
    names = ("claim", "where", "predicted", "measured", "stderr", "kind", "allowed", "verdict")
    return [{name: getattr(each, name) for name in names} for each in claims]
