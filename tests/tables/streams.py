"""Tables and streams that tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genloss.estimate.moments import Moments
from genloss.tables.streaming import StreamedTable, large_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
SEED = np.random.SeedSequence(7)


def write(path: Path, columns: dict[str, Any], group: int = 7) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=group)
    return path


def read(path: Path, target: str = "y", rows: int = 10**6, **options: Any) -> StreamedTable:
    large = large_table(path, target, stream=True, **options)
    assert large is not None
    return large.read(rows, SEED)


def linear_table(rows: int, dim: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, dim)) @ rng.standard_normal((dim, dim)) + rng.normal(size=dim)
    y = X @ np.linspace(1, 0, dim) / dim + 0.5 * rng.standard_normal(rows)
    return {f"x{i}": column for i, column in enumerate(X.T)} | {"y": y}


def assert_same(found: Moments, expected: Moments, tolerance: float = 1e-10) -> None:
    """Equal up to a share of the columns' standard deviations."""
    assert found.count == expected.count
    if not expected.count:
        return
    spread = np.sqrt(np.diagonal(expected.scatter) / expected.count)
    gap = (found.origin - expected.origin) + (found.shift - expected.shift)
    assert (np.abs(gap) <= tolerance * spread).all()
    allowed = tolerance * expected.count * np.outer(spread, spread)
    assert (np.abs(found.scatter - expected.scatter) <= allowed).all()


def true_problem(covariance: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spectrum and energies of standardised features."""
    scale = np.sqrt(np.diagonal(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    truth = vectors.T @ (weights * scale)
    return values[::-1], (values * truth**2)[::-1]
