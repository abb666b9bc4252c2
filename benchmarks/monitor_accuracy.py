"""How well `genloss.Monitor` reads loops of ridge on real tables whose truth is known.

Every loop starts from a ridge model of 200 real rows and is retrained 15 times on 200 other inputs of the table,
labelled by the model before with as much noise as real labels have, a share of them with real labels. From
round 3 on some loops go wrong: a third of the rows, twice the noise, or labels shifted by a linear function.
True rises are measured on rows that nobody trained on.

    python benchmarks/monitor_accuracy.py --data DIR [--left-out]

With --left-out every round comes with its inputs: how well leave-one-out of the chain reads six rounds, beside drift.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import warnings
from itertools import islice, product
from pathlib import Path

import numpy as np
from forecast_tables import Table
from threadpoolctl import threadpool_limits
from weigh_accuracy import direction, usable

import genloss as gl
from genloss.outlook.ridge import Design
from genloss.watching.rehearsal import Model, Ridge

N, WATCHED, TEST, ROUNDS, BROKEN = 200, 400, 1000, 15, 3
SHORT = 6  # rounds with --left-out
FEWEST = N + WATCHED + TEST + 400
WRONG = ("nothing", "a third of the rows", "twice the noise", "labels shifted")


def fit(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ridge with an intercept, its penalty by exact leave-one-out; coefficients, intercept last."""
    mean, level = X.mean(axis=0), y.mean()
    u, s, vt = np.linalg.svd(X - mean, full_matrices=False)
    along = u.T @ (y - level)
    best, least = None, np.inf
    for penalty in np.logspace(-4, 1, 11):
        kept = s**2 / (s**2 + penalty * len(y))
        residual = (y - level - u @ (kept * along)) / (1 - 1 / len(y) - u**2 @ kept)
        if np.mean(residual**2) < least:
            least, best = float(np.mean(residual**2)), penalty
    assert best is not None
    w = vt.T @ (s / (s**2 + best * len(y)) * along)
    return np.append(w, level - mean @ w)


def says(model: np.ndarray, X: np.ndarray) -> np.ndarray:
    return X @ model[:-1] + model[-1]


class Fitted:
    """A model 0 as `Monitor` takes it."""

    def __init__(self, model: np.ndarray) -> None:
        self.model = model

    def predict(self, X: np.ndarray) -> np.ndarray:
        return says(self.model, X)


