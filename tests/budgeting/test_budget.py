"""Budgets: the law against theory and brute force, parts of a pilot against what made it, words and errors."""

from __future__ import annotations

import json

import matplotlib.axes
import numpy as np
import pytest

import genloss as gl
from genloss.budgeting.law import Law
from genloss.budgeting.pilot import of_problem, of_table, of_tables
from genloss.tuning.prices import Prices

POWER = gl.Problem.power_law(100, capacity=1.2, source=0.5)
TENTH = {"real": 1, "synthetic": 0.1}


def falling(product):
    return lambda rows: product / np.maximum(rows, 1e-300)


def a_law(shift=0.001, most=10**9, fewest=1):
    own = falling(50.0)
    return Law(1.0, own, own, falling(20.0), shift, fewest, most)


def rows(n, rng, *, bias=0.0, noise=1.0, dim=20):
    """Rows of a linear truth, or of one that is off by a shift of that square."""
    X = rng.normal(size=(n, dim))
    return X, X @ np.full(dim, 1 + (bias / dim) ** 0.5) + noise * rng.normal(size=n)


# --- the law ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m", "ratio"), [(150, 300, 1.0), (100, 1000, 1.0), (100, 200, 4.0)])
def test_without_a_shift_the_law_is_the_best_weight_s_error(n, m, ratio):
    law = of_problem(POWER, 0.7, (0.7 * ratio**0.5, 0.0), None).law
    plans = [
        gl.Plan(
            [
                gl.Generation(
                    [gl.Source(n, noise=0.7), gl.Source(m, noise=0.7 * ratio**0.5, weight=w)], lam
                )
            ]
        )
        for w in np.geomspace(0.5 / ratio, 2 / ratio, 5)
        for lam in np.geomspace(1e-3, 3e-2, 9)
    ]
    least = min(curve.risk[0] for curve in gl.predict(POWER, plans))
    assert law.error(n, m) - law.noise == pytest.approx(least, rel=0.03)


@pytest.mark.parametrize("money", [30.0, 100.0, 700.0])
def test_no_other_rows_for_the_money_have_a_smaller_error(money):
    law, prices = a_law(), Prices(1.0, 0.05)
    found = law.best(money, prices)
    m = np.arange(0, int(money / 0.05) - 20)
    errors = law.error(np.floor(money - 0.05 * m), m)
    assert found.cost <= money
    assert found.error <= errors.min() * (1 + 1e-6)
    assert law.best(money, Prices(1.0, 100.0)).synthetic == 0
    assert a_law(most=7).best(money, prices).synthetic <= 7


def test_the_money_for_an_error_is_the_least_that_reaches_it():
    law, prices = a_law(), Prices(1.0, 0.05)
    for mixed in (True, False):
        money = law.money_for(1.05, prices, mixed=mixed)
        solve = law.best if mixed else law.all_real
        assert solve(money, prices).error <= 1.05 < solve(money * 0.99 - 1, prices).error
    assert law.money_for(0.99, prices, mixed=True) == np.inf


def test_the_parts_of_a_pilot_are_those_that_made_it():
    """Noise 1, errors near dim/n and r dim/m, and the shift, on average over pilots."""
    rng, found = np.random.default_rng(0), []
    for _ in range(30):
        law = of_tables(
            rows(200, rng), rows(800, rng, bias=0.3, noise=2.0), None, "error", 0, None
        ).law
        found.append([law.noise, law.missed(200.0), law.missed_by_synthetic(800.0), law.shift])
    noise, own, other, shift = np.mean(found, axis=0)
    assert noise == pytest.approx(1.0, rel=0.06)
    assert own == pytest.approx(20 / 180, rel=0.15)
    assert other == pytest.approx(4 * 20 / 780, rel=0.15)
    assert shift == pytest.approx(0.3, rel=0.1)


def test_what_is_said_of_a_labeler_takes_the_place_of_synthetic_rows():
    rng = np.random.default_rng(1)
    pilot = of_table(rows(300, rng), None, "error", (2.0, 0.3), None)
    law = pilot.law
    assert "no synthetic row was seen" in pilot.warnings[-1]
    assert law.noise == pytest.approx(1.0, rel=0.2)
    assert law.shift == 0.3
    ratio = law.missed_by_synthetic(50.0) / law.missed(50.0)
    assert ratio == pytest.approx(4 / law.noise)


# --- the verb ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pilot():
    rng = np.random.default_rng(3)
    return rows(60, rng), rows(600, rng)


@pytest.fixture(scope="module")
def found(pilot):
    return gl.budget(*pilot, cost={"real": 1, "synthetic": 0.05}, money=150)


