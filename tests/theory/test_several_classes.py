"""Several classes and class means: theory against a loop written here, with NumPy alone."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import genloss as gl
from genloss import Generation, Source
from genloss.errors import InvalidInputError, NoTheoryError
from genloss.outlook.measured import mixture
from genloss.outlook.measured.mixture import Fit
from genloss.theory import two_columns
from genloss.theory.several.targets import targets
from genloss.trials.leave_one_out import chosen_penalty

DIM = 200


def spectrum(dim=DIM):
    """Eigenvalues i^-1/2 of trace 1."""
    values = np.arange(1, dim + 1) ** -0.5
    return values / values.sum()


def one_truth(classes, seed=1, dim=DIM, norm=2.0):
    s = spectrum(dim)
    truth = np.random.default_rng(seed).standard_normal((dim, classes))
    return gl.Problem(s, norm * truth / np.sqrt(s @ truth**2))


def clouds(classes=None, seed=1, dim=DIM, apart=0.2):
    s = spectrum(dim)
    shape = dim if classes is None else (dim, classes)
    means = np.random.default_rng(seed).standard_normal(shape)
    return gl.Problem(s, means=apart * (np.sqrt(s) * means.T).T)


def test_two_clouds_far_apart_are_two_columns():
    s = spectrum(12)
    means = np.sqrt(100 * s / 12)
    problem = gl.Problem(s, means=means)
    rows = [Source(60, who, labels="hard") for who in ("real", "previous")]
    plan = gl.Plan([Generation([each], 0.01) for each in rows])
    found, runs = gl.predict(problem, plan), gl.simulate(problem, plan, trials=100)
    assert (np.abs(found.risk / runs.risk - 1) < 0.1 + 4 * runs.stderr / runs.risk).all()
    np.testing.assert_allclose(found.norm, runs.norm, rtol=0.02)
    assert found.error.max() < 1e-15
    near = gl.Problem(s, means=means / 5)
    both = two_columns.curve_of(near, plan)
    one = gl.predict(near, plan)
    np.testing.assert_allclose(both.risk, one.risk, rtol=2e-3)
    np.testing.assert_allclose(both.norm, one.norm, rtol=2e-3)
    np.testing.assert_allclose(both.disagreement, one.disagreement, atol=2e-3)


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


class Loop:
    """One run: draw rows, label them, fit, and count wrong classes on new rows.

    With two clouds and one number a row, classes are -1 and +1, and the largest value is a sign.
    """

    def __init__(self, problem, seed):
        self.s, self.truth, self.means = problem.spectrum, problem.truth, problem.means
        self.one = self.truth.ndim == 1
        self.outputs = 1 if self.one else self.truth.shape[1]
        self.rng, self.models = np.random.default_rng(seed), []
        self.centres = self.means
        if self.means is not None and self.one:
            self.centres = np.stack([-self.means, self.means], axis=1)

    def rows(self, n, covariance=None):
        variances = self.s if covariance is None else covariance
        X = self.rng.standard_normal((n, self.s.size)) * np.sqrt(variances)
        if self.means is None:
            return X, np.zeros(n, dtype=int)
        own = self.rng.integers(self.centres.shape[1], size=n)
        return X + self.centres.T[own], own

    def classes(self, values):
        return (values > 0).astype(int) if self.one else values.argmax(axis=1)

    def code(self, classes):
        """Classes as labels."""
        return 2.0 * classes - 1 if self.one else np.eye(self.outputs)[classes] - 1 / self.outputs

    def label(self, values, how, noise):
        h = values + noise * self.rng.standard_normal(values.shape)
        if how == "linear":
            return h
        if how == "hard":
            return self.code(self.classes(h))
        both = np.stack([-h / 2, h / 2], axis=1) if self.one else h
        chances = np.exp(both - both.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        if how == "soft":
            return chances[:, 1] - chances[:, 0] if self.one else chances - 1 / self.outputs
        drawn = (self.rng.random((len(h), 1)) > np.cumsum(chances, axis=1)).sum(axis=1)
        return self.code(drawn)

    def block(self, n, who, how, noise=0.0, weight=1.0, covariance=None, keep=None):
        """Rows, labels, and roots of weights, which are zero where a row is not kept."""
        X, own = self.rows(n, covariance)
        if who != "real":
            y = self.label(X @ self.models[who], how, noise)
        elif self.means is None:
            y = self.label(X @ self.truth, how, noise)
        else:
            y = self.label(self.code(own), how if how == "linear" else "hard", noise)
        root = np.full(n, np.sqrt(weight))
        if keep is not None:  # a lead in what a model says, or the class that it must find, too
            threshold, judge = keep
            said = X @ self.models[judge]
            both = np.stack([-said / 2, said / 2], axis=1) if self.one else said
            ordered = np.sort(both, axis=1)
            same = self.classes(said) == self.classes(y)
            root *= same if threshold is None else ordered[:, -1] - ordered[:, -2] > threshold
        return X, y, root

    def fit(self, blocks, penalty, loss):
        parts = [self.block(*each) for each in blocks]
        X, y, root = (np.concatenate(each) for each in zip(*parts, strict=True))
        n, dim = X.shape
        if loss == "squared":
            X, y = X * root[:, None], (y.T * root).T
            return np.linalg.solve(X.T @ X + n * penalty * np.eye(dim), X.T @ y)
        if loss in EARLY:
            return self.early(X[root > 0], y[root > 0], n, penalty, one_by_one=loss == "pass")
        w = np.zeros(dim)
        for _ in range(40):
            chance = 1 / (1 + np.exp(-X @ w))
            slope = X.T @ (root**2 * (chance - (1 + y) / 2)) + 2 * n * penalty * w
            bend = (X.T * (root**2 * chance * (1 - chance))) @ X + 2 * n * penalty * np.eye(dim)
            step = np.linalg.solve(bend, slope)
            w = w - step
            if np.abs(step).max() < 1e-9 * np.abs(w).max():
                return w
        raise AssertionError("no minimum")

    def early(self, X, y, n, penalty, one_by_one):
        """Steps on rows that are left of n, each as long as if there were n."""
        w = np.zeros((X.shape[1], *y.shape[1:]))
        if one_by_one:
            for x, label in zip(X, y, strict=True):
                w = w + 0.1 * (len(X) / n * np.multiply.outer(x, label - x @ w) - penalty * w)
            return w
        for _ in range(40):
            w = w + 0.8 * (X.T @ (y - X @ w) / n - penalty * w)
        return w

    def run(self, fits):
        """Error, disagreement with model 0 and risk of every model, shape (models, 3)."""
        found = []
        for blocks, penalty, loss in fits:
            self.models.append(self.fit(blocks, penalty, loss))
            X, own = self.rows(3000)
            said = self.classes(X @ self.models[-1])
            right = self.classes(X @ self.truth) if self.means is None else own
            gap = self.models[-1] - self.truth
            at_centres = 0.0 if self.means is None else np.sum((self.centres.T @ gap) ** 2)
            risk = np.sum(self.s @ gap**2) + at_centres / (
                1 if self.means is None else self.centres.shape[1]
            )
            moved = np.mean(said != self.classes(X @ self.models[0]))
            found.append((np.mean(said != right), moved, risk))
        return np.array(found)


def source(n, who, how, noise=0.0, weight=1.0, covariance=None, keep=None):
    """Rows as the loop's ``block`` takes them."""
    if keep is not None:
        threshold, judge = keep
        agrees = gl.keep.Agrees(judge)
        keep = agrees if threshold is None else gl.keep.Confident(threshold, judge)
    return Source(n, who, noise, weight=weight, covariance=covariance, labels=how, keep=keep)


