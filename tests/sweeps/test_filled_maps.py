"""Maps that are solved in part say what maps solved whole say: values, and the border to the point."""

from __future__ import annotations

import json

import numpy as np
import pytest

import genloss as gl
from genloss.sweeps import patches

SIDE = 30
FIELDS = [patches.RISK, patches.RADIUS]


def close(part, whole, tolerance):
    risk, radius = part
    stable = np.isfinite(whole[0])
    assert np.array_equal(np.isfinite(risk), stable)
    assert np.abs(risk[stable] / whole[0][stable] - 1).max() < tolerance
    assert (np.abs(radius - whole[1]) / np.maximum(whole[1], 1)).max() < tolerance
    assert np.array_equal(radius < 1, whole[1] < 1)


def test_patches_of_a_map_with_a_border():
    """Least squares, whose limits are known at once."""
    rows, shares = np.arange(63_000, 175_000, 4_000), np.linspace(0.02, 0.9, SIDE)
    plan = {"preset": "mix", "generations": 4, "noise": 1.0}
    found = gl.phases(gl.Problem.isotropic(60_000), plan, ("n_samples", rows), ("real", shares))
    assert np.isinf(found.values).mean() > 0.1
    for order in (1, -1):  # an axis may fall
        whole, asked = (found.values[:, ::order], found.radius[:, ::order]), []

        def solve(numbers, whole=whole, asked=asked):
            asked.extend(numbers)
            return [value.ravel()[numbers] for value in whole]

        part, solved = patches.filled(solve, found.x[::order], found.y, FIELDS, 0.01)
        assert len(asked) == len(set(asked)) == solved.sum() < 0.6 * solved.size
        close(part, whole, 0.01)
        for some, all_ in zip(part, whole, strict=True):
            assert np.array_equal(some[solved], all_[solved])


def test_what_is_nowhere_smooth_is_solved():
    rough = np.random.default_rng(0).uniform(1, 2, (23, 31))
    (part,), solved = patches.filled(
        lambda numbers: [rough.ravel()[numbers]], np.arange(31.0), np.arange(23.0), FIELDS[:1], 0.01
    )
    assert solved.all()
    assert np.array_equal(part, rough)


def test_polynomials_are_filled_exactly():
    x, y = np.linspace(-1, 1, 40), np.geomspace(1, 100, 35)
    smooth = 5 + x + 0.1 * np.log(y)[:, None] ** 2
    (part,), solved = patches.filled(
        lambda numbers: [smooth.ravel()[numbers]], x, y, [patches.RADIUS], 1e-9
    )
    assert solved.sum() == 81
    np.testing.assert_allclose(part, smooth, rtol=1e-12)


def test_what_is_off_within_the_tolerance_is_no_more_off_between():
    """Polynomials through uneven places swing: by 12 percent here, on the scale where penalties are."""
    x, y = np.linspace(310, 904, 100), np.geomspace(1e-3, 1, 100)
    risk = np.tile(1.49 + 0.06 * (y[:, None] / 1e-3) ** -0.5 + 0.012 * (y[:, None] > 0.1), 100)
    (part,), _ = patches.filled(lambda numbers: [risk.ravel()[numbers]], x, y, FIELDS[:1], 0.01)
    assert np.abs(part / risk - 1).max() < 0.01


def stopped(steps):
    how = gl.filters.GradientDescent(steps, 0.2)
    first = gl.Generation([gl.Source(80, noise=1.0)], filter=how)
    rows = [gl.Source(72, "previous", 1.0), gl.Source(8, noise=1.0)]
    return gl.Plan([first, gl.Generation(rows, filter=how)])


BEFORE, REAL = (f"generations[-1].sources[{k}].n_samples" for k in range(2))


def test_small_maps_and_maps_without_tolerance_are_solved_whole():
    axes = (BEFORE, [60, 100]), (REAL, [20])
    for more in ({}, {"tolerance": 0}, {"workers": 1}):
        found = gl.phases(gl.Problem.isotropic(60), stopped(30), *axes, **more)
        assert (found.solved, found.tolerance) == (None, None)
    assert "solved" not in found.to_dict()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"tolerance": 0.2}, "tolerance was 0.2; it must be at most 0.1"),
        ({"tolerance": -1}, "tolerance was -1"),
        ({"workers": 0}, "workers was 0"),
    ],
)
def test_what_is_out_of_range_is_refused(more, said):
    with pytest.raises(gl.InvalidInputError, match=said):
        gl.phases(gl.Problem.isotropic(60), stopped(30), (BEFORE, [60]), (REAL, [20]), **more)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["filter", "channel"])
