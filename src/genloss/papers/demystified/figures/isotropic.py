"""Figure F1: identity covariance, error against penalty and against rows, for several n."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from genloss.papers.cells import Cells
from genloss.papers.claims import Claim
from genloss.papers.demystified.no_penalty import inherited_noise, least_squares
from genloss.papers.demystified.ridge_downstream import rho, ridge
from genloss.papers.demystified.setting import Setting
from genloss.papers.demystified.statements import beside
from genloss.papers.drawing import NULL, colour, legend, log_axes, panels, points
from genloss.papers.effort import Array, Effort
from genloss.papers.study import Study
from genloss.plots import INK
from genloss.problem import Problem
from genloss.trials.given_inputs import Downstream, mean_and_stderr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GENERATIONS = (0, 1, 5, 10, 20)
SMALL_PENALTY = 1e-3
ROWS = 1000
NEAR_BEST = np.geomspace(0.02, 30, 80)


setting = partial(
    Setting,
    problem=Problem.isotropic(300),
    n_samples=ROWS,
    penalty=SMALL_PENALTY,
    noise=0.5,
    generator_samples=600,
    generator_noise=0.5,
)


@dataclass(frozen=True)
class Found(Cells):
    """Both panels, drawn designs of the first and of a fine grid of penalties."""

    at_rows: Downstream
    near_best: Downstream


def _measure(effort: Effort) -> Found:
    problem = setting().problem
    penalties = np.geomspace(1e-3, 10, effort.pick(9, 20))
    sizes = np.unique(np.geomspace(50, 10_000, effort.pick(10, 24)).round(-1).astype(int))
    at_rows = effort.designs(problem, ROWS, penalties, effort.pick(20, 100))
    drawn = [("penalty", ROWS, at_rows)]
    for T in np.unique(np.append(sizes, [300])).tolist():
        designs = effort.designs(problem, T, [SMALL_PENALTY], effort.pick(12, 100))
        drawn.append(("rows", T, designs))
    rows = [
        {
            "panel": panel,
            "generations": n,
            "n_samples": T,
            "penalty": float(lam),
            "theory": ridge(setting(n_samples=T, penalty=float(lam), generations=n)).risk,
            "simulated": float(mean),
            "stderr": float(stderr),
        }
        for n in GENERATIONS
        for panel, T, each in drawn
        for lam, mean, stderr in zip(each.penalties, *_risk(each, n), strict=True)
    ]
    near_best = effort.designs(problem, ROWS, NEAR_BEST, effort.pick(10, 60))
    return Found(effort, rows, at_rows, near_best)


def _risk(drawn: Downstream, n: int) -> tuple[Array, Array]:
    """Risk after n generators given the designs, and its standard error."""
    return drawn.risk(noise=0.5, inherited=inherited_noise(setting(generations=n)))


def _draw(found: Found) -> Figure:
    words = (f"T = {ROWS:,} rows", "ridge penalty λ"), ("λ = 0.001", "downstream rows T")
    figure, (left, right) = panels(words)
    fine = np.geomspace(1e-3, 10, 120)
    fine_rows = np.unique(np.geomspace(50, 10_000, 160).round().astype(int))
    for number, n in enumerate(GENERATIONS):
        ink = colour(number)
        theory = np.array([ridge(setting(penalty=lam, generations=n)).risk for lam in fine])
        left.plot(fine, theory, color=ink, lw=1.4)
        best = int(theory.argmin())
        left.plot(fine[best], theory[best], marker="v", ms=6, color=ink, mec="white", zorder=5)
        penalties, _, *drawn = found.line("penalty", panel="penalty", generations=n)
        points(left, penalties, *drawn, color=ink)
        curve = [ridge(setting(n_samples=int(T), generations=n)).risk for T in fine_rows]
        right.plot(fine_rows, curve, color=ink, lw=1.4, label=f"n = {n}")
        rows, _, *drawn = found.line("n_samples", panel="rows", generations=n)
        points(right, rows, *drawn, color=ink)
    for ax in (left, right):
        ax.axhline(1.0, **NULL, label="null predictor" if ax is left else None)
    log_axes(left, subs=(1, 2, 5))
    log_axes(right)
    right.axvline(300, color="#bbbbbb", lw=0.8, zorder=0)
    right.text(320, 0.009, "T = dim", fontsize=8, color=INK)
    left.plot([], [], "v", ms=6, color=INK, mec="white", label="best penalty")
    legend(left, loc="lower right", bbox_to_anchor=(1.0, 0.1))
    legend(right, loc="lower left")
    return figure


def _claims(found: Found) -> Iterator[Claim]:
    effort, where = found.effort, "Theorem 4.1, section 2.3"
    literal = setting(penalty=0.1, generations=5)
    text = "risk after 5 generators, ridge 0.1 on 1,000 rows (every row drawn)"
    yield beside(text, where, ridge, literal, effort, effort.pick(60, 400), "asymptotic")
    penalties = found.at_rows.penalties
    for column in (0, len(penalties) // 2, len(penalties) - 1):
        lam = float(penalties[column])
        yield Claim.asymptotic(
            f"rho, the slope of the error in n, at penalty {lam:.3g}",
            where,
            rho(setting(penalty=lam, generations=1)),
            *map(float, mean_and_stderr(found.at_rows.amplification[:, column] / (600 - 300 - 1))),
        )
    plain = setting(n_samples=10_000, penalty=0.0, generations=20)
    text = "without penalty 20 generators leave a plateau that rows do not lower (T = 10,000)"
    yield beside(text, "section 2.1", least_squares, plain, effort, 2000, method="auto")
    yield from _optimum(found.near_best)
    _, peak, _ = found.cell(panel="rows", generations=20, n_samples=300)
    yield Claim(
        "double descent: the error at T = dim over that at T = dim / 2, n = 20",
        "section 8, F1",
        1.5,
        peak / ridge(setting(n_samples=150, generations=20)).risk,
        kind="at least",
    )


def _optimum(drawn: Downstream) -> Iterator[Claim]:
    """The best penalty grows with n, and the best error never exceeds the null predictor's."""
    for n in (0, 5, 20):
        measured, stderr = _risk(drawn, n)
        predicted = [ridge(setting(penalty=lam, generations=n)).risk for lam in NEAR_BEST]
        best = _minimum(NEAR_BEST, np.array(predicted)), _minimum(NEAR_BEST, measured)
        text = f"best penalty for n = {n}"
        yield Claim(text, "section 8, F1", *best, kind="approximate", tolerance=0.05)
    at = int(measured.argmin())
    text = "with the best penalty the error stays below the null predictor's, n = 20"
    yield Claim(text, "section 2.3", 1.0, float(measured[at]), float(stderr[at]), "at most")


def _minimum(penalties: Array, risks: Array) -> float:
    """Vertex of the parabola through the least point and its neighbours, in log penalty."""
    at = int(np.clip(risks.argmin(), 1, risks.size - 2))
    a, b, _ = np.polyfit(np.log(penalties[at - 1 : at + 2]), risks[at - 1 : at + 2], 2)
    return float(np.exp(-b / (2 * a)))


STUDY = Study(
    name="isotropic",
    seconds=(9, 78),
    figure="F1",
    shows="identity covariance: linear growth in n",
    title="F1. Identity covariance: the error grows linearly with the generations",
    measure=_measure,
    table=lambda found: found.rows,
    claims=_claims,
    draw=_draw,
    caption=lambda found: (
        "Downstream ridge after n generators; dim 300, 600 rows per generator, label noise 0.5 "
        "everywhere, signal 1. Lines: theory (section 2.3). Points: means over "
        f"{found.effort.pick(20, 100)} (a) and {found.effort.pick(12, 100)} (b) drawn designs of the "
        "error given the design, ± 2 standard errors. Triangles: the best penalty, which grows "
        "with n. In (b) every curve peaks where T = dim and then settles on n · 0.2508, whatever T."
    ),
)
