"""Penalty rules against the exactly best penalty: how much error each of them costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from genloss.papers.claims import Claim
from genloss.papers.drawing import colour, label, legend, log_axes, panels, points
from genloss.papers.reproduction import Effort, Reproduction
from genloss.plots import INK
from genloss.scaling import (
    PowerLaw,
    best_penalty,
    clean_rule,
    effective_noise,
    exponent_rule,
    noise_rule,
    noise_rule_with_constants,
)
from genloss.trials.given_inputs import downstream

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

SECTION = "section 6"
DIM = 2000
LAWS = ((2.0, 0.5), (1.5, 0.75))
RULES = {
    "clean": r"clean rule, T$^{-\ell}$",
    "exponent": r"exponent rule, min(T, T₀/n)$^{-\ell}$",
    "noise": r"noise rule, N$^{\ell}$",
    "noise with constants": "noise rule with constants",
}


def penalties(
    rows: npt.ArrayLike,
    *,
    capacity: float,
    source: float,
    generations: npt.ArrayLike,
    generator_samples: npt.ArrayLike,
    dim: int = DIM,
) -> dict[str, Array]:
    """Penalty of every rule, label noise 1 throughout, of the broadcast shape.

    Examples
    --------
    >>> from genloss.papers.demystified.figures.penalty_rules import penalties
    >>> found = penalties(1e6, capacity=2.0, source=0.5, generations=1, generator_samples=6000)
    >>> {rule: round(float(penalty), 5) for rule, penalty in found.items()}
    {'clean': 0.0001, 'exponent': 0.00303, 'noise': 0.00399, 'noise with constants': 0.00339}
    """
    powers: dict[str, Any] = {"capacity": capacity, "source": source}
    chain: dict[str, Any] = {"generations": generations, "generator_samples": generator_samples}
    noise = effective_noise(rows, dim=dim, **chain)
    return {
        "clean": clean_rule(rows, **powers),
        "exponent": exponent_rule(rows, **powers, **chain),
        "noise": noise_rule(noise, **powers),
        "noise with constants": noise_rule_with_constants(noise, **powers),
    }


def settings_of_the_spec() -> tuple[Array, Array, Array]:
    """T, T_0 and n of the 47 settings with an effective noise below 0.2 (`paper.md` V10).

    Examples
    --------
    >>> from genloss.papers.demystified.figures.penalty_rules import settings_of_the_spec
    >>> len(settings_of_the_spec()[0])
    47
    """
    return _settings(np.array([1e3, 1e4, 1e5, 1e6]), np.array([0.0, 1.0, 10.0, 100.0]))


def _settings(rows: Array, counts: Array) -> tuple[Array, Array, Array]:
    grids = np.meshgrid(rows, [3e3, 6e3, 6e4], counts, indexing="ij")
    T, behind, n = (grid.ravel() for grid in grids)
    kept = effective_noise(T, generations=n, generator_samples=behind, dim=DIM) < 0.2
    return T[kept], behind[kept], n[kept]


def excesses(
    capacity: float, source: float, settings: tuple[Array, Array, Array]
) -> dict[str, Array]:
    """Error of every rule over the best one, minus 1, in every setting (T, T_0, n).

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.papers.demystified.figures.penalty_rules import excesses
    >>> one = np.array([1e6]), np.array([6e3]), np.array([10.0])
    >>> bool(excesses(2.0, 0.5, one)["clean"][0] > 1 > 0.01 > excesses(2.0, 0.5, one)["noise"][0])
    True
    """
    law, (rows, behind, counts) = PowerLaw(capacity, source, DIM), settings
    chain: dict[str, Any] = {"generations": counts, "generator_samples": behind}
    best = best_penalty(law, rows, noise=1.0, generator_noise=1.0, **chain).risk
    found = penalties(rows, capacity=capacity, source=source, **chain)
    return {
        rule: law.risk(rows, penalty=lam, noise=1.0, generator_noise=1.0, **chain).total / best - 1
        for rule, lam in found.items()
    }


def run(effort: Effort) -> Reproduction:
    """Draw the figure and check its claims."""
    figure, axes = panels(2, 2, width=4.6, height=3.5)
    table: list[dict[str, Any]] = []
    claims = _draw_excess(axes[0], effort, table)
    _draw_penalty(axes[1], effort, table, over="n")
    _draw_penalty(axes[2], effort, table, over="T")
    claims += _draw_designs(axes[3], effort, table)
    label(
        axes[0],
        "a",
        "what a rule costs",
        "error above the best penalty's, %",
        "share of settings up to here",
    )
    label(axes[1], "b", "T = 10,000, T₀ = 6,000", "number of generators n", "penalty λ")
    label(axes[2], "c", "n = 10, T₀ = 6,000", "rows T", "penalty λ")
    label(axes[3], "d", "T = 3,000, n = 5, T₀ = 900, d = 300", "penalty λ", "excess test error")
    return Reproduction(
        title="Penalty rules against the best penalty",
        caption=(
            f"Capacity 2, source 0.5 (clean exponent 2/3), {DIM} directions, label noise 1 "
            "everywhere, generators without penalty. (a) Share of settings (T = 10^3 to 10^6; T_0 "
            "= 3,000, 6,000, 60,000; n = 0 to 100; effective noise N below 0.2) in which a rule's "
            "error is at most so much above the best penalty's; dotted: 1 %; thin: capacity 1.5, source 0.75. "
            "(b, c) The best penalty (circles) and the rules against n and T. (d) Error against "
            f"penalty, points: {effort.pick(12, 60)} drawn designs, ± 2 standard errors; vertical: "
            "penalties of the rules. Colours as in (b)."
        ),
        figure=figure,
        table=table,
        claims=tuple(claims),
    )


def _draw_excess(ax: Axes, effort: Effort, table: list[dict[str, Any]]) -> list[Claim]:
    settings = settings_of_the_spec()
    if not effort.quick:
        settings = _settings(np.geomspace(1e3, 1e6, 10), np.array([0, 1, 3, 10, 30, 100.0]))
    claims = []
    for which, (beta, r) in enumerate(LAWS):
        found = excesses(beta, r, settings)
        for number, (rule, name) in enumerate(RULES.items()):
            percent = 100 * np.sort(np.maximum(found[rule], 1e-6))
            share = np.arange(1, percent.size + 1) / percent.size
            main = which == 0
            ax.step(
                np.append(percent, 1e4),
                np.append(share, 1.0),
                where="post",
                color=colour(number),
                lw=1.6 if main else 0.8,
                label=name if main else None,
            )
            for at, n in enumerate(found[rule]):
                table.append(
                    _row("a", f"beta = {beta:g}, r = {r:g}: {rule}", settings, at, 100 * n)
                )
        noise = effective_noise(
            settings[0], generations=settings[2], generator_samples=settings[1], dim=DIM
        )
        small = noise < 1e-3
        claims.append(
            Claim(
                f"noise rule with constants: largest excess error, %, over the {small.sum()} settings "
                f"with N < 1e-3, beta = {beta:g}, r = {r:g}",
                SECTION,
                1.0,
                100 * float(found["noise with constants"][small].max()),
                kind="at most",
            )
        )
    claims.append(
        Claim(
            f"noise rule without constants, beta = {beta:g}, r = {r:g}: largest excess error, %, "
            f"over {len(settings[0])} settings (1 % is not universal)",
            SECTION,
            1.0,
            100 * float(found["noise"].max()),
            kind="at least",
        )
    )
    spec = excesses(*LAWS[0], settings_of_the_spec())
    claims += [
        Claim(
            "noise rule: largest excess error, %, over the 47 settings",
            SECTION,
            1.0,
            100 * float(spec["noise"].max()),
            kind="at most",
        ),
        Claim(
            "clean rule: error over the best penalty's, worst of the 47 settings",
            SECTION,
            2.0,
            1 + float(spec["clean"].max()),
            kind="at least",
        ),
    ]
    log_axes(ax, y=False)
    ax.set_xlim(1e-4, 1e4)
    ax.set_ylim(0, 1.02)
    ax.axvline(1, color=INK, lw=0.8, ls=(0, (1, 2)))
    ax.plot([], [], color=INK, lw=1.6, label=_law(*LAWS[0]))
    ax.plot([], [], color=INK, lw=0.8, label=_law(*LAWS[1]))
    legend(ax, loc="lower left", handles=ax.get_lines()[-2:], bbox_to_anchor=(-0.01, 0.22))
    return claims


def _law(capacity: float, source: float) -> str:
    return f"β = {capacity:g}, r = {source:g}"


def _draw_penalty(ax: Axes, effort: Effort, table: list[dict[str, Any]], *, over: str) -> None:
    beta, r = LAWS[0]
    points_drawn = effort.pick(12, 24)
    if over == "n":
        axis = np.geomspace(1, 300, points_drawn)
        rows, counts = np.full_like(axis, 1e4), axis
    else:
        axis = np.geomspace(1e2, 1e7, points_drawn)
        rows, counts = axis, np.full_like(axis, 10.0)
    behind = np.full_like(axis, 6e3)
    chain: dict[str, Any] = {"generations": counts, "generator_samples": behind}
    best = best_penalty(
        PowerLaw(beta, r, DIM), rows, noise=1.0, generator_noise=1.0, **chain
    ).penalty
    for number, (rule, lam) in enumerate(penalties(rows, capacity=beta, source=r, **chain).items()):
        style = "--" if rule == "noise with constants" else "-"
        ax.plot(axis, lam, color=colour(number), lw=1.5, ls=style, label=RULES[rule])
    ax.plot(axis, best, "o", ms=4, color="white", mec=INK, label="best penalty", zorder=4)
    for at, lam in enumerate(best):
        table.append(_row("b" if over == "n" else "c", "best", (rows, behind, counts), at, lam))
    log_axes(ax)
    if over == "n":
        legend(ax, loc="upper left")


def _draw_designs(ax: Axes, effort: Effort, table: list[dict[str, Any]]) -> list[Claim]:
    """Panel (d): error against penalty on drawn designs, 300 directions, and the rules' penalties."""
    (beta, r), dim, behind, n = LAWS[0], 300, 900, 5
    law, claims = PowerLaw(beta, r, dim), []
    chain: dict[str, Any] = {"generations": n, "generator_samples": behind}
    for T in effort.pick((3000,), (300, 3000, 30_000)):
        rules = penalties(T, capacity=beta, source=r, dim=dim, **chain)
        near = np.geomspace(0.2, 5, 25) * float(rules["noise"])
        wide = np.geomspace(1e-4, 1, 13)
        parts = downstream(
            law.problem(),
            n_samples=T,
            penalties=[*wide, *near, float(rules["noise"]), float(rules["clean"])],
            trials=effort.pick(12, 60),
            seed=effort.seed + T,
            workers=effort.workers,
        )
        errors = parts.bias + parts.variance + n / (behind - dim - 1) * parts.amplification
        mean = errors.mean(axis=0)
        least = wide.size + int(np.argmin(mean[wide.size : -2]))
        what = f"T = {T:,}, n = {n}, T_0 = {behind}"
        claims += [
            _ratio_claim(f"noise rule, {what}", errors, -2, least, 1.01, "at most"),
            _ratio_claim(f"clean rule, {what}", errors, -1, least, 1.1, "at least"),
        ]
        if T != 3000:
            continue
        fine = np.geomspace(1e-4, 1, 200)
        line = law.risk(T, penalty=fine, noise=1.0, generator_noise=1.0, **chain).total
        ax.plot(fine, line, color=INK, lw=1.4, label="theory")
        stderr = errors.std(axis=0, ddof=1) / np.sqrt(len(errors))
        points(ax, wide, mean[: wide.size], stderr[: wide.size], color=INK)
        for number, (rule, lam) in enumerate(rules.items()):
            style = (0, (4, 3)) if rule == "noise with constants" else "-"
            ax.axvline(float(lam), color=colour(number), lw=1.5, ls=style)
        here = (np.full(wide.size, T), np.full(wide.size, behind), np.full(wide.size, n))
        for at, lam in enumerate(wide):
            series = f"error of drawn designs at penalty {lam:.4g}"
            table.append(_row("d", series, here, at, mean[at]))
    log_axes(ax, subs=(1, 2, 5))
    return claims


def _ratio_claim(
    what: str,
    errors: Array,
    at: int,
    least: int,
    bound: float,
    kind: Literal["at most", "at least"],
) -> Claim:
    """Ratio of two mean errors on the same designs, so that their noise mostly cancels."""
    mean = errors.mean(axis=0)
    ratio = float(mean[at] / mean[least])
    spread = (errors[:, at] - ratio * errors[:, least]).std(ddof=1) / mean[least]
    return Claim(
        f"{what}, 300 directions: error over the best penalty's on drawn designs",
        SECTION,
        bound,
        ratio,
        float(spread / np.sqrt(len(errors))),
        kind,
    )


def _row(
    panel: str, series: str, settings: tuple[Array, Array, Array], at: int, value: float
) -> dict[str, Any]:
    rows, behind, counts = settings
    return {
        "panel": panel,
        "series": series,
        "n_samples": float(rows[at]),
        "generator_samples": float(behind[at]),
        "generations": float(counts[at]),
        "value": float(value),
    }
