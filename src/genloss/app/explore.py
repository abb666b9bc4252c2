"""The view *Explore*: one plan, its theory, its trials, its code."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from genloss import _check
from genloss._words import number
from genloss.app import asked
from genloss.curve import Curve
from genloss.errors import InvalidInputError, NoTheoryError
from genloss.files import to_toml
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.script import to_python
from genloss.theory.channels.panels import roughly
from genloss.theory.forever.limit import limit
from genloss.theory.predict import predict

Say = Callable[[str, Any], None]

EVERY = 0.05
"""Seconds between two pictures of a simulation that is under way."""

_VERBS = """
theory = gl.predict(problem, plan)
trials = gl.simulate(problem, plan, trials={trials}, seed={seed})
print(trials)
"""


def curve(query: Mapping[str, Any]) -> dict[str, Any]:
    """What theory says of a plan, in numbers and in one sentence.

    Parameters
    ----------
    query : mapping
        The tables ``problem`` and ``plan`` of a plan file, with presets. With ``models`` only so many
        of the first are computed, which later ones do not change, and their integrals roughly: what
        a picture shows while a slider moves.

    Returns
    -------
    dict
        ``curve`` and ``sentence``; where there is no theory None, and why.

    Examples
    --------
    >>> problem = {"preset": "isotropic", "dim": 10}
    >>> plan = {"preset": "replace", "generations": 3, "n_samples": 31, "noise": 1.0}
    >>> curve({"problem": problem, "plan": plan})["sentence"]
    'model 2: 1.5, 3 times model 0; doubles at model 2'
    """
    rest = dict(query)
    few = rest.pop("models", None)
    problem, plan = both(*asked.fields(rest, "problem", "plan"))
    last = plan.n_models - 1
    try:
        if few is None:
            found = predict(problem, plan)
        else:
            with roughly():
                found = predict(problem, Plan(plan.generations[: asked.number("models", few)]))
    except NoTheoryError as error:
        return {"curve": None, "sentence": f"No theory: {error}"}
    return {"curve": found.to_dict(), "sentence": sentence(found, last)}


def end(query: Mapping[str, Any], _: Say) -> dict[str, Any]:
    """What a plan leads to if it goes on for ever, which may take far longer than its curve.

    Parameters
    ----------
    query : mapping
        ``problem``, ``plan``.

    Returns
    -------
    dict
        Whether it is ``stable``, None where that is not known, and what it means in ``words``.
    """
    problem, plan = both(*asked.fields(query, "problem", "plan"))
    try:
        found = limit(problem, plan)
    except NoTheoryError:
        return {"stable": None, "words": ""}
    said = "; ".join(found.sentences()).removeprefix("unstable: ").replace(" for ever", "", 1)
    return {"stable": found.stable, "words": f"Repeated for ever: {said}."}


def sentence(found: Curve, end: int) -> str:
    """The last model, how much worse it is than the first, and when the error has doubled.

    Parameters
    ----------
    found : Curve
        Of all models, or of the first.
    end : int
        Number of the last model of the plan.
    """
    last, error = found.n_models - 1, found.error
    classes = _of_classes(found)
    values = error if error is not None and classes else found.risk
    shown = f"wrong class in {number(100 * values[-1], 3)} % of rows" if classes else None
    which = f"model {last}" if last == end else f"model {last} of {end}"
    said = f"{which}: {shown or number(values[-1], 3)}"
    if last and 0 < values[0] < float("inf") > values[-1]:
        said += f", {number(values[-1] / values[0], 2)} times model 0"
    parts = [said]
    doubled = np.flatnonzero(values > 2 * values[0])
    if doubled.size:
        parts.append(f"doubles at model {doubled[0]}")
    elif last and last == end:
        parts.append("does not double")
    return "; ".join(parts)


def code(query: Mapping[str, Any]) -> dict[str, str]:
    """The plan as a file and as a script that runs.

    Parameters
    ----------
    query : mapping
        ``problem``, ``plan``, ``trials``, ``seed``.
    """
    *tables, trials, seed = asked.fields(query, "problem", "plan", "trials", "seed")
    problem, plan = both(*tables)
    verbs = _VERBS.format(trials=asked.number("trials", trials, least=2), seed=_seed(seed))
    return {
        "toml": to_toml(problem=problem, plan=plan),
        "python": to_python(problem, plan) + verbs,
    }


def best(query: Mapping[str, Any], _: Say) -> dict[str, Any]:
    """The penalty with the smallest risk of the last model; of classes, with the fewest wrong ones."""
    from genloss.tuning.tune import tune

    problem, plan = both(*asked.fields(query, "problem", "plan"))
    if _of_classes(predict(problem, plan)):
        return {"penalty": _fewest_wrong(problem, plan)}
    return {"penalty": float(tune(problem, plan).plan.penalty[-1])}


def _fewest_wrong(problem: Problem, plan: Plan) -> float:
    """The penalty of least error of the last model among those that theory knows."""
    from genloss.tuning.search import lowest

    def error(log: float) -> float:
        try:
            found = predict(problem, plan.with_penalty(float(np.exp(log)))).error
        except NoTheoryError:
            return np.inf
        return np.inf if found is None else float(found[-1])

    grid = np.log(np.geomspace(1e-5, 100, 25) * problem.spectrum.max())
    log, _ = lowest(lambda logs: np.array([*map(error, logs)]), grid, tolerance=0.05, stride=4)
    return float(np.exp(log))


def _of_classes(found: Curve) -> bool:
    return found.error is not None and bool(np.isfinite(found.error).all())


def simulate(query: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Run a plan, and tell its curve again and again on the way; the last one is the answer.

    Parameters
    ----------
    query : mapping
        ``problem``, ``plan``, ``trials``, ``seed``.
    say : callable
        Is told the event "curve" and its data.
    """
    from genloss.trials.simulate import simulate as run

    *tables, trials, seed = asked.fields(query, "problem", "plan", "trials", "seed")
    problem, plan = both(*tables)
    told = 0.0

    def tell(found: Curve) -> None:
        nonlocal told
        if time.monotonic() > told + EVERY:
            told = time.monotonic()
            say("curve", found.to_dict())

    count = asked.number("trials", trials, least=2)
    return run(problem, plan, trials=count, seed=_seed(seed), on_round=tell).to_dict()


def _seed(value: Any) -> int:
    return _check.integer("seed", value, minimum=0, maximum=2**53)


def both(problem: Any, plan: Any) -> tuple[Problem, Plan]:
    """A problem and a plan of it that the app takes."""
    built = asked.problem(problem), asked.plan(plan)
    if built[0].dim * int(built[1].n_samples.max()) > 10**9:
        raise InvalidInputError(
            "dim times n_samples was above a thousand million; the app takes fewer"
        )
    return built
