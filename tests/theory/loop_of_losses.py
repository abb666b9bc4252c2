"""A literal loop of any loss, labels and rule, with NumPy and scikit-learn alone."""

import numpy as np
from scipy.special import expit
from sklearn.linear_model import HuberRegressor, LogisticRegression, Ridge
from sklearn.svm import LinearSVC


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
