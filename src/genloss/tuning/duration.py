"""How long a search takes whose every try is slow, for those who wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from genloss._words import number
from genloss.errors import NoTheoryError
from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.theory.predict import predict
from genloss.theory.routes import has_closed_route
from genloss.tuning.slopes import way_of

_LONG = 3.0  # seconds from which it is worth a line
_ONE, _MORE, _EACH = 30, 35, 5  # tries for one penalty, for a schedule too, for each of its models
_BY_SLOPES = 50  # for a schedule whose slopes are known, each of which takes as long as a try


def announce(problem: Spectral, plan: Plan, free: Sequence[str]) -> None:
    """Say on standard error how long the search will take, if that is more than some seconds.

    Parameters
    ----------
    problem : Problem or genloss.scaling.PowerLaw
    plan : Plan
    free : sequence of str
        What is free.
    """
    penalised = plan.with_penalty(1.0)
    if has_closed_route(penalised):
        return
    began = time.perf_counter()
    try:
        predict(problem, penalised)
    except (NoTheoryError, ArithmeticError):
        return  # the search itself says so, or passes it over
    each, tries = time.perf_counter() - began, about(problem, plan, free)
    if each * tries > _LONG:
        print(
            f"genloss: models share rows, so that a try takes {number(each, 2)} s; "
            f"the search makes about {tries} of them",
            file=sys.stderr,
        )


def about(problem: Spectral, plan: Plan, free: Sequence[str]) -> int:
    """How many tries there are at least, roughly."""
    if tuple(free) == ("schedule",) and way_of(problem, plan) is not None:
        return _BY_SLOPES
    schedule = _MORE + _EACH * plan.n_models if "schedule" in free else 0
    return _ONE * len(free) + schedule
