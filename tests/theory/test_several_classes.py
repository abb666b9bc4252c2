"""Several classes and class means: what must hold whatever the numbers are, and what no theory knows."""

from dataclasses import replace

import numpy as np
import pytest
from problems_of_classes import clouds, one_truth, plan_of, spectrum

import genloss as gl
from genloss import Generation, Source
from genloss.errors import InvalidInputError, NoTheoryError
from genloss.outlook.measured import mixture
from genloss.outlook.measured.mixture import Fit
from genloss.theory.several.targets import targets
from genloss.trials.leave_one_out import chosen_penalty


@pytest.mark.parametrize("keep", [None, gl.keep.Agrees(0)])
def test_classes_are_the_same_however_large_the_truth_is(keep):
    first = Generation([Source(40, labels="hard")], 0.1)
    rows = Source(40, labels="hard", keep=keep)
    plan = gl.Plan([first, Generation([rows], 0.1)])
    problem = one_truth(3, dim=12)
    plain = gl.predict(problem, plan)
    for size in (1e-20, 1e100):
        found = gl.predict(replace(problem, truth=size * problem.truth), plan)
        for name in ("error", "disagreement", "norm"):
            np.testing.assert_allclose(getattr(found, name), getattr(plain, name), rtol=1e-3)


def test_classes_with_tails_are_known_to_simulate_alone():
    problem = replace(one_truth(3, dim=12), tails=[0.1, 1.9])
    plan = gl.Plan.replace(2, 40, penalty=0.1)
    with pytest.raises(NoTheoryError, match=r"several classes and tails.*genloss\.simulate"):
        gl.predict(problem, plan)


def labelled(plan, how="hard"):
    """The plan with other labels."""
    return gl.Plan(
        [
            replace(each, sources=tuple(replace(source, labels=how) for source in each.sources))
            for each in plan
        ]
    )


def early(how=None, sources=1, **rows):
    """A plan of one fit that stops early."""
    how = how or gl.filters.GradientFlow(3.0)
    return gl.Plan([Generation([Source(50, labels="hard", **rows)] * sources, filter=how)])


@pytest.mark.parametrize("how", ["hard", "sampled", "soft"])
def test_two_columns_are_one_number_a_row(how):
    """One-hot labels of two classes are half of -1 and +1, and values are half as far apart."""
    one = one_truth(2, dim=80)
    single = gl.Problem(one.spectrum, one.truth[:, 1] - one.truth[:, 0])
    plan = labelled(gl.Plan.replace(3, 200, penalty=0.01), how)
    halves = gl.Plan([Generation([Source(200, "real", labels=how)], 0.01)])
    two, other = gl.predict(one, plan), gl.predict(single, plan)
    assert abs(two.error[0] / other.error[0] - 1) < 0.01
    if how == "hard":  # rules that ask how sure a labeler is see other values
        assert np.abs(two.error / other.error - 1).max() < 0.01
        assert np.abs(two.disagreement - other.disagreement).max() < 0.004
    assert gl.predict(one, halves).error[0] == two.error[0]


def test_two_columns_of_clouds_are_one_number_a_row():
    mean = clouds(dim=80).means
    one, two = (gl.Problem(spectrum(80), means=m) for m in (mean, np.stack([mean, -mean], axis=1)))
    plan = labelled(gl.Plan.replace(3, 200, penalty=0.01))
    single, both = gl.predict(one, plan), gl.predict(two, plan)
    assert np.abs(both.error / single.error - 1).max() < 0.02
    assert np.abs(2 * both.risk / single.risk - 1).max() < 0.01


