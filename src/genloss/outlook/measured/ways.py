"""Other ways to train as many models, beside the plan that is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from genloss.generation import Generation, Source
from genloss.labels.hard import Hard
from genloss.labels.linear import Linear
from genloss.labels.soft import Soft
from genloss.plan import Plan

REAL_SHARE = 0.3


def labelled(plan: Plan) -> Plan:
    """The plan with hard labels where it says nothing else: what a model says of a row is a class."""
    return Plan(
        tuple(
            replace(
                generation,
                sources=tuple(
                    replace(source, labels=Hard()) if isinstance(source.labels, Linear) else source
                    for source in generation.sources
                ),
            )
            for generation in plan
        )
    )


def ways(plan: Plan, *, classes: bool, soft: bool) -> dict[str, Plan]:
    """Plans of as many models with the plan's rows, penalties and losses, by name.

    Parameters
    ----------
    plan : Plan
        The plan that is asked for.
    classes : bool
        Whether labels are classes.
    soft : bool
        Whether models can be trained on soft labels.
    """
    if plan.n_models == 1:
        return {}
    label: Any = Hard() if classes else Linear()
    name = "hard labels" if classes else "labels of the last model"
    found = {name: _replaced(plan, label)}
    if classes and soft:
        found["soft labels"] = _replaced(plan, Soft())
    found["real rows kept"] = _kept(plan, label)
    found[f"{REAL_SHARE:.0%} real rows".replace("%", " %")] = _mixed(plan, label)
    return found


def _first(plan: Plan, label: Any) -> Generation:
    n, first = int(plan.n_samples[0]), plan.generations[0]
    return Generation((Source(n, "real", labels=_real(label)),), first.penalty, loss=first.loss)


def _later(plan: Plan, t: int, sources: tuple[Source, ...]) -> Generation:
    generation = plan.generations[t]
    return Generation(sources, generation.penalty, loss=generation.loss)


def _rows(plan: Plan, t: int) -> int:
    return int(plan.n_samples[t])


def _noise(plan: Plan) -> float:
    """The noise on model-made labels, of numbers."""
    return max(source.noise for generation in plan for source in generation.sources)


def _real(label: Any) -> Any:
    return Linear() if isinstance(label, Linear) else Hard()


def _replaced(plan: Plan, label: Any) -> Plan:
    noise = _noise(plan)
    later = (
        _later(plan, t, (Source(_rows(plan, t), "previous", noise, labels=label),))
        for t in range(1, plan.n_models)
    )
    return Plan((_first(plan, label), *later))


def _kept(plan: Plan, label: Any) -> Plan:
    """The first model's rows with their labels in every fit, beside as many new ones as planned."""
    noise, real = _noise(plan), Source(None, "kept", inputs=0, labels=_real(label))
    later = (
        _later(plan, t, (real, Source(_rows(plan, t), "previous", noise, labels=label)))
        for t in range(1, plan.n_models)
    )
    return Plan((_first(plan, label), *later))


def _mixed(plan: Plan, label: Any) -> Plan:
    noise, built = _noise(plan), [_first(plan, label)]
    for t in range(1, plan.n_models):
        real = max(round(REAL_SHARE * _rows(plan, t)), 1)
        sources = [Source(real, "real", labels=_real(label))]
        if real < _rows(plan, t):
            sources.append(Source(_rows(plan, t) - real, "previous", noise, labels=label))
        built.append(_later(plan, t, tuple(sources)))
    return Plan(tuple(built))


def alike(one: Plan, other: Plan) -> bool:
    """Whether two plans train the same models: labels of real rows are classes in any case."""
    return _plain(one) == _plain(other)


def _plain(plan: Plan) -> Plan:
    return Plan(
        tuple(
            replace(
                generation,
                sources=tuple(
                    replace(source, labels=Hard(), noise=0.0)
                    if source.labeler in ("real", "kept")
                    and isinstance(source.labels, Linear | Hard)
                    else source
                    for source in generation.sources
                ),
            )
            for generation in plan
        )
    )
