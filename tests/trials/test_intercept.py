"""Fits with an intercept: literal, revealed and predicted, against normal equations with a column of ones."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import genloss as gl
from genloss.steps import resolve
from genloss.trials import loop
from genloss.trials.engines.literal import Learner

Gen, Source = gl.Generation, gl.Source
SPECTRUM = np.arange(1, 5) ** -0.8
PROBLEM = gl.Problem.from_spectrum(SPECTRUM)


def fitted(X, y, weights, penalty):
    """Coefficients and intercept of every run, (runs, dim + 1)."""
    n, share = X.shape[1], weights / weights.sum()
    if n <= X.shape[2]:  # the shortest coefficients of all that fit best beside a free constant
        root = np.sqrt(weights)[:, None]
        middle, level = share @ X, y @ share
        rows, left = (X - middle[:, None]) * root, (y - level[:, None])[..., None] * root
        gram = rows @ rows.transpose(0, 2, 1) + n * penalty * np.eye(n)
        w = (rows.transpose(0, 2, 1) @ np.linalg.pinv(gram, hermitian=True) @ left)[..., 0]
        return np.append(w, level[:, None] - (middle * w).sum(axis=1, keepdims=True), axis=1)
    rows = np.append(X, np.ones((*X.shape[:2], 1)), axis=2)
    left = rows.transpose(0, 2, 1) * weights
    ridge = n * penalty * np.diag(np.append(np.ones(X.shape[2]), 0.0))
    return np.linalg.solve(left @ rows + ridge, left @ y[..., None])[..., 0]


def chain(generations, runs, spectrum=SPECTRUM):
    """Excess risks of models on new rows, (models, runs): the intercept's square is part of them."""
    design = None
    truth = np.append(gl.Problem.from_spectrum(spectrum).truth, 0.0)
    rng, models = np.random.default_rng(0), {-1: np.tile(truth, (runs, 1))}
    for model, (sources, penalty) in enumerate(generations):
        X, y, weights = [], [], []
        for rows, labeler, noise, weight in sources:
            shares = labeler if isinstance(labeler, dict) else {labeler: 1.0}
            w = sum(share * models[who] for who, share in shares.items())
            if rows is not None:
                design = rng.standard_normal((runs, rows, spectrum.size)) * np.sqrt(spectrum)
            X.append(design)
            noise *= np.linalg.norm(list(shares.values()))  # of independent labels, averaged
            said = (X[-1] @ w[:, :-1, None])[..., 0] + w[:, -1:]
            y.append(said + noise * rng.standard_normal(said.shape))
            weights.append(np.full(X[-1].shape[1], weight))
        whole = np.concatenate(X, axis=1), np.concatenate(y, axis=1), np.concatenate(weights)
        models[model] = fitted(*whole, penalty)
    wrong = [models[model] - truth for model in range(len(generations))]
    return np.array([each**2 @ np.append(spectrum, 1.0) for each in wrong])


def named(labeler):
    if isinstance(labeler, dict):
        return {"real" if who < 0 else who: share for who, share in labeler.items()}
    return "real" if labeler < 0 else labeler


def plan_of(generations):
    """One number of rows, or None for the inputs of model 0 again."""
    return gl.Plan(
        Gen(
            [
                Source(n, named(who), s, weight=w, inputs="new" if n else 0)
                for n, who, s, w in sources
            ],
            lam,
        )
        for sources, lam in generations
    ).with_intercept()


def z(curve, drawn):
    spread = drawn.std(axis=1) / np.sqrt(drawn.shape[1])
    own = 0.0 if curve.stderr is None else curve.stderr
    return np.abs(curve.risk - drawn.mean(axis=1)) / np.hypot(spread, own)


