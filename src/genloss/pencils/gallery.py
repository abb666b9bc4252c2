"""Nine problems, each twice: in a few lines for the pencil engine, and as one literal run in NumPy.

The two share no code: in the first matrices are symbols, in the second drawn numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.pencils import (
    Expression,
    Limit,
    Risk,
    Space,
    diagonal,
    gaussian,
    identity,
    noise,
    risk,
    trace,
    vector,
)
from genloss.plan import Plan
from genloss.problem import Problem

Array = npt.NDArray[np.float64]
Generator = np.random.Generator

DIM = 120
SPECTRUM: Array = np.arange(1, DIM + 1, dtype=np.float64) ** -0.8
SPECTRUM *= DIM / SPECTRUM.sum()
TRUTH: Array = np.cos(np.arange(DIM)) * SPECTRUM**0.25
TRUTH /= np.sqrt(SPECTRUM @ TRUTH**2)
PROBLEM = Problem(SPECTRUM, TRUTH)
NOISE = 0.5

FEATURES = Space.features(DIM)
EYE = identity(FEATURES)
SIGMA = diagonal(FEATURES, SPECTRUM, name="Sigma")
TRUE = vector(FEATURES, TRUTH, name="w*")


# --- the words both languages need: a design and a ridge fit --------------------------------------


def design(name: str, size: float, spectrum: Array = SPECTRUM) -> tuple[Space, Expression]:
    """Rows of this covariance as a symbol."""
    rows = Space(name, size)
    root = diagonal(FEATURES, np.sqrt(spectrum), name="Sigma^.5")
    return rows, gaussian(rows, FEATURES) @ root


def ridge(X: Expression, y: Expression, penalty: float) -> Expression:
    """Ridge fit as a symbol."""
    n = X.rows.size
    return (X.T @ X / n + penalty * identity(X.cols)).inv() @ (X.T @ y) / n


def drawn(rng: Generator, size: float, spectrum: Array = SPECTRUM) -> Array:
    """Rows of this covariance as numbers."""
    return rng.standard_normal((round(size), DIM)) * np.sqrt(spectrum)


def fitted(X: Array, y: Array, penalty: float) -> Array:
    """Ridge fit to numbers."""
    n, dim = X.shape
    fit: Array = np.linalg.solve(X.T @ X / n + penalty * np.eye(dim), X.T @ y / n)
    return fit


def labels(rng: Generator, X: Array, model: Array) -> Array:
    """What a model says of rows, with noise."""
    return X @ model + NOISE * rng.standard_normal(len(X))


def excess(model: Array) -> float:
    """Squared error on new rows, their noise left out."""
    return float(SPECTRUM @ (model - TRUTH) ** 2)


# --- 1. the resolvent of a Wishart matrix ---------------------------------------------------------


def resolvent(n: float) -> Limit:
    """Normalised trace of the resolvent of Z'Z/n at 0.1."""
    Z = gaussian(Space("rows", n), FEATURES)
    return trace((Z.T @ Z / n + 0.1 * EYE).inv() / DIM)


def resolvent_run(n: float, rng: Generator) -> float:
    """One run of it."""
    Z = rng.standard_normal((round(n), DIM))
    return float(np.mean(1 / (np.linalg.eigvalsh(Z.T @ Z / len(Z)) + 0.1)))


# --- 2. ridge regression --------------------------------------------------------------------------

RIDGE_ROWS = 150


def regression(penalty: float) -> Risk:
    """Excess risk of ridge regression."""
    rows, X = design("rows", RIDGE_ROWS)
    return risk(ridge(X, X @ TRUE + noise(rows, NOISE), penalty) - TRUE, SIGMA)


def regression_run(penalty: float, rng: Generator) -> float:
    """One run of it."""
    X = drawn(rng, RIDGE_ROWS)
    return excess(fitted(X, labels(rng, X, TRUTH), penalty))


def regression_plan(penalty: float) -> Plan:
    """The same in the words of a plan."""
    return Plan.replace(1, RIDGE_ROWS, penalty=penalty, noise=NOISE)


# --- 3. random features: the width of a two-layer network -----------------------------------------

