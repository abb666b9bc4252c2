"""Revealed designs against drawn ones: the plans of the tests with standard errors below half a percent.

python benchmarks/revealed_law.py             the table of docs/engines.md anew, a quarter of an hour
python benchmarks/revealed_law.py NAME ...    some plans, the others as they stand there
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "trials"))
from plans_revealed import PLANS, functions, runs
from test_revealed_laws import ROW_PLANS

from genloss.trials.engines import literal, revealed_designs, revealed_rows

PAGE = ROOT / "docs" / "engines.md"
WANTED = 0.0046  # aimed at: standard error of every mean risk, over it, which is itself uncertain
PILOT, MOST = 1000, 25_000


def line(name: str) -> str:
    """One plan: how many runs, and how far apart all means are."""
    plan = (PLANS | ROW_PLANS)[name]
    engine, kind = (revealed_rows, "rows") if name in ROW_PLANS else (revealed_designs, "designs")
    first = runs(plan, PILOT, literal, seed=11)[0]
    most = float((first.std(axis=0) / first.mean(axis=0)).max())
    count = min(max(PILOT, int((most / WANTED) ** 2 / 100 + 1) * 100), MOST)
    (one, drawn), (other, revealed) = (
        runs(plan, count, each, seed) for each, seed in ((literal, 12), (engine, 13))
    )
    wrong = float((one.std(axis=0) / one.mean(axis=0)).max() / count**0.5)
    both = [np.hstack([functions(a), b]) for a, b in ((one, drawn), (other, revealed))]
    spread = np.sqrt(sum(each.var(axis=0) for each in both) / count)
    varies = spread > 1e-12  # such as the share of rows kept where all are
    away = ((both[1].mean(axis=0) - both[0].mean(axis=0)) / np.where(varies, spread, 1))[varies]
    told = f"{away.min():.1f} to {away.max():.1f}"
    return f"| {name} | {kind} | {count:,} | {100 * wrong:.2f} % | {told} |"


def main() -> None:
    plans = PLANS | ROW_PLANS
    asked = sys.argv[1:] or list(plans)
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"<!-- law -->\n(.*?)<!-- end of law -->", text, flags=re.DOTALL)
    assert found is not None
    known = {row.split(" | ")[0].removeprefix("| "): row for row in found[1].splitlines()}
    for name in asked:
        with threadpool_limits(1, user_api="blas"):
            known[name] = line(name)
        print(known[name], flush=True)
        table = [HEAD, *(known[each] for each in plans if each in known), ""]
        start, end = found.span(1)
        PAGE.write_text(text[:start] + "\n".join(table) + text[end:], encoding="utf-8")


HEAD = """| plan | revealed | runs | standard error | z |
|---|---|---|---|---|"""


if __name__ == "__main__":
    main()