def test_good_cheap_rows_are_bought(found):
    assert found.augment
    assert found.real + 0.05 * found.synthetic == pytest.approx(found.cost)
    assert found.cost <= 150
    assert found.ratio == pytest.approx(1 - found.gain)
    assert found.ratio_range[0] < found.ratio < found.ratio_range[1]
    assert found.error_range[0] < found.error < found.error_range[1]
    assert found.real_only.real == 150
    assert found.sentences[0].startswith(f"Have {found.real} real rows labelled, and ")


def test_more_money_never_leads_to_more_error(found):
    assert (np.diff(found.curve.error) <= 1e-12).all()
    assert (found.curve.error <= found.curve_real_only.error * (1 + 1e-12)).all()
    assert (found.curve.cost <= found.curve.money * (1 + 1e-12)).all()


def test_a_gain_below_two_per_cent_is_not_bought(pilot):
    rng = np.random.default_rng(4)
    poor = rows(600, rng, bias=3.0, noise=3.0)
    found = gl.budget(pilot[0], poor, cost=TENTH, money=150)
    assert not found.augment
    assert (found.real, found.synthetic, found.ratio) == (150, 0, 1.0)
    assert found.gain < 0.02
    assert "none by a model" in found.sentences[0]


def test_the_table_advises_as_the_answer_does(pilot):
    price = 0.7
    found = gl.budget(*pilot, cost={"real": 1, "synthetic": price}, money=150)
    rows = found.rows()
    assert [150, found.real, found.synthetic, found.error, found.ratio] in rows
    gains = 1 - found.curve.error / found.curve_real_only.error
    assert (gains[found.curve.synthetic > 0] < 0.02).any()  # mixes that the rule leaves out
    for money, real, synthetic, error, ratio in rows:
        assert real + price * synthetic <= money + 1e-9
        if synthetic:
            assert ratio <= 0.98
        elif (at := found.curve.money == money).any():
            assert error == found.curve_real_only.error[at]


def test_a_wanted_error_costs_least_by_the_mix(pilot, found):
    again = gl.budget(*pilot, cost={"real": 1, "synthetic": 0.05}, error=found.error)
    assert again.error <= found.error
    assert again.cost <= found.cost * 1.01
    assert again.cost_real_only > again.cost


def test_an_answer_is_a_table_a_picture_and_plain_data(found, pilot):
    frame = found.to_frame("pandas")
    assert list(frame) == ["money", "real", "synthetic", "cost", "error", "error_real_only"]
    assert isinstance(found.plot(ax=_axes()), matplotlib.axes.Axes)
    assert json.loads(json.dumps(found.to_dict()))["real"] == found.real
    assert "<table>" in found._repr_html_()
    again = gl.budget(*pilot, cost={"real": 1, "synthetic": 0.05}, money=150)
    assert (again, hash(again)) == (found, hash(found))
    document = gl.documents.of_budget(found)
    assert document.answer == found.sentences[0]


def _axes():
    from matplotlib.figure import Figure

    return Figure().add_subplot()


def test_copies_of_the_pilot_s_rows_are_told(pilot):
    X, y = pilot[0]
    rng = np.random.default_rng(5)
    copied = np.tile(X, (5, 1)) + 0.01 * rng.normal(size=(300, 20)), np.tile(y, 5)
    found = gl.budget((X, y), copied, cost=TENTH, money=150)
    assert any("copies" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cost": {"real": 1}}, ["cost was {'real': 1}"]),
        ({"cost": {"real": 0, "synthetic": 1}}, ["cost['real'] was 0.0", "> 0"]),
        ({"money": None}, ["money was None and error was None"]),
        ({"error": 1.0}, ["give one of them"]),
        ({"money": 10}, ["money was 10", "60 real rows", "cost 60"]),
        ({"money": 1e300}, ["money was 1e300", "at most 1,000,000,000 real rows"]),
        ({"money": None, "error": 0.01}, ["error was 0.01", "label noise alone is about"]),
        ({"labeler_error": 1.0}, ["beside synthetic"]),
        ({"synthetic": None}, ["synthetic was None"]),
        ({"noise": 1.0}, ["noise was given with real rows"]),
        ({"real": POWER, "synthetic": None}, ["noise was None with a Problem"]),
        ({"real": POWER}, ["predictions was given with a Problem"]),
        ({"most": -1}, ["most was -1"]),
        ({"seed": -1}, ["seed was -1"]),
        ({"missing": "fill"}, ["missing was 'fill'"]),
    ],
)
def test_budget_names_what_is_wrong(change, words, pilot):
    arguments = {"real": pilot[0], "synthetic": pilot[1], "cost": TENTH, "money": 150} | change
    with pytest.raises(gl.InvalidInputError) as caught:
        gl.budget(arguments.pop("real"), arguments.pop("synthetic"), **arguments)
    assert all(word in str(caught.value) for word in words)


