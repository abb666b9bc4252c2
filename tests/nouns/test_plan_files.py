"""Plans and problems as files."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloss as gl

Gen, Src, Plan, Problem = gl.Generation, gl.Source, gl.Plan, gl.Problem


def refused(build, *words, error=gl.InvalidInputError):
    with pytest.raises(error) as caught:
        build()
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, f"{missing} not in {caught.value}"


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
@settings(max_examples=10, deadline=None)
def test_plans_and_problems_survive_their_plain_form(plan, problem):
    assert Plan.from_dict(plan.to_dict()) == plan
    assert Problem.from_dict(problem.to_dict()) == problem
    assert repr(Problem.from_dict(problem.to_dict())) == repr(problem)


@given(plan=plans(), problem=problems(), ending=st.sampled_from([".toml", ".json"]))
@settings(max_examples=10, deadline=None)
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
    'preset = "replace"\ngenerations = 3\nn_samples = 10\nintercept = true': (
        Plan.replace(3, 10).with_intercept()
    ),
    "intercept = true\ngenerations = [{n_samples = 9}]\nthen = [{sources = [{n_samples = 5}]}]": (
        Plan([Gen([Src(9)]), Gen([Src(5)])]).with_intercept()
    ),
}


@pytest.mark.parametrize("text", PRESETS)
def test_a_plan_file_may_name_a_preset(tmp_path, text):
    plan, _ = read_toml(tmp_path, f"[plan]\n{text}\n")
    assert plan == PRESETS[text]
    assert read_toml(tmp_path, gl.to_toml(plan=plan))[0] == plan
    told = {}
    exec(gl.to_python(plan=plan), told)  # noqa: S102
    assert told["plan"] == plan


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
