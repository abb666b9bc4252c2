"""The numbers of the texts of ``genloss explain``, against other ways to the same.

The texts are read off the page of the documentation, which `test_texts` compares with the code.
"""

# ruff: noqa: RUF001 -- Greek letters and true minus signs are meant

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.optimize import brentq

import genloss as gl
from genloss.explain import LEVELS, TOPICS, explain
from genloss.explain.numerals import fixed, number, percent

from .page import text


def flat(name: str, level: str) -> str:
    """The text on one line."""
    return " ".join(text(name, level).split())


def module(name: str):
    return TOPICS[name].numbers


def other(name: str, value):
    """Another setting in the place of this one; None where it is not a number."""
    if isinstance(value, tuple):
        last = other(name, value[-1])
        return None if last is None else (*value[:-1], last)
    if isinstance(value, float):
        return round(value * 1.2, 6)
    if isinstance(value, int):
        return round(value * 1.25) if name.endswith("DIM") else int(value * 0.8)
    return None


@pytest.mark.slow
@pytest.mark.parametrize("name", TOPICS)
def test_no_number_is_hard_coded(name, monkeypatch):
    home = module(name)
    changed = {
        each: other(each, value)
        for each, value in vars(home).items()
        if each.isupper()
        and each not in ("REAL", "TYPE_CHECKING")
        and other(each, value) is not None
    }
    assert len(changed) >= 4
    before = [explain(name, level) for level in LEVELS]
    for constant, value in changed.items():
        with monkeypatch.context() as patch:
            patch.setattr(home, constant, value)
            assert any(
                explain(name, level) != text for level, text in zip(LEVELS, before, strict=True)
            ), constant


def test_chain_against_the_closed_form():
    home = module("chain")
    step = home.NOISE**2 * home.DIM / (home.ROWS - home.DIM - 1)
    for k in range(home.GENERATORS):
        assert f"model {k} |" in text("chain", "newcomer")
        assert f"| {fixed((k + 1) * step)} |" in text("chain", "newcomer")
    teacher = gl.Problem.isotropic(home.DIM, signal=1 + home.GENERATORS * step)
    own = gl.Plan.replace(1, home.LAST_ROWS, penalty=home.PENALTY, noise=home.NOISE)
    to_teacher = gl.predict(teacher, own).risk[-1]
    assert f"the same model scores {fixed(to_teacher)} instead" in flat("chain", "theorist")


def test_growth_against_prediction_and_simulation():
    home = module("growth")
    problem = gl.Problem.isotropic(home.DIM)
    risk = gl.predict(problem, gl.Plan.replace(home.MODELS, home.ROWS, noise=home.NOISE)).risk
    worse = int(np.argmax(risk > 1))
    assert f"| {worse + 1} | {fixed(risk[worse])} |" in text("growth", "newcomer")
    assert f"| {home.MODELS} | {fixed(risk[-1])} |" in text("growth", "newcomer")
    assert f"here from model {worse} on" in flat("growth", "engineer")
    trials = gl.simulate(
        problem, gl.Plan.replace(home.MODELS, home.ROWS, noise=home.NOISE), trials=4000
    )
    said = float(
        re.search(r"differ from this average by about (\d+) %", flat("growth", "newcomer"))[1]
    )
    spread = trials.stderr[-1] * trials.trials**0.5 / trials.risk[-1]
    assert said == pytest.approx(100 * spread, abs=0.8)
    plan = gl.Plan.replace(home.MODELS, home.ROWS, noise=home.NOISE).then(
        n_samples=home.MANY_ROWS, noise=home.NOISE
    )
    assert f"its error is still {number(gl.predict(problem, plan).risk[-1])}" in flat(
        "growth", "newcomer"
    )
    exact, formula = re.search(r"standard deviation is ([\d.]+); 20,000 draws give ([\d.]+)\.",
                               flat("growth", "theorist")).groups()  # fmt: skip
    assert float(exact) == pytest.approx(float(formula), rel=0.03)


def test_ridge_against_tune():
    home = module("ridge")
    problem = gl.Problem.isotropic(home.DIM)
    clean = None
    for n in home.SHOWN:
        chain = gl.Plan.replace(n, home.ROWS, noise=home.NOISE) if n else None
        last = {"n_samples": home.LAST_ROWS, "penalty": 0.1, "noise": home.NOISE}
        plan = chain.then(**last) if chain else gl.Plan.replace(1, **last)
        best = gl.tune(problem, plan, over="last_penalty")
        clean = float(best.plan.penalty[-1]) if clean is None else clean
        kept = gl.predict(problem, plan.with_penalty([*plan.penalty[:-1], clean])).risk[-1]
        row = f"| {n} | {number(best.plan.penalty[-1])} | {fixed(best.value)} | {fixed(kept)} |"
        assert row in text("ridge", "newcomer")
        assert best.value < problem.signal
    near, far = re.search(
        r"is (\d+) % off at d = 20 and (\d+) % at d = 80", flat("ridge", "theorist")
    ).groups()
    assert int(near) > 2 * int(far) > 0