EARLY = {"descent": gl.filters.GradientDescent(40, 0.8), "pass": gl.filters.SGD(0.1)}


def plan_of(fits):
    return gl.Plan(
        [
            Generation(
                [source(*b) for b in blocks],
                lam,
                loss="squared" if loss in EARLY else loss,
                filter=EARLY.get(loss),
            )
            for blocks, lam, loss in fits
        ]
    )


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


def agrees(problem, fits, runs=40):
    """Theory and simulation against the loop: 2 % and four standard errors."""
    found = np.array([Loop(problem, seed).run(fits) for seed in range(runs)])
    mean, stderr = found.mean(axis=0), found.std(axis=0) / np.sqrt(runs - 1)
    theory = gl.predict(problem, plan_of(fits))
    trials = gl.simulate(problem, plan_of(fits), trials=runs, method="literal")
    for column, name in enumerate(("error", "disagreement", "risk")):
        allowed = 0.02 * mean[:, column] + 4 * stderr[:, column]
        assert (np.abs(getattr(theory, name) - mean[:, column]) <= allowed).all(), name
        apart = np.abs(getattr(trials, name) - mean[:, column])
        assert (apart <= 6 * stderr[:, column] + 1e-12).all(), name


HARD = [([(600, "real", "hard", 0.5)], 1e-4, "squared")] + [
    ([(600, k, "hard")], 1e-4, "squared") for k in range(3)
]
MIXED = [
    ([(600, "real", "sampled")], 1e-3, "squared"),
    ([(400, 0, "soft"), (200, "real", "hard", 0.3)], 1e-3, "squared"),
    ([(150, 1, "sampled", 0.2)], 1e-3, "squared"),
    ([(500, 1, "linear", 0.2), (300, 0, "hard")], 1e-3, "squared"),
]

