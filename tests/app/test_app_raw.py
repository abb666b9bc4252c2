"""The app that runs, asked byte by byte, as no browser would."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from importlib import resources

import pytest

from genloss.app.site import KINDS, files


@pytest.fixture(scope="module")
def port(home):
    """The port of an app in a process of its own."""
    return int(home.rsplit(":", 1)[1])


def said(port, request):
    """What comes back until the connection ends, or is cut."""
    parts = []
    with socket.create_connection(("127.0.0.1", port), timeout=300) as wire, suppress(OSError):
        wire.sendall(request.replace(b"PORT", str(port).encode()))
        parts.extend(iter(lambda: wire.recv(65536), b""))
    return b"".join(parts)


HOST = b"Host: 127.0.0.1:PORT\r\nConnection: close\r\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /explore HTTP/1.1\r\n" + HOST + b"\r\n", 200),
        (b"GET /static/../site.py HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET /static/..%2f..%2fcli%2fapp.py HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET /../../../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET /static/main.js%00.css HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET http://evil.example/explore HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403),
        (b"GET /explore HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        (b"GET /explore HTTP/1.0\r\n\r\n", 403),
        (b"GET /explore HTTP/1.1\r\nHost: evil.example\r\n" + HOST + b"\r\n", 400),
        (b"POST /upload HTTP/1.1\r\n" + HOST + b"Content-Type: application/octet-stream\r\n"
         b"Content-Length: 0\r\n\r\n", 413),
        (b"POST /api/curve HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
         b"Content-Length: 70000\r\n\r\n" + b" " * 70_000, 413),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    ],
)  # fmt: skip
def test_raw_requests(port, request_, status):
    answer = said(port, request_)
    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert b"root:" not in answer
    assert b"import" not in answer


@pytest.mark.slow
def test_endless_headers_are_cut_off(port):
    answer = said(port, b"GET /explore HTTP/1.1\r\nX: " + b"x" * 200_000 + b"\r\n" + HOST + b"\r\n")
    assert b"<html" not in answer


def test_the_page_has_all_its_parts_and_names_no_other_place():
    there = files()
    assert {name for name in there if name[name.rindex(".") :] not in KINDS} == set()
    own = {name: text.decode() for name, text in there.items() if name != "d3.min.js"}
    for name, text in own.items():
        for part in re.findall(r"/static/([\w.-]+)", text) + re.findall(r'"\./([\w.-]+)"', text):
            assert part in there, f"{name} asks for {part}"
        if name.endswith((".js", ".html", ".css")):
            places = set(re.findall(r"https?://[\w./-]+", text))
            assert places <= {"http://www.w3.org/2000/svg"}, name
    assert "style=" not in own["index.html"]
    assert not re.search(r"<script(?![^>]*\bsrc=)", own["index.html"])
    assert "Mike Bostock" in own["d3-license.txt"]
    assert sum(map(len, there.values())) < 400_000
    assert (resources.files("genloss.app") / "static" / "index.html").is_file()
