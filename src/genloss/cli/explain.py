"""``genloss explain``: the theory in words, at three levels."""

from __future__ import annotations

from genloss.cli.app import Flag, app, console, examples


@app.command(
    help_epilogue=examples(
        "genloss explain",
        "genloss explain ridge",
        "genloss explain ridge --level theorist",
        "genloss explain all --markdown > theory.md",
    )
)
def explain(
    topic: str | None = None,
    /,
    *,
    level: str = "newcomer",
    markdown: Flag = False,
    page: Flag = False,
) -> int:
    """Explain the theory: one topic, for newcomers, engineers or theorists.

    Every number is computed while you wait. Without a topic, lists them.

    Parameters
    ----------
    topic
        A topic, or "all". Default: the list of topics.
    level
        newcomer (no formulas), engineer (what to call) or theorist (formulas and why they hold).
    markdown
        Print the Markdown source, as it is.
    page
        Print the documentation page: all topics at all levels, as Markdown.
    """
    from genloss.explain import LEVELS
    from genloss.explain import explain as write
    from genloss.explain import page as whole
    from genloss.explain.topic import collected

    text = write(topic, level)
    if page:
        print(whole(), end="")
        return 0
    if markdown:
        print(text, end="")
        return 0
    from rich.markdown import Markdown

    out = console()
    out.print(Markdown(text, code_theme="ansi_dark"))
    name = text if topic is None else topic.strip().lower().replace("_", "-")
    names = list(collected())
    if name in names:
        others = [f"--level {each}" for each in LEVELS if each != level]
        after = names[names.index(name) + 1 :]
        onward = f"next: genloss explain {after[0]}" if after else "this was the last topic"
        out.print(f"\nSame topic: {' or '.join(others)}; {onward}", style="dim", highlight=False)
    return 0