APART = spectrum()[::-1] * np.linspace(0.5, 2, DIM)
UNEVEN = [
    ([(400, "real", "hard", 0.2, 0.5)], 1e-3, "squared"),
    ([(300, 0, "hard", 0.0, 3.0), (200, "real", "sampled")], 1e-3, "squared"),
    ([(300, 1, "soft", 0.0, 1.0, APART), (300, "real", "hard", 0.0, 2.0)], 1e-3, "squared"),
]
CHOSEN = [
    ([(600, "real", "hard")], 1e-3, "squared"),
    ([(800, 0, "hard", 0.0, 1.0, None, (0.2, 0))], 1e-3, "squared"),
    (
        [(600, 1, "sampled", 0.1, 1.0, None, (None, 0)), (200, "real", "hard", 0.0, 2.0)],
        1e-3,
        "squared",
    ),
    ([(600, 0, "soft", 0.0, 1.0, APART, (0.3, 2))], 1e-3, "squared"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("problem", "fits"),
    [
        (one_truth(3), HARD),
        (one_truth(3), MIXED),
        (one_truth(10), HARD),
        (clouds(3), MIXED),
        (clouds(5), HARD),
        (one_truth(3), UNEVEN),
        (clouds(4), UNEVEN),
        (one_truth(3), CHOSEN),
        (clouds(3), CHOSEN),
    ],
    ids=[
        "3",
        "3-mixed",
        "10",
        "clouds-mixed",
        "5-clouds",
        "3-uneven",
        "clouds-uneven",
        "3-chosen",
        "clouds-chosen",
    ],
)
def test_several_classes_are_as_in_the_loop(problem, fits):
    agrees(problem, fits)


@pytest.mark.slow
@pytest.mark.parametrize("how", EARLY)
@pytest.mark.parametrize("problem", [one_truth(3), clouds(3)], ids=["3", "clouds"])
def test_filters_of_kept_rows_and_about_centres_are_as_in_the_loop(problem, how):
    fits = [
        ([(300, "real", "hard")], 1e-3, how),
        ([(300, 0, "hard", 0.0, 1.0, None, (0.1, 0)), (100, "real", "hard")], 1e-3, how),
        ([(300, 1, "sampled", 0.1, 1.0, None, (None, 0))], 1e-3, how),
    ]
    agrees(problem, fits, runs=25)


@pytest.mark.parametrize("problem", [one_truth(3, dim=40), clouds(3, dim=40)], ids=["3", "clouds"])
def test_ridge_of_classes_as_a_filter_is_ridge(problem):
    blocks = [
        [(80, "real", "hard")],
        [(120, 0, "hard", 0.0, 1.0, None, (0.1, 0)), (40, "real", "hard")],
        [(90, 1, "sampled", 0.1)],
    ]
    ridge = plan_of([(rows, 1e-2, "squared") for rows in blocks])
    round_ = gl.filters.IteratedRidge(1)
    plan = gl.Plan([Generation(each.sources, each.penalty, filter=round_) for each in ridge])
    found, known = gl.predict(problem, plan), gl.predict(problem, ridge)
    for name in ("risk", "bias", "variance", "error", "accepted"):
        np.testing.assert_allclose(getattr(found, name), getattr(known, name), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fits",
    [
        [([(600, "real", "hard")], 1e-3, "logistic")]
        + [([(600, k, "hard")], 1e-3, "logistic") for k in range(3)],
        [
            ([(400, "real", "sampled", 0.5)], 1e-3, "logistic"),
            ([(400, 0, "soft", 0.2), (200, "real", "hard")], 1e-3, "logistic"),
            ([(400, 1, "sampled", 0.2)], 1e-3, "squared"),
            ([(300, 0, "linear", 0.1), (300, "real", "linear", 0.3)], 1e-3, "squared"),
        ],
        MIXED,
        [
            ([(600, "real", "hard")], 1e-3, "logistic"),
            ([(800, 0, "hard", 0.0, 1.0, None, (1.0, 0))], 1e-3, "logistic"),
            (
                [(600, 1, "sampled", 0.1, 2.0, None, (None, 0)), (200, "real", "hard")],
                1e-3,
                "logistic",
            ),
            ([(600, 0, "soft", 0.0, 1.0, None, (0.3, 2))], 1e-3, "squared"),
        ],
    ],
    ids=["logistic", "losses", "squared", "chosen"],
)
def test_two_clouds_are_as_in_the_loop(fits):
    agrees(clouds(apart=0.12), fits)


def test_the_loop_is_near_in_a_few_runs():
    agrees(one_truth(3, dim=60), [([(150, "real", "hard")], 0.02, "squared")], runs=6)
    agrees(clouds(dim=60), [([(150, "real", "hard")], 0.02, "logistic")], runs=6)


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
    problem = gl.Problem(np.ones(3000), np.ones((3000, 100)))
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


def beyond_ridge(problem, what):
    """Plans of what classes share with numbers: who labels, which rows are kept, how the fit is made."""
    off = (
        0.5
        * np.abs(problem.truth).mean()
        * np.random.default_rng(2).standard_normal(problem.truth.shape)
    )
    fixed, random = gl.External(problem.truth + off), gl.External(bias=off, variance=0.1)
    top, hard, labels = spectrum().max(), {"labels": "hard"}, gl.labels
    return {
        "outside": [
            Generation([Source(400, fixed, **hard)], 1e-3),
            Generation([Source(400, {random: 0.5, "previous": 0.5}, 0.1, labels="soft")], 2e-3),
            Generation(
                [Source(400, random, **hard, keep=gl.keep.Agrees(fixed))], 1e-3, towards="previous"
            ),
        ],
        "near": [
            Generation([Source(400, **hard)], 1e-3),
            Generation([Source(900, 0, **hard, keep=gl.keep.Near(0, 0.9))], 1e-3),
        ],
        "cut": [
            Generation([Source(400, labels=labels.Clipped(-0.5, 1.0))], 2e-3),
            Generation(
                [Source(300, 0, 0.2, labels=labels.Rounded(0.7)), Source(300, **hard)], 2e-3
            ),
        ],
        "cv": [
            Generation([Source(500, **hard)], "cv"),
            Generation([Source(400, 0, **hard, weight=3.0), Source(300, labels="sampled")], "cv"),
            Generation([Source(900, 1, **hard, keep=gl.keep.Confident(0.1))], "cv"),
        ],
        "filters": [
            Generation([Source(400, **hard)], filter=gl.filters.GradientFlow(20 / top)),
            Generation(
                [Source(300, 0, 0.1, labels="sampled"), Source(200, **hard)],
                filter=gl.filters.GradientDescent(30, 0.3 / top),
            ),
            Generation([Source(600, 1, **hard)], filter=gl.filters.SGD(0.3)),
            Generation([Source(300, 0, labels="soft")], 0.01, filter=gl.filters.IteratedRidge(2)),
        ],
    }[what]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "what"),
    [
        *((one_truth, what) for what in ("outside", "near", "cut", "cv", "filters")),
        *((clouds, what) for what in ("outside", "near", "cut", "cv")),
    ],
)
def test_what_classes_share_with_numbers_is_as_simulated(make, what):
    problem = make(3)
    plan = gl.Plan(beyond_ridge(problem, what))
    theory, runs = gl.predict(problem, plan), gl.simulate(problem, plan, trials=40, workers=1)
    assert (np.abs(theory.risk - runs.risk) <= 0.02 * runs.risk + 4 * runs.stderr).all()
    assert (np.abs(theory.error - runs.error) <= 0.02 * runs.error + 4 * runs.error_stderr).all()
    np.testing.assert_allclose(theory.norm, runs.norm, rtol=0.05)
    if theory.accepted is not None:
        np.testing.assert_allclose(theory.accepted, runs.accepted, atol=0.02)


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


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_random_plans_of_classes_are_as_simulated(seed):
    """Any spectrum, classes or clouds, sources, rules, losses: 3 % and four standard errors."""
    rng = np.random.default_rng(seed)
    for kind in ("columns", "clouds", "two"):
        s = np.arange(1, DIM + 1) ** -rng.choice([0.0, 0.5, 1.0])
        s, classes = s / s.sum(), int(rng.choice([3, 4, 6]))
        if kind == "two":
            problem = gl.Problem(s, means=0.1 * np.sqrt(s) * rng.standard_normal(DIM))
        else:
            wide = rng.standard_normal((DIM, classes))
            problem = gl.Problem(s, rng.uniform(1, 4) * wide)
            if kind == "clouds":
                problem = gl.Problem(s, means=0.15 * np.sqrt(s)[:, None] * wide)
        plan = gl.Plan([_random_fit(rng, model, kind == "two", s) for model in range(4)])
        theory, trials = gl.predict(problem, plan), gl.simulate(problem, plan, trials=30)
        apart = np.abs(theory.error - trials.error)
        assert (apart <= 0.03 * trials.error + 4 * trials.error_stderr).all(), (kind, plan)
        apart = np.abs(theory.risk - trials.risk)
        assert (apart <= 0.03 * trials.risk + 4 * trials.stderr).all(), (kind, plan)


