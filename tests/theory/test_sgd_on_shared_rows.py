"""One pass of SGD over rows that other fits see: blocks of rows in a pencil, against the exact pass and literal runs."""

from dataclasses import replace

import numpy as np
import pytest

import genloss as gl
from genloss import Generation, Source, filters
from genloss.pencils.in_blocks import InBlocks
from genloss.steps import resolve
from genloss.theory.filters import blocks

DIM, ROWS = 100, 80
PLAIN = gl.Problem.power_law(DIM, capacity=1.0, source=0.5)
HEAVY = gl.Problem(PLAIN.spectrum, PLAIN.truth, tails=[0.4, 1.0, 1.6])
BASIS = np.linalg.qr(np.random.default_rng(0).standard_normal((DIM, DIM)))[0]
MATRIX = BASIS * PLAIN.spectrum @ BASIS.T


def through(plan, step, covariance=None):
    """The same plan, every fit by SGD, new rows of this covariance."""

    def rows(source):
        return replace(source, covariance=covariance) if source.inputs == "new" else source

    return gl.Plan(
        [
            replace(
                each,
                filter=filters.SGD(step),
                penalty=0.02,
                sources=tuple(map(rows, each.sources)),
            )
            for each in plan
        ]
    )


def relabelled(step, who="previous", problem_rows=ROWS, models=3):
    first = Generation([Source(problem_rows, noise=0.5)], filter=filters.SGD(step))
    later = Generation([Source(None, who, 0.5, inputs=0)], filter=filters.SGD(step))
    return gl.Plan([first, *(models - 1) * [later]])


@pytest.mark.parametrize("problem", [PLAIN, HEAVY], ids=["plain", "tails"])
def test_a_block_of_new_rows_is_what_the_pencil_says(problem):
    plan = gl.Plan([Generation([Source(ROWS, noise=0.5)], 0.1, filter=filters.SGD(0.05))])
    [step], directions, tails = resolve(plan), problem.directions, problem.tails or ()
    how = blocks.passes([step], [0], directions, tails)[0]
    assert isinstance(how, InBlocks)
    told = blocks._in_blocks(how, step, directions, tails).sum()
    assert gl.predict(problem, plan, method="pencil").risk[0] == pytest.approx(told, rel=1e-7)
    assert told == pytest.approx(gl.predict(problem, plan).risk[0], rel=0.01)


def test_new_labels_by_the_truth_make_rows_as_good_as_new():
    found = gl.predict(PLAIN, relabelled(0.05, "real"))
    assert found.method == "pencil"
    np.testing.assert_allclose(found.risk[1:], found.risk[0], rtol=0.01)


def test_a_matrix_that_is_diagonal_is_its_diagonal():
    usual = gl.Problem.power_law(12, capacity=0.5, source=0.5)
    own = np.random.default_rng(3).permutation(usual.spectrum)
    plan = gl.Plan.anchored(2, 20, n_real=20, noise=0.5)
    risks = [gl.predict(usual, through(plan, 0.03, each)).risk for each in (own, np.diag(own))]
    # the one takes its first model from the exact pass
    np.testing.assert_allclose(risks[0][1:], risks[1][1:], rtol=1e-6)


def test_long_steps_and_rows_in_an_order_of_their_own_are_refused():
    with pytest.raises(gl.NoTheoryError, match=r"up to 12 blocks.*genloss\.simulate"):
        gl.predict(PLAIN, relabelled(0.25))
    drawn = through(gl.Plan.subsample(2, ROWS, design="fresh", noise=0.5), 0.05)
    with pytest.raises(gl.NoTheoryError, match=r"order of its own.*genloss\.simulate"):
        gl.predict(PLAIN, drawn)


PLANS = {
    "pool": gl.Plan.accumulate(3, ROWS, design="fresh", noise=0.5),
    "one design": gl.Plan.accumulate(3, ROWS, design="same", noise=0.5),
    "window": gl.Plan.window(3, ROWS, last=2, noise=0.5),
    "kept labels": gl.Plan.anchored(3, 70, n_real=60, noise=0.5),
    "edited labels": gl.Plan.edit(3, ROWS, edited=0.3, noise=0.5),
    "weights": gl.Plan.weighted(np.tril(np.full((3, 3), 0.5)), ROWS, noise=0.5),
}


def agrees(problem, plan, trials):
    theory = gl.predict(problem, plan)
    assert theory.method == "pencil"
    runs = gl.simulate(problem, plan, trials=trials, seed=4, method="literal")
    assert (np.abs(runs.risk - theory.risk) < 0.03 * theory.risk + 4 * runs.stderr).all()


@pytest.mark.slow
@pytest.mark.parametrize("problem", [PLAIN, HEAVY], ids=["plain", "tails"])
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_literal_passes_over_shared_rows(problem, plan):
    agrees(problem, through(plan, 0.05), 200)


@pytest.mark.slow
def test_literal_passes_over_shared_rows_with_matrices():
    agrees(PLAIN, through(PLANS["kept labels"], 0.05, MATRIX), 200)


@pytest.mark.slow
@pytest.mark.parametrize(("capacity", "share"), [(0.5, 0.3), (0.5, 0.6), (1.0, 0.3)])
def test_literal_passes_with_long_steps(capacity, share):
    """Shares of the step beyond which a pass certainly explodes."""
    spectrum = np.arange(1.0, 101) ** -capacity
    problem = gl.Problem(spectrum, 0.1 * np.ones(100))
    agrees(problem, relabelled(share * 2 / (spectrum.sum() + 2)), 400)
