"""How well forecasts of classes and of any estimator do, on real tables with many rows left to test on.

Every run shows M rows of a table to ``genloss.forecast`` and asks what becomes of T models trained on n
rows each. The truth is the mean of longer literal chains, a loop of its own below, whose rows come fresh
from the whole table and which are scored on rows that no model of the chain has seen.

What runs cost is kept in a folder, so that widths are chosen, and the page written, without running again.

    python benchmarks/estimator_accuracy.py FOLDER --data DIR
    python benchmarks/estimator_page.py FOLDER --data DIR
"""

from __future__ import annotations

import argparse
import functools
import time
import warnings
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from forecast_tables import load, sources
from sklearn.base import clone
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import genloss as gl
from genloss.outlook.measured.runs import Runs
from genloss.outlook.measured.task import Task
from genloss.outlook.measured.work import Measurement
from genloss.outlook.sample import Sample
from genloss.tables.load import load_table

SETTINGS = ((500, 100, 4, "replaced"), (300, 100, 4, "kept"))  # rows shown, a model's, models
SAMPLES, CHAINS, TEST = 3, 24, 1000
CHOSEN = (
    *(("digits", "classes"), ("mnist", "classes"), ("wine_quality", "classes")),
    *(("king_county", "classes"), ("blog_feedback", "classes"), ("diamonds", "classes")),
    *(("wine_quality", "number"), ("king_county", "number"), ("diamonds", "number")),
    ("blog_feedback", "number"),
)
"""Tables on which the constants of `genloss.outlook.measured.read` may be chosen."""
HELD_OUT = (
    *(("PSID", "number"), ("flchain", "classes"), ("sf_temps", "number"), ("Vocab", "classes")),
    *(("Wages", "number"), ("SumHes", "classes"), ("VietNamH", "number")),
    *(("DoctorAUS", "classes"), ("BudgetFood", "number"), ("Workinghours", "classes")),
)
"""Drawn by seed 20261127 from 30 others of at least 3,000 rows; numbers and classes take turns."""


class Cell(NamedTuple):
    """One truth, and `SAMPLES` forecasts of it."""

    table: str
    kind: str
    learner: str
    way: str
    shown: int
    n: int
    models: int

    def path(self, folder: Path, sample: int) -> Path:
        """Where a forecast's runs are kept."""
        return folder / f"{self.table}-{self.kind}-{self.learner}-{self.way}-{sample}.npz"

    @property
    def half(self) -> str:
        return "chosen" if (self.table, self.kind) in CHOSEN else "held out"


def cells(names: Collection[str]) -> list[Cell]:
    """All of them, in a random order, so that a run that is cut short is a sample."""
    found = [
        Cell(*task, learner, way, shown, n, models)
        for task in (*CHOSEN, *HELD_OUT)
        if task[0] in names
        for learner in learners(task[1])
        for shown, n, models, way in SETTINGS
    ]
    return [found[place] for place in np.random.default_rng(0).permutation(len(found))]


