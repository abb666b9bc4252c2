"""The documentation page: every topic at every level."""

from __future__ import annotations

from genloss.explain import LEVELS, TOPICS
from genloss.explain.topic import Topic
from genloss.explain.wrapping import wrap

COMMAND = "genloss explain --page > docs/explain.md"
"""What writes it."""


def page() -> str:
    """Every topic at every level as one Markdown page, with contents and links to the figures.

    Examples
    --------
    >>> from genloss.explain.page import COMMAND
    >>> COMMAND
    'genloss explain --page > docs/explain.md'
    """
    contents = [
        f"- [{topic.title}](#{topic.name}): {topic.summary} "
        f"({', '.join(f'[{level}](#{topic.name}-{level})' for level in LEVELS)})"
        for topic in TOPICS.values()
    ]
    head = [
        "# The theory, explained at three levels\n",
        wrap(
            f"Written by `{COMMAND}`; in the terminal, `genloss explain TOPIC --level LEVEL` prints "
            "one text. Every number is computed from the formulas or a small simulation when the "
            'text is printed. The theory starts from "Model Collapse Demystified: The Case of '
            'Regression" (Dohmatob, Feng, Kempe, arXiv 2402.07712); the words, the derivations and '
            "the checks are this package's own. What a newcomer reads needs no mathematics. The "
            "engineer's snippets run as they stand. The theorist's formulas come with their "
            "conditions."
        ),
        "",
        *contents,
        "",
    ]
    return "\n".join([*head, *(_section(topic) for topic in TOPICS.values())])


def _section(topic: Topic) -> str:
    """One topic with its three texts."""
    from genloss.papers.paper import find

    [(_, study)] = find(topic.figure).values()
    shows = study.shows
    parts = [
        f'<a id="{topic.name}"></a>\n',
        f"## {topic.title}\n",
        f"Figure: [{shows}](gallery/{topic.figure}.png)\n",
    ]
    for level in LEVELS:
        body = topic.text(level).split("\n", 1)[1].strip()
        parts.append(f'<a id="{topic.name}-{level}"></a>\n')
        parts.append(f"### For the {level}\n\n{body}\n")
    return "\n".join(parts)
