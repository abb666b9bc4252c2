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


def box(ax: Axes, x: float, y: float, width: float, text: str, colour: str, *, code: bool) -> None:
    edge = {"edgecolor": colour, "facecolor": "white", "linewidth": 1.2}
    shape = FancyBboxPatch((x, y - 0.22), width, 0.44, boxstyle="round,pad=0.04", **edge)
    ax.add_patch(shape)
    family = "monospace" if code else "sans-serif"
    ax.text(x + 0.12, y, text, va="center", fontsize=9, family=family, color=INK)


def places() -> list[float]:
    """The heights at which questions stand, from above."""
    found = [0.0]
    for _, *answers in FLOW:
        boxes = sum(not isinstance(each, str) for each in answers)
        found.append(found[-1] - max(boxes * LINE, LINE) - GAP)
    return found


def main() -> None:
    tops = places()
    figure = Figure(figsize=(9, -0.56 * tops[-1]), layout="constrained")
    ax = figure.add_subplot()
    for (question, *answers), top, below in zip(FLOW, tops, tops[1:], strict=False):
        box(ax, LEFT, top, 3.0, question, COLOURS[0], code=False)
        y = top
        for answer in answers:
            if isinstance(answer, str):
                arrow = {"arrowstyle": "->", "color": INK, "shrinkA": 0, "shrinkB": 0}
                ax.annotate("", (0.4, below + 0.26), (0.4, top - 0.26), arrowprops=arrow)
                ax.text(0.55, below + 0.44, answer, fontsize=8, style="italic", color=INK)
                continue
            said, command = answer
            ax.plot([3.04, 3.3, 3.3, RIGHT - 0.06], [top, top, y, y], color=INK, lw=0.8)
            ax.text(3.42, y + 0.07, said, fontsize=8, style="italic", color=INK)
            code = command.startswith("genloss")
            box(ax, RIGHT, y, 5.2, command, COLOURS[1 if code else 2], code=code)
            y -= LINE
    ax.set(xlim=(-0.1, 11.8), ylim=(tops[-1] + GAP, 0.4))
    ax.set_axis_off()
    figure.savefig(Path(__file__).parent / "images" / "decide.png", dpi=110)


if __name__ == "__main__":
    main()
