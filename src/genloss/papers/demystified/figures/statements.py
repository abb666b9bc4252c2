"""Every closed formula of the paper beside a simulation that shares no code with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from genloss.papers.claims import Claim
from genloss.papers.demystified.decomposition import Decomposition
from genloss.papers.demystified.interpolating_generators import extra_bias, overparametrised
from genloss.papers.demystified.no_penalty import (
    least_squares,
    least_squares_runs,
    least_squares_spread,
    minimum_norm,
)
from genloss.papers.demystified.recursion import master_recursion
from genloss.papers.demystified.ridge_downstream import (
    best_penalty_infinite_rows,
    rho,
    ridge,
    ridge_infinite_rows,
)
from genloss.papers.demystified.setting import Setting
from genloss.papers.drawing import colour, legend
from genloss.papers.reproduction import Effort, Reproduction, claim_rows
from genloss.problem import Problem
from genloss.trials.given_inputs import downstream, mean_and_stderr
from genloss.trials.simulate import simulate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Formula = Callable[[Setting], Decomposition]

LEAST_SQUARES = Setting(
    problem=Problem.power_law(20, capacity=1.0, source=0.5),
    n_samples=80,
    noise=0.5,
    generations=5,
    generator_samples=60,
    generator_noise=0.5,
)
INTERPOLATING = Setting(
    problem=Problem.isotropic(60),
    n_samples=200,
    generations=4,
    generator_samples=40,
    generator_noise=0.3,
)
RIDGE = Setting(
    problem=Problem.power_law(150, capacity=1.2, source=0.5),
    n_samples=250,
    penalty=0.01,
    noise=0.3,
    generations=5,
    generator_samples=300,
    generator_noise=0.3,
)
SPIKED = Setting(
    problem=Problem(np.repeat([100.0, 1.0], [40, 160]), np.repeat([0.0, 160**-0.5], [40, 160])),
    n_samples=45,
    generations=1,
    generator_samples=100,
    design="same",
)


def run(effort: Effort) -> Reproduction:
    """Check every formula and draw measured over predicted."""
    claims = tuple(_statements(effort))
    return Reproduction(
        title="Every formula beside a simulation",
        caption=(
            "Measured over predicted, ± 2 standard errors, for every closed formula of sections "
            "2 and 3. Measured: literal runs in which every row is drawn, or (rho, bias, variance) "
            "expectations given drawn designs. Circles: exact at finite size. Squares: "
            "deterministic equivalents, right in high dimension."
        ),
        figure=_draw(claims),
        table=claim_rows(claims),
        claims=claims,
    )


def _statements(effort: Effort) -> Iterator[Claim]:
    yield from _no_penalty(effort)
    yield from _ridge(effort)
    yield from _interpolating(effort)
    yield from _anything(effort)


def _literally(
    name: str,
    where: str,
    formula: Formula,
    setting: Setting,
    effort: Effort,
    trials: tuple[int, int],
    *,
    exact: bool = True,
) -> Claim:
    """The risk of the downstream model, every row drawn."""
    runs = simulate(
        setting.problem,
        setting.plan(),
        trials=effort.pick(*trials),
        seed=effort.seed,
        method="literal",
        workers=effort.workers,
    )
    assert runs.stderr is not None
    build = Claim.exact if exact else Claim.asymptotic
    return build(name, where, formula(setting).risk, runs.risk[-1], runs.stderr[-1])


def _no_penalty(effort: Effort) -> Iterator[Claim]:
    some, many = (400, 4000), (1000, 20_000)
    for n in (0, 1, 5, 20):
        yield _literally(
            f"least squares, n = {n}",
            "section 2.1",
            least_squares,
            replace(LEAST_SQUARES, generations=n, generator_samples=60, generator_noise=0.5),
            effort,
            some,
        )
    yield _literally(
        "least squares, one shared design, n = 5",
        "section 2.1",
        least_squares,
        replace(LEAST_SQUARES, design="same"),
        effort,
        some,
    )
    yield _literally(
        "least squares, unequal sizes and noises",
        "section 2.1",
        least_squares,
        replace(
            LEAST_SQUARES,
            generations=4,
            generator_samples=(30, 45, 200, 60),
            generator_noise=(0.3, 0.8, 1.0, 0.0),
        ),
        effort,
        some,
    )
    draws = least_squares_runs(LEAST_SQUARES, 200_000, seed=effort.seed)
    kurtosis = float(np.mean((draws - draws.mean()) ** 4) / draws.var() ** 2)
    yield Claim.exact(
        "spread of one run (from its exact law)",
        "section 2.1",
        least_squares_spread(LEAST_SQUARES),
        draws.std(),
        draws.std() * np.sqrt((kurtosis - 1) / (4 * draws.size)),
    )
    yield _literally(
        "minimum norm downstream",
        "section 2.2",
        minimum_norm,
        Setting(
            problem=Problem.isotropic(30),
            n_samples=18,
            noise=0.5,
            generations=4,
            generator_samples=60,
            generator_noise=0.5,
        ),
        effort,
        many,
    )


def _ridge(effort: Effort) -> Iterator[Claim]:
    parts = downstream(
        RIDGE.problem,
        n_samples=RIDGE.n_samples,
        penalties=[RIDGE.penalty],
        trials=effort.pick(60, 500),
        seed=effort.seed,
        workers=effort.workers,
    )
    theory = ridge(RIDGE)
    left = RIDGE.sizes[0] - RIDGE.dim - 1
    for name, predicted, drawn in (
        ("ridge downstream: bias", theory.bias, parts.bias),
        ("ridge downstream: variance", theory.variance, RIDGE.noise**2 * parts.variance),
        ("ridge downstream: rho", rho(RIDGE), parts.amplification / left),
    ):
        mean, stderr = mean_and_stderr(drawn[:, 0])
        yield Claim.asymptotic(name, "section 2.3", predicted, mean, stderr)
    yield _literally(
        "ridge downstream: error after 5 generators",
        "section 2.3",
        ridge,
        RIDGE,
        effort,
        (60, 1000),
        exact=False,
    )
    yield _literally(
        "ridge downstream: error after 15 generators",
        "section 2.3",
        ridge,
        replace(RIDGE, generations=15, generator_samples=300, generator_noise=0.3),
        effort,
        (60, 1000),
        exact=False,
    )
    plain = Setting(
        problem=Problem.isotropic(40),
        n_samples=40_000,
        generations=4,
        generator_samples=81,
        generator_noise=0.5,
    )
    penalty, least = best_penalty_infinite_rows(plain)
    tuned = replace(plain, penalty=penalty)
    yield Claim.exact(
        "unlimited rows: error at the best penalty",
        "section 2.3",
        least,
        ridge_infinite_rows(tuned).risk,
    )
    yield _literally(
        "unlimited rows (40,000 in dim 40) at the best penalty",
        "section 2.3",
        ridge_infinite_rows,
        tuned,
        effort,
        (40, 400),
        exact=False,
    )


def _interpolating(effort: Effort) -> Iterator[Claim]:
    for design in ("independent", "same"):
        for noise in (0.0, 0.3):
            yield _literally(
                f"interpolating generators, {design} design, noise {noise:g}, n = 4",
                "section 2.4",
                overparametrised,
                replace(INTERPOLATING, design=design, generator_noise=(noise,) * 4),
                effort,
                (300, 4000),
            )
    clean, seeds = replace(SPIKED, generations=0, generator_samples=(), generator_noise=()), 2
    measured = [
        simulate(
            case.problem,
            case.plan(),
            trials=effort.pick(200, 2000),
            seed=seeds * effort.seed + k,
            method="literal",
            workers=effort.workers,
        )
        for k, case in enumerate((clean, SPIKED))
    ]
    stderr = np.hypot(*(m.stderr[-1] for m in measured if m.stderr is not None))
    yield Claim.asymptotic(
        "extra bias of a shared design can be negative",
        "section 2.5",
        extra_bias(SPIKED),
        measured[1].risk[-1] - measured[0].risk[-1],
        float(stderr),
    )


def _anything(effort: Effort) -> Iterator[Claim]:
    power_law = Problem.power_law(200, capacity=1.5, source=0.5)
    for name, setting in (
        (
            "interpolating generators, power law, n = 3",
            Setting(
                problem=power_law,
                n_samples=150,
                penalty=1e-3,
                noise=0.1,
                generations=3,
                generator_samples=80,
                generator_noise=0.1,
            ),
        ),
        (
            "few and many rows along one chain",
            Setting(
                problem=power_law,
                n_samples=150,
                penalty=1e-3,
                generations=4,
                generator_samples=(40, 300, 60, 120),
                generator_noise=0.1,
            ),
        ),
        (
            "ridge at every generation, n = 8",
            Setting(
                problem=power_law,
                n_samples=150,
                penalty=1e-2,
                noise=0.2,
                generations=8,
                generator_samples=100,
                generator_noise=0.2,
                generator_penalty=1e-3,
            ),
        ),
    ):
        yield _literally(
            name, "section 3", master_recursion, setting, effort, (80, 1000), exact=False
        )


def _draw(claims: tuple[Claim, ...]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 0.24 * len(claims) + 1.0), layout="constrained")
    ax = figure.add_subplot()
    ax.axvline(1, color="#999999", lw=0.9)
    for kind, name, ink, mark in (
        ("exact", "exact at finite size", colour(0), "o"),
        ("asymptotic", "deterministic equivalent", colour(1), "s"),
    ):
        chosen = [(k, claim) for k, claim in enumerate(claims) if claim.kind == kind]
        ax.errorbar(
            [claim.measured / claim.predicted for _, claim in chosen],
            [k for k, _ in chosen],
            xerr=[2 * claim.stderr / abs(claim.predicted) for _, claim in chosen],
            fmt=mark,
            ms=4,
            capsize=2,
            lw=0,
            elinewidth=0.9,
            color=ink,
            label=name,
        )
    ax.set_yticks(range(len(claims)), [f"{c.claim}  [{c.where[8:]}]" for c in claims], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("measured / predicted", fontsize=9)
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    legend(ax, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return figure
