"""Figure F2: power-law covariance, the penalty of real labels against the adapted one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from genloss.papers.cells import Cells
from genloss.papers.claims import Claim
from genloss.papers.demystified.no_penalty import inherited_noise
from genloss.papers.demystified.ridge_downstream import ridge
from genloss.papers.demystified.setting import Setting
from genloss.papers.demystified.statements import beside
from genloss.papers.drawing import colour, legend, log_axes, panels, points, signed
from genloss.papers.effort import Effort
from genloss.papers.reproduction import Row
from genloss.papers.study import Study
from genloss.plots import INK
from genloss.problem import Problem
from genloss.scaling import clean_rule, effective_noise, noise_rule
from genloss.tuning.tune import tune

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Rule = Literal["clean", "adaptive"]

GENERATIONS = (0, 1, 5, 10, 20)
POWERS = {"capacity": 1.5, "source": 0.5}
PROBLEM = Problem.power_law(300, **POWERS)
NOISE = 0.5
RULES: tuple[Rule, ...] = ("clean", "adaptive")


def setting(n_samples: int, generations: int, rule: Rule | float) -> Setting:
    """The figure's setting: capacity 1.5, source 0.5, dim 300, 600 rows per generator, noise 0.5.

    The penalty is ``n_samples**-0.6`` (clean), right for real labels; the effective noise to the power
    0.6 (adaptive); or a number.

    Examples
    --------
    >>> from genloss.papers.demystified import ridge
    >>> from genloss.papers.demystified.figures.power_law import setting
    >>> [round(ridge(setting(25600, 20, rule)).risk, 3) for rule in ("clean", "adaptive")]
    [0.762, 0.117]
    """
    chain: dict[str, Any] = {
        "n_samples": n_samples,
        "noise": NOISE,
        "generations": generations,
        "generator_samples": 600,
        "generator_noise": NOISE,
    }
    if rule == "clean":
        rule = float(clean_rule(n_samples, **POWERS))
    elif rule == "adaptive":
        rule = float(noise_rule(effective_noise(**chain, dim=PROBLEM.dim), **POWERS))
    return Setting(problem=PROBLEM, penalty=rule, **chain)


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


def _measure(effort: Effort) -> Cells:
    rows = (100 * 2 ** np.arange(0, 8.25, effort.pick(2.0, 0.5))).round().astype(int)
    return Cells(effort, [row for T in rows for row in _drawn(int(T), effort)])


def _drawn(n_samples: int, effort: Effort) -> Iterator[Row]:
    """Theory and conditional expectations at one number of rows, all rules and n on one design."""
    cases = {(rule, n): setting(n_samples, n, rule) for rule in RULES for n in GENERATIONS}
    penalties = [case.penalty for case in cases.values()]
    parts = effort.designs(PROBLEM, n_samples, penalties, effort.pick(20, 100))
    for column, ((rule, n), case) in enumerate(cases.items()):
        mean, stderr = parts.risk(noise=NOISE, inherited=inherited_noise(case))
        yield {
            "rule": rule,
            "generations": n,
            "n_samples": n_samples,
            "penalty": case.penalty,
            "theory": ridge(case).risk,
            "simulated": float(mean[column]),
            "stderr": float(stderr[column]),
        }


def _draw(found: Cells) -> Figure:
    fine = np.unique(np.geomspace(80, 30_000, 60).round().astype(int))
    titles = "penalty for real labels, λ = T$^{-0.6}$", "adapted penalty, λ = N$^{0.6}$"
    figure, axes = panels([(title, "downstream rows T") for title in titles], sharey=True)
    for ax, rule in zip(axes, RULES, strict=True):
        for number, n in enumerate(GENERATIONS):
            curve = [ridge(setting(int(T), n, rule)).risk for T in fine]
            ax.plot(fine, curve, color=colour(number), lw=1.4, label=f"n = {n}")
            rows, _, *drawn = found.line("n_samples", rule=rule, generations=n)
            points(ax, rows, *drawn, color=colour(number))
        log_axes(ax)
    steep = 0.03 * np.array([1, 256**-0.6])
    axes[0].plot([100, 25_600], steep, color="#999999", lw=0.9, ls="--")
    axes[0].text(250, 0.0115, f"slope {signed(-0.6, 1)}", fontsize=8, color="#666666", ha="right")
    for number, n in enumerate(GENERATIONS):
        spots = rows[:: found.effort.pick(1, 2)]
        axes[1].plot(spots, [best(int(T), n) for T in spots], "_", ms=9, color=colour(number))
    axes[1].plot([], [], "_", ms=9, color=INK, label="best penalty")
    legend(axes[1], ncols=1, loc="lower left")
    return figure


def _claims(found: Cells) -> Iterator[Claim]:
    where = "Theorem 5.1, section 8 F2"

    def cell(rule: Rule, n: int, T: int) -> tuple[float, float, float]:
        return found.cell(rule=rule, generations=n, n_samples=T)

    for rule in RULES:
        for n, T in ((0, 400), (10, 1600), (20, 25_600)):
            text = f"error, {rule} penalty, n = {n}, T = {T}"
            yield Claim.asymptotic(text, where, *cell(rule, n, T))
    (_, rises, spread), (_, turn, _) = (cell("clean", 10, T) for T in (25_600, 400))
    yield Claim(
        "clean penalty, n = 10: error at T = 25,600 over that at T = 400 (it rises again)",
        "section 6",
        1.0,
        rises / turn,
        spread / turn,
        "at least",
    )
    falls = [cell("adaptive", 20, T)[1] for T in (100, 400, 1600, 6400, 25_600)]
    text = "adapted penalty, n = 20: largest change of the error when T grows fourfold"
    yield Claim(text, "section 6", 0.0, float(max(np.diff(falls))), kind="at most")
    worst = max(
        ridge(setting(T, n, "adaptive")).risk / best(T, n)
        for n in GENERATIONS
        for T in (100, 1600, 25_600)
    )
    text = "adapted penalty: largest ratio to the best penalty's error over the figure"
    yield Claim(text, "section 6", 1.05, worst, kind="at most")
    literal, trials = setting(1600, 5, "adaptive"), found.effort.pick(40, 300)
    text = "error, adapted penalty, n = 5, T = 1,600 (every row drawn)"
    yield beside(text, where, ridge, literal, found.effort, trials, "asymptotic")


STUDY = Study(
    name="power-law",
    seconds=(10, 56),
    figure="F2",
    shows="clean against adapted penalty",
    title="F2. Power-law covariance: the right penalty for real labels is wrong for made ones",
    measure=_measure,
    table=lambda found: found.rows,
    claims=_claims,
    draw=_draw,
    caption=lambda found: (
        "Capacity 1.5, source 0.5 (clean exponent 0.6), dim 300, 600 rows per "
        "generator, label noise 0.5. (a) With the penalty that is best for real labels the "
        "error of n >= 1 falls, turns and rises towards n · 0.25. (b) With the effective noise "
        "N in the place of 1/T it falls to a floor; bars mark the exactly best penalty. Lines: "
        f"theory (section 2.3). Points: means over {found.effort.pick(20, 100)} drawn designs of "
        "the error given the design, ± 2 standard errors."
    ),
)