def _random_fit(rng, model, two, spectrum):
    sources = []
    for _ in range(rng.integers(1, 3)):
        real = model == 0 or rng.random() < 0.25
        rules = [None, None, gl.keep.Confident(0.3), gl.keep.Agrees(0)]
        sources.append(
            Source(
                int(rng.integers(150, 500)),
                "real" if real else int(rng.integers(max(model - 2, 0), model)),
                float(rng.choice([0.0, 0.3])),
                weight=float(rng.choice([1.0, 1.0, 2.0])),
                covariance=None if two or rng.random() < 0.8 else rng.permutation(spectrum),
                labels=str(rng.choice(["hard", "hard", "sampled", "soft"])),
                keep=None if real else rules[rng.integers(4)],
            )
        )
    loss = "logistic" if two and rng.random() < 0.5 else "squared"
    return Generation(sources, float(10 ** rng.uniform(-4, -2)), loss=loss)


@dataclass(frozen=True)
class Doubtful(gl.labels.Label):
    """The class, with a share of doubt."""

    share: float
    makes = "chances"

    def law(self, h):
        return (1 - self.share) * np.sign(h)[None], np.ones((1, *h.shape))

    def chances(self, h):
        sure = np.equal(h.argmax(axis=-1)[..., None], np.arange(h.shape[-1]))
        return (1 - self.share) * sure + self.share / h.shape[-1]


