"""Figure F4: the drawing of the chain, with the error of every model in an example."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from genloss.papers.cells import Cells
from genloss.papers.claims import Claim
from genloss.papers.demystified.no_penalty import least_squares
from genloss.papers.demystified.setting import Setting
from genloss.papers.drawing import colour
from genloss.papers.effort import Effort
from genloss.papers.study import Study
from genloss.plots import INK
from genloss.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REAL, MADE = colour(2), colour(1)


setting = partial(
    Setting,
    problem=Problem.isotropic(300),
    n_samples=600,
    noise=0.5,
    generator_samples=600,
    generator_noise=0.5,
)
"""The example whose errors are written into the drawing."""


def _measure(effort: Effort) -> Cells:
    ten = setting(generations=10)
    runs = effort.risks(ten.problem, ten.plan(), effort.pick(500, 5000), method="auto")
    rows = [
        {
            "model": n + 1,
            "theory": least_squares(setting(generations=n)).risk,
            "simulated": float(risk),
            "stderr": float(stderr),
        }
        for n, (risk, stderr) in enumerate(zip(*runs, strict=True))
    ]
    return Cells(effort, rows)


def _claims(found: Cells) -> Iterator[Claim]:
    for n in (0, 1, 10):
        text = f"error after {n} generators, written into the drawing"
        yield Claim.exact(text, "section 2.1", *found.cell(model=n + 1))


def _draw(_: Cells) -> Figure:
    from matplotlib.figure import Figure

    shown = (1, 2, 10)
    generator = {n: least_squares(setting(generations=n - 1)).risk for n in shown}
    last = least_squares(setting(generations=10)).risk
    figure = Figure(figsize=(8.8, 2.5), layout="constrained")
    ax = figure.add_subplot()
    ax.set_xlim(0, 100)
    ax.set_ylim(4, 30)
    ax.axis("off")
    _box(ax, 1, 15, "truth\n$w_0$", "", REAL)
    places = {1: 22.0, 2: 43.0, 10: 66.0}
    for n, x in places.items():
        name = "n" if n == 10 else str(n)
        _box(ax, x, 15, f"generator\n$\\hat w_{name}$", f"error {generator[n]:.3g}", MADE)
    _box(ax, 87, 15, "downstream\n$\\hat w_n^{\\;\\mathrm{pred}}$", f"error {last:.3g}", colour(0))
    _arrow(ax, 12, 22, "real labels", "$X_0 w_0 + E_0$", REAL)
    _arrow(ax, 33, 43, "synthetic", "$X_1 \\hat w_1 + E_1$", MADE)
    _arrow(ax, 54, 59.5, "", "", MADE)
    ax.text(61.2, 19.5, "⋯", ha="center", va="center", fontsize=14, color=INK)
    _arrow(ax, 62.8, 66, "", "", MADE)
    _arrow(ax, 77, 87, "synthetic", "$X \\hat w_n + E$", MADE)
    ax.plot([6.5, 6.5, 92.5, 92.5], [14, 9, 9, 14], color=INK, lw=0.9, ls="--")
    below = "test error: against the labels of the truth, however long the chain"
    ax.text(50, 5.5, below, ha="center", fontsize=9, color=INK)
    return figure


def _box(ax: Axes, x: float, y: float, text: str, below: str, edge: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    ax.add_patch(
        FancyBboxPatch((x, y), 11, 9, boxstyle="round,pad=0,rounding_size=1.2", fc="white", ec=edge)
    )
    ax.text(x + 5.5, y + 4.5, text, ha="center", va="center", fontsize=8.5, color=INK)
    ax.text(x + 5.5, y + 10, below, ha="center", va="bottom", fontsize=8.5, color=edge)


def _arrow(ax: Axes, start: float, end: float, above: str, below: str, ink: str) -> None:
    ax.annotate(
        "", xy=(end, 19.5), xytext=(start, 19.5), arrowprops={"arrowstyle": "-|>", "color": ink}
    )
    middle = (start + end) / 2
    ax.text(middle, 20.7, above, ha="center", va="bottom", fontsize=7.5, color=ink)
    ax.text(middle, 18.3, below, ha="center", va="top", fontsize=7.5, color=ink)


STUDY = Study(
    name="chain",
    seconds=(1, 4),
    figure="F4",
    shows="the chain, with the error of every model",
    title="F4. The chain: every model is trained on labels of the one before",
    measure=_measure,
    table=lambda found: found.rows,
    claims=_claims,
    draw=_draw,
    caption=lambda _: (
        "Inputs are always real; labels are real once and synthetic ever after. Numbers: the exact "
        "expected test error of least squares in dim 300 with 600 rows per model and label noise "
        "0.5 (signal 1), for generators 1, 2 and 10 and the model downstream of ten generators."
    ),
)