def test_a_fit_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    X, y, weights = rng.standard_normal((9, 4)) + 2, rng.normal(-1, 1, 9), rng.uniform(1, 3, 9)
    rows = loop.Rows(np.append(X, np.ones((9, 1)), axis=1), y, weights)
    [step] = resolve(gl.Plan.replace(1, 9, penalty=0.2).with_intercept())
    told = Ridge(9 * 0.2).fit(X, y, weights)
    w = Learner(rng)(step, rows, None)
    np.testing.assert_allclose(w, np.append(told.coef_, told.intercept_), rtol=1e-9)
    before = np.array([1.0, 0.0, -1.0, 2.0, 5.0])
    told.fit(X, y - X @ before[:4] - 5, weights)
    moved = Learner(rng)(step, rows, before) - before
    np.testing.assert_allclose(moved, np.append(told.coef_, told.intercept_), rtol=1e-9)


def test_least_squares_is_predicted_exactly():
    plan = [([(11, -1, 0.5, 1.0)], 0.0), ([(16, 0, 0.3, 1.0)], 0.0), ([(9, 1, 0.2, 2.0)], 0.0)]
    curve = gl.predict(PROBLEM, plan_of(plan))
    assert curve.exact.all()
    assert (z(curve, chain(plan, 8_000)) < 4).all()


FEW = {
    "one row": (SPECTRUM, [([(1, -1, 0.5, 1.0)], 0.3), ([(1, 0, 0.3, 2.0)], 0.0)]),
    "minimum norm": (np.ones(4), [([(3, -1, 0.5, 1.0)], 0.0), ([(2, 0, 0.3, 1.0)], 0.0)]),
}


@pytest.mark.parametrize("name", FEW)
def test_few_rows_are_predicted_exactly(name):
    spectrum, plan = FEW[name]
    curve = gl.predict(gl.Problem.from_spectrum(spectrum), plan_of(plan))
    assert curve.exact.all()
    assert (z(curve, chain(plan, 8_000, spectrum)) < 4).all()


@pytest.mark.parametrize("name", ["one", "several"])
def test_the_constant_of_few_rows_is_as_loud_as_it_is(name):
    spectrum = np.full(150, 0.01)
    sources = {
        "one": [(3, -1, 0.5, 1.0)],
        "several": [(2, -1, 0.5, 3.0), (1, -1, 0.1, 1.0)],
    }[name]
    plan = [(sources, 0.4), ([(2, 0, 0.3, 1.0)], 0.4)]
    curve = gl.predict(gl.Problem.from_spectrum(spectrum), plan_of(plan))
    drawn = chain(plan, 2000, spectrum)
    away = np.abs(curve.risk - drawn.mean(axis=1))
    assert (away < 0.03 * curve.risk + 4 * drawn.std(axis=1) / np.sqrt(2000)).all()


def test_one_design_is_that_of_a_row_fewer():
    again = [[(None, {-1: 0.3, k: 0.7}, 0.4, 2.0)] for k in range(2)]
    for rows, penalty in ((12, 0.0), (3, 0.0)):  # exact with and without rows to spare
        plan = [([(rows, -1, 0.5, 1.0)], penalty), *((sources, penalty) for sources in again)]
        curve = gl.predict(gl.Problem.isotropic(6), plan_of(plan))
        assert curve.exact.all()
        assert (z(curve, chain(plan, 6_000, np.ones(6))) < 4).all()
    few = gl.Plan.same_design(14, 40, penalty=0.3, noise=0.5).with_intercept()  # beyond a pencil
    assert np.isfinite(gl.predict(gl.Problem.power_law(60, capacity=1, source=0.5), few).risk).all()


@pytest.mark.parametrize("rows", [11, None], ids=["new rows", "one design"])
def test_limits_are_where_long_chains_are(rows):
    plan = [([(11, -1, 0.5, 1.0)], 0.0)]
    plan += [([(rows, {-1: 0.5, k: 0.5}, 0.4, 1.0)], 0.0) for k in range(9)]
    found, drawn = gl.limit(PROBLEM, plan_of(plan)), chain(plan, 8_000)[-1]
    assert abs(found.risk - drawn.mean()) < 4 * drawn.std() / np.sqrt(8_000)
    assert found.radius == pytest.approx(0.5)


