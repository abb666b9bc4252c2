"""Penalty rules against the exactly best penalty: how much error each of them costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genloss.papers.claims import Claim, Kind
from genloss.papers.drawing import colour, legend, log_axes, panels, points
from genloss.papers.effort import Array, Effort
from genloss.papers.reproduction import Row
from genloss.papers.study import Study
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
from genloss.trials.given_inputs import mean_and_stderr

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Settings = Mapping[str, Any]
"""Rows T, rows T_0 and number n of generators, under the names they have in `genloss.scaling`."""

SECTION = "section 6"
DIM = 2000
LAWS = ((2.0, 0.5), (1.5, 0.75))
RULES = {
    "clean": r"clean rule, T$^{-\ell}$",
    "exponent": r"exponent rule, min(T, T₀/n)$^{-\ell}$",
    "noise": r"noise rule, N$^{\ell}$",
    "noise with constants": "noise rule with constants",
}

WIDE: Array = np.geomspace(1e-4, 1, 13)  # penalties of the points in panel (d)
NOISY: dict[str, Any] = {"noise": 1.0, "generator_noise": 1.0}
FIVE: dict[str, Any] = {"generator_samples": 900, "generations": 5}
RATIOS: tuple[tuple[str, int, float, Kind], ...] = (
    ("noise", -2, 1.01, "at most"),
    ("clean", -1, 1.1, "at least"),
)
WORDS = (
    ("what a rule costs", "error above the best penalty's, %", "share of settings up to here"),
    ("T = 10,000, T₀ = 6,000", "number of generators n", "penalty λ"),
    ("n = 10, T₀ = 6,000", "rows T", "penalty λ"),
    ("T = 3,000, n = 5, T₀ = 900, d = 300", "penalty λ"),
)


def penalties(
    settings: Mapping[str, Any], *, capacity: float, source: float, dim: int = DIM
) -> dict[str, Array]:
    """Penalty of every rule, label noise 1 throughout, of the broadcast shape.

    Examples
    --------
    >>> from genloss.papers.demystified.figures.penalty_rules import penalties
    >>> one = {"n_samples": 1e6, "generator_samples": 6000, "generations": 1}
    >>> found = penalties(one, capacity=2.0, source=0.5)
    >>> {rule: round(float(penalty), 5) for rule, penalty in found.items()}
    {'clean': 0.0001, 'exponent': 0.00303, 'noise': 0.00399, 'noise with constants': 0.00339}
    """
    powers: dict[str, Any] = {"capacity": capacity, "source": source}
    noise = effective_noise(**settings, dim=dim)
    return {
        "clean": clean_rule(settings["n_samples"], **powers),
        "exponent": exponent_rule(**settings, **powers),
        "noise": noise_rule(noise, **powers),
        "noise with constants": noise_rule_with_constants(noise, **powers),
    }


def settings_of_the_spec() -> Settings:
    """T, T_0 and n of the 47 settings with an effective noise below 0.2 (`paper.md` V10).

    Examples
    --------
    >>> from genloss.papers.demystified.figures.penalty_rules import settings_of_the_spec
    >>> len(settings_of_the_spec()["n_samples"])
    47
    """
    return _settings(np.array([1e3, 1e4, 1e5, 1e6]), np.array([0.0, 1.0, 10.0, 100.0]))


def _settings(rows: Array, counts: Array) -> Settings:
    grids = np.meshgrid(rows, [3e3, 6e3, 6e4], counts, indexing="ij")
    names = "n_samples", "generator_samples", "generations"
    settings: Settings = {name: grid.ravel() for name, grid in zip(names, grids, strict=True)}
    kept = effective_noise(**settings, dim=DIM) < 0.2
    return {name: values[kept] for name, values in settings.items()}


def excesses(capacity: float, source: float, settings: Settings) -> dict[str, Array]:
    """Error of every rule over the best one, minus 1, in every setting.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.papers.demystified.figures.penalty_rules import excesses
    >>> one = {"n_samples": np.array([1e6]), "generator_samples": 6e3, "generations": 10.0}
    >>> bool(excesses(2.0, 0.5, one)["clean"][0] > 1 > 0.01 > excesses(2.0, 0.5, one)["noise"][0])
    True
    """
    law = PowerLaw(capacity, source, DIM)
    best = best_penalty(law, **settings, **NOISY).risk
    return {
        rule: law.risk(**settings, **NOISY, penalty=lam).total / best - 1
        for rule, lam in penalties(settings, capacity=capacity, source=source).items()
    }


@dataclass(frozen=True)
class Path:
    """Best penalty along one of the settings, panels (b) and (c)."""

    panel: str
    settings: Settings
    along: str
    best: Array


@dataclass(frozen=True)
class Drawn:
    """Errors of drawn designs with ``rows`` rows, panel (d), of shape (designs, penalties).

    The penalties are `WIDE`, 25 around that of the noise rule, that and the clean rule's.
    """

    rows: int
    rules: dict[str, Array]
    errors: Array

    @property
    def least(self) -> int:
        """Place of the best penalty around the noise rule's."""
        return WIDE.size + int(np.argmin(self.errors.mean(axis=0)[WIDE.size : -2]))

    def ratio(self, at: int) -> tuple[float, float]:
        """Error over the best penalty's on the same designs, so that their noise mostly cancels."""
        mean = self.errors.mean(axis=0)
        ratio = float(mean[at] / mean[self.least])
        spread = self.errors[:, at] - ratio * self.errors[:, self.least]
        return ratio, float(spread.std(ddof=1) / mean[self.least] / np.sqrt(len(self.errors)))


