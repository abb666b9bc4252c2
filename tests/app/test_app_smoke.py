"""The page as a browser shows it, in seconds; all of its views are in test_app_browser.py."""

from __future__ import annotations

from playwright.sync_api import expect

import genloss as gl


def test_a_number_that_is_typed_is_predicted(visit):
    page = visit("/explore?dim=40&n_samples=90&penalty=0.02&generations=3")
    page.fill("[data-field=noise]", "0.7")
    plan = gl.Plan.replace(3, 90, noise=0.7, penalty=0.02)
    risk = gl.predict(gl.Problem.power_law(40, capacity=1.5, source=0.5), plan).risk
    last = page.locator("#explore-table tbody tr").nth(2).locator("td").first
    expect(last).to_have_text(f"{float(f'{risk[-1]:.3e}'):g}")
