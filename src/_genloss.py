"""The installed command's first step: a signal ends it without a word while the package loads.

It lies outside the package because importing anything below ``genloss`` imports all that the
package's door shows, and control-C within that time would end in a traceback of imports.
"""

from __future__ import annotations

import os
import signal
from typing import Any


def main() -> None:
    """Load the package, then run its command line."""

    def leave(number: int, _: Any) -> None:
        os._exit(128 + number)  # nothing has been opened yet that would need closing

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    from genloss.cli import main as run

    for number, handler in before.items():
        signal.signal(number, handler)
    run()
