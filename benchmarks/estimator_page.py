"""The page of `estimator_accuracy`: what forecasts of classes and estimators say, and what is true."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from estimator_accuracy import CHAINS, RUNS, SAMPLES, cells
from forecast_tables import sources

import genloss as gl
from genloss.outlook.measured.read import read
from genloss.outlook.measured.result import Way, way_of
from genloss.outlook.measured.runs import Runs
from genloss.outlook.sample import Sample

DOCS = Path(__file__).parents[1] / "docs"
WORST = 7  # growths shown of a half
ENOUGH = 24  # forecasts of a group by which its coverage is judged
CLEAR = 0.05  # relative standard error up to which a truth is known


def forecast(path: Path, score: str) -> tuple[Way, np.ndarray]:
    """What the package says now of runs that were kept, and their truth (chains, models)."""
    with np.load(path) as file:
        kept = dict(file)
    sample = Sample(kept["y"][:, None], kept["y"], None, groups=kept["groups"])
    runs = Runs(rows={score: kept["losses"]}, **{name: kept[name] for name in RUNS})
    plan = gl.Plan.replace(len(kept["losses"]), int(kept["n_samples"]))
    return way_of("plan", plan, read(runs, sample, score), {}), kept["truth"]


def lines_of(folder: Path, names: Collection[str]) -> list[dict[str, Any]]:
    """One line a forecast: what is said of the last model, and what is true."""
    found = []
    for cell in cells(names):
        for path in (cell.path(folder, k) for k in range(SAMPLES)):
            if not path.exists():
                continue
            own, chains = forecast(path, "error" if cell.kind == "classes" else "squared")
            true, root = chains.mean(axis=0), np.sqrt(len(chains))
            relative = chains / true
            doubt = max(
                relative[:, -1].std(ddof=1) / root,
                (relative[:, -1] - relative[:, 0]).std(ddof=1) / root,
            )
            last = {
                name: [float(getattr(own, f"{name}{end}")[-1]) for end in ("", "_low", "_high")]
                for name in ("growth", "change")
            }
            last["level"] = [float(each[-1]) for each in (own.error, own.low, own.high)]
            truth = {
                "level": true[-1],
                "growth": true[-1] / true[0],
                "change": true[-1] - true[0],
            }
            found.append(
                cell._asdict()
                | {"half": cell.half, "clear": doubt <= CLEAR, "said": last, "true": truth}
                | {name: last[name][1] <= truth[name] <= last[name][2] for name in truth}
            )
    return found


def page(folder: Path, names: Collection[str]) -> str:
    """What the runs come to, failures first."""
    lines = lines_of(folder, names)
    held = [line for line in lines if line["half"] == "held out"]
    rows, bad = [], []
    for name, some in groups(held):
        rows.append(row(name, some))
        shares = {each: 100 * np.mean([line[each] for line in some]) for each in SAID}
        if len(some) >= ENOUGH and not all(84.5 <= share <= 95.5 for share in shares.values()):
            told = ", ".join(f"{each} {share:.0f} %" for each, share in shares.items())
            bad.append(f"{name} ({told})")
    chosen = [line for line in lines if line["half"] == "chosen"]
    small = [
        row(name, some) for name, some in groups(chosen) if name in ("all", "classes", "number")
    ]
    worst = [
        line
        for some in (held, chosen)
        for line in sorted(some, key=lambda line: -abs(off(line)))[:WORST]
    ]
    kinds = {
        kind: [line for line in held if line["kind"] == kind] for kind in ("classes", "number")
    }
    asked = [
        f"{each} {share(held, each)} (classes {share(kinds['classes'], each)}, "
        f"numbers {share(kinds['number'], each)})"
        for each in SAID
    ]
    return PAGE.format(
        forecasts=len(lines),
        asked=SAMPLES * len(cells(names)),
        held=len(held),
        tables=len({(line["table"], line["kind"]) for line in held}),
        chains=CHAINS,
        enough=ENOUGH,
        clear=CLEAR,
        failures="; ".join(bad) or "none",
        worst="\n".join(map(failure, worst)),
        rows="\n".join(rows),
        chosen="\n".join(small),
        unclear=sum(not line["clear"] for line in lines),
        short=", ".join(asked),
        median=f"{np.median([abs(off(line)) for line in held]):.1f}",
    )


SAID = ("level", "growth", "change")


def share(lines: list[dict[str, Any]], name: str) -> str:
    """How often an interval holds the truth."""
    return f"{100 * np.mean([line[name] for line in lines]):.0f} %"


def groups(lines: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """All forecasts, those of which the truth is known well, and those of every kind."""
    found = [("all", lines), ("truth known", [line for line in lines if line["clear"]])]
    for key in ("kind", "learner", "way", "table"):
        for value in sorted({line[key] for line in lines}):
            found.append((value, [line for line in lines if line[key] == value]))
        if key == "kind":
            known = [line for line in lines if line["clear"] and line["kind"] == "number"]
            found.append(("number, truth known", known))
    return found


def off(line: dict[str, Any]) -> float:
    """Growth less the true one, in points of the first error."""
    return 100 * (line["said"]["growth"][0] - line["true"]["growth"])


def row(name: str, lines: list[dict[str, Any]]) -> str:
    """Medians, and how often intervals hold the truth."""
    errors = np.array([abs(off(line)) for line in lines])
    points = [
        100 * abs(line["said"]["change"][0] - line["true"]["change"])
        for line in lines
        if line["kind"] == "classes"
    ]
    level = np.median([abs(line["said"]["level"][0] / line["true"]["level"] - 1) for line in lines])
    wide = [(high - low) / 2 * 100 for _, low, high in (line["said"]["growth"] for line in lines)]
    cells = [
        *(str(len(lines)), f"{np.median(errors):.1f}", f"{np.quantile(errors, 0.9):.1f}"),
        *(f"{errors.max():.0f}", f"{np.median(points):.1f}" if points else "", f"{level:.0%}"),
        *(f"{100 * np.mean([line[each] for line in lines]):.0f}" for each in SAID),
        f"{np.median(wide):.0f}",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def failure(line: dict[str, Any]) -> str:
    """One of the growths that are furthest off."""
    said, low, high = line["said"]["growth"]
    return (
        f"| {line['table']} ({line['kind']}, {line['half']}) | {line['learner']} | {line['way']} | "
        f"{said:.2f} ({low:.2f} to {high:.2f}) | {line['true']['growth']:.2f} | "
        f"{'yes' if line['clear'] else 'no'} |"
    )


PAGE = """\
# How well forecasts of classes and of estimators do

