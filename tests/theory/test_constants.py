"""Plans with an intercept in theory: filters and covariance matrices beside it, against literal runs."""

import numpy as np
import pytest

import genloss as gl
from genloss.steps import resolve
from genloss.trials import loop
from genloss.trials.engines.literal import Learner

Gen, Source = gl.Generation, gl.Source
DIM = 100
DECAY = np.arange(1, DIM + 1) ** -1.2
DESCENT, ROUNDS = gl.filters.GradientDescent(30, 0.04), gl.filters.IteratedRidge(2)
TAILS = (0.3, 1.7)


def turned(dim, decay, scale=1.0, seed=0):
    """A covariance whose directions are none of the problem's."""
    basis, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((dim, dim)))
    return scale * (basis * np.arange(1, dim + 1) ** -decay) @ basis.T


def chain(models, first, later, penalty=0.0, filter_=None):
    """Model 0 on the rows of ``first``, every later one on those of ``later``."""
    fits = [first] + [later] * (models - 1)
    return gl.Plan(Gen(rows, penalty, filter=filter_) for rows in fits).with_intercept()


def test_a_filter_beside_a_constant_is_one_of_rows_about_their_mean():
    rng = np.random.default_rng(1)
    X, y, weights = rng.standard_normal((9, 4)) + 2, rng.normal(-1, 1, 9), rng.uniform(1, 3, 9)
    share = weights / weights.sum()
    apart, left = X - share @ X, y - share @ y
    S = (apart.T * weights) @ apart / 9
    w = np.zeros(4)
    for _ in range(30):
        w -= 0.04 * (S @ w - (apart.T * weights) @ left / 9)
    [step] = resolve(chain(1, [Source(9)], [], filter_=DESCENT))
    rows = loop.Rows(np.append(X, np.ones((9, 1)), axis=1), y, weights)
    told = np.append(w, share @ (y - X @ w))
    np.testing.assert_allclose(Learner(rng)(step, rows, None), told, rtol=1e-9)


@pytest.mark.parametrize("tails", [None, TAILS])
@pytest.mark.parametrize(
    ("penalty", "filter_"), [(0.0, None), (0.2, None), (0.1, ROUNDS), (0.0, DESCENT)]
)
def test_matrices_along_the_directions_are_vectors(penalty, filter_, tails):
    problem = gl.Problem(np.arange(1, 5) ** -0.8, np.ones(4), tails=tails)
    along = np.arange(1, 5) ** -0.3

    def risk(covariance):
        first = [Source(11, noise=0.5, covariance=covariance)]
        later = [
            Source(16, "previous", 0.3),
            Source(5, noise=0.3, weight=2.0, covariance=covariance),
        ]
        return gl.predict(problem, chain(3, first, later, penalty, filter_)).risk

    np.testing.assert_allclose(risk(np.diag(along)), risk(along), rtol=1e-10)


@pytest.mark.parametrize("rows", [12, 1])
def test_least_squares_on_rows_of_a_matrix_is_exact(rows):
    problem = gl.Problem.from_spectrum(np.arange(1, 5) ** -0.8)
    own = turned(4, 0.8)
    plan = chain(
        3,
        [Source(rows, noise=0.5, covariance=own)],
        [Source(rows, "previous", 0.2, weight=2.0, covariance=own)],
    )
    curve, runs = gl.predict(problem, plan), gl.simulate(problem, plan, trials=4000, seed=2)
    assert curve.exact.all()
    assert (abs(curve.risk - runs.risk) < 4 * runs.stderr).all()