@dataclass(frozen=True)
class Found:
    """Excess errors of the rules in every setting and law, paths of the best, drawn designs."""

    settings: Settings
    excess: tuple[dict[str, Array], ...]
    paths: tuple[Path, ...]
    drawn: tuple[Drawn, ...]


def _measure(effort: Effort) -> Found:
    settings = settings_of_the_spec()
    if not effort.quick:
        settings = _settings(np.geomspace(1e3, 1e6, 10), np.array([0, 1, 3, 10, 30, 100.0]))
    places = effort.pick(12, 24)
    return Found(
        settings,
        tuple(excesses(*law, settings) for law in LAWS),
        (
            _path("b", "generations", np.geomspace(1.0, 300.0, places)),
            _path("c", "n_samples", np.geomspace(1e2, 1e7, places)),
        ),
        tuple(_drawn(T, effort) for T in effort.pick((3000,), (300, 3000, 30_000))),
    )


def _path(panel: str, along: str, axis: Array) -> Path:
    fixed = {"n_samples": 1e4, "generator_samples": 6e3, "generations": 10.0}
    settings = {name: np.full_like(axis, value) for name, value in fixed.items()} | {along: axis}
    best = best_penalty(PowerLaw(*LAWS[0], DIM), **settings, **NOISY)
    return Path(panel, settings, along, best.penalty)


def _drawn(rows: int, effort: Effort) -> Drawn:
    (beta, r), dim = LAWS[0], 300
    rules = penalties({"n_samples": rows, **FIVE}, capacity=beta, source=r, dim=dim)
    noise, clean = float(rules["noise"]), float(rules["clean"])
    tried = [*WIDE, *(np.geomspace(0.2, 5, 25) * noise), noise, clean]
    parts = effort.designs(PowerLaw(beta, r, dim).problem(), rows, tried, effort.pick(12, 60))
    errors = parts.bias + parts.variance + 5 / (900 - dim - 1) * parts.amplification
    return Drawn(rows, rules, errors)


def _claims(found: Found) -> Iterator[Claim]:
    def bound(text: str, bound: float, measured: float, kind: Kind, stderr: float = 0.0) -> Claim:
        return Claim(text, SECTION, bound, measured, stderr, kind)

    small = effective_noise(**found.settings, dim=DIM) < 1e-3
    for law, excess in zip(LAWS, found.excess, strict=True):
        yield bound(
            f"noise rule with constants: largest excess error, %, over the {small.sum()} settings "
            f"with N < 1e-3, beta = {law[0]:g}, r = {law[1]:g}",
            1.0,
            100 * excess["noise with constants"][small].max(),
            "at most",
        )
    yield bound(
        f"noise rule without constants, beta = {law[0]:g}, r = {law[1]:g}: largest excess error, %, "
        f"over {small.size} settings (1 % is not universal)",
        1.0,
        100 * excess["noise"].max(),
        "at least",
    )
    spec = excesses(*LAWS[0], settings_of_the_spec())
    text = "noise rule: largest excess error, %, over the 47 settings"
    yield bound(text, 1.0, 100 * spec["noise"].max(), "at most")
    text = "clean rule: error over the best penalty's, worst of the 47 settings"
    yield bound(text, 2.0, 1 + spec["clean"].max(), "at least")
    for each in found.drawn:
        what = f"T = {each.rows:,}, n = 5, T_0 = 900, 300 directions"
        for rule, at, least, kind in RATIOS:
            ratio, stderr = each.ratio(at)
            text = f"{rule} rule, {what}: error over the best penalty's on drawn designs"
            yield bound(text, least, ratio, kind, stderr)


