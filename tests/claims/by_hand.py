"""What the loops of this folder are made of. NumPy alone: neither plans nor the steps of the package."""

import numpy as np


def rows(rng, n, variances):
    """Normal rows (n, p) with independent coordinates."""
    return rng.standard_normal((n, len(variances))) * np.sqrt(variances)


def signs(values):
    """Classes -1 and 1."""
    return np.where(values > 0, 1.0, -1.0)


def drawn(rng, values):
    """Classes drawn by the logistic law."""
    return signs(1 / (1 + np.exp(-values)) - rng.random(len(values)))


def ridge(X, y, absolute, weights=None):
    """Least ``sum weights (y - x'w)^2 + absolute |w|^2``; the nearest to zero without a penalty."""
    if absolute == 0 and weights is None:
        return np.linalg.lstsq(X, y, rcond=None)[0]
    left = X.T if weights is None else X.T * weights
    return np.linalg.solve(left @ X + absolute * np.eye(X.shape[1]), left @ y)


def logistic(X, y, absolute, largest=np.inf):
    """Least ``sum log(1 + exp(-y x'w)) + absolute |w|^2`` by Newton; nothing where there is none.

    There is none without a penalty where the values of the rows grow beyond `largest`.
    """
    w = np.zeros(X.shape[1])
    for _ in range(60):
        margin = y * (X @ w)
        if np.abs(margin).max() > largest:
            return None
        p = 1 / (1 + np.exp(np.clip(margin, -500, 500)))
        slope = X.T @ (y * p) - 2 * absolute * w
        bend = (X.T * (p * (1 - p))) @ X + 2 * absolute * np.eye(len(w))
        step = np.linalg.solve(bend, slope)
        value = np.logaddexp(0, -margin).sum() + absolute * w @ w
        size = 1.0
        while size > 1e-6:
            new = w + size * step
            if np.logaddexp(0, -y * (X @ new)).sum() + absolute * new @ new <= value + 1e-12:
                break
            size /= 2
        w = w + size * step
        if np.abs(step).max() < 1e-8 * (1 + np.abs(w).max()):
            return w
    return None


def averaged(found):
    """Mean over runs (the first axis) and its standard error."""
    found = np.asarray(found)
    return found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(len(found))


def assert_near(theory, found, within=0.02):
    """A share of the value and four standard errors; zero `within` for exact formulas."""
    mean, stderr = averaged(found)
    assert np.all(stderr < 0.05 * np.abs(mean)), (mean, stderr)
    room = within * np.abs(mean) + 4 * stderr
    assert np.all(np.abs(theory - mean) < room), (theory, mean, stderr)