@pytest.mark.slow
def test_few_rows_against_prediction_and_simulation():
    home = module("few-rows")
    problem = gl.Problem.isotropic(home.DIM)
    plan = gl.Plan.replace(home.GENERATIONS, home.ROWS)
    left = 1 - gl.predict(problem, plan).risk
    for n in (1, 2, 5, home.GENERATIONS):
        assert f"| {n} | {percent(left[n - 1])} |" in text("few-rows", "newcomer")
    noisy = gl.predict(problem, gl.Plan.replace(200, home.ROWS, noise=home.NOISE)).risk[-1]
    assert f"saturates** at σ₀² m₂ T₀ d/((d−T₀−1)(d−T₀)), {number(noisy - 1, 3)}" in flat(
        "few-rows", "theorist"
    )
    stacked = gl.Plan.mix(home.GENERATIONS, home.ROWS, real=home.REAL_SHARE)
    trials = gl.simulate(problem, stacked, trials=12, seed=5)
    said = float(
        re.search(r"stacked with made ones give ([\d.]+) where", flat("few-rows", "engineer"))[1]
    )
    assert said == pytest.approx(trials.risk[-1], rel=0.05, abs=4 * trials.stderr[-1])
    slope, twice = re.search(r"the slope is ([\d.]+) for r = [\d.]+, against 2r = ([\d.]+)",
                             flat("few-rows", "theorist")).groups()  # fmt: skip
    assert float(slope) == pytest.approx(float(twice), rel=0.05)


def test_design_against_prediction():
    home = module("design")
    problem = gl.Problem.isotropic(home.DIM)
    last = {"n_samples": home.LAST_ROWS, "noise": home.NOISE}

    def risk(made: object, n: int) -> float:
        return float(
            gl.predict(problem, made(n, home.FEW_ROWS, noise=home.NOISE).then(**last)).risk[-1]
        )

    crossing = next(
        n for n in range(1, 50) if risk(gl.Plan.same_design, n) > risk(gl.Plan.replace, n) + 1e-9
    )
    assert f"From {crossing} generators on" in flat("design", "newcomer")
    for n in (1, 2, crossing, home.GENERATIONS):
        row = f"| {n} | {fixed(risk(gl.Plan.replace, n))} | {fixed(risk(gl.Plan.same_design, n))} |"
        assert row in text("design", "newcomer")
    spiked = home.spiked().problem
    with_one = gl.Plan.replace(1, home.SPIKED_ROWS).then(n_samples=home.SPIKED_LAST)
    clean = gl.predict(spiked, gl.Plan.replace(1, home.SPIKED_LAST)).risk[-1]
    extra = gl.predict(spiked, with_one).risk[-1] - clean
    assert extra < 0
    assert f"ΔBias = {fixed(extra)} on a clean error of {fixed(clean)}" in flat(
        "design", "theorist"
    )


