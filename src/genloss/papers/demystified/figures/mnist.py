"""Kernel ridge regression on images of digits: figure, table and claims (`paper.md` 7, F5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genloss.papers.claims import Claim, worst
from genloss.papers.demystified.figures.mnist_chains import (
    FACTOR,
    GENERATIONS,
    NOISE,
    RULES,
    TINY,
    Panel,
    Sizes,
    Split,
    panel,
)
from genloss.papers.drawing import NULL, colour, panels, points, ticks
from genloss.papers.effort import Array, Effort
from genloss.papers.images import MNIST, Images, load_images
from genloss.papers.reproduction import Row
from genloss.papers.study import Study
from genloss.plots import INK
from genloss.trials.given_inputs import mean_and_stderr

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPREAD = 2.0  # relative standard deviation of a squared error (Gaussian ones have 1.4)
ROUGH = 1.0  # a factor of two, where the features are far from Gaussian
WHERE = "section 7, section 8 F5"
POOLED = " (MNIST's own parts differ in difficulty)"


@dataclass(frozen=True)
class Found:
    """Errors of both kernels on one set of images; ``reason`` says why it is not MNIST."""

    data: str
    reason: str
    sizes: Sizes
    panels: dict[str, Panel]
    null: float


def _measure(effort: Effort) -> Found:
    """Literal chains, and theory from a spectrum estimated on other images."""
    path = effort.options.get("mnist")
    images, reason = load_images(None if path is None else Path(path), quick=effort.quick)
    sizes = _sizes(images, effort)
    split = Split.of(images, sizes, effort.seed)
    found = {name: panel(kernel, split, sizes, effort) for name, kernel in sizes.kernels().items()}
    return Found(images.name, reason, sizes, found, float(np.mean(split.labels[split.test] ** 2)))


def _sizes(images: Images, effort: Effort) -> Sizes:
    if images.name != "MNIST":
        # 1,797 images: generators so small that no image serves twice in a run
        runs = effort.pick(16, 200)
        return Sizes(15.0, 50, 1e-3, (25, 50, 100, 200, 400), 500, 397, 397, runs)
    if effort.quick:
        return Sizes(100.0, 500, 1e-4, (125, 250, 500, 1000), 1_000, 2_000, 2_000, 4)
    return Sizes(100.0, 1_000, 1e-4, (125, 250, 500, 1000, 2000), 3_000, 10_000, 2_000, 16)


def _caption(found: Found) -> str:
    panels, sizes = found.panels, found.sizes
    first = next(iter(panels.values()))
    exponents = ", ".join(f"{each.rule.exponent:.2f} ({name})" for name, each in panels.items())
    decays = ", ".join(f"{each.estimate.exponent:.2f} ({name})" for name, each in panels.items())
    reach = sizes.reach
    return (
        (f"{found.reason}. " if found.reason else "")
        + f"Kernel ridge regression on {found.data}: the label is the digit, centred, plus "
        f"N(0, {NOISE:g}^2) at every stage; pixels in [0, 1]; kernels exp(-|x - z|^2 / {reach:g}) "
        f"and (x'z / {reach:g} + 1)^5 / 2^5, no intercept. Generators: T_0 = "
        f"{sizes.generator_samples} images each, penalty {sizes.generator_penalty:g}. "
        "All images are pooled and split at random"
        f"{POOLED if found.data == 'MNIST' else ''}: {sizes.seen} for the spectrum, {sizes.test} "
        f"for the test with clean labels, {sizes.scored} of them in a run, and {sizes.chain} a run "
        f"for the chain, in which no image serves two models. Points: mean of {len(first.runs)} "
        f"runs, bars of two standard errors. Clean rule: penalty {FACTOR:g} T^-l, l = {exponents}; "
        f"adaptive rule: {FACTOR:g} min(T, T_0/n)^-l. Lines: genloss.predict on a problem "
        f"estimated from the real labels of the {sizes.seen} images: their "
        f"{first.estimate.leading} leading eigenvalues, continued by a power law that keeps the "
        f"trace (decay {decays}), with a target fitted to leave-one-out errors. At the rules it is "
        f"off by {_off(panels, (0, 1))} "
        f"at most; at the penalty {TINY:g} (grey) these features are not Gaussian enough and it is "
        f"off by up to {_off(panels, (2,))}. The plug-in of the {sizes.seen} empirical eigenvalues "
        f"alone is off by up to {_off(panels, (0, 1), plug_in=True)} at the rules and "
        f"{_off(panels, (2,), plug_in=True)} at {TINY:g} (not drawn, see the table)."
    )


def _off(panels: dict[str, Panel], rules: tuple[int, ...], *, plug_in: bool = False) -> str:
    """Largest relative distance of a theory from the measurement."""
    distances = [
        np.abs((each.plug_in if plug_in else each.theory) / each.measured - 1)[:, rules].max()
        for each in panels.values()
    ]
    return f"{max(distances):.0%}"


def _draw(found: Found) -> Figure:
    words = [(f"{found.data}, {name} kernel", "downstream images T") for name in found.panels]
    error = "squared error on clean test labels"
    figure, axes = panels(words, height=4.4, y=error, sharey=True)
    for ax, each in zip(axes, found.panels.values(), strict=True):
        _draw_panel(ax, each, found)
    highest = max(
        float(np.max(values[:, :2].max(), initial=values[-1, 2].max()))
        for each in found.panels.values()
        for values in (each.measured + 2 * each.stderr, each.theory)
    )
    axes[0].set_ylim(0, 1.05 * highest)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4,
                  frameon=False, fontsize=8)  # fmt: skip
    return figure


def _draw_panel(ax: Axes, each: Panel, found: Found) -> None:
    behind, sizes = found.sizes.generator_samples, np.array(found.sizes.downstream, float)
    for i, n in enumerate(GENERATIONS):
        _points(ax, each, (i, 0), sizes, colour(i), "o", f"n = {n}, clean rule")
        ax.plot(sizes, each.theory[i, 0], color=colour(i), lw=1.4)
    for i, n in enumerate(GENERATIONS[2:], start=2):
        _points(ax, each, (i, 1), sizes * 1.06, colour(i), "s", f"n = {n}, adaptive rule")
        ax.plot(sizes, each.theory[i, 1], color=colour(i), lw=1.4, ls="--")
    last = len(GENERATIONS) - 1
    text = f"n = {GENERATIONS[last]}, penalty $10^{{{np.log10(TINY):.0f}}}$"
    _points(ax, each, (last, 2), sizes, "0.55", "^", text)
    ax.plot(sizes, each.theory[last, 2], color="0.55", ls=":")
    ax.plot([], [], color=INK, lw=1.4, label="theory")
    ax.axhline(found.null, **NULL, label="null predictor")
    ax.axvline(behind, color=INK, lw=0.8, ls=":")
    ax.annotate("$T = T_0$", (behind, 0), (2, 3), fontsize=8, color=INK,
                xycoords=("data", "axes fraction"), textcoords="offset points")  # fmt: skip
    ax.set_xscale("log")
    ticks(ax.xaxis, found.sizes.downstream)


def _points(
    ax: Axes, each: Panel, at: tuple[int, int], x: Array, ink: str, marker: str, name: str
) -> None:
    inside = "white" if marker == "s" else ink
    points(ax, x, each.measured[at], each.stderr[at], color=ink, marker=marker, mfc=inside,
           label=name)  # fmt: skip


def _table(found: Found) -> list[Row]:
    return [
        {
            "data": found.data,
            "kernel": name,
            "generations": n,
            "rule": rule,
            "n_samples": rows,
            "penalty": each.rule(rule, rows, n),
            **{
                column: float(getattr(each, column)[i, j, k])
                for column in ("measured", "stderr", "theory", "plug_in")
            },
        }
        for name, each in found.panels.items()
        for i, n in enumerate(GENERATIONS)
        for j, rule in enumerate(RULES)
        for k, rows in enumerate(found.sizes.downstream)
    ]


def _claims(found: Found) -> Iterator[Claim]:
    for name, each in found.panels.items():
        yield from _shapes(name, each, found.sizes, found.null)
        yield from _theories(name, each, found.sizes)


def _theories(name: str, each: Panel, sizes: Sizes) -> Iterator[Claim]:
    """How far theory is from the measurement."""

    def farthest(text: str, tolerance: float, *at: Any) -> Claim:
        values = (known[at] for known in (each.theory, each.measured, each.stderr))
        return worst(f"{name}{text}", WHERE, *values, tolerance=tolerance)

    # the theory knows errors no better than the images that it was estimated from
    tolerance = 3 * SPREAD / sizes.seen**0.5
    for i, n in enumerate(GENERATIONS):
        yield farthest(f", n = {n}: theory at both rules, worst T", tolerance, i, slice(2))
    text = f": theory at penalty {TINY:g} within a factor of 2, worst n and T"
    yield farthest(text, ROUGH, slice(None), 2)
    text = (
        f"{name}: the empirical spectrum alone is too optimistic, n = 0, clean rule, "
        f"T = {sizes.downstream[-1]}"
    )
    plain, measured, stderr = (
        float(known[0, 0, -1]) for known in (each.plug_in, each.measured, each.stderr)
    )
    yield Claim(text, WHERE, plain, measured, stderr, "at least")


def _shapes(name: str, each: Panel, sizes: Sizes, null: float) -> Iterator[Claim]:
    """What the curves look like; differences are taken within runs."""
    clean, adaptive, tiny = (each.runs[:, :, j] for j in range(3))

    def bound(text: str, bound: float, values: Array, kind: Any, pick: Any) -> Claim:
        """Claim about the entry that is nearest to breaking it, or breaks it most."""
        mean, stderr = (each.ravel() for each in mean_and_stderr(values))
        at = int(pick(mean))
        return Claim(f"{name}: {text}", WHERE, bound, float(mean[at]), float(stderr[at]), kind)

    steps = clean[:, 0, 1:] - clean[:, 0, :-1]
    yield bound("real labels: largest change of the error as T doubles", 0, steps, "at most",
                np.argmax)  # fmt: skip
    gaps = clean[:, 1:] - clean[:, :-1]
    yield bound("clean rule: smallest rise of the error from one n to the next", 0, gaps,
                "at least", np.argmin)  # fmt: skip
    first = int(np.searchsorted(sizes.downstream, sizes.generator_samples / 2))
    n, rows = GENERATIONS[-1], sizes.downstream
    ratio = clean[:, -1, -1:] - clean[:, -1, first : first + 1]
    text = f"clean rule, n = {n}: change of the error from T = {rows[first]} to {rows[-1]}"
    yield bound(text, 0, ratio, "at least", np.argmin)
    differs = [[each.rule("adaptive", T, k) != each.rule("clean", T, k) for T in rows]
               for k in GENERATIONS]  # fmt: skip
    text = "largest excess of the adaptive over the clean rule where they differ"
    yield bound(text, 0, (adaptive - clean)[:, np.array(differs)], "at most", np.argmax)
    text = f"penalty {TINY:g}, n = {n}: smallest error, against the null predictor's"
    yield bound(text, null, tiny[:, -1], "at least", np.argmin)


STUDY = Study(
    name="mnist",
    seconds=(11, 25),
    figure="F5",
    shows="kernel ridge on images of digits",
    title="Kernel ridge regression on {data}",
    options={"mnist": MNIST},
    measure=_measure,
    table=_table,
    claims=_claims,
    draw=_draw,
    caption=_caption,
)
