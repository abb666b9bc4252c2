"""Real rows stacked with made ones, for ever: fits with little more rows than directions explode."""

from __future__ import annotations

from functools import cache
from typing import Any

from genloss.explain.numerals import number, percent, table
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.theory.forever.limit import Limit, limit
from genloss.theory.predict import predict

DIM = 300
TIGHT = 360
WIDE = 600
NOISE = 0.5
SHARE = 0.25
GENERATIONS = 10
PENALTY = 0.1


def plan(rows: int, real: float, *, generations: int = GENERATIONS, penalty: float = 0.0) -> Plan:
    """Real rows beside rows that the last model labelled."""
    return Plan.mix(generations, rows, real=real, noise=NOISE, penalty=penalty)


@cache
def end(rows: int, real: float, penalty: float = 0.0) -> Limit:
    """Where it leads."""
    return limit(Problem.isotropic(DIM), plan(rows, real, generations=2, penalty=penalty))


def risk(chain: Plan) -> float:
    """Error of the last model."""
    return float(predict(Problem.isotropic(DIM), chain).risk[-1])


def newcomer() -> dict[str, Any]:
    """A chain that forgets its teacher, and one that cannot make up its mind."""
    return {
        "alone": risk(Plan.replace(GENERATIONS, TIGHT, noise=NOISE)),
        "stacked": risk(plan(TIGHT, SHARE)),
        "roomy": risk(plan(WIDE, SHARE)),
        "roomy_alone": risk(Plan.replace(GENERATIONS, WIDE, noise=NOISE)),
        "most": end(TIGHT, SHARE).cure_real,
    }


def engineer() -> dict[str, Any]:
    """What the snippet prints, and the map in small."""
    shares = (0.1, SHARE, 0.5, 0.9)
    rows = [
        (
            str(n),
            *(
                f"{number(end(n, real).risk, 3)}" if end(n, real).stable else "explodes"
                for real in shares
            ),
        )
        for n in (240, TIGHT, 450, WIDE)
    ]
    tight, calm = end(TIGHT, SHARE), end(TIGHT, SHARE, PENALTY)
    return {
        "radius": tight.radius,
        "least": tight.cure,
        "most": tight.cure_real,
        "calm": calm.risk,
        "half_life": calm.half_life,
        "map": table(("rows", *(f"{percent(real)} real" for real in shares)), rows),
    }


def theorist() -> dict[str, Any]:
    """Radii."""
    return {
        "tight": end(TIGHT, SHARE).radius,
        "wide": end(WIDE, SHARE).radius,
        "roomy": WIDE / DIM,
        "ratio": TIGHT / DIM,
    }
