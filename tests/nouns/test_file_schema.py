"""The schema says of a plan file what `genloss.load` says of it."""

from __future__ import annotations

import copy
import inspect
import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloss as gl
from genloss import policies
from genloss.file_schema import PROBLEMS, file_schema

PLANS = {name: policies.get(name) for name in policies.names()}
VALIDATOR = jsonschema.Draft202012Validator(file_schema())

positive = st.floats(1e-6, 1e6)
not_negative = st.just(0) | positive
penalties = not_negative | st.just("cv")
rows = st.integers(2, 50)
labelers = st.sampled_from(
    ["real", "previous", 0, "0", {"real": 0.4, "previous": 0.6}, {"0": -1.0}]
)


@st.composite
def generations(draw):
    """A generation that may follow any other with two rows."""
    table = draw(
        st.fixed_dictionaries(
            {"n_samples": rows},
            optional={
                "labeler": labelers,
                "noise": not_negative,
                "real_noise": not_negative | st.none(),
                "weight": positive,
                "covariance": st.none() | st.lists(positive, min_size=1, max_size=3),
            },
        )
    )
    if draw(st.booleans()):
        table = {"sources": [table]}
    own = st.fixed_dictionaries(
        {},
        optional={
            "penalty": penalties,
            "repeat": st.integers(1, 3),
            "design": st.just("fresh"),
            "features": st.none() | rows,
            "feature_map": st.just("fresh"),
        },
    )
    drawn = st.just({}) | st.sampled_from([{"pooled": True}, {"pooled": True, "subsample": 2}])
    return table | draw(own) | draw(drawn)


@st.composite
def plans(draw):
    then = draw(st.just({}) | st.lists(generations(), max_size=2).map(lambda more: {"then": more}))
    if draw(st.booleans()):
        first = {"n_samples": draw(rows), "labeler": "real", "repeat": 1}
        return {"generations": [first, *draw(st.lists(generations(), max_size=2))]} | then
    name = draw(st.sampled_from(sorted(PLANS)))
    count = draw(st.integers(1, 3))

    def each(value):
        return value | st.lists(value, min_size=count, max_size=count)

    same = name in ("same_design", "distill")
    values = {
        "generations": st.just(count) | st.just(float(count)),
        "n_samples": rows if same or name in ("accumulate", "edit", "subsample") else each(rows),
        "penalty": each(not_negative if name == "self_train" else penalties),
        "noise": not_negative if name in ("distill", "self_train") else each(not_negative),
        "loss": st.sampled_from(["logistic", "squared_hinge"]),
        "labels": st.sampled_from(["hard", "sampled"]),
        "real_labels": st.sampled_from(["hard", None]),
        "keep": st.none() | st.just({"kind": "confident", "threshold": 1.5}),
        "n_real": rows,
        "weight": each(st.floats(0, 1) if name == "ppi" else positive),
        "last": st.integers(1, 4),
        "rounds": st.just(count),
        "mixing": each(st.floats(-2, 2)),
        "edited": each(st.floats(0, 1)),
        "labels_from": st.just([[1 / count] * count] * count),
        "weights": st.just([[1.0] * (t + 1) + [0.0] * (count - t - 1) for t in range(count)]),
        "real": each(st.floats(0, 1)),
        "real_noise": not_negative | st.none(),
        "design": st.just("fresh"),
    }
    parameters = inspect.signature(PLANS[name]).parameters
    table = {"preset": name}
    for key, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty or draw(st.booleans()):
            table[key] = draw(values[key])
    table |= then
    if name != "self_train" and "cv" not in str(table) and draw(st.booleans()):
        table["intercept"] = draw(st.booleans())
    return table


@st.composite
def problems(draw):
    size = draw(st.integers(1, 3))
    several = st.lists(positive, min_size=size, max_size=size)
    return draw(
        st.sampled_from(
            [
                {"preset": "isotropic", "dim": size, "signal": draw(not_negative)},
                {"preset": "power_law", "dim": size, "capacity": 1.5, "source": draw(not_negative)},
                {"preset": "from_spectrum", "spectrum": draw(several)},
                {
                    "preset": "from_mercer",
                    "eigenvalues": draw(several),
                    "coefficients": draw(several),
                },
                {
                    "spectrum": draw(several),
                    "truth": draw(several),
                    "gaussian": draw(st.booleans()),
                },
            ]
        )
    )


