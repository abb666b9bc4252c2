"""The view *Compare*: up to four plans of one problem, and how surely they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genloss import _check
from genloss.app import asked, explore
from genloss.app.explore import Say
from genloss.errors import InvalidInputError
from genloss.files import to_toml
from genloss.script import to_python


def curves(query: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What theory says of every plan, as `explore.curve` does of one.

    Parameters
    ----------
    query : mapping
        ``problem``, and ``plans``: a list of up to four tables.

    Examples
    --------
    >>> problem = {"preset": "isotropic", "dim": 10}
    >>> plans = [{"preset": "replace", "generations": 3, "n_samples": n} for n in (31, 51)]
    >>> len(curves({"problem": problem, "plans": plans}))
    2
    """
    problem, plans = asked.fields(query, "problem", "plans")
    return [explore.curve({"problem": problem, "plan": plan}) for plan in _several(plans, 1)]


def code(query: Mapping[str, Any]) -> dict[str, str]:
    """All plans as files, one after the other, and as one script that runs.

    Parameters
    ----------
    query : mapping
        ``problem``, ``plans``, ``trials``, ``seed``.
    """
    problem, plans, trials, seed = asked.fields(query, "problem", "plans", "trials", "seed")
    trials = asked.number("trials", trials, least=2)
    seed = _check.integer("seed", seed, minimum=0, maximum=2**53)
    built = [explore.both(problem, plan) for plan in _several(plans, 1)]
    names = "abcd"[: len(built)]
    files, parts = [], [to_python(built[0][0])]
    for name, (what, plan) in zip(names, built, strict=True):
        files.append(f"# plan {name.upper()}\n{to_toml(problem=what, plan=plan)}")
        parts.append(to_python(plan=plan).split("\n\n", 1)[1].replace("plan = ", f"{name} = ", 1))
    parts.append(f"\nfor plan in [{', '.join(names)}]:\n    print(gl.predict(problem, plan))\n")
    for name in names[1:]:
        parts.append(f"print(gl.compare(problem, {name}, a, trials={trials}, seed={seed}))\n")
    return {"toml": "\n".join(files), "python": "".join(parts)}


def differences(query: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Simulate every other plan against the first on common random numbers.

    Parameters
    ----------
    query : mapping
        ``problem``, ``plans``, ``trials``, ``seed``.
    say : callable
        Is told the event "pair" as soon as a pair is done: which plan, the ``difference`` of its
        models' risks minus the first plan's, and ``stderr``.

    Returns
    -------
    dict
        ``trials``, the number of pairs of runs.
    """
    from genloss.trials.compare import compare

    problem, plans, trials, seed = asked.fields(query, "problem", "plans", "trials", "seed")
    count = asked.number("trials", trials, least=2)
    seed = _check.integer("seed", seed, minimum=0, maximum=2**53)
    first, *others = [explore.both(problem, plan) for plan in _several(plans, 2)]
    for place, (what, other) in enumerate(others, start=1):
        found = compare(what, other, first[1], trials=count, seed=seed)
        say(
            "pair",
            {
                "plan": place,
                "difference": found.difference.tolist(),
                "stderr": found.stderr.tolist(),
                "method": found.method,
            },
        )
    return {"trials": count}


def _several(plans: Any, least: int) -> list[Any]:
    if not isinstance(plans, list) or not least <= len(plans) <= asked.MOST["plans"]:
        raise InvalidInputError(
            f"plans must be a list of {least} to {asked.MOST['plans']} tables, each with a preset"
        )
    return plans