def test_a_rule_from_outside_knows_several_classes():
    """Labels that are nearer to each other by a factor make a smaller model, which says the same."""
    problem = one_truth(4, dim=60)
    rows = [Generation([Source(200, labels=rule)], 0.01) for rule in ("hard", Doubtful(0.25))]
    hard, doubtful = (gl.predict(problem, gl.Plan([each])) for each in rows)
    assert np.allclose(doubtful.error, hard.error, atol=2e-3)
    assert np.allclose(doubtful.norm, 0.75 * hard.norm, rtol=1e-3)
    trials = gl.simulate(problem, gl.Plan(rows[1:]), trials=10)
    assert abs(trials.norm - doubtful.norm).max() < 0.05 * doubtful.norm.max()
    assert abs(trials.error - doubtful.error).max() < 0.02 + 4 * trials.error_stderr.max()


@pytest.mark.parametrize("rows", [11, 12, 13])
def test_labels_that_agree_have_a_mean_risk_at_any_number_of_rows(rows):
    problem = one_truth(3, dim=12)
    first = Generation([Source(rows, "real")], 0.0)
    chain = gl.Plan([first, Generation([Source(24, "previous", 0.5)], 0.1)])
    found = gl.predict(problem, chain)
    assert np.isfinite(found.risk).all()
    each = [gl.predict(gl.Problem(problem.spectrum, column), chain) for column in problem.truth.T]
    assert np.allclose(found.risk, sum(one.risk for one in each), rtol=1e-8, atol=1e-12)
    noisy = gl.Plan([Generation([Source(rows, "real", 0.5)], 0.0)])
    assert np.isinf(gl.predict(problem, noisy).risk).all()


@pytest.mark.parametrize("classes", [1, 3])
def test_rows_that_are_kept_are_those_that_are_as_many_as_directions(classes):
    problem = one_truth(classes, dim=30) if classes > 1 else gl.Problem.isotropic(30, signal=4.0)
    first = Generation([Source(150, labels="hard")], 0.01)

    def fit(n, **rest):
        rows = Source(n, labels="hard", keep=gl.keep.Agrees(0), **rest)
        return gl.predict(problem, gl.Plan([first, Generation([rows])]))

    share = fit(3000).accepted[1]
    assert np.isfinite(fit(30).risk[1])  # written are as many as there are directions, kept fewer
    assert np.isinf(fit(round(30 / share)).risk[1])
    [*_, said] = [w for w in fit(round(32.5 / share)).warnings if "without penalty" in w]
    assert said.startswith("model 1: n_samples within 3 of dim 30 without penalty")
