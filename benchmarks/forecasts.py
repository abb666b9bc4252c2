"""Whole forecasts in processes of their own: processor time, from the start of Python to the last line.

``GENLOSS_BEFORE`` may name the ``src`` folder of an older version, which then takes turns:
``git archive 50e016d src | tar -x -C FOLDER``, with ``src/genloss/_version.py`` copied there, has it as it was
before forecasts were made quicker.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from tempfile import TemporaryDirectory

from engines import seconds

TITLE = "Forecasts"
WHAT = (
    "Processor time of one process on one BLAS thread, from the start of Python to its end, after another run that left "
    "bytecode behind, as installing does. *Before* is the version of commit 50e016d. `import numpy` alone is the "
    "last line: a busy machine takes more for all of them. How right forecasts are is measured in "
    "[forecast-accuracy.md](forecast-accuracy.md)."
)
TABLE = """
import numpy as np, genloss as gl
rng = np.random.default_rng(0)
X = rng.standard_normal(({rows}, {columns})) * np.arange(1, {columns} + 1) ** -0.5
y = {target} + 0.3 * rng.standard_normal({rows})
gl.forecast(X, y{options})
"""
QUICK = ["-m", "genloss", "forecast"]
WORKS = (
    ("`genloss forecast` without a file", QUICK, "1.5 s"),
    (
        "RBF, 8,000 rows of 20 columns",
        [
            "-c",
            TABLE.format(rows=8000, columns=20, target="np.sin(X[:, 0])", options=", kernel='rbf'"),
        ],
        "1/2 of before",
    ),
    (
        "linear, 5,000 rows of 1,000 columns",
        ["-c", TABLE.format(rows=5000, columns=1000, target="X[:, :9].sum(1)", options="")],
        "2/3 of before",
    ),
)
REPEATS, QUICK_REPEATS = 2, 5


def taken(arguments: list[str], source: str | None, bytecode: str) -> float:
    """Processor time of one run, with bytecode in a folder of its own."""
    settings = dict(os.environ, OPENBLAS_NUM_THREADS="1", PYTHONPYCACHEPREFIX=bytecode)
    settings |= {"PYTHONPATH": source} if source else {}
    settings.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *arguments], env=settings, check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def section() -> list[str]:
    """Lines of the page."""
    with TemporaryDirectory() as bytecode:
        return _lines(bytecode)


def _lines(bytecode: str) -> list[str]:
    older = os.environ.get("GENLOSS_BEFORE")
    versions = [None, older] if older else [None]
    lines = ["| work | time | before | share of it | goal |", "|---|---|---|---|---|"]
    for version in versions:
        taken(QUICK, version, bytecode)
    for name, arguments, goal in WORKS:
        repeats = QUICK_REPEATS if arguments == QUICK else REPEATS
        runs = [
            [taken(arguments, version, bytecode) for version in versions] for _ in range(repeats)
        ]
        now, *before = (min(each) for each in zip(*runs, strict=True))
        was = [f"{seconds(each)} | {now / each:.2f}" for each in before] or [" | "]
        lines.append(f"| {name} | {seconds(now)} | {was[0]} | {goal} |")
    bare = min(taken(["-c", "import numpy"], None, bytecode) for _ in range(QUICK_REPEATS))
    return [*lines, f"| `import numpy` alone | {seconds(bare)} | | | |"]
