"""Settings shared by all tests."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, _CHROMIUM)), None)
"""What the tests of pages drive, where it is installed."""

collect_ignore = [] if BROWSER else ["app/test_app_browser.py"]

SLOW = 300_000  # milliseconds that a busy machine may take

settings.register_profile("genloss", deadline=None, derandomize=True, max_examples=12)
settings.load_profile("genloss")


def pytest_configure(config: pytest.Config) -> None:
    """Let the processes that tests start hear signals, and share their bytecode.

    Where Python may keep none beside its sources, to compile the same large libraries again and
    again takes longer than what is tested: pytest's own cache has it.
    """
    os.environ.setdefault("MPLBACKEND", "agg")
    heard = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    for each, handler in heard.items():
        if signal.getsignal(each) is signal.SIG_IGN:  # in a shell's background, and under nohup
            signal.signal(each, handler)
    if os.environ.get("PYTHONDONTWRITEBYTECODE") and hasattr(config, "cache"):
        environment = pytest.MonkeyPatch()
        environment.delenv("PYTHONDONTWRITEBYTECODE")
        environment.setenv("PYTHONPYCACHEPREFIX", str(config.cache.mkdir("bytecode")))
        config.add_cleanup(environment.undo)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep what is collected out of the rounds of the garbage collector: it lives as long as pytest does."""
    gc.disable()
    found = yield
    gc.freeze()
    gc.enable()
    return found


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Let two processes begin at opposite ends: what one has compiled, the other reads."""
    report = yield
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw1" and isinstance(collector, pytest.Dir):
        report.result.reverse()
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One order of all tests, whichever they were collected in."""
    items.sort(key=lambda item: item.path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say whether pages were tested in a browser, also where pytest is quiet."""
    tests = "tests/app/test_app_browser.py"
    said = f"{BROWSER} drives {tests}" if BROWSER else f"no chromium found; {tests} is left out"
    terminalreporter.write_line(f"browser: {said}")


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread() -> Iterator[None]:
    """Small dense algebra runs on one BLAS thread; workers of pytest-xdist share the cores."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(autouse=True)
def no_open_pictures() -> Iterator[None]:
    """Close the figures that a test leaves with pyplot."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def genloss(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process; returns exit code, output and errors.

    What is said where an answer takes long, as any may on a busy machine, is left out.
    """
    from genloss.cli import main

    for seconds in ("genloss._progress._FIRST", "genloss.tuning.duration._LONG"):
        monkeypatch.setattr(seconds, float("inf"))

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([*arguments])
        return left.value.code, *capsys.readouterr()

    return command


@pytest.fixture(scope="module")
def home():
    """The address of an app that runs."""
    command = [str(Path(sys.executable).with_name("genloss")), "app", "--no-open", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process.stdout.readline().split()[-1].rstrip("/")
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def browser():
    """Chromium for the tests of one file: where it is driven, nothing else may run an event loop."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=SLOW)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser):
    """One page for all tests of a file: each new one would cost more than most tests."""
    page = browser.new_page()
    page.set_default_timeout(SLOW)
    yield page
    page.close()


@pytest.fixture
def visit(page, home):
    """Open an address; at the end the console must be empty and requests must be to this app."""
    heard = []

    def listen(sent):
        if not sent.url.startswith((home, "blob:", "data:")):
            heard.append(sent.url)

    ears = {
        "console": lambda message: heard.append(message.text),
        "pageerror": lambda error: heard.append(str(error)),
        "request": listen,
    }
    for event, ear in ears.items():
        page.on(event, ear)

    def visit(path):
        page.goto(home + path)
        return page

    yield visit
    page.goto("about:blank")  # what is under way ends
    for event, ear in ears.items():
        page.remove_listener(event, ear)
    assert heard == []
