"""Figure F1: identity covariance, error against penalty and against rows, for several n."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.papers.claims import Claim
from genloss.papers.demystified.no_penalty import inherited_noise, least_squares
from genloss.papers.demystified.ridge_downstream import rho, ridge
from genloss.papers.demystified.setting import Setting
from genloss.papers.drawing import NULL, colour, label, legend, log_axes, panels, points
from genloss.papers.reproduction import Effort, Reproduction
from genloss.plots import INK
from genloss.problem import Problem
from genloss.trials.given_inputs import Downstream, downstream, mean_and_stderr
from genloss.trials.simulate import simulate

Array = npt.NDArray[np.float64]

GENERATIONS = (0, 1, 5, 10, 20)
SMALL_PENALTY = 1e-3
ROWS = 1000


def setting(n_samples: int = ROWS, penalty: float = SMALL_PENALTY, generations: int = 0) -> Setting:
    """The figure's setting: dim 300, 600 rows per generator, all noise 0.5, signal 1.

    Parameters
    ----------
    n_samples : int, default 1000
        Rows of the downstream model.
    penalty : float, default 1e-3
        Its penalty.
    generations : int, default 0
        Number of generators.

    Examples
    --------
    >>> from genloss.papers.demystified import ridge
    >>> from genloss.papers.demystified.figures.isotropic import setting
    >>> round(ridge(setting(penalty=0.1, generations=5)).risk, 3)
    1.072
    """
    return Setting(
        problem=Problem.isotropic(300),
        n_samples=n_samples,
        penalty=penalty,
        noise=0.5,
        generations=generations,
        generator_samples=600,
        generator_noise=0.5,
    )


def run(effort: Effort) -> Reproduction:
    """Draw the figure and check its claims."""
    penalties = np.geomspace(1e-3, 10, effort.pick(9, 20))
    rows = np.unique(np.geomspace(50, 10_000, effort.pick(10, 24)).round(-1).astype(int))
    rows = np.unique(np.append(rows, [300]))
    at_rows = _designs(ROWS, penalties, effort, trials=effort.pick(20, 100))
    by_rows = [_designs(int(n), [SMALL_PENALTY], effort, trials=effort.pick(12, 100)) for n in rows]

    table: list[dict[str, Any]] = []
    figure, (left, right) = panels(2)
    fine = np.geomspace(1e-3, 10, 120)
    fine_rows = np.unique(np.geomspace(50, 10_000, 160).round().astype(int))
    for number, n in enumerate(GENERATIONS):
        ink, inherited = colour(number), inherited_noise(setting(generations=n))
        theory = np.array([ridge(setting(penalty=lam, generations=n)).risk for lam in fine])
        left.plot(fine, theory, color=ink, lw=1.4)
        best = int(theory.argmin())
        left.plot(fine[best], theory[best], marker="v", ms=6, color=ink, mec="white", zorder=5)
        points(left, penalties, *at_rows.risk(noise=0.5, inherited=inherited), color=ink)
        curve = [ridge(setting(int(T), generations=n)).risk for T in fine_rows]
        right.plot(fine_rows, curve, color=ink, lw=1.4, label=f"n = {n}")
        drawn = np.array([each.risk(noise=0.5, inherited=inherited) for each in by_rows])[:, :, 0]
        points(right, rows, *drawn.T, color=ink)
        table += _rows_of("penalty", n, [ROWS] * penalties.size, penalties, at_rows)
        for T, each in zip(rows, by_rows, strict=True):
            table += _rows_of("rows", n, [int(T)], [SMALL_PENALTY], each)
    for ax in (left, right):
        ax.axhline(1.0, **NULL, label="null predictor" if ax is left else None)
    log_axes(left, subs=(1, 2, 5))
    log_axes(right)
    label(left, "a", f"T = {ROWS:,} rows", "ridge penalty λ", "excess test error")
    label(right, "b", "λ = 0.001", "downstream rows T", "excess test error")
    right.axvline(300, color="#bbbbbb", lw=0.8, zorder=0)
    right.text(320, 0.009, "T = dim", fontsize=8, color=INK)
    left.plot([], [], "v", ms=6, color=INK, mec="white", label="best penalty")
    legend(left, loc="lower right", bbox_to_anchor=(1.0, 0.1))
    legend(right, loc="lower left")
    return Reproduction(
        title="F1. Identity covariance: the error grows linearly with the generations",
        caption=(
            "Downstream ridge after n generators; dim 300, 600 rows per generator, label noise 0.5 "
            "everywhere, signal 1. Lines: theory (section 2.3). Points: means over "
            f"{len(at_rows.bias)} (a) and {len(by_rows[0].bias)} (b) drawn designs of the error "
            "given the design, ± 2 standard errors. Triangles: the best penalty, which grows with "
            "n. In (b) every curve peaks where T = dim and then settles on n · 0.2508, whatever T."
        ),
        figure=figure,
        table=table,
        claims=_claims(effort, at_rows, by_rows[int(np.flatnonzero(rows == 300)[0])]),
    )


def _designs(n_samples: int, penalties: npt.ArrayLike, effort: Effort, trials: int) -> Downstream:
    return downstream(
        setting().problem,
        n_samples=n_samples,
        penalties=penalties,
        trials=trials,
        seed=effort.seed + n_samples,
        workers=effort.workers,
    )


def _rows_of(
    panel: str, n: int, rows: Any, penalties: Any, drawn: Downstream
) -> list[dict[str, Any]]:
    inherited = inherited_noise(setting(generations=n))
    means, stderrs = drawn.risk(noise=0.5, inherited=inherited)
    return [
        {
            "panel": panel,
            "generations": n,
            "n_samples": int(T),
            "penalty": float(lam),
            "theory": ridge(setting(int(T), float(lam), n)).risk,
            "simulated": float(mean),
            "stderr": float(stderr),
        }
        for T, lam, mean, stderr in zip(rows, penalties, means, stderrs, strict=True)
    ]


def _claims(effort: Effort, at_rows: Downstream, peak: Downstream) -> tuple[Claim, ...]:
    literal = setting(penalty=0.1, generations=5)
    runs = simulate(
        literal.problem,
        literal.plan(),
        trials=effort.pick(60, 400),
        seed=effort.seed,
        method="literal",
        workers=effort.workers,
    )
    assert runs.stderr is not None
    claims = [
        Claim.asymptotic(
            "risk after 5 generators, ridge 0.1 on 1,000 rows (every row drawn)",
            "Theorem 4.1, section 2.3",
            ridge(literal).risk,
            runs.risk[-1],
            runs.stderr[-1],
        )
    ]
    left = 600 - 300 - 1
    for column in (0, len(at_rows.penalties) // 2, len(at_rows.penalties) - 1):
        lam = float(at_rows.penalties[column])
        mean, stderr = mean_and_stderr(at_rows.amplification[:, column] / left)
        claims.append(
            Claim.asymptotic(
                f"rho, the slope of the error in n, at penalty {lam:.3g}",
                "Theorem 4.1, section 2.3",
                rho(setting(penalty=lam, generations=1)),
                mean,
                stderr,
            )
        )
    plain = replace(
        setting(10_000, 0.0), generations=20, generator_samples=600, generator_noise=0.5
    )
    exact = simulate(plain.problem, plain.plan(), trials=2000, seed=effort.seed)
    assert exact.stderr is not None
    claims.append(
        Claim.exact(
            "without penalty 20 generators leave a plateau that rows do not lower (T = 10,000)",
            "section 2.1",
            least_squares(plain).risk,
            exact.risk[-1],
            exact.stderr[-1],
        )
    )
    claims += _optimum(effort)
    smallest, _ = mean_and_stderr(
        peak.bias
        + 0.25 * peak.variance
        + inherited_noise(setting(generations=20)) * peak.amplification
    )
    below = ridge(setting(150, generations=20)).risk
    claims.append(
        Claim(
            "double descent: the error at T = dim over that at T = dim / 2, n = 20",
            "section 8, F1",
            1.5,
            float(smallest[0] / below),
            kind="at least",
        )
    )
    return tuple(claims)


def _optimum(effort: Effort) -> list[Claim]:
    """The best penalty grows with n, and the best error never exceeds the null predictor's."""
    fine = np.geomspace(0.02, 30, 80)
    drawn = _designs(ROWS, fine, effort, trials=effort.pick(10, 60))
    claims = []
    for n in (0, 5, 20):
        measured, stderr = drawn.risk(noise=0.5, inherited=inherited_noise(setting(generations=n)))
        predicted = [ridge(setting(penalty=lam, generations=n)).risk for lam in fine]
        claims.append(
            Claim(
                f"best penalty for n = {n}",
                "section 8, F1",
                _minimum(fine, np.array(predicted))[0],
                _minimum(fine, measured)[0],
                kind="approximate",
                tolerance=0.05,
            )
        )
        if n == 20:
            at = int(measured.argmin())
            claims.append(
                Claim(
                    "with the best penalty the error stays below the null predictor's, n = 20",
                    "section 2.3",
                    1.0,
                    float(measured[at]),
                    float(stderr[at]),
                    "at most",
                )
            )
    return claims


def _minimum(penalties: Array, risks: Array) -> tuple[float, float]:
    """Vertex of the parabola through the least point and its neighbours, in log penalty."""
    at = int(np.clip(risks.argmin(), 1, risks.size - 2))
    a, b, c = np.polyfit(np.log(penalties[at - 1 : at + 2]), risks[at - 1 : at + 2], 2)
    vertex = -b / (2 * a)
    return float(np.exp(vertex)), float(c - b**2 / (4 * a))
