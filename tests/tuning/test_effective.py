"""What rows are worth in a loop: against the recursion for ever, and a search by brute force."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl
from genloss.tuning.effective import cheapest_rows, effective_rows

FOUR = gl.Problem.isotropic(4)


def loop(real, synthetic, ratio, weight):
    both = [
        gl.Source(real, noise=1.0),
        gl.Source(synthetic, "previous", ratio**0.5, weight=weight),
    ]
    return gl.Plan([gl.Generation([gl.Source(real, noise=1.0)]), gl.Generation(both)])


@pytest.mark.parametrize(
    ("real", "synthetic", "ratio"),
    [(10_000, 10_000, 1.0), (10_000, 90_000, 1.0), (10_000, 30_000, 0.25)],
)
def test_the_error_for_ever_is_that_of_the_effective_rows(real, synthetic, ratio):
    found = effective_rows(real, synthetic, noise_ratio=ratio)
    risk = gl.limit(FOUR, loop(real, synthetic, ratio, found.weight)).risk
    assert risk == pytest.approx(4 / found.effective, rel=2e-3)
    for other in (0.8, 1.25):
        assert gl.limit(FOUR, loop(real, synthetic, ratio, other * found.weight)).risk > risk


@pytest.mark.parametrize("ratio", [1.0, 0.25])
def test_no_other_rows_are_worth_as_many_for_less(ratio):
    cost = {"real": 1.0, "synthetic": 0.01}
    found = cheapest_rows(1000, cost, noise_ratio=ratio)
    spent = found.real + 0.01 * found.synthetic
    assert effective_rows(
        found.real, found.synthetic, noise_ratio=ratio
    ).effective == pytest.approx(1000)
    assert spent == pytest.approx(1000 * (2 * (ratio * 0.01) ** 0.5 - ratio * 0.01))
    for real in np.linspace(0.2, 3, 15) * found.real:
        rest = max(spent - real, 1e-9) / 0.01
        assert effective_rows(real, rest, noise_ratio=ratio).effective <= 1000 * (1 + 1e-9)


def test_where_models_labels_are_as_dear_real_rows_are_bought():
    found = cheapest_rows(500, {"real": 1, "synthetic": 1})
    assert (found.real, found.synthetic) == (500, 0)
