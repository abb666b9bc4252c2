"""Streams that lack signs, readers that leave, signals: an answer or one sentence, never a traceback."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import genloss as gl
from genloss.cli import main
from genloss.cli.streams import PLAIN, plain, tolerate
from genloss.trials.engines import literal

COMMAND = str(Path(sys.executable).with_name("genloss"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    problem = gl.Problem.isotropic(20)
    gl.save(tmp_path / "plan.toml", plan=gl.Plan.replace(3, 60, noise=0.5), problem=problem)
    gl.save(tmp_path / "other.toml", plan=gl.Plan.mix(3, 60, real=0.5, noise=0.5), problem=problem)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shell(line, **environment):
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=1200,
        check=False,
    )


CALLS = [
    ["--help"],
    ["example"],
    ["predict", "plan.toml"],
    ["predict", "plan.toml", "--json"],
    ["simulate", "plan.toml", "--trials", "20"],
    ["tune", "plan.toml"],
    ["compare", "plan.toml", "other.toml", "--trials", "20"],
    ["explain", "ridge", "--level", "theorist"],
    ["explain", "chain", "--markdown"],
    ["reproduce", "list"],
    ["sweep"],
    ["schema"],
    ["completion", "bash"],
    ["predict", "nöne…λ.toml"],
    ["forecast", "none\udcff.csv", "--target", "y"],
]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_signs_that_an_encoding_lacks_are_replaced(call, encoding, folder, monkeypatch):
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    with pytest.raises(SystemExit) as left:
        main([*call])
    out, errors = (stream.buffer.getvalue() for stream in streams)
    streams[1].flush()
    errors = streams[1].buffer.getvalue()
    missing = any("none" in word or "nöne" in word for word in call)
    assert (left.value.code, bool(out)) == ((2, False) if missing else (0, True))
    assert b"Traceback" not in errors
    out.decode(encoding)


@pytest.mark.slow
def test_an_ascii_process_prints_the_whole_answer(folder):
    line = f"{COMMAND} predict plan.toml"
    done, whole = (shell(line, PYTHONIOENCODING=encoding) for encoding in ("ascii", "utf-8"))
    assert (done.returncode, done.stderr) == (0, "")
    assert not whole.stdout.isascii()
    assert done.stdout == "".join(sign if sign.isascii() else plain(sign) for sign in whole.stdout)


@pytest.mark.parametrize("sign", [*PLAIN, *"λσκΣ²½é─│ₐ中\udcff\x00"])
def test_every_sign_has_a_plain_form(sign):
    said = plain(sign)
    assert said
    said.encode("ascii")


def test_streams_without_an_encoding_are_left_alone():
    tolerate(None)
    tolerate(io.StringIO())


@pytest.mark.slow
@pytest.mark.parametrize(
    "call",
    ["predict plan.toml", "predict plan.toml --json", "example", "completion bash", "schema"],
)
def test_a_reader_that_leaves_is_no_failure(call, folder):
    done = shell(f"{COMMAND} {call} | true")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_leaves_takes_neither_files_nor_exit_codes(stream, folder, monkeypatch):
    writes = sys.modules["genloss.cli.app"]
    monkeypatch.setattr(writes, "_save_figure", lambda _, path: path.write_text("drawn"))
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as left:
        monkeypatch.setattr(sys, stream, left)
        for call, code in ((["predict", "plan.toml", "--plot", "x.svg"], 0), (["predict", "x"], 2)):
            with pytest.raises(SystemExit) as ended:
                main(call)
            assert ended.value.code == code
        assert getattr(sys, stream) is left
    assert (folder / "x.svg").exists()


def test_a_full_disk_is_a_sentence(folder):
    done = shell(f"{COMMAND} predict plan.toml > /dev/full")
    assert (done.returncode, done.stderr) == (
        2,
        "genloss: cannot read or write: No space left on device\n",
    )


def test_a_closed_output_is_no_failure(folder):
    done = shell(f"{COMMAND} predict plan.toml >&-")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_window_system_does_not_matter(folder):
    done = shell(f"{COMMAND} predict plan.toml --plot risk.png --json", MPLBACKEND="nonsense")
    assert (done.returncode, done.stderr) == (0, "")
    assert Path("risk.png").exists()


SLOW_IMPORT = """
import os, signal, sys
class Asks:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{signal})
sys.meta_path.insert(0, Asks())
sys.argv = ["genloss", "predict", "plan.toml"]
from _genloss import main
main()
"""


@pytest.mark.parametrize(
    ("module", "asked", "code"), [("numpy", "SIGINT", 130), ("genloss.cli.plans", "SIGTERM", 143)]
)
def test_a_signal_while_the_package_loads_ends_it_without_a_word(module, asked, code, folder):
    script = SLOW_IMPORT.format(module=module, signal=asked)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=600, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.parametrize(("asked", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_at_work_is_one_sentence(asked, code, folder, genloss, monkeypatch):
    begun = []

    def fit(*arguments, **options):
        begun.append(True)
        if len(begun) == 5:
            os.kill(os.getpid(), asked)
        return whole(*arguments, **options)

    whole = literal.fit
    monkeypatch.setattr(literal, "fit", fit)
    call = "simulate plan.toml --trials 100000 --method literal --workers 1"
    assert genloss(*call.split()) == (code, "", "genloss: stopped\n")
    assert len(begun) < 300_000  # of three models each


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGHUP])
def test_what_cleans_up_after_control_c_cleans_up_after_other_signals(asked, monkeypatch, capsys):
    from genloss.cli import app

    cleaned = []

    @app.command(name="wait-for-a-signal")
    def wait() -> int:
        try:
            threading.Timer(0.1, os.kill, (os.getpid(), asked)).start()
            time.sleep(600)
        except KeyboardInterrupt:
            cleaned.append(True)
            return 130
        return 0

    before = signal.getsignal(asked)
    try:
        with pytest.raises(SystemExit) as left:
            main(["wait-for-a-signal"])
    finally:
        del app["wait-for-a-signal"]
    assert left.value.code == 128 + asked
    assert cleaned == [True]
    assert signal.getsignal(asked) is before


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_while_an_object_ends_is_not_lost(asked):
    from genloss.cli.signals import orderly

    class Slow:
        def __del__(self):
            signal.raise_signal(asked)
            time.sleep(0.05)

    def work():
        Slow()
        time.sleep(600)

    with orderly() as received, pytest.raises(KeyboardInterrupt):
        work()
    assert received == [asked]
