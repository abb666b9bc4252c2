"""Draw the README's picture: one problem under four plans, and a forecast on real data.

python docs/overview_figure.py
"""

from pathlib import Path

from cycler import cycler
from matplotlib import rc_context
from matplotlib.figure import Figure

import genloss as gl
from genloss.plots import COLOURS, log_ticks
from genloss.tables.load import example_table

MODELS, ROWS, NOISE = 12, 450, 0.5


def main() -> None:
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    problem = gl.Problem.power_law(dim=300, capacity=1.5, source=0.5)
    replace = gl.Plan.replace(MODELS, ROWS, noise=NOISE)
    plans = {
        "relabel everything": replace,
        "keep all rows": gl.Plan.accumulate(MODELS, ROWS, noise=NOISE, design="fresh"),
        "30 % real labels": gl.Plan.mix(MODELS, ROWS, real=0.3, noise=NOISE),
        "best penalty": gl.tune(problem, replace).plan,
    }
    for colour, (name, plan) in zip(COLOURS, plans.items(), strict=False):
        theory = gl.predict(problem, plan)
        trials = gl.simulate(problem, plan, trials=40)
        left.plot(theory.risk, color=colour, label=name)
        left.errorbar(range(MODELS), trials.risk, 2 * trials.stderr, fmt="o", ms=3.5, color=colour)
    left.set(
        xlabel="model (0 is trained on real labels)",
        ylabel="excess risk",
        yscale="log",
        title="four plans: theory (lines), simulation (points)",
    )
    log_ticks(left.yaxis)
    left.legend(frameon=False)

    outlook = gl.forecast(example_table("digits"), classes=True)
    with rc_context({"axes.prop_cycle": cycler(color=COLOURS)}):
        outlook.plot(ax=right)
    top = 1.1 * 100 * outlook.own.high.max()
    right.set(ylim=(0, top), title="handwritten digits, relabelled: forecast with interval")
    right.set_title("", loc="left")
    right.legend(frameon=False, loc="upper left")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    folder = Path(__file__).parent / "images"
    for ending in ("png", "svg"):
        figure.savefig(folder / f"overview.{ending}", dpi=120)


if __name__ == "__main__":
    main()
