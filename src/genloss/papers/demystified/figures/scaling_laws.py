"""The scaling laws under power-law covariance: exponents, crossovers and the effective noise.

Every panel is a function that yields its lines and its claims.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from genloss.papers.claims import Claim
from genloss.papers.drawing import colour, legend, log_axes, panels, signed
from genloss.papers.effort import Array, Effort
from genloss.papers.lines import Line, Look, draw, entry, table
from genloss.papers.study import Study
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

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SECTION = "section 6"
DASHED: Look = {"color": "#888888", "lw": 0.9, "ls": "--", "zorder": 1}
PHASES_DIM = 10**7
PHASES = PowerLaw(1.5, 0.5, PHASES_DIM)
FIXED_DIM, FIXED_ROWS = 300, 900.0
NOISE_LAWS = ((2.0, 0.5), (1.5, 0.375), (1.5, 0.75))


@dataclass(frozen=True)
class Found:
    """What the panels yield."""

    effort: Effort
    lines: tuple[Line, ...]
    claims: tuple[Claim, ...]


def _measure(effort: Effort) -> Found:
    found = [
        each
        for panel in (
            _clean_law,
            _modified_law,
            _noiseless_phases,
            _fixed_generators,
            _interpolating_generators,
            _effective_noise_law,
        )
        for each in panel(effort)
    ]
    lines = tuple(each for each in found if isinstance(each, Line))
    return Found(effort, lines, tuple(each for each in found if isinstance(each, Claim)))


def _slope(
    what: str, predicted: float, x: Array, y: Array, within: float, unit: str = "T"
) -> Claim:
    """Claim about an exponent, fitted over the given points, within an absolute distance."""
    measured = float(np.polyfit(np.log(x), np.log(y), 1)[0])
    text = f"{what}: slope fitted over {unit} = {x[0]:.3g} to {x[-1]:.3g}"
    if predicted == 0:
        return Claim(text, SECTION, within, abs(measured), kind="at most")
    return _near(text, predicted, measured, within / abs(predicted))


def _near(text: str, predicted: float, measured: float, tolerance: float) -> Claim:
    return Claim(text, SECTION, predicted, measured, kind="approximate", tolerance=tolerance)


def _clean_law(effort: Effort) -> Iterator[Line | Claim]:
    """Panel (a): error on real labels with the best penalty."""
    rows, noise = np.geomspace(20, 1e7, effort.pick(16, 40)), 0.5
    late = np.geomspace(1e8, 1e10, 5)
    few = np.array(effort.pick([100, 300], [30, 100, 300, 1000]))
    for number, (beta, r) in enumerate(((1.5, 0.375), (2.0, 0.5), (1.5, 0.75), (2.0, 1.5))):
        law, finite = PowerLaw(beta, r), PowerLaw(beta, r, 300)
        rate, constant = exponents.clean_rate(beta, r), exponents.best_error_constant(beta, r)
        yield Line("a", "", rows, constant * effective_noise(rows, noise=noise) ** rate, DASHED)
        name = f"β = {beta:g}, r = {r:g}: slope {signed(-rate)}"
        look = {"color": colour(number), "lw": 1.4, "label": name}
        best = best_penalty(law, rows, noise=noise).risk
        yield Line("a", name, rows, best, look, source="theory")
        what = f"clean law, beta = {beta:g}, r = {r:g}"
        yield _slope(what, -rate, late, best_penalty(law, late, noise=noise).risk, 0.01)
        lams = best_penalty(law, few, noise=noise).penalty
        drawn = [
            effort.designs(finite.problem(), int(T), [float(lam)], effort.pick(6, 60)).risk(
                noise=noise
            )
            for T, lam in zip(few, lams, strict=True)
        ]
        mean, stderr = np.array(drawn)[:, :, 0].T
        yield Line("a", name, few, mean, {"color": colour(number)}, stderr, "drawn designs")
        yield Claim.asymptotic(
            f"{what}: error at T = {few[-1]:,} in 300 directions",
            SECTION,
            float(finite.risk(few[-1], penalty=lams[-1], noise=noise).total),
            mean[-1],
            stderr[-1],
        )


def _modified_law(effort: Effort) -> Iterator[Line | Claim]:
    """Panel (b): T**b generator rows and T**a generators, adapted against clean exponent."""
    beta, r = 2.0, 0.5
    rows = np.geomspace(1e4, 1e9, effort.pick(9, 16))
    for number, (a, b) in enumerate(((0.0, 0.8), (0.0, 0.6), (0.4, 0.6))):
        growths: dict[str, Any] = {"generator_growth": b, "generation_growth": a}
        name = f"T$_0$ = T$^{{{b:g}}}$, " + (f"n = T$^{{{a:g}}}$" if a else "n = 1")
        adapted = exponents.best_penalty_exponent(beta, r, **growths)
        clean = exponents.clean_penalty_exponent(beta, r)
        for ell, rate, style, kind in (
            (adapted, exponents.best_rate(beta, r, **growths), "-", "adapted"),
            (clean, exponents.kept_clean_rate(beta, r, **growths), ":", "clean"),
        ):
            errors = np.array([_grown(beta, r, T, T**-ell, a, b) for T in rows])
            look = {"color": colour(number), "lw": 1.5, "ls": style}
            look |= {"label": name} if style == "-" else {}
            what = f"{kind} exponent, T_0 = T^{b:g}, n = T^{a:g}"
            yield Line("b", what, rows, errors, look, source="theory")
            # the power, pinned to the last point
            yield Line("b", "", rows, errors[-1] * (rows / rows[-1]) ** -rate, DASHED)
            late = rows >= 1e6
            yield _slope(what, -rate, rows[late], errors[late], 0.03)
    yield entry("b", "penalty of real labels", color=INK, lw=1.5, ls=":")
    yield entry("b", "predicted power", **DASHED)


def _grown(beta: float, r: float, T: float, penalty: float, a: float, b: float) -> float:
    """Error of T rows after T**a generators of T**b rows in half as many directions."""
    chain = {"generations": T**a, "generator_samples": T**b, "generator_noise": 1.0}
    law = PowerLaw(beta, r, round(T**b / 2))
    return float(law.risk(T, penalty=penalty, noise=1.0, **chain).total)


def _phases_chain(n: int) -> dict[str, Any]:
    return {"generations": n, "generator_samples": 1e12, "generator_noise": 1.0}


@cache
def _crossing(n: int) -> float:
    """Where the fast phase ends and the slow one begins."""
    found = scaling_law(PHASES, n_samples=1e3, noise=0.0, **_phases_chain(n)).crossovers
    assert found.fast_to_slow is not None
    return found.fast_to_slow


def _best_phase(n: int, rows: Array) -> Array:
    return best_penalty(PHASES, rows, **_phases_chain(n)).risk


def _noiseless_phases(effort: Effort) -> Iterator[Line | Claim]:
    """Panel (c): fast, slow, floor."""
    rows = np.geomspace(30, 1e10, effort.pick(30, 70))
    for number, n in enumerate((0, 1, 30)):
        best = partial(_best_phase, n)
        here = rows if n else rows[rows < PHASES_DIM / 5]
        name = "n = 0 (real labels)" if n == 0 else f"n = {n}"
        look = {"color": colour(number), "lw": 1.5, "label": name}
        yield Line("c", name, here, best(here), look, source="theory")
        if n == 0:
            continue
        crossing = _crossing(n)
        for phase, slope, low, high, within in (
            ("fast", -1.5, crossing / 20, crossing / 10, 0.15),
            ("slow", -0.6, crossing * 20, crossing * 80, 0.04),
            ("floor", 0.0, 1e9, 1e10, 0.02),
        ):
            at = np.geomspace(low, high, 5)
            what = f"noiseless labels, n = {n}, {phase} phase"
            yield _slope(what, slope, at, best(at), within)
        fine = np.geomspace(crossing / 10, crossing * 10, 31)
        slopes = np.gradient(np.log(best(fine)), np.log(fine))
        text = f"noiseless labels, n = {n}: T where the slope is half way from fast to slow"
        yield _near(text, crossing, float(np.interp(-1.05, slopes, fine)), 0.4)


def _fixed_chain(n: int) -> dict[str, Any]:
    return {"generations": n, "generator_samples": FIXED_ROWS, "generator_noise": 1.0}


def _fixed_penalty(rule: str, n: int, rows: Array) -> Array:
    if rule == "clean":
        return clean_rule(rows, capacity=2.0, source=0.5)
    noise = effective_noise(rows, dim=FIXED_DIM, **_fixed_chain(n))
    return noise_rule(noise, capacity=2.0, source=0.5)


def _fixed_generators(effort: Effort) -> Iterator[Line | Claim]:
    """Panel (d): with the clean rule the error turns; with the effective noise it never does."""
    law, rows = PowerLaw(2.0, 0.5, FIXED_DIM), np.geomspace(30, 1e6, 81)
    few = np.array(effort.pick([100, 3000, 100_000], [50, 300, 2000, 10_000, 100_000]))
    cases = [(0, "clean"), *((n, rule) for n in (1, 5, 20) for rule in ("clean", "noise"))]
    lams = np.array([_fixed_penalty(rule, n, few) for n, rule in cases])
    designs = [
        effort.designs(law.problem(), int(T), column, effort.pick(12, 60))
        for T, column in zip(few, lams.T, strict=True)
    ]
    for at, (n, rule) in enumerate(cases):
        ink, chain = colour((0, 1, 5, 20).index(n)), _fixed_chain(n)
        penalty = _fixed_penalty(rule, n, rows)
        errors = law.risk(rows, penalty=penalty, noise=1.0, **chain).total
        series = f"{rule} rule, n = {n}"
        look: Look = {"color": ink, "lw": 1.5, "ls": "-" if rule == "clean" else ":"}
        look |= {"label": f"n = {n}"} if rule == "clean" else {}
        yield Line("d", series, rows, errors, look, source="theory")
        drawn = [each.risk(noise=1.0, inherited=n / (900 - 300 - 1)) for each in designs]
        mean, stderr = np.array(drawn)[:, :, at].T
        yield Line("d", series, few, mean, {"color": ink}, stderr, "drawn designs")
        last = law.risk(few[-1:], penalty=lams[at, -1:], noise=1.0, **chain).total[0]
        text = f"fixed generators, {series}: error at T = {few[-1]:,}"
        yield Claim.asymptotic(text, SECTION, last, mean[-1], stderr[-1])
        if n and rule == "clean":
            turn = scaling_law(law, n_samples=1e3, **chain).crossovers.turning_point
            assert turn is not None
            height = np.interp([turn], rows, errors) * 1.25
            look = {"marker": "v", "ms": 6, "color": "white", "mec": ink, "mew": 1.2, "zorder": 5}
            yield Line("d", "", np.array([turn]), height, look)
            text = f"clean rule, n = {n}: T at which the error turns"
            yield _near(text, turn, float(rows[np.argmin(errors)]), 0.25)
        elif n:
            text = f"fixed generators, {series}: largest step of the error as T grows to 1e6"
            yield Claim(text, SECTION, 0.0, float(np.diff(errors).max()), kind="at most")
    yield entry("d", "penalty of effective noise", color=INK, lw=1.5, ls=":")
    yield entry("d", "predicted turning point", marker="v", ms=6, color="none", mec=INK)


def _interpolating_generators(effort: Effort) -> Iterator[Line | Claim]:
    """Panel (e): without any noise the bias grows like a power, not exponentially."""
    counts = np.unique(np.geomspace(1, 1000, effort.pick(16, 30)).round())
    for number, (beta, r) in enumerate(((1.5, 0.25), (2.0, 0.5), (1.5, 0.75))):
        law, power = PowerLaw(beta, r), exponents.bias_growth_exponent(r)
        bias = law.risk(1e12, generations=counts, generator_samples=2000).bias / law.signal
        name = f"β = {beta:g}, r = {r:g}: slope {power:g}"
        look = {"color": colour(number), "lw": 1.5, "label": name}
        yield Line("e", name, counts, bias, look, source="theory")
        middle = np.sqrt(counts[0] * counts[-1])
        pinned = float(np.exp(np.interp(np.log(middle), np.log(counts), np.log(bias))))
        yield Line("e", "", counts, pinned * (counts / middle) ** power, DASHED)
        fit = (counts >= 10) & (counts <= 200)
        what = f"interpolating generators, beta = {beta:g}, r = {r:g}"
        yield _slope(what, power, counts[fit], bias[fit], 0.05 * power + 0.01, "n")
    rows, dim, models = 100, 200, 32
    n = np.arange(1, models + 1)
    decaying = PowerLaw(2.0, 0.5, dim)
    for number, (name, problem, theory) in enumerate(
        (
            (
                "d = 200, power law",
                decaying.problem(),
                decaying.risk(1e12, generations=n, generator_samples=rows).bias,
            ),
            ("d = 200, flat", Problem.isotropic(dim), 1 - (rows / dim) ** n),
        ),
        start=3,
    ):
        null, ink = problem.signal, colour(number)
        runs = effort.risks(
            problem, Plan.replace(models, rows), effort.pick(20, 100), method="auto"
        )
        risk, stderr = (values / null for values in runs)
        look = {"color": ink, "lw": 1.2, "label": name}
        yield Line("e", name, n, theory / null, look, source="theory")
        some = (0, 1, 3, 7, 15, 31)
        yield Line("e", name, n, risk, {"color": ink}, stderr, "literal runs", some)
        text = f"{name}, 100 rows, no noise: error after 8 generators over the null predictor's"
        yield Claim.asymptotic(text, SECTION, theory[7] / null, risk[7], stderr[7])


def _effective_noise_law(effort: Effort) -> Iterator[Line | Claim]:
    """Panel (f): the best error depends on T, T_0 and n through the effective noise only."""
    dim, axis = 2000, np.geomspace(1e3, 1e6, effort.pick(4, 7))
    grids = np.meshgrid(axis, [3e3, 6e3, 6e4, 6e5], [0.0, 1.0, 10.0, 100.0], indexing="ij")
    rows, behind, counts = (grid.ravel() for grid in grids)
    chain: dict[str, Any] = {"generations": counts, "generator_samples": behind}
    noise = effective_noise(rows, dim=dim, **chain)
    leading = effective_noise(rows, leading=True, **chain)
    kept = noise < 0.05
    for number, (beta, r) in enumerate(NOISE_LAWS):
        rate, constant = exponents.clean_rate(beta, r), exponents.best_error_constant(beta, r)
        law = PowerLaw(beta, r, dim)
        risk = best_penalty(law, rows, noise=1.0, generator_noise=1.0, **chain).risk
        if number == 0:
            by_order = (risk / leading**rate)[kept]
            look: Look = {"marker": "x", "ls": "", "ms": 3.5, "color": "#AAAAAA"}
            look["label"] = "leading order of N, β = 2"
            yield Line("f", "", leading[kept], by_order, look)
        name = f"β = {beta:g}, r = {r:g}"
        look = {"marker": ".", "ls": "", "ms": 5, "color": colour(number), "label": name}
        ratio = risk / noise**rate
        yield Line("f", name, noise[kept], ratio[kept], look, source="theory")
        # constants of small noise, as long as the directions last
        good = (noise < 1e-3) & (noise > 3e-6)
        off = (ratio / constant)[good]
        yield _near(
            f"effective-noise law, {name}: best error over N^c, the setting furthest from the "
            f"constant of {good.sum()} (N = 3e-6 to 1e-3)",
            constant,
            constant * off[np.argmax(np.abs(off - 1))],
            0.1,
        )
    yield entry("f", "predicted constant", **DASHED)


WORDS = (
    ("real labels, best penalty", "rows T"),
    ("generators grow with T", "rows T"),
    ("only generators' labels noisy", "rows T"),
    ("fixed generators: T₀ = 900, d = 300", "rows T"),
    (
        "no noise, interpolating generators",
        "number of generators n",
        "bias / null predictor's error",
    ),
    ("effective-noise law", "effective noise N", "best error / N$^{c}$"),
)


def _draw(found: Found) -> Figure:
    figure, axes = panels(WORDS, columns=3, width=4.2, height=3.5)
    at = dict(zip("abcdef", axes, strict=True))
    draw(found.lines, at)
    for letter, ax in at.items():
        log_axes(ax, y=letter != "f")
    crossings = [(_crossing(n), colour(number)) for number, n in ((1, 1), (2, 30))]
    for x, ink in (*crossings, (PHASES_DIM, INK)):
        at["c"].axvline(x, color=ink, lw=0.9, ls=(0, (1, 2)))
    at["c"].text(PHASES_DIM * 1.3, 1e-9, "T = d", fontsize=8, color=INK)
    slopes = (60, 2e-4, signed(-1.5, 1)), (8e4, 3e-5, signed(-0.6, 1)), (3e8, 1.2e-6, "floor")
    for x, y, text in slopes:
        at["c"].text(x, y, text, fontsize=8, color="#666666")
    for number, law in enumerate(NOISE_LAWS):
        constant = exponents.best_error_constant(*law)
        at["f"].axhline(constant, **DASHED | {"color": colour(number)})
    at["b"].set_ylim(bottom=3e-7)
    at["e"].set_ylim(top=300)
    at["f"].set_ylim(1, 3)
    for letter in "abd":
        legend(at[letter], loc="lower left")
    legend(at["c"], loc="upper right")
    legend(at["e"], loc="upper left", ncols=2, columnspacing=0.8, handlelength=1.2)
    legend(at["f"], loc="upper left")
    return figure


STUDY = Study(
    name="scaling-laws",
    seconds=(16, 43),
    shows="exponents, crossovers, turning point",
    title="Scaling laws under power-law covariance",
    measure=_measure,
    table=lambda found: table(found.lines),
    claims=lambda found: found.claims,
    draw=_draw,
    caption=lambda found: (
        "Lines: exact formulas, by quadrature over the spectrum. Broken: predicted powers, with "
        "the predicted constant in (a). Capacity beta and source r as in the legends. (a) Real "
        "labels with noise 0.5 and the best penalty, infinitely many directions; points: "
        f"{found.effort.pick(6, 60)} drawn designs with 300 directions, ± 2 standard errors. (b) "
        "beta = 2, r = 0.5, noise 1, T^b generator rows, T^a generators, half as many directions "
        "as generator rows: the adapted exponent (solid) and the one of real labels (dotted). (c) "
        "beta = 1.5, r = 0.5, noise only on the generators' labels (1), 10^7 directions, 10^12 "
        "generator rows, best penalty; numbers: predicted slopes; vertical: predicted crossovers. "
        "(d) beta = 2, r = 0.5, 300 directions, 900 generator rows, noise 1: the penalty of real "
        "labels (solid) and of the effective noise (dotted); triangles: predicted turning points; "
        f"points: {found.effort.pick(12, 60)} drawn designs. (e) No noise, generators that "
        "interpolate: 2,000 rows, infinitely many directions (solid) and, with 100 rows for 200 "
        f"directions, power-law and flat spectrum ({found.effort.pick(20, 100)} literal runs). (f) "
        "Best error over N^c with the effective noise N for many T, T_0 and n, 2,000 directions; "
        "grey: with the leading order of N; broken: the predicted constant."
    ),
)
