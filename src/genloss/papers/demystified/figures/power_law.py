"""Figure F2: power-law covariance, the penalty of real labels against the adapted one."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from genloss.papers.claims import Claim
from genloss.papers.demystified.no_penalty import inherited_noise
from genloss.papers.demystified.ridge_downstream import ridge
from genloss.papers.demystified.setting import Setting
from genloss.papers.drawing import colour, label, legend, log_axes, panels, points, signed
from genloss.papers.reproduction import Effort, Reproduction
from genloss.plots import INK
from genloss.problem import Problem
from genloss.scaling import clean_rule, effective_noise, noise_rule
from genloss.trials.given_inputs import downstream
from genloss.trials.simulate import simulate
from genloss.tuning.tune import tune

Array = npt.NDArray[np.float64]
Rule = Literal["clean", "adaptive"]

GENERATIONS = (0, 1, 5, 10, 20)
CAPACITY, SOURCE = 1.5, 0.5
GENERATOR_ROWS, NOISE = 600, 0.5
RULES: tuple[Rule, ...] = ("clean", "adaptive")


def setting(n_samples: int, generations: int, rule: Rule | float) -> Setting:
    """The figure's setting: capacity 1.5, source 0.5, dim 300, 600 rows per generator, noise 0.5.

    Parameters
    ----------
    n_samples : int
        Rows of the downstream model.
    generations : int
        Number of generators.
    rule : {"clean", "adaptive"} or float
        Its penalty: ``n_samples**-0.6``, right for real labels; the effective noise to the power
        0.6; or a number.

    Examples
    --------
    >>> from genloss.papers.demystified import ridge
    >>> from genloss.papers.demystified.figures.power_law import setting
    >>> round(ridge(setting(25600, 20, "clean")).risk, 3), round(ridge(setting(25600, 20, "adaptive")).risk, 3)
    (0.762, 0.117)
    """
    problem = Problem.power_law(300, capacity=CAPACITY, source=SOURCE)
    if rule == "clean":
        penalty = float(clean_rule(n_samples, capacity=CAPACITY, source=SOURCE))
    elif rule == "adaptive":
        noise = effective_noise(
            n_samples,
            noise=NOISE,
            generations=generations,
            generator_samples=GENERATOR_ROWS,
            generator_noise=NOISE,
            dim=problem.dim,
        )
        penalty = float(noise_rule(noise, capacity=CAPACITY, source=SOURCE))
    else:
        penalty = float(rule)
    return Setting(
        problem=problem,
        n_samples=n_samples,
        penalty=penalty,
        noise=NOISE,
        generations=generations,
        generator_samples=GENERATOR_ROWS,
        generator_noise=NOISE,
    )


def best(n_samples: int, generations: int) -> float:
    """Smallest predicted error over the downstream penalty, by `genloss.tune`.

    Examples
    --------
    >>> from genloss.papers.demystified.figures.power_law import best
    >>> round(best(1600, 5), 4)
    0.0585
    """
    plain = setting(n_samples, generations, 1e-2)
    return tune(plain.problem, plain.plan(), over="last_penalty").value


def run(effort: Effort) -> Reproduction:
    """Draw the figure and check its claims."""
    rows = np.array([100, 400, 1600, 6400, 25_600])
    if not effort.quick:
        rows = (100 * 2 ** np.arange(0, 8.25, 0.5)).round().astype(int)
    table = [row for T in rows for row in _drawn(int(T), effort)]
    fine = np.unique(np.geomspace(80, 30_000, 60).round().astype(int))
    figure, axes = panels(2, sharey=True)
    for ax, rule, letter, title in zip(
        axes,
        RULES,
        "ab",
        ("penalty for real labels, λ = T$^{-0.6}$", "adapted penalty, λ = N$^{0.6}$"),
        strict=True,
    ):
        for number, n in enumerate(GENERATIONS):
            curve = [ridge(setting(int(T), n, rule)).risk for T in fine]
            ax.plot(fine, curve, color=colour(number), lw=1.4, label=f"n = {n}")
            mine = [row for row in table if row["rule"] == rule and row["generations"] == n]
            points(
                ax,
                [row["n_samples"] for row in mine],
                np.array([row["simulated"] for row in mine]),
                np.array([row["stderr"] for row in mine]),
                color=colour(number),
            )
        log_axes(ax)
        label(ax, letter, title, "downstream rows T", "excess test error" if letter == "a" else "")
    steep = 0.03 * np.array([1, 256**-0.6])
    axes[0].plot([100, 25_600], steep, color="#999999", lw=0.9, ls="--")
    axes[0].text(250, 0.0115, f"slope {signed(-0.6, 1)}", fontsize=8, color="#666666", ha="right")
    for number, n in enumerate(GENERATIONS):
        spots = rows[:: effort.pick(1, 2)]
        axes[1].plot(
            spots,
            [best(int(T), n) for T in spots],
            "_",
            ms=9,
            color=colour(number),
        )
    axes[1].plot([], [], "_", ms=9, color=INK, label="best penalty")
    legend(axes[1], ncols=1, loc="lower left")
    return Reproduction(
        title="F2. Power-law covariance: the right penalty for real labels is wrong for made ones",
        caption=(
            f"Capacity {CAPACITY}, source {SOURCE} (clean exponent 0.6), dim 300, 600 rows per "
            "generator, label noise 0.5. (a) With the penalty that is best for real labels the "
            "error of n >= 1 falls, turns and rises towards n · 0.25. (b) With the effective noise "
            "N in the place of 1/T it falls to a floor; bars mark the exactly best penalty. Lines: "
            f"theory (section 2.3). Points: means over {effort.pick(20, 100)} drawn designs of the "
            "error given the design, ± 2 standard errors."
        ),
        figure=figure,
        table=table,
        claims=_claims(effort, table),
    )


def _drawn(n_samples: int, effort: Effort) -> list[dict[str, Any]]:
    """Theory and conditional expectations at one number of rows, all rules and n on one design."""
    cases = [(rule, n, setting(n_samples, n, rule)) for rule in RULES for n in GENERATIONS]
    parts = downstream(
        cases[0][2].problem,
        n_samples=n_samples,
        penalties=[case.penalty for _, _, case in cases],
        trials=effort.pick(20, 100),
        seed=effort.seed + n_samples,
        workers=effort.workers,
    )
    rows = []
    for column, (rule, n, case) in enumerate(cases):
        mean, stderr = parts.risk(noise=NOISE, inherited=inherited_noise(case))
        rows.append(
            {
                "rule": rule,
                "generations": n,
                "n_samples": n_samples,
                "penalty": case.penalty,
                "theory": ridge(case).risk,
                "simulated": float(mean[column]),
                "stderr": float(stderr[column]),
            }
        )
    return rows


def _claims(effort: Effort, table: list[dict[str, Any]]) -> tuple[Claim, ...]:
    def cell(rule: Rule, n: int, n_samples: int) -> dict[str, Any]:
        return next(
            row
            for row in table
            if (row["rule"], row["generations"], row["n_samples"]) == (rule, n, n_samples)
        )

    claims = [
        Claim.asymptotic(
            f"error, {rule} penalty, n = {n}, T = {T}",
            "Theorem 5.1, section 8 F2",
            cell(rule, n, T)["theory"],
            cell(rule, n, T)["simulated"],
            cell(rule, n, T)["stderr"],
        )
        for rule in RULES
        for n, T in ((0, 400), (10, 1600), (20, 25_600))
    ]
    rises = cell("clean", 10, 25_600)
    turn = cell("clean", 10, 400)
    claims.append(
        Claim(
            "clean penalty, n = 10: error at T = 25,600 over that at T = 400 (it rises again)",
            "section 6",
            1.0,
            rises["simulated"] / turn["simulated"],
            rises["stderr"] / turn["simulated"],
            "at least",
        )
    )
    falls = [cell("adaptive", 20, T) for T in (100, 400, 1600, 6400, 25_600)]
    claims.append(
        Claim(
            "adapted penalty, n = 20: largest change of the error when T grows fourfold",
            "section 6",
            0.0,
            max(b["simulated"] - a["simulated"] for a, b in pairwise(falls)),
            kind="at most",
        )
    )
    worst = max(
        ridge(setting(T, n, "adaptive")).risk / best(T, n)
        for n in GENERATIONS
        for T in (100, 1600, 25_600)
    )
    claims.append(
        Claim(
            "adapted penalty: largest ratio to the best penalty's error over the figure",
            "section 6",
            1.05,
            worst,
            kind="at most",
        )
    )
    literal = setting(1600, 5, "adaptive")
    runs = simulate(
        literal.problem,
        literal.plan(),
        trials=effort.pick(40, 300),
        seed=effort.seed,
        method="literal",
        workers=effort.workers,
    )
    assert runs.stderr is not None
    claims.append(
        Claim.asymptotic(
            "error, adapted penalty, n = 5, T = 1,600 (every row drawn)",
            "Theorem 5.1, section 8 F2",
            ridge(literal).risk,
            runs.risk[-1],
            runs.stderr[-1],
        )
    )
    return tuple(claims)
