"""How well `genloss.weigh` weighs, on real tables with many rows left to test on.

Every run draws n real rows, m synthetic ones and rows to test from one table, disjoint, and asks `weigh`.
The truth is read off literal ridge fits at every weight, solved here and scored on the test rows. Nothing is
chosen here: rule and grids are the package's. `weigh_page.py` says what is counted.

    python benchmarks/weigh_accuracy.py runs.csv --seeds 8 --data DIR
    python benchmarks/weigh_accuracy.py runs.csv --page
    python benchmarks/weigh_accuracy.py none --estimator --data DIR
"""

from __future__ import annotations

import sys
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from forecast_tables import Table, load, sources
from scipy.special import ndtri
from sklearn.ensemble import GradientBoostingRegressor
from weigh_page import Scored, arguments_of, page, read, write

import genloss as gl
from genloss.weighing.stacked import WEIGHTS

SETTINGS = ((50, 1000), (100, 500), (200, 1000), (200, 4000), (500, 2000))
FEWEST_TEST, MOST_TEST, MOST_COLUMNS = 300, 2000, 100
FEWEST_ROWS = 1350
FIRST_SEED, TABLE_SEED = 7000, 20261127
ELSEWHERE = ("own", "noise", "shift .15", "shift .6", "trees", "real", "tilt")
THESE = ("own model of these", "copula", "jitter")
KINDS = {"owe nothing to the real rows": ELSEWHERE, "were made from these rows": THESE}
Rows = tuple[np.ndarray, np.ndarray]


def _median(key: str, digits: int) -> Callable[[Sequence[Scored]], str]:
    return lambda part: f"{np.median([each.number(key) for each in part]):.{digits}f}"


COLUMNS = (
    ("worth", _median("worth", 2)),
    ("AUC", _median("auc", 2)),
    ("far out", _median("far", 3)),
    ("label z > 2", lambda part: f"{np.mean([each.number('label_z') > 2 for each in part]):.2f}"),
    ("copies", _median("copies", 2)),
)


def ridge(X: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """A user's own ridge: standardised, its penalty by leave-one-out."""
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-4, 1, 11) * len(y)))
    return model.fit(X, y).predict