@pytest.mark.parametrize("design", ["fresh", "same"])
def test_a_constant_that_nothing_real_holds_drifts_for_ever(design):
    make = gl.Plan.replace if design == "fresh" else gl.Plan.same_design
    plan = make(3, 50, penalty=0.5, noise=0.5)
    assert gl.limit(PROBLEM, plan).stable
    assert "every generation adds to the error" in repr(gl.limit(PROBLEM, plan.with_intercept()))
    drawn = gl.Plan.subsample(3, 50, design=design, penalty=0.5, noise=0.5).with_intercept()
    with pytest.raises(gl.NoTheoryError, match="intercept and is fitted to rows drawn from all so"):
        gl.limit(PROBLEM, drawn)


# a loop of normal equations: E b**2 after 150 generations, and its standard error
POOLED = {"fresh": (0.2796, 0.013), "same": (0.3629, 0.016)}


@pytest.mark.parametrize("design", POOLED)
def test_a_pool_that_nothing_real_holds_moves_its_constant_by_ever_less(design):
    problem = gl.Problem(np.arange(1, 21) ** -0.8, np.ones(20))
    plan = gl.Plan.accumulate(4, 12, design=design, penalty=0.3, noise=0.5)
    bare, found = gl.limit(problem, plan), gl.limit(problem, plan.with_intercept())
    constant, stderr = POOLED[design]
    assert abs(found.risk - bare.risk - constant) < 4 * stderr
    assert "extrapolated from 12 models" in found.warnings[-1]


@pytest.mark.slow
def test_weighted_sources_are_drawn_from_the_law():
    plan = [
        ([(8, -1, 0.5, 3.0), (5, -1, 0.2, 1.0)], 0.05),
        ([(6, 0, 0.5, 2.0), (7, -1, 0.1, 1.0)], 0.05),
        ([(6, 1, 0.3, 1.0), (5, 0, 0.1, 4.0)], 0.05),
    ]
    drawn = chain(plan, 20_000)
    for method, runs in (("literal", 1000), ("revealed", 2048)):
        curve = gl.simulate(PROBLEM, plan_of(plan), trials=runs, seed=1, method=method)
        assert (z(curve, drawn) < 4).all(), method