@functools.cache
def data(folder: Path | None, name: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Features and target: numbers, or classes made of them where they are none."""
    if name == "mnist":
        X, y = small_images(sources(folder)[name].read())
    else:
        table = load(folder, name)
        X, y = table.X, table.y
    if kind == "classes" and name == "wine_quality":
        y = (y >= 6).astype(float)
    elif kind == "classes" and np.unique(y).size > 10:
        y = np.digitize(y, np.quantile(y, [1 / 3, 2 / 3])).astype(float)
    elif kind == "classes" and name not in ("digits", "mnist"):
        y = (y > np.median(y)).astype(float)
    return X[:, X.std(axis=0) > 0], y


def small_images(frame: Any) -> tuple[np.ndarray, np.ndarray]:
    """Images of 28 x 28 at a quarter of their size."""
    y = frame.pop("digit").to_numpy(float)
    pixels = frame.to_numpy(float).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4))
    return pixels.reshape(len(y), 49), y


def learners(kind: str) -> dict[str, Any]:
    """Estimators, small ones: what is measured is the forecast."""
    if kind == "classes":
        scaled = {
            "logistic": LogisticRegression(max_iter=300),
            "MLP": MLPClassifier((20,), max_iter=50),
            "k-NN": KNeighborsClassifier(),
        }
        plain = {
            "boosting": HistGradientBoostingClassifier(max_iter=10, max_leaf_nodes=6),
            "forest": RandomForestClassifier(15),
        }
    else:
        scaled = {
            "ridge": Ridge(10.0),
            "MLP": MLPRegressor(hidden_layer_sizes=(20,), max_iter=50),
            "k-NN": KNeighborsRegressor(),
        }
        plain = {
            "boosting": HistGradientBoostingRegressor(max_iter=20, max_leaf_nodes=6),
            "forest": RandomForestRegressor(15),
        }
    return plain | {name: make_pipeline(StandardScaler(), each) for name, each in scaled.items()}


def truth(
    kind: str, X: np.ndarray, y: np.ndarray, model: Any, way: str, n: int, models: int, seed: int
) -> np.ndarray:
    """Errors (chains, models) of literal chains on fresh rows of the whole table."""
    rng, found = np.random.default_rng(seed), np.empty((CHAINS, models))
    for chain in range(CHAINS):
        order = rng.permutation(len(y))
        test, order = order[: min(TEST, len(y) // 3)], order[min(TEST, len(y) // 3) :]
        first = rows = order[:n]
        labels = y[rows]
        for t in range(models):
            fitted = clone(model)
            seeds = {
                k: int(rng.integers(1 << 31))
                for k in fitted.get_params()
                if k.endswith("random_state")
            }
            fitted.set_params(**seeds)
            fitted.fit(X[rows], labels)
            wrong = fitted.predict(X[test]) - y[test]
            found[chain, t] = np.mean(wrong != 0) if kind == "classes" else np.mean(wrong**2)
            at = n * (t + 1)
            new = (
                order[at : at + n] if at + n <= len(order) else rng.choice(order, n, replace=False)
            )
            rows, labels = new, fitted.predict(X[new])
            if way == "kept":
                rows, labels = np.append(first, new), np.append(y[first], labels)
    return found


def plan_of(kind: str, way: str, n: int, models: int) -> gl.Plan:
    """Each model labels the rows of the next one; or the first rows stay beside them."""
    label = "hard" if kind == "classes" else "linear"
    first = gl.Generation([gl.Source(n, labels=label)])
    new = gl.Source(n, "previous", labels=label)
    kept = [gl.Source(None, "kept", inputs=0, labels=label)] if way == "kept" else []
    return gl.Plan([first, *[gl.Generation([*kept, new])] * (models - 1)])


def measure(folder: Path, tables: Path | None, half: str | None) -> None:
    """Keep the runs behind every forecast, and its truth; what is there is not made again."""
    folder.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for cell in cells(sources(tables)):
            missing = [k for k in range(SAMPLES) if not cell.path(folder, k).exists()]
            if not missing or half not in (None, cell.half):
                continue
            start, model = time.process_time(), learners(cell.kind)[cell.learner]
            X, y = data(tables, cell.table, cell.kind)
            seed = zlib.crc32("/".join(map(str, cell)).encode())
            chains = truth(cell.kind, X, y, model, cell.way, cell.n, cell.models, seed)
            plan = plan_of(cell.kind, cell.way, cell.n, cell.models)
            for k in missing:
                rows = np.random.default_rng([seed, k]).permutation(len(y))[: cell.shown]
                sample, runs = runs_of(cell.kind, X[rows], y[rows], model, plan, k)
                np.savez(
                    cell.path(folder, k),
                    truth=chains,
                    y=sample.y,
                    groups=np.arange(len(rows)) if sample.groups is None else sample.groups,
                    losses=runs.rows["error" if cell.kind == "classes" else "squared"],
                    **{name: getattr(runs, name) for name in RUNS},
                )
            print(*cell, f"{time.process_time() - start:.1f}", flush=True)


RUNS = ("n_samples", "tested", "means", "repeats", "variance", "shared")


def runs_of(
    kind: str, X: np.ndarray, y: np.ndarray, model: Any, plan: gl.Plan, seed: int
) -> tuple[Sample, Runs]:
    """What a forecast of the plan rests on; its check and other ways, which cost most, are left out."""
    table, task = Task(kind == "classes", estimator=model).named(load_table((X, y)))
    seeds = np.random.SeedSequence(seed).spawn(2)
    found = Measurement.of(task, table, (seeds[0], seeds[1]), None, log=False)
    return found.study.sample, found.runs(plan)[1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, help="folder of what was run")
    parser.add_argument("--data", type=Path, help="folder with the larger data sets")
    parser.add_argument("--half", choices=["chosen", "held out"], help="only these tables")
    given = parser.parse_args()
    measure(given.runs, given.data, given.half)
