"""Limits of fits on rows of before beyond ridge regression on linear labels: against literal runs."""

from dataclasses import replace

import numpy as np
import pytest

import genloss as gl
from genloss import Generation, Source, filters
from genloss.labels import Clipped
from genloss.theory.forever.repeating import repetition

PROBLEM = gl.Problem.power_law(100, capacity=0.6, source=0.5)
PASS = filters.SGD(0.02)


def through(plan, rule="linear", how=None):
    """The same plan, labels of new rows by a rule, every fit by a filter."""

    def rows(source):
        return replace(source, labels=rule) if source.inputs == "new" else source

    return gl.Plan(
        [replace(each, filter=how, sources=tuple(map(rows, each.sources))) for each in plan]
    )


def anchored(rows=120, n_real=100, penalty=0.1):
    return gl.Plan.anchored(4, rows, n_real=n_real, noise=0.5, penalty=penalty)


def chosen_and_kept():
    """Fits on new rows that choose their penalty, in turn with fits that keep those rows."""
    chosen = Generation([Source(120, "previous", 0.5), Source(100, noise=0.5)], "cv")
    fits = [Generation([Source(120, noise=0.5)], 0.1)]
    for model in (1, 3, 5):
        kept = [Source(None, "kept", inputs=model), Source(50, noise=0.5)]
        fits += [chosen, Generation(kept, 0.1)]
    return gl.Plan(fits)


def classes_and_kept():
    """Logistic fits in turn with ridge regression on real rows that stay, each labelling for the other."""
    hard = [Source(300, "previous", labels="hard"), Source(100, labels="hard")]
    kept = [Source(None, "kept", inputs=0), Source(100, "previous", 0.5)]
    turn = [Generation(hard, 0.1, loss="logistic"), Generation(kept, 0.1)]
    return gl.Plan([Generation([Source(150, noise=0.5)], 0.1), *3 * turn])


@pytest.mark.parametrize(("how", "penalty"), [(None, 0.1), (PASS, 0.0)], ids=["rule", "sgd"])
def test_what_labels_nothing_new_is_there_at_once(how, penalty):
    first = Generation([Source(30, noise=0.5)], penalty)
    real = Generation([Source(None, "kept", inputs=0), Source(30, noise=0.5)], penalty)
    plan = through(gl.Plan([first, real, real]), "hard" if how is None else "linear", how)
    found = gl.limit(PROBLEM, plan)
    assert found.risk == pytest.approx(gl.predict(PROBLEM, plan).risk[-1], rel=1e-9)
    assert (found.radius, found.half_life, found.stable) == (0.0, 0.0, True)


def test_what_settles_within_a_few_models_is_seen():
    # moves fall to rounding long before the 16th model
    first = Generation([Source(60, noise=0.5)], 0.1)
    mixed = Source(30, {"previous": 0.1, "real": 0.9}, 0.5)
    later = Generation([Source(None, "kept", inputs=0), mixed], 0.1)
    plan = gl.Plan([first, later, later])
    problem = gl.Problem.power_law(20, capacity=0.6, source=0.5)
    found = gl.limit(problem, plan)
    longer = gl.predict(problem, repetition(plan).unrolled(plan, 9)).risk
    assert found.risk == pytest.approx(longer[-1], rel=1e-9)
    assert 0 < found.radius < 0.1


@pytest.mark.parametrize(
    ("plan", "word"),
    [
        (anchored(penalty="cv"), "penalty of model 1 is 'cv'"),
        (
            gl.Plan(
                [
                    Generation([Source(100, noise=0.5)], 0.1),
                    *2 * [Generation([Source(None, "previous", inputs=0, labels="hard")], 0.1)],
                ]
            ),
            "another model is fitted to",
        ),
    ],
    ids=["cv", "seen"],
)
def test_what_predict_does_not_know_is_refused(plan, word):
    with pytest.raises(gl.NoTheoryError, match=rf"{word}.*genloss\.simulate"):
        gl.limit(PROBLEM, plan)


@pytest.mark.slow
def test_labels_that_are_never_clipped_have_the_limit_of_linear_ones():
    linear, clipped = (
        gl.limit(PROBLEM, through(anchored(), rule)) for rule in ("linear", Clipped(-1e3, 1e3))
    )
    assert clipped.risk == pytest.approx(linear.risk, rel=1e-4)
    assert clipped.bias == pytest.approx(linear.bias, rel=1e-4)
    assert clipped.radius == pytest.approx(linear.radius, rel=0.02)


LITERAL = {
    "hard": (through(anchored(), "hard"), 14),
    "sampled": (through(anchored(), "sampled"), 8),
    "clipped": (through(anchored(), Clipped(-1.0, 1.0)), 12),
    "hard by descent": (through(anchored(), "hard", filters.GradientDescent(4, 0.3)), 12),
    "sgd": (through(anchored(penalty=0.02), how=PASS), 40),
    "sgd distilled": (
        through(gl.Plan.distill(4, 120, mixing=0.5, noise=0.5, penalty=0.1), how=PASS),
        12,
    ),
    "sgd in a window": (
        through(gl.Plan.window(6, 120, last=2, noise=0.5, penalty=0.1), how=PASS),
        60,
    ),
    "cv and kept": (chosen_and_kept(), 8),
    "logistic and kept": (classes_and_kept(), 8),
}


@pytest.mark.slow
@pytest.mark.parametrize(("plan", "times"), LITERAL.values(), ids=LITERAL)
def test_literal_runs_settle_there(plan, times):
    found = gl.limit(PROBLEM, plan)
    runs = gl.simulate(
        PROBLEM, repetition(plan).unrolled(plan, times), trials=60, seed=3, method="literal"
    )
    assert found.stable
    assert abs(runs.risk[-1] - found.risk) < 0.03 * found.risk + 4 * runs.stderr[-1]
    if found.error is not None:
        assert runs.error is not None
        assert abs(runs.error[-1] - found.error) < 0.02
    # half of the way is made when it is said
    start = repetition(plan).start - 1
    way = np.abs(runs.risk[start :: repetition(plan).length] - found.risk)
    after = int(np.ceil(found.half_life)) + 1
    assert way[after] < 0.55 * way[0] + 4 * runs.stderr[-1]


@pytest.mark.slow
def test_hard_labels_and_passes_over_rows_that_stay():
    problem = gl.Problem.isotropic(100)
    plan = through(anchored(penalty=0.02), "hard", filters.SGD(0.003))
    found = gl.limit(problem, plan)
    runs = gl.simulate(
        problem, repetition(plan).unrolled(plan, 14), trials=60, seed=3, method="literal"
    )
    assert abs(runs.risk[-1] - found.risk) < 0.03 * found.risk + 4 * runs.stderr[-1]


@pytest.mark.slow
def test_rows_of_any_lengths_that_stay():
    problem = gl.Problem(PROBLEM.spectrum, PROBLEM.truth, tails=[0.4, 1.0, 1.6])
    # labels that are mixed for ever are ridge regression with another penalty
    distilled = gl.limit(problem, gl.Plan.distill(4, 120, mixing=0.5, noise=0.5, penalty=0.1))
    ridge = gl.predict(problem, gl.Plan.replace(1, 120, noise=0.5, penalty=0.2))
    assert distilled.risk == pytest.approx(ridge.risk[0], rel=1e-5)
    found = gl.limit(problem, anchored())
    runs = gl.simulate(
        problem,
        repetition(anchored()).unrolled(anchored(), 14),
        trials=100,
        seed=3,
        method="literal",
    )
    assert abs(runs.risk[-1] - found.risk) < 0.03 * found.risk + 4 * runs.stderr[-1]
