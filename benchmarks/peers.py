"""What others do for the same answer: loops over rows, and packages for kernel ridge regression."""

from __future__ import annotations

import sys

import numpy as np
from engines import row
from scipy.linalg import lapack
from scipy.optimize import brentq
from sklearn.kernel_ridge import KernelRidge
from timing import Work, together

import genloss as gl
from genloss.outlook.ridge import factored

TITLE = "Peers on the same work"
WHAT = (
    "Processor time on one BLAS thread, in turns. *Collapse or Thrive* is the loop of that paper's regressions (replace, "
    "accumulate, accumulate and subsample), written again: least squares on inputs drawn anew, in NumPy. Where "
    "genloss simulates it runs as many chains, and `predict` is beside it. *eigenlearning* is on no package index: its "
    "formula for one fit, written again with SciPy's root finder. *himalaya* is there where it is installed, as by "
    "`pip install himalaya`. *Off by* is the largest difference from predictions by NumPy's solution of the bordered "
    "system. A kernel fit to 1,000 rows and as many predictions take 1.5 million exponentials in double, for which NumPy "
    "has no vector instructions on most machines, and a factor: the last row of each size is these alone, the limit."
)
DIM, ROWS, GENERATIONS, NOISE, RUNS = 100, 300, 10, 0.5, 4
PENALTY = 1e-3


def collapse_or_thrive(workflow: str) -> Work:
    """Chains of least-squares fits, each on labels of the one before."""
    rng, truth = np.random.default_rng(0), np.full(DIM, DIM**-0.5)

    def once() -> float:
        w, inputs, labels = truth, [], []
        for _ in range(GENERATIONS):
            X = rng.standard_normal((ROWS, DIM))
            y = X @ w + NOISE * rng.standard_normal(ROWS)
            inputs, labels = ([X], [y]) if workflow == "replace" else ([*inputs, X], [*labels, y])
            fitted, target = np.concatenate(inputs), np.concatenate(labels)
            if workflow == "subsample":
                chosen = rng.permutation(len(target))[:ROWS]
                fitted, target = fitted[chosen], target[chosen]
            w = np.linalg.lstsq(fitted, target)[0]
        return float(np.sum((w - truth) ** 2))

    return lambda: [once() for _ in range(RUNS)]


def workflows() -> list[str]:
    problem, lines = gl.Problem.isotropic(DIM), []
    for name, plan in (
        ("replace", gl.Plan.replace(GENERATIONS, ROWS, noise=NOISE)),
        ("accumulate", gl.Plan.accumulate(GENERATIONS, ROWS, design="fresh", noise=NOISE)),
        ("subsample", gl.Plan.subsample(GENERATIONS, ROWS, design="fresh", noise=NOISE)),
    ):
        works = [
            lambda plan=plan: gl.simulate(problem, plan, trials=RUNS, workers=1),
            collapse_or_thrive(name),
        ]
        if name != "subsample":
            works.append(lambda plan=plan: gl.predict(problem, plan))
        fast, slow, *told = together(*works, repeats=3)
        what = f"{name}, dim {DIM}, n {ROWS}, {GENERATIONS} generations, a chain"
        lines.append(row(what, fast / RUNS, None, slow / RUNS, "Collapse or Thrive"))
        for theory in told:
            lines.append(
                row(f"{name}, its mean by `predict`", theory, None, slow / RUNS, "one chain")
            )
    return lines