OWN, OTHER = turned(DIM, 0.8), turned(DIM, 0.4, 0.6, seed=1)
REAL, HEARD = Source(60, noise=0.5), Source(50, "previous", 0.2)
UNLIKE = [
    Source(30, noise=0.5, covariance=OWN, weight=2.0),
    Source(40, "previous", 0.2, covariance=OTHER),
]
PLANS = {
    "filter": (None, chain(4, [REAL], [HEARD], 0.0, DESCENT)),
    "filter, few rows": (
        None,
        chain(3, [Source(6, noise=0.5)], [Source(6, "previous", 0.5)], 0.1, ROUNDS),
    ),
    "filter, one row": (
        None,
        chain(3, [Source(1, noise=0.5)], [Source(1, "previous", 0.5)], 0.1, ROUNDS),
    ),
    "filter, two labelers": (None, chain(4, [REAL], [Source(20, noise=0.5), HEARD], 0.1, ROUNDS)),
    "filter, weights": (
        None,
        chain(3, [REAL], [Source(20, noise=0.5, weight=4.0), HEARD], 0.0, DESCENT),
    ),
    "filter, lengths": (TAILS, chain(3, [REAL], [Source(20, noise=0.5), HEARD], 0.1, ROUNDS)),
    "filter, a covariance along the directions": (
        None,
        chain(
            3,
            [REAL],
            [Source(30, noise=0.5, covariance=np.linspace(0.2, 0.6, DIM)), HEARD],
            0.0,
            gl.filters.GradientFlow(1.0),
        ),
    ),
    "filter, matrices": (None, chain(3, [REAL], UNLIKE, 0.0, DESCENT)),
    "filter, matrices and lengths": (TAILS, chain(3, [REAL], UNLIKE, 0.1, ROUNDS)),
    "matrices": (None, chain(3, [REAL], UNLIKE, 0.1)),
    "matrices, minimum norm": (
        None,
        chain(
            3,
            [Source(60, noise=0.5, covariance=OWN)],
            [Source(50, "previous", 0.2, covariance=OTHER)],
        ),
    ),
    "matrices and lengths": (TAILS, chain(3, [REAL], UNLIKE, 0.1)),
    "matrices, rows that stay": (
        None,
        gl.Plan(
            [Gen([Source(60, noise=0.5, covariance=OWN)], 0.1)]
            + [
                Gen([Source(None, "kept", inputs=0), Source(40, k, 0.2, covariance=OTHER)], 0.1)
                for k in range(2)
            ]
        ).with_intercept(),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_filters_and_matrices_are_predicted_to_three_percent(name):
    tails, plan = PLANS[name]
    problem = gl.Problem(DECAY, np.ones(DIM), tails=tails)
    theory = gl.predict(problem, plan)
    runs = gl.simulate(problem, plan, trials=400, seed=1, method="literal")
    assert (abs(theory.risk - runs.risk) < 0.03 * runs.risk + 4 * runs.stderr).all()


FLAT = gl.Problem(np.full(150, 0.01), np.ones(150))
FEW = {
    "1 + 1": ((1, 1), 1.0, None),
    "1 + 1, weights": ((1, 1), 0.2, None),
    "2 + 1, weights": ((2, 1), 3.0, None),
    "2 + 1, a matrix": ((2, 1), 0.2, turned(150, 0.0, 0.01)),
    "2 + 2, a filter": ((2, 2), 1.0, None),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_few_rows_of_labelers_with_constants_far_apart(name):
    (rows, others), weight, covariance = FEW[name]
    how = {"filter": ROUNDS if "filter" in name else None}
    last = [
        Source(rows, 0, 0.1, weight=weight),
        Source(others, 1, 0.1, covariance=covariance),
    ]
    fits = [[Source(2, noise=0.5)], [Source(30, noise=0.3)], last]
    plan = gl.Plan(Gen(each, 0.4, **how) for each in fits).with_intercept()
    theory, runs = gl.predict(FLAT, plan), gl.simulate(FLAT, plan, trials=3000, seed=1)
    away = abs(theory.risk - runs.risk)
    assert (away < 0.003 * runs.risk + 4 * runs.stderr).all()


@pytest.mark.parametrize("what", ["filter", "weights", "lengths", "matrix"])
def test_limits_are_where_long_chains_end(what):
    tails = TAILS if what == "lengths" else None
    problem = gl.Problem(DECAY[:12], np.ones(12), tails=tails)
    rows = Source(
        20,
        noise=0.5,
        weight=2.0 if what == "weights" else 1.0,
        covariance=turned(12, 0.8) if what == "matrix" else None,
    )
    later, filter_ = [rows, HEARD], None if what == "matrix" else ROUNDS
    found = gl.limit(problem, chain(3, [REAL], later, 0.1, filter_))
    long = gl.predict(problem, chain(80, [REAL], later, 0.1, filter_))
    assert found.risk == pytest.approx(long.risk[-1], rel=1e-6)
    assert not gl.limit(problem, chain(3, [rows], [HEARD], 0.1, filter_)).stable  # it drifts


def test_a_constant_that_drifts_has_no_limit_of_some_digits():
    problem = gl.Problem.power_law(20, capacity=1.2, source=0.5)
    plan = gl.Plan.window(5, 40, last=2, penalty=0.0005, noise=1.0)
    assert "extrapolated" in gl.limit(problem, plan).warnings[-1]
    found = gl.limit(problem, plan.with_intercept())
    assert not found.stable
    assert not any("extrapolated" in said for said in found.warnings)


def test_a_constant_fades_where_labels_are_parts_of_what_models_say():
    problem = gl.Problem(DECAY[:12], np.ones(12), tails=TAILS)
    again = [Source(50, {"previous": -0.5}, 0.3)]
    long = gl.predict(problem, chain(60, [REAL], again, 0.1))
    assert gl.limit(problem, chain(3, [REAL], again, 0.1)).risk == pytest.approx(long.risk[-1])


def test_a_filter_on_rows_that_others_see_is_refused():
    plan = gl.Plan(
        [Gen([REAL], filter=DESCENT), Gen([Source(None, "kept", inputs=0), HEARD], filter=DESCENT)]
    ).with_intercept()
    with pytest.raises(gl.NoTheoryError, match="intercept and a filter, on rows that other models"):
        gl.predict(gl.Problem(DECAY, np.ones(DIM)), plan)


def test_few_rows_that_later_fits_keep_are_refused_though_their_own_model_is_known():
    """One row that stays has a constant of its own, which the pencil's column of ones does not: it would err by a factor of 8."""
    problem = gl.Problem.power_law(40, capacity=1.0, source=0.5)
    kept = gl.Plan.anchored(4, 30, n_real=4, penalty=0.3, noise=0.5).with_intercept()
    with pytest.raises(gl.NoTheoryError, match="model 0 has an intercept and 4 rows, fewer than 5"):
        gl.predict(problem, kept)
    with pytest.raises(
        gl.NoTheoryError, match=r"4 rows, .*limit is not known; genloss.simulate runs"
    ):
        gl.limit(problem, kept)
    enough = gl.Plan.anchored(4, 30, n_real=5, penalty=0.3, noise=0.5).with_intercept()
    theory, runs = gl.predict(problem, enough), gl.simulate(problem, enough, trials=400)
    assert (abs(theory.risk - runs.risk) < 0.06 * runs.risk + 4 * runs.stderr).all()
    assert gl.limit(problem, enough).stable
    new = gl.Plan.mix(4, 30, real=0.1, penalty=0.3, noise=0.5).with_intercept()
    assert gl.limit(problem, new).stable  # few, but others every time
