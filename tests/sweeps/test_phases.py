"""Phase diagrams: every point is what the verbs say of its plan alone, and borders are where they should be."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import genloss as gl

DECAY = gl.Problem.power_law(120, capacity=1.2, source=0.5)
MIX = {"preset": "mix", "generations": 4, "noise": 1.0}
ROWS = ("n_samples", [60, 110, 130, 150, 200])
SHARES = ("real", [0.0, 0.1, 0.4, 1.0])


def plans(problem=None, **more):
    for y in SHARES[1]:
        for x in ROWS[1]:
            yield gl.Plan.mix(4, x, real=y, noise=1.0, **more)


@pytest.mark.parametrize("penalty", [0.0, 0.01])
def test_points_are_limits(penalty):
    found = gl.phases(DECAY, {**MIX, "penalty": penalty}, ROWS, SHARES)
    growth = gl.phases(DECAY, {**MIX, "penalty": penalty}, ROWS, SHARES, "growth")
    assert found.values.shape == (4, 5)
    one = [gl.limit(DECAY, plan) for plan in plans(penalty=penalty)]
    np.testing.assert_allclose(found.values.ravel(), [each.risk for each in one], rtol=1e-9)
    np.testing.assert_allclose(growth.values.ravel(), [each.radius for each in one], rtol=1e-9)
    assert np.isinf(found.values).any() == (penalty == 0)


SPECTRUM = np.arange(1, 9) ** -0.5
COLUMNS = np.random.default_rng(0).standard_normal((8, 3))
FEW = ("n_samples", [20, 80])
PENALISED = {**MIX, "penalty": 0.1}


@pytest.mark.parametrize("shares", [[0.5], [1.0]])
def test_points_of_inputs_with_tails_are_their_limits(shares):
    problem = gl.Problem(SPECTRUM, COLUMNS[:, 0], tails=[0.1, 1.9])
    found = gl.phases(problem, PENALISED, ("n_samples", [80]), ("real", shares))
    one = [
        gl.limit(problem, gl.Plan.mix(4, 80, real=a, noise=1.0, penalty=0.1)).risk for a in shares
    ]
    np.testing.assert_allclose(found.values.ravel(), one, rtol=1e-6)


CLASSES = [{"truth": COLUMNS}, {"means": 0.3 * COLUMNS}, {"means": COLUMNS[:, 0]}]


@pytest.mark.parametrize("made", CLASSES)
def test_points_of_classes_are_their_limits(made):
    problem = gl.Problem(SPECTRUM, **made)
    found = gl.phases(problem, PENALISED, ("n_samples", [80]), ("real", [0.5]))
    one = gl.limit(problem, gl.Plan.mix(4, 80, real=0.5, noise=1.0, penalty=0.1))
    assert found.values.item() == pytest.approx(one.risk, rel=1e-6)


@pytest.mark.parametrize(
    ("words", "made"),
    [*zip(("several classes", "class means", "class means"), CLASSES, strict=True)],
)
def test_classes_have_no_best_penalty_for_ever(words, made):
    problem = gl.Problem(SPECTRUM, **made)
    with pytest.raises(gl.NoTheoryError, match=f"problem has {words}"):
        gl.phases(problem, PENALISED, FEW, ("real", [0.5]), "best_penalty")


@pytest.mark.parametrize("value", ["limit", "best_penalty", "best_policy"])
def test_classes_with_tails_have_no_limits(value):
    problem = gl.Problem(SPECTRUM, COLUMNS, tails=[0.1, 1.9])
    with pytest.raises(gl.NoTheoryError, match="problem has several classes and tails"):
        gl.phases(problem, PENALISED, FEW, ("real", [0.5]), value)


def test_tails_have_no_best_penalty_for_ever():
    problem = gl.Problem(SPECTRUM, COLUMNS[:, 0], tails=[0.1, 1.9])
    with pytest.raises(gl.NoTheoryError, match="problem has tails"):
        gl.phases(problem, MIX, FEW, ("real", [0.5]), "best_penalty")


def test_points_are_last_risks():
    found = gl.phases(DECAY, MIX, ROWS, SHARES, "final").values.ravel()
    one = [gl.predict(DECAY, plan).risk[-1] for plan in plans()]
    np.testing.assert_allclose(found, one, rtol=1e-12)


def test_best_penalties_are_best():
    found = gl.phases(DECAY, MIX, ROWS, ("real", [0.1, 0.4]), "best_penalty")
    for (k, j), lam in np.ndenumerate(found.values):
        plan = gl.Plan.mix(4, ROWS[1][j], real=[0.1, 0.4][k], noise=1.0)
        risk = [gl.limit(DECAY, plan.with_penalty(lam * c)).risk for c in (0.9, 1.0, 1.1)]
        assert risk[1] < min(risk[0], risk[2])


def test_the_best_policy_is_best():
    found = gl.phases(DECAY, {**MIX, "penalty": 0.01}, ROWS, ("real", [0.1, 0.4]), "best_policy")
    n, a = ROWS[1][2], 0.4
    real = gl.Plan([gl.Generation([gl.Source(round(a * n), noise=1.0)], 0.01)])
    risks = [
        gl.limit(DECAY, gl.Plan.replace(4, n, penalty=0.01, noise=1.0)).risk,
        gl.limit(DECAY, gl.Plan.mix(4, n, real=a, penalty=0.01, noise=1.0)).risk,
        gl.limit(DECAY, gl.Plan.mix_labels(4, n, real=a, penalty=0.01, noise=1.0)).risk,
        gl.predict(DECAY, real).risk[0],
    ]
    assert found.values[1, 2] == np.argmin(risks)
    assert found.policies[2] == "mix labels"


def test_the_border_of_least_squares():
    """Isotropic, without a penalty: 1 + (1 - a)/(2 - a) times as many rows as directions."""
    d = 100_000
    rows = np.linspace(1.05, 1.6, 56) * d
    found = gl.phases(
        gl.Problem.isotropic(d),
        MIX,
        ("n_samples", rows.round()),
        ("real", [0.05, 0.3, 0.7]),
        "growth",
    )
    for x, a in found.border[:3]:
        assert x / d == pytest.approx(1 + (1 - a) / (2 - a), abs=2e-3)
    assert len(found.border) >= 3


def test_problems_and_single_generations_are_fields_too():
    plan = gl.Plan.replace(3, 200, penalty=0.1, noise=0.5)
    found = gl.phases(
        {"preset": "isotropic", "dim": 10},
        plan,
        ("problem.dim", [50, 100]),
        ("generations[-1].penalty", [0.1, 0.2]),
        "final",
    )
    last = plan.with_penalty([0.1, 0.1, 0.2])
    assert found.values[1, 0] == gl.predict(gl.Problem.isotropic(50), last).risk[-1]
    assert (found.x_name, found.y_name) == ("problem.dim", "generations[-1].penalty")


def test_values_of_many_kinds_and_a_presets_name():
    found = gl.phases(DECAY, "mix", ("n_samples", np.array([60.0, 90.0])), ("real", (0.2, 1)))
    assert (
        found.values.tolist()
        == gl.phases(
            DECAY, {**MIX, "noise": 0.0}, ("n_samples", [60, 90]), ("real", [0.2, 1.0])
        ).values.tolist()
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": ("n_sample", [60])}, "n_sample"),
        ({"x": ("n_samples", [60.5])}, "n_samples was 60.5; it must be a whole number"),
        ({"x": "n_samples"}, "x was 'n_samples'; it must be a pair"),
        ({"x": ("n_samples", [])}, "x was"),
        ({"value": "limits"}, "did you mean 'limit'"),
        ({"plan": 3}, "plan was 3"),
        ({"plan": "mixed"}, "did you mean 'mix'"),
        ({"value": "best_policy", "plan": gl.Plan.replace(3, 100)}, "not a table with the preset"),
    ],
)
def test_what_is_no_diagram_is_refused(change, said):
    asked = {"plan": MIX, "x": ROWS, "y": SHARES, "value": "limit", **change}
    with pytest.raises(gl.InvalidInputError, match=said):
        gl.phases(DECAY, asked["plan"], asked["x"], asked["y"], asked["value"])


def test_frames_dictionaries_and_pictures(tmp_path):
    found = gl.phases(gl.Problem.isotropic(100), MIX, ROWS, SHARES)
    frame = found.to_frame("pandas")
    assert list(frame.columns) == ["n_samples", "real", "limit", "radius"]
    assert frame["limit"].to_numpy()[7] == found.values[1, 2]
    assert found.to_dict()["x"] == {"name": "n_samples", "values": [60, 110, 130, 150, 200]}
    ax = found.plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("n_samples", "real")
    assert "unstable" in repr(found)
    assert "<table>" in found._repr_html_()


def test_the_command(genloss, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, example, _ = genloss("phases")
    assert code == 0
    small = example.replace("[60, 200, 71]", "[60, 200, 8]").replace("0.98, 49]", "0.98, 5]")
    (tmp_path / "phases.toml").write_text(small, encoding="utf-8")
    code, out, errors = genloss("phases", "phases.toml", "--plot", "map.png")
    assert (code, errors) == (0, "")
    assert "% of 40 points are stable; the border runs from n_samples" in out
    assert (tmp_path / "map.png").stat().st_size > 5000
    code, out, _ = genloss("phases", "phases.toml", "--value", "growth", "--json")
    plain = json.loads(out)
    assert np.array(plain["values"]).shape == (5, 8)
    assert math.isfinite(plain["radius"][0][0])
    (tmp_path / "one.toml").write_text(small.replace('"plan.real"', "# "), encoding="utf-8")
    code, _, errors = genloss("phases", "one.toml")
    assert (code, "grid has 1 axes" in errors) == (2, True)