WIDTH_ROWS, WIDTH_PENALTY = 80, 0.01


def random_features(width: float) -> Risk:
    """Excess risk of ridge on random features, by their number."""
    rows, X = design("rows", WIDTH_ROWS)
    A = gaussian(Space("hidden", width), FEATURES, name="A") / np.sqrt(width)
    output = ridge(X @ A.T, X @ TRUE + noise(rows, NOISE), WIDTH_PENALTY)
    return risk(A.T @ output - TRUE, SIGMA)


def random_features_run(width: float, rng: Generator) -> float:
    """One run of it."""
    X, A = drawn(rng, WIDTH_ROWS), rng.standard_normal((round(width), DIM)) / np.sqrt(width)
    return excess(A.T @ fitted(X @ A.T, labels(rng, X, TRUTH), WIDTH_PENALTY))


# --- 4. Strong Model Collapse: synthetic rows that follow another truth ---------------------------

STACK_ROWS, STACK_PENALTY, STACK_SHIFT = 200, 0.05, 0.1


def stacked(synthetic: float) -> Risk:
    """Excess risk of ridge on stacked rows, by the share that follows a shifted truth."""
    rows, X = design("real rows", (1 - synthetic) * STACK_ROWS)
    others, Y = design("synthetic rows", synthetic * STACK_ROWS)
    shifted = TRUE + noise(FEATURES, STACK_SHIFT)
    told = X.T @ (X @ TRUE + noise(rows, NOISE)) + Y.T @ (Y @ shifted + noise(others, NOISE))
    gram = X.T @ X + Y.T @ Y + STACK_ROWS * STACK_PENALTY * EYE
    return risk(gram.inv() @ told - TRUE, SIGMA)


def stacked_run(synthetic: float, rng: Generator) -> float:
    """One run of it."""
    X = drawn(rng, STACK_ROWS)
    shifted = TRUTH + STACK_SHIFT * rng.standard_normal(DIM)
    y, cut = labels(rng, X, TRUTH), round((1 - synthetic) * STACK_ROWS)
    y[cut:] = labels(rng, X[cut:], shifted)
    return excess(fitted(X, y, STACK_PENALTY))


# --- 5. self-distillation: the same rows, labels mixed with a teacher's ---------------------------

DISTIL_ROWS, DISTIL_PENALTIES = 150, (0.1, 0.2)


def distilled(teacher: float) -> Risk:
    """Excess risk of a student on its teacher's rows, by the teacher's share of the labels."""
    rows, X = design("rows", DISTIL_ROWS)
    y = X @ TRUE + noise(rows, NOISE)
    first = ridge(X, y, DISTIL_PENALTIES[0])
    student = ridge(X, (1 - teacher) * y + teacher * X @ first, DISTIL_PENALTIES[1])
    return risk(student - TRUE, SIGMA)


def distilled_run(teacher: float, rng: Generator) -> float:
    """One run of it."""
    X = drawn(rng, DISTIL_ROWS)
    y = labels(rng, X, TRUTH)
    first = fitted(X, y, DISTIL_PENALTIES[0])
    return excess(fitted(X, (1 - teacher) * y + teacher * X @ first, DISTIL_PENALTIES[1]))


# --- 6. accumulate: every model is fitted to all rows so far --------------------------------------

POOL_MODELS, POOL_ROWS = 3, 80


def accumulated(penalty: float) -> Risk:
    """Excess risk of the third model of a chain that keeps all rows, by the penalty per row."""
    model, gram, told = TRUE, 0 * EYE, 0 * TRUE
    for count in range(1, POOL_MODELS + 1):
        rows, X = design(f"rows {count}", POOL_ROWS)
        gram, told = gram + X.T @ X, told + X.T @ (X @ model + noise(rows, NOISE))
        model = (gram + count * POOL_ROWS * penalty * EYE).inv() @ told
    return risk(model - TRUE, SIGMA)


def accumulated_run(penalty: float, rng: Generator) -> float:
    """One run of it."""
    model, X, y = TRUTH, np.empty((0, DIM)), np.empty(0)
    for _ in range(POOL_MODELS):
        new = drawn(rng, POOL_ROWS)
        X, y = np.vstack([X, new]), np.append(y, labels(rng, new, model))
        model = fitted(X, y, penalty)
    return excess(model)


