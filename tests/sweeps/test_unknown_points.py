"""Points of a map that no theory knows are marked, with the reason; a map without any known point is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import genloss as gl
from genloss.sweeps import patches
from genloss.sweeps.known import Map
from genloss.sweeps.phases import _best

PROBLEM = gl.Problem.power_law(12, capacity=1.2, source=0.5)
WINDOW = {"preset": "window", "last": 3, "noise": 0.5, "penalty": 0.3}
ROWS = ("n_samples", [20, 30])
LENGTHS = ("generations", [2, 4])  # of which the first does not show what repeats


def test_limits_that_are_not_known_are_marked():
    found = gl.phases(PROBLEM, WINDOW, ROWS, LENGTHS)
    assert found.unknown.tolist() == [[True, True], [False, False]]
    assert np.isnan(found.values[0]).all()
    assert np.isnan(found.radius[0]).all()
    assert "too short to show" in found.reasons[0, 0]
    assert found.reasons[1].tolist() == ["", ""]
    plans = [gl.Plan.window(4, n, last=3, penalty=0.3, noise=0.5) for n in ROWS[1]]
    limits = [gl.limit(PROBLEM, plan).risk for plan in plans]
    np.testing.assert_allclose(found.values[1], limits, rtol=1e-3)
    assert np.isfinite(found.border).all()
    assert "0 unstable, 2 unknown" in repr(found)
    assert found.to_dict()["reasons"] == found.reasons.tolist()
    assert found.to_frame("pandas")["reason"].tolist() == found.reasons.ravel().tolist()
    assert [text.get_text() for text in found.plot().get_legend().get_texts()] == ["not known"]


def test_maps_that_are_known_everywhere_say_nothing_of_it():
    found = gl.phases(PROBLEM, {**WINDOW, "generations": 4}, ROWS, ("noise", [0.1, 0.5]))
    assert found.reasons is None
    assert not found.unknown.any()
    assert "unknown" not in repr(found)
    assert "reasons" not in found.to_dict()
    assert found.plot().get_legend() is None


LONG = {"preset": "anchored", "n_real": 30, "noise": 0.5, "penalty": 0.1}


def test_last_risks_that_are_not_known_are_marked():
    found = gl.phases(PROBLEM, LONG, ROWS, ("generations", [3, 14]), "final")
    one = [gl.predict(PROBLEM, gl.Plan.anchored(3, n, **asked())).risk[-1] for n in ROWS[1]]
    np.testing.assert_allclose(found.values[0], one, rtol=1e-12)
    assert found.unknown.tolist() == [[False, False], [True, True]]
    assert "14 models that share rows" in found.reasons[1, 1]


def asked():
    return {name: value for name, value in LONG.items() if name != "preset"}


def test_a_map_of_which_nothing_is_known_is_refused():
    with pytest.raises(gl.NoTheoryError, match="14 models that share rows"):
        gl.phases(PROBLEM, {**LONG, "generations": 14}, ROWS, ("noise", [0.1, 0.5]), "final")
    with pytest.raises(gl.NoTheoryError, match="too short to show"):
        gl.phases(PROBLEM, {**WINDOW, "generations": 2}, ROWS, ("noise", [0.4, 0.5]))


def test_the_best_policy_is_not_known_where_one_is_not():
    why = np.array([["", "too long", ""]], dtype=object)
    one = Map([np.array([[1.0, np.nan, np.inf]])], None, why)
    other = Map([np.array([[0.5, 0.1, np.inf]])], None, None)
    best = _best([one, other])
    np.testing.assert_array_equal(best.values[0], [[1.0, np.nan, np.nan]])
    assert best.reasons.tolist() == why.tolist()


def test_what_is_not_known_is_filled_as_such():
    x, y = np.arange(1.0, 61.0), np.arange(1.0, 41.0)
    risk = np.where(x < 31, 1 + x * y[:, None] / 1000, np.nan)
    asked = []

    def solve(numbers):
        asked.extend(numbers)
        return [risk.ravel()[numbers]]

    (part,), solved = patches.filled(solve, x, y, [patches.RISK], 0.01)
    np.testing.assert_allclose(part, risk, rtol=0.01)
    assert len(asked) == solved.sum() < 0.4 * risk.size


def test_the_command_says_what_is_not_known(genloss, tmp_path):
    file = tmp_path / "map.toml"
    file.write_text(
        '[problem]\npreset = "isotropic"\ndim = 20\n[plan]\npreset = "anchored"\nn_real = 30\nnoise = 0.5\npenalty = 0.1\n'
        '[grid]\n"plan.n_samples" = [40, 60]\n"plan.generations" = [3, 14]\n'
    )
    code, out, errors = genloss("phases", str(file), "--value", "final")
    assert (code, errors) == (0, "")
    said = " ".join(out.split())
    assert "100% of 2 points are stable. 2 points more are not known: plan has 14 models" in said
    assert said.count("unknown") == 2
    _, out, _ = genloss("phases", str(file), "--value", "final", "--json")
    plain = json.loads(out)
    assert plain["values"][1] == [None, None]
    assert plain["reasons"][0] == ["", ""]