def direction(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random linear function of the columns, of variance one over the table."""
    scale = X.std(axis=0)
    values = ((X - X.mean(axis=0)) / scale) @ rng.normal(size=X.shape[1])
    return (values - values.mean()) / values.std()


def copula(X: np.ndarray, y: np.ndarray, m: int, rng: np.random.Generator) -> Rows:
    """Normal scores of all columns and the label, drawn anew and mapped through the sorted values."""
    rows = np.column_stack([X, y])
    n = len(rows)
    ranks = rows.argsort(axis=0, kind="stable").argsort(axis=0)
    scores = ndtri((ranks + 0.5) / n)
    correlation = 0.98 * np.corrcoef(scores.T) + 0.02 * np.eye(rows.shape[1])
    drawn = rng.multivariate_normal(np.zeros(len(correlation)), correlation, m)
    places = np.clip((np.argsort(np.argsort(drawn, axis=0), axis=0) + 0.5) / m * n, 0, n - 1)
    made = np.take_along_axis(np.sort(rows, axis=0), places.astype(int), axis=0)
    return made[:, :-1], made[:, -1]


def draw(
    X: np.ndarray, y: np.ndarray, n: int, m: int, labeler: str, rng: np.random.Generator
) -> tuple[Rows, Rows, Rows] | None:
    """Real rows, synthetic rows, test rows; None where the table is too small."""
    trained = n if labeler in ("own", "trees") else 0
    if len(y) < n + m + trained + FEWEST_TEST:
        return None
    where = direction(X, rng)
    order = rng.permutation(len(y))
    real, rest = order[:n], order[n:]
    test, rest = rest[:MOST_TEST], rest[min(MOST_TEST, len(rest) - m - trained) :]
    test = test[: len(order) - n - m - trained]
    before, rest = rest[:trained], rest[trained:]
    chosen = rest[:m]
    if labeler == "tilt":
        odds = np.exp(where[rest] - where[rest].max())
        chosen = (
            rng.choice(rest, m, replace=False, p=odds / odds.sum())
            if len(rest) > 2 * m
            else (rest[np.argsort(where[rest])[-m:]])
        )
    made = X[chosen]
    sd = y.std()
    labels = y[chosen]
    if labeler == "own":
        labels = ridge(X[before], y[before])(made)
    elif labeler == "trees":
        model = GradientBoostingRegressor(n_estimators=40, subsample=0.5, random_state=0)
        labels = model.fit(X[before], y[before]).predict(made)
    elif labeler == "noise":
        labels = labels + sd * rng.normal(size=m)
    elif labeler.startswith("shift"):
        labels = labels + float(labeler.split()[1]) * sd * where[chosen]
    elif labeler == "own model of these":
        labels = ridge(X[real], y[real])(made)
    elif labeler == "copula":
        made, labels = copula(X[real], y[real], m, rng)
    elif labeler == "jitter":
        picked = rng.choice(real, m)
        made = X[picked] + 0.1 * X[real].std(axis=0) * rng.normal(size=(m, X.shape[1]))
        labels = y[picked] + 0.1 * y[real].std() * rng.normal(size=m)
    return (X[real], y[real]), (made, labels), (X[test], y[test])


def truths(found: gl.Weighed, real: Rows, made: Rows, test: Rows) -> list[float]:
    """Test error of a literal fit at every weight, by the penalty that leave-one-out chose there."""
    mean, scale = real[0].mean(axis=0), real[0].std(axis=0)
    scale = np.where(scale > 0, scale, np.inf)
    X, more, X_test = ((rows - mean) / scale for rows in (real[0], made[0], test[0]))
    own, made_too, seen = (
        np.column_stack([np.ones(len(rows)), rows]) for rows in (X, more, X_test)
    )
    ours, theirs = (own.T @ own, own.T @ real[1]), (made_too.T @ made_too, made_too.T @ made[1])
    shrinks = np.append(0.0, np.ones(X.shape[1]))
    errors = []
    for weight, penalty in zip(found.weights, found.penalties, strict=True):
        alpha = penalty * (len(X) + weight * len(more))
        system = ours[0] + weight * theirs[0] + np.diag(alpha * shrinks)
        model = np.linalg.solve(system, ours[1] + weight * theirs[1])
        errors.append(float(np.mean((seen @ model - test[1]) ** 2)))
    return errors


def usable(folder: Path | None) -> Iterator[Table]:
    """Tables with enough rows and not too many columns, in a random order of their own."""
    names = sorted(sources(folder))
    for place in np.random.default_rng(TABLE_SEED).permutation(len(names)):
        try:
            table = load(folder, names[place])
        except Exception as why:  # noqa: BLE001  # a table that is not there is not measured
            print(f"{names[place]} is left out: {type(why).__name__}: {why}", file=sys.stderr)
            continue
        if table.X.shape[1] <= MOST_COLUMNS and len(table.y) >= FEWEST_ROWS:
            yield table


def runs(
    folder: Path | None, tables: int, seeds: int, labelers: tuple[str, ...]
) -> Iterator[dict[str, object]]:
    """All runs, seed by seed, so that they can be cut short."""
    chosen = list(islice(usable(folder), tables))
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        for table in chosen:
            name = table.name
            for n, m in SETTINGS:
                for labeler in labelers:
                    tag = zlib.crc32(f"{name}-{n}-{m}-{labeler}-{seed}".encode())
                    drawn = draw(table.X, table.y, n, m, labeler, np.random.default_rng(tag))
                    if drawn is not None:
                        yield from measured(name, labeler, seed, drawn)


def measured(
    name: str, labeler: str, seed: int, drawn: tuple[Rows, Rows, Rows]
) -> Iterator[dict[str, object]]:
    """One run: the answer, and the test errors at all weights."""
    real, made, test = drawn
    varies = real[0].std(axis=0) > 0
    if not varies.any() or real[1].std() == 0:
        return
    real, made, test = ((rows[:, varies], labels) for rows, labels in drawn)
    origin = "these rows" if labeler in THESE else "elsewhere"
    start = time.process_time()
    found = gl.weigh(real, made, made_from=origin, seed=seed)
    seconds = time.process_time() - start
    yield {
        "table": name,
        "p": real[0].shape[1],
        "n": len(real[1]),
        "m": len(made[1]),
        "labeler": labeler,
        "seed": seed,
        "made_from": origin,
        "weight": found.weight,
        "low": found.plausible[0],
        "high": found.plausible[1],
        "augment": int(found.advice.augment),
        "shown": int(found.advice.gain_shown),
        "worth": found.worth.value,
        "copies": found.copies,
        "auc": found.difference.auc,
        "far": found.difference.far_share,
        "label_z": found.difference.label_z,
        "errors": " ".join(f"{e:.6g}" for e in truths(found, real, made, test)),
        "loo": " ".join(f"{e:.6g}" for e in found.error),
        "seconds": f"{seconds:.3f}",
    }


# --- any estimator ----------------------------------------------------------------------------


def boosted() -> GradientBoostingRegressor:
    """The estimator that is measured."""
    return GradientBoostingRegressor(n_estimators=40, subsample=0.5, random_state=0)


def estimator_page(folder: Path | None, tables: int, seconds: float) -> str:
    """Gradient boosting, 150 real and 900 synthetic rows, one seed: a line for every way."""
    ratios: dict[str, list[float]] = {}
    harms: dict[str, list[bool]] = {}
    for table in islice(usable(folder), tables):
        for labeler in ("own", "noise", "shift .6", "trees", "real"):
            tag = zlib.crc32(f"{table.name}-{labeler}-boosted".encode())
            drawn = draw(table.X, table.y, 150, 900, labeler, np.random.default_rng(tag))
            if drawn is None or time.process_time() > seconds:
                continue
            real, made, test = drawn
            found = gl.weigh(real, made, made_from="elsewhere", estimator=boosted())
            errors = []
            for weight in found.weights:
                many = len(made[1]) if weight > 0 else 0
                counts = np.append(np.ones(len(real[1])), np.full(many, weight))
                rows = np.vstack([real[0], made[0][:many]])
                model = boosted().fit(rows, np.append(real[1], made[1][:many]), counts)
                errors.append(float(np.mean((model.predict(test[0]) - test[1]) ** 2)))
            for way, at in (
                ("weight 1", len(errors) - 1),
                ("`weigh`", found.best),
                ("real only", 0),
            ):
                ratios.setdefault(way, []).append(errors[at] / errors[0])
                harms.setdefault(way, []).append(errors[at] > 1.03 * errors[0])
            ratios.setdefault("best in hindsight", []).append(min(errors) / errors[0])
            harms.setdefault("best in hindsight", []).append(False)
    lines = ["| way | runs | over real only, mean | harm |", "|---|---|---|---|"]
    for way, found_ratios in ratios.items():
        lines.append(
            f"| {way} | {len(found_ratios)} | {np.mean(found_ratios):.3f} | {np.mean(harms[way]):.0%} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = arguments_of(__doc__, seeds=8, tables=20)
    parser.add_argument("--estimator", action="store_true", help="gradient boosting, printed")
    given = parser.parse_args()
    if given.page:
        print(page(read(given.file), WEIGHTS, KINDS, COLUMNS))
    elif given.estimator:
        warnings.simplefilter("ignore")
        print(estimator_page(given.data, given.tables, given.seconds))
    else:
        labelers = THESE if given.these else ELSEWHERE
        write(given.file, runs(given.data, given.tables, given.seeds, labelers), given.seconds)


if __name__ == "__main__":
    main()
