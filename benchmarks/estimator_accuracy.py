"""How well forecasts of classes and of any estimator do, on real tables with many rows left to test on.

Every run shows M rows of a table to ``genloss.forecast`` and asks what becomes of T models trained on n
rows each. The truth is the mean of longer literal chains, a loop of its own below, whose rows come fresh
from the whole table and which are scored on rows that no model of the chain has seen.

    python benchmarks/estimator_accuracy.py runs.csv --data DIR
    python benchmarks/estimator_accuracy.py runs.csv --page > docs/estimator-accuracy.md
"""

from __future__ import annotations

import argparse
import csv
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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

SETTINGS = ((500, 100, 4, "replaced"), (300, 100, 4, "kept"))  # rows shown, a model's, models
SAMPLES, CHAINS, TEST = 3, 12, 1000
ENOUGH = 12  # forecasts of a group by which its coverage is judged
FIELDS = (
    *("table", "kind", "learner", "way", "shown", "n", "models", "sample"),
    *("error", "low", "high", "growth", "growth_low", "growth_high"),
    *("change", "change_low", "change_high", "first", "last", "last_se", "change_se"),
)
Task = tuple[str, str, np.ndarray, np.ndarray]


def tasks(folder: Path | None) -> Iterator[Task]:
    """Name, kind, features and target: numbers, and classes made of them where they are none."""
    known = sources(folder)
    for name, kind in (
        *(("digits", "classes"), ("mnist", "classes"), ("wine_quality", "classes")),
        *(("king_county", "classes"), ("blog_feedback", "classes"), ("wine_quality", "number")),
        *(("king_county", "number"), ("diamonds", "number"), ("blog_feedback", "number")),
        ("diamonds", "classes"),
    ):
        if name not in known:
            continue
        if name == "mnist":
            X, y = small_images(known[name].read())
        else:
            table = load(folder, name)
            X, y = table.X, table.y
        if kind == "classes" and np.unique(y).size > 10:
            y = np.digitize(y, np.quantile(y, [1 / 3, 2 / 3])).astype(float)
        elif kind == "classes" and name == "wine_quality":
            y = (y >= 6).astype(float)
        yield name, kind, X[:, X.std(axis=0) > 0], y


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


def measure(path: Path, folder: Path | None) -> None:
    """Write one line a forecast; lines that are there already are not made again."""
    done = set()
    if path.exists():
        with path.open() as file:
            done = {tuple(line[f] for f in FIELDS[:8]) for line in csv.DictReader(file)}
    with path.open("a", newline="") as file, threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        writer = csv.DictWriter(file, FIELDS)
        if not done:
            writer.writeheader()
        known = {(name, kind): (X, y) for name, kind, X, y in tasks(folder)}
        cells = [
            (*each, learner, k) for each in known for learner in learners(each[1]) for k in range(2)
        ]
        # in a random order, so that a run that is cut short is a sample
        for place in np.random.default_rng(0).permutation(len(cells)):
            name, kind, learner, k = cells[place]
            shown, n, models, way = SETTINGS[k]
            key = (name, kind, learner, way, str(shown), str(n), str(models))
            if all((*key, str(sample)) in done for sample in range(SAMPLES)):
                continue
            X, y = known[name, kind]
            for line in _cell(kind, X, y, learners(kind)[learner], key, n, models, shown, way):
                writer.writerow(line)
                file.flush()


def _cell(
    kind: str,
    X: np.ndarray,
    y: np.ndarray,
    model: Any,
    key: tuple[str, ...],
    n: int,
    models: int,
    shown: int,
    way: str,
) -> Iterator[dict[str, Any]]:
    seed = zlib.crc32("/".join(key).encode())
    found = truth(kind, X, y, model, way, n, models, seed)
    mean, chains = found.mean(axis=0), np.sqrt(CHAINS)
    for sample in range(SAMPLES):
        rows = np.random.default_rng([seed, sample]).permutation(len(y))[:shown]
        own = forecast(kind, X[rows], y[rows], model, plan_of(kind, way, n, models), sample)
        yield dict(zip(FIELDS, (*key, sample), strict=False)) | {
            "error": own.error[-1],
            "low": own.low[-1],
            "high": own.high[-1],
            "growth": own.growth[-1],
            "growth_low": own.growth_low[-1],
            "growth_high": own.growth_high[-1],
            "change": own.change[-1],
            "change_low": own.change_low[-1],
            "change_high": own.change_high[-1],
            "first": mean[0],
            "last": mean[-1],
            "last_se": found[:, -1].std(ddof=1) / chains,
            "change_se": (found[:, -1] - found[:, 0]).std(ddof=1) / chains,
        }


def forecast(kind: str, X: np.ndarray, y: np.ndarray, model: Any, plan: gl.Plan, seed: int) -> Any:
    """The plan's own errors; the check and the other ways, which cost most, are left out."""
    from genloss.outlook.measured.task import Task as Asked
    from genloss.outlook.measured.work import Measurement
    from genloss.tables.load import load_table

    table, task = Asked(kind == "classes", estimator=model).named(load_table((X, y)))
    seeds = np.random.SeedSequence(seed).spawn(2)
    return Measurement.of(task, table, (seeds[0], seeds[1]), None, log=False).way("plan", plan)


# ------------------------------------------------------------------------------------------- page


