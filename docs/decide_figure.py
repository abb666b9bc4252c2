"""Draw the flow of docs/decide.md: a question a row, its answers with their commands beside it.

python docs/decide_figure.py
"""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from genloss.plots import COLOURS, INK

FLOW = (
    (
        "Who made the labels?",
        ("people", "train as always"),
        ("bought or generated, train once", "genloss weigh real.csv synthetic.csv"),
        ("nobody, a model could", "genloss forecast ... --unlabelled more.csv"),
        "a model, again and again",
    ),
    (
        "A table with real labels?",
        ("no", "genloss predict plan.toml"),
        "yes: genloss forecast houses.csv",
    ),
    (
        "How does the error change?",
        ("little enough", "genloss monitor runs.db"),
        "too much",
    ),
    (
        "Labels without noise?",
        ("yes", "genloss forecast ... --penalty cv"),
        "no",
    ),
    (
        "What can you change?",
        ("keep old rows", "genloss forecast ... (row accumulate)"),
        ("some real labels", "genloss forecast ... --real 0.2"),
        ("labels have a price", "genloss budget real.csv --cost ..."),
        ("only the last model counts", "genloss tune plan.toml --over schedule"),
        "nothing",
    ),
    (
        "Will it go on for ever?",
        ("no", "the forecast says what it costs"),
        ("yes", "genloss limit plan.toml"),
    ),
)
LEFT, RIGHT, LINE, GAP = 0.0, 6.4, 0.62, 0.55
TEXT = 9  # points


def box(ax: Axes, x: float, y: float, width: float, text: str, colour: str) -> None:
    edge = {"edgecolor": colour, "facecolor": "white", "linewidth": 1.2}
    shape = FancyBboxPatch((x, y - 0.22), width, 0.44, boxstyle="round,pad=0.04", **edge)
    ax.add_patch(shape)
    family = "monospace" if text.startswith("genloss") else "sans-serif"
    ax.text(x + 0.12, y, text, va="center", fontsize=TEXT, family=family, color=INK)


def question(ax: Axes, y: float, text: str, width: float) -> None:
    box(ax, LEFT, y, width, text, COLOURS[0])


def answer(ax: Axes, x: float, y: float, text: str, width: float) -> None:
    box(ax, x, y, width, text, COLOURS[1 if text.startswith("genloss") else 2])


def said(ax: Axes, x: float, y: float, text: str) -> None:
    ax.text(x, y, text, fontsize=TEXT, style="italic", color=INK)


def down(ax: Axes, x: float, top: float, below: float, text: str) -> None:
    """The answer that leads to the next question."""
    arrow = {"arrowstyle": "->", "color": INK, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (x, below + 0.26), (x, top - 0.26), arrowprops=arrow)
    said(ax, x + 0.15, below + 0.44, text)


def wide(ax: Axes) -> tuple[float, float]:
    """Answers beside their question."""
    top = 0.0
    for text, *answers in FLOW:
        question(ax, top, text, 3.0)
        boxes = [each for each in answers if not isinstance(each, str)]
        below = top - max(len(boxes), 1) * LINE - GAP
        for k, (label, command) in enumerate(boxes):
            y = top - k * LINE
            ax.plot([3.04, 3.3, 3.3, RIGHT - 0.06], [top, top, y, y], color=INK, lw=0.8)
            said(ax, 3.42, y + 0.07, label)
            answer(ax, RIGHT, y, command, 5.2)
        if isinstance(answers[-1], str):
            down(ax, 0.4, top, below, answers[-1])
        top = below
    return 11.8, top + GAP


def narrow(ax: Axes) -> tuple[float, float]:
    """Answers below their question, for a phone: of 390 pixels, letters take 12."""
    top, step, line, left, right = 0.0, 1.05, 0.2, 0.5, 7.6
    for text, *answers in FLOW:
        question(ax, top, text, right)
        boxes = [each for each in answers if not isinstance(each, str)]
        for k, (label, command) in enumerate(boxes, 1):
            y = top - k * step
            ax.plot([line, line, left - 0.04], [top - 0.26, y, y], color=INK, lw=0.8)
            said(ax, left, y + 0.36, label)
            answer(ax, left, y, command, right - left)
        below = top - len(boxes) * step - 0.68 - GAP
        if isinstance(answers[-1], str):
            down(ax, line, top, below, answers[-1])
        top = below
    return right + 0.12, top + 0.68 + GAP - 0.35


def main() -> None:
    for draw, ending, width, height, dpi in (
        (wide, "", 9, 0.56, 110),
        (narrow, "-narrow", 3.72, 0.46, 195),
    ):
        figure = Figure()
        ax = figure.add_axes((0, 0, 1, 1))
        right, bottom = draw(ax)
        ax.set(xlim=(-0.1, right), ylim=(bottom, 0.4))
        ax.set_axis_off()
        figure.set_size_inches(width, -height * bottom)
        figure.savefig(Path(__file__).parent / "images" / f"decide{ending}.png", dpi=dpi)


if __name__ == "__main__":
    main()
