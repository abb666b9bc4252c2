"""Drawings as SVG inside a page: text stays text, ink takes the colour of the page's text."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK = "#010203"  # stands for the page's own colour until the page is dark or light


def svg(draw: Callable[[Axes], object], *, height: float = 3.4) -> str:
    """Let ``draw(ax)`` draw; return an ``<svg>`` element without a fixed size, background or date.

    Examples
    --------
    >>> text = svg(lambda ax: ax.plot([1, 2], label="a < b"))
    >>> text.startswith("<svg"), "currentColor" in text, text == svg(lambda ax: ax.plot([1, 2]))
    (True, True, True)
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    written = io.StringIO()
    with rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "genloss",
            "font.size": 10.0,
            "text.color": _INK,
            "axes.labelcolor": _INK,
            "axes.edgecolor": _INK,
            "xtick.color": _INK,
            "ytick.color": _INK,
        }
    ):
        figure = Figure(figsize=(6.0, height), layout="constrained")
        draw(figure.add_subplot())
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=metadata)
    drawing = written.getvalue()
    drawing = drawing[drawing.index("<svg") :].replace(_INK, "currentColor")
    drawing = re.sub(r"<metadata>.*?</metadata>\s*", "", drawing, flags=re.DOTALL)
    return re.sub(r' (?:width|height)="[\d.]+pt"', "", drawing, count=2).strip()
