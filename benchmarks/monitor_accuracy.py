"""How well `genloss.Monitor` reads loops on real tables whose truth is known.

Every loop starts from a model of 200 real rows and is retrained 15 times (8 where it is not ridge) on 200 other
inputs of the table, labelled by the model before, a share of them with real labels. From round 3 on some loops go
wrong: a third of the rows, noise (twice as much; of classes one label in ten turned), or labels shifted by a linear
function. True rises are measured on rows that nobody trained on.

    python benchmarks/monitor_accuracy.py --data DIR [--loops k-NN boosting] [--file loops.csv]
    python benchmarks/monitor_accuracy.py --page loops.csv more.csv
    python benchmarks/monitor_accuracy.py --data DIR --left-out

With --left-out every round comes with its inputs: how well leave-one-out of the chain reads six rounds, beside drift.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import warnings
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from forecast_tables import Table
from scipy.special import expit, logit
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from threadpoolctl import threadpool_limits
from weigh_accuracy import direction, usable

import genloss as gl
from genloss.outlook.ridge import Design
from genloss.watching.rehearsal import Model, Ridge

N, WATCHED, TEST, ROUNDS, BROKEN = 200, 400, 1000, 15, 3
SHORTER = 8  # rounds of loops whose fits take time
SHORT = 6  # rounds with --left-out
FEWEST = N + WATCHED + TEST + 400
WRONG = ("nothing", "a third of the rows", "noise", "labels shifted")


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


class Ridged:
    """Ridge of `fit`, in scikit-learn's words."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Ridged:
        self.model = fit(X, y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return says(self.model, X)


@dataclass(frozen=True)
class Loop:
    """What is retrained, and on what.

    Attributes
    ----------
    estimator : object or None
        What is fitted; None for ridge, re-tuned at every fit.
    noisy : bool
        Whether labels of models have as much noise as real ones.
    real : float
        Share of rows with new real labels.
    labels : str
        Of classes, the target above its median: "hard", "sampled" or "soft"; "" for numbers.
    rounds : int
        Length.
    """

    estimator: Any = None
    noisy: bool = True
    real: float = 0.0
    labels: str = ""
    rounds: int = SHORTER


BOOSTING = GradientBoostingRegressor(n_estimators=40, subsample=0.5, random_state=0)
NEIGHBOURS = KNeighborsRegressor(15)
LOGISTIC = LogisticRegression(max_iter=200)
LOOPS = {
    "ridge": Loop(rounds=ROUNDS),
    "ridge, 30 % real": Loop(real=0.3, rounds=ROUNDS),
    "k-NN": Loop(NEIGHBOURS),
    "k-NN, no noise": Loop(NEIGHBOURS, noisy=False),
    "boosting": Loop(BOOSTING),
    "boosting, 30 % real": Loop(BOOSTING, real=0.3),
    "boosting, no noise": Loop(BOOSTING, noisy=False),
    "logistic, hard": Loop(LOGISTIC, labels="hard"),
    "logistic, hard, 30 % real": Loop(LOGISTIC, labels="hard", real=0.3),
    "logistic, sampled": Loop(LOGISTIC, labels="sampled"),
    "logistic, soft": Loop(LOGISTIC, labels="soft"),
}


class Numbers:
    """Labels that are numbers: what models say, and how it becomes a label."""

    def __init__(self, loop: Loop, y: np.ndarray, noise: float) -> None:
        self.real, self.noise = y, noise
        self._learner = Ridged() if loop.estimator is None else loop.estimator

    def fitted(self, X: np.ndarray, y: np.ndarray) -> Any:
        return deepcopy(self._learner).fit(X, y)

    def says(self, model: Any, X: np.ndarray) -> np.ndarray:
        return model.predict(X)

    def labels(self, said: np.ndarray, where: np.ndarray, wrong: str, rng: Any) -> np.ndarray:
        sd = self.noise if wrong != "noise" else 2 * self.noise
        said = said + sd * rng.normal(size=len(said))
        return said + 0.15 * where if wrong == "labels shifted" else said

    def costs(self, model: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (model.predict(X) - y) ** 2


class Classes:
    """Two classes, which models give chances."""

    def __init__(self, loop: Loop, y: np.ndarray) -> None:
        self.real, self._how = (y > np.median(y)).astype(int), loop.labels
        self._learner = loop.estimator

    def fitted(self, X: np.ndarray, y: np.ndarray) -> Any:
        if self._how != "soft" or np.all((y == 0) | (y == 1)):
            return deepcopy(self._learner).fit(X, y)
        return deepcopy(self._learner).fit(  # every row once a class, by its chance
            np.vstack([X, X]), np.repeat([0, 1], len(y)), np.append(1 - y, y)
        )

    def says(self, model: Any, X: np.ndarray) -> np.ndarray:
        return model.predict_proba(X)[:, 1]

    def labels(self, said: np.ndarray, where: np.ndarray, wrong: str, rng: Any) -> np.ndarray:
        if wrong == "labels shifted":
            said = expit(logit(np.clip(said, 1e-6, 1 - 1e-6)) + 0.5 * where)
        if self._how == "hard":
            said = (said > 0.5) * 1.0
        elif self._how == "sampled":
            said = (rng.random(len(said)) < said) * 1.0
        return np.where(rng.random(len(said)) < 0.1, 1 - said, said) if wrong == "noise" else said

    def costs(self, model: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 2 * (self.says(model, X) - y) ** 2  # both classes


def loops(table: Table, name: str, start: int, each: int) -> list[dict[str, float | str]]:
    """Loops of all kinds from one model 0."""
    loop = LOOPS[name]
    rng = np.random.default_rng([start, len(table.name), int(100 * loop.real)])
    scale = table.X.std(axis=0)
    X, y = (table.X - table.X.mean(axis=0)) / scale, table.y / table.y.std()
    where = direction(table.X, rng)
    order = rng.permutation(len(y))
    first, watched = order[:N], order[N : N + WATCHED]
    test, rest = order[N + WATCHED : N + WATCHED + TEST], order[N + WATCHED + TEST :]
    told: dict[str, Any] = {"estimator": loop.estimator}
    world: Numbers | Classes
    if loop.labels:
        world = Classes(loop, y)
        told |= {"pseudo_labels": loop.labels}
        model = world.fitted(X[first], world.real[first])
    else:
        model = Numbers(loop, y, 0.0).fitted(X[first], y[first])
        noise = float(np.std(y[rest] - model.predict(X[rest]))) if loop.noisy else 0.0
        world = Numbers(loop, y, noise)
        told |= {"noise": noise}
    found: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory() as folder:
        begun = Path(folder) / "begun.db"
        gl.Monitor(begun).start(
            X[first], world.real[first], X[watched], n_samples=N, real=loop.real, model=model,
            rounds=loop.rounds, seed=start, **told,
        )  # fmt: skip
        for kind in WRONG:
            if kind == "noise" and not (loop.noisy or loop.labels):
                continue
            for turn in range(each):
                monitor = gl.Monitor(shutil.copy(begun, Path(folder) / f"{kind}{turn}.db"))
                now = model
                for t in range(1, loop.rounds + 1):
                    wrong = kind if t >= BROKEN else "nothing"
                    rows = rng.choice(rest, N // 3 if wrong == "a third of the rows" else N)
                    labels = world.labels(world.says(now, X[rows]), where[rows], wrong, rng)
                    given = round(loop.real * len(rows))
                    labels[:given] = world.real[rows[:given]]
                    if loop.labels in ("hard", "sampled") and labels.min() == labels.max():
                        labels[0] = 1 - labels[0]  # a classifier needs both
                    now = world.fitted(X[rows], labels)
                    monitor.append(world.says(now, X[watched]))
                seen = monitor.read()
                before, after = (world.costs(m, X[test], world.real[test]) for m in (model, now))
                more = after - before
                words = " ".join(seen.sentences)
                found.append(
                    {
                        "loop": name, "kind": kind, "table": table.name, "alarm": seen.alarm_round or 0,
                        "rise": more.mean(), "read": seen.rise[-1], "drift": seen.drift[-1],
                        "low": seen.rise_low[-1], "high": seen.rise_high[-1], "first": before.mean(),
                        "slack": 1.645 * more.std() / np.sqrt(len(test)),  # of the truth itself
                        "drifted": float(seen.drift_tail < 0.05 / loop.rounds),
                        "straight": seen.straight_tail,
                        "one way": float("point one way" in words),
                        "no one way": float("point no one way" in words),
                        "not told": float("do not tell why" in words),
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
                sd = noise * (2 if wrong == "noise" else 1)
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
    parser.add_argument(
        "--skip", type=int, default=5, help="tables that chose constants come first"
    )
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--left-out", action="store_true")
    parser.add_argument("--loops", nargs="*", choices=LOOPS, help="which; default: all")
    parser.add_argument("--file", type=Path, help="a CSV of all loops")
    parser.add_argument("--page", nargs="*", type=Path, help="tables of such files")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.page:
        tell(pd.concat(map(pd.read_csv, arguments.page)))
        return
    tables = (table for table in usable(arguments.data) if len(table.y) >= FEWEST)
    found: list[dict[str, float | str]] = []
    with threadpool_limits(1):
        chosen = list(islice(tables, arguments.skip, arguments.skip + arguments.tables))
        if arguments.left_out:
            for table in chosen:
                for n, real, start in product((100, 300), (0.0, 0.3), range(arguments.starts)):
                    found += left_out(table, n, real, start)
            tell_left_out(found)
            return
        for name in arguments.loops or LOOPS:
            for table, start in product(chosen, range(arguments.starts)):
                found += loops(table, name, start, arguments.each)
            if arguments.file:
                pd.DataFrame(found).to_csv(arguments.file, index=False)
    tell(pd.DataFrame(found))


def tell(found: pd.DataFrame) -> None:
    """Print what alarm, meter and causes did, a line for every loop and what goes wrong in it."""
    heads = "loop | from round 3 on | loops | alarm | median round | drift tail | one way | no one way | either"
    print(f"| {heads} | rise: true | read | drift | inside |")
    print("|---" * 13 + "|")
    missed = found["rise"] - found["read"]
    half = (found["high"] - found["read"]).where(missed > 0, found["read"] - found["low"])
    found = found.assign(inside=missed.abs() <= np.hypot(half, found["slack"]))
    for name, kind in product(dict.fromkeys(found["loop"]), WRONG):
        part = found[(found["loop"] == name) & (found["kind"] == kind)]
        if part.empty:
            continue
        rung = part["alarm"][part["alarm"] > 0]
        mean = part.mean(numeric_only=True)
        shares = ("drifted", "one way", "no one way", "not told")
        print(
            f"| {name if kind == WRONG[0] else ''} | {kind} | {len(part)} | {_share(len(rung) / len(part))} | "
            f"{'' if rung.empty else f'{rung.median():.0f}'} | {' | '.join(_share(mean[each]) for each in shares)} | "
            f"{mean['rise']:.3f} | {mean['read']:.3f} | {mean['drift']:.3f} | {_share(mean['inside'])} |"
        )
    print("\n| loop | rank correlation of what is read | of drift | median error | inside |")
    print("|---" * 5 + "|")
    for name in [*dict.fromkeys(found["loop"]), None]:
        part = found if name is None else found[found["loop"] == name]
        ranks = part[["rise", "read", "drift"]].corr("spearman")["rise"]
        off = ((part["read"] - part["rise"]).abs() / part["first"]).median()
        print(
            f"| {name or 'all'} | {ranks['read']:.2f} | {ranks['drift']:.2f} | {off:.3f} | "
            f"{_share(part['inside'].mean())} |"
        )
    print("tables:", sorted(set(found["table"])))


def _share(value: float) -> str:
    return f"{100 * value:.0f} %" if value else "0"


if __name__ == "__main__":
    main()