files = st.fixed_dictionaries({}, optional={"plan": plans(), "problem": problems()})


def places(value, path=()):
    """Every entry of nested tables and lists, by its path."""
    found = [path] if path else []
    for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(entry, dict | list):
            found += places(entry, (*path, key))
        else:
            found.append((*path, key))
    return found


def at(value, path):
    for key in path:
        value = value[key]
    return value


WRONG = [
    -1,
    0,
    0.5,
    True,
    False,
    None,
    "x",
    "cv",
    "same",
    "fresh",
    [],
    {},
    [1, 2],
    {"x": 1},
    1e13,
    "3",
]


@st.composite
def mutated(draw):
    """A valid file with one entry replaced, removed, renamed or added."""
    plain = copy.deepcopy(draw(files.filter(bool)))
    path = draw(st.sampled_from(places(plain)))
    *outer, key = path
    table = at(plain, outer)
    how = draw(st.sampled_from(["replace", "remove", "add"]))
    if how == "remove" and isinstance(table, dict):
        del table[key]
    elif how == "add" and isinstance(table, dict):
        table[
            draw(
                st.sampled_from(
                    ["penality", "repeat", "then", "real", "preset", "truth", "intercept"]
                )
            )
        ] = draw(st.sampled_from(WRONG))
    else:
        table[key] = draw(st.sampled_from(WRONG))
    return plain


BETWEEN_ENTRIES = (
    "they must agree",
    "only models",
    "no model exists before it",
    "one per generation",
    "it must be at most that",
    "there is no earlier",
    "must hold at least one Generation",
    "rows that sum to 1",
    "give it to all models or to none",
)
"""What the loader says of entries that are valid each and do not fit each other."""


def loads(plain, folder):
    path = folder / "file.json"
    path.write_text(json.dumps(plain))
    try:
        gl.load(path)
    except gl.InvalidInputError as error:
        return False, str(error)
    return True, ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(file_schema())


@settings(max_examples=15)
@given(plain=files)
def test_what_loads_is_valid(plain, folder):
    loaded, why = loads(plain, folder)
    if any(words in why for words in BETWEEN_ENTRIES):
        return
    assert loaded, why
    VALIDATOR.validate(plain)


@pytest.mark.slow
@settings(max_examples=300)
@given(plain=mutated())
def test_the_schema_and_the_loader_agree_on_mutated_files(plain, folder):
    loaded, why = loads(plain, folder)
    if not any(words in why for words in BETWEEN_ENTRIES):
        assert VALIDATOR.is_valid(plain) == loaded, why or "loads"


@pytest.mark.parametrize("name", [*PLANS, *PROBLEMS])
def test_presets_of_the_schema_are_those_of_the_loader(name):
    kind = "plan" if name in PLANS else "problem"
    read = gl.Plan.from_dict if kind == "plan" else gl.Problem.from_dict
    with pytest.raises(gl.InvalidInputError, match="lacks"):
        read({"preset": name})
    with pytest.raises(gl.InvalidInputError, match="must be one of") as told:
        read({"preset": "nonsense"})
    presets = PLANS if kind == "plan" else PROBLEMS
    assert str(told.value).count("'") == 2 * (1 + len(presets))


def test_what_is_saved_is_valid(tmp_path):
    plan = gl.Plan.mix_labels(2, 9, real=0.3, real_noise=0.1).with_features(4, shared=True)
    gl.save(tmp_path / "f.json", plan=plan, problem=gl.Problem.isotropic(4))
    VALIDATOR.validate(json.loads((tmp_path / "f.json").read_text()))


def test_the_command_prints_it(genloss):
    code, out, errors = genloss("schema")
    assert (code, errors) == (0, "")
    assert json.loads(out) == file_schema()
