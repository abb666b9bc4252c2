"""Extension: the figure of chains of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genloss.papers.demystified.figures.network_chain import Array
from genloss.papers.demystified.figures.network_measurements import (
    DEEP,
    KERNEL,
    RIDGE,
    SHALLOW,
    SOME_NOISE,
    STRONG,
    Design,
    Results,
)
from genloss.plots import COLOURS, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHADES = dict(zip((RIDGE, KERNEL, SHALLOW, DEEP), COLOURS, strict=False))


def figure_of(results: Results, expected: Array, design: Design) -> Figure:
    """The figure: growth, the law of noise, the best penalty, strong penalties."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.4, 6.4), layout="constrained")
    growth, law, penalty, strong = figure.subplots(2, 2).ravel()
    _draw_growth(growth, results, expected, design)
    _draw_law(law, results, design)
    _draw_penalty(penalty, results, design)
    _draw_strong(strong, results, design)
    for ax, letter in zip((growth, law, penalty, strong), "abcd", strict=True):
        ax.set_title(f"({letter}) {ax.get_title()}", loc="left", fontsize=9)
        ax.set_title("")
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
    return figure


def _points(ax: Axes, x: Any, runs: list[Array], **style: Any) -> None:
    """Means over runs with error bars of two standard errors."""
    means = [each.mean() for each in runs]
    bars = [2 * np.std(each, ddof=1) / np.sqrt(len(each)) if len(each) > 1 else 0 for each in runs]
    look: dict[str, Any] = {"ms": 4, "capsize": 2, "lw": 1, "marker": "o"} | style
    ax.errorbar(x, means, yerr=bars, **look)


def _errors(results: Results, part: str, name: str, noise: float, **only: float) -> list[Array]:
    return [
        scores.error
        for key, scores in results.items()
        if (key.part, key.learner, key.noise) == (part, name, noise)
        and all(getattr(key, field) == value for field, value in only.items())
    ]


def _log_error(ax: Axes) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())


def _draw_growth(ax: Axes, results: Results, expected: Array, design: Design) -> None:
    models = np.arange(design.before + 1)
    for name, colour in SHADES.items():
        _points(ax, models, _errors(results, "noise", name, 1.0), color=colour, label=name)
    ax.plot(models, expected, color=SHADES[RIDGE], ls=":", lw=2, label="ridge, linear theory")
    ax.set_ylim(0, 1.15 * ax.get_ylim()[1])  # room for the legend
    ax.set_xticks(models)
    ax.set_title("every error grows")
    ax.set_xlabel("model (0 is fitted on real labels)", fontsize=9)
    ax.set_ylabel("error on real labels (constant = 1)", fontsize=9)
    ax.legend(frameon=False, fontsize=8)


def _draw_law(ax: Axes, results: Results, design: Design) -> None:
    noises = design.noises[1:]
    for name, colour in SHADES.items():
        [without] = _errors(results, "noise", name, 0.0, model=design.before)
        excess = [
            (_errors(results, "noise", name, noise, model=design.before)[0] - without) / noise**2
            for noise in noises
        ]
        _points(ax, noises, excess, color=colour)
    ax.set_xscale("log", base=2)
    ax.set_xticks(noises, [f"{noise:g}" for noise in noises])
    _log_error(ax)
    ax.set_title("noise enters squared only in linear learners")
    ax.set_xlabel("label noise (standard deviation)", fontsize=9)
    ax.set_ylabel(f"excess of model {design.before} / noise squared", fontsize=9)


def _draw_penalty(ax: Axes, results: Results, design: Design) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    looks: dict[str, dict[str, Any]] = {
        SHALLOW: {"marker": "o", "ls": "-"},
        DEEP: {"marker": "s", "ls": "--", "mfc": "w"},
    }
    for number, label in ((0, "real labels"), (design.before, f"after {design.before} models")):
        for name, look in looks.items():
            _points(
                ax,
                design.penalties,
                _errors(results, "penalty", name, 1.0, model=number),
                color=SHADES[name],
                alpha=1.0 if number else 0.55,
                **look | ({"lw": 2} if number else {}),
                label=f"{name}, {label}",
            )
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    _log_error(ax)
    ax.set_ylim(top=3 * ax.get_ylim()[1])  # room for the legend
    ax.set_title("the best penalty moves up")
    ax.set_xlabel("penalty of the last model (per row)", fontsize=9)
    ax.set_ylabel("error on real labels (constant = 1)", fontsize=9)
    ax.legend(frameon=False, fontsize=8)


def _draw_strong(ax: Axes, results: Results, design: Design) -> None:
    models = np.arange(design.models)
    broken: dict[str, Any] = {"ls": "--", "mfc": "w"}
    plain: dict[str, Any] = {}
    for name, penalty in STRONG.items():
        for noise, look in ((0.0, plain), (SOME_NOISE, broken)):
            _points(ax, models, _errors(results, "strong", name, noise), color=SHADES[name], **look)
        ax.plot([], [], color=SHADES[name], label=f"{name}, penalty {penalty:g}")
    ax.plot([], [], color=INK, ls="--", label=f"with label noise {SOME_NOISE:g}")
    ax.axhline(1, color=INK, lw=0.8, ls=":")
    ax.set_ylim(bottom=0)
    ax.set_xticks(models)
    ax.set_title("under a strong penalty, networks go out")
    ax.set_xlabel("model (0 is fitted on real labels)", fontsize=9)
    ax.set_ylabel("error on real labels (constant = 1)", fontsize=9)
    ax.legend(frameon=False, fontsize=8, loc="lower right")
