"""The command itself, and how every subcommand writes its answer."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from genloss._version import __version__
from genloss.errors import InvalidInputError

if TYPE_CHECKING:
    from rich.console import Console

EPILOGUE = """\
Examples:

    genloss forecast
    genloss forecast houses.csv --target price
    genloss forecast houses.csv --target price --kernel rbf --plot out.png
    genloss predict plan.toml --json
    genloss simulate plan.toml --trials 500
    genloss reproduce F1 power-law --quick
    genloss explain ridge --level engineer
    genloss sweep sweep.toml

Without a file, forecast uses scikit-learn's digits. A plan file holds a
[problem] and a [plan]; "genloss example" prints one to start from.

Exit code 0: done. 1: a claim of a reproduction fails. 2: the call, the file or the data was wrong; one sentence
on standard error says what.
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
)

Json = Annotated[bool, Parameter(negative="")]


def check_figure(path: Path | None) -> None:
    """Refuse a figure that could not be written, before any work."""
    if path is None:
        return
    if path.suffix not in (".png", ".svg"):
        raise InvalidInputError(f"--plot was {str(path)!r}; it must end in .png or .svg")
    if not path.resolve().parent.is_dir():
        raise InvalidInputError(f"--plot was {str(path)!r}; its folder does not exist")


def save_figure(axes: Any, path: Path, *, quiet: bool) -> None:
    """Write a figure whole or not at all."""
    import io

    drawn = io.BytesIO()
    axes.figure.savefig(drawn, dpi=160, format=path.suffix[1:])
    path.write_bytes(drawn.getvalue())
    if not quiet:
        print(f"\nCurves written to {path}")


def console() -> Console:
    """Where people read."""
    from rich.console import Console

    return Console()


def print_json(plain: dict[str, Any]) -> None:
    """Print JSON that any reader accepts: what is not finite becomes null."""
    print(json.dumps(_finite(plain), indent=2))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
