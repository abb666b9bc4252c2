"""Points of a sweep: what they are, what is refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import xarray as xr

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.sweeps import runs, sweep
from genloss.sweeps.axes import read_grid
from genloss.sweeps.fields import Built, build_plan, build_problem
from genloss.sweeps.points import point_seed

ISOTROPIC = {"preset": "isotropic", "dim": 12}
REPLACE = {"preset": "replace", "generations": 3, "n_samples": 40, "noise": 0.5}


def serial(*arguments, **options):
    return sweep(*arguments, **({"cluster": "serial"} | options))


def test_every_point_is_what_predict_and_simulate_say(tmp_path):
    grid = {
        "problem.signal": [0.5, 2.0],
        "plan.penalty": {"log": [1e-2, 1.0, 3]},
        "plan.generations": [2, 4],
    }
    results = serial(
        ISOTROPIC, REPLACE, grid, trials=16, seed=5, store=tmp_path / "s", block_size=5
    )
    assert dict(results.sizes) == {
        "signal": 2, "penalty": 3, "generations": 2, "route": 2, "model": 4
    }  # fmt: skip
    number = 0
    for signal in (0.5, 2.0):
        for penalty in (0.01, 0.1, 1.0):
            for generations in (2, 4):
                problem = gl.Problem.isotropic(12, signal=signal)
                plan = gl.Plan.replace(generations, 40, penalty=penalty, noise=0.5)
                here = results.sel(signal=signal, generations=generations)
                here = here.sel(penalty=penalty, method="nearest")
                theory, simulation = here.sel(route="theory"), here.sel(route="simulation")
                expected = gl.predict(problem, plan)
                for name in ("risk", "bias", "variance"):
                    column = theory[name].values
                    np.testing.assert_allclose(column[:generations], getattr(expected, name))
                    assert np.isnan(column[generations:]).all()
                drawn = gl.simulate(problem, plan, trials=16, seed=int(here.seed), workers=1)
                assert int(here.seed) == point_seed(5, number)
                for name in ("risk", "bias", "variance", "stderr"):
                    np.testing.assert_allclose(
                        simulation[name].values[:generations], getattr(drawn, name), rtol=1e-10
                    )
                assert int(here.n_models) == generations
                assert str(theory.method.values) == expected.method
                assert str(theory.warnings.values) == "\n".join(expected.warnings)
                assert str(simulation.method.values) == drawn.method
                number += 1
    assert np.isnan(results.stderr.sel(route="theory")).all()


def assert_same_results(found, expected):
    """Simulations to the last bit; theory but for rounding, as blocks are predicted together."""
    for route in expected.route.values:
        one, other = found.sel(route=route).drop_attrs(), expected.sel(route=route).drop_attrs()
        if route == "theory":
            xr.testing.assert_allclose(one, other, rtol=1e-12)
        else:
            xr.testing.assert_equal(one, other)


@pytest.mark.slow
def test_results_do_not_depend_on_blocks_or_workers(tmp_path):
    grid = {"plan.penalty": [0.01, 0.1, 1.0], "plan.noise": [0.1, 0.2, 0.3, 0.4]}
    options = {"trials": 8, "seed": 3}
    one = serial(ISOTROPIC, REPLACE, grid, store=tmp_path / "a", block_size=1, **options)
    whole = serial(ISOTROPIC, REPLACE, grid, store=tmp_path / "b", block_size=12, **options)
    threads = sweep(
        ISOTROPIC, REPLACE, grid, store=tmp_path / "c", block_size=5, cluster="threads", **options
    )
    drop = ["created"]
    again = serial(ISOTROPIC, REPLACE, grid, store=tmp_path / "e", block_size=5, **options)
    xr.testing.assert_equal(again.drop_attrs(), threads.drop_attrs())
    for other in (whole, threads):
        assert_same_results(other, one)
        assert {k: v for k, v in one.attrs.items() if k not in drop} == {
            k: v for k, v in other.attrs.items() if k not in drop
        }
    other_seed = serial(ISOTROPIC, REPLACE, grid, store=tmp_path / "d", trials=8, seed=4)
    assert (other_seed.risk.sel(route="theory") == whole.risk.sel(route="theory")).all()
    assert (other_seed.risk.sel(route="simulation") != one.risk.sel(route="simulation")).all()


def test_a_point_without_theory_is_nan_with_a_message(tmp_path, monkeypatch):
    real = gl.predict

    def knows_no_penalty(problem, plans):
        if any(plan.penalty.any() for plan in plans):
            raise gl.NoTheoryError("nobody knows")
        return real(problem, plans)

    monkeypatch.setattr(sys.modules["genloss.theory.predict"], "predict", knows_no_penalty)
    grid = {"plan.penalty": [0.0, 0.1]}
    results = serial(ISOTROPIC, REPLACE, grid, trials=4, store=tmp_path / "s")
    known, unknown = (results.sel(penalty=penalty) for penalty in (0.0, 0.1))
    assert np.isfinite(known.risk).all()
    assert np.isnan(unknown.risk.sel(route="theory")).all()
    assert np.isfinite(unknown.risk.sel(route="simulation")).all()
    assert unknown.message.values.tolist() == ["nobody knows", ""]
    assert known.message.values.tolist() == ["", ""]
    assert unknown.method.values[0] == ""


def test_invalid_points_are_reported_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr("genloss.sweeps.runs.answer", lambda *_: pytest.fail("work was done"))
    grid = {"plan.penalty": [0.1, -1.0, 0.2, -2.0], "plan.noise": [0.1, 0.2]}
    with pytest.raises(
        InvalidInputError,
        match=r"4 points are invalid, of 8; the first is point 2 \(plan.penalty = -1.0, "
        r"plan.noise = 0.1\): penalty was -1.0; it must be >= 0",
    ):
        serial(ISOTROPIC, REPLACE, grid, store=tmp_path / "s")
    with pytest.raises(InvalidInputError, match=r"every point is.*did you mean 'signal'"):
        serial(ISOTROPIC, REPLACE, {"problem.signl": [1.0]}, store=tmp_path / "s")
    grid = {"plan.n_samples": [6, 40]}
    plan = REPLACE | {"penalty": "cv"}
    problem = {"preset": "power_law", "dim": 12, "capacity": 1.5, "source": 0.5}
    with pytest.raises(InvalidInputError, match=r"every point is.*method was 'exact'"):
        serial(problem, plan, grid, trials=4, method="exact", store=tmp_path / "s")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"problem": 3}, "problem was int; it must be a Problem or a table"),
        ({"plan": None}, "plan was NoneType; it must be a Plan or a table"),
        ({"grid": {}}, "grid was {}"),
        ({"grid": {"plan.penalty": []}}, "was empty"),
        ({"grid": {"plan.penalty": 0.1}}, "it must be a list of values"),
        ({"grid": {"plan.penalty": [0.1, 0.1]}}, "a value more than once"),
        ({"grid": {"penalty": [0.1]}}, "field 'penalty'; a field is"),
        ({"grid": {"plan.": [0.1]}}, "field 'plan.'"),
        ({"grid": {"plan.generations[x].noise": [0.1]}}, "a field is"),
        ({"grid": {"plan.penalty": {"lgo": [1, 2, 3]}}}, "did you mean 'log'"),
        ({"grid": {"plan.penalty": {"log": [0, 2, 3]}}}, r"log\[0\] was 0; it must be > 0"),
        ({"grid": {"plan.penalty": {"log": [1, 2]}}}, r"must be \[from, to, count\]"),
        ({"grid": {"plan.penalty": {"log": [1, 2, 3], "linear": [1, 2, 3]}}}, "must have one of"),
        ({"grid": {"plan.penalty": {"values": [1.0], "whole": True}}}, "does not go with values"),
        ({"grid": {"plan.penalty": {"uniform": [0, 1]}}}, "draws is missing"),
        ({"grid": {"plan.penalty": {"uniform": [1, 0]}}, "draws": 3}, "must run upwards"),
        ({"grid": {"plan.penalty": {"choice": []}}, "draws": 3}, "choice was empty"),
        ({"draws": 3}, "no field of the grid is random"),
        ({"grid": {"plan.penalty, plan.noise": [[1]]}}, "must have 2 values at each position"),
        ({"grid": {"plan.noise, plan.noise": [[1, 2]]}}, "more than once"),
        ({"grid": {"plan.noise": {"linear": [0, 1, 10**8]}}}, "must be <= 10000000"),
        ({"trials": 1}, "trials was 1"),
        ({"theory": False}, "nothing is left to compute"),
        ({"theory": 1}, "theory was 1"),
        ({"method": "exact"}, "give trials"),
        ({"seed": -1}, "seed was -1"),
        ({"cluster": "daks"}, "cluster was 'daks'"),
        ({"cluster": "proceses"}, "did you mean 'processes'"),
        ({"cluster": 3}, "cluster was 3"),
        ({"cluster": ""}, "cluster was ''"),
        ({"grid": None}, "grid was None"),
        ({"grid": {3: [1.0]}}, "field '3'"),
        ({"grid": {"plan.penalty": np.array(0.1)}}, "must be a list of values"),
        ({"grid": {"plan.penalty": np.array([])}}, "was empty"),
        ({"grid": {"plan.penalty": [np.nan]}}, "penalty was nan; it must be finite"),
        ({"grid": {"plan.penalty": [np.nan, np.nan]}}, "a value more than once"),
        ({"grid": {"plan.penalty": [[0.1, 0.2]]}}, "it must be one number or 3"),
        ({"grid": {"plan.penalty": ["a"]}}, "penalty was 'a'; it must be a number"),
        ({"grid": {"plan.penalty": {"linear": [0, np.inf, 3]}}}, r"linear\[1\] was inf"),
        ({"grid": {"plan.penalty": {"linear": [0, 1, 2.5]}}}, r"linear\[2\] was 2.5"),
        ({"grid": {"plan.penalty": {"linear": [0, 1, 2], "whole": 1}}}, "whole was 1"),
        ({"grid": {"plan.penalty": {"uniform": [0, np.nan]}}, "draws": 3}, r"\[1\] was nan"),
        ({"grid": {"plan.penalty": {"uniform": [0, 1]}}, "draws": -1}, "draws was -1"),
        ({"grid": {"plan.penalty, plan.noise": [0.1, 0.2]}}, "0.1 where a list was expected"),
        ({"trials": np.nan}, "trials was nan"),
        ({"trials": 4, "relative_stderr": np.nan}, "relative_stderr was nan"),
        ({"store": 3}, "store was 3; it must be a folder or a URL"),
        ({"store": ""}, "store was ''"),
        ({"any_version": "yes"}, "any_version was 'yes'; it must be True or False"),
        ({"repair": 1}, "repair was 1"),
        ({"progress": None}, "progress was None"),
        ({"workers": 0}, "workers was 0"),
        ({"block_size": 0}, "block_size was 0"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, options, message):
    given = {"problem": ISOTROPIC, "plan": REPLACE, "grid": {"plan.penalty": [0.1]}}
    with pytest.raises(InvalidInputError, match=message):
        sweep(**(given | {"store": tmp_path / "s"} | options))
    assert not list(tmp_path.iterdir())


def test_fields_of_presets_and_of_single_generations():
    plan = build_plan(
        REPLACE,
        [("plan.n_samples", 50), ("plan.generations[-1].penalty", 0.3), ("plan.generations", 4)],
    )
    assert plan == gl.Plan.replace(3, 50, noise=0.5).then(n_samples=50, penalty=0.3, noise=0.5)
    mixed = gl.Plan.mix(3, 100, real=0.2, noise=1.0)
    changed = build_plan(
        mixed, [("plan.noise", 2.0), ("plan.generations[2].sources[1].n_samples", 7)]
    )
    assert [source.noise for generation in changed for source in generation.sources] == [2.0] * 5
    assert changed.n_samples.tolist() == [100, 100, 27]
    assert build_plan(mixed, [("plan.penalty", 0.1)]) == mixed.with_penalty(0.1)
    assert build_plan(mixed, [("problem.dim", 3)]) is mixed
    assert build_plan({**REPLACE, "then": [{"n_samples": 9}]}, [("plan.penalty", 0.1)]) == (
        gl.Plan.replace(3, 40, noise=0.5, penalty=0.1).then(n_samples=9)
    )
    problem = gl.Problem.power_law(5, capacity=1.0, source=1.0)
    assert build_problem(problem, [("problem.capacity", 2.0)]) == gl.Problem.power_law(
        5, capacity=2.0, source=1.0
    )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("plan.generations", 4, "give it as a table with a preset"),
        ("plan.n_samples", 4, "has rows of several sources"),
        ("plan.generations[9].noise", 1.0, r"generations\[9\].noise does not exist; there are 3"),
        ("plan.generations[0].sources[1].noise", 1.0, "there are 1 sources"),
        ("plan.generations[0].nosie", 1.0, r"plan.generations\[0\] has.*did you mean 'noise'"),
        ("plan.generations[0].penlty", 1.0, "did you mean 'penalty'"),
        ("plan.penlty", 1.0, "plan has an unknown key 'penlty'; did you mean 'penalty'"),
        ("plan.generations[1].sources[0].penalty", 1.0, "unknown key 'penalty'"),
    ],
)
def test_fields_that_a_plan_does_not_have(path, value, message):
    with pytest.raises(InvalidInputError, match=message):
        build_plan(gl.Plan.mix(3, 100, real=0.2), [(path, value)])


def test_whole_problems_and_plans_with_names(tmp_path):
    plans = {"none": gl.Plan.replace(3, 40, noise=1.0), "half": gl.Plan.mix(3, 40, real=0.5)}
    grid = {"plan": {"named": plans}, "plan.noise": [0.5, 1.0]}
    results = serial(gl.Problem.isotropic(12), REPLACE, grid, store=tmp_path / "s")
    assert results.plan.values.tolist() == ["none", "half"]
    expected = gl.predict(gl.Problem.isotropic(12), gl.Plan.mix(3, 40, real=0.5, noise=0.5))
    np.testing.assert_allclose(results.risk.sel(plan="half", noise=0.5)[0], expected.risk)


def test_equal_looking_problems_are_told_apart():
    first, second = (gl.Problem([1.0, 0.5], truth) for truth in ([1.0, 0.0], [-1.0, 0.0]))
    assert repr(first) == repr(second)
    built = Built(first, REPLACE)
    assert built.at([("problem", first)])[0] is first
    assert built.at([("problem", second)])[0] is second


PRESETS = (
    {"preset": "replace"},
    {"preset": "mix", "real": 0.3},
    {"preset": "mix_labels", "real": 0.3, "real_noise": 0.1},
    {"preset": "accumulate", "design": "fresh"},
    {"preset": "subsample", "design": "same"},
    {"preset": "same_design"},
    {"preset": "replace", "then": [{"n_samples": 9, "penalty": 0.7}]},
    {"preset": "replace", "penalty": [0.1, 0.2, 0.3]},
)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset["preset"])
@pytest.mark.parametrize("penalty", [0.0, 0.25, [0.3, 0.2, 0.1]])
@pytest.mark.parametrize(
    "more", [[], [("plan.noise", 0.2)], [("plan.generations[-1].penalty", 2.0)]]
)
def test_a_penalty_put_into_a_built_plan_is_that_of_the_table(preset, penalty, more):
    base = {"generations": 3, "n_samples": 40, **preset}
    values = [("plan.penalty", penalty), *more]
    built = Built(ISOTROPIC, base)
    for _ in range(2):
        assert built.at(values)[1] == build_plan(base, values)


def test_every_plan_is_built_once(tmp_path, monkeypatch):
    from genloss.sweeps import fields

    built = []
    for owner, name in ((fields, "build_plan"), (gl.Plan, "with_penalty")):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given, real=real: built.append(1) or real(*given))
    grid = {"plan.penalty": {"log": [0.01, 1.0, 10]}, "plan.noise": {"linear": [0.1, 1.0, 10]}}
    serial(ISOTROPIC, REPLACE, grid, store=tmp_path / "s", block_size=30)
    assert len(built) == 10 + 100  # a table for every noise, a penalty put into it for every point


def test_fields_that_move_together(tmp_path):
    grid = {"problem.dim, plan.n_samples": [(10, 30), (20, 60)], "plan.penalty": [0.1, 0.2]}
    results = serial(ISOTROPIC, REPLACE, grid, store=tmp_path / "s")
    assert results.sizes["dim"] == 2
    assert results.n_samples.dims == ("dim",)
    assert results.n_samples.values.tolist() == [30, 60]
    expected = gl.predict(gl.Problem.isotropic(20), gl.Plan.replace(3, 60, noise=0.5, penalty=0.2))
    np.testing.assert_allclose(results.risk.sel(dim=20, penalty=0.2)[0], expected.risk)


def test_random_fields_and_a_grid(tmp_path):
    grid = {
        "plan.penalty": {"log_uniform": [1e-3, 1.0]},
        "plan.n_samples": {"uniform": [20, 60], "whole": True},
        "plan.noise": [0.0, 1.0],
        "problem.signal": {"choice": [1.0, 4.0]},
    }
    results = serial(ISOTROPIC, REPLACE, grid, draws=200, seed=1, store=tmp_path / "s")
    assert dict(results.sizes) == {"noise": 2, "draw": 200, "route": 1, "model": 3}
    assert set(results.coords) == {
        "noise", "draw", "penalty", "n_samples", "signal", "route", "model"
    }  # fmt: skip
    penalty, rows = results.penalty.values, results.n_samples.values
    assert penalty.min() > 1e-3
    assert penalty.max() < 1.0
    assert abs(np.log10(penalty).mean() + 1.5) < 4 * 3 / np.sqrt(12 * 200)
    assert rows.dtype == np.int64
    assert rows.min() >= 20
    assert rows.max() <= 60
    assert set(results.signal.values) == {1.0, 4.0}
    point = results.sel(noise=1.0).isel(draw=17)
    expected = gl.predict(
        gl.Problem.isotropic(12, signal=float(point.signal)),
        gl.Plan.replace(3, int(point.n_samples), noise=1.0, penalty=float(point.penalty)),
    )
    np.testing.assert_allclose(point.risk.sel(route="theory"), expected.risk)
    fewer = read_grid({"plan.penalty": {"log_uniform": [1e-3, 1.0]}}, draws=200, seed=1)
    assert [row[0] for row in fewer[0].values] == penalty.tolist()  # a stream per field
    other = read_grid({"plan.penalty": {"log_uniform": [1e-3, 1.0]}}, draws=200, seed=2)
    assert other != fewer


def test_a_long_sweep_says_how_long_it_will_take(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(runs, "_cost", lambda *_: 5.0)  # seconds a point, it is said
    grid = {"plan.penalty": [0.1, 0.2, 0.3]}
    serial(ISOTROPIC, REPLACE, grid, store=tmp_path / "told", progress=True)
    assert capsys.readouterr().err == "genloss: 3 points take about 15 s on one worker\n"
    serial(ISOTROPIC, REPLACE, grid, store=tmp_path / "quiet")
    assert not capsys.readouterr().err
    monkeypatch.setattr(runs, "_cost", lambda *_: 0.01)
    serial(ISOTROPIC, REPLACE, grid, store=tmp_path / "short", progress=True)
    assert not capsys.readouterr().err
