"""How long the app lets people wait, in Chromium: start, first curve, slider to picture, weight.

python benchmarks/app.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from playwright.sync_api import Browser, Request, sync_playwright

FIRST = """
new MutationObserver((_, observer) => {
  const path = document.querySelector(".curves path");
  if (!path?.getAttribute("d")) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => (window.firstCurve = performance.now())));
}).observe(document, { subtree: true, childList: true, attributes: true });
"""

MOVES = """
async ([field, moves]) => {
  const slider = document.querySelector(`[data-field=${field}]`).closest(".field").querySelector("[type=range]");
  const path = document.querySelector(".curves path");
  const times = [];
  for (let move = 0; move < moves; move += 1) {
    const before = path.getAttribute("d");
    const changed = new Promise((done) => {
      new MutationObserver((_, observer) => {
        if (path.getAttribute("d") === before) return;
        observer.disconnect();
        requestAnimationFrame(() => done(performance.now()));
      }).observe(path, { attributes: true, attributeFilter: ["d"] });
    });
    const start = performance.now();
    slider.value = 300 + ((move * 97) % 400);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    times.push((await changed) - start);
    await new Promise((done) => setTimeout(done, 60));
  }
  return times;
}
"""

REST = """
async ([field]) => {
  const slider = document.querySelector(`[data-field=${field}]`).closest(".field").querySelector("[type=range]");
  const answer = document.getElementById("explore-answer");
  const whole = () => /^(model \\d+: |No theory)/.test(answer.textContent);
  const start = performance.now();
  slider.value = 500 + 31 * (window.rests = (window.rests ?? 0) + 1);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  const before = answer.textContent;
  for (;;) {
    await new Promise(requestAnimationFrame);
    if (answer.textContent !== before && whole()) return performance.now() - start;
    if (performance.now() > start + 10000) return NaN;
  }
}
"""

PLANS = {
    "ridge, 10 models, 300 directions": "penalty=0.01",
    "a fifth real": "policy=mix&penalty=0.01",
    "mixed labels": "policy=mix_labels&penalty=0.01",
    "all rows kept": "policy=accumulate&penalty=0.01",
    "all rows kept, the first inputs": "policy=accumulate&design=same&penalty=0.01",
    "all kept, fitted to some": "policy=subsample&penalty=0.01",
    "the same rows anew": "policy=same_design&penalty=0.01",
    "real rows that stay": "policy=anchored&penalty=0.01",
    "the last blocks": "policy=window&penalty=0.01",
    "self-distillation": "policy=distill&penalty=0.01",
    "self-training on classes, 100 directions": "policy=self_train&problem=isotropic&dim=100&penalty=0.01",
    "the same with chances as labels": "policy=self_train&problem=isotropic&dim=100&penalty=0.01&labels=soft",
    "200 models, 5,000 directions": "generations=200&dim=5000&n_samples=10000&penalty=0.01",
}


@contextmanager
def app() -> Iterator[tuple[str, float]]:
    """An app in a process of its own: its address, and seconds until it answered."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [str(Path(sys.executable).with_name("genloss")), "app", "--no-open", "--port", "0"]
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        with urlopen(address) as answer:
            answer.read()
        took = time.perf_counter() - start
        try:
            yield address.rstrip("/"), took
        finally:
            process.terminate()


def first_curve(browser: Browser, address: str) -> tuple[float, int]:
    """Milliseconds from opening the page to its first curve, and bytes that came."""
    page = browser.new_context().new_page()
    page.add_init_script(FIRST)
    came: list[Request] = []
    page.on("requestfinished", lambda request: came.append(request))
    page.goto(f"{address}/explore")
    page.locator("#explore-table tbody tr").first.wait_for()
    page.wait_for_timeout(300)
    took = page.evaluate("window.firstCurve")
    weight = sum(request.sizes()["responseBodySize"] for request in came)
    page.context.close()
    return float(took), weight


def moves(
    browser: Browser, address: str, query: str, field: str, count: int
) -> tuple[list[float], float]:
    """Milliseconds from a move of a slider to its picture, sorted, and to all models when it rests."""
    page = browser.new_context().new_page()
    page.goto(f"{address}/explore?{query}")
    page.locator("#explore-table tbody tr").first.wait_for()
    times = page.evaluate(MOVES, [field, count])
    page.wait_for_timeout(1500)
    whole = []
    for _ in range(5):
        whole.append(page.evaluate(REST, [field]))
        page.wait_for_timeout(500)
    page.context.close()
    return sorted(times), median(whole)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--moves", type=int, default=40)
    asked = parser.parse_args()
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    rows, starts, firsts = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for _ in range(asked.starts):
            with app() as (address, took):
                starts.append(took)
                milliseconds, weight = first_curve(browser, address)
                firsts.append(milliseconds)
        rows.append(("start of the app to its first answer", f"{median(starts):.2f} s", "2 s"))
        rows.append(("opening the page to the first curve", f"{median(firsts):.0f} ms", "1 s"))
        with app() as (address, _):
            time.sleep(2)  # what jobs need is loaded
            for name, query in PLANS.items():
                times, whole = moves(browser, address, query, "noise", asked.moves)
                shown = (
                    f"{median(times):.0f} ms (nine in ten under {times[len(times) * 9 // 10]:.0f}; "
                    f"all models {whole:.0f} when it rests)"
                )
                rows.append((f"slider to picture: {name}", shown, "100 ms"))
        rows.append(("weight of the page", f"{weight / 1000:.0f} kB", "400 kB"))
        browser.close()
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{os.cpu_count()} cores, of which {busy:.1f} are asked for by all that runs\n")
    print("| what | median | goal |\n| --- | --- | --- |")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
