"""Extension: the paper's chain with neural networks, beside ridge and kernel ridge regression.

The paper treats linear models and kernels; what follows is not in it. `network_chain` holds the
learners, the chain and what is measured on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genloss.papers.claims import Claim, Kind
from genloss.papers.demystified.figures.network_chain import (
    DEEP,
    HALF,
    KERNEL,
    LAYERS,
    LIGHT,
    NARROW,
    RIDGE,
    SHALLOW,
    SOME_NOISE,
    STRONG,
    WIDE,
    Array,
    Key,
    Results,
    Scores,
    Sizes,
    Task,
    equivalent_penalty,
    measure,
    task,
)
from genloss.papers.drawing import colour, legend, log_axes, panels, points
from genloss.papers.effort import Effort
from genloss.papers.images import MNIST, digits, load_mnist
from genloss.papers.reproduction import Row
from genloss.papers.study import Study
from genloss.plan import Plan
from genloss.plots import INK
from genloss.problem import Problem
from genloss.theory.predict import predict
from genloss.trials.given_inputs import mean_and_stderr

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

QUICK = Sizes(
    n_samples=120,
    many=480,
    before=3,
    models=5,
    runs=3,
    iterations=40,
    width=25,
    depth=16,
    widths=(10, 60),
    noises=(0.0, 0.5, 1.0),
    penalties=(0.03, 0.1, 0.3, 0.8),
)
# scikit-learn's images are few: nine models on fresh rows need this many each
FEW_IMAGES = Sizes(n_samples=150, many=600)
LOOKS: dict[str, dict[str, Any]] = {
    SHALLOW: {"marker": "o"},
    DEEP: {"marker": "s", "ls": "--", "mfc": "w"},
}
INKS = {name: colour(number) for number, name in enumerate(LIGHT)}


@dataclass(frozen=True)
class Found:
    """Scores of every model, and what the linear theory says of the chain of ridge regressions."""

    task: Task
    sizes: Sizes
    results: Results
    expected: Array

    def errors(self, part: str, name: str, noise: float, **only: float) -> list[Array]:
        """Errors of one part, learner and noise, one entry per run each."""
        return [
            scores.error
            for key, scores in self.results.items()
            if (key.part, key.learner, key.noise) == (part, name, noise)
            and all(getattr(key, field) == value for field, value in only.items())
        ]


def found(rows: Task, sizes: Sizes, *, seed: int, workers: int | None) -> Found:
    """The experiment on given rows, of a given size."""
    results = measure(rows, sizes, seed=seed, workers=workers)
    return Found(rows, sizes, results, ridge_theory(rows, sizes))


def _measure(effort: Effort) -> Found:
    path = effort.options.get("mnist")
    if effort.quick or path is None:
        rows, sizes = task(digits()), effort.pick(QUICK, FEW_IMAGES)
    else:
        rows, sizes = task(load_mnist(Path(path))), Sizes()
    return found(rows, sizes, seed=effort.seed, workers=effort.workers)


def ridge_theory(rows: Task, sizes: Sizes) -> Array:
    """What `genloss.predict` says of the chain of ridge regressions with label noise 1.

    All rows stand for the population; what no linear model can explain of the labels counts as
    label noise of model 0, and as error of every model.

    Returns
    -------
    ndarray of shape (before + 1,)
        Error on real labels, that of a constant being 1.
    """
    spectrum, axes = np.linalg.eigh(rows.inputs.T @ rows.inputs / len(rows.labels))
    seen = spectrum > 1e-9 * spectrum[-1]
    spectrum, axes = spectrum[seen], axes[:, seen]
    truth = axes.T @ (rows.inputs.T @ rows.labels) / len(rows.labels) / spectrum
    unexplained = float(np.mean((rows.labels - rows.inputs @ (axes @ truth)) ** 2))
    noise = [np.sqrt(1 + unexplained)] + [1.0] * sizes.before
    plan = Plan.replace(sizes.before + 1, sizes.n_samples, penalty=LIGHT[RIDGE], noise=noise)
    return unexplained + predict(Problem(spectrum, truth, gaussian=False), plan).risk


def _jackknife(statistic: Callable[[Array], Any], *runs: Array) -> tuple[float, float]:
    """A function of means over runs, one array of them each, and its standard error."""
    draws = np.stack(runs, axis=1)
    count = len(draws)
    left_out = [statistic(np.delete(draws, i, axis=0).mean(axis=0)) for i in range(count)]
    spread = np.sqrt((count - 1) * np.var(left_out)) if count > 1 else 0.0
    return float(statistic(draws.mean(axis=0))), float(spread)


def _mean(runs: Array) -> tuple[float, float]:
    return _jackknife(lambda mean: mean[0], runs)


def _ratio(over: Array, under: Array) -> tuple[float, float]:
    return _jackknife(lambda mean: mean[0] / mean[1], over, under)


def _claim(
    text: str, predicted: float, measured: tuple[float, float], kind: Kind = "at least"
) -> Claim:
    return Claim(text, "extension", float(predicted), *measured, kind, 0.1)


def _claims(found: Found) -> Iterator[Claim]:
    sizes, results = found.sizes, found.results
    size, late, last = sizes.n_samples, sizes.before, sizes.models - 1
    low, high = sizes.noises[1], sizes.noises[-1]
    more = f"{sizes.many // size} times the rows"

    def light(name: str, noise: float, model: int) -> Array:
        return results[Key("noise", name, LIGHT[name], noise, model, size)].error

    def strong(name: str, model: int) -> Scores:
        return results[Key("strong", name, STRONG[name], 0.0, model, size)]

    def later(part: str, name: str, model: int, penalty: float, rows: int = size) -> Array:
        return results[Key(part, name, penalty, 1.0, model, rows)].error

    def rows_gain(name: str, model: int) -> tuple[float, float]:
        few = later("penalty", name, model, LIGHT[name])
        return _ratio(later("rows", name, model, LIGHT[name], sizes.many), few)

    def law(name: str) -> tuple[float, float]:
        """Excess over the noiseless chain per squared noise: at the highest over the lowest."""
        return _jackknife(
            lambda e: (e[2] - e[0]) / (e[1] - e[0]) * (low / high) ** 2,
            *(light(name, noise, late) for noise in (0.0, low, high)),
        )

    text = f"ridge, model {late}: error by the linear theory"
    yield _claim(text, found.expected[-1], _mean(light(RIDGE, 1.0, late)), "approximate")
    penalties = np.asarray(sizes.penalties)
    excess = f"excess per squared noise, noise {high:g} over {low:g}, is"
    for name, layers in LAYERS.items():
        clean, after = (
            np.stack([later("penalty", name, model, each) for each in sizes.penalties], axis=1)
            for model in (0, late)
        )
        best, adapted = (each.mean(axis=0).argmin() for each in (clean, after))
        octaves = np.log2(penalties[after.argmin(axis=1)] / penalties[clean.argmin(axis=1)])
        same = equivalent_penalty(LIGHT[name], factor=HALF, layers=layers)
        halved = later("labels halved", name, 0, LIGHT[name])
        equal = later("equivalent penalty", name, 0, same)
        carries, not_so = f"carries over, {name}:", f"does not carry over, {name}:"
        yield _claim(
            f"{carries} error of model {late} over that of model 0, label noise 1",
            1.5,
            _ratio(light(name, 1.0, late), light(name, 1.0, 0)),
        )
        yield _claim(
            f"{carries} the same without any label noise",
            1.2,
            _ratio(light(name, 0.0, late), light(name, 0.0, 0)),
        )
        yield _claim(
            f"{carries} best penalty after {late} models over that on real labels",
            1.5,
            _jackknife(lambda mean: 2 ** mean[0], octaves),
        )
        yield _claim(
            f"{carries} after {late} models, error with the penalty best on real labels over that "
            "with the best",
            1.1,
            _ratio(after[:, best], after[:, adapted]),
        )
        text = f"{carries} {more} after {late} models multiply the error by"
        yield _claim(text, 0.8, rows_gain(name, late))
        yield _claim(f"{not_so} {excess} not 1", 1.1, law(name))
        yield _claim(
            f"why, {name}: error on labels halved is that with {same / LIGHT[name]:.3g} times the "
            "penalty",
            equal.mean(),
            (float(halved.mean()), _mean(halved - equal)[1]),
            "approximate",
        )
        yield _claim(
            f"{not_so} spread of the predictions of model {last}, strong penalty, no noise "
            "(extinct, not geometric)",
            1e-3,
            _mean(strong(name, last).spread),
            "at most",
        )
    for name in (RIDGE, KERNEL):
        yield _claim(f"{name}: {excess} 1 in every run", 1.0, law(name), "exact")
    yield _claim(
        f"kernel ridge: share of the spread that survives model {last}, strong penalty, no noise",
        0.4,
        _ratio(strong(KERNEL, last).spread, strong(KERNEL, last - 1).spread),
    )
    wide, narrow = (later("width", name, late, LIGHT[SHALLOW]) for name in (WIDE, NARROW))
    yield _claim(
        f"more units do not make it worse: error of model {late} with one hidden layer of "
        f"{sizes.widths[1]} over that with {sizes.widths[0]}, same penalty",
        1.0,
        _ratio(wide, narrow),
        "at most",
    )
    text = f"real labels: {more} multiply the error of one hidden layer by"
    yield _claim(text, 0.8, rows_gain(SHALLOW, 0), "at most")


def _table(found: Found) -> list[Row]:
    rows: list[Row] = []
    for key, scores in found.results.items():
        mean, stderr = mean_and_stderr(scores.error)
        told = {"runs": len(scores.error), "error": float(mean), "stderr": float(stderr)}
        rows.append({**key._asdict(), **told, "spread": float(scores.spread.mean())})
    return rows


def _draw(found: Found) -> Figure:
    model = "model (0 is fitted on real labels)"
    words = (
        ("every error grows", model),
        (
            "noise enters squared only in linear learners",
            "label noise (standard deviation)",
            f"excess of model {found.sizes.before} / noise squared",
        ),
        ("the best penalty moves up", "penalty of the last model (per row)"),
        ("under a strong penalty, networks go out", model),
    )
    error = "error on real labels (constant = 1)"
    figure, axes = panels(words, columns=2, width=3.7, height=3.2, y=error)
    for draw, ax in zip((_draw_growth, _draw_law, _draw_penalty, _draw_strong), axes, strict=True):
        draw(ax, found)
    return figure


def _means(ax: Axes, x: Any, runs: list[Array], ink: str, **look: Any) -> None:
    """Means over runs with error bars of two standard errors, joined."""
    mean, stderr = mean_and_stderr(np.stack(runs, axis=1))
    plain: dict[str, Any] = {"ms": 4, "lw": 1, "ls": "-"}
    points(ax, x, mean, stderr, color=ink, **plain | look)


def _draw_growth(ax: Axes, found: Found) -> None:
    models = np.arange(found.sizes.before + 1)
    for name, ink in INKS.items():
        _means(ax, models, found.errors("noise", name, 1.0), ink, label=name)
    ax.plot(models, found.expected, color=INKS[RIDGE], ls=":", lw=2, label="ridge, linear theory")
    ax.set_ylim(0, 1.15 * ax.get_ylim()[1])  # room for the legend
    ax.set_xticks(models)
    legend(ax)


def _draw_law(ax: Axes, found: Found) -> None:
    noises, late = found.sizes.noises[1:], found.sizes.before
    for name, ink in INKS.items():
        [without] = found.errors("noise", name, 0.0, model=late)
        excess = [
            (found.errors("noise", name, noise, model=late)[0] - without) / noise**2
            for noise in noises
        ]
        _means(ax, noises, excess, ink)
    log_axes(ax, x=False, subs=(1, 2, 5))
    ax.set_xscale("log", base=2)
    ax.set_xticks(noises, [f"{noise:g}" for noise in noises])


def _draw_penalty(ax: Axes, found: Found) -> None:
    late = found.sizes.before
    for number, name in ((0, "real labels"), (late, f"after {late} models")):
        for learner, look in LOOKS.items():
            weight: dict[str, Any] = {"lw": 2} if number else {"alpha": 0.55}
            runs = found.errors("penalty", learner, 1.0, model=number)
            _means(ax, found.sizes.penalties, runs, INKS[learner], **look, **weight,
                   label=f"{learner}, {name}")  # fmt: skip
    log_axes(ax, subs=(1, 2, 5), x_subs=(1, 2, 5))
    ax.set_ylim(top=3 * ax.get_ylim()[1])  # room for the legend
    legend(ax)


def _draw_strong(ax: Axes, found: Found) -> None:
    models = np.arange(found.sizes.models)
    for name, penalty in STRONG.items():
        _means(ax, models, found.errors("strong", name, 0.0), INKS[name], ls="-")
        noisy = found.errors("strong", name, SOME_NOISE)
        _means(ax, models, noisy, INKS[name], ls="--", mfc="w")
        ax.plot([], [], color=INKS[name], label=f"{name}, penalty {penalty:g}")
    ax.plot([], [], color=INK, ls="--", label=f"with label noise {SOME_NOISE:g}")
    ax.axhline(1, color=INK, lw=0.8, ls=":")
    ax.set_ylim(bottom=0)
    ax.set_xticks(models)
    legend(ax, loc="lower right")


def _caption(found: Found) -> str:
    rows, sizes = found.task, found.sizes
    low, high = sizes.noises[1], sizes.noises[-1]
    return (
        "Our extension; we found no experiment with networks in the paper. "
        f"{rows.name}, the digit as a number with variance 1, {rows.inputs.shape[1]} pixels; every "
        f"model is initialised afresh and fitted on {sizes.n_samples} fresh rows labelled by the "
        "one before, plus label noise (standard deviation in units of that of the labels); the "
        f"error is that on {len(rows.scored_labels)} held-out rows with real labels, a constant "
        f"scoring 1. Networks of rectified linear units: one hidden layer of {sizes.width}, three "
        f"of {sizes.depth}; the penalty per row is on all weights; L-BFGS stops at scikit-learn's "
        f"tolerance or after {sizes.iterations} iterations. Points: means of {sizes.runs} runs "
        "and two standard errors, joined to guide the eye; the runs of all learners share rows and "
        "noise, and in (a), (b) and (d) each noise is also run with its sign changed. (a) Label "
        "noise 1, small penalties "
        f"({', '.join(f'{name} {value:g}' for name, value in LIGHT.items())}): every error grows; "
        "dotted, the linear theory for ridge. (b) What noise adds to the error of model "
        f"{sizes.before}, per squared noise: constant for linear learners, rising for networks "
        f"(noise {low:g} to {high:g}). (c) A model on real labels and one after {sizes.before} "
        "models with small penalties: the best penalty moves up. (d) Strong penalties "
        f"({', '.join(f'{name} {value:g}' for name, value in STRONG.items())}), without noise and, "
        f"broken lines, with noise {SOME_NOISE:g}: the signal of linear learners fades "
        "geometrically, networks go out altogether after a few models (with three hidden layers "
        "the constant is a local minimum, so that fresh starts have a part in it). Both (b) and "
        "(d) have one reason: labels c times as large feel a penalty c^(2/L - 2) times as large in "
        "a network with L layers of weights, so that it shrinks small labels harder than large."
    )


STUDY = Study(
    name="networks",
    seconds=(15, 310),
    shows="extension: neural networks",
    title="Extension: does the theory carry over to neural networks?",
    options={"mnist": MNIST},
    measure=_measure,
    table=_table,
    claims=_claims,
    draw=_draw,
    caption=_caption,
)