def test_filled_points_are_their_limits(kind):
    if kind == "filter":  # a border of stability in a corner
        problem, plan = gl.Problem.isotropic(60), stopped(480)
        x, y = (BEFORE, np.arange(50, 140, 4)), (REAL, np.arange(4, 92, 4))
    else:
        problem = gl.Problem.power_law(40, capacity=1.2, source=0.5)
        plan = {"preset": "self_train", "generations": 3, "n_real": 40}
        x, y = ("n_samples", np.arange(60, 165, 5)), ("penalty", np.geomspace(0.1, 1, 20))
    found = gl.phases(problem, plan, x, y, workers=1)
    assert np.isinf(found.values).any() == (kind == "filter")
    left = np.argwhere(~found.solved)
    assert len(left) > 0.3 * found.solved.size
    nearest = np.argsort(np.abs(found.radius[~found.solved] - 1))[:6]
    drawn = np.random.default_rng(0).choice(len(left), 14, replace=False)
    for row, column in left[[*nearest, *drawn]]:
        alone = gl.phases(problem, plan, (x[0], x[1][[column]]), (y[0], y[1][[row]]))
        close(
            (found.values[[row]][:, [column]], found.radius[[row]][:, [column]]),
            (alone.values, alone.radius),
            0.01,
        )


STAYING = {
    "anchored": {"preset": "anchored", "generations": 5, "n_real": 30, "noise": 0.5},
    "window": {"preset": "window", "generations": 5, "last": 2, "noise": 0.5},
    "distilled": {"preset": "distill", "rounds": 5, "mixing": 0.4, "noise": 0.5},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STAYING)
@pytest.mark.parametrize("value", ["limit", "final"])
def test_maps_of_rows_that_stay_are_what_single_plans_say(name, value):
    problem, plan = gl.Problem.power_law(60, capacity=1.2, source=0.5), STAYING[name]
    x, y = np.arange(63, 183, 4), np.geomspace(0.03, 1, SIDE)
    found = gl.phases(problem, plan, ("n_samples", x), ("penalty", y), value, workers=1)
    assert found.solved.mean() < 0.35
    assert found.reasons is None
    make = getattr(gl.Plan, plan["preset"])
    more = {
        key: each for key, each in plan.items() if key not in ("preset", "generations", "rounds")
    }
    for row, column in np.random.default_rng(0).integers(SIDE, size=(6, 2)):
        one = make(5, int(x[column]), penalty=float(y[row]), **more)
        end = gl.limit(problem, one) if value == "limit" else None
        alone = gl.predict(problem, [one])[0].risk[-1] if end is None else end.risk
        assert found.values[row, column] == pytest.approx(alone, rel=0.01)


def test_last_risks_of_ridge_on_new_rows_are_found_in_one_call():
    rows, shares = np.arange(70, 220, 6), np.linspace(0.1, 0.9, 20)
    plan = {"preset": "mix", "generations": 3, "noise": 1.0, "penalty": 0.1}
    found = gl.phases(
        gl.Problem.isotropic(60), plan, ("n_samples", rows), ("real", shares), "final"
    )
    assert (found.solved, found.tolerance, found.radius) == (None, None, None)
    assert found.values.size > 400


@pytest.mark.slow
def test_the_command_says_what_was_solved(genloss, tmp_path):
    file = tmp_path / "map.toml"
    file.write_text(
        '[problem]\npreset = "isotropic"\ndim = 20\n[plan]\npreset = "self_train"\ngenerations = 3\nn_real = 40\n'
        '[grid]\n"plan.n_samples" = { linear = [40, 240, 41] }\n"plan.penalty" = { log = [0.1, 1.0, 11] }\n'
    )
    code, out, errors = genloss("phases", str(file), "--workers", "1")
    assert (code, errors) == (0, "")
    said = " ".join(out.split())
    assert "points were solved, the others are filled between them, to about 1%" in said
    code, out, _ = genloss("phases", str(file), "--workers", "2", "--tolerance", "0.1", "--json")
    plain = json.loads(out)
    assert plain["tolerance"] == 0.1
    assert np.array(plain["solved"]).shape == (11, 41)
