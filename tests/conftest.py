"""Settings shared by all tests."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
"""What the tests of pages drive, where it is installed."""

collect_ignore = [] if BROWSER else ["app/test_app_browser.py", "app/test_app_smoke.py"]

settings.register_profile("genloss", deadline=None, derandomize=True)
settings.load_profile("genloss")


def pytest_configure(config: pytest.Config) -> None:
    """Let the processes that tests start share their bytecode, where Python may not keep any.

    They import the same large libraries again and again, and to compile these each time takes
    longer than what is tested.
    """
    os.environ.setdefault("MPLBACKEND", "agg")
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        folder = tempfile.TemporaryDirectory(prefix="genloss-", ignore_cleanup_errors=True)
        environment = pytest.MonkeyPatch()
        environment.delenv("PYTHONDONTWRITEBYTECODE")
        environment.setenv("PYTHONPYCACHEPREFIX", folder.name)
        config.add_cleanup(folder.cleanup)
        config.add_cleanup(environment.undo)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say whether pages were tested in a browser, also where pytest is quiet."""
    if BROWSER:
        said = f"{BROWSER} drives tests/app/test_app_smoke.py and test_app_browser.py (slow)"
    else:
        said = "no chromium found: pages of the app are not tested in a browser (tests/app/test_app_smoke.py)"
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


@pytest.fixture(scope="session")
def chromium() -> str | None:
    """Where the browser is."""
    return BROWSER


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def genloss(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process; returns exit code, output and errors."""
    from genloss.cli import main

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([*arguments])
        return left.value.code, *capsys.readouterr()

    return command
