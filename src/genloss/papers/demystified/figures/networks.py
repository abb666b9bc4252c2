"""Extension: the paper's chain with neural networks, beside ridge and kernel ridge regression.

The paper treats linear models and kernels; what follows is not in it. `network_chain` holds the
learners and the chain, `network_measurements` what is measured on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from genloss.papers.claims import Claim, Kind
from genloss.papers.demystified.figures.network_chain import Array, Task, equivalent_penalty, task
from genloss.papers.demystified.figures.network_figure import figure_of
from genloss.papers.demystified.figures.network_measurements import (
    DEEP,
    FEW_IMAGES,
    HALF,
    KERNEL,
    LAYERS,
    LIGHT,
    NARROW,
    QUICK,
    RIDGE,
    SHALLOW,
    SOME_NOISE,
    STRONG,
    WIDE,
    Design,
    Key,
    Results,
    measure,
)
from genloss.papers.images import digits, load_mnist
from genloss.papers.reproduction import Effort, Reproduction
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.theory.predict import predict

WHERE = "extension"
NETWORKS = (SHALLOW, DEEP)


def run(effort: Effort) -> Reproduction:
    """Chains of networks beside chains of ridge and kernel ridge regression.

    Parameters
    ----------
    effort : Effort
        Its file of MNIST is used unless quick; without one, scikit-learn's digits.

    Returns
    -------
    Reproduction
        The figure, every number with its standard error, and what carries over.

    Notes
    -----
    An extension: `paper.md` section 8 finds no experiment with networks in the paper. The chain is
    that of section 1 on real rows, its linear prediction that of section 3.
    """
    if effort.quick or effort.mnist is None:
        rows, design = task(digits()), effort.pick(QUICK, FEW_IMAGES)
    else:
        rows, design = task(load_mnist(effort.mnist)), Design()
    return reproduction(rows, design, seed=effort.seed, workers=effort.workers)


def reproduction(rows: Task, design: Design, *, seed: int, workers: int | None) -> Reproduction:
    """The experiment on given rows, of a given size."""
    results = measure(rows, design, seed=seed, workers=workers)
    expected = ridge_theory(rows, design)
    return Reproduction(
        title="Extension: does the theory carry over to neural networks?",
        caption=_caption(rows, design),
        figure=figure_of(results, expected, design),
        table=_table(results),
        claims=_claims(results, expected, design),
    )


def ridge_theory(rows: Task, design: Design) -> Array:
    """What `genloss.predict` says of the chain of ridge regressions with label noise 1.

    Parameters
    ----------
    rows : Task
        All its rows stand for the population; what no linear model can explain of the labels counts
        as label noise of model 0, and as error of every model.
    design : Design
        Rows and number of the models.

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
    plan = Plan.replace(
        design.before + 1,
        design.n_samples,
        penalty=LIGHT[RIDGE],
        noise=[np.sqrt(1 + unexplained)] + [1.0] * design.before,
    )
    return unexplained + predict(Problem(spectrum, truth, gaussian=False), plan).risk


def _jackknife(statistic: Callable[[Array], Any], runs: Array) -> tuple[float, float]:
    """A function of the mean over runs (first axis), and its standard error."""
    count = len(runs)
    left_out = [statistic(np.delete(runs, i, axis=0).mean(axis=0)) for i in range(count)]
    spread = np.sqrt((count - 1) * np.var(left_out)) if count > 1 else 0.0
    return float(statistic(runs.mean(axis=0))), float(spread)


def _ratio(over: Array, under: Array) -> tuple[float, float]:
    return _jackknife(lambda mean: mean[0] / mean[1], np.stack([over, under], axis=1))