def test_power_law_against_prediction():
    home = module("power-law")
    problem = gl.Problem.power_law(home.DIM, capacity=home.CAPACITY, source=home.SOURCE)
    chain = gl.Plan.replace(home.GENERATIONS, home.ROWS, noise=home.NOISE)
    exponent = home.CAPACITY / (2 * home.CAPACITY * home.SOURCE + 1)

    def made(rows: int) -> float:
        last = {"n_samples": rows, "penalty": rows**-exponent, "noise": home.NOISE}
        return float(gl.predict(problem, chain.then(**last)).risk[-1])

    for rows in home.SHOWN:
        assert f"| {rows:,} | " in text("power-law", "newcomer")
        assert f" | {fixed(made(rows), 3)} |" in text("power-law", "newcomer")
    said = int(re.search(r"exact formula finds (\d+)\.", flat("power-law", "engineer"))[1])
    around = [made(said // 3), made(said), made(3 * said)]
    assert around[1] == min(around)
    assert made(said) == pytest.approx(min(made(T) for T in range(300, 1200, 20)), rel=1e-4)
    floor = gl.tune(
        problem, chain.then(n_samples=10**8, noise=home.NOISE), over="last_penalty"
    ).value
    assert f"here {number(floor)}, which only" in flat("power-law", "engineer")
    assert "has local slope 0.600 near" in flat("power-law", "theorist")  # c = 2 1.5 .5 / (1 + 1.5)


@pytest.mark.slow
def test_penalty_against_tune():
    home = module("penalty")
    problem = gl.Problem.power_law(home.DIM, capacity=home.CAPACITY, source=home.SOURCE)
    chain = gl.Plan.replace(home.GENERATIONS, home.ROWS, noise=home.NOISE)
    plan = chain.then(n_samples=home.LAST_ROWS, penalty=0.1, noise=home.NOISE)
    best = gl.tune(problem, plan, over="last_penalty")
    row = f"| best possible | {number(best.plan.penalty[-1])} | {fixed(best.value, 3)} |"
    assert row in text("penalty", "newcomer")

    def clean(rows: int) -> float:
        real = gl.Plan.replace(1, rows, penalty=0.1, noise=home.NOISE)
        return gl.tune(problem, real).value

    worth = next(rows for rows in range(10, 200) if clean(rows) <= best.value)
    said = int(re.search(r"about \*\*(\d+) real rows\*\*", flat("penalty", "newcomer"))[1])
    assert abs(said - worth) <= 1
    kept = chain.then(n_samples=home.LAST_ROWS, penalty=home.LAST_ROWS**-0.6, noise=home.NOISE)
    ratio = gl.predict(problem, kept).risk[-1] / best.value
    assert f"its error is {number(ratio)} times the best one" in flat("penalty", "newcomer")


def test_kernels_against_a_root_finder_and_fresh_runs():
    home = module("kernels")
    j = np.arange(1, home.FREQUENCIES + 1.0)
    kept = np.ones(len(home.SHOWN))
    for rows, lam in [(home.ROWS, home.PENALTY)] * home.GENERATIONS + [
        (home.LAST_ROWS, home.LAST_PENALTY)
    ]:
        kappa = brentq(
            lambda k, n=rows, lam=lam: lam + k * 2 * np.sum(1 / (1 + k * j**2)) / n - k, lam, 10
        )
        kept *= 1 / (1 + kappa * np.array(home.SHOWN) ** 2)
    for wave, share in zip(home.SHOWN, kept, strict=True):
        assert f"| {wave} | {fixed(100 * share, 0)} % |" in text("kernels", "newcomer")
    rows = re.findall(
        r"\| (0\.\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", text("kernels", "engineer")
    )
    assert len(rows) == 2
    _, theory, drawn, stderr = (float(cell) for cell in rows[0])
    assert abs(drawn / theory - 1) < 0.03 + 4 * stderr / theory


def test_practice_against_prediction():
    home = module("practice")
    said = text("practice", "engineer")
    [needed] = re.findall(r"print\(real_rows_needed\(braked, error\)\)  # (\d+)", said)
    problem, plan = home.problem(), home.plan()
    penalty = gl.tune(problem, plan).plan.penalty[0]

    def worst(real: int) -> float:
        share = real / home.MODEL_ROWS
        mixed = gl.Plan.mix(
            home.GENERATIONS, home.MODEL_ROWS, real=share, penalty=penalty, noise=home.NOISE
        )
        error = gl.predict(problem, mixed).risk + home.NOISE**2
        return float(error.max() / error[0])

    assert worst(int(needed)) <= 1.1 < worst(int(needed) - 1)
    values = [float(value) for value in re.findall(r"^# (0\.\d+)$", said, re.MULTILINE)]
    assert len(values) == 3
    assert values == sorted(values, reverse=True)


@pytest.mark.slow
def test_practice_against_the_forecast():
    home = module("practice")
    outlook, told = home.outlook(), flat("practice", "newcomer")
    assert f"it is {number(outlook.retuned.error[-1])}, as good as the first" in told
    assert outlook.retuned.growth_low[-1] <= 1 < outlook.growth_low[-1]
    low, high = outlook.advice.real_rows_range
    between = f"(between {low} and {high})"
    assert f"{outlook.advice.real_rows} real labels out of {home.ROWS} {between}" in told


def test_networks_against_the_closed_form_of_a_flat_spectrum():
    home = module("networks")
    phi = home.PIXELS / home.ROWS
    half = (home.PENALTY + phi - 1) / 2
    kappa = half + np.hypot(half, home.PENALTY**0.5)
    first = (kappa**2 + home.NOISE**2 * phi) / ((1 + kappa) ** 2 - phi)
    assert f"Its error starts at {number(first)} and" in flat("networks", "newcomer")
    assert f"keeps {fixed((1 + kappa) ** -home.MODELS)} of w₀" in flat("networks", "theorist")


@pytest.mark.slow
@pytest.mark.parametrize("labels", ["hard", "soft"])
def test_classes_are_as_literal_runs_find_them(labels):
    home = module("classes")
    problem = gl.Problem.isotropic(home.DIM, signal=home.SIGNAL)
    runs = gl.simulate(problem, home.plan(labels), trials=12, method="literal")
    away = np.abs(home.curve(labels).error - runs.error)
    assert (away < 0.02 * runs.error + 4 * runs.error_stderr).all()


@pytest.mark.slow
def test_stopped_chains_are_as_literal_runs_find_them():
    home = module("early-stopping")
    rows = [gl.Source(home.ROWS, who, home.NOISE) for who in ("real", "previous")]
    early = gl.filters.GradientDescent(80, home.STEP)
    first, later = (gl.Generation([each], filter=early) for each in rows)
    plan = gl.Plan([first, *(home.GENERATIONS - 1) * [later]])
    runs = gl.simulate(home.problem(), plan, trials=60, method="literal")
    assert (np.abs(home.known()[80] - runs.risk) < 0.02 * runs.risk + 4 * runs.stderr).all()
