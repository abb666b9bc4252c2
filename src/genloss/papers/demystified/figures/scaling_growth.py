"""Panels of the scaling laws in the number of rows: real labels, growing generators, no noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss.papers.claims import Claim
from genloss.papers.drawing import colour, label, legend, log_axes, points, signed
from genloss.papers.reproduction import Effort
from genloss.plots import INK
from genloss.scaling import (
    PowerLaw,
    best_penalty,
    effective_noise,
    exponents,
    scaling_law,
)
from genloss.trials.given_inputs import downstream

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

SECTION = "section 6"
PAIRS = ((1.5, 0.375), (2.0, 0.5), (1.5, 0.75), (2.0, 1.5))
GROWTHS = ((0.0, 0.8), (0.0, 0.6), (0.4, 0.6))
DASHED: dict[str, Any] = {"color": "#888888", "lw": 0.9, "ls": "--", "zorder": 1}


@dataclass
class Sheet:
    """What the panels leave behind: rows of the table and claims."""

    effort: Effort
    table: list[dict[str, Any]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def keep(
        self,
        panel: str,
        series: str,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        source: str = "theory",
        stderr: npt.ArrayLike = 0.0,
    ) -> None:
        """Rows of one series."""
        for at, value, spread in zip(*np.broadcast_arrays(x, y, stderr), strict=True):
            self.table.append(
                {
                    "panel": panel,
                    "series": series,
                    "source": source,
                    "x": float(at),
                    "y": float(value),
                    "stderr": float(spread),
                }
            )

    def slope(
        self, what: str, predicted: float, x: Array, y: Array, within: float, unit: str = "T"
    ) -> None:
        """Claim about an exponent, fitted over the given points, within an absolute distance."""
        measured = float(np.polyfit(np.log(x), np.log(y), 1)[0])
        text = f"{what}: slope fitted over {unit} = {x[0]:.3g} to {x[-1]:.3g}"
        if predicted == 0:
            self.claims.append(Claim(text, SECTION, within, abs(measured), kind="at most"))
            return
        self.claims.append(
            Claim(
                text,
                SECTION,
                predicted,
                measured,
                kind="approximate",
                tolerance=within / abs(predicted),
            )
        )


def clean_law(ax: Axes, sheet: Sheet) -> None:
    """Panel (a): error on real labels with the best penalty."""
    rows, noise = np.geomspace(20, 1e7, sheet.effort.pick(16, 40)), 0.5
    drawn = np.array(sheet.effort.pick([100, 300], [30, 100, 300, 1000]))
    for number, (beta, r) in enumerate(PAIRS):
        law, rate = PowerLaw(beta, r), exponents.clean_rate(beta, r)
        found = best_penalty(law, rows, noise=noise)
        predicted = (
            exponents.best_error_constant(beta, r) * effective_noise(rows, noise=noise) ** rate
        )
        ax.plot(rows, predicted, **DASHED)
        name = f"β = {beta:g}, r = {r:g}: slope {signed(-rate)}"
        ax.plot(rows, found.risk, color=colour(number), lw=1.4, label=name)
        sheet.keep("a", name, rows, found.risk)
        late = np.geomspace(1e8, 1e10, 5)
        sheet.slope(
            f"clean law, beta = {beta:g}, r = {r:g}",
            -rate,
            late,
            best_penalty(law, late, noise=noise).risk,
            0.01,
        )
        lams = best_penalty(law, drawn, noise=noise).penalty
        measured = [
            _drawn(PowerLaw(beta, r, 300), int(T), lam, sheet.effort, noise=noise)
            for T, lam in zip(drawn, lams, strict=True)
        ]
        mean, stderr = np.array(measured).T
        points(ax, drawn, mean, stderr, color=colour(number))
        sheet.keep("a", name, drawn, mean, source="drawn designs", stderr=stderr)
        finite = PowerLaw(beta, r, 300).risk(drawn[-1], penalty=lams[-1], noise=noise)
        sheet.claims.append(
            Claim.asymptotic(
                f"clean law, beta = {beta:g}, r = {r:g}: error at T = {drawn[-1]:,} in 300 "
                "directions",
                SECTION,
                float(finite.total),
                float(mean[-1]),
                float(stderr[-1]),
            )
        )
    log_axes(ax)
    label(ax, "a", "real labels, best penalty", "rows T", "excess test error")
    legend(ax, loc="lower left")


def modified_law(ax: Axes, sheet: Sheet) -> None:
    """Panel (b): T**b generator rows and T**a generators, adapted against clean exponent."""
    beta, r = 2.0, 0.5
    clean = exponents.clean_penalty_exponent(beta, r)
    rows = np.geomspace(1e4, 1e9, sheet.effort.pick(9, 16))
    for number, (a, b) in enumerate(GROWTHS):
        growths: dict[str, Any] = {"generator_growth": b, "generation_growth": a}
        adapted = exponents.best_penalty_exponent(beta, r, **growths)
        name = f"n = T$^{{{a:g}}}$" if a else "n = 1"
        for ell, rate, style, kind in (
            (adapted, exponents.best_rate(beta, r, **growths), "-", "adapted"),
            (clean, exponents.kept_clean_rate(beta, r, **growths), ":", "clean"),
        ):
            errors = np.array(
                [
                    float(
                        PowerLaw(beta, r, round(T**b / 2))
                        .risk(
                            T,
                            penalty=T**-ell,
                            noise=1.0,
                            generations=T**a,
                            generator_samples=T**b,
                            generator_noise=1.0,
                        )
                        .total
                    )
                    for T in rows
                ]
            )
            drawn_name = f"T$_0$ = T$^{{{b:g}}}$, {name}" if style == "-" else None
            ax.plot(rows, errors, color=colour(number), lw=1.5, ls=style, label=drawn_name)
            # the power, pinned to the last point
            ax.plot(rows, errors[-1] * (rows / rows[-1]) ** -rate, **DASHED)
            what = f"{kind} exponent, T_0 = T^{b:g}, n = T^{a:g}"
            sheet.keep("b", what, rows, errors)
            late = rows >= 1e6
            sheet.slope(what, -rate, rows[late], errors[late], 0.03)
    ax.plot([], [], color=INK, lw=1.5, ls=":", label="penalty of real labels")
    ax.plot([], [], **DASHED, label="predicted power")
    log_axes(ax)
    ax.set_ylim(bottom=3e-7)
    label(ax, "b", "generators grow with T", "rows T", "excess test error")
    legend(ax, loc="lower left")


def noiseless_phases(ax: Axes, sheet: Sheet) -> None:
    """Panel (c): fast, slow, floor."""
    law, dim, behind = PowerLaw(1.5, 0.5, 10**7), 10**7, 1e12
    rows = np.geomspace(30, 1e10, sheet.effort.pick(30, 70))
    for number, n in enumerate((0, 1, 30)):
        chain: dict[str, Any] = {
            "generations": n,
            "generator_samples": behind,
            "generator_noise": 1.0,
        }
        here = rows if n else rows[rows < dim / 5]
        errors = best_penalty(law, here, **chain).risk
        name = "n = 0 (real labels)" if n == 0 else f"n = {n}"
        ax.plot(here, errors, color=colour(number), lw=1.5, label=name)
        sheet.keep("c", name, here, errors)
        if n == 0:
            continue
        crossing = scaling_law(law, n_samples=1e3, noise=0.0, **chain).crossovers.fast_to_slow
        assert crossing is not None
        ax.axvline(crossing, color=colour(number), lw=0.9, ls=(0, (1, 2)))
        for phase, slope, low, high, within in (
            ("fast", -1.5, crossing / 20, crossing / 10, 0.15),
            ("slow", -0.6, crossing * 20, crossing * 80, 0.04),
            ("floor", 0.0, 1e9, 1e10, 0.02),
        ):
            at = np.geomspace(low, high, 5)
            part = best_penalty(law, at, **chain).risk
            sheet.slope(f"noiseless labels, n = {n}, {phase} phase", slope, at, part, within)
        fine = np.geomspace(crossing / 10, crossing * 10, 31)
        slopes = np.gradient(np.log(best_penalty(law, fine, **chain).risk), np.log(fine))
        sheet.claims.append(
            Claim(
                f"noiseless labels, n = {n}: T where the slope is half way from fast to slow",
                SECTION,
                crossing,
                float(np.interp(-1.05, slopes, fine)),
                kind="approximate",
                tolerance=0.4,
            )
        )
    ax.axvline(dim, color=INK, lw=0.9, ls=(0, (1, 2)))
    ax.text(dim * 1.3, 1e-9, "T = d", fontsize=8, color=INK)
    for x, y, text in (
        (60, 2e-4, signed(-1.5, 1)),
        (8e4, 3e-5, signed(-0.6, 1)),
        (3e8, 1.2e-6, "floor"),
    ):
        ax.text(x, y, text, fontsize=8, color="#666666")
    log_axes(ax)
    label(ax, "c", "only generators' labels noisy", "rows T", "excess test error")
    legend(ax, loc="upper right")


def _drawn(
    law: PowerLaw,
    n_samples: int,
    penalty: float,
    effort: Effort,
    *,
    noise: float,
) -> tuple[float, float]:
    """Mean and standard error over drawn designs of the error given the design."""
    parts = downstream(
        law.problem(),
        n_samples=n_samples,
        penalties=[float(penalty)],
        trials=effort.pick(6, 60),
        seed=effort.seed + n_samples,
        workers=effort.workers,
    )
    mean, stderr = parts.risk(noise=noise)
    return float(mean[0]), float(stderr[0])
