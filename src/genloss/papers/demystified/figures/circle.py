"""Kernel ridge regression on the circle, with Mercer eigenvalues known by heart (`paper.md` 7).

The kernel is ``2 sum_j cos(j (x - z)) / j**2``, the target the sawtooth ``2 sum_j sin(j x) / j``,
which is ``pi - x``; inputs are uniform. Everything is a Bernoulli polynomial: the kernel, and the
test error of a fitted model as an integral over the circle, so that no test set is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from genloss.generation import REAL
from genloss.papers.cells import Cells
from genloss.papers.claims import Claim, worst
from genloss.papers.demystified.setting import Setting
from genloss.papers.drawing import NULL, colour, legend, panels, points, ticks
from genloss.papers.effort import Array, Effort
from genloss.papers.study import Study
from genloss.plan import Plan
from genloss.plots import INK
from genloss.problem import Problem
from genloss.steps import Step, resolve
from genloss.theory.predict import predict
from genloss.trials import loop
from genloss.trials.given_inputs import mean_and_stderr

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FREQUENCIES = 20_000  # of the theory's spectrum; the literal chains have all of them
SIGNAL = np.pi**2 / 3  # mean square of the sawtooth
GENERATOR_SAMPLES = 100
NOISE = 0.3
PENALTIES = (1e-1, 1e-2, 1e-3, 1e-4)  # of the generators
NEAR_INTERPOLATION = 1e-2  # below it, functions of one variable are not Gaussian enough
GENERATIONS = 8
RUNS = 40, 400
FIXED = (200, 1e-2)  # rows and penalty of the downstream model of the first panel
SHOWN = (0, 1, 3, 8)  # generations of the second panel
SHOWN_PENALTY = 1


def kernel(x: Array, z: Array) -> Array:
    """Kernel matrix of two sets of angles, ``2 sum_j cos(j (x - z)) / j**2``.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.papers.demystified.figures import circle
    >>> round(float(circle.kernel(np.array([1.0]), np.array([1.0]))[0, 0] * 3 / np.pi**2), 12)
    1.0
    """
    t = np.mod(x[:, None] - z, 2 * np.pi)
    return np.asarray(np.pi**2 / 3 - np.pi * t + t**2 / 2)


def target(x: Array) -> Array:
    """Sawtooth ``pi - x`` on [0, 2 pi), periodic: ``2 sum_j sin(j x) / j``.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.papers.demystified.figures import circle
    >>> circle.target(np.array([0.5, 0.5 + 2 * np.pi])) - np.pi
    array([-0.5, -0.5])
    """
    return np.asarray(np.pi - np.mod(x, 2 * np.pi))


def problem(frequencies: int = FREQUENCIES) -> Problem:
    """Mercer eigenvalues ``j**-2``, each twice, each pair with squared coefficients ``2 / j**2``.

    Examples
    --------
    >>> from genloss.papers.demystified.figures import circle
    >>> circle.problem(3).spectrum.round(3)
    array([1.   , 1.   , 0.25 , 0.25 , 0.111, 0.111])
    """
    j = np.arange(1, frequencies + 1, dtype=np.float64)
    # only the energy of each pair of equal eigenvalues matters; it is split evenly
    return Problem.from_mercer(np.repeat(j**-2.0, 2), np.repeat(1 / j, 2))


class Waves(NamedTuple):
    """Models ``sum_i dual_i kernel(., x_i)``, one a column.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.papers.demystified.figures import circle
    >>> float(circle.Waves(np.array([1.0]), np.zeros((1, 1))).risk()[0]) == circle.SIGNAL
    True
    """

    x: Array
    dual: Array

    def __call__(self, z: Array) -> Array:
        """What they say of angles, shape (angles, models)."""
        return kernel(z, self.x) @ self.dual

    def risk(self) -> Array:
        """Exact test errors against the target, shape (models,).

        ``|f|^2 - 2 <f, target> + |target|^2`` over uniform angles, by Parseval:
        ``<f, f> = dual' (2 sum cos(j (x - z)) / j**4) dual``, ``<f, target> = 2 sum sin(j x) / j**3 dual``.
        """
        x, dual = self
        t = np.mod(x[:, None] - x, 2 * np.pi)
        square = np.pi**4 / 45 - t**2 * (np.pi**2 / 6 - np.pi * t / 6 + t**2 / 24)
        u = np.mod(x, 2 * np.pi)
        overlap = u * (np.pi**2 / 3 - np.pi * u / 2 + u**2 / 6)
        return np.asarray(np.sum(dual * (square @ dual), axis=0) - 2 * overlap @ dual + SIGNAL)


def _measure(effort: Effort) -> Cells:
    """Literal chains and theory, for one model and for one of each size under the clean rule."""
    models = FIXED, *((rows, 1 / rows) for rows in _sizes(effort))
    runs = np.stack(effort.each(effort.pick(*RUNS), lambda stream: literal(stream, models)))
    rows = [
        {
            "n_samples": rows,
            "penalty": penalty,
            "generator_penalty": generator_penalty,
            "generations": n,
            "theory": _theory(rows, penalty, n, generator_penalty),
            "measured": float(risk[n, column]),
            "stderr": float(stderr[n, column]),
        }
        for (rows, penalty), risk, stderr in zip(models, *mean_and_stderr(runs), strict=True)
        for column, generator_penalty in enumerate(PENALTIES)
        for n in range(GENERATIONS + 1)
    ]
    return Cells(effort, rows)


def _sizes(effort: Effort) -> tuple[int, ...]:
    return effort.pick((25, 50, 100, 200), (25, 50, 100, 200, 400, 800))


def _fixed(found: Cells, generator_penalty: float) -> Array:
    """Generations, theory, measurement and standard error of the model of the first panel."""
    rows, penalty = FIXED
    of = {"n_samples": rows, "penalty": penalty, "generator_penalty": generator_penalty}
    return found.line("generations", **of)


def _clean(found: Cells, n: int) -> Array:
    """Theory, measurement and standard error at every size under the clean rule."""
    of = {"generations": n, "generator_penalty": PENALTIES[SHOWN_PENALTY]}
    sizes = _sizes(found.effort)
    return np.array([found.cell(n_samples=T, penalty=1 / T, **of) for T in sizes]).T


def literal(stream: np.random.SeedSequence, models: Sequence[tuple[int, float]]) -> Array:
    """Risks of one run, shape (models, GENERATIONS + 1, PENALTIES).

    The generators of all penalties see the same angles and noise, and so do the downstream models
    of one size after any number of generations.
    """
    rng = np.random.default_rng(stream)
    angles = [rng.uniform(0, 2 * np.pi, rows) for rows, _ in models]
    noises = [NOISE * rng.standard_normal((rows, 1)) for rows, _ in models]
    plan = Plan.replace(GENERATIONS, GENERATOR_SAMPLES, noise=NOISE)
    real: Any = _sawtooths
    labelers = [real, *loop.models(resolve(plan), world(rng), _fits, {REAL: real})]
    found = []
    for (_, penalty), x, noise in zip(models, angles, noises, strict=True):
        labels = np.concatenate([labeler(x) for labeler in labelers], axis=1) + noise
        found.append(fitted(x, labels, penalty).risk().reshape(len(labelers), len(PENALTIES)))
    return np.stack(found)


def world(rng: np.random.Generator) -> loop.Plain:
    """Uniform angles, labels with normal noise."""
    return loop.Plain(rng, lambda step: rng.uniform(0, 2 * np.pi, step.rows))


def fitted(x: Array, labels: Array, penalty: float) -> Waves:
    """Kernel ridge regression on every column of labels."""
    matrix = kernel(x, x) + len(x) * penalty * np.eye(len(x))
    return Waves(x, np.asarray(np.linalg.solve(matrix, labels), dtype=np.float64))


def _fits(_step: Step, rows: loop.Rows, _towards: Waves | None) -> Waves:
    """The same with every penalty of PENALTIES, each on labels of its own."""
    values, vectors = np.linalg.eigh(kernel(rows.X, rows.X))
    penalties = len(rows.X) * np.array(PENALTIES)
    return Waves(rows.X, vectors @ (vectors.T @ rows.y / (values[:, None] + penalties)))


def _sawtooths(x: Array) -> Array:
    return np.repeat(target(x)[:, None], len(PENALTIES), axis=1)


def _theory(rows: int, penalty: float, generations: int, generator_penalty: float) -> float:
    """Predicted risk of a downstream model."""
    setting = Setting(
        problem=problem(),
        n_samples=rows,
        penalty=penalty,
        noise=NOISE,
        generations=generations,
        generator_samples=GENERATOR_SAMPLES,
        generator_noise=NOISE,
        generator_penalty=generator_penalty,
    )
    return float(predict(setting.problem, setting.plan()).risk[-1])


def _caption(found: Cells) -> str:
    rows, penalty = FIXED
    near = [_fixed(found, lam)[:, 1:] for lam in PENALTIES if lam < NEAR_INTERPOLATION]
    worse = [f"{risk.mean() / theory.mean() - 1:.0%}" for _, theory, risk, _ in near]
    return (
        "Kernel ridge regression on the circle: uniform angles, kernel 2 sum cos(j(x - z))/j^2 "
        "(Mercer eigenvalues j^-2, each twice), sawtooth target pi - x (squared Fourier "
        f"coefficients 2/j^2 per frequency), label noise {NOISE} at every stage, generators with "
        f"T_0 = {GENERATOR_SAMPLES} rows. Lines: genloss.predict on the Mercer eigenvalues of the "
        f"first {FREQUENCIES:,} frequencies (the rest is {2 / FREQUENCIES:g} of the kernel's trace "
        f"and of the target's energy, which are {SIGNAL:.2f}). Points: mean of {found.effort.pick(*RUNS)} literal "
        "chains, exact test error, bars of two standard errors. "
        f"(a) Downstream model with T = {rows} rows and penalty {penalty:g}, against the number "
        "of generators, for four penalties of the generators. "
        f"(b) Against T with the clean rule, penalty 1/T, and generator penalty "
        f"{PENALTIES[SHOWN_PENALTY]:g}. The features are far from Gaussian, and yet the theory "
        "holds within 3 % and four standard errors for generator penalties of 0.01 and more; "
        "generators that nearly interpolate do worse than it says, here by "
        f"{' and '.join(worse)} on average (dashed lines)."
    )


def _draw(found: Cells) -> Figure:
    (rows, penalty), tuned = FIXED, f"{PENALTIES[SHOWN_PENALTY]:g}"
    figure, (left, right) = panels(
        (
            (f"T = {rows} rows, penalty {penalty:g}", "number of generators n"),
            (f"penalty 1/T, generator penalty {tuned}", "downstream rows T"),
        )
    )
    _draw_generations(left, found)
    _draw_rows(right, found)
    levels = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 3)
    for axis, at in (
        (right.xaxis, _sizes(found.effort)),
        (left.yaxis, levels),
        (right.yaxis, levels),
    ):
        ticks(axis, at)
    for ax in (left, right):
        ax.plot([], [], color=INK, label="theory")
    left.plot([], [], color=INK, ls="--", label="theory, near interpolation")
    left.set_ylim(bottom=0.08)
    legend(left, loc="lower right")
    legend(right, loc="lower left")
    return figure


def _draw_generations(ax: Axes, found: Cells) -> None:
    for number, generator_penalty in enumerate(PENALTIES):
        ink, line = colour(number), "--" if generator_penalty < NEAR_INTERPOLATION else "-"
        n, theory, risk, stderr = _fixed(found, generator_penalty)
        ax.plot(n, theory, color=ink, lw=1.4, ls=line)
        name = f"generator penalty {generator_penalty:g}"
        points(ax, n, risk, stderr, color=ink, label=name)
    ax.set_yscale("log")


def _draw_rows(ax: Axes, found: Cells) -> None:
    sizes = np.array(_sizes(found.effort))
    for number, n in enumerate(SHOWN):
        theory, risk, stderr = _clean(found, n)
        ax.plot(sizes, theory, color=colour(number), lw=1.4)
        name = f"n = {n}" + (" (real labels)" if n == 0 else "")
        points(ax, sizes, risk, stderr, color=colour(number), label=name)
    ax.axhline(SIGNAL, **NULL)
    ax.annotate("null predictor", (sizes[-1], SIGNAL), (0, -3), ha="right", va="top", fontsize=8,
                textcoords="offset points", color=INK)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(bottom=0.4 * _clean(found, 0)[1].min(), top=1.15 * SIGNAL)


def _claims(found: Cells) -> Iterator[Claim]:
    where = "section 7"
    here = f"T = {FIXED[0]}, penalty {FIXED[1]:g}"
    real = _fixed(found, PENALTIES[0])[1:, 0]
    yield worst(f"real labels: theory holds ({here})", where, *real)
    for lam in PENALTIES:
        values = _fixed(found, lam)[1:, 1:]
        if lam >= NEAR_INTERPOLATION:
            text = f"generator penalty {lam:g}: theory holds, worst of n = 1 to 8 ({here})"
            yield worst(text, where, *values)
            continue
        text = f"generator penalty {lam:g}: theory within 12 %, worst of n = 1 to 8 ({here})"
        yield worst(text, where, *values, tolerance=0.12)
        # the mean of the standard errors is no less than that of the mean
        text = f"generator penalty {lam:g}: error above theory, mean of n = 1 to 8 ({here})"
        theory, risk, stderr = (float(each.mean()) for each in values)
        yield Claim(text, where, theory, risk, stderr, "at least")
    for n in SHOWN:
        text = f"penalty 1/T, generator penalty 0.01, n = {n}: theory holds, worst T"
        yield worst(text, where, *_clean(found, n))


STUDY = Study(
    name="circle",
    seconds=(5, 56),
    shows="kernel ridge, spectrum known",
    title="Kernel ridge regression on the circle",
    measure=_measure,
    table=lambda found: found.rows,
    claims=_claims,
    draw=_draw,
    caption=_caption,
)
