"""What every experiment of the papers costs: the numbers that each `Study` and `Paper` has as ``seconds``.

python benchmarks/reproductions.py --quick
python benchmarks/reproductions.py isotropic power-law
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path

from genloss.papers import reproduce
from genloss.papers.paper import find


def used() -> float:
    """Processor time of this process and of those that it waited for, in seconds."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["all"])
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    for name in find(asked.names):
        before = used()
        with tempfile.TemporaryDirectory() as folder:
            reproduce(name, quick=asked.quick, workers=1).write("figure", Path(folder))
        print(f"{name:25} {used() - before:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
