"""The command itself, and how every subcommand writes its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from genloss._plain import finite
from genloss._version import __version__
from genloss._words import quoted
from genloss.cli.wording import Wording
from genloss.errors import InvalidInputError

if TYPE_CHECKING:
    from rich.console import Console

EPILOGUE = """\
Examples:

    genloss forecast
    genloss forecast houses.csv --target price
    genloss example > plan.toml
    genloss predict plan.toml
    genloss explain ridge

Without a file, forecast uses scikit-learn's digits. A plan file holds a
[problem] and a [plan]; "genloss example" prints one to start from.

Exit code 0: done. 1: a claim of a reproduction fails, or a
monitor's alarm has rung. 2: the call, the file or the data was wrong, or memory ended; one sentence on
standard error says what.
130: stopped by control-C. 143: stopped by SIGTERM.
"""

app = App(
    name="genloss",
    version=__version__,
    help="Predict, simulate, forecast and explain what happens to regression models that are trained, again "
    "and again, on labels made by their predecessors (model collapse).",
    help_epilogue=EPILOGUE,
    help_format="plaintext",
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
)


def examples(*lines: str) -> str:
    """The end of one command's help."""
    return "Examples:\n\n" + "".join(f"    {line}\n" for line in lines)


def _expanded(_: Any, tokens: Sequence[Any]) -> Path:
    return Path(tokens[0].value).expanduser()


File = Annotated[Path, Parameter(converter=_expanded)]
"""A path in which ~ is the home folder, also where the shell leaves it alone (--plot=~/out.png)."""

Flag = Annotated[bool, Parameter(negative="")]
Json = Flag


def spelling(command: Callable[..., Any]) -> Wording:
    """How a command spells the arguments of the package, in errors as in notes and warnings."""
    return Wording.of(command, {name for name in app if not name.startswith("-")})


def check_files(plot: Path | None, report: Path | None = None) -> None:
    """Refuse a figure or a report that could not be written, before any work."""
    if plot is not None:
        if plot.suffix not in (".png", ".svg"):
            raise InvalidInputError(f"--plot was {quoted(plot)}; it must end in .png or .svg")
        if not plot.resolve().parent.is_dir():
            raise InvalidInputError(f"--plot was {quoted(plot)}; its folder does not exist")
    if report is not None:
        from genloss.documents import check_path

        check_path("--report", report)


def answer(
    found: Any,
    show: Callable[..., None],
    *,
    json: bool,
    plain: dict[str, Any] | None = None,
    plot: Path | None = None,
    draw: Callable[..., Any] | None = None,
    report: Path | None = None,
    document: Callable[..., Any] | None = None,
    say: Callable[[str], str] = str,
) -> None:
    """Print what was found, for people or machines, and write its figure and its report.

    ``show(found, console=..., say=...)`` prints it for people; ``plain``, ``draw`` and ``document(found, say)`` are used
    instead of its own ``to_dict``, ``plot`` and report.
    """
    if json:
        print_json(found.to_dict() if plain is None else plain)
    else:
        show(found, console=console(), say=say)
    if plot is not None:
        _save_figure(draw or found.plot, plot)
    if report is not None:
        from genloss.documents import write_report

        write_report(found if document is None else document(found, say), report, say=say)
    for what, path in (("Curves", plot), ("Report", report)):
        if path is not None and not json:
            print(f"\n{what} written to {path}")


def _save_figure(draw: Callable[..., Any], path: Path) -> None:
    """Let ``draw(ax=...)`` draw, and write the figure whole or not at all."""
    import io

    from matplotlib.figure import Figure

    figure, drawn = Figure(figsize=(6.4, 4.0), layout="constrained"), io.BytesIO()
    draw(ax=figure.add_subplot())
    figure.savefig(drawn, dpi=160, format=path.suffix[1:])
    path.write_bytes(drawn.getvalue())


def console() -> Console:
    """Where people read."""
    from rich.console import Console

    return Console()


def print_json(plain: dict[str, Any]) -> None:
    """Print JSON that any reader accepts: "Infinity" as text, null for what is not known."""
    print(json.dumps(finite(plain), indent=2))
