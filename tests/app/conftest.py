"""A browser that is there, and an app that it visits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

SLOW = 60_000  # milliseconds that a busy machine may take
expect.set_options(timeout=SLOW)


@pytest.fixture(scope="session")
def home():
    """The address of an app that runs."""
    command = [str(Path(sys.executable).with_name("genloss")), "app", "--no-open", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield process.stdout.readline().split()[-1].rstrip("/")
        process.terminate()


@pytest.fixture(scope="session")
def browser(chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, home):
    """Open a page; at the end its console must be empty and its requests must be to this app."""
    contexts, heard = [], []

    def visit(path, **settings):
        context = browser.new_context(**settings)
        contexts.append(context)
        context.set_default_timeout(SLOW)
        page = context.new_page()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on(
            "request",
            lambda sent: (
                None if sent.url.startswith((home, "blob:", "data:")) else heard.append(sent.url)
            ),
        )
        page.goto(home + path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert heard == []
