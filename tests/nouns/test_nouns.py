"""Problem, Source, Generation, Plan, Curve and their files: values that say what is wrong."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


# --- Plan -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Plan([]), ["generations was []", "at least one Generation"]),
        (lambda: Plan([Src(5)]), ["generations was", "at least one Generation"]),
        (lambda: Plan(7), ["generations was 7", "at least one Generation"]),
        (lambda: Plan([Gen.of(5)]), ["labeler of model 0 was 'previous'", "must be 'real'"]),
        (lambda: Plan([Gen.of(5, labeler=0)]), ["labeler of model 0 was 0", "must be 'real'"]),
        (
            lambda: Plan([Gen.of(5, labeler={"real": 0.5, "previous": 0.5})]),
            ["labeler of model 0", "must be 'real'"],
        ),
        (
            lambda: Plan([Gen.of(5, labeler="real"), Gen.of(5, labeler=1)]),
            ["labeler of model 1 was model 1", "models 0 to 0"],
        ),
        (
            lambda: Plan.replace(3, 5).then(n_samples=5, labeler={"real": 0.5, 7: 0.5}),
            ["labeler of model 3 was model 7", "models 0 to 2"],
        ),
        (
            lambda: Plan([Gen([Src(5)], design="same")]),
            ["design of model 0 was 'same'", "no earlier design"],
        ),
        (
            lambda: Plan.replace(2, 5).then(n_samples=6, design="same"),
            ["design of model 2 was 'same'", "n_samples 6", "model 1 has 5"],
        ),
        (lambda: Plan.replace(0, 5), ["generations was 0", ">= 1"]),
        (lambda: Plan.replace(2.5, 5), ["generations was 2.5", "whole number"]),
        (lambda: Plan.replace(2, 0), ["n_samples was 0", ">= 1"]),
        (lambda: Plan.replace(2, [5, 6, 7]), ["n_samples had 3", "one number or 2"]),
        (lambda: Plan.replace(2, 5, penalty=[0.1]), ["penalty had 1", "one number or 2"]),
        (lambda: Plan.replace(2, 5, noise=[1, -1]), ["noise was -1", ">= 0"]),
        (lambda: Plan.mix(2, 5, real=1.5), ["real was 1.5", "between 0 and 1"]),
        (lambda: Plan.mix(2, 5, real=[0, -0.1]), ["real was -0.1", "between 0 and 1"]),
        (lambda: Plan.mix_labels(2, 5, real=np.nan), ["real was nan", "finite"]),
        (
            lambda: Plan.mix_labels(2, 5, real=0.5, design="x"),
            ["design was 'x'", "'fresh', 'same'"],
        ),
        (lambda: Plan.accumulate(2, 5, design="old"), ["design was 'old'", "'fresh', 'same'"]),
        (lambda: Plan.same_design(2, [5, 6]), ["n_samples 6", "model 0 has 5"]),
        (lambda: Plan.replace(1, 5).then(n_sample=3), ["then", "n_sample", "mean 'n_samples'"]),
        (lambda: Plan.replace(1, 5).then(), ["then lacks 'n_samples'"]),
        (
            lambda: Plan.replace(1, 5).then(Gen.of(5), noise=1),
            ["then()", "noise", "one or the other"],
        ),
        (lambda: Plan.replace(2, 5).with_penalty([1]), ["penalty had 1", "one number or 2"]),
        (lambda: Plan.replace(2, 5).with_penalty(-1), ["penalty was -1", ">= 0"]),
        (
            lambda: Plan([Gen([Src(5, covariance=[1.0, 2.0])])]).check_fits(3),
            ["model 0", "2 entries", "dim 3"],
        ),
    ],
)
def test_plan_names_what_is_wrong(build, words):
    refused(build, *words)


def test_accumulate_has_no_default_design():
    with pytest.raises(TypeError, match="design"):
        Plan.accumulate(2, 5)


def test_plan_presets_are_the_plans_they_are_named_for():
    chain = [Gen.of(5, labeler="real", noise=0.1), Gen.of(6, penalty=0.2, noise=0.3)]
    assert Plan.replace(2, [5, 6], penalty=[0, 0.2], noise=[0.1, 0.3]) == Plan(chain)
    assert Plan.mix(2, 10, real=0.3, noise=1.0) == Plan(
        [
            Gen([Src(10, "real", 1.0)]),
            Gen([Src(3, "real", 1.0), Src(7, "previous", 1.0)]),
        ]
    )
    assert Plan.mix(3, 10, real=[0, 0, 1]) == Plan(
        [Gen([Src(10)]), Gen([Src(10, "previous")]), Gen([Src(10)])]
    )
    mixture = {"real": 0.25, "previous": 0.75}
    assert Plan.mix_labels(2, 10, real=0.25, noise=1.0, real_noise=2.0) == Plan(
        [Gen([Src(10, "real", 1.0, 2.0)]), Gen([Src(10, mixture, 1.0, 2.0)])]
    )
    assert Plan.accumulate(2, 10, design="same", penalty=0.1) == Plan(
        [
            Gen([Src(10)], 0.1, pooled=True),
            Gen([Src(10, "previous")], 0.1, "same", pooled=True),
        ]
    )
    assert Plan.same_design(2, 10, noise=1.0) == Plan(
        [Gen([Src(10, "real", 1.0)]), Gen([Src(10, "previous", 1.0)], design="same")]
    )


def test_plan_reads_like_a_sequence_and_knows_its_columns():
    plan = Plan.replace(2, [5, 6], penalty=[0.0, 0.2]).then(n_samples=7, labeler=0)
    assert len(plan) == plan.n_models == 3
    assert [g.n_samples for g in plan] == plan.n_samples.tolist() == [5, 6, 7]
    assert plan.penalty.tolist() == [0.0, 0.2, 0.0]
    assert plan.with_penalty(0.3).penalty.tolist() == [0.3, 0.3, 0.3]
    assert plan.with_penalty([1, 2, 3]).penalty.tolist() == [1, 2, 3]
    assert plan.with_penalty(plan.penalty) == plan


def test_then_adds_one_generation_labelled_by_the_last_model():
    plan = Plan.replace(2, 5)
    longer = plan.then(n_samples=9, noise=0.5)
    assert longer.generations[:2] == plan.generations
    assert longer.generations[2] == Gen([Src(9, "previous", 0.5)])
    assert plan.then(Gen.of(9, noise=0.5)) == longer
    assert plan.n_models == 2


def test_plans_are_values():
    one, other = (Plan.mix(4, 10, real=0.3) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Plan.mix(4, 10, real=0.4)
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.generations = ()


@pytest.mark.parametrize(
    ("plan", "lines"),
    [
        (Plan.replace(1, 5), ["Plan(1 model)", "  model 0: 5 real"]),
        (
            Plan.mix(3, 10, real=0.3, noise=0.5),
            [
                "Plan(3 models)",
                "  model 0: 10 real, noise 0.5",
                "  models 1-2: 3 real, noise 0.5 + 7 labelled by previous, noise 0.5",
            ],
        ),
        (
            Plan.replace(2, 5).then(n_samples=6, labeler={"real": 0.5, 0: 0.5}, penalty=0.1),
            [
                "Plan(3 models)",
                "  model 0: 5 real",
                "  model 1: 5 labelled by previous",
                "  model 2: 6 labelled by 0.5 real + 0.5 model 0, penalty 0.1",
            ],
        ),
        (
            Plan(
                [Gen([Src(5, weight=2.0, covariance=[1.0]), Src(4, real_noise=0.2)], pooled=True)]
            ),
            [
                "Plan(1 model)",
                "  model 0: 5 real, weight 2.0, own covariance + 4 real, real noise 0.2, pooled",
            ],
        ),
        (
            Plan.same_design(2, 5),
            [
                "Plan(2 models)",
                "  model 0: 5 real",
                "  model 1: 5 labelled by previous, same inputs",
            ],
        ),
    ],
)
def test_plan_repr(plan, lines):
    assert repr(plan) == "\n".join(lines)


# --- files ------------------------------------------------------------------------------------

number = st.floats(0, 1e6, allow_subnormal=False)
positive = st.floats(1e-6, 1e6)
penalty = st.one_of(number, st.just("cv"))
share = st.floats(-3, 3).filter(bool)


@st.composite
def sources(draw, model, n_samples=None):
    """A source; one with ``n_samples`` labels inputs anew, which keep their covariance."""
    names = ["real"] if model == 0 else ["real", "previous", *range(model)]
    mixtures = st.dictionaries(st.sampled_from(names), share, min_size=1, max_size=3)
    covariance = None
    if n_samples is None:
        covariance = draw(st.one_of(st.none(), st.lists(positive, min_size=1, max_size=3)))
    return Src(
        n_samples or draw(st.integers(1, 10**6)),
        draw(st.one_of(st.sampled_from(names), mixtures)),
        noise=draw(number),
        real_noise=draw(st.one_of(st.none(), number)),
        weight=draw(st.one_of(st.just(1.0), positive)),
        covariance=covariance,
    )


@st.composite
def plans(draw):
    generations = []
    for model in range(draw(st.integers(1, 4))):
        same = model > 0 and draw(st.booleans())
        if same:
            before = generations[-1].sources
            rows = tuple(draw(sources(model, source.n_samples)) for source in before)
        else:
            rows = tuple(draw(st.lists(sources(model), min_size=1, max_size=3)))
        generation = Gen(rows, draw(penalty), "same" if same else "fresh", draw(st.booleans()))
        generations.append(generation)
        if draw(st.booleans()):
            quiet = Gen.of(generation.n_samples, labeler=0 if model else "real")
            generations += [quiet] * draw(st.integers(1, 3)) if model else []
    return Plan(generations)


@st.composite
def problems(draw):
    arrays = st.lists(st.tuples(positive, st.floats(-1e6, 1e6)), min_size=1, max_size=5)
    dim = draw(st.integers(1, 20))
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return Problem.isotropic(dim, signal=draw(number))
    if kind == 1:
        return Problem.power_law(dim, capacity=draw(st.floats(0, 3)), source=draw(st.floats(0, 3)))
    spectrum, truth = zip(*draw(arrays), strict=True)
    return Problem(spectrum, truth, gaussian=kind == 2)


@given(plans(), problems())
@settings(max_examples=25, deadline=None)
def test_plans_and_problems_survive_their_plain_form(plan, problem):
    assert Plan.from_dict(plan.to_dict()) == plan
    assert Problem.from_dict(problem.to_dict()) == problem
    assert repr(Problem.from_dict(problem.to_dict())) == repr(problem)


@given(plan=plans(), problem=problems(), ending=st.sampled_from([".toml", ".json"]))
@settings(max_examples=25, deadline=None)
def test_plans_and_problems_survive_a_file(tmp_path_factory, plan, problem, ending):
    path = tmp_path_factory.getbasetemp() / f"survivor{ending}"
    gl.save(path, plan=plan, problem=problem)
    assert gl.load(path) == (plan, problem)
    assert gl.load_plan(path) == plan


@pytest.mark.parametrize("ending", ["toml", "json"])
def test_a_file_may_hold_only_one_of_them(tmp_path, ending):
    path = tmp_path / f"plan.{ending}"
    gl.save(str(path), problem=Problem.isotropic(3))
    assert gl.load(str(path)) == (None, Problem.isotropic(3))
    refused(lambda: gl.load_plan(path), "has no [plan]")
    gl.save(path, plan=Plan.replace(2, 5))
    assert gl.load(path) == (Plan.replace(2, 5), None)


def test_equal_neighbours_are_written_once():
    plain = Plan.replace(50, 100, noise=0.5).then(n_samples=7).to_dict()
    assert plain == {
        "generations": [
            {"n_samples": 100, "noise": 0.5},
            {"n_samples": 100, "labeler": "previous", "noise": 0.5, "repeat": 49},
            {"n_samples": 7, "labeler": "previous"},
        ]
    }


def read_toml(tmp_path, text):
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return gl.load(path)


PRESETS = {
    'preset = "replace"\ngenerations = 3\nn_samples = [5, 6, 7]\nnoise = 0.5': Plan.replace(
        3, [5, 6, 7], noise=0.5
    ),
    'preset = "mix"\ngenerations = 3\nn_samples = 10\nreal = 0.2': Plan.mix(3, 10, real=0.2),
    'preset = "mix_labels"\ngenerations = 3\nn_samples = 10\nreal = 0.2\nreal_noise = 1.0': (
        Plan.mix_labels(3, 10, real=0.2, real_noise=1.0)
    ),
    'preset = "accumulate"\ngenerations = 3\nn_samples = 10\ndesign = "same"': Plan.accumulate(
        3, 10, design="same"
    ),
    'preset = "same_design"\ngenerations = 3\nn_samples = 10\npenalty = 0.1': Plan.same_design(
        3, 10, penalty=0.1
    ),
}


@pytest.mark.parametrize("text", PRESETS)
def test_a_plan_file_may_name_a_preset(tmp_path, text):
    assert read_toml(tmp_path, f"[plan]\n{text}\n")[0] == PRESETS[text]


@pytest.mark.parametrize("preset", [True, False])
def test_then_in_a_plan_file_adds_generations(tmp_path, preset):
    head = (
        '[plan]\npreset = "replace"\ngenerations = 2\nn_samples = 10\n'
        if preset
        else "[[plan.generations]]\nn_samples = 10\n"
        '[[plan.generations]]\nn_samples = 10\nlabeler = "previous"\n'
    )
    tail = (
        '[[plan.then]]\nn_samples = 40\nlabeler = "previous"\npenalty = 0.1\nrepeat = 2\n'
        "[[plan.then]]\nsources = [{n_samples = 3}, "
        "{n_samples = 4, labeler = {real = 0.5, 1 = 0.5}}]\n"
    )
    expected = Plan.replace(2, 10)
    for _ in range(2):
        expected = expected.then(n_samples=40, penalty=0.1)
    expected = expected.then(Gen([Src(3), Src(4, {"real": 0.5, 1: 0.5})]))
    assert read_toml(tmp_path, head + tail)[0] == expected


def test_then_in_a_plan_file_is_labelled_like_then_in_python():
    written = {"preset": "replace", "generations": 2, "n_samples": 9, "then": [{"n_samples": 5}]}
    assert Plan.from_dict(written) == Plan.replace(2, 9).then(n_samples=5)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('preset = "isotropic"\ndim = 4', Problem.isotropic(4)),
        (
            'preset = "power_law"\ndim = 4\ncapacity = 1.5\nsource = 0.5',
            Problem.power_law(4, capacity=1.5, source=0.5),
        ),
        ('preset = "from_spectrum"\nspectrum = [2, 1]', Problem.from_spectrum([2, 1])),
        (
            'preset = "from_mercer"\neigenvalues = [2, 1]\ncoefficients = [1, 1]',
            Problem.from_mercer([2, 1], [1, 1]),
        ),
        ("spectrum = [2, 1]\ntruth = [1, 0]", Problem([2, 1], [1, 0])),
    ],
)
def test_a_problem_file_may_name_a_preset(tmp_path, text, problem):
    assert read_toml(tmp_path, f"[problem]\n{text}\n")[1] == problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[plans]\n", ["unknown key 'plans'", "did you mean 'plan'"]),
        ("[plan]\ngeneration = 3\n", ["unknown key 'generation'", "mean 'generations'"]),
        ("plan = 3\n", ["plan in 'plan.toml' was 3", "table"]),
        ("[plan]\n", ["plan.generations was None", "list of tables"]),
        ("[plan]\ngenerations = 3\n", ["plan.generations was 3", "list of tables"]),
        ("[plan]\ngenerations = []\n", ["at least one Generation"]),
        (
            "[[plan.generations]]\nn_sample = 3\n",
            ["plan.generations[0]", "unknown key 'n_sample'", "mean 'n_samples'"],
        ),
        ("[[plan.generations]]\nnoise = 3\n", ["plan.generations[0] lacks 'n_samples'"]),
        (
            "[[plan.generations]]\nn_samples = 3\npenality = 1\n",
            ["plan.generations[0]", "'penality'", "mean 'penalty'"],
        ),
        (
            "[[plan.generations]]\nn_samples = 3\nrepeat = 0\n",
            ["plan.generations[0].repeat was 0", ">= 1"],
        ),
        (
            "[[plan.generations]]\nsources = [{n_samples = 3, weigth = 2}]\n",
            ["plan.generations[0].sources[0]", "'weigth'", "mean 'weight'"],
        ),
        ("[[plan.generations]]\nsources = 3\n", ["plan.generations[0].sources", "list of tables"]),
        (
            "[[plan.generations]]\nsources = [{n_samples = 3}]\nnoise = 2\n",
            ["plan.generations[0]", "unknown key 'noise'"],
        ),
        ("[[plan.generations]]\nn_samples = 3\nlabeler = 0\n", ["labeler of model 0 was 0"]),
        (
            '[plan]\npreset = "replace"\ngenerations = 2\nn_samples = 3\nrael = 1\n',
            ["plan has an unknown key 'rael'"],
        ),
        ('[plan]\npreset = "replace"\ngenerations = 2\n', ["plan lacks 'n_samples'"]),
        (
            '[plan]\npreset = "accumulate"\ngenerations = 2\n',
            ["plan lacks 'n_samples' and 'design' ('fresh' or 'same')"],
        ),
        ('[plan]\npreset = "swap"\n', ["plan.preset was 'swap'", "'replace'", "'same_design'"]),
        (
            '[plan]\npreset = "replace"\ngenerations = 2\nn_samples = 3\nthen = 0\n',
            ["plan.then was 0", "list of tables"],
        ),
        ('[problem]\npreset = "isotropic"\n', ["problem lacks 'dim'"]),
        ('[problem]\npreset = "isotropic"\ndims = 3\n', ["'dims'", "mean 'dim'"]),
        ('[problem]\npreset = "cubic"\n', ["problem.preset was 'cubic'", "'isotropic'"]),
        ("[problem]\nspectrum = [1]\n", ["problem lacks 'truth'"]),
        ("[problem]\nspectrum = [1]\ntruth = [1]\nrecipe = {}\n", ["unknown key 'recipe'"]),
        ("[plan\n", ["plan.toml", "not valid TOML"]),
    ],
)
def test_a_plan_file_names_what_is_wrong(tmp_path, text, words):
    refused(lambda: read_toml(tmp_path, text), *words)


def test_files_that_cannot_be_used_are_named(tmp_path):
    refused(lambda: gl.load(tmp_path / "none.toml"), "none.toml", "cannot be read")
    refused(lambda: gl.load(tmp_path / "plan.yaml"), "plan.yaml", ".toml or .json")
    refused(lambda: gl.save(tmp_path / "plan.txt", plan=Plan.replace(1, 5)), ".toml or .json")
    refused(lambda: gl.save(tmp_path / "plan.toml"), "plan and problem were both None")
    assert not (tmp_path / "plan.toml").exists()
    for text, words in (("{", "not valid JSON"), ("[]", "[problem], [plan]")):
        (tmp_path / "plan.json").write_text(text, encoding="utf-8")
        refused(lambda: gl.load(tmp_path / "plan.json"), "plan.json", words)
    (tmp_path / "plan.json").write_bytes(b"\xff\xfe\x00")
    refused(lambda: gl.load(tmp_path / "plan.json"), "plan.json")


# --- Curve ------------------------------------------------------------------------------------


def curves():
    problem, plan = Problem.isotropic(10), Plan.replace(4, 31, noise=1.0)
    return [gl.predict(problem, plan), gl.simulate(problem, plan, trials=8)]


def test_curve_is_immutable():
    risk = np.array([1.0, 2.0])
    curve = gl.Curve(risk)
    risk[0] = 9.0
    assert curve.risk.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        curve.risk[0] = 5.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        curve.risk = risk
    assert len(curve) == curve.n_models == 2


@pytest.mark.parametrize(
    ("risk", "factor", "model"),
    [
        ([1.0, 1.5, 2.0, 2.5], 2.0, 3),
        ([1.0, 1.5, 2.0, 2.5], 1.4, 1),
        ([1.0, 1.5, 2.0], 5.0, None),
        ([1.0, 3.0, 1.0, 4.0], 2.0, 1),
        ([1.0, np.inf], 2.0, 1),
        ([2.0, 1.0], 0.5, 0),
        ([0.0, 0.0], 2.0, None),
        ([0.0, 0.1], 2.0, 1),
    ],
)
def test_first_above_is_the_first_model_worse_than_the_factor(risk, factor, model):
    assert gl.Curve(np.array(risk)).first_above(factor) == model


def test_a_curve_of_theory_and_one_of_trials_are_plain_data():
    theory, trials = (json.loads(json.dumps(curve.to_dict())) for curve in curves())
    assert theory["risk"] == pytest.approx([0.5, 1.0, 1.5, 2.0])
    assert theory["exact"] == [True] * 4
    assert theory["method"] == "exact theory"
    assert theory["metric"] == "excess risk"
    assert "stderr" not in theory
    assert "trials" not in theory
    assert trials["trials"] == 8
    assert len(trials["stderr"]) == 4
    assert trials["warnings"] == []
    assert "kappa" not in trials


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_a_curve_becomes_a_frame_with_one_row_per_model(backend):
    library = pytest.importorskip(backend)
    theory, trials = (curve.to_frame(backend) for curve in curves())
    kind = library.Table if backend == "pyarrow" else library.DataFrame
    assert isinstance(theory, kind)
    names = list(theory.column_names if backend == "pyarrow" else theory.columns)
    columns = ["kappa", "df1", "df2", "exact", "penalty"]
    assert names == ["model", "risk", "bias", "variance", *columns]
    assert list(theory["risk"].to_numpy()) == pytest.approx([0.5, 1.0, 1.5, 2.0])
    assert list(theory["model"].to_numpy()) == [0, 1, 2, 3]
    names = trials.column_names if backend == "pyarrow" else trials.columns
    assert list(names) == ["model", "risk", "bias", "variance", "stderr"]


def test_an_unknown_frame_library_is_refused():
    refused(lambda: curves()[0].to_frame("excel"), "backend was 'excel'", "'pandas', 'polars'")


def test_curve_repr_shows_the_models_and_the_warnings():
    curve = gl.Curve(
        np.arange(1.0, 15), stderr=np.full(14, 0.25), method="literal", warnings=("take care",)
    )
    lines = repr(curve).splitlines()
    assert lines[0] == "Curve(14 models, excess risk, literal)"
    assert lines[1] == "  model  0: 1 +- 0.25"
    assert lines[-2:] == ["  ... model 13: 14", "  warning: take care"]
    assert len(lines) == 1 + 12 + 2


def test_curves_are_drawn_over_each_other():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    theory, trials = curves()
    axes = theory.plot(against=trials, label="theory")
    assert axes.get_ylabel() == "excess risk"
    assert len(axes.get_legend().get_texts()) == 2
    _, own = plt.subplots()
    assert theory.plot(ax=own) is own
    plt.close("all")


def test_a_changed_problem_forgets_its_preset():
    changed = dataclasses.replace(Problem.isotropic(3), truth=np.arange(3.0))
    assert "isotropic" not in repr(changed)
    assert Problem.from_dict(changed.to_dict()) == changed


def test_sizes_have_a_limit():
    refused(lambda: Plan.replace(10**9, 5), "generations was 1000000000", "<= 100000")
    refused(lambda: Src(10**19), "n_samples", "<=")
    refused(lambda: Src(5, noise=10**400), "noise", "finite")


def test_what_is_no_table_is_refused(tmp_path):
    refused(lambda: Plan.from_dict([1]), "plan was [1]", "table")
    refused(lambda: Problem.from_dict(None), "problem was None", "table")
    refused(
        lambda: gl.save(tmp_path / "no" / "a.toml", plan=Plan.replace(1, 5)), "cannot be written"
    )


@pytest.mark.parametrize(
    "problem",
    [Problem.isotropic(3), Problem.power_law(3, capacity=1, source=1), Problem([1.0], [2.0])],
)
def test_problems_travel_between_processes(problem):
    copy = pickle.loads(pickle.dumps(problem))
    assert copy == problem
    assert repr(copy) == repr(problem)
