"""The ``genloss`` command, for people and for machines."""

from __future__ import annotations

import sys

from cyclopts import CycloptsError

from genloss.cli import explain, forecast, papers, plans, sweep  # noqa: F401 -- each adds its subcommands
from genloss.cli.app import app
from genloss.errors import GenlossError

__all__ = ["app", "main"]

INVALID = 2
"""Exit code of a wrong call, an unusable file or a plan that cannot be run."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    try:
        code = app(arguments, result_action="return_value")
    except (GenlossError, CycloptsError) as error:
        print(f"genloss: {error}", file=sys.stderr)
        sys.exit(INVALID)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone, nobody is left to complain to
        sys.exit(0)
    except OSError as error:
        where = f" {error.filename!r}" if error.filename else ""
        print(f"genloss: cannot write{where}: {error.strerror}", file=sys.stderr)
        sys.exit(INVALID)
    sys.exit(code if isinstance(code, int) else 0)
