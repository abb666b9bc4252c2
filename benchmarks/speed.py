"""The page Speed: every claim with its baseline, ratio and limit, from one file a section.

python benchmarks/speed.py                       all sections, an hour on a quiet machine
python benchmarks/speed.py spectra peers         these anew, the others as they stand on the page
python benchmarks/speed.py --check               ratios against their floors in a minute; reports only
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import time
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

PAGE = Path(__file__).parents[1] / "docs" / "speed.md"
SECTIONS = (
    "predictions",
    "spectra",
    "forever",
    "pencils",
    "engines",
    "revealed",
    "peers",
    "estimators",
    "growth",
    "forecasts",
    "sweeps",
    "large_data",
)
OWN_PROCESSES = ("forecasts", "sweeps", "large_data")
HEAD = """# Speed

Every claim with what it is measured against, in one run and in turns: times vary between machines and by a third on a
busy one, ratios less. Where there is a limit it is that of random numbers and BLAS (*Distance to the limit*), and how cost
grows is under *Growth*. `python benchmarks/speed.py` writes this page, `python benchmarks/speed.py NAME ...` single
sections, and `python benchmarks/speed.py --check` compares some ratios with floors, and reports.
"""


def written(name: str) -> str:
    """One section, measured now."""
    module = import_module(name)
    limits = nullcontext() if name in OWN_PROCESSES else threadpool_limits(1, user_api="blas")
    with limits:
        lines = module.section()
    when = time.strftime("%Y-%m-%d")
    made = f"{when}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}"
    return "\n".join([f"## {module.TITLE}", "", f"{module.WHAT} ({made}.)", "", *lines, ""])


def on_page() -> dict[str, str]:
    """Sections as they stand."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    found = re.findall(r"<!-- (\w+) -->\n(.*?)(?=<!-- \w+ -->|\Z)", text, flags=re.DOTALL)
    return {name: body.strip() + "\n" for name, body in found}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], metavar="NAME")
    parser.add_argument(
        "--check", action="store_true", help="compare some ratios with their floors"
    )
    given = parser.parse_args()
    if given.check:
        from floors import report

        with threadpool_limits(1, user_api="blas"):
            print("\n".join(report()))
        return
    known = on_page()
    for name in given.sections or SECTIONS:
        known[name] = written(name)
        print(known[name], flush=True)
        body = [f"<!-- {each} -->\n{known[each]}" for each in SECTIONS if each in known]
        PAGE.write_text("\n".join([HEAD, *body]), encoding="utf-8")


if __name__ == "__main__":
    main()
