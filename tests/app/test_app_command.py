"""The command ``genloss app``."""

from __future__ import annotations

import importlib.util
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "code", "begun"), [(signal.SIGINT, 130, True), (signal.SIGTERM, 143, False)]
)
def test_a_signal_ends_it_and_what_it_started(sent, code, begun):
    """Also what is only being started; nothing is said but that it stopped."""
    command = [str(Path(sys.executable).with_name("genloss")), "app", "--no-open", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as app:
        address = app.stdout.readline().split()[-1]
        query = {
            "problem": {"preset": "isotropic", "dim": 40},
            "plan": {"preset": "window", "generations": 20, "n_samples": 60, "last": 3},
            "trials": 10_000,
            "seed": 0,
        }
        asked = urlencode({"q": json.dumps(query)})
        with urlopen(f"{address}run/simulate?{asked}", timeout=600) as stream:
            if begun:
                assert stream.readline() == b"event: curve\n"
            app.send_signal(sent)
            if begun:
                assert b"genloss app was ended" in stream.read()
            assert app.wait(600) == code
        assert app.stderr.read() == "Control-C ends it.\ngenloss: stopped\n"
