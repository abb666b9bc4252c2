"""The app as a person meets it: a real browser, whose page is silent and stays at home.

Every view once in the fast set, all in one page; the rest of what it does in the slow one.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

import genloss as gl

FINE = "5 \N{MULTIPLICATION SIGN} 81 points"


def explored(page):
    """The problem and the plan that the address says."""
    told = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    problem = gl.Problem.power_law(
        int(told["dim"]), capacity=float(told["capacity"]), source=float(told["source"])
    )
    plan = gl.Plan.replace(
        int(told["generations"]),
        int(told["n_samples"]),
        noise=float(told["noise"]),
        penalty=float(told["penalty"]),
    )
    return problem, plan.with_intercept(told["intercept"] == "free")


def four_digits(value):
    """As the page writes numbers."""
    return float(f"{value:.3e}")


def column(page, table, place):
    """The numbers of a column."""
    cells = page.locator(f"{table} tbody tr > :nth-child({place + 1})")
    return [float(text) for text in cells.all_inner_texts()]


def fits_a_phone(page):
    """Hold a view, with all that it shows, to 390 pixels in both schemes."""
    wide = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(
            "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
        )
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        ink, paper = page.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
        brightness = [sum(map(int, colour[4:-1].split(","))) for colour in (ink, paper)]
        assert (brightness[0] < brightness[1]) is (scheme == "light")
    page.set_viewport_size(wide)


def test_explore_predicts_while_a_number_changes(visit):
    page = visit("/explore?dim=80&n_samples=200&generations=4")
    page.fill("[data-field=noise]", "0.7")
    page.fill("[data-field=penalty]", "0.02")
    page.select_option("[data-field=intercept]", "free")
    page.wait_for_url("**penalty=0.02&intercept=free**")
    problem, plan = explored(page)
    assert plan.generations[0].intercept
    assert (problem.dim, plan.penalty[0], plan.generations[0].sources[0].noise) == (80, 0.02, 0.7)
    risk = gl.predict(problem, plan).risk
    last = page.locator("#explore-table tbody tr").nth(plan.n_models - 1).locator("td").first
    expect(last).to_have_text(f"{four_digits(risk[-1]):g}")
    assert column(page, "#explore-table", 1) == [four_digits(value) for value in risk]
    ending = "; stable" if gl.limit(problem, plan).stable else "; unstable"
    expect(page.locator("#explore-answer")).to_have_text(re.compile(f"^model 3: .*{ending}$"))
    page.keyboard.press("Tab")  # from the number to its slider
    page.keyboard.press("ArrowRight")
    expect(last).not_to_have_text(f"{four_digits(risk[-1]):g}")
    page.wait_for_url(lambda url: "penalty=0.02&" not in url)
    page.reload()
    after = gl.predict(*explored(page)).risk
    expect(last).to_have_text(f"{four_digits(after[-1]):g}")
    fits_a_phone(page)


@pytest.mark.slow
def test_explore_simulates_and_finds_the_best_penalty(visit):
    page = visit("/explore?dim=60&n_samples=150&trials=200&seed=5")
    page.click("#explore-run")
    expect(page.locator("#explore-progress")).to_have_text(re.compile("^200 runs"))
    expect(page.locator("#explore-table thead")).to_contain_text("simulated risk")
    found = gl.simulate(*explored(page), trials=200, seed=5)
    assert column(page, "#explore-table", 4) == [four_digits(value) for value in found.risk]
    page.get_by_role("button", name="Best").click()
    expect(page.locator("[data-field=penalty]")).not_to_have_value("0")
    page.wait_for_url(lambda url: "penalty=0&" not in url)
    problem, plan = explored(page)
    assert plan == gl.tune(problem, plan.with_penalty(0.0)).plan
    page.get_by_role("tab", name="Python").click()
    expect(page.locator("pre:visible")).to_contain_text(f"penalty={plan.penalty[0]}")


@pytest.mark.slow
def test_a_slow_curve_shows_its_first_models_while_a_slider_moves(visit):
    page = visit("/explore?dim=40&n_samples=90&generations=10&penalty=0.01&policy=accumulate")
    answer = page.locator("#explore-answer")
    expect(answer).to_have_text(re.compile("^model 9: .*; (un)?stable$"))  # all is said
    page.evaluate(
        """() => {
          window.said = [];
          const answer = document.getElementById("explore-answer");
          new MutationObserver(() => said.push(answer.textContent)).observe(answer, { childList: true });
        }"""
    )
    slider = page.get_by_label("Label noise, slider")
    for _ in range(3):
        slider.press("ArrowRight")
    risk = gl.predict(
        gl.Problem.power_law(40, capacity=1.5, source=0.5),
        gl.Plan.accumulate(10, 90, design="fresh", penalty=0.01, noise=0.53),
    ).risk
    last = page.locator("#explore-table tbody tr").nth(9).locator("td").first
    expect(last).to_have_text(f"{four_digits(risk[-1]):g}")
    assert re.match(r"model \d+ of 9: ", page.evaluate("said[0]"))


@pytest.mark.slow
def test_first_models_that_come_late_do_not_hide_what_all_say(visit):
    page = visit("/explore?dim=40&n_samples=60&penalty=0.1&generations=12&policy=window&last=3")
    answer = page.locator("#explore-answer")
    expect(answer).to_contain_text("model 11: ")
    held = []

    def hold_first_models(route):
        held.append(route) if "models" in route.request.post_data_json else route.continue_()

    page.route("**/api/curve", hold_first_models)
    page.fill("[data-field=generations]", "40")  # few at first: all took long
    expect(answer).to_contain_text("No theory: ")
    (first,) = held
    with page.expect_response("**/api/curve"):
        first.continue_()
    page.evaluate(
        "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
    )
    expect(answer).to_contain_text("No theory: ")


def test_explore_stops(visit):
    slow = "/explore?policy=window&last=3&generations=20&dim=40&n_samples=60&trials=10000"
    page = visit(slow)
    expect(page.locator("#explore-answer")).to_contain_text("No theory")
    page.click("#explore-run")
    expect(page.locator("#explore-progress")).to_contain_text("of 10,000 runs")
    page.click("#explore-run")
    expect(page.locator("#explore-progress")).to_contain_text("stopped after")
    expect(page.locator("#explore-run")).to_have_text("Simulate")
    assert np.isfinite(column(page, "#explore-table", 1)).all()


@pytest.mark.slow
def test_explore_knows_every_policy(visit):
    page = visit("/explore?dim=40&n_samples=60&penalty=0.1&generations=4")
    answer = page.locator("#explore-answer")
    for policy in page.locator("[data-field=policy] option").all():
        expect(answer).to_contain_text("model 3: ")
        value = policy.get_attribute("value")
        page.select_option("[data-field=policy]", value)
        page.wait_for_url(f"**policy={value}&**")
    page.fill("[data-field=generations]", "40")  # more rows that recur than theory knows
    page.select_option("[data-field=policy]", "window")
    expect(answer).to_contain_text("No theory: ")


def test_compare_predicts_while_a_number_changes(visit):
    query = "dim=60&generations=4&policy.1=replace&n_samples.1=150"
    page = visit(f"/compare?{query}&policy.2=mix&n_samples.2=150&real.2=0.2")
    page.get_by_role("region", name="Plan B").locator("[data-field=real]").fill("0.37")
    problem = gl.Problem.power_law(60, capacity=1.5, source=0.5)
    risk = gl.predict(problem, gl.Plan.mix(4, 150, real=0.37, noise=0.5)).risk
    last = page.locator("#compare-table tbody tr").nth(3).locator("td")
    expect(last.nth(1)).to_have_text(f"{four_digits(risk[-1]):g}")
    assert column(page, "#compare-table", 2) == [four_digits(value) for value in risk]
    fits_a_phone(page)


@pytest.mark.slow
def test_compare_measures_differences_and_takes_more_plans(visit):
    query = "dim=60&generations=4&trials=40&seed=2&policy.1=replace&n_samples.1=150"
    page = visit(f"/compare?{query}&policy.2=mix&n_samples.2=150&real.2=0.37")
    page.click("#compare-run")
    expect(page.locator("#compare-progress")).to_have_text(re.compile("^40 pairs"))
    expect(page.locator("#compare-table tbody tr").nth(3).locator("td")).to_have_count(4)
    problem = gl.Problem.power_law(60, capacity=1.5, source=0.5)
    one = gl.Plan.replace(4, 150, noise=0.5)
    two = gl.Plan.mix(4, 150, real=0.37, noise=0.5)
    found = gl.compare(problem, two, one, trials=40, seed=2)
    assert column(page, "#compare-table", 3) == [four_digits(value) for value in found.difference]
    assert column(page, "#compare-table", 4) == [four_digits(value) for value in found.stderr]
    page.get_by_role("button", name="Add a plan").click()
    page.wait_for_url("**real.3=0.37**")
    page.reload()
    expect(page.get_by_role("region", name="Plan C")).to_be_visible()


def test_a_map_is_read_and_opens_a_plan(visit):
    axes = "x=n_samples&x.from=100&x.to=104&y=real&y.from=0.2&y.to=0.6&value=final"
    page = visit(f"/map?problem=isotropic&dim=40&policy=mix&generations=4&noise=1&{axes}")
    page.fill("[data-field=noise]", "0.6")
    page.wait_for_url("**noise=0.6**")
    expect(page.locator("#map-progress")).to_have_text(FINE)
    page.get_by_role("img", name="Phase map").focus()
    page.keyboard.press("ArrowRight")  # from the middle
    problem = gl.Problem.isotropic(40)
    risk = gl.predict(problem, gl.Plan.mix(4, 103, real=0.4, noise=0.6)).risk[-1]
    words = f"Rows per model 103, share of real labels 0.4: {four_digits(risk):g}"
    expect(page.locator("#map-reader")).to_have_text(words)
    fits_a_phone(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/explore?**")
    expect(page.locator("[data-field=n_samples]")).to_have_value("103")
    risk = gl.predict(problem, gl.Plan.mix(10, 103, real=0.4, noise=0.6)).risk
    expect(page.locator("#explore-answer")).to_contain_text(f"model 9: {float(f'{risk[-1]:.2e}')}")
    page.go_back()
    expect(page.locator("#map-progress")).to_have_text(FINE)


@pytest.mark.slow
def test_a_map_says_what_is_not_known(visit):
    axes = "x=generations&x.from=2&x.to=4&y=n_real&y.from=20&y.to=22&value=limit"
    page = visit(
        f"/map?problem=isotropic&dim=20&policy=anchored&noise=1&n_samples=30&penalty=0.1&{axes}"
    )
    expect(page.locator("#map-progress")).to_have_text(FINE.replace("5", "3").replace("81", "3"))
    expect(page.locator("#map-answer")).to_contain_text("3 points are not known")
    expect(page.locator("g.key g.name")).to_have_text(["not known"])
    page.get_by_role("img", name="Phase map").focus()
    page.keyboard.press("ArrowLeft")  # from the middle
    expect(page.locator("#map-reader")).to_contain_text("not known (the plan is too short to show")


def test_your_table_is_forecast(visit, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    table, broken = tmp_path / "houses.csv", tmp_path / "broken.csv"
    rows = np.c_[X, X.sum(axis=1) + rng.normal(size=80)]
    np.savetxt(table, rows, delimiter=",", header="a,b,price", comments="", fmt="%.4f")
    broken.write_text("a,b\n1,2,3\n4\n")
    page = visit("/data?model=linear")
    page.set_input_files("#data-real", broken)
    expect(page.locator(".drop.wrong")).to_contain_text("broken.csv")
    expect(page.locator("#data-run")).to_be_disabled()
    page.set_input_files("#data-real", table)
    expect(page.locator(".drop.full")).to_contain_text("houses.csv: 80 rows")
    expect(page.get_by_label("Target")).to_have_value("price")
    page.fill("[data-field=generations]", "3")
    expect(page.locator("[data-field=each]")).to_have_value("10")  # an eighth
    page.fill("[data-field=each]", "20")
    page.fill("[data-field=added]", "0.5")
    page.click("#data-run")
    expect(page.locator("#data-steps")).to_contain_text("reading the table")
    page.locator("#data-report").wait_for()
    found = gl.forecast(table, "price", generations=3, n_samples=20, noise=0.5)
    expect(page.locator("#data-answer")).to_have_text(found.advice.sentences[0])
    report = page.frame_locator("#data-report")
    expect(report.locator("h1")).to_contain_text("price of houses.csv")
    last = report.locator("table").first.locator("tbody tr").nth(2).locator("td")
    expect(last.nth(2)).to_have_text(f"{found.error[-1]:.4g}")
    fits_a_phone(page)
    with page.expect_download() as kept:
        page.get_by_role("link", name="Download the report").click()
    assert kept.value.suggested_filename == "houses-report.html"
    page.set_input_files("#data-synthetic", table)
    expect(page.locator("#data-run")).to_have_text("Weigh")
    page.click("#data-run")
    page.click("#data-run")
    expect(page.locator("#data-steps")).to_contain_text("stopped")


@pytest.mark.slow
def test_pictures_and_tables_can_be_kept(visit, tmp_path):
    page = visit("/explore?dim=60&n_samples=150")
    expect(page.locator("#explore-answer")).to_contain_text("model 9")
    for name, start in (("SVG", b"<svg"), ("PNG", b"\x89PNG"), ("CSV", b"model,predicted risk")):
        with page.expect_download() as kept:
            page.get_by_role("button", name=name, exact=True).click()
        path = tmp_path / kept.value.suggested_filename
        kept.value.save_as(path)
        assert path.read_bytes().startswith(start)
    page.get_by_role("tab", name="Plan file").click()
    with page.expect_download() as kept:
        page.get_by_role("button", name="Download").click()
    kept.value.save_as(tmp_path / "plan.toml")
    plan, problem = gl.load(tmp_path / "plan.toml")
    assert (problem, plan) == explored(page)


@pytest.mark.slow
def test_views_are_reached_by_keyboard(visit):
    page = visit("/")
    expect(page.locator("#explore-answer")).to_contain_text("model 9")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the view")
    for name in ("genloss", "Explore", "Compare", "Phase map", "Your data"):
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text(name)
    page.keyboard.press("Enter")
    expect(page).to_have_title("genloss: Your data")
    page.go_back()
    expect(page).to_have_title("genloss: Explore")
    unnamed = "input:not([type=hidden]), select, button"
    for path in ("/explore", "/compare", "/map", "/data"):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)
        page.locator("main .answer").wait_for()
        for node in page.locator(unnamed).all():
            assert node.evaluate("n => n.labels?.length || n.ariaLabel || n.textContent.trim()")
