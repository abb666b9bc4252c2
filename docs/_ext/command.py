"""The command line as a page and as a man page, from the same source as ``--help``."""

from __future__ import annotations

import re
from textwrap import dedent, indent

from docutils.core import publish_string

from genloss._version import __version__
from genloss.cli import app
from genloss.cli.app import EPILOGUE

BESIDE = re.compile(r"^\.\. (?:contents::.*\n(?:   .*\n)*|_cyclopts-.*\n)", flags=re.MULTILINE)
TITLE = re.compile(r"\A\s*=+\ngenloss\n=+\n")
SECTION = re.compile(r"^\S.*\n-{3,}\n", flags=re.MULTILINE)
SUMMARY = "predict, simulate, forecast and prevent model collapse"


def commands() -> str:
    """Every command with its arguments; each section ends as its help does, in examples."""
    text = TITLE.sub("", BESIDE.sub("", app.generate_docs(output_format="rst")))
    for name in app:
        if ending := app[name].help_epilogue:
            text = with_ending(text, name, str(ending))
    return text.strip()


def with_ending(text: str, name: str, ending: str) -> str:
    """Put what stands below a command's help at the end of its section."""
    start = re.search(rf"^{re.escape(name)}\n-+\n", text, flags=re.MULTILINE)
    following = SECTION.search(text, start.end()) if start else None
    cut = following.start() if following else len(text)
    return f"{text[:cut].rstrip()}\n\n{examples(ending)}\n\n{text[cut:]}"


def examples(ending: str) -> str:
    return re.sub(
        r"^Examples:\n\n((?:    .*\n|\n)+)",
        lambda found: f"**Examples:**\n\n{literal(found[1])}\n\n",
        ending,
    )


def literal(text: str) -> str:
    """A text as it stands."""
    return "::\n\n" + indent(dedent(text).strip(), "    ")


def command_page() -> str:
    title = "genloss: every command"
    return (
        f"{title}\n{'=' * len(title)}\n\n"
        "Written from the command itself; what is common to all is on :doc:`/command-line`. For ``man``:\n:download:`genloss.1`.\n\n"
        f"{commands()}\n\nAll commands\n------------\n\n{examples(EPILOGUE)}\n"
    )


def man_page() -> str:
    """In roff, for ``man``."""
    rule = "-" * len(SUMMARY)
    text = (
        f"=======\ngenloss\n=======\n\n{rule}\n{SUMMARY}\n{rule}\n\n"
        f":Manual section: 1\n:Version: {__version__}\n\n"
        f"{commands()}\n\nAll commands\n------------\n\n{examples(EPILOGUE)}\n"
    )
    return publish_string(text, writer="manpage", settings_overrides={"output_encoding": "unicode"})
