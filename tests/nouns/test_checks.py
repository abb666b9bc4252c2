"""Values at the edge: what is no number is refused wherever numbers are asked for."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import genloss as gl
from genloss import _check, equivalents, pencils, scaling
from genloss._words import printable, shown

MASKED = np.ma.masked_array([1.0, 2.0, 3.0], [0, 0, 1])
THREE = [3.0, 2.0, 1.0]
LAW = scaling.PowerLaw(2.0, 0.5, dim=5)
SPACE = pencils.Space.features(3)

DOORS = {
    "Problem": lambda v: gl.Problem(v, THREE),
    "truth": lambda v: gl.Problem(THREE, v),
    "from_spectrum": gl.Problem.from_spectrum,
    "from_mercer": lambda v: gl.Problem.from_mercer(v, THREE),
    "from_data": lambda v: gl.Problem.from_data(np.ones((3, 2)), v),
    "covariance": lambda v: gl.Source(5, covariance=v),
    "kappa of equivalents": lambda v: equivalents.kappa(v, 0.1, 3),
    "penalty of equivalents": lambda v: equivalents.kappa(THREE, v, 3),
    "degrees of freedom": lambda v: equivalents.degrees_of_freedom(THREE, v),
    "PowerLaw.kappa": lambda v: LAW.kappa(v, 3),
    "PowerLaw.risk": LAW.risk,
    "pencils.vector": lambda v: pencils.vector(SPACE, v),
    "pencils.diagonal": lambda v: pencils.diagonal(SPACE, v),
    "Space.features": lambda v: pencils.Space.features(multiplicities=v),
}

BAD = {
    "masked": (MASKED, r"\[2\] was masked"),
    "imaginary": (np.array([1, 2 + 5j, 3]), "numeric, not complex"),
    "imaginary list": ([1, 2j, 3], "numeric, not complex"),
    "dates": (np.array(["2020-01-01"] * 3, dtype="datetime64[D]"), "numeric, not dates"),
    "texts": (["1", "2", "3"], "numeric, not text"),
    "flags": ([True, False, True], "numeric, not flags"),
    "a flag among numbers": ([2.0, True, 1.0], r"\[1\] was True"),
    "None": ([1.0, None, 3.0], r"\[1\] was None"),
    "400 digits": ([1, 10**400, 3], "was inf"),
    "ragged": ([1, [2, 3]], "numeric"),
    "infinite decimal": ([Decimal(1), Decimal("inf"), Decimal("sNaN")], r"\[1\] was inf"),
    "masked part": ([1.0, np.ma.masked, 3.0], r"\[1\] was masked"),
}


@pytest.mark.parametrize(
    ("door", "bad"),
    [(door, bad) for door in DOORS for bad in BAD if (door, "flag" in bad) != ("from_data", True)],
)
def test_what_is_no_number_is_refused_at_every_door(door, bad):
    value, words = BAD[bad]
    with pytest.raises(gl.InvalidInputError, match=words):
        DOORS[door](value)


@pytest.mark.parametrize("door", sorted(set(DOORS) - {"from_data"}))
def test_numbers_of_any_kind_are_accepted(door):
    for good in (
        [Decimal(3), Fraction(2), 1],
        np.ma.masked_array([3.0, 2.0, 1.0], [0, 0, 0]),
        np.array([3, 2, 1], dtype=np.uint8),
        np.array([3, 2, 1], dtype=object),
        np.array([3.0, 2.0, 1.0], dtype=np.longdouble),
    ):
        DOORS[door](good)


def test_rows_may_be_a_matrix_and_labels_flags():
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = X[:, 0] > 0
    plain = gl.Problem.from_data(X, y.astype(float))
    assert gl.Problem.from_data(X.view(np.matrix), y) == plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (1e3, 1000),
        (Decimal(7), 7),
        (Fraction(8, 2), 4),
        (np.uint8(9), 9),
        (np.float32(2), 2),
    ],
)
def test_whole_numbers_of_any_kind(value, expected):
    number = _check.integer("n", value, minimum=0)
    assert (number, type(number)) == (expected, int)


@pytest.mark.parametrize(
    "value",
    [True, np.True_, "3", 3.5, np.nan, np.inf, Decimal("0.5"), None, 3 + 0j, [3], np.array(3)],
)
def test_what_is_no_whole_number(value):
    with pytest.raises(gl.InvalidInputError, match="n was .*whole number"):
        _check.integer("n", value, minimum=0)


@pytest.mark.parametrize(
    "value", ["1", True, None, 1j, [1.0], np.array([1.0]), np.datetime64("2020")]
)
def test_what_is_no_number(value):
    with pytest.raises(gl.InvalidInputError, match="x was .*must be a number"):
        _check.finite("x", value)


def test_messages_are_short_and_hold_no_control_characters():
    with pytest.raises(gl.InvalidInputError) as caught:
        gl.Plan.from_dict({"preset": "\x1b[31m" + "a" * 10_000})
    assert len(str(caught.value)) < 400
    assert "\x1b" not in str(caught.value)
    assert printable("a\x07\u202eb\n") == "a\\x07\\u202eb\n"
    assert shown(10**5000) == "a whole number of about 5001 digits"
    assert shown(np.zeros((9, 9))) == "an array of shape (9, 9)"


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: gl.Problem([1e308, 1e308], [1, 1]), "spectrum adds up"),
        (lambda: gl.Problem([1.0, 1.0], [1e308, 1]), r"spectrum \* truth\*\*2 adds up"),
        (lambda: gl.Problem([1, 2], [1, 1], gaussian="False"), "gaussian was 'False'"),
        (lambda: gl.scaling_law((2.0, 0.5), n_samples=1e-200), "n_samples was 1e-200"),
        (lambda: LAW.kappa(0.1, 1e308), r"n_samples was 1e\+308"),
        (lambda: LAW.risk(1e4, penalty=1e308), r"penalty was 1e\+308"),
        (lambda: LAW.kappa([1, 2], [1, 2, 3]), "do not broadcast"),
        (lambda: gl.predict(gl.Problem.isotropic(3), np.array(5)), "plan was ndarray"),
        (lambda: gl.Generation.from_dict(1), "generation was 1"),
        (lambda: gl.load(3), "path was 3"),
        (lambda: gl.save("a\0.toml"), "path was"),
        (lambda: gl.to_toml(plan=3), "plan was int"),
        (lambda: gl.Plan(gl.Plan.replace(1, 5).generations * 100_001), "more than 100000"),
        (lambda: gl.Plan.replace(2, iter(lambda: 1, 0)), "n_samples had"),
    ],
)
def test_right_words_for_wrong_values(build, words):
    with pytest.raises(gl.InvalidInputError, match=words):
        build()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("deep.json", '{"problem": ' + "[" * 100_000, "nests brackets deeper"),
        ("deep.toml", "plan = " + "[" * 100_000, "nests brackets deeper"),
        ("twice.json", '{"plan": {"preset": "replace", "preset": "mix"}}', "'preset' is written twice"),
        (
            "long.json",
            '{"plan": {"generations": [{"n_samples": 5, "repeat": 60000}, {"n_samples": 6, "repeat": 60000}]}}',
            "plan.generations holds more than 100000",
        ),
        ("listed.json", '{"plan": {"generations": [' + "{}," * 100_000 + "{}]}}", "more than 100000"),
    ],
)  # fmt: skip
def test_plan_files_that_are_too_much(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(gl.InvalidInputError, match=words):
        gl.load(path)


@pytest.mark.parametrize("ending", ["toml", "json"])
def test_a_mark_of_utf_8_is_no_text(tmp_path, ending):
    path = tmp_path / f"plan.{ending}"
    gl.save(path, plan=gl.Plan.replace(2, 9))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert gl.load_plan(path).n_models == 2
