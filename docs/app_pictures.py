"""The pictures of docs/app.md, taken of the app itself.

python docs/app_pictures.py
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
EXPLORE = "explore?policy=mix&real=0.2&penalty=0.01&noise=0.5&generations=20&trials=500"


def main() -> None:
    command = [str(Path(sys.executable).with_name("genloss")), "app", "--no-open", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as app:
        try:
            take(app.stdout.readline().split()[-1])
        finally:
            app.terminate()


def take(home: str) -> None:
    """Open two views, and keep what they show."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1180, "height": 760})
        page.goto(home + EXPLORE)
        page.check("#explore-parts")
        page.click("#explore-run")
        page.locator("#explore-run", has_text="Simulate").wait_for(timeout=60_000)
        keep(page.screenshot(), "app-explore.png")
        page.goto(f"{home}map")
        fine = "81 \N{MULTIPLICATION SIGN} 81 points"
        page.locator("#map-progress", has_text=fine).wait_for(timeout=120_000)
        page.mouse.move(880, 300)
        keep(page.screenshot(), "app-map.png")
        browser.close()


def keep(screenshot: bytes, name: str) -> None:
    """Few colours are enough."""
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    image.quantize(96, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