def kernels() -> list[str]:
    lines = []
    for n, goal in ((1000, 2.2), (2000, 2.8)):
        rng = np.random.default_rng(0)
        X, new = rng.standard_normal((2, n, 20))
        y = np.sin(X[:, 0]) + 0.1 * rng.standard_normal(n)
        kernel = gl.Kernel("rbf", gamma=1 / 20)
        peers = {
            "scikit-learn KernelRidge": KernelRidge(alpha=n * PENALTY, kernel="rbf", gamma=1 / 20)
        }
        try:
            from himalaya.kernel_ridge import KernelRidge as Other
        except ImportError:
            print("himalaya is not installed: its rows are left out", file=sys.stderr)
        else:
            peers["himalaya KernelRidge"] = Other(
                alpha=n * PENALTY, kernel="rbf", kernel_params={"gamma": 1 / 20}
            )

        def ours(single: bool, X=X, y=y, new=new, kernel=kernel) -> np.ndarray:
            fitted = factored(X, kernel, y[:, None], np.array([PENALTY]), single=single)
            return fitted(new)[:, 0]

        wrong = np.abs(ours(False) - bordered(kernel(X, X), y, kernel(new, X))).max()
        works = [lambda ours=ours: ours(False), lambda ours=ours: ours(True)]
        works += [
            lambda one=one, X=X, y=y, new=new: one.fit(X, y).predict(new) for one in peers.values()
        ]
        limit, refined, single, *others = together(least(X, new), *works, repeats=5)
        for name, other in zip(peers, others, strict=True):
            own = goal if name.startswith("scikit") else None
            what = f"kernel ridge, n {n:,}, fit and predict, off by {wrong:.0e}"
            lines.append(row(what, refined, own, other, name))
            lines.append(
                row(f"kernel ridge, n {n:,}, single precision (1e-6)", single, None, other, name)
            )
        what = f"kernel ridge, n {n:,}, what a factor and exponentials alone would take"
        lines.append(row(what, limit, None, others[0], "scikit-learn KernelRidge"))
    return lines


def bordered(gram: np.ndarray, y: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Predictions of kernel ridge regression with an intercept, as NumPy solves it."""
    n = len(y)
    system = np.ones((n + 1, n + 1))
    system[:n, :n], system[n, n] = gram + n * PENALTY * np.eye(n), 0
    *dual, intercept = np.linalg.solve(system, np.append(y, 0.0))
    return between @ np.array(dual) + intercept


def least(X: np.ndarray, new: np.ndarray) -> Work:
    """Exponentials of half a kernel matrix and of one for predictions, their products, and one single factor."""
    n, parts = len(X), len(X) // 50
    columns, system = X.T / 40, np.eye(n, dtype=np.float32)
    blocks = [*np.array_split(X[: n // 2], parts // 2), *np.array_split(new, parts)]

    def once() -> None:
        for rows in blocks:
            exponent = rows @ columns
            np.exp(exponent, out=exponent)
        lapack.spotrf(system, lower=1, clean=0)

    return once


def learning_curve() -> list[str]:
    """Test errors at many numbers of rows: the eigenlearning framework with SciPy's root finder."""
    problem = gl.Problem.power_law(1000, capacity=1.5, source=0.5)
    s, energy, sizes = problem.spectrum, problem.truth**2, np.arange(20, 820, 8)

    def one(n: int) -> float:
        kappa = brentq(
            lambda k: np.sum(s / (s + k)) + n * PENALTY / k - n, 1e-12, 1e3, xtol=1e-16, rtol=1e-13
        )
        learnt = s / (s + kappa)
        missed = (s * (1 - learnt) ** 2) @ energy
        return float((missed + NOISE**2) / (1 - learnt @ learnt / n)) - NOISE**2

    plans = [gl.Plan.replace(1, int(n), penalty=PENALTY, noise=NOISE) for n in sizes]
    ours = [curve.risk[0] for curve in gl.predict(problem, plans)]
    np.testing.assert_allclose(ours, [one(n) for n in sizes], rtol=1e-9)
    fast, slow = together(lambda: gl.predict(problem, plans), lambda: [one(n) for n in sizes])
    what = "learning curve of one fit, 100 numbers of rows, 1,000 directions"
    return [row(what, fast, None, slow, "eigenlearning")]


def section() -> list[str]:
    """Lines of the page."""
    return [
        "| work | genloss | against | ratio | goal |",
        "|---|---|---|---|---|",
        *workflows(),
        *learning_curve(),
        *kernels(),
    ]
