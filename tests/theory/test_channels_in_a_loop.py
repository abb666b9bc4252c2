"""Any loss, labels and rule: theory against a loop written here."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import HuberRegressor, LogisticRegression, Ridge
from sklearn.svm import LinearSVC

import genloss as gl
from genloss import Generation, Source, keep, labels, losses

DIM = 300


def problem(dim=DIM, strength=4.0):
    """Eigenvalues i^-1/2 of trace 1, a flat truth."""
    spectrum = np.arange(1, dim + 1) ** -0.5
    spectrum /= spectrum.sum()
    return gl.Problem(spectrum, np.full(dim, np.sqrt(strength)))


def chain(first, *rest):
    return gl.Plan([first, *rest])


class Loop:
    """One run of a chain: draw rows, label them, fit, and look at the angle to the truth."""

    def __init__(self, problem, seed):
        self.s, self.truth = problem.spectrum, problem.truth
        self.rng = np.random.default_rng(seed)
        self.models = []

    def rows(self, n):
        return self.rng.standard_normal((n, self.s.size)) * np.sqrt(self.s)

    def label(self, X, w, how, noise=0.0):
        h = X @ w + noise * self.rng.standard_normal(len(X))
        if how == "linear":
            return h
        if how == "hard":
            return np.where(h > 0, 1.0, -1.0)
        if how == "sampled":
            return np.where(self.rng.random(len(X)) < expit(h), 1.0, -1.0)
        return 2 * expit(h) - 1

    def fit(self, X, y, how, absolute):
        """Least ``sum loss + absolute |w|^2``."""
        if how == "logistic" and np.abs(y).min() < 1:  # a chance is both classes with weights
            X, weights = np.vstack([X, X]), np.concatenate([(1 + y) / 2, (1 - y) / 2])
            y = np.repeat([1.0, -1.0], len(y))
        else:
            weights = None
        estimators = {
            "squared": lambda: Ridge(alpha=absolute, fit_intercept=False),
            "logistic": lambda: LogisticRegression(
                C=1 / (2 * absolute), fit_intercept=False, tol=1e-6, max_iter=10_000
            ),
            "squared_hinge": lambda: LinearSVC(
                C=1 / (2 * absolute), fit_intercept=False, tol=1e-7, dual=False
            ),
            "huber": lambda: HuberRegressor(alpha=absolute, fit_intercept=False),
        }
        model = estimators[how]().fit(
            X, y, **({} if weights is None else {"sample_weight": weights})
        )
        self.models.append(np.ravel(model.coef_))
        return self.models[-1]

    def error(self, w):
        size = np.sqrt((self.s @ w**2) * (self.s @ self.truth**2))
        return np.arccos(self.s @ (w * self.truth) / size) / np.pi

    def risk(self, w):
        return self.s @ (w - self.truth) ** 2


def measured(run, trials, of="error"):
    """Means and standard errors over runs; ``run(loop)`` fits a chain."""
    found = []
    for seed in range(trials):
        loop = run(seed)
        found.append([getattr(loop, of)(w) for w in loop.models])
    return np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(trials)


def agree(theory, run, trials=24, of="error", within=0.02):
    mean, stderr = measured(run, trials, of)
    assert np.all(np.abs(theory - mean) < within * mean + 4 * stderr), (theory, mean, stderr)


def simple(target, first, rest, generations, seed):
    """Every model labels for the next; ``first`` and ``rest`` are rows, labels, loss, penalty."""
    loop = Loop(target, seed)
    w = target.truth
    for t in range(generations):
        n, how, loss, penalty = first if t == 0 else rest
        X = loop.rows(n)
        w = loop.fit(X, loop.label(X, w, how), loss, n * penalty)
    return loop


# what theory said when it was derived, what literal runs found then, and the error of the last of these

TABLE = {
    "squared loss, hard labels": (
        chain(
            Generation([Source(900, noise=0.5, labels="hard")], 5e-5),
            *[Generation([Source(900, "previous", labels="hard")], 5e-5)] * 4,
        ),
        [0.1643, 0.2197, 0.2602, 0.2922, 0.3186],
        [0.1610, 0.2181, 0.2605, 0.2922, 0.3178],
        0.0017,
    ),
    "squared loss, few rows": (
        chain(
            Generation([Source(150, noise=0.5, labels="hard")], 5e-5),
            *[Generation([Source(150, "previous", labels="hard")], 5e-5)] * 3,
        ),
        [0.3297, 0.4061, 0.4433, 0.4635],
        [0.3248, 0.4010, 0.4384, 0.4618],
        0.004,
    ),
    "logistic, sampled then hard": (
        chain(
            Generation([Source(900, labels="sampled")], 5e-5, loss="logistic"),
            *[Generation([Source(900, "previous", labels="hard")], 5e-5, loss="logistic")] * 4,
        ),
        [0.2170, 0.2436, 0.2669, 0.2871, 0.3046],
        [0.2128, 0.2396, 0.2629, 0.2820, 0.2986],
        0.002,
    ),
    "logistic and squared by turns": (
        chain(
            Generation([Source(900, labels="sampled")], 5e-5, loss="logistic"),
            Generation([Source(400, "previous", labels="hard")], 5e-4),
            Generation([Source(1200, "previous", labels="sampled")], 5e-5, loss="logistic"),
            Generation([Source(250, "previous", labels="hard")], 5e-4),
        ),
        [0.2170, 0.2932, 0.3832, 0.4176],
        [0.2128, 0.2907, 0.3774, 0.4134],
        0.003,
    ),
    "confident rows only": (
        chain(
            Generation([Source(900, labels="sampled")], 5e-5, loss="logistic"),
            *[
                Generation(
                    [Source(1800, "previous", labels="hard", keep=keep.Confident(1.5))],
                    5e-5,
                    loss="logistic",
                )
            ]
            * 4,
        ),
        [0.2170, 0.2332, 0.2681, 0.3050, 0.3338],
        [0.2128, 0.2315, 0.2649, 0.3013, 0.3305],
        0.0018,
    ),
    "pseudo-labels and real rows": (
        chain(
            Generation([Source(300, labels="sampled")], 1e-3, loss="logistic"),
            *[
                Generation(
                    [Source(600, "previous", labels="hard"), Source(300, labels="sampled")],
                    1e-3,
                    loss="logistic",
                )
            ]
            * 4,
        ),
        [0.2986, 0.3013, 0.3163, 0.3290, 0.3378],
        [0.2983, 0.2997, 0.3158, 0.3270, 0.3358],
        0.0015,
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_table_of_the_derivation_is_what_predict_says(name):
    plan, expected, measured, stderr = TABLE[name]
    curve = gl.predict(problem(), plan)
    assert curve.method == "channel"
    assert curve.error == pytest.approx(expected, abs=6e-5)
    assert (np.abs(curve.error - measured) < 0.02 * np.array(measured) + 4 * stderr).all()


def test_self_training_is_the_policy_of_real_rows_and_pseudo_labels():
    sizes = {"n_samples": 600, "n_real": 300, "penalty": 1e-3}
    plan = gl.Plan.self_train(5, **sizes, labels="hard", real_labels="sampled")
    curve = gl.predict(problem(), plan)
    assert curve.error == pytest.approx(TABLE["pseudo-labels and real rows"][1], abs=6e-5)


def by_hand(name, seed):
    """One run of a chain of the table."""
    target = problem()
    if name == "squared loss, hard labels" or name == "squared loss, few rows":
        n = 900 if "hard" in name else 150
        loop, w = Loop(target, seed), target.truth
        for t in range(5 if n == 900 else 4):
            X = loop.rows(n)
            w = loop.fit(X, loop.label(X, w, "hard", 0.5 if t == 0 else 0.0), "squared", n * 5e-5)
        return loop
    if name == "logistic, sampled then hard":
        first, rest = ((900, how, "logistic", 5e-5) for how in ("sampled", "hard"))
        return simple(target, first, rest, 5, seed)
    loop, w = Loop(target, seed), target.truth
    if name == "logistic and squared by turns":
        for n, how, loss, penalty in (
            (900, "sampled", "logistic", 5e-5),
            (400, "hard", "squared", 5e-4),
            (1200, "sampled", "logistic", 5e-5),
            (250, "hard", "squared", 5e-4),
        ):
            X = loop.rows(n)
            w = loop.fit(X, loop.label(X, w, how), loss, n * penalty)
        return loop
    if name == "confident rows only":
        X = loop.rows(900)
        w = loop.fit(X, loop.label(X, w, "sampled"), "logistic", 900 * 5e-5)
        for _ in range(4):
            X = loop.rows(1800)
            X = X[np.abs(X @ w) > 1.5]
            w = loop.fit(X, loop.label(X, w, "hard"), "logistic", 1800 * 5e-5)
        return loop
    X = loop.rows(300)
    w = loop.fit(X, loop.label(X, w, "sampled"), "logistic", 300 * 1e-3)
    for _ in range(4):
        X, real = loop.rows(600), loop.rows(300)
        y = np.concatenate([loop.label(X, w, "hard"), loop.label(real, loop.truth, "sampled")])
        w = loop.fit(np.vstack([X, real]), y, "logistic", 900 * 1e-3)
    return loop


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE)
def test_literal_runs_find_the_table(name):
    # the page's own runs are 2 % below at model 0 of the logistic chains, and so are these
    agree(gl.predict(problem(), TABLE[name][0]).error, lambda seed: by_hand(name, seed))


@pytest.mark.slow
def test_rows_that_a_verifier_finds_plausible():
    target = problem(200)
    plan = chain(
        Generation([Source(600, noise=1.0)], 1e-3),
        *[
            Generation(
                [Source(600, "previous", noise=1.0, keep=keep.Near({"real": 0.7}, within=1.0))],
                1e-3,
            )
        ]
        * 2,
    )
    curve = gl.predict(target, plan)

    def run(seed):
        loop, w = Loop(target, seed), target.truth
        for t in range(3):
            X = loop.rows(600)
            y = loop.label(X, w, "linear", 1.0)
            kept = np.abs(y - 0.7 * X @ target.truth) < 1.0 if t else np.ones(600, dtype=bool)
            w = loop.fit(X[kept], y[kept], "squared", 600 * 1e-3)
        return loop

    agree(curve.risk, run, trials=30, of="risk")
    assert curve.error is None
    assert curve.accepted[0] == 1.0
    assert 0.3 < curve.accepted[1] < 0.9


@pytest.mark.slow
def test_a_verifier_of_the_class():
    target = problem(200)
    plan = chain(
        Generation([Source(600, labels="sampled")], 1e-3, loss="logistic"),
        *[
            Generation(
                [Source(1200, "previous", labels="sampled", keep=keep.Agrees("real"))],
                1e-3,
                loss="logistic",
            )
        ]
        * 2,
    )
    curve = gl.predict(target, plan)

    def run(seed):
        loop, w = Loop(target, seed), target.truth
        for t in range(3):
            n = 1200 if t else 600
            X = loop.rows(n)
            y = loop.label(X, w, "sampled")
            kept = y * (X @ target.truth) > 0 if t else np.ones(n, dtype=bool)
            w = loop.fit(X[kept], y[kept], "logistic", n * 1e-3)
        return loop

    agree(curve.error, run, trials=20)


@pytest.mark.slow
def test_soft_labels_and_squared_hinge():
    target = problem(200)
    plan = chain(
        Generation([Source(500, labels="sampled")], 1e-3, loss="logistic"),
        Generation([Source(700, "previous", labels="soft")], 5e-4, loss="logistic"),
        Generation([Source(500, "previous", labels="hard")], 2e-2, loss="squared_hinge"),
        Generation([Source(500, 0, labels="sampled", noise=0.5)], 2e-2, loss="squared_hinge"),
    )

    def run(seed):
        loop = Loop(target, seed)
        X = loop.rows(500)
        w = loop.fit(X, loop.label(X, target.truth, "sampled"), "logistic", 500 * 1e-3)
        X = loop.rows(700)
        v = loop.fit(X, loop.label(X, w, "soft"), "logistic", 700 * 5e-4)
        X = loop.rows(500)
        loop.fit(X, loop.label(X, v, "hard"), "squared_hinge", 500 * 2e-2)
        X = loop.rows(500)
        loop.fit(X, loop.label(X, w, "sampled", 0.5), "squared_hinge", 500 * 2e-2)
        return loop

    agree(gl.predict(target, plan).error, run, trials=30)
    agree(gl.predict(target, plan).risk, run, trials=30, of="risk", within=0.03)


@pytest.mark.slow
def test_several_labelers_weights_and_covariances():
    target = problem(200)
    other = tuple(np.random.default_rng(0).permutation(target.spectrum))
    plan = chain(
        Generation([Source(500, labels="sampled")], 1e-3, loss="logistic"),
        Generation([Source(500, "previous", labels="hard")], 1e-3, loss="logistic"),
        Generation(
            [
                Source(400, 0, labels="hard"),
                Source(300, 1, labels="hard", weight=2.0),
                Source(300, labels="sampled", weight=0.5, covariance=other),
            ],
            1e-3,
            loss="logistic",
        ),
    )

    def run(seed):
        loop = Loop(target, seed)
        X = loop.rows(500)
        w = loop.fit(X, loop.label(X, target.truth, "sampled"), "logistic", 500 * 1e-3)
        X = loop.rows(500)
        v = loop.fit(X, loop.label(X, w, "hard"), "logistic", 500 * 1e-3)
        A, B = loop.rows(400), loop.rows(300)
        C = loop.rng.standard_normal((300, 200)) * np.sqrt(other)
        y = [
            loop.label(A, w, "hard"),
            loop.label(B, v, "hard"),
            loop.label(C, target.truth, "sampled"),
        ]
        weights = np.repeat([1.0, 2.0, 0.5], [400, 300, 300])
        model = LogisticRegression(C=1 / 2, fit_intercept=False, tol=1e-6, max_iter=10_000)
        model.fit(np.vstack([A, B, C]), np.concatenate(y), sample_weight=weights)
        loop.models.append(model.coef_[0])
        return loop

    agree(gl.predict(target, plan).error, run, trials=20)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["linear", "clipped"])
def test_robust_losses_resist_clipping(rule):
    target = problem(200, strength=9.0)
    source = Source(600, labels=labels.Clipped(-2, 2) if rule == "clipped" else "linear", noise=1.0)
    plan = chain(
        Generation([source], 1e-3, loss=losses.Huber(0.7)),
        Generation([Source(600, "previous", noise=1.0)], 1e-3, loss=losses.Huber(0.7)),
    )

    def run(seed):
        loop, w = Loop(target, seed), target.truth
        for t in range(2):
            X = loop.rows(600)
            y = loop.label(X, w, "linear", 1.0)
            y = np.clip(y, -2, 2) if rule == "clipped" and t == 0 else y
            w = newton(X, y, 0.7, 600 * 1e-3)
            loop.models.append(w)
        return loop

    agree(gl.predict(target, plan).risk, run, trials=30, of="risk")


def newton(X, y, delta, absolute):
    """Least Huber loss plus ``absolute |w|^2`` by reweighting, which never goes up."""
    w = np.zeros(X.shape[1])
    for _ in range(500):
        r = np.abs(y - X @ w)
        weights = np.minimum(1.0, delta / np.maximum(r, 1e-300))
        new = np.linalg.solve(
            X.T @ (weights[:, None] * X) + 2 * absolute * np.eye(X.shape[1]), X.T @ (weights * y)
        )
        if np.abs(new - w).max() < 1e-8:
            return new
        w = new
    raise AssertionError("reweighting did not settle")
