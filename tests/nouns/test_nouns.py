"""The public door, problems, sources and generations."""

from __future__ import annotations

import dataclasses
import importlib
import pickle

import numpy as np
import pytest

import genloss as gl
from genloss.generation import REAL

Gen, Src, Plan, Problem = gl.Generation, gl.Source, gl.Plan, gl.Problem


def refused(build, *words, error=gl.InvalidInputError):
    with pytest.raises(error) as caught:
        build()
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, f"{missing} not in {caught.value}"


# --- the public door --------------------------------------------------------------------------


def test_public_names_are_sorted_and_unique():
    assert gl.__all__ == sorted(set(gl.__all__))
    assert set(gl.__all__) <= set(dir(gl))


@pytest.mark.parametrize("name", gl.__all__)
def test_every_public_name_is_there(name):
    assert getattr(gl, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'colapse'"):
        gl.colapse  # noqa: B018


@pytest.mark.parametrize(
    ("error", "also"),
    [
        (gl.InvalidInputError, ValueError),
        (gl.DataError, gl.InvalidInputError),
        (gl.NoTheoryError, NotImplementedError),
        (gl.MissingDependencyError, ImportError),
    ],
)
def test_every_error_is_a_genloss_error_and_a_builtin_one(error, also):
    assert issubclass(error, gl.GenlossError)
    assert issubclass(error, also)


@pytest.mark.parametrize("path", ["theory.predict", "trials.simulate", "tuning.tune"])
def test_verbs_stay_callable_once_their_modules_are_imported(path):
    module = importlib.import_module(f"genloss.{path}")
    verb = path.partition(".")[2]
    assert getattr(gl, verb) is getattr(module, verb)


# --- Problem ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Problem([], []), ["spectrum", "(0,)", "1-D"]),
        (lambda: Problem([[1.0]], [1.0]), ["spectrum", "(1, 1)", "1-D"]),
        (lambda: Problem(2.0, [1.0]), ["spectrum", "()", "1-D"]),
        (lambda: Problem(["a"], [1.0]), ["spectrum", "numeric"]),
        (lambda: Problem([1.0, np.inf], [1.0, 1.0]), ["spectrum[1]", "inf", "finite"]),
        (lambda: Problem([1.0, 0.0], [1.0, 1.0]), ["spectrum[1]", "0.0", "> 0"]),
        (lambda: Problem([-1.0, 1.0], [1.0, 1.0]), ["spectrum[0]", "-1.0", "> 0"]),
        (lambda: Problem([1.0], [np.nan]), ["truth[0]", "nan", "finite"]),
        (lambda: Problem([1.0, 1.0], [1.0]), ["truth had 1", "spectrum has 2"]),
        (lambda: Problem.isotropic(0), ["dim was 0", ">= 1"]),
        (lambda: Problem.isotropic(2.5), ["dim was 2.5", "whole number"]),
        (lambda: Problem.isotropic(True), ["dim was True", "whole number"]),
        (lambda: Problem.isotropic("3"), ["dim was '3'", "whole number"]),
        (lambda: Problem.isotropic(3, signal=-1), ["signal was -1", ">= 0"]),
        (lambda: Problem.power_law(3, capacity=-1, source=0), ["capacity was -1", ">= 0"]),
        (lambda: Problem.power_law(3, capacity=1, source=None), ["source was None", "number"]),
        (lambda: Problem.from_spectrum([1.0, -1.0]), ["spectrum[1]", "-1.0"]),
        (lambda: Problem.from_mercer([1.0, 0.0], [1.0, 1.0]), ["eigenvalues", "0.0", "> 0"]),
        (
            lambda: Problem.from_mercer([1.0], [1.0, 1.0]),
            ["coefficients had 2", "eigenvalues has 1"],
        ),
    ],
)
def test_problem_names_what_is_wrong(build, words):
    refused(build, *words)


