"""Functions of the founding paper name the argument that is wrong, whatever is wrong with it."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.papers import demystified, gallery
from genloss.papers.demystified import Setting
from genloss.papers.paper import find
from genloss.scaling import (
    PowerLaw,
    best_penalty,
    clean_rule,
    effective_noise,
    exponent_rule,
    exponents,
    noise_rule,
    noise_rule_with_constants,
    scaling_law,
)
from genloss.scaling.fitting import fit_power_law
from genloss.trials.given_inputs import downstream

FLAT, LAW = gl.Problem.isotropic(10), PowerLaw(2.0, 0.5, 50)
POWERS = {"capacity": 2.0, "source": 0.5}
CHAIN = {"generations": 1, "generator_samples": 200, "generator_noise": 0.5}
GROWTHS = {"penalty_exponent": 0.5, "generator_growth": 0.8, "generation_growth": 0.1}

WRONG = ([], np.array([]), math.nan, math.inf, "x", 1j, {}, [math.nan], [[1.0, -2.0]], -1)
OPTIONAL = {"generator_samples", "generator_noise", "dim", "workers", "first", "last"}

FUNCTIONS = {
    Setting: {"problem": FLAT, "n_samples": 40, "penalty": 0.1, "noise": 0.5, "design": "same"}
    | CHAIN
    | {"generator_penalty": 0.0},
    PowerLaw: POWERS | {"dim": 50},
    LAW.risk: {"n_samples": 100, "penalty": 0.1, "noise": 0.5, "generator_penalty": 0.1} | CHAIN,
    LAW.kappa: {"penalty": 0.1, "n_samples": 100},
    best_penalty: {"law": LAW, "n_samples": 100, "noise": 0.5, "generator_penalty": 0.1} | CHAIN,
    scaling_law: {"what": LAW, "n_samples": 100, "noise": 0.5} | CHAIN,
    effective_noise: {"n_samples": 100, "noise": 0.5, "dim": 10} | CHAIN,
    clean_rule: {"n_samples": 100} | POWERS,
    exponent_rule: {"n_samples": 100, "generations": 1, "generator_samples": 300} | POWERS,
    noise_rule: {"noise": 0.1} | POWERS,
    noise_rule_with_constants: {"noise": 0.1, "scale": 1.0, "signal": 1.0} | POWERS,
    fit_power_law: {"problem": gl.Problem.power_law(100, capacity=1.5, source=0.5)},
    downstream: {"problem": FLAT, "n_samples": 20, "penalties": [0.1], "trials": 3, "seed": 0}
    | {"workers": 1},
    gallery.reproduce: {"name": "chain", "quick": True, "seed": 0, "workers": 1},
}
for name in exponents.__all__:
    function = getattr(exponents, name)
    if inspect.isfunction(function):
        known = POWERS | GROWTHS | {"proportional": False}
        given = {each: known[each] for each in inspect.signature(function).parameters}
        FUNCTIONS[function] = given
for name in demystified.__all__:
    function = getattr(demystified, name)
    if inspect.isfunction(function):
        FUNCTIONS[function] = {"setting": None}
FUNCTIONS[demystified.least_squares_runs] = {
    "setting": Setting(problem=FLAT, n_samples=40, noise=1.0),
    "trials": 3,
    "seed": 0,
}

CASES = [
    pytest.param(function, given, argument, id=f"{function.__qualname__}-{argument}")
    for function, given in FUNCTIONS.items()
    for argument in given
    if argument != "quick"
]


def allowed(argument, value):
    """A growth may have either sign: sizes may fall with the rows."""
    return argument.endswith("_growth") and value == -1


@pytest.mark.parametrize(("function", "given", "argument"), CASES)
def test_a_wrong_argument_is_named(function, given, argument):
    wrong = list(WRONG) if argument in OPTIONAL else [*WRONG, None]
    for value in wrong:
        if isinstance(value, int) and allowed(argument, value):
            continue
        with pytest.raises(InvalidInputError, match=argument):
            function(**given | {argument: value})


@pytest.mark.parametrize(
    "generators", [3, None, [5], [()], [(1, 2, 3, 4)], [("x",)], [(-5, 0.0)], [(5, math.nan)]]
)
def test_a_wrong_generator_is_named(generators):
    with pytest.raises(InvalidInputError, match="generators"):
        LAW.risk_after(generators, 1000)


@pytest.mark.parametrize(("wanted", "said"), [([], "wanted"), (3, "wanted"), ([3], "wanted had 3")])
def test_names_of_figures_must_be_names(wanted, said):
    with pytest.raises(InvalidInputError, match=said):
        find(wanted)
    assert list(find("F1")) == ["isotropic"]