def page(path: Path) -> str:
    """What the runs come to, failures first."""
    with path.open() as file:
        lines = [
            {f: v if f in FIELDS[:4] else float(v) for f, v in line.items()}
            for line in csv.DictReader(file)
        ]
    groups: list[tuple[str, Callable[[dict[str, Any]], bool]]] = [
        ("all", lambda _: True),
        *((f"{kind}", lambda r, kind=kind: r["kind"] == kind) for kind in ("classes", "number")),
        *(
            (name, lambda r, name=name: r["learner"] == name)
            for name in sorted({r["learner"] for r in lines})
        ),
        *(
            (f"{int(m)} rows shown", lambda r, m=m: r["shown"] == m)
            for m in sorted({r["shown"] for r in lines})
        ),
        *(
            (name, lambda r, name=name: r["table"] == name)
            for name in sorted({r["table"] for r in lines})
        ),
    ]
    rows = [(name, summary([r for r in lines if which(r)])) for name, which in groups]
    bad = [
        f"{name} (level {s['level']:.0f} %, growth {s['growth']:.0f} %)"
        for name, s in rows
        if s["count"] >= ENOUGH and not (85 <= s["level"] <= 95 and 85 <= s["growth"] <= 97)
    ]
    worst = sorted(lines, key=lambda r: -abs(off(r)))[:8]
    tables = len({(r["table"], r["kind"]) for r in lines})
    return PAGE.format(
        tables=tables,
        forecasts=len(lines),
        cells=len(lines) // SAMPLES,
        chains=CHAINS,
        enough=ENOUGH,
        failures="; ".join(bad) or "none",
        worst="\n".join(
            f"| {r['table']} ({r['kind']}) | {r['learner']} | {int(r['shown'])} | {r['way']} | "
            f"{r['growth']:.2f} ({r['growth_low']:.2f} to {r['growth_high']:.2f}) | {r['last'] / r['first']:.2f} |"
            for r in worst
        ),
        rows="\n".join(
            f"| {name} | {s['count']} | {s['median']:.1f} | {s['nine']:.1f} | {s['worst']:.0f} | "
            f"{'' if np.isnan(s['points']) else format(s['points'], '.1f')} | {s['off']:.0%} | {s['level']:.0f} | {s['growth']:.0f} | {s['change']:.0f} |"
            for name, s in rows
        ),
    )


def off(r: dict[str, Any]) -> float:
    """Growth less the true one, in points of the first error."""
    return 100 * (r["growth"] - r["last"] / r["first"])


def summary(lines: list[dict[str, Any]]) -> dict[str, float]:
    """Medians, and how often intervals hold the truth."""
    errors = np.array([abs(off(r)) for r in lines])
    points = [
        100 * abs(r["change"] - (r["last"] - r["first"])) for r in lines if r["kind"] == "classes"
    ]
    level = [r["low"] <= r["last"] <= r["high"] for r in lines]
    grown = [r["growth_low"] <= r["last"] / r["first"] <= r["growth_high"] for r in lines]
    changed = [r["change_low"] <= r["last"] - r["first"] <= r["change_high"] for r in lines]
    return {
        "count": len(lines),
        "median": float(np.median(errors)),
        "nine": float(np.quantile(errors, 0.9)),
        "worst": float(errors.max()),
        "points": float(np.median(points)) if points else float("nan"),
        "off": float(np.median([abs(r["error"] / r["last"] - 1) for r in lines])),
        "level": 100 * float(np.mean(level)),
        "growth": 100 * float(np.mean(grown)),
        "change": 100 * float(np.mean(changed)),
    }


PAGE = """\
# How well forecasts of classes and of estimators do

`genloss.forecast` with an estimator sees M rows of a real table, drawn at random, and says what becomes of T models
trained on n rows each: every one on labels of its predecessor, or (300 rows shown) with the first real rows kept beside.
The truth is the mean of {chains} literal chains on fresh rows of the whole table, a loop of its own
(`benchmarks/estimator_accuracy.py`). {forecasts} forecasts, {tables} tables and targets, five estimators of scikit-learn each, in a random order that was cut short.
The level of later models was found too narrow on these runs, and has 1.2 times its width since: its coverage below is with that, and not held out. Changes and growths are as they came.

## Failures first

Groups of at least {enough} forecasts whose intervals, nominal 90 %, hold the truth in less than 85 % or more than 95 % (97 % of growths): {failures}.

The growths that are furthest off:

| table | estimator | rows shown | way | growth (interval) | true |
|---|---|---:|---|---:|---:|
{worst}

Ridge and networks on the numbers of blog_feedback fail: its columns have rows hundreds of standard deviations out, on which these models answer anything, and which a sample of some hundred
rows hardly holds. The true mean is that of such rows; no interval from the sample reaches it. Trees, which do not extrapolate, were off less in the few forecasts that there are of them.

## All of it

Growth is the last model's error over model 0's, in points of it (per cent of the first error); for classes also the change of the
error itself in points of per cent. Level: the last model's error, relative distance in the median. Coverage in per cent.

| | forecasts | growth off, median | 90th percentile | worst | change of classes off, median | level off, median | holds: level | growth | change |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{rows}
"""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--page", action="store_true")
    given = parser.parse_args()
    if given.page:
        print(page(given.runs), end="")
    else:
        measure(given.runs, given.data)