`genloss.forecast` with an estimator sees M rows of a real table, drawn at random, and says what becomes of 4 models
trained on 100 rows each: every one on labels of its predecessor (*replaced*, 500 rows shown), or with the first real rows kept beside
(*kept*, 300 shown). The truth is the mean of {chains} literal chains on fresh rows of the whole table, a loop of its own
(`benchmarks/estimator_accuracy.py`). {forecasts} forecasts of the {asked} asked for were made, in a random order: 20 tables and targets, five estimators of scikit-learn each.
Measured is the line of the plan; every other way of a forecast runs over the same ten splits and is read by the same code, so that a way's interval is the one
of a forecast of its plan.

How wide intervals are was chosen on ten of the tables (digits, mnist, wine_quality, king_county, diamonds and blog_feedback,
as classes or numbers). What is quoted first is of the other ten, drawn by a seed from thirty others, on which nothing was chosen: {held} forecasts,
{tables} tables.

On these the growth was off by {median} points in the median (5 asked), and the intervals, nominal 90 %, held the truth (85 to 95 % asked): {short}.

## Failures first

Groups of at least {enough} held-out forecasts whose intervals, nominal 90 %, hold the truth in less than 85 % or more than 95 % (a share of
30 forecasts is uncertain by 5, and three of them have one truth): {failures}.

The growths that are furthest off, held out and chosen. *Known* is a truth whose level and growth have a standard error below {clear:.0%}; of {unclear} forecasts it is not.

| table | estimator | way | growth (interval) | true | known |
|---|---|---|---:|---:|---|
{worst}

Ridge and networks on the numbers of blog_feedback fail: its columns have rows hundreds of standard deviations out, on which these models answer anything, and which a sample of some hundred
rows hardly holds. Their truth is the mean of such rows, and itself not known to a factor. Neither is that of ridge on PSID, and of networks on BudgetFood and DoctorAUS.

## Held out

Growth is the last model's error over model 0's, in points of it (per cent of the first error); for classes also the change of the
error itself in points of per cent. Level: the last model's error, relative distance in the median. Coverage in per cent. Half widths are of the growth's interval, in
points, in the median.

{HEAD}
{rows}

## Chosen

The same of the tables on which the width was chosen.

{HEAD}
{chosen}

## Where the width comes from

- *Rows.* The variance of the mean over rows of what they cost, times `1 + .7 n / M` for the training rows that all runs share.
- *Runs.* What runs differ by beyond the luck of their test rows, over their number. Folds of one repeat share all rows, so that runs are compared with
  the mean of their own repeat. Of a level, .35 of it stays where all runs are made of the same rows; in changes and growths it cancels.
- *Few draws.* The interval is Student's: a variance from ten runs, or from rows of which few make most of it, is itself uncertain. Rows
  count as as many normal draws as would know the variance as well, `2 / (sum p^4 / (sum p^2)^2 - 1 / k)` with k parts p of the mean. This took the place of fixed factors (1.25 for numbers, 1.2 for
  later models).
- *Floor.* 2 % of a growth, and of model 0's error in a change, which no statistic of the sample shows.
""".replace(
    "{HEAD}",
    "| | forecasts | growth off, median | 90th percentile | worst | change of classes off, median | "
    "level off, median | holds: level | growth | change | half width |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
)

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, help="folder of what was run")
    parser.add_argument("--data", type=Path, help="folder with the larger data sets")
    given = parser.parse_args()
    (DOCS / "estimator-accuracy.md").write_text(page(given.runs, sources(given.data)))