def test_problem_is_immutable_and_keeps_its_own_arrays():
    spectrum, truth = np.array([2.0, 1.0]), np.array([1.0, -1.0])
    problem = Problem(spectrum, truth)
    spectrum[0] = truth[0] = 9.0
    assert problem.spectrum.tolist() == [2.0, 1.0]
    assert problem.truth.tolist() == [1.0, -1.0]
    for array in (problem.spectrum, problem.truth):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.truth = truth


def test_problem_compares_by_value():
    one, other = (Problem([2, 1], [1, 0]) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Problem([2, 1], [1, 1])
    assert one != Problem([2, 3], [1, 0])
    assert one != Problem([2, 1], [1, 0], gaussian=False)
    assert one != "a problem"
    assert Problem.isotropic(4) == Problem(np.ones(4), np.full(4, 0.5))
    assert pickle.loads(pickle.dumps(one)) == one


def test_problem_presets_have_the_laws_they_are_named_for():
    i = np.arange(1.0, 51)
    power = Problem.power_law(50, capacity=1.4, source=0.3)
    np.testing.assert_allclose(power.spectrum, i**-1.4)
    np.testing.assert_allclose(power.truth**2 * power.spectrum, i ** -(1 + 2 * 1.4 * 0.3))
    flat = Problem.isotropic(50, signal=3.0)
    assert flat.is_isotropic
    assert not power.is_isotropic
    assert flat.signal == pytest.approx(3.0)
    given_spectrum = Problem.from_spectrum([4.0, 1.0], signal=2.0)
    assert given_spectrum.signal == pytest.approx(2.0)
    assert given_spectrum.truth[0] == given_spectrum.truth[1]
    mercer = Problem.from_mercer([4.0, 1.0], [2.0, 3.0])
    np.testing.assert_allclose(mercer.truth, [1.0, 3.0])
    assert not mercer.gaussian
    assert Problem([3.0, 1.0], [2.0, -1.0]).signal == 13.0
    assert power.dim == 50


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem.isotropic(30), "Problem.isotropic(dim=30, signal=1.0)"),
        (
            Problem.power_law(9, capacity=1.5, source=0.5),
            "Problem.power_law(dim=9, capacity=1.5, source=0.5)",
        ),
        (Problem([2.0, 1.0], [1.0, 1.0]), "Problem(dim=2, trace=3, signal=3)"),
        (
            Problem([2.0], [1.0], gaussian=False),
            "Problem(dim=1, trace=2, signal=2, gaussian=False)",
        ),
    ],
)
def test_problem_repr(problem, text):
    assert repr(problem) == text


# --- Source and Generation --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Src(0), ["n_samples was 0", ">= 1"]),
        (lambda: Src(1.5), ["n_samples was 1.5", "whole number"]),
        (lambda: Src("10"), ["n_samples was '10'", "whole number"]),
        (lambda: Src(True), ["n_samples was True", "whole number"]),
        (lambda: Src(5, noise=-1), ["noise was -1", ">= 0"]),
        (lambda: Src(5, noise="loud"), ["noise was 'loud'", "number"]),
        (lambda: Src(5, noise=np.nan), ["noise was nan", "finite"]),
        (lambda: Src(5, real_noise=-0.1), ["real_noise was -0.1", ">= 0"]),
        (lambda: Src(5, weight=0), ["weight was 0", "> 0"]),
        (lambda: Src(5, weight=np.inf), ["weight was inf", "finite"]),
        (lambda: Src(5, covariance=[1.0, -1.0]), ["covariance", "-1.0", "> 0"]),
        (lambda: Src(5, covariance=[]), ["covariance", "(0,)", "at least one entry"]),
        (lambda: Src(5, "reel"), ["labeler was 'reel'", "'real', 'previous'", "mixture"]),
        (lambda: Src(5, -1), ["labeler was -1", "earlier model"]),
        (lambda: Src(5, 1.0), ["labeler was 1.0", "earlier model"]),
        (lambda: Src(5, True), ["labeler was True", "earlier model"]),
        (lambda: Src(5, None), ["labeler was None", "earlier model"]),
        (lambda: Src(5, {}), ["labeler was ()", "at least one labeler"]),
        (lambda: Src(5, {"next": 1.0}), ["labeler was 'next'", "earlier model"]),
        (lambda: Src(5, {"real": "half"}), ["labeler['real'] was 'half'", "number"]),
        (lambda: Src(5, {"real": np.inf}), ["labeler['real'] was inf", "finite"]),
        (lambda: Src(5, ("real", "previous")), ["labeler was ('real', 'previous')", "coefficient"]),
        (lambda: Src(5, np.array([0, 1])), ["labeler was array", "earlier model"]),
        (lambda: Gen([]), ["sources was []", "at least one Source"]),
        (lambda: Gen(5), ["sources was 5", "list of Source"]),
        (lambda: Gen([5]), ["sources was [5]", "at least one Source"]),
        (lambda: Gen("abc"), ["sources was 'abc'", "at least one Source"]),
        (lambda: Gen([Src(5)], penalty=-1), ["penalty was -1", ">= 0"]),
        (lambda: Gen([Src(5)], design="old"), ["design was 'old'", "'fresh', 'same'"]),
        (lambda: Gen([Src(5)], pooled=1), ["pooled was 1", "True or False"]),
        (lambda: Gen.of(0), ["n_samples was 0", ">= 1"]),
    ],
)
def test_source_and_generation_name_what_is_wrong(build, words):
    refused(build, *words)


