"""The theory in the tool's own words, at three levels; every number is computed when printed.

A topic is a Markdown file in the folder `topics` and a file of numbers in the folder `numbers`.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from genloss.errors import InvalidInputError
from genloss.explain.topic import LEVELS, Topic, collected

if TYPE_CHECKING:
    TOPICS: dict[str, Topic]

__all__ = ["COMMAND", "LEVELS", "TOPICS", "Topic", "explain", "overview", "page"]

COMMAND = "genloss explain --page > docs/explain.md"
"""What writes the page of the documentation."""


def __getattr__(name: str) -> Any:
    if name == "TOPICS":  # by name, in reading order; read when they are asked for
        return collected()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def explain(topic: str | None = None, level: str = "newcomer") -> str:
    """One topic of the theory as Markdown, its numbers computed now.

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
    known = collected()
    name = _known("topic", topic, (*known, "all"))
    if name == "all":
        return "\n".join(each.text(level) for each in known.values())
    return known[name].text(level)


def overview() -> str:
    """List of the topics, and how to go on, as Markdown.

    Examples
    --------
    >>> from genloss.explain import overview
    >>> "- **growth**" in overview()
    True
    """
    known = collected()
    first = next(iter(known))
    return "\n".join(
        [
            "# What retraining on made labels does\n",
            "A walk through the theory in reading order, each topic told for newcomers, engineers "
            "and theorists. Every number is computed while you wait.\n",
            *(f"- **{topic.name}**: {topic.summary}" for topic in known.values()),
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


def page() -> str:
    """Every topic at every level as one Markdown page, with contents and links to the figures."""
    known = collected().values()
    contents = [
        f"- [{topic.title}](#{topic.name}): {topic.summary} "
        f"({', '.join(f'[{level}](#{topic.name}-{level})' for level in LEVELS)})"
        for topic in known
    ]
    head = [
        "# The theory, explained at three levels\n",
        f"Written by `{COMMAND}`; in the terminal, `genloss explain TOPIC --level LEVEL` prints one "
        "text. Every number is computed from the formulas or a small simulation when the text is "
        'printed. The theory starts from "Model Collapse Demystified: The Case of Regression" '
        "(Dohmatob, Feng, Kempe, arXiv 2402.07712); the words, the derivations and the checks are "
        "this package's own. What a newcomer reads needs no mathematics. The engineer's snippets "
        "run as they stand. The theorist's formulas come with their conditions.\n",
        *contents,
        "",
    ]
    return "\n".join([*head, *map(_section, known)])


def _section(topic: Topic) -> str:
    """One topic with its three texts."""
    from genloss.papers.gallery import stem
    from genloss.papers.paper import find

    [(name, (_, study))] = find(topic.figure).items()
    parts = [
        f'<a id="{topic.name}"></a>\n',
        f"## {topic.title}\n",
        f"Figure: [{study.shows}](gallery/{stem(name)}.png)\n",
    ]
    for level in LEVELS:
        body = topic.text(level).split("\n", 1)[1].strip()
        parts.append(f'<a id="{topic.name}-{level}"></a>\n')
        parts.append(f"### For the {level}\n\n{body}\n")
    return "\n".join(parts)


def _known(name: str, given: str, allowed: Sequence[str]) -> str:
    """``given`` as one of ``allowed``, underscores and capitals forgiven."""
    value = str(given).strip().lower().replace("_", "-")
    if value in allowed:
        return value
    near = difflib.get_close_matches(value, allowed, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise InvalidInputError(f"{name} was {given!r}; {hint}it must be one of {', '.join(allowed)}")
