"""What `weigh_accuracy.py` and `weigh_classes.py` share: runs go to a file, and from there into tables.

A *cell* is a table, a setting and a labeler; its best fixed weight is that of least mean error over the seeds.
*Harm* is an error over 3 % above that of real rows alone.
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

Run = dict[str, str]
Column = tuple[str, Callable[[Sequence["Scored"]], str]]
HARM = 1.03
CHOSEN = "`weigh`"


@dataclass(frozen=True, eq=False)
class Scored:
    """One run: errors at all weights, and at which of them the ways to choose one are."""

    run: Run
    errors: np.ndarray
    ways: dict[str, int]
    inside: bool

    def ratio(self, way: str) -> float:
        """Error over that of the best fixed weight."""
        return float(self.errors[self.ways[way]] / self.errors[self.ways["best fixed weight"]])

    def harm(self, way: str) -> bool:
        return bool(self.errors[self.ways[way]] > HARM * self.errors[0])

    def number(self, key: str) -> float:
        return float(self.run[key])

    def numbers(self, key: str) -> np.ndarray:
        return numbers(self.run[key])


def numbers(text: str) -> np.ndarray:
    return np.array([float(each) for each in text.split()])


def scored(runs: Iterable[Run], weights: np.ndarray) -> list[Scored]:
    """Every run beside the others of its cell."""
    cells: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        cells.setdefault(tuple(run[key] for key in ("table", "n", "m", "labeler")), []).append(run)
    return [each for those in cells.values() for each in _cell(those, weights)]


def _cell(runs: list[Run], weights: np.ndarray) -> Iterator[Scored]:
    errors = np.array([numbers(run["errors"]) for run in runs])
    fixed = int(np.argmin(errors.mean(axis=0)))
    for run, error in zip(runs, errors, strict=True):
        share = int(run["n"]) / int(run["m"])
        golden = (np.sqrt(share**2 + 4 * share) - share) / 2
        golden = share * (1 - golden) / golden  # of a synthetic row, a real one having 1
        chosen = _place(weights, float(run["weight"]))
        ways = {
            "real only": 0,
            "weight 1": _place(weights, 1.0),
            "golden ratio": _place(weights, golden),
            "least left out": int(np.argmin(numbers(run["loo"]))),
            CHOSEN: chosen,
            f"{CHOSEN}, 0 where it says do not augment": chosen * int(run["augment"]),
            "best fixed weight": fixed,
        }
        low, high = float(run["low"]) - 1e-9, float(run["high"]) + 1e-9
        yield Scored(run, error, ways, bool(low <= weights[fixed] <= high))


def _place(weights: np.ndarray, weight: float) -> int:
    return int(np.argmin(np.abs(weights - weight)))


def page(
    runs: Iterable[Run],
    weights: np.ndarray,
    kinds: dict[str, tuple[str, ...]],
    columns: Sequence[Column] = (),
    of_ways: Callable[[Sequence[Scored], str], str] | None = None,
) -> str:
    """Tables of what was measured.

    Parameters
    ----------
    runs : iterable of dict
        Rows of the file.
    weights : ndarray of shape (k,)
        Weights at which errors were measured.
    kinds : dict
        Labelers by what is said of their rows.
    columns : sequence of pairs
        More columns of the parts: a heading, and what is said of some runs.
    of_ways : callable, optional
        One more column of the ways.
    """
    found, lines = scored(runs, weights), list[str]()
    for title, labelers in kinds.items():
        part = [each for each in found if each.run["labeler"] in labelers]
        if not part:
            continue
        tables = {each.run["table"] for each in part}
        lines.append(f"\nRows that {title}: {len(part):,} runs on {len(tables)} tables.\n")
        more = "" if of_ways is None else " wrong classes |"
        lines += [f"| way | median | mean | 95 % | harm |{more}", "|---" * (5 + bool(more)) + "|"]
        for way in part[0].ways:
            ratio = np.array([each.ratio(way) for each in part])
            told = "" if of_ways is None else f" {of_ways(part, way)} |"
            lines.append(
                f"| {way} | {np.median(ratio):.3f} | {ratio.mean():.3f} | {np.quantile(ratio, 0.95):.3f} | "
                f"{np.mean([each.harm(way) for each in part]):.1%} |{told}"
            )
        zero = np.mean([each.number("low") == 0 for each in part])
        lines.append(
            f"\nThe range holds the best fixed weight in {_inside(part)}, and 0 in {zero:.0%}.\n"
        )
        heads = [
            "part",
            "runs",
            "median",
            "mean",
            "95 %",
            "harm",
            "range holds",
            *(c[0] for c in columns),
        ]
        lines += [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        for key in (("n", "m"), ("labeler",), ("table",)):
            names = [" + ".join(each.run[k] for k in key) for each in part]
            for name in dict.fromkeys(names):
                here = [each for each, own in zip(part, names, strict=True) if own == name]
                lines.append(
                    f"| {name} | {_line(here)}{''.join(f' {c[1](here)} |' for c in columns)}"
                )
    return "\n".join(lines)


def _inside(part: Sequence[Scored]) -> str:
    return f"{np.mean([each.inside for each in part]):.1%}"


def _line(part: Sequence[Scored]) -> str:
    ratio = np.array([each.ratio(CHOSEN) for each in part])
    harm = np.mean([each.harm(CHOSEN) for each in part])
    return (
        f"{len(part)} | {np.median(ratio):.3f} | {ratio.mean():.3f} | {np.quantile(ratio, 0.95):.3f} | "
        f"{harm:.1%} | {_inside(part)} |"
    )


def arguments_of(doc: str | None, seeds: int, tables: int) -> argparse.ArgumentParser:
    """What both commands are asked."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--tables", type=int, default=tables)
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--these", action="store_true", help="rows made from the real ones")
    parser.add_argument(
        "--seconds", type=float, default=np.inf, help="processor time to stop after"
    )
    parser.add_argument("--page", action="store_true")
    return parser


def read(file: Path) -> list[Run]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def write(file: Path, runs: Iterable[dict[str, object]], seconds: float) -> None:
    """Add runs to a file, one thread, until they or the processor time end."""
    warnings.simplefilter("ignore")
    with threadpool_limits(1), file.open("a", newline="") as lines:
        writer = None
        for run in runs:
            if writer is None:
                writer = csv.DictWriter(lines, list(run))
                if not lines.tell():
                    writer.writeheader()
            writer.writerow(run)
            lines.flush()
            if time.process_time() > seconds:
                break
