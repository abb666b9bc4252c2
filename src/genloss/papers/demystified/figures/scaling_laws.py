"""The scaling laws under power-law covariance: exponents, crossovers and the effective noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from genloss.papers.drawing import panels
from genloss.papers.reproduction import Effort, Reproduction

if TYPE_CHECKING:
    from matplotlib.axes import Axes

from genloss.papers.demystified.figures.scaling_growth import (
    Sheet,
    clean_law,
    modified_law,
    noiseless_phases,
)
from genloss.papers.demystified.figures.scaling_limits import (
    effective_noise_law,
    fixed_generators,
    interpolating_generators,
)


def run(effort: Effort) -> Reproduction:
    """Draw the figure and check its claims."""
    figure, axes = panels(3, 2, width=4.2, height=3.5)
    sheet = Sheet(effort)
    drawers: tuple[Callable[[Axes, Sheet], None], ...] = (
        clean_law,
        modified_law,
        noiseless_phases,
        fixed_generators,
        interpolating_generators,
        effective_noise_law,
    )
    for ax, draw in zip(axes, drawers, strict=True):
        draw(ax, sheet)
    trials = effort.pick(12, 60)
    return Reproduction(
        title="Scaling laws under power-law covariance",
        caption=(
            "Lines: exact formulas, by quadrature over the spectrum. Broken: predicted powers, with "
            "the predicted constant in (a). Capacity beta and source r as in the legends. (a) Real "
            "labels with noise 0.5 and the best penalty, infinitely many directions; points: "
            f"{effort.pick(6, 60)} drawn designs with 300 directions, ± 2 standard errors. (b) beta = 2, r = "
            "0.5, noise 1, T^b generator rows, T^a generators, half as many directions as generator "
            "rows: the adapted exponent (solid) and the one of real labels (dotted). (c) beta = "
            "1.5, r = 0.5, noise only on the generators' labels (1), 10^7 directions, 10^12 "
            "generator rows, best penalty; numbers: predicted slopes; vertical: predicted crossovers. (d) beta = 2, r = 0.5, "
            "300 directions, 900 generator rows, noise 1: the penalty of real labels (solid) and of "
            f"the effective noise (dotted); triangles: predicted turning points; points: {trials} "
            "drawn designs. (e) No noise, generators that interpolate: 2,000 rows, infinitely many "
            "directions (solid) and, with 100 rows for 200 directions, power-law and flat spectrum "
            f"({effort.pick(20, 100)} literal runs). (f) Best error over N^c with the effective "
            "noise N for many T, T_0 and n, 2,000 directions; grey: with the leading order of N; "
            "broken: the predicted constant."
        ),
        figure=figure,
        table=sheet.table,
        claims=tuple(sheet.claims),
    )