def loops(table: Table, real: float, start: int, each: int) -> list[dict[str, float | str]]:
    """Loops of all kinds from one model 0."""
    rng = np.random.default_rng([start, len(table.name), int(100 * real)])
    scale = table.X.std(axis=0)
    X, y = (table.X - table.X.mean(axis=0)) / scale, table.y / table.y.std()
    where = direction(table.X, rng)
    order = rng.permutation(len(y))
    first, watched = order[:N], order[N : N + WATCHED]
    test, rest = order[N + WATCHED : N + WATCHED + TEST], order[N + WATCHED + TEST :]
    model = fit(X[first], y[first])
    noise = float(np.std(y[rest] - says(model, X[rest])))
    found: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory() as folder:
        begun = Path(folder) / "begun.db"
        gl.Monitor(begun).start(
            X[first], y[first], X[watched], n_samples=N, real=real, noise=noise,
            model=Fitted(model), rounds=ROUNDS, seed=start,
        )  # fmt: skip
        for kind in WRONG:
            for turn in range(each):
                monitor = gl.Monitor(shutil.copy(begun, Path(folder) / f"{kind}{turn}.db"))
                now = model
                for t in range(1, ROUNDS + 1):
                    wrong = kind if t >= BROKEN else "nothing"
                    rows = rng.choice(rest, N // 3 if wrong == "a third of the rows" else N)
                    sd = noise * (2 if wrong == "twice the noise" else 1)
                    labels = says(now, X[rows]) + sd * rng.normal(size=len(rows))
                    if wrong == "labels shifted":
                        labels = labels + 0.15 * where[rows]
                    given = round(real * len(rows))
                    labels[:given] = y[rows[:given]]
                    now = fit(X[rows], labels)
                    monitor.append(says(now, X[watched]))
                seen = monitor.read()
                before, after = (np.mean((says(m, X[test]) - y[test]) ** 2) for m in (model, now))
                found.append(
                    {
                        "kind": kind, "real": real, "table": table.name, "alarm": seen.alarm_round or 0,
                        "rise": after - before, "read": seen.rise[-1], "drift": seen.drift[-1],
                        "low": seen.rise_low[-1], "high": seen.rise_high[-1], "first": before,
                        "drifted": float(seen.drift_tail < 0.05 / ROUNDS),
                        "pull": float("point one way" in " ".join(seen.sentences)),
                        "chance": float("point no one way" in " ".join(seen.sentences)),
                    }
                )  # fmt: skip
    return found


def left_out(table: Table, n: int, real: float, start: int) -> list[dict[str, float | str]]:
    """Loops of all kinds from one model 0 of n rows, each read by leave-one-out of the chain and by drift."""
    rng = np.random.default_rng([start, len(table.name), n, int(100 * real), 1])
    X, y = table.X, table.y / table.y.std()
    where = direction(table.X, rng)
    order = rng.permutation(len(y))
    first, watched, rest, test = np.split(order, np.cumsum([n, WATCHED, 600]))
    tuned = Ridge(X[first], None)

    def trained(rows: np.ndarray, labels: np.ndarray) -> tuple[Model, float]:
        penalty = tuned.penalty_of(Design.of(tuned.standard(rows), None), labels)
        return Ridge(X[first], penalty)(rows, labels), penalty

    model, _ = trained(X[first], y[first])
    noise = float(np.std(y[rest] - model(X[rest])))
    before = (model(X[test]) - y[test]) ** 2
    found: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory() as folder:
        begun = Path(folder) / "begun.db"
        gl.Monitor(begun).start(
            X[first], y[first], X[watched], n_samples=n, real=real, noise=noise, rounds=SHORT,
            rehearsals=20, seed=start,
        )  # fmt: skip
        for kind in WRONG:
            plain, chain = (
                gl.Monitor(shutil.copy(begun, Path(folder) / f"{kind}-{way}.db")) for way in "dl"
            )
            now = model
            for t in range(1, SHORT + 1):
                wrong = kind if t >= BROKEN else "nothing"
                rows = rng.choice(rest, n // 3 if wrong == "a third of the rows" else n)
                sd = noise * (2 if wrong == "twice the noise" else 1)
                labels = now(X[rows]) + sd * rng.normal(size=len(rows))
                if wrong == "labels shifted":
                    labels = labels + 0.15 * where[rows]
                given = round(real * len(rows))
                labels[:given] = y[rows[:given]]
                now, penalty = trained(X[rows], labels)
                plain.append(now(X[watched]))
                chain.append(now(X[watched]), inputs=X[rows], penalty=penalty)
            drift, seen = plain.read(), chain.read()
            assert seen.judged_by == "leave-one-out"
            more = (now(X[test]) - y[test]) ** 2 - before
            slack = 1.645 * float(more.std()) / np.sqrt(len(test))  # of the truth itself
            half = float(seen.rise_high[-1] - seen.rise[-1])
            found.append(
                {
                    "kind": kind, "real": real, "table": table.name, "n": n, "rise": float(more.mean()),
                    "read": float(seen.rise[-1]), "drift": float(drift.rise[-1]), "first": float(before.mean()),
                    "inside": float(abs(seen.rise[-1] - more.mean()) <= np.hypot(half, slack)),
                }
            )  # fmt: skip
    return found


def tell_left_out(found: list[dict[str, float | str]]) -> None:
    """Print bias, error, correlation among loops of a table, and coverage."""
    print("| rows | real | loops | rise: true | read | error | of drift | correlation | inside |")
    print("|---|---|---|---|---|---|---|---|---|")
    for n in sorted({float(f["n"]) for f in found}):
        for real in (0.0, 0.3):
            part = [f for f in found if f["n"] == n and f["real"] == real]
            true, read, drift, first, inside = (
                np.array([float(f[name]) for f in part])
                for name in ("rise", "read", "drift", "first", "inside")
            )
            tables = np.array([str(f["table"]) for f in part])
            along = [
                np.corrcoef(true[tables == name], read[tables == name])[0, 1]
                for name in sorted(set(tables))
            ]
            print(
                f"| {n:.0f} | {real:.0%} | {len(part)} | {true.mean():.3f} | {read.mean():.3f} | "
                f"{np.median(np.abs(read - true) / first):.3f} | {np.median(np.abs(drift - true) / first):.3f} | "
                f"{np.median(along):.2f} | {inside.mean():.0%} |"
            )
    for name in sorted({str(f["table"]) for f in found}):
        part = [f for f in found if f["table"] == name]
        print(f"{name}: inside {np.mean([float(f['inside']) for f in part]):.0%} of {len(part)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--tables", type=int, default=5)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--left-out", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    tables = (table for table in usable(arguments.data) if len(table.y) >= FEWEST)
    found: list[dict[str, float | str]] = []
    with threadpool_limits(1):
        if arguments.left_out:
            for table in islice(tables, arguments.tables):
                for n, real, start in product((100, 300), (0.0, 0.3), range(arguments.starts)):
                    found += left_out(table, n, real, start)
            tell_left_out(found)
            return
        for table in islice(tables, arguments.tables):
            for real in (0.0, 0.3):
                for start in range(arguments.starts):
                    found += loops(table, real, start, arguments.each)
    print(
        "| loop | real | loops | alarm | median round | drift tail | one way | no one way | rise: true | read | "
        "drift | inside |"
    )
    print("|---" * 12 + "|")
    for kind in WRONG:
        for real in (0.0, 0.3):
            part = [f for f in found if f["kind"] == kind and f["real"] == real]
            rung = [float(f["alarm"]) for f in part if f["alarm"]]
            columns = {k: np.array([float(f[k]) for f in part]) for k in ("rise", "read", "drift")}
            inside = np.mean([f["low"] <= f["rise"] <= f["high"] for f in part])
            print(
                f"| {kind} | {real:.0%} | {len(part)} | {len(rung) / len(part):.1%} | "
                f"{np.median(rung) if rung else 0:.0f} | {np.mean([float(f['drifted']) for f in part]):.0%} | "
                f"{np.mean([float(f['pull']) for f in part]):.0%} | {np.mean([float(f['chance']) for f in part]):.0%} | "
                f"{columns['rise'].mean():.3f} | {columns['read'].mean():.3f} | "
                f"{columns['drift'].mean():.3f} | {inside:.0%} |"
            )
    from scipy.stats import spearmanr

    pairs = [(float(f["rise"]), float(f["read"]), float(f["drift"])) for f in found]
    true, read, drift = np.array(pairs).T
    print(f"Spearman: read {spearmanr(true, read)[0]:.2f}, drift {spearmanr(true, drift)[0]:.2f}")
    first = np.array([float(f["first"]) for f in found])
    print(f"median error over the first error: {np.median(np.abs(read - true) / first):.3f}")
    print("tables:", sorted({str(f["table"]) for f in found}))


if __name__ == "__main__":
    main()
