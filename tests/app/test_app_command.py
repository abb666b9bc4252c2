"""The command ``genloss app``."""

from __future__ import annotations

import importlib.util
import socket

import pytest


def test_without_the_extra_the_error_names_it(genloss, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find(name)
    )
    code, out, errors = genloss("app", "--no-open")
    assert (code, out) == (2, "")
    assert errors == 'genloss: this needs uvicorn; pip install "genloss[app]"\n'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "70000"], "--port was 70000"),
        (["--host", "no such host"], "--host was 'no such host'"),
        (["--port", "abc"], "--port"),
    ],
)
def test_what_cannot_be_listened_on_is_refused(genloss, arguments, words):
    code, out, errors = genloss("app", "--no-open", *arguments)
    assert (code, out) == (2, "")
    assert words in errors


def test_a_port_that_is_taken_is_told(genloss):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, errors = genloss("app", "--no-open", "--port", str(port))
    assert code == 2
    assert f"--port was {port}" in errors
