"""Serve the app, and show it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

from genloss import _check
from genloss._needs import need
from genloss.errors import InvalidInputError

PORT = 8765


def serve(
    host: str = "127.0.0.1",
    port: int | None = None,
    *,
    ready: Callable[[str], None] = print,
) -> None:
    """Serve the app until it is interrupted.

    Parameters
    ----------
    host : str, default "127.0.0.1"
        Address to listen on. Of one that other machines reach, the address to open has a token.
    port : int, optional
        Port, 0 for any that is free; default: 8765, or a free one where that is taken.
    ready : callable
        Is told the address to open, once it answers.

    Raises
    ------
    MissingDependencyError
        If starlette or uvicorn is not installed.
    InvalidInputError
        If the address or the port cannot be listened on.
    """
    need("app", "starlette", "uvicorn")
    host = _check.text("host", host)
    if port is not None:
        port = _check.integer("port", port, minimum=0, maximum=65535)
    listener = _listener(host, port)

    import uvicorn

    from genloss.app.guard import Door
    from genloss.app.site import site

    door = Door.at(host, listener.getsockname()[1])
    app = site(door)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """Say where, once it answers."""
            await super().startup(sockets)
            if self.started:
                ready(door.address)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            """End what is under way, so that whoever waits for it is told."""
            app.state.running.end("genloss app was ended")
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # of what is cut short
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=64,
        timeout_graceful_shutdown=5,
    )
    Server(config).run(sockets=[listener])


def _listener(host: str, port: int | None) -> socket.socket:
    """A socket that listens, on the port that is asked for or, where none is, on any."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(
            host, PORT if port is None else port, type=socket.SOCK_STREAM
        )[0]
    except OSError as error:
        raise InvalidInputError(
            f"host was {host!r}; it is no address of this machine: {error}"
        ) from None
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(place)
    except OSError as error:
        if port is None:
            listener.bind((place[0], 0))
        else:
            listener.close()
            raise InvalidInputError(
                f"port was {port}; it cannot be listened on at {host}: {error.strerror}"
            ) from None
    return listener
