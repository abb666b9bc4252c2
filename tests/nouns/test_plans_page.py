"""The page of plans: what is said in Python and in TOML is the same plan."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import genloss as gl
from genloss import policies
from genloss.steps import resolve
from genloss.theory.predict import ways_of
from genloss.theory.walk import Walk
from genloss.trials.engine import able

PAGE = (Path(__file__).parents[2] / "docs" / "plans.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def forgotten():
    yield
    policies._FROM_OUTSIDE.pop("every_other", None)


def test_both_spellings_are_one_plan_and_every_policy_is_there(forgotten, capsys):
    names, seen = {}, 0
    for language, text in BLOCK.findall(PAGE):
        if language in ("python", "py"):
            exec(compile(text, "plans.md", "exec"), names)  # noqa: S102 -- our own page
        else:
            assert gl.Plan.from_dict(tomllib.loads(text)["plan"]) == names["plan"], text
            seen += 1
    assert seen >= 13
    for name in policies.names():
        assert f"gl.Plan.{name}(" in PAGE


DIM, ROWS = 60, 90
PROBLEM = gl.Problem.power_law(DIM, capacity=1.0, source=0.5)
HEAVY = gl.Problem(PROBLEM.spectrum, PROBLEM.truth, tails=[0.4, 1.0, 1.6])
BASIS = np.linalg.qr(np.random.default_rng(0).standard_normal((DIM, DIM)))[0]
MATRIX = BASIS * PROBLEM.spectrum @ BASIS.T
EARLY = gl.filters.GradientDescent(steps=30, step=0.3)


def preset(name, *first, **more):
    def plan(penalty):
        return getattr(gl.Plan, name)(*(first or (12, ROWS)), penalty=penalty, noise=0.5, **more)

    return plan


def written(*rows, **fit):
    first = gl.Source(ROWS, noise=0.5)
    return lambda penalty: gl.Plan(
        [gl.Generation([first], penalty), *11 * [gl.Generation(rows, penalty, **fit)]]
    )


def window(labels="linear", how=None):
    """A window in which rows are labelled by a rule, and every fit goes through a filter."""
    source = gl.Source(ROWS, noise=0.5, labels=labels)

    def plan(penalty):
        first = gl.Generation([source], penalty, filter=how)
        latest = replace(source, labeler="previous")
        later = [
            gl.Generation([gl.Source(None, "kept", inputs=model - 1), latest], penalty, filter=how)
            for model in range(1, 12)
        ]
        return gl.Plan([first, *later])

    return plan


KNOWN = {
    "replace": preset("replace"),
    "mix": preset("mix", real=0.3),
    "mix labels": preset("mix_labels", real=0.3),
    "mix labels, one design": preset("mix_labels", real=0.3, design="same"),
    "accumulate": preset("accumulate", design="fresh"),
    "accumulate, one design": preset("accumulate", design="same"),
    "subsample": preset("subsample", design="fresh"),
    "window": preset("window", last=2),
    "weighted": preset("weighted", np.tril(np.full((12, 12), 0.5)), ROWS),
    "anchored": preset("anchored", n_real=60),
    "same design": preset("same_design"),
    "distill": preset("distill", 11, ROWS, mixing=1.6),
    "edit": preset("edit", edited=0.3),
    "network": preset("network", [[0, 1], [1, 0]], 6, ROWS, real=[0.25, 0]),
    "towards": written(gl.Source(ROWS, "previous", 0.5), towards="previous"),
    "from outside": written(gl.Source(60), gl.Source(240, gl.External(bias=0.2, variance=0.05))),
    "ppi": preset("ppi", 12, 500, n_real=ROWS, weight=0.5),
    "features": written(gl.Source(ROWS, "previous", 0.5), features=40),
    "filter": lambda _: gl.Plan(12 * [gl.Generation([gl.Source(ROWS)], filter=EARLY)]),
    "filter of hard labels": lambda _: gl.Plan(
        12 * [gl.Generation([gl.Source(ROWS, labels="hard")], filter=EARLY)]
    ),
    "window of filters": window(how=EARLY),
    "window of SGD": window(how=gl.filters.SGD(0.01)),
    "window of hard labels": window("hard"),
    "self-training": lambda _: gl.Plan.self_train(
        12, ROWS, n_real=ROWS, loss="logistic", labels="hard", penalty=0.05
    ),
}


def turned(plan):
    """The same, new rows of a covariance that does not commute with the problem's."""

    def rows(source, fit):
        new = source.inputs == "new" and fit.design != "same"
        return replace(source, covariance=MATRIX) if new else source

    return gl.Plan(
        [replace(fit, sources=tuple(rows(source, fit) for source in fit.sources)) for fit in plan]
    )


def theory(problem, plan):
    try:
        ways = ways_of(problem, resolve(plan))
    except gl.NoTheoryError as error:
        return "refused" if "genloss.simulate" in str(error) else str(error)
    return "closed" if {Walk.pencil, Walk.across}.isdisjoint(ways) else "pencil"


def test_the_table_says_what_theory_and_engines_know():
    table = PAGE.split("## Who knows what")[1].split("## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", table, flags=re.MULTILINE)[1:]
    said = {name: cells.split(" | ") for name, cells in rows}
    assert said.keys() == KNOWN.keys()
    for name, make in KNOWN.items():
        plain, ridge = make(0.0), make(0.1)
        assert said[name] == [
            theory(PROBLEM, plain),
            theory(PROBLEM, ridge),
            theory(PROBLEM, turned(ridge)),
            theory(HEAVY, ridge),
            "in law" if able(PROBLEM, resolve(ridge)) else "literal",
        ], name
        if name not in ("filter of hard labels", "window of hard labels", "self-training"):
            assert theory(HEAVY, turned(ridge)) != "refused"