def _claims(results: Results, expected: Array, design: Design) -> tuple[Claim, ...]:
    size, late, noises = design.n_samples, design.before, design.noises
    low, high = noises[1], noises[-1]

    def claim(
        text: str, predicted: float, found: tuple[float, float], kind: Kind, tolerance: float = 0.1
    ) -> Claim:
        return Claim(text, WHERE, float(predicted), *found, kind, tolerance)

    def light(name: str, noise: float, model: int) -> Array:
        return results[Key("noise", name, LIGHT[name], noise, model, size)].error

    def law(name: str) -> tuple[float, float]:
        """Excess over the noiseless chain per squared noise: at the highest over the lowest."""
        runs = np.stack([light(name, noise, late) for noise in (0.0, low, high)], axis=1)
        return _jackknife(lambda e: (e[2] - e[0]) / (e[1] - e[0]) * (low / high) ** 2, runs)

    def tried(name: str, model: int) -> Array:
        """Errors by penalty, one row per run."""
        keys = [Key("penalty", name, each, 1.0, model, size) for each in design.penalties]
        return np.stack([results[key].error for key in keys], axis=1)

    def rows_gain(name: str, model: int) -> tuple[float, float]:
        many = results[Key("rows", name, LIGHT[name], 1.0, model, design.many)].error
        few = results[Key("penalty", name, LIGHT[name], 1.0, model, size)].error
        return _ratio(many, few)

    def strong(name: str, noise: float, model: int) -> Key:
        return Key("strong", name, STRONG[name], noise, model, size)

    penalties = np.asarray(design.penalties)
    last = design.models - 1
    ends = light(RIDGE, 1.0, late)
    made = [
        claim(
            f"ridge, model {late}: error by the linear theory",
            expected[-1],
            _jackknife(lambda mean: mean[0], ends[:, None]),
            "approximate",
        )
    ]
    for name in NETWORKS:
        clean, after = tried(name, 0), tried(name, late)
        best, adapted = clean.mean(axis=0).argmin(), after.mean(axis=0).argmin()
        octaves = np.log2(penalties[after.argmin(axis=1)] / penalties[clean.argmin(axis=1)])
        same = equivalent_penalty(LIGHT[name], factor=HALF, layers=LAYERS[name])
        halved = results[Key("labels halved", name, LIGHT[name], 1.0, 0, size)].error
        equal = results[Key("equivalent penalty", name, same, 1.0, 0, size)].error
        made += [
            claim(
                f"carries over, {name}: error of model {late} over that of model 0, label noise 1",
                1.5,
                _ratio(light(name, 1.0, late), light(name, 1.0, 0)),
                "at least",
            ),
            claim(
                f"carries over, {name}: the same without any label noise",
                1.2,
                _ratio(light(name, 0.0, late), light(name, 0.0, 0)),
                "at least",
            ),
            claim(
                f"carries over, {name}: best penalty after {late} models over that on real labels",
                1.5,
                _jackknife(lambda mean: 2 ** mean[0], octaves[:, None]),
                "at least",
            ),
            claim(
                f"carries over, {name}: after {late} models, error with the penalty best on real "
                "labels over that with the best",
                1.1,
                _ratio(after[:, best], after[:, adapted]),
                "at least",
            ),
            claim(
                f"carries over, {name}: {design.many // size} times the rows after {late} models "
                "multiply the error by",
                0.8,
                rows_gain(name, late),
                "at least",
            ),
            claim(
                f"does not carry over, {name}: excess per squared noise, noise {high:g} over "
                f"{low:g}, is not 1",
                1.1,
                law(name),
                "at least",
            ),
            claim(
                f"why, {name}: error on labels halved is that with "
                f"{same / LIGHT[name]:.3g} times the penalty",
                equal.mean(),
                (float(halved.mean()), _jackknife(np.mean, (halved - equal)[:, None])[1]),
                "approximate",
            ),
            claim(
                f"does not carry over, {name}: spread of the predictions of model {last}, strong "
                "penalty, no noise (extinct, not geometric)",
                1e-3,
                _jackknife(np.mean, results[strong(name, 0.0, last)].spread[:, None]),
                "at most",
            ),
        ]
    made += [
        claim(
            f"{name}: excess per squared noise, noise {high:g} over {low:g}, is 1 in every run",
            1.0,
            law(name),
            "exact",
        )
        for name in (RIDGE, KERNEL)
    ]
    spreads = (
        results[strong(KERNEL, 0.0, last)].spread,
        results[strong(KERNEL, 0.0, last - 1)].spread,
    )
    wide, narrow = (
        results[Key("width", name, LIGHT[SHALLOW], 1.0, late, size)].error
        for name in (WIDE, NARROW)
    )
    made += [
        claim(
            f"kernel ridge: share of the spread that survives model {last}, strong penalty, no "
            "noise",
            0.4,
            _ratio(*spreads),
            "at least",
        ),
        claim(
            f"more units do not make it worse: error of model {late} with one hidden layer of "
            f"{design.widths[1]} over that with {design.widths[0]}, same penalty",
            1.0,
            _ratio(wide, narrow),
            "at most",
        ),
        claim(
            f"real labels: {design.many // size} times the rows multiply the error of one hidden "
            "layer by",
            0.8,
            rows_gain(SHALLOW, 0),
            "at most",
        ),
    ]
    return tuple(made)


def _table(results: Results) -> list[dict[str, Any]]:
    rows = []
    for key, scores in results.items():
        runs = len(scores.error)
        stderr = np.std(scores.error, ddof=1) / np.sqrt(runs) if runs > 1 else np.nan
        rows.append(
            {
                **key._asdict(),
                "runs": runs,
                "error": float(scores.error.mean()),
                "stderr": float(stderr),
                "spread": float(scores.spread.mean()),
            }
        )
    return rows


def _caption(rows: Task, design: Design) -> str:
    low, high = design.noises[1], design.noises[-1]
    return (
        "Our extension; we found no experiment with networks in the paper. "
        f"{rows.name}, the digit as a number with variance 1, {rows.inputs.shape[1]} pixels; every "
        f"model is initialised afresh and fitted on {design.n_samples} fresh rows labelled by the "
        "one before, plus label noise (standard deviation in units of that of the labels); the "
        f"error is that on {len(rows.scored_labels)} held-out rows with real labels, a constant "
        f"scoring 1. Networks of rectified linear units: one hidden layer of {design.width}, three "
        f"of {design.depth}; the penalty per row is on all weights; L-BFGS stops at scikit-learn's "
        f"tolerance or after {design.iterations} iterations. Points: means of {design.runs} runs "
        "and two standard errors, joined to guide the eye; the runs of all learners share rows and "
        "noise, and in (a), (b) and (d) each noise is also run with its sign changed. (a) Label "
        "noise 1, small penalties "
        f"({', '.join(f'{name} {value:g}' for name, value in LIGHT.items())}): every error grows; "
        "dotted, the linear theory for ridge. (b) What noise adds to the error of model "
        f"{design.before}, per squared noise: constant for linear learners, rising for networks "
        f"(noise {low:g} to {high:g}). (c) A model on real labels and one after {design.before} "
        "models with small penalties: the best penalty moves up. (d) Strong penalties "
        f"({', '.join(f'{name} {value:g}' for name, value in STRONG.items())}), without noise and, "
        f"broken lines, with noise {SOME_NOISE:g}: the signal of linear learners fades "
        "geometrically, networks go out altogether after a few models (with three hidden layers "
        "the constant is a local minimum, so that fresh starts have a part in it). Both (b) and "
        "(d) have one reason: labels c times as large feel a penalty c^(2/L - 2) times as large in "
        "a network with L layers of weights, so that it shrinks small labels harder than large."
    )
