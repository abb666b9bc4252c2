"""Columns of a curve by which models are judged: their names beside an axis, their standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from genloss import _check

if TYPE_CHECKING:
    from genloss.curve import Curve

NAMES: Final = {
    "error": "classification error",
    "log_loss": "log loss",
    "brier": "Brier score",
    "accepted": "share of rows kept",
    "norm": "norm",
    "disagreement": "disagreement with model 0",
}
"""What a risk is, every curve says itself."""
SPREADS: Final = {"risk": "stderr", "error": "error_stderr"}
THEORIES: Final = ("channel", "pencil", "state evolution")
"""Methods whose names do not say by themselves that they are theory."""


def measures(curve: Curve) -> dict[str, str]:
    """The columns that are printed, the most telling one first, and what they are.

    Examples
    --------
    >>> import genloss as gl
    >>> measures(gl.Curve([0.5], error=[0.25]))
    {'error': 'classification error', 'risk': 'excess risk'}
    """
    risk = {"risk": curve.metric}
    return risk if curve.error is None else {"error": NAMES["error"], **risk}


def drawn(curves: Sequence[Curve], quantity: str | None) -> str:
    """The column to draw: that asked for, which all curves must have; else classes' errors, or risks."""
    known = [name for name in ("risk", *NAMES) if all(getattr(c, name) is not None for c in curves)]
    if quantity is None:
        return "error" if "error" in known else "risk"
    return _check.choice("quantity", quantity, known)


def said(curve: Curve, name: str, model: int) -> str:
    """A value, and where there is chance its standard error."""
    spread = getattr(curve, SPREADS[name])
    beside = "" if spread is None else f" +- {spread[model]:.2g}"
    return f"{getattr(curve, name)[model]:.5g}{beside}"


def called(curve: Curve) -> str:
    """What a legend says of it: how its numbers came about.

    Examples
    --------
    >>> import genloss as gl
    >>> called(gl.Curve([0.5], method="pencil"))
    'theory (pencil)'
    >>> called(gl.Curve([0.5], method="literal", trials=2000))
    '2,000 runs (literal)'
    """
    if curve.trials is not None:
        return f"{curve.trials:,} runs ({curve.method})"
    return f"theory ({curve.method})" if curve.method in THEORIES else curve.method
