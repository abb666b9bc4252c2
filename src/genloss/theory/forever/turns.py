"""One repetition of a plan's last generations as a map: of the kind that knows its fits."""

from __future__ import annotations

from genloss.plan import Plan
from genloss.problem import Problem
from genloss.spectrum import Spectral
from genloss.steps import resolve
from genloss.theory.forever.along_directions import AlongDirections
from genloss.theory.forever.arrays import Arrays
from genloss.theory.forever.repeating import Repetition
from genloss.theory.forever.turn import Turn


def turn_of(problem: Spectral, plan: Plan, found: Repetition) -> Turn:
    """The map.

    Raises
    ------
    NoTheoryError
        If no theory knows a fit.
    """
    if isinstance(problem, Problem) and (resolve(plan).turned or problem.truth.ndim == 2):
        return Arrays(problem, plan, found)
    return AlongDirections(problem, plan, found)
