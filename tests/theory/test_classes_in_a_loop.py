"""Several classes and class means: theory and simulation against a loop written here, with NumPy alone."""

import numpy as np
import pytest
from problems_of_classes import DIM, EARLY, clouds, one_truth, plan_of, spectrum

import genloss as gl
from genloss import Generation, Source
from genloss.errors import NoTheoryError


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


@pytest.mark.slow
def test_fewer_rows_than_directions_about_centres_take_the_shortest_model():
    """Without penalty: the loop's solution of the least norm, by a penalty that is nearly none."""
    problem = clouds(apart=0.12)
    fits = [([(100, "real", "hard")], 1e-9, "squared"), ([(120, 0, "hard")], 1e-9, "squared")]
    theory = gl.predict(problem, plan_of(fits).with_penalty(0.0))
    np.testing.assert_allclose(theory.risk, gl.predict(problem, plan_of(fits)).risk, rtol=1e-5)
    agrees(problem, fits)
    with pytest.raises(NoTheoryError, match="has no penalty.*simulate"):
        gl.predict(problem, gl.Plan([Generation([Source(DIM, labels="hard")])]))
