"""Estimators that choose by exact leave-one-out, beside a search that fits again at every choice."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from engines import row, seconds
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from genloss.estimators import KernelRidgeLOO, MixedRidgeCV

TITLE = "Estimators"
WHAT = (
    "Processor time on one BLAS thread. A search of 5 folds fits 5 times at every choice; at 400 rows it is run whole, "
    "elsewhere three of its fits are measured, and their mean is counted as often as it would fit. Rows are standard normal. *Error*: of new rows, "
    "over that of the model that the search chose."
)
FOLDS, PENALTIES = 5, np.logspace(-4, 2, 100)
WEIGHTS = GRID = 30
WHOLE = 400  # rows


def once(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def drawn(n: int, p: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] + 0.5 * rng.standard_normal(n)


def kernel_ridge(n: int) -> str:
    """All penalties from one decomposition, and from refits."""
    X, y = drawn(n, 10, 0)
    ours = KernelRidgeLOO(PENALTIES, kernel="rbf", gamma=0.1)
    fast = once(lambda: ours.fit(X, y))
    what = f"`KernelRidgeLOO`, n {n:,}, 100 penalties"
    if n <= WHOLE:
        search = GridSearchCV(KernelRidge(kernel="rbf", gamma=0.1), {"alpha": PENALTIES}, cv=FOLDS)
        slow = once(lambda: search.fit(X, y))
        new, labels = drawn(4000, 10, 1)
        own, theirs = (np.mean((m.predict(new) - labels) ** 2) for m in (ours, search))
        what += f" (error {own / theirs:.3f})"
    else:
        held = n // FOLDS

        def fit(alpha: float) -> None:
            model = KernelRidge(alpha=alpha, kernel="rbf", gamma=0.1)
            model.fit(X[held:], y[held:]).score(X[:held], y[:held])

        few = [once(lambda a=alpha: fit(a)) for alpha in PENALTIES[[10, 50, 90]]]
        slow = float(np.mean(few)) * FOLDS * PENALTIES.size
    return row(what, fast, 5, slow, "GridSearchCV, KernelRidge")


def mixed() -> str:
    """All weights and penalties, one decomposition a weight."""
    n, p = 3000, 200
    X, y = drawn(n, p, 2)
    synthetic = np.arange(n) >= 600
    weights, alphas = np.logspace(-3, 1, WEIGHTS), np.logspace(-1, 4, GRID)
    model = MixedRidgeCV(weights=weights, alphas=alphas)
    fast = once(lambda: model.fit(X, y, synthetic=synthetic))
    few = []
    for weight in weights[[3, 15, 27]]:
        counts = np.where(synthetic, weight, 1.0)
        few.append(once(lambda c=counts: Ridge(alphas[15]).fit(X, y, sample_weight=c)))
    slow = float(np.mean(few)) * FOLDS * WEIGHTS * GRID
    what = f"`MixedRidgeCV`, 600 real and 2,400 synthetic rows, p {p}, {WEIGHTS} weights x {GRID} penalties"
    return f"| {what} | {seconds(fast)} | {seconds(slow)} (folds, Ridge) | {slow / fast:,.1f} x | 3 s |"


def section() -> list[str]:
    """Lines of the page."""
    return [
        "| work | genloss | against | ratio | goal |",
        "|---|---|---|---|---|",
        kernel_ridge(WHOLE),
        kernel_ridge(4000),
        mixed(),
    ]
