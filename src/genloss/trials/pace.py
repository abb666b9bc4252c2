"""How long the runs that were asked for would take, by the pace of some: what never ends is refused."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Sequence
from time import monotonic

from genloss.cautions import fitted_rows
from genloss.errors import InvalidInputError
from genloss.problem import Problem
from genloss.steps import Step
from genloss.trials.engine import Engine

_FIRST, _LAST = 1.0, 64.0  # seconds of runs after which their pace is looked at, and no more
_LONG = 3600.0  # seconds to come that a caller is told of
_ENDLESS = 86_400.0  # seconds to come for which nobody waits who sees nothing of it


class Pace:
    """Looks at how fast runs come in, at 1, 2, 4, ... 64 seconds after the first, which loads what all need.

    Parameters
    ----------
    trials : int
        How many are asked for.
    cure : str
        What to do about it, if it takes too long.
    told : bool, default False
        Whether somebody sees how far it is, and needs no warning.
    """

    def __init__(self, trials: int, cure: str, *, told: bool = False) -> None:
        self._trials, self._cure, self._told = trials, cure, told
        self._first: tuple[float, int] | None = None
        self._following = _FIRST

    def look(self, runs: int, enough: float = math.inf) -> None:
        """Say how long it will take, if that is long.

        Parameters
        ----------
        runs : int
            How many are done.
        enough : float, default inf
            How many will do, as far as that is known.

        Raises
        ------
        InvalidInputError
            If the runs to come would take more than a day.
        """
        now = monotonic()
        self._first = self._first or (now, runs)
        passed, done = now - self._first[0], runs - self._first[1]
        if not self._following <= passed <= _LAST:
            return
        self._following = 2 * passed
        asked = min(enough, self._trials)
        left = passed * (asked - runs) / done
        if left > _ENDLESS:
            raise InvalidInputError(self._words(done, passed, asked, left) + f": {self._cure}")
        if left > _LONG and not self._told:
            self._told = True
            warnings.warn(self._words(done, passed, asked, left), UserWarning, stacklevel=3)

    def _words(self, runs: int, passed: float, asked: float, left: float) -> str:
        some = "all of them" if asked == self._trials else f"the {asked:.0e} of them that would do"
        return (
            f"trials was {self._trials:,}; {runs:,} runs took {passed:.0f} s, so that {some} take "
            f"{duration(left)}"
        )


def duration(seconds: float) -> str:
    """Seconds as people say them.

    Examples
    --------
    >>> duration(5400), duration(3e5), duration(1e9)
    ('1.5 hours', '3 days', '32 years')
    """
    for unit, name in ((86_400 * 365.25, "years"), (86_400.0, "days")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:,.0f} {name}"
    return f"{seconds / 3600:.2g} hours"


def check_room(problem: Problem, steps: Sequence[Step], engine: Engine) -> None:
    """Raise InvalidInputError if the rows of a fit that are drawn one by one fit into no memory."""
    if engine.exact:
        return
    most = max(range(len(steps)), key=fitted_rows(steps).__getitem__)
    rows = fitted_rows(steps)[most]
    needed, there = 8.0 * rows * problem.dim, memory()
    if needed > there:
        raise InvalidInputError(
            f"n_samples was {rows:,} for model {most}, whose rows are drawn one by one in {problem.dim:,} "
            f"directions: {needed / 1e9:,.0f} GB, where this machine has {there / 1e9:,.0f}; give fewer rows "
            "or directions, or a plan for which predict, or an engine that needs no rows, knows the answer"
        )


def memory() -> float:
    """Bytes of memory of this machine; infinite where it does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # no POSIX, or one that does not know
        return math.inf
