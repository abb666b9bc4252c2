"""What `limit` answers with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from genloss import _html
from genloss._words import number
from genloss.theory.forever import cures


@dataclass(frozen=True, repr=False)
class Limit:
    """The last model after infinitely many repetitions.

    Attributes
    ----------
    risk : float
        Its excess test error; infinite where the chain is unstable.
    bias, variance : float
        The parts of the risk that are due to the mean model, and to the spread around it.
    radius : float
        Spectral radius of one repetition: by what an old error is multiplied in the long run. Below 1
        the chain forgets where it started; above it explodes. 1 where every error is kept, as where
        all rows are; 0 where the last model does not depend on any before, as one that keeps no row.
    half_life : float
        Repetitions after which half of the error's way to its limit is made, counted from the model before
        the first repetition in the plan; infinite where there is no limit, NaN where it is not known.
    cure : float or None
        Of an unstable chain: the least penalty of the repeated fits from which on it is stable; that of
        least squares with one row less, as its exact formula has, so that it is never too small. 0: any.
        Of fits that are not ridge regression to a percent, not below the penalty that they have.
    cure_real : float or None
        Of an unstable chain that has real rows: the least share of them, above the one it has, from
        which on it is stable.
    block : int
        How many of the last generations repeat.
    method : str
        How it was found.
    warnings : tuple of str
        Where the answer is weak, one sentence each.
    error : float or None
        Share of wrong classes of the last model, where labels are classes.

    Examples
    --------
    >>> import genloss as gl
    >>> plan = gl.Plan.mix(5, 80, real=0.1, noise=1.0)
    >>> gl.limit(gl.Problem.isotropic(60), plan)
    Limit(unstable: every generation multiplies the error by 1.09 in the end)
      cured by a penalty of 0.00712 or by 53.8% real rows
    """

    risk: float
    bias: float
    variance: float
    radius: float
    half_life: float
    cure: float | None = None
    cure_real: float | None = None
    block: int = 1
    method: str = ""
    warnings: tuple[str, ...] = ()
    error: float | None = None

    @property
    def stable(self) -> bool:
        """Whether the error stays finite for ever."""
        return math.isfinite(self.risk)

    def to_dict(self) -> dict[str, Any]:
        """Plain data.

        Examples
        --------
        >>> import genloss as gl
        >>> plan = gl.Plan.mix(5, 200, real=0.5, noise=1.0)
        >>> gl.limit(gl.Problem.isotropic(60), plan).to_dict()["stable"]
        True
        """
        return {
            "risk": self.risk,
            "bias": self.bias,
            "variance": self.variance,
            "radius": self.radius,
            "stable": self.stable,
            "half_life": self.half_life,
            "cure": self.cure,
            "cure_real": self.cure_real,
            "block": self.block,
            "method": self.method,
            "warnings": list(self.warnings),
            "error": self.error,
        }

    def sentences(self) -> list[str]:
        """What it means, in words."""
        turn, turns = "generation", "generations"
        if self.block > 1:
            turn, turns = f"round of {self.block} {turns}", f"rounds of {self.block} {turns}"
        if self.stable:
            said = [f"risk {number(self.risk)} for ever (bias {number(self.bias)})"]
            if math.isfinite(self.half_life) and self.half_life > 0:
                said.append(f"half of the way there is made in {self.half_life:.3g} {turns}")
            return said
        if self.radius > 1 + 1e-9 and math.isfinite(self.radius):
            said = [f"unstable: every {turn} multiplies the error by {self.radius:.3g} in the end"]
        elif math.isinf(self.radius):
            said = ["unstable: there is a fit without a mean error, or without a minimum"]
        else:
            said = [f"unstable: every {turn} adds to the error"]
        ways = cures.ways(self.cure, self.cure_real)
        return [*said, f"cured by {ways}"] if ways else said

    def _repr_html_(self) -> str:
        rows = [(name, value) for name, value in self.to_dict().items() if name != "warnings"]
        shown = [[name, "none" if value is None else value] for name, value in rows]
        notes = [f"Warning: {text}" for text in self.warnings]
        return _html.table(f"Limit, {self.method}", ["", "for ever"], shown, notes)

    def __repr__(self) -> str:
        first, *rest = self.sentences()
        lines = [f"Limit({first})", *(f"  {text}" for text in rest)]
        return "\n".join([*lines, *(f"  warning: {text}" for text in self.warnings)])
