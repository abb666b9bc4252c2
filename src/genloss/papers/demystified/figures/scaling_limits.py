"""Panels of the scaling laws at fixed generators, under interpolation, and in effective noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss.papers.claims import Claim
from genloss.papers.drawing import colour, label, legend, log_axes, points
from genloss.papers.reproduction import Effort
from genloss.plan import Plan
from genloss.plots import INK
from genloss.problem import Problem
from genloss.scaling import (
    PowerLaw,
    best_penalty,
    clean_rule,
    effective_noise,
    exponents,
    noise_rule,
    scaling_law,
)
from genloss.trials.given_inputs import downstream
from genloss.trials.simulate import simulate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

from genloss.papers.demystified.figures.scaling_growth import DASHED, SECTION, Sheet

Array = npt.NDArray[np.float64]


def fixed_generators(ax: Axes, sheet: Sheet) -> None:
    """Panel (d): with the clean rule the error turns; with the effective noise it never does."""
    law, rows = PowerLaw(2.0, 0.5, 300), np.geomspace(30, 1e6, 81)
    drawn = np.array(sheet.effort.pick([100, 3000, 100_000], [50, 300, 2000, 10_000, 100_000]))
    cases = [(0, "clean"), *((n, rule) for n in (1, 5, 20) for rule in ("clean", "noise"))]
    means, stderrs = _fixed_drawn(law, drawn, cases, sheet.effort)
    for at, (n, rule) in enumerate(cases):
        number, chain = (0, 1, 5, 20).index(n), _fixed_chain(n)
        lams = _fixed_penalty(rule, n, rows)
        errors = law.risk(rows, penalty=lams, noise=1.0, **chain).total
        series = f"{rule} rule, n = {n}"
        shown = f"n = {n}" if rule == "clean" else None
        style = "-" if rule == "clean" else ":"
        ax.plot(rows, errors, color=colour(number), lw=1.5, ls=style, label=shown)
        points(ax, drawn, means[at], stderrs[at], color=colour(number))
        sheet.keep("d", series, rows, errors)
        sheet.keep("d", series, drawn, means[at], source="drawn designs", stderr=stderrs[at])
        last = _fixed_penalty(rule, n, drawn[-1:])
        sheet.claims.append(
            Claim.asymptotic(
                f"fixed generators, {series}: error at T = {drawn[-1]:,}",
                SECTION,
                float(law.risk(drawn[-1:], penalty=last, noise=1.0, **chain).total[0]),
                float(means[at, -1]),
                float(stderrs[at, -1]),
            )
        )
        if n and rule == "clean":
            _mark_turn(ax, sheet, law, rows, errors, number, chain)
        elif n:
            text = f"fixed generators, {series}: largest step of the error as T grows to 1e6"
            step = float(np.diff(errors).max())
            sheet.claims.append(Claim(text, SECTION, 0.0, step, kind="at most"))
    ax.plot([], [], color=INK, lw=1.5, ls=":", label="penalty of effective noise")
    ax.plot([], [], "v", ms=6, color="none", mec=INK, label="predicted turning point")
    log_axes(ax)
    label(ax, "d", "fixed generators: T₀ = 900, d = 300", "rows T", "excess test error")
    legend(ax, loc="lower left")


def _fixed_chain(n: int) -> dict[str, Any]:
    return {"generations": n, "generator_samples": 900.0, "generator_noise": 1.0}


def _fixed_penalty(rule: str, n: int, rows: Array) -> Array:
    if rule == "clean":
        return clean_rule(rows, capacity=2.0, source=0.5)
    return noise_rule(effective_noise(rows, dim=300, **_fixed_chain(n)), capacity=2.0, source=0.5)


def _fixed_drawn(
    law: PowerLaw, drawn: Array, cases: list[tuple[int, str]], effort: Effort
) -> tuple[Array, Array]:
    """Mean error and standard error of every case (rows) at every T (columns)."""
    found = np.empty((2, len(cases), drawn.size))
    for column, T in enumerate(drawn):
        parts = downstream(
            law.problem(),
            n_samples=int(T),
            penalties=[float(_fixed_penalty(rule, n, drawn)[column]) for n, rule in cases],
            trials=effort.pick(12, 60),
            seed=effort.seed + int(T),
            workers=effort.workers,
        )
        for at, (n, _) in enumerate(cases):
            mean, stderr = parts.risk(noise=1.0, inherited=n / (900 - 300 - 1))
            found[:, at, column] = mean[at], stderr[at]
    return found[0], found[1]


def _mark_turn(
    ax: Axes,
    sheet: Sheet,
    law: PowerLaw,
    rows: Array,
    errors: Array,
    number: int,
    chain: dict[str, Any],
) -> None:
    predicted = scaling_law(law, n_samples=1e3, **chain).crossovers.turning_point
    assert predicted is not None
    height = float(np.interp(predicted, rows, errors)) * 1.25
    ax.plot(predicted, height, "v", ms=6, color="white", mec=colour(number), mew=1.2, zorder=5)
    sheet.claims.append(
        Claim(
            f"clean rule, n = {chain['generations']}: T at which the error turns",
            SECTION,
            predicted,
            float(rows[np.argmin(errors)]),
            kind="approximate",
            tolerance=0.25,
        )
    )


def interpolating_generators(ax: Axes, sheet: Sheet) -> None:
    """Panel (e): without any noise the bias grows like a power, not exponentially."""
    counts = np.unique(np.geomspace(1, 1000, sheet.effort.pick(16, 30)).round())
    for number, (beta, r) in enumerate(((1.5, 0.25), (2.0, 0.5), (1.5, 0.75))):
        law, power = PowerLaw(beta, r), exponents.bias_growth_exponent(r)
        chain: dict[str, Any] = {"generations": counts, "generator_samples": 2000}
        bias = law.risk(1e12, **chain).bias / law.signal
        name = f"β = {beta:g}, r = {r:g}: slope {power:g}"
        ax.plot(counts, bias, color=colour(number), lw=1.5, label=name)
        middle = np.sqrt(counts[0] * counts[-1])
        pinned = float(np.exp(np.interp(np.log(middle), np.log(counts), np.log(bias))))
        ax.plot(counts, pinned * (counts / middle) ** power, **DASHED)
        sheet.keep("e", name, counts, bias)
        fit = (counts >= 10) & (counts <= 200)
        what = f"interpolating generators, beta = {beta:g}, r = {r:g}"
        sheet.slope(what, power, counts[fit], bias[fit], 0.05 * power + 0.01, unit="n")
    rows, dim, models = 100, 200, 32
    power_law = PowerLaw(2.0, 0.5, dim).problem()
    for number, (name, problem) in enumerate(
        (("d = 200, power law", power_law), ("d = 200, flat", Problem.isotropic(dim))), start=3
    ):
        plan = Plan.replace(models, rows)
        trials = sheet.effort.pick(20, 100)
        runs = simulate(
            problem, plan, trials=trials, seed=sheet.effort.seed, workers=sheet.effort.workers
        )
        assert runs.stderr is not None
        n = np.arange(1, models + 1)
        if number == 3:
            theory = PowerLaw(2.0, 0.5, dim).risk(1e12, generations=n, generator_samples=rows).bias
        else:
            theory = np.asarray(1 - (rows / dim) ** n)
        null = problem.signal
        ax.plot(n, theory / null, color=colour(number), lw=1.2, label=name)
        shown = np.array([1, 2, 4, 8, 16, 32]) - 1
        points(
            ax, n[shown], runs.risk[shown] / null, runs.stderr[shown] / null, color=colour(number)
        )
        sheet.keep("e", name, n, theory / null)
        sheet.keep("e", name, n, runs.risk / null, source="literal runs", stderr=runs.stderr / null)
        sheet.claims.append(
            Claim.asymptotic(
                f"{name}, 100 rows, no noise: error after 8 generators over the null predictor's",
                SECTION,
                float(theory[7] / null),
                float(runs.risk[7] / null),
                float(runs.stderr[7] / null),
            )
        )
    log_axes(ax)
    label(
        ax,
        "e",
        "no noise, interpolating generators",
        "number of generators n",
        "bias / null predictor's error",
    )
    ax.set_ylim(top=300)
    legend(ax, loc="upper left", ncols=2, columnspacing=0.8, handlelength=1.2)


def effective_noise_law(ax: Axes, sheet: Sheet) -> None:
    """Panel (f): the best error depends on T, T_0 and n through the effective noise only."""
    dim = 2000
    grids = np.meshgrid(
        np.geomspace(1e3, 1e6, sheet.effort.pick(4, 7)),
        [3e3, 6e3, 6e4, 6e5],
        [0.0, 1.0, 10.0, 100.0],
        indexing="ij",
    )
    rows, behind, counts = (grid.ravel() for grid in grids)
    chain: dict[str, Any] = {"generations": counts, "generator_samples": behind}
    noise = effective_noise(rows, dim=dim, **chain)
    leading = effective_noise(rows, leading=True, **chain)
    kept = noise < 0.05
    for number, (beta, r) in enumerate(((2.0, 0.5), (1.5, 0.375), (1.5, 0.75))):
        rate, constant = exponents.clean_rate(beta, r), exponents.best_error_constant(beta, r)
        risk = best_penalty(
            PowerLaw(beta, r, dim), rows, noise=1.0, generator_noise=1.0, **chain
        ).risk
        ratio = (risk / noise**rate)[kept]
        if number == 0:
            by_order = (risk / leading**rate)[kept]
            ax.plot(
                leading[kept],
                by_order,
                "x",
                ms=3.5,
                color="#AAAAAA",
                label="leading order of N, β = 2",
            )
        ax.axhline(constant, **DASHED | {"color": colour(number)})
        name = f"β = {beta:g}, r = {r:g}"
        ax.plot(noise[kept], ratio, ".", ms=5, color=colour(number), label=name)
        sheet.keep("f", name, noise[kept], ratio)
        # constants of small noise, as long as the directions last
        good = (noise < 1e-3) & (noise > 3e-6)
        worst = (risk / noise**rate / constant)[good]
        sheet.claims.append(
            Claim(
                f"effective-noise law, {name}: best error over N^c, the setting furthest from the "
                f"constant of {good.sum()} (N = 3e-6 to 1e-3)",
                SECTION,
                constant,
                float(constant * worst[np.argmax(np.abs(worst - 1))]),
                kind="approximate",
                tolerance=0.1,
            )
        )
    ax.plot([], [], **DASHED, label="predicted constant")
    log_axes(ax, y=False)
    ax.set_ylim(1, 3)
    label(ax, "f", "effective-noise law", "effective noise N", "best error / N$^{c}$")
    legend(ax, loc="upper left")