DESCENT = gl.filters.GradientDescent(5, 0.1)
NOISY = {"noise": 0.5, "penalty": 0.05}
REVEALED = {
    "few rows": gl.Plan.replace(2, 60, **NOISY),
    "minimum norm": gl.Plan.replace(2, 60, noise=0.5),
    "real and synthetic": gl.Plan.mix(3, 150, real=0.4, **NOISY),
    "one design": gl.Plan.same_design(3, 200, **NOISY),
    "accumulate": gl.Plan.accumulate(3, 100, design="fresh", **NOISY),
    "towards": gl.Plan(
        [
            Gen.of(150, labeler="real", **NOISY),
            Gen([Source(120, "previous", 0.5)], 0.1, towards="previous"),
        ]
    ),
    "covariance and weight": gl.Plan(
        [
            Gen(
                [Source(90, noise=0.5, weight=3.0), Source(80, covariance=tuple([0.5] * 120))], 0.05
            ),
            Gen([Source(90, 0, noise=0.5), Source(80, noise=0.2, weight=2.0)], 0.05),
        ]
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REVEALED)
def test_other_plans_are_predicted_to_two_percent(name):
    problem, plan = gl.Problem.from_spectrum(np.arange(1, 121) ** -1.2), REVEALED[name]
    plan = plan.with_intercept()
    theory = gl.predict(problem, plan)
    runs = gl.simulate(problem, plan, trials=200, seed=1, method="revealed")
    assert not theory.exact.any()
    assert (abs(theory.risk - runs.risk) < 0.02 * runs.risk + 4 * runs.stderr).all()


@pytest.mark.slow
def test_lengths_of_rows_and_models_from_outside_are_predicted():
    spectrum = np.arange(1, 121) ** -1.2
    outside = gl.External(bias=0.05, variance=0.01)
    plan = gl.Plan(
        [Gen([Source(150, noise=0.5), Source(60, outside, 0.2)], 0.1)]
        + [Gen([Source(80, noise=0.5), Source(70, {"previous": 0.8, outside: 0.2}, 0.5)], 0.1)] * 2
    ).with_intercept()
    one_row = gl.Plan.replace(2, 1, penalty=0.1, noise=0.5).with_intercept()
    for tails, asked in ((None, plan), ((0.3, 1.7), plan), ((0.3, 1.7), one_row)):
        problem = gl.Problem(spectrum, np.ones(120), tails=tails)
        runs = gl.simulate(problem, asked, trials=400, seed=3)
        away = np.abs(gl.predict(problem, asked).risk - runs.risk)
        assert (away < 0.03 * runs.risk + 4 * runs.stderr).all()


def test_a_constant_beside_penalties_far_apart_is_solved():
    first = Gen([Source(40, noise=1.0, weight=0.01)], 1000.0)
    plan = gl.Plan([first, Gen([Source(None, "kept", inputs=0)], 1e-3)])
    problem = gl.Problem.isotropic(100)
    one, other = (gl.predict(problem, each).risk for each in (plan, plan.with_intercept()))
    assert (other > one).all()
    assert other == pytest.approx(one + (one + 1.0) / 40, rel=0.02)


def test_few_rows_that_models_share_are_refused():
    plan = gl.Plan.accumulate(2, 4, design="same", penalty=0.1, noise=0.5).with_intercept()
    with pytest.raises(gl.NoTheoryError, match="has an intercept and 4 rows, fewer than 5"):
        gl.predict(PROBLEM, plan)


def test_one_for_all_models_or_for_none():
    plan = gl.Plan.replace(2, 50).with_intercept()
    assert gl.Plan.from_dict(plan.to_dict()) == plan
    assert plan.then(n_samples=40, intercept=True).n_models == 3
    with pytest.raises(gl.InvalidInputError, match="intercept of model 2 was False, and True"):
        plan.then(n_samples=40)
    with pytest.raises(gl.InvalidInputError, match="intercept was True with loss logistic"):
        Gen([Source(50, labels="hard")], 0.1, loss="logistic", intercept=True)
    with pytest.raises(gl.InvalidInputError, match="intercept was True with penalty 'cv'"):
        gl.Plan.replace(2, 50, penalty="cv").with_intercept()


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (gl.Plan.replace(2, 50, penalty=0.1).with_features(9, shared=True), "random features"),
        (
            gl.Plan.accumulate(2, 50, design="fresh", noise=0.5).with_features(9, shared=False),
            "random features",
        ),
    ],
)
def test_what_no_theory_knows_is_simulated(plan, reason):
    plan = plan.with_intercept()
    with pytest.raises(gl.NoTheoryError, match=f"{reason}: no theory knows it, but genloss.sim"):
        gl.predict(PROBLEM, plan)
    assert np.isfinite(gl.simulate(PROBLEM, plan, trials=2).risk).all()


def test_a_tuned_penalty_is_that_of_fits_with_an_intercept():
    problem = gl.Problem.power_law(60, capacity=1.2, source=0.5)
    best = gl.tune(problem, gl.Plan.replace(2, 20, penalty=0.1, noise=0.5).with_intercept()).plan
    beside = [best.with_penalty(factor * best.penalty) for factor in (0.9, 1.0, 1.1)]
    below, least, above = (curve.risk[-1] for curve in gl.predict(problem, beside))
    assert least < min(below, above)
