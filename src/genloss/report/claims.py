"""Claims of a reproduction with predicted and measured numbers and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genloss._words import number
from genloss.report.sentences import sentence
from genloss.report.table import Column, print_table

if TYPE_CHECKING:
    from rich.console import Console

    from genloss.papers.claims import Claim

SIGNS = {"at most": "≤ ", "at least": "≥ "}


def print_claims(title: str, claims: Sequence[Claim], console: Console) -> None:
    """Print a title and one row for each claim."""
    sentence(title, console, style="italic")
    if not claims:
        return
    print_table(
        [
            Column("claim", [claim.claim for claim in claims], left=True, wraps=True),
            Column("where", [claim.where for claim in claims], left=True, wraps=True),
            Column(
                "predicted",
                [SIGNS.get(claim.kind, "") + number(claim.predicted) for claim in claims],
            ),
            Column("measured", [number(claim.measured) for claim in claims]),
            Column("s.e.", [number(c.stderr, 1) if c.stderr else "" for c in claims], rank=1),
            Column("verdict", [claim.verdict for claim in claims], left=True),
        ],
        console,
    )
