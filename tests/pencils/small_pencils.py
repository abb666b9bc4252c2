"""Expressions that tests of pencils share."""

from __future__ import annotations

import numpy as np

from genloss.pencils import (
    Space,
    diagonal,
    gaussian,
    identity,
    vector,
)

DIM = 120
SPECTRUM = 3.0 * np.arange(1, DIM + 1) ** -1.2
TRUTH = np.cos(np.arange(DIM)) * np.sqrt(2 / DIM)
F = Space.features(DIM)
EYE = identity(F)
SIGMA = diagonal(F, SPECTRUM, name="Sigma")
ROOT = diagonal(F, np.sqrt(SPECTRUM), name="Sigma^.5")
W = vector(F, TRUTH, name="w*")


def design(n, name="rows", root=ROOT):
    rows = Space(name, n)
    return rows, gaussian(rows, F) @ root


def ridge(X, y, n, penalty):
    return (X.T @ X / n + penalty * EYE).inv() @ (X.T @ y) / n
