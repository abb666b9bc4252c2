"""Classifiers that learn from classes which their predecessors gave: three kinds of labels."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from genloss.curve import Curve
from genloss.explain.numerals import fixed, percent, table
from genloss.generation import Generation, Source
from genloss.keep.agrees import Agrees
from genloss.labels import find
from genloss.labels.sampled import Sampled
from genloss.losses.logistic import Logistic
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.theory.forever.limit import Limit, limit
from genloss.theory.predict import predict

DIM = 200
SIGNAL = 4.0
ROWS = 1000
REAL_ROWS = 100
MODELS = 6
PENALTY = 1e-3


def plan(labels: str, n_real: int = 0, *, verified: bool = False) -> Plan:
    """A chain of logistic models whose later rows are labelled by the last one in this way."""
    made, keep = find("labels", labels), Agrees("real") if verified else None
    real = (Source(n_real, labels=Sampled()),) if n_real else ()
    rows = (Source(ROWS - n_real, "previous", labels=made, keep=keep), *real)
    first = Generation((Source(ROWS, labels=Sampled()),), PENALTY, loss=Logistic())
    return Plan((first, *(MODELS - 1) * [Generation(rows, PENALTY, loss=Logistic())]))


@cache
def chain(labels: str, n_real: int, verified: bool, _settings: tuple[float, ...]) -> Curve:
    """Its curve."""
    return predict(Problem.isotropic(DIM, signal=SIGNAL), plan(labels, n_real, verified=verified))


def curve(labels: str, n_real: int = 0, *, verified: bool = False) -> Curve:
    """The same for the settings as they are."""
    return chain(labels, n_real, verified, (DIM, SIGNAL, ROWS, MODELS, PENALTY))


def column(found: Curve, name: str, model: int = -1) -> float:
    """One number of one model."""
    return float(getattr(found, name)[model])


def end(n_real: int) -> Limit:
    """Where decided labels lead for ever."""
    return limit(Problem.isotropic(DIM, signal=SIGNAL), plan("hard", n_real))


def newcomer() -> dict[str, Any]:
    """What becomes of errors and of sureness."""
    hard, sampled, soft = (curve(labels) for labels in ("hard", "sampled", "soft"))
    return {
        "first": column(hard, "error", 0),
        "hard": column(hard, "error"),
        "sampled": column(sampled, "error"),
        "soft": column(soft, "error"),
        "surer": column(hard, "norm") / column(hard, "norm", 0),
        "seen": column(hard, "disagreement"),
        "real": column(curve("hard", REAL_ROWS), "error"),
        "with_real": end(REAL_ROWS).error,
    }


def engineer() -> dict[str, Any]:
    """What the snippet prints, and labels side by side."""
    rows = []
    for name, found in (
        ("decided", curve("hard")),
        (f"decided, {REAL_ROWS} real rows", curve("hard", REAL_ROWS)),
        ("drawn", curve("sampled")),
        ("chances", curve("soft")),
        ("decided, verified", curve("hard", verified=True)),
    ):
        shares = [percent(column(found, each)) for each in ("error", "disagreement")]
        rows.append((name, *shares, fixed(column(found, "norm"))))
    hard = curve("hard")
    return {
        "first": column(hard, "error", 0),
        "last": column(hard, "error"),
        "seen": column(hard, "disagreement"),
        "labels": table(("labels", "error", "disagreement", "size of values"), rows),
    }


def theorist() -> dict[str, Any]:
    """Cosines, and where it ends with and without real rows."""
    alone, with_real, hard = end(0), end(REAL_ROWS), curve("hard")
    return {
        "first": math.cos(math.pi * column(hard, "error", 0)),
        "last": math.cos(math.pi * column(hard, "error")),
        "alone": alone.error,
        "with_real": with_real.error,
        "radius": with_real.radius,
    }