def accumulated_plan(penalty: float) -> Plan:
    """The same in the words of a plan."""
    return Plan.accumulate(POOL_MODELS, POOL_ROWS, design="fresh", penalty=penalty, noise=NOISE)


# --- 7. transfer: fine-tune on few rows what was learnt on others ---------------------------------

SOURCE_ROWS, SOURCE_SHIFT, TUNE_PENALTIES = 300, 0.05, (0.02, 0.2)
SOURCE_SPECTRUM: Array = np.full(DIM, SPECTRUM.mean())


def transferred(n: float) -> Risk:
    """Excess risk after fine-tuning by ridge towards a model of other inputs, by its rows."""
    others, Y = design("source rows", SOURCE_ROWS, SOURCE_SPECTRUM)
    shifted = TRUE + noise(FEATURES, SOURCE_SHIFT)
    before = ridge(Y, Y @ shifted + noise(others, NOISE), TUNE_PENALTIES[0])
    rows, X = design("target rows", n)
    y = X @ TRUE + noise(rows, NOISE)
    return risk(before + ridge(X, y - X @ before, TUNE_PENALTIES[1]) - TRUE, SIGMA)


def transferred_run(n: float, rng: Generator) -> float:
    """One run of it."""
    Y, X = drawn(rng, SOURCE_ROWS, SOURCE_SPECTRUM), drawn(rng, n)
    shifted = TRUTH + SOURCE_SHIFT * rng.standard_normal(DIM)
    before = fitted(Y, labels(rng, Y, shifted), TUNE_PENALTIES[0])
    y = labels(rng, X, TRUTH)
    return excess(before + fitted(X, y - X @ before, TUNE_PENALTIES[1]))


# --- 8. an ensemble of two models that share rows -------------------------------------------------

BAG_ROWS, BAG_PENALTY = 120, 0.01


def ensemble(shared: float) -> Risk:
    """Excess risk of the mean of two ridge models, by the share of rows they have in common."""
    parts = []
    for name, share in (("both", shared), ("first", 1 - shared), ("second", 1 - shared)):
        rows, X = design(f"rows of {name}", share * BAG_ROWS)
        parts.append((X.T @ X, X.T @ (X @ TRUE + noise(rows, NOISE))))
    (gram, told), *own = parts
    fits = [(gram + g + BAG_ROWS * BAG_PENALTY * EYE).inv() @ (told + t) for g, t in own]
    return risk((fits[0] + fits[1]) / 2 - TRUE, SIGMA)


def ensemble_run(shared: float, rng: Generator) -> float:
    """One run of it."""
    common = round(shared * BAG_ROWS)
    X = drawn(rng, 2 * BAG_ROWS - common)
    y = labels(rng, X, TRUTH)
    first, second = slice(BAG_ROWS), slice(BAG_ROWS - common, None)
    fits = [fitted(X[rows], y[rows], BAG_PENALTY) for rows in (first, second)]
    return excess((fits[0] + fits[1]) / 2)


# --- 9. two generations of two-layer networks with one frozen first layer -------------------------

FROZEN_ROWS, FROZEN_PENALTY = (200, 150), 0.02


def frozen_features(width: float) -> Risk:
    """Excess risk of a student of a teacher with the same random features, by their number."""
    A = gaussian(Space("hidden", width), FEATURES, name="A") / np.sqrt(width)
    model = TRUE
    for name, n in zip(("teacher", "student"), FROZEN_ROWS, strict=True):
        rows, X = design(f"rows of {name}", n)
        model = A.T @ ridge(X @ A.T, X @ model + noise(rows, NOISE), FROZEN_PENALTY)
    return risk(model - TRUE, SIGMA)


def frozen_features_run(width: float, rng: Generator) -> float:
    """One run of it."""
    A, model = rng.standard_normal((round(width), DIM)) / np.sqrt(width), TRUTH
    for n in FROZEN_ROWS:
        X = drawn(rng, n)
        model = A.T @ fitted(X @ A.T, labels(rng, X, model), FROZEN_PENALTY)
    return excess(model)