def test_sources_and_generations_are_values():
    assert Src(5, {"previous": 0.7, "real": 0.3}) == Src(5, {"real": 0.3, "previous": 0.7})
    assert Src(5, {"0": 0.7, "real": 0.3}) == Src(5, {"real": 0.3, 0: 0.7})
    assert Src(5.0, covariance=np.ones(2)) == Src(5, covariance=[1, 1])
    assert Src(5, "0") == Src(5, 0) == Src(5, np.int64(0))
    assert Src(5) != Src(5, noise=0.1)
    assert hash(Src(5, {"previous": 0.7, "real": 0.3}, covariance=[1.0])) == hash(
        Src(5, {"real": 0.3, "previous": 0.7}, covariance=(1.0,))
    )
    assert Gen(Src(5)) == Gen([Src(5)]) == Gen((Src(5),)) == Gen(iter([Src(5)]))
    assert hash(Gen([Src(5)], 0.1)) == hash(Gen([Src(5)], 0.1))
    for value, field in ((Src(5), "noise"), (Gen([Src(5)]), "penalty")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field, 1.0)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Src(5, noise=0.3), 0.3),
        (Src(5, noise=0.3, real_noise=0.7), 0.7),
        (Src(5, "previous", noise=0.3, real_noise=0.7), 0.3),
        (Src(5, {"real": 0.6, 2: 0.4}, noise=1.0), np.hypot(0.6, 0.4)),
        (Src(5, {"real": 0.6, 2: -0.4}, 0.5, real_noise=2.0), np.hypot(1.2, 0.2)),
        (Src(5, {"previous": 2.0}, 0.5), 1.0),
    ],
)
def test_a_mixed_label_averages_independent_noises(source, expected):
    assert source.label_noise == pytest.approx(expected)


def test_labelers_become_model_numbers():
    assert Src(5).labeler_numbers(3) == {REAL: 1.0}
    assert Src(5, "previous").labeler_numbers(3) == {2: 1.0}
    assert Src(5, 0).labeler_numbers(3) == {0: 1.0}
    mixture = Src(5, {"real": 0.2, "previous": 0.5, 2: 0.25})
    assert mixture.labeler_numbers(3) == {REAL: 0.2, 2: 0.75}
    assert mixture.mixture == {"real": 0.2, "previous": 0.5, 2: 0.25}


def test_a_labeler_named_twice_counts_twice_or_is_refused():
    try:
        source = Src(5, (("real", 0.5), ("real", 0.25)))
    except gl.InvalidInputError:
        return
    assert source.labeler_numbers(1) == {REAL: 0.75}


def test_a_generation_counts_the_rows_of_all_sources():
    assert Gen([Src(5), Src(7, weight=2.0)]).n_samples == 12
