"""The ``genloss`` command, for people and for machines."""

from __future__ import annotations

import os
import sys
from inspect import Parameter

from cyclopts import CoercionError, CycloptsError

from genloss.cli import (  # noqa: F401 -- each adds its subcommands
    browser,
    budget,
    completion,
    explain,
    forecast,
    limits,
    monitor,
    papers,
    phases,
    plans,
    scaling,
    schema,
    sweep,
    tuning,
    weigh,
)
from genloss.cli.app import app, spelling
from genloss.cli.numbers import refuse_fractions, told
from genloss.cli.plan_files import PlanFileError
from genloss.cli.signals import orderly
from genloss.cli.streams import discard, flush, tolerate, unheeded
from genloss.cli.wording import Wording
from genloss.errors import GenlossError
from genloss.report.visible import visible

__all__ = ["app", "main"]

INVALID = 2
"""Exit code of a wrong call, an unusable file or a plan that cannot be run."""

INTERRUPTED = 130
"""Exit code after control-C, as of any command; after another signal 128 and its number."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    os.environ["MPLBACKEND"] = "agg"  # figures go to files only, whatever the user's window system
    tolerate(sys.stdout)
    tolerate(sys.stderr)
    with orderly() as received, unheeded():
        try:
            code = _run(arguments)
            flush(sys.stdout)
        except KeyboardInterrupt:
            discard(sys.stdout)
            code = INTERRUPTED
            _complain("stopped")
        except OSError as error:
            discard(sys.stdout)
            where = f" {error.filename!r}" if error.filename else ""
            _complain(f"cannot read or write{where}: {error.strerror or error}")
            code = INVALID
    sys.exit(128 + received[0] if received else code)


def _run(arguments: list[str] | None) -> int:
    wording = Wording()
    try:
        command, bound, _ = app.parse_args(arguments)
        wording = spelling(command)
        refuse_fractions(command, sys.argv[1:] if arguments is None else arguments)
        code = command(*bound.args, **bound.kwargs)
        return code if isinstance(code, int) else 0
    except CycloptsError as error:
        _complain(_said(error))
    except PlanFileError as error:
        _complain(str(error))
    except GenlossError as error:
        _complain(wording(str(error)))
    except MemoryError as error:
        _complain(f"memory ended ({error}); ask for fewer rows, directions or workers at a time")
    return INVALID


def _said(error: CycloptsError) -> str:
    """What was wrong with a call; commands that take options of any name do not ask for values."""
    if error.argument and error.argument.field_info.kind is Parameter.VAR_KEYWORD:
        return f"Unknown option: {getattr(error, 'keyword', '')}."
    if isinstance(error, CoercionError) and (said := told(error)):
        return said
    return str(error)


def _complain(sentence: str) -> None:
    print(f"genloss: {visible(sentence)}", file=sys.stderr)
