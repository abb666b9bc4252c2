"""Kernel ridge regression on images of digits: figure, table and claims (`paper.md` 7, F5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss.papers.claims import Claim
from genloss.papers.demystified.figures.mnist_chains import (
    FACTOR,
    GENERATIONS,
    NOISE,
    RULES,
    TINY,
    Panel,
    Split,
    Study,
    panel,
)
from genloss.papers.drawing import NULL, colour, label, points
from genloss.papers.drawing import panels as grid
from genloss.papers.images import Images, load_images
from genloss.papers.reproduction import Effort, Reproduction
from genloss.plots import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]

SPREAD = 2.0  # relative standard deviation of a squared error (Gaussian ones have 1.4)
ROUGH = 1.0  # a factor of two, where the features are far from Gaussian
WHERE = "section 7, section 8 F5"
POOLED = " (MNIST's own parts differ in difficulty)"


def run(effort: Effort) -> Reproduction:
    """Kernel ridge regression on digits, with theory from a spectrum estimated on other images.

    Parameters
    ----------
    effort : Effort
        ``mnist`` names a file; without one, MNIST is taken if it is kept on this machine, a full
        run downloads it, and else scikit-learn's small digits are used and said to be.

    Returns
    -------
    Reproduction
        Error against rows for 0, 1, 3 and 10 generators, RBF and polynomial kernel.

    Raises
    ------
    DataError
        If the file given cannot be used.

    Notes
    -----
    `paper.md` section 7 and F5. One Gram matrix a run serves all sizes, penalties and generations.

    Examples
    --------
    >>> from genloss.papers.demystified.figures import mnist
    >>> from genloss.papers.reproduction import Effort
    >>> drawn = mnist.run(Effort(quick=True))
    >>> drawn.title  # doctest: +ELLIPSIS
    'Kernel ridge regression on ...'
    """
    images, reason = load_images(effort.mnist, quick=effort.quick)
    study = _study(images, effort)
    split = Split.of(images, study, effort.seed)
    panels = {name: panel(kernel, split, study, effort) for name, kernel in study.kernels().items()}
    null = float(np.mean(split.labels[split.test] ** 2))
    return Reproduction(
        title=f"Kernel ridge regression on {images.name}",
        caption=_caption(images, reason, study, panels),
        figure=_figure(images.name, panels, study, null),
        table=_table(images.name, panels, study),
        claims=tuple(
            claim for name, each in panels.items() for claim in _claims(name, each, study, null)
        ),
    )


def _study(images: Images, effort: Effort) -> Study:
    if images.name != "MNIST":
        # 1,797 images: generators so small that no image serves twice in a run
        runs = effort.pick(16, 200)
        return Study(15.0, 50, 1e-3, (25, 50, 100, 200, 400), 500, 397, 397, runs)
    if effort.quick:
        return Study(100.0, 500, 1e-4, (125, 250, 500, 1000), 1_000, 2_000, 2_000, 4)
    return Study(100.0, 1_000, 1e-4, (125, 250, 500, 1000, 2000), 3_000, 10_000, 2_000, 16)


def _caption(images: Images, reason: str, study: Study, panels: dict[str, Panel]) -> str:
    first = next(iter(panels.values()))
    exponents = ", ".join(f"{each.rule.exponent:.2f} ({name})" for name, each in panels.items())
    decays = ", ".join(f"{each.estimate.exponent:.2f} ({name})" for name, each in panels.items())
    reach = study.reach
    return (
        (f"{reason}. " if reason else "")
        + f"Kernel ridge regression on {images.name}: the label is the digit, centred, plus "
        f"N(0, {NOISE:g}^2) at every stage; pixels in [0, 1]; kernels exp(-|x - z|^2 / {reach:g}) "
        f"and (x'z / {reach:g} + 1)^5 / 2^5, no intercept. Generators: T_0 = "
        f"{study.generator_samples} images each, penalty {study.generator_penalty:g}. "
        "All images are pooled and split at random"
        f"{POOLED if images.name == 'MNIST' else ''}: {study.seen} for the spectrum, {study.test} "
        f"for the test with clean labels, {study.scored} of them in a run, and {study.chain} a run "
        f"for the chain, in which no image serves two models. Points: mean of {len(first.runs)} "
        f"runs, bars of two standard errors. Clean rule: penalty {FACTOR:g} T^-l, l = {exponents}; "
        f"adaptive rule: {FACTOR:g} min(T, T_0/n)^-l. Lines: genloss.predict on a problem "
        f"estimated from the real labels of the {study.seen} images: their "
        f"{first.estimate.leading} leading eigenvalues, continued by a power law that keeps the "
        f"trace (decay {decays}), with a target fitted to leave-one-out errors. At the rules it is "
        f"off by {_off(panels, (0, 1))} "
        f"at most; at the penalty {TINY:g} (grey) these features are not Gaussian enough and it is "
        f"off by up to {_off(panels, (2,))}. The plug-in of the {study.seen} empirical eigenvalues "
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


def _figure(data: str, panels: dict[str, Panel], study: Study, null: float) -> Figure:
    figure, axes = grid(2, height=4.4, sharey=True)
    for ax, letter, (name, each) in zip(axes, "ab", panels.items(), strict=True):
        _draw(ax, each, study, null)
        error = "squared error on clean test labels" if letter == "a" else ""
        label(ax, letter, f"{data}, {name} kernel", "downstream images T", error)
    highest = max(
        float(np.max(values[:, :2].max(), initial=values[-1, 2].max()))
        for each in panels.values()
        for values in (each.measured + 2 * each.stderr, each.theory)
    )
    axes[0].set_ylim(0, 1.05 * highest)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4,
                  frameon=False, fontsize=8)  # fmt: skip
    return figure


def _draw(ax: Axes, each: Panel, study: Study, null: float) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    sizes = np.array(study.sizes, dtype=np.float64)
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
    ax.axhline(null, **NULL, label="null predictor")
    ax.axvline(study.generator_samples, color=INK, lw=0.8, ls=":")
    ax.annotate("$T = T_0$", (study.generator_samples, 0), (2, 3), fontsize=8, color=INK,
                xycoords=("data", "axes fraction"), textcoords="offset points")  # fmt: skip
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(list(study.sizes)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_locator(NullLocator())


def _points(
    ax: Axes, each: Panel, at: tuple[int, int], x: Array, ink: str, marker: str, name: str
) -> None:
    inside = "white" if marker == "s" else ink
    points(ax, x, each.measured[at], each.stderr[at], color=ink, marker=marker, mfc=inside,
           label=name)  # fmt: skip


def _table(data: str, panels: dict[str, Panel], study: Study) -> list[dict[str, Any]]:
    return [
        {
            "data": data,
            "kernel": name,
            "generations": n,
            "rule": rule,
            "n_samples": rows,
            "penalty": each.rule(rule, rows, n),
            "measured": float(each.measured[i, j, k]),
            "stderr": float(each.stderr[i, j, k]),
            "theory": float(each.theory[i, j, k]),
            "plug_in": float(each.plug_in[i, j, k]),
        }
        for name, each in panels.items()
        for i, n in enumerate(GENERATIONS)
        for j, rule in enumerate(RULES)
        for k, rows in enumerate(study.sizes)
    ]


def _claims(name: str, each: Panel, study: Study, null: float) -> Iterator[Claim]:
    yield from _shapes(name, each, study, null)
    # the theory knows errors no better than the images that it was estimated from
    tolerance = 3 * SPREAD / study.seen**0.5
    for i, n in enumerate(GENERATIONS):
        text = f"{name}, n = {n}: theory at both rules, worst T"
        yield _worst(each, (i, slice(2)), text, tolerance)
    text = f"{name}: theory at penalty {TINY:g} within a factor of 2, worst n and T"
    yield _worst(each, (slice(None), 2), text, ROUGH)
    last = study.sizes[-1]
    text = f"{name}: the empirical spectrum alone is too optimistic, n = 0, clean rule, T = {last}"
    yield Claim(text, WHERE, each.plug_in[0, 0, -1], each.measured[0, 0, -1],
                each.stderr[0, 0, -1], "at least")  # fmt: skip


def _shapes(name: str, each: Panel, study: Study, null: float) -> Iterator[Claim]:
    """What the curves look like; differences are taken within runs."""
    clean, adaptive, tiny = (each.runs[:, :, j] for j in range(3))

    def bound(text: str, bound: float, values: Array, kind: Any, pick: Any) -> Claim:
        """Claim about the entry that is nearest to breaking it, or breaks it most."""
        mean = values.mean(axis=0).ravel()
        stderr = (values.std(axis=0, ddof=1) / np.sqrt(len(values))).ravel()
        at = int(pick(mean))
        return Claim(f"{name}: {text}", WHERE, bound, float(mean[at]), float(stderr[at]), kind)

    steps = clean[:, 0, 1:] - clean[:, 0, :-1]
    yield bound("real labels: largest change of the error as T doubles", 0, steps, "at most",
                np.argmax)  # fmt: skip
    gaps = clean[:, 1:] - clean[:, :-1]
    yield bound("clean rule: smallest rise of the error from one n to the next", 0, gaps,
                "at least", np.argmin)  # fmt: skip
    first = int(np.searchsorted(study.sizes, study.generator_samples / 2))
    n, rows = GENERATIONS[-1], study.sizes
    ratio = clean[:, -1, -1:] - clean[:, -1, first : first + 1]
    text = f"clean rule, n = {n}: change of the error from T = {rows[first]} to {rows[-1]}"
    yield bound(text, 0, ratio, "at least", np.argmin)
    differs = [[each.rule("adaptive", T, k) != each.rule("clean", T, k) for T in rows]
               for k in GENERATIONS]  # fmt: skip
    text = "largest excess of the adaptive over the clean rule where they differ"
    yield bound(text, 0, (adaptive - clean)[:, np.array(differs)], "at most", np.argmax)
    text = f"penalty {TINY:g}, n = {n}: smallest error, against the null predictor's"
    yield bound(text, null, tiny[:, -1], "at least", np.argmin)


def _worst(each: Panel, at: Any, text: str, tolerance: float) -> Claim:
    """Claim about the entry of a slice that is farthest outside its error bars."""
    theory, measured, stderr = (
        values[at].ravel() for values in (each.theory, each.measured, each.stderr)
    )
    worst = int(np.argmax((np.abs(measured - theory) - 4 * stderr) / theory))
    numbers = float(theory[worst]), float(measured[worst]), float(stderr[worst])
    return Claim(text, WHERE, *numbers, "approximate", tolerance)