# --- prediction-powered inference ------------------------------------------------------------


def curved(n, rng):
    """Rows, what a model says that knows the truth, and labels; a linear fit leaves residuals that it explains."""
    X = rng.normal(size=(n, 10))
    said = X.sum(axis=1) + 2 * (X[:, 0] ** 2 - 1) + 1.5 * X[:, 1] * X[:, 2]
    return X, said, said + rng.normal(size=n)


def powered_errors(ppi, trials, rng):
    """Test errors of the fit by its normal equations, and of least squares on real rows for the same money."""

    def column(X):
        return np.column_stack([np.ones(len(X)), X])

    found = []
    for _ in range(trials):
        (X, said, y), (U, more, _), (V, _, truth) = (
            curved(n, rng) for n in (ppi.real, ppi.unlabelled, 4000)
        )
        own, others, g = column(X), column(U), ppi.weight
        left = g * others.T @ others / len(U) + (1 - g) * own.T @ own / len(X)
        right = g * others.T @ more / len(U) + own.T @ (y - g * said) / len(X)
        powered = column(V) @ np.linalg.solve(left, right)
        X, _, y = curved(400, rng)
        alone = column(V) @ np.linalg.lstsq(column(X), y, rcond=None)[0]
        found.append([np.mean((powered - truth) ** 2), np.mean((alone - truth) ** 2)])
    return np.mean(found, axis=0)


@pytest.mark.slow
def test_what_predictions_save_is_what_a_literal_fit_saves():
    """On average over pilots: a model that explains residuals of the fit, at a hundredth of the price."""
    rng, cost = np.random.default_rng(0), {"real": 1, "synthetic": 0.01}
    found = []
    for _ in range(20):
        X, said, y = curved(200, rng)
        found.append(gl.budget((X, y), predictions=said, cost=cost, money=400).ppi)
    ppi = found[0]
    powered, alone = powered_errors(ppi, 40, rng)
    assert powered / alone == pytest.approx(np.mean([each.ratio for each in found]), abs=0.006)
    assert ppi.cost <= 400
    assert powered < alone


def test_a_linear_model_s_predictions_save_nothing():
    rng = np.random.default_rng(2)
    X, _, y = curved(200, rng)
    found = gl.budget(
        (X, y), predictions=X.sum(axis=1), cost={"real": 1, "synthetic": 0.01}, money=400
    )
    assert found.ppi.ratio == pytest.approx(1.0, abs=1e-3)
    assert any("does not help here" in text for text in found.sentences)


def test_predictions_may_be_a_column():
    import pandas as pd

    X, said, y = curved(60, np.random.default_rng(3))
    frame = pd.DataFrame({f"x{k}": column for k, column in enumerate(X.T)})
    frame = frame.assign(model=said, y=y)
    arguments = {"cost": TENTH, "money": 100}
    by_name = gl.budget(frame, target="y", predictions="model", **arguments)
    by_value = gl.budget((X, y), predictions=said, **arguments)
    assert by_name.ppi == by_value.ppi
    with pytest.raises(gl.InvalidInputError, match="predictions was 'other'"):
        gl.budget(frame, target="y", predictions="other", **arguments)
    towns = frame.assign(town=np.resize(["Bergen", "Oslo"], 60))
    with pytest.raises(gl.InvalidInputError, match="no such column of numbers"):
        gl.budget(towns, target="y", predictions="town=Oslo", **arguments)
    with pytest.raises(gl.InvalidInputError, match="predictions had 3 entries; 60 rows"):
        gl.budget((X, y), predictions=[1, 2, 3], **arguments)
    with pytest.raises(gl.InvalidInputError, match="labeler_error was given beside predictions"):
        gl.budget((X, y), predictions=said, labeler_error=1.0, **arguments)


@pytest.mark.parametrize("price", [1e308, 1e-308])
def test_prices_beyond_numbers_are_refused(price):
    cost = {"real": price, "synthetic": price}
    with pytest.raises(gl.InvalidInputError, match=r"cost\['real'\] was .*another unit"):
        gl.tune(POWER, gl.Plan.mix(3, 100, real=0.5), over="n_samples", cost=cost, limit=150)


def test_noise_whose_square_is_no_number_is_refused():
    X = np.random.default_rng(0).normal(size=(60, 5))
    with pytest.raises(gl.InvalidInputError, match=r"labeler_noise was 1e\+300"):
        gl.budget((X, X.sum(axis=1)), labeler_noise=1e300, cost=TENTH, money=100)
