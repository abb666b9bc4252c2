"""The founding paper in the tool's own words, at three levels; every number is computed when printed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from genloss.errors import InvalidInputError
from genloss.explain import (
    chain,
    design,
    few_rows,
    growth,
    kernels,
    networks,
    penalty,
    power_law,
    practice,
    ridge,
)
from genloss.explain.topic import LEVELS, Topic

__all__ = ["LEVELS", "TOPICS", "Topic", "explain", "overview"]

TOPICS: dict[str, Topic] = {
    module.TOPIC.name: module.TOPIC
    for module in (
        chain,
        growth,
        ridge,
        few_rows,
        design,
        power_law,
        penalty,
        kernels,
        practice,
        networks,
    )
}
"""Topics by name, in reading order."""


def explain(topic: str | None = None, level: str = "newcomer") -> str:
    """One topic of the founding paper as Markdown, its numbers computed now.

    Parameters
    ----------
    topic : str, optional
        A key of `TOPICS`, or "all"; default: the list of topics.
    level : {"newcomer", "engineer", "theorist"}, default "newcomer"
        No formulas; what to call; formulas with conditions and derivation.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    InvalidInputError
        If the topic or the level is unknown; the message names the nearest.

    Examples
    --------
    >>> from genloss.explain import explain
    >>> print(explain("growth", level="theorist").splitlines()[0])
    # Growth: every copy adds the same amount
    """
    level = _known("level", level, LEVELS)
    if topic is None:
        return overview()
    name = _known("topic", topic, (*TOPICS, "all"))
    if name == "all":
        return "\n".join(each.text(level) for each in TOPICS.values())
    return TOPICS[name].text(level)


def overview() -> str:
    """List of the topics, and how to go on, as Markdown.

    Examples
    --------
    >>> from genloss.explain import overview
    >>> "- **growth**" in overview()
    True
    """
    lines = [f"- **{topic.name}**: {topic.summary}" for topic in TOPICS.values()]
    first = next(iter(TOPICS))
    return "\n".join(
        [
            "# What retraining on made labels does\n",
            "A walk through the theory in reading order, each topic told for newcomers, engineers "
            "and theorists. Every number is computed while you wait.\n",
            *lines,
            "",
            "Start with:\n",
            "```sh",
            f"genloss explain {first}",
            f"genloss explain {first} --level engineer",
            "genloss explain all --level theorist",
            "```",
            "",
        ]
    )


def _known(name: str, given: str, allowed: Sequence[str]) -> str:
    """``given`` as one of ``allowed``, underscores and capitals forgiven."""
    value = str(given).strip().lower().replace("_", "-")
    if value in allowed:
        return value
    near = difflib.get_close_matches(value, allowed, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise InvalidInputError(f"{name} was {given!r}; {hint}it must be one of {', '.join(allowed)}")
