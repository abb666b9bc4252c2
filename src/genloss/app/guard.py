"""Who may ask: this machine's own page, and nobody through another site."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load: nothing from elsewhere, nothing that is written into it."""

REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-same-origin; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
"""Of a report, which is a page of its own: pictures with their styles inside, and no script at all."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}

PAGES = frozenset({"/", "/explore", "/compare", "/map", "/data"})
"""Addresses that a link anywhere may open: they do nothing but show themselves."""


@dataclass(frozen=True)
class Door:
    """Where the app is served, and what opens it.

    Attributes
    ----------
    host : str
        Address that is listened on.
    port : int
        Its port.
    token : str or None
        What the address must carry once, where other machines can reach it.
    """

    host: str
    port: int
    token: str | None = field(default=None, repr=False)

    @classmethod
    def at(cls, host: str, port: int) -> Door:
        """A door, with a new token unless only this machine reaches it."""
        return cls(host, port, None if is_loopback(host) else secrets.token_urlsafe(24))

    @property
    def cookie(self) -> str:
        """Name of the cookie that remembers the token; cookies do not tell ports apart."""
        return f"genloss-{self.port}"

    @property
    def address(self) -> str:
        """What to open in a browser."""
        everywhere = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}
        name = everywhere.get(self.host, self.host)
        shown = f"[{name}]" if ":" in name else name
        return f"http://{shown}:{self.port}/" + (f"?token={self.token}" if self.token else "")

    def knows(self, host: str) -> bool:
        """Whether a Host header names this door, and not a name that was made to lead here."""
        name, _, port = host.lower().rpartition(":")
        if not name or port != str(self.port):
            return self.port == 80 and bool(host) and self.knows(f"{host}:80")
        if name in ("localhost", self.host, f"[{self.host}]"):
            return True
        if self.token is None:
            return is_loopback(name.strip("[]"))
        return _is_number(name.strip("[]")) or name == socket.gethostname().lower()

    def refuses(self, method: str, path: str, headers: Mapping[str, str]) -> str | None:
        """Why a request is not answered, or None.

        Examples
        --------
        >>> door = Door("127.0.0.1", 8765)
        >>> door.refuses("GET", "/api/curve", {"host": "evil.example:8765"})
        'this address is not served here'
        """
        if not self.knows(headers.get("host", "")):
            return "this address is not served here"
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        opened = method == "GET" and path in PAGES and headers.get("sec-fetch-mode") == "navigate"
        if origin is not None and origin.lower() != f"http://{headers['host'].lower()}":
            return "another site may not ask"
        if site not in ("same-origin", "none") and not opened:
            return "another site may not ask"
        return None

    def opens(self, told: str | None) -> bool:
        """Whether a token is the right one."""
        return self.token is None or hmac.compare_digest((told or "").encode(), self.token.encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address.

    Examples
    --------
    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    return host == "localhost" or (_is_number(host) and ipaddress.ip_address(host).is_loopback)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Guard:
    """Refuse before anything is read; send every answer with the headers that hold the page in."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        from starlette.datastructures import MutableHeaders
        from starlette.requests import Request
        from starlette.responses import PlainTextResponse, RedirectResponse

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request, door = Request(scope), self.door
        answer: ASGIApp = self.app
        refusal = door.refuses(request.method, request.url.path, request.headers)
        told = request.query_params.get("token")
        if refusal:
            answer = PlainTextResponse(refusal, 403)
        elif door.token is not None and told is not None and door.opens(told):
            rest = [pair for pair in parse_qsl(request.url.query) if pair[0] != "token"]
            place = request.url.path + (f"?{urlencode(rest)}" if rest else "")
            answer = redirect = RedirectResponse(f"/{place.lstrip('/')}", 303)
            redirect.set_cookie(door.cookie, told, httponly=True, samesite="strict")
        elif not door.opens(request.cookies.get(door.cookie)):
            answer = PlainTextResponse("open the address that genloss app printed", 403)
        await answer(scope, receive, dressed)
