"""``genloss app``."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from genloss.cli.app import app, examples


@app.command(
    name="app",
    help_epilogue=examples(
        "genloss app", "genloss app --port 9000 --no-open", "genloss app --host 0.0.0.0"
    ),
)
def browse(
    *,
    port: int | None = None,
    open_: Annotated[bool, Parameter(name="--open", negative="--no-open")] = True,
    host: str = "127.0.0.1",
) -> int:
    """Explore plans, compare them, map them and forecast your own data in a browser.

    Everything is computed on this machine and nothing leaves it. Control-C ends it.

    Parameters
    ----------
    port
        Port to listen on. Default: 8765, or a free one where that is taken.
    open_
        Open the page in a browser.
    host
        Address to listen on. Only this machine reaches the default; of any other, the page
        opens with the token of the printed address alone.
    """
    from genloss.app.serve import serve

    def ready(address: str) -> None:
        print(f"genloss app: {address}", flush=True)
        print("Control-C ends it.", file=sys.stderr, flush=True)
        if open_:
            import webbrowser
            from threading import Thread

            # a browser in a terminal comes back only when it is left
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    serve(host, port, ready=ready)
    return 0
