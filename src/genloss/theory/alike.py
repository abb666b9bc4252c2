"""Plans that are predicted together: what they have in common, and the numbers in which they differ."""

from __future__ import annotations

from collections.abc import Sequence

from genloss.cautions import fitted_rows
from genloss.steps import Step
from genloss.theory.fit import regime

Steps = Sequence[Step]


def fitted(steps: Steps) -> tuple[list[int], list[float]]:
    """Rows and penalty of every fit; NaN for a penalty that is yet to be chosen."""
    # (1/n) sum weight |.|^2 + penalty |w|^2 is penalty / weight for one common weight
    return fitted_rows(steps), [step.penalty / step.blocks[0].weight for step in steps]


def as_filter(step: Step) -> tuple[object, ...]:
    """What fits through one filter have in common where theory knows them all at once, whoever labels them."""
    rows = tuple((block.rows, block.weight, block.covariance) for block in step.blocks)
    return rows, step.filter, step.penalty


def outline(steps: Steps, dim: float) -> tuple[object, ...]:
    """What plans have in common that differ by numbers of rows, penalties and noises only."""
    rows, penalties = fitted(steps)
    return tuple(
        (
            step.is_pooled,
            step.towards,
            step.features,
            step.map,
            step.drawn and (step.drawn, step.rows),  # whether rows are left out
            step.retuned,
            regime(n, lam, dim),
            step.loss,
            tuple(
                (
                    b.design,
                    tuple(b.shares.items()),
                    b.noise > 0,
                    b.weight,
                    b.covariance,
                    b.labels,
                    b.keep,
                    tuple(b.judge.items()),
                    b.edited,
                    b.latest,
                )
                for b in step.blocks
            ),
        )
        for step, n, lam in zip(steps, rows, penalties, strict=True)
    )