def _table(found: Found) -> list[Row]:
    rows = [
        _row("a", f"beta = {beta:g}, r = {r:g}: {rule}", found.settings, at, 100 * value)
        for (beta, r), excess in zip(LAWS, found.excess, strict=True)
        for rule in RULES
        for at, value in enumerate(excess[rule])
    ]
    for path in found.paths:
        rows += [_row(path.panel, "best", path.settings, at, v) for at, v in enumerate(path.best)]
    for each in found.drawn:
        if each.rows == 3000:
            here = {"n_samples": 3000, **FIVE}
            mean = each.errors.mean(axis=0)
            rows += [
                _row("d", f"error of drawn designs at penalty {lam:.4g}", here, (), mean[at])
                for at, lam in enumerate(WIDE)
            ]
    return rows


def _row(panel: str, series: str, settings: Any, at: Any, value: float) -> Row:
    sizes = {name: float(np.asarray(each)[at]) for name, each in settings.items()}
    return {"panel": panel, "series": series, **sizes, "value": float(value)}


def _draw(found: Found) -> Figure:
    figure, axes = panels(WORDS, columns=2, width=4.6, height=3.5)
    _draw_excess(axes[0], found)
    for ax, path in zip(axes[1:3], found.paths, strict=True):
        _draw_path(ax, path)
    legend(axes[1], loc="upper left")
    _draw_designs(axes[3], next(each for each in found.drawn if each.rows == 3000))
    return figure


def _draw_excess(ax: Axes, found: Found) -> None:
    for excess, width in zip(found.excess, (1.6, 0.8), strict=True):
        for number, (rule, name) in enumerate(RULES.items()):
            percent = 100 * np.sort(np.maximum(excess[rule], 1e-6))
            share = np.arange(1, percent.size + 1) / percent.size
            ax.step(
                np.append(percent, 1e4),
                np.append(share, 1.0),
                where="post",
                color=colour(number),
                lw=width,
                label=name if width > 1 else None,
            )
    log_axes(ax, y=False)
    ax.set_xlim(1e-4, 1e4)
    ax.set_ylim(0, 1.02)
    ax.axvline(1, color=INK, lw=0.8, ls=(0, (1, 2)))
    for (beta, r), width in zip(LAWS, (1.6, 0.8), strict=True):
        ax.plot([], [], color=INK, lw=width, label=f"β = {beta:g}, r = {r:g}")
    legend(ax, loc="lower left", handles=ax.get_lines()[-2:], bbox_to_anchor=(-0.01, 0.22))


def _draw_path(ax: Axes, path: Path) -> None:
    (beta, r), axis = LAWS[0], path.settings[path.along]
    rules = penalties(path.settings, capacity=beta, source=r)
    for number, (rule, lam) in enumerate(rules.items()):
        style = "--" if rule == "noise with constants" else "-"
        ax.plot(axis, lam, color=colour(number), lw=1.5, ls=style, label=RULES[rule])
    look: dict[str, Any] = {"ms": 4, "color": "white", "mec": INK, "zorder": 4}
    ax.plot(axis, path.best, "o", label="best penalty", **look)
    log_axes(ax)


def _draw_designs(ax: Axes, drawn: Drawn) -> None:
    fine = np.geomspace(1e-4, 1, 200)
    law = PowerLaw(*LAWS[0], 300)
    line = law.risk(drawn.rows, penalty=fine, **NOISY, **FIVE).total
    ax.plot(fine, line, color=INK, lw=1.4, label="theory")
    mean, stderr = (values[: WIDE.size] for values in mean_and_stderr(drawn.errors))
    points(ax, WIDE, mean, stderr, color=INK)
    for number, (rule, lam) in enumerate(drawn.rules.items()):
        style = (0, (4, 3)) if rule == "noise with constants" else "-"
        ax.axvline(float(lam), color=colour(number), lw=1.5, ls=style)
    log_axes(ax, subs=(1, 2, 5))


STUDY = Study(
    name="penalty-rules",
    seconds=(6, 15),
    shows="penalty rules against the optimum",
    title="Penalty rules against the best penalty",
    measure=_measure,
    table=_table,
    claims=_claims,
    draw=_draw,
    caption=lambda found: (
        f"Capacity 2, source 0.5 (clean exponent 2/3), {DIM} directions, label noise 1 "
        "everywhere, generators without penalty. (a) Share of settings (T = 10^3 to 10^6; T_0 "
        "= 3,000, 6,000, 60,000; n = 0 to 100; effective noise N below 0.2) in which a rule's "
        "error is at most so much above the best penalty's; dotted: 1 %; thin: capacity 1.5, source 0.75. "
        "(b, c) The best penalty (circles) and the rules against n and T. (d) Error against "
        f"penalty, points: {len(found.drawn[0].errors)} drawn designs, ± 2 standard errors; "
        "vertical: penalties of the rules. Colours as in (b)."
    ),
)