@pytest.mark.parametrize(("loss", "n"), [("logistic", 600), ("squared", 150)])
def test_two_clouds_are_as_forecasts_know_them(loss, n):
    """The forecast of two classes has integrals and a solver of its own."""
    problem, logistic = clouds(apart=0.1), loss == "logistic"
    fits = [Fit(n, 0, 1e-3, logistic), Fit(0, n, 1e-3, logistic), Fit(n // 3, n, 2e-3, logistic)]
    told = mixture.chain(mixture.Mixture(problem.spectrum, problem.means), fits)
    plan = [
        ([(n, "real", "hard")], 1e-3, loss),
        ([(n, 0, "hard")], 1e-3, loss),
        ([(n, 1, "hard"), (n // 3, "real", "sampled")], 2e-3, loss),
    ]
    curve = gl.predict(problem, plan_of(plan))
    assert np.abs(curve.error - told.error).max() < 1e-8
    assert np.abs(curve.disagreement - told.moved).max() < 1e-6


def test_moments_of_the_largest_of_three():
    """Shares by the angles between differences, slopes by densities: both are closed."""
    root = np.random.default_rng(0).standard_normal((3, 3))
    covariance = root @ root.T
    found = targets(np.zeros((1, 3)), covariance, 0.0, gl.labels.Hard())
    often, slope = np.empty(3), np.zeros((3, 3))
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        apart = np.eye(3)[[k, k]] - np.eye(3)[[i, j]]
        v = apart @ covariance @ apart.T
        often[k] = 0.25 + np.arcsin(v[0, 1] / np.sqrt(v[0, 0] * v[1, 1])) / (2 * np.pi)
        # dP(A > 0, B > 0) / da is the density of A at zero, and B is as often positive as not
        slope[:, k] = apart.T @ (1 / np.sqrt(2 * np.pi * np.diag(v)) / 2)
    assert np.abs(found.mean[0] + 1 / 3 - often).max() < 1e-3
    cross = covariance @ slope
    assert np.abs(found.cross - cross).max() < 3e-3 * np.abs(cross).max()


def test_a_rule_of_two_columns_is_one_of_numbers():
    """How far the larger of two values is ahead is the size of their difference."""
    one = one_truth(2, dim=80)
    single = gl.Problem(one.spectrum, one.truth[:, 1] - one.truth[:, 0])
    for rule in (gl.keep.Confident(0.4), gl.keep.Agrees("real")):
        plan = gl.Plan([Generation([Source(200, labels="sampled", keep=rule)], 0.01)])
        two, other = (gl.predict(problem, plan) for problem in (one, single))
        assert abs(two.error[0] / other.error[0] - 1) < 0.02
        assert abs(two.accepted[0] - other.accepted[0]) < 3e-3


def test_hardly_a_row_that_is_kept_has_no_theory():
    first = Generation([Source(50, labels="hard")], 0.1)
    rows = Source(50, "previous", labels="hard", keep=gl.keep.Confident(1e3))
    with pytest.raises(NoTheoryError, match="hardly a row of model 1 is kept"):
        gl.predict(one_truth(3, dim=20), gl.Plan([first, Generation([rows], 0.1)]))


def test_too_many_classes_for_the_memory_are_refused():
    problem = gl.Problem(np.ones(3000), np.eye(3000)[:, :100])
    with pytest.raises(NoTheoryError, match="3000 directions and 100 classes.*simulate"):
        gl.predict(problem, labelled(gl.Plan.replace(1, 50, penalty=0.1)))


def test_linear_labels_are_columns_of_ridge_regression():
    problem = one_truth(3, dim=60)
    plan = gl.Plan.mix(3, 150, real=0.4, penalty=0.02, noise=0.3)
    curve = gl.predict(problem, plan)
    each = [gl.predict(gl.Problem(problem.spectrum, w), plan).risk for w in problem.truth.T]
    assert np.allclose(curve.risk, np.sum(each, axis=0), rtol=1e-9)
    assert curve.error is None


def test_what_is_common_to_all_columns_decides_nothing():
    problem = one_truth(4, dim=50)
    moved = gl.Problem(problem.spectrum, problem.truth + np.ones((50, 1)))
    plan = labelled(gl.Plan.replace(2, 120, penalty=0.05))
    assert np.allclose(gl.predict(problem, plan).error, gl.predict(moved, plan).error, atol=3e-3)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (labelled(gl.Plan.same_design(2, 50)), "another model is fitted to"),
        (labelled(gl.Plan.accumulate(2, 50, design="fresh")), "another model is fitted to"),
        (
            gl.Plan([Generation([Source(9, covariance=np.eye(20))], 0.1)]),
            "covariance matrix",
        ),
        (labelled(gl.Plan.replace(1, 50)).with_features(9, shared=True), "random features"),
        (early(covariance=np.ones(20)), "filter on rows that are not alike"),
    ],
)
def test_what_no_theory_knows_is_simulated(plan, words):
    problem = one_truth(3, dim=20)
    with pytest.raises(NoTheoryError, match=f"{words}.*simulate"):
        gl.predict(problem, plan.with_penalty(0.1))
    assert gl.simulate(problem, plan.with_penalty(0.1), trials=2).risk.size == plan.n_models


@pytest.mark.parametrize(
    ("problem", "source", "words"),
    [
        (one_truth(3, dim=20), {"labeler": gl.External(np.ones(20))}, "of one column; .*3 classes"),
        (one_truth(3, dim=20), {"labeler": gl.External(bias=np.ones((20, 2)))}, "of 2 columns"),
        (clouds(dim=20), {"labeler": gl.External(np.ones((20, 2)))}, "2 columns; .*one number"),
        (one_truth(3, dim=20), {"loss": "logistic"}, "logistic loss"),
        (clouds(dim=20), {"labeler": {"real": 0.5, "previous": 0.5}}, "mixes real classes"),
        (clouds(dim=20), {"keep": gl.keep.Agrees("real")}, "as judge"),
    ],
)
@pytest.mark.parametrize("verb", [gl.predict, gl.simulate])
def test_a_plan_that_does_not_fit_the_classes_is_refused(problem, source, words, verb):
    rest = {"loss": source.get("loss", "squared")}
    rows = {"labels": "hard"} | {k: v for k, v in source.items() if k not in rest}
    first = Generation([Source(50, labels="hard")], 0.1)
    plan = gl.Plan([first, Generation([Source(50, **rows)], 0.1, **rest)])
    with pytest.raises(InvalidInputError, match=f"model [01] .*{words}"):
        verb(problem, plan)


def test_other_verbs_refuse_or_know_classes():
    plan = labelled(gl.Plan.replace(2, 100, penalty=0.1))
    for problem, kind in (
        (one_truth(3, dim=20), "several classes"),
        (clouds(dim=20), "class means"),
    ):
        with pytest.raises(InvalidInputError, match=kind):
            gl.simulate(problem, plan, method="exact")
    assert gl.limit(clouds(dim=20), plan).risk > gl.predict(clouds(dim=20), plan).risk[-1]


@pytest.mark.slow
def test_tune_knows_classes():
    problem, plan = clouds(dim=20), labelled(gl.Plan.replace(2, 100, penalty=0.1))
    best = gl.tune(problem, plan, over="last_penalty")
    assert best.curve.risk[-1] <= gl.predict(problem, plan).risk[-1]


def test_a_source_of_which_no_row_is_kept_takes_no_part():
    problem, first = one_truth(3, dim=20), Generation([Source(50, labels="hard")], 0.1)
    kept = Source(50, "previous", labels="hard", keep=gl.keep.Confident(1e9))
    both, half = (
        gl.predict(problem, gl.Plan([first, Generation(rows, lam)]))
        for rows, lam in (
            ([kept, Source(50, labels="hard")], 0.1),
            ([Source(50, labels="hard")], 0.2),
        )
    )
    np.testing.assert_allclose(both.error, half.error)
    assert both.accepted[1] == 0.5


def test_a_penalty_for_all_columns_is_best_where_each_row_is_left_out():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 8))
    y = X @ rng.standard_normal((8, 3)) + 3 * rng.standard_normal((30, 3))

    def left_out(penalty):
        total = 0.0
        for k in range(30):
            rest, own = np.delete(X, k, axis=0), np.delete(y, k, axis=0)
            w = np.linalg.solve(rest.T @ rest + 30 * penalty * np.eye(8), rest.T @ own)
            total += np.sum((y[k] - X[k] @ w) ** 2)
        return total

    chosen = chosen_penalty(X, y)
    assert left_out(chosen) < min(left_out(0.95 * chosen), left_out(1.05 * chosen))


@pytest.mark.parametrize("rows", [11, 12, 13])
def test_labels_that_agree_have_a_mean_risk_at_any_number_of_rows(rows):
    problem = one_truth(3, dim=12)
    first = Generation([Source(rows, "real")], 0.0)
    chain = gl.Plan([first, Generation([Source(24, "previous", 0.5)], 0.1)])
    found = gl.predict(problem, chain)
    assert np.isfinite(found.risk).all()
    each = [gl.predict(gl.Problem(problem.spectrum, column), chain) for column in problem.truth.T]
    assert np.allclose(found.risk, sum(one.risk for one in each), rtol=1e-8, atol=1e-12)
    noisy = gl.predict(problem, gl.Plan([Generation([Source(rows, "real", 0.5)], 0.0)]))
    assert np.isinf(noisy.risk).all()
    assert any("model 0: the mean risk is infinite" in text for text in noisy.warnings)


@pytest.mark.parametrize("classes", [1, 3])
def test_rows_that_are_kept_are_those_that_are_as_many_as_directions(classes):
    problem = one_truth(classes, dim=30) if classes > 1 else gl.Problem.isotropic(30, signal=4.0)
    first = Generation([Source(150, labels="hard")], 0.01)

    def fit(n, **rest):
        rows = Source(n, labels="hard", keep=gl.keep.Agrees(0), **rest)
        return gl.predict(problem, gl.Plan([first, Generation([rows])]))

    share = fit(3000).accepted[1]
    assert np.isfinite(fit(20).risk[1])
    assert np.isinf(fit(round(30 / share)).risk[1])
    kept = 32 + 3 * np.sqrt(32 * (1 - share))  # 3 standard deviations of what is kept away
    [*_, said] = [w for w in fit(round(kept / share)).warnings if "without penalty" in w]
    assert said.startswith("model 1: n_samples")
    assert "within 3 of dim 30 without penalty" in said
