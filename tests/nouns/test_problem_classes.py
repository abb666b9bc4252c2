"""Problems with several classes or class means: what they are made of, files, and errors."""

import dataclasses

import jsonschema
import numpy as np
import pytest

import genloss as gl
from genloss import Problem
from genloss.file_schema import file_schema
from genloss.scaling import best_penalty
from genloss.trials.given_inputs import downstream

SPECTRUM = [2.0, 1.0, 0.5]
MADE = {
    "columns": {"truth": [[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]},
    "two clouds": {"means": [1.0, 0.0, -1.0]},
    "clouds": {"means": [[1.0, 0.0, 0.5], [0.0, 1.0, 0.3], [1.0, -1.0, 0.2]]},
}


@pytest.mark.parametrize("given", MADE.values(), ids=MADE)
def test_a_problem_with_classes_is_written_and_read(given, tmp_path):
    problem = Problem(SPECTRUM, **given)
    jsonschema.validate({"problem": problem.to_dict()}, file_schema())
    for ending in ("toml", "json"):
        gl.save(tmp_path / f"problem.{ending}", problem=problem)
        _, read = gl.load(tmp_path / f"problem.{ending}")
        assert read == problem
        assert hash(read) == hash(problem)
    made = {}
    exec(gl.to_python(problem), made)  # noqa: S102
    assert made["problem"] == problem == dataclasses.replace(problem, gaussian=True)
    assert problem != Problem(SPECTRUM, [1.0, 0.0, 0.0])
    assert f"{problem.classes} class" in repr(problem)
    assert f"{problem.classes}" in problem._repr_html_()
    for array in (problem.truth, problem.means):
        if array is not None:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 5.0


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ("several classes", {"truth": np.eye(60)[:, :3]}),
        ("class means", {"means": np.ones(60)}),
        ("tails", {"truth": np.ones(60), "tails": [1.0, 2.0]}),
    ],
)
def test_laws_of_one_number_on_gaussian_rows_know_no_more(words, made):
    problem = Problem(np.arange(1, 61) ** -1.5, **made)
    for ask in (
        lambda: best_penalty(problem, 100),
        lambda: gl.scaling_law(problem, n_samples=1000),
        lambda: downstream(problem, n_samples=80, penalties=[0.1], trials=2),
    ):
        with pytest.raises(gl.InvalidInputError, match=f"problem has {words}"):
            ask()


def test_schema_wants_a_truth_or_means():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"problem": {"spectrum": SPECTRUM}}, file_schema())


@pytest.mark.parametrize("columns", [1, 101])
@pytest.mark.parametrize("name", ["truth", "means"])
def test_schema_allows_as_many_columns_as_a_problem(name, columns):
    plain = {"spectrum": SPECTRUM, name: np.ones((3, columns)).tolist()}
    assert not jsonschema.Draft202012Validator(file_schema()).is_valid({"problem": plain})
    with pytest.raises(gl.InvalidInputError, match=f"{name} had {columns} columns"):
        Problem.from_dict(plain)


def test_the_truth_of_clouds_is_the_best_linear_fit():
    rng = np.random.default_rng(0)
    means = rng.standard_normal((3, 4))
    problem = Problem(SPECTRUM, means=means)
    own = rng.integers(4, size=200_000)
    X = rng.standard_normal((len(own), 3)) * np.sqrt(SPECTRUM) + problem.means.T[own]
    fitted = np.linalg.lstsq(X, np.eye(4)[own] - 0.25)[0]
    assert np.abs(fitted - problem.truth).max() < 0.01
    two = Problem(SPECTRUM, means=means[:, 0])
    assert np.allclose(two.truth / two.truth[0], means[:, 0] / SPECTRUM / (means[0, 0] / 2.0))


@pytest.mark.parametrize("unit", [1.0, 1e-150])
@pytest.mark.parametrize("apart", [1e-6, 1.0, 3e8, 1e100])
def test_the_truth_of_clouds_however_far_apart(apart, unit):
    # of one direction: the least squares are a quotient of two numbers
    for means, slope in (([apart], 1.0), ([[apart, -apart]], np.array([0.5, -0.5]))):
        truth = Problem([unit**2], means=unit * np.array(means)).truth
        np.testing.assert_allclose(unit * truth[0], slope / (1 / apart + apart), rtol=1e-12)


def test_theory_knows_no_classes_that_are_too_far_apart():
    plan = gl.Plan.replace(1, 40, penalty=0.1)
    with pytest.raises(gl.NoTheoryError, match=r"above 1e\+10"):
        gl.predict(Problem([1.0, 1.0], means=[[3e8, -3e8], [0.0, 0.0]]), plan)


def test_means_are_taken_about_their_average():
    means = np.arange(12.0).reshape(3, 4) ** 2
    one, other = (
        Problem(SPECTRUM, means=m) for m in (means, means + np.array([[1.0], [2.0], [3.0]]))
    )
    assert np.allclose(one.means, other.means)
    assert np.allclose(one.means.sum(axis=1), 0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "lacks 'truth'"),
        ({"truth": np.ones((3, 1))}, "truth had 1 columns"),
        ({"truth": np.ones((2, 3))}, "truth had 2 entries; spectrum has 3"),
        ({"truth": np.ones((3, 2, 2))}, "truth had shape"),
        ({"means": [1.0, 2.0]}, "means had 2 entries"),
        ({"means": np.ones((3, 101))}, "means had 101 columns"),
        ({"means": np.ones((3, 4))}, "means were the same"),
        ({"truth": [[1, 2, 1], [3, 4, 3], [0, 0, 0]]}, "the same column for classes 0 and 2"),
        ({"means": [0.0, 0.0, 0.0]}, "means were the same"),
        ({"means": [1.0, np.nan, 0.0]}, r"means\[1\] was nan"),
        ({"means": [1.0, 0.0, 0.0], "truth": [1.0, 1.0, 1.0]}, "leave one of them out"),
        ({"means": [1.0, 0.0, 0.0], "truth": ["a", "b", "c"]}, r"truth\[0\] was 'a'"),
        ({"means": [1.0, 0.0, 0.0], "truth": [1j, 0.0, 0.0]}, "truth.*not complex"),
        ({"means": [1.0, 0.0, 0.0], "truth": [[1.0], [1.0, 2.0], [1.0]]}, "truth was"),
        ({"means": [[1.0], [1.0, 2.0], [1.0]]}, "means was"),
        ({"means": [1e160, 0.0, 0.0]}, r"means were up to 1e\+160, too far apart"),
        ({"means": [[1e308, 1e308, 0.0]] * 3}, r"means were up to 1e\+308, too far apart"),
        ({"means": [1.0, 0.0, 0.0], "tails": [1.0, 2.0]}, "tails were given with means"),
    ],
)
def test_what_a_problem_cannot_be_made_of(given, words):
    with pytest.raises(gl.InvalidInputError, match=words):
        Problem(SPECTRUM, **given)
