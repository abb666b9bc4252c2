"""Whatever a plan says changes its numbers, or is refused, or is documented as without a say."""

from dataclasses import replace

import numpy as np
import pytest

import genloss as gl

DIM = 12
PROBLEM = gl.Problem.power_law(DIM, capacity=0.7, source=0.4)
OWN = tuple(np.linspace(2, 0.5, DIM))
MIXTURE = {"real": 0.4, "previous": 0.6}
FIRST = gl.Generation([gl.Source(30, noise=0.5)], 0.1)

SOURCE = gl.Source(30, MIXTURE, noise=0.5)
KINDS = {
    "fresh": gl.Generation([SOURCE], 0.1),
    "least squares": gl.Generation([SOURCE]),
    "same design": gl.Generation([SOURCE], 0.1, design="same"),
    "same design, least squares": gl.Generation([SOURCE], design="same"),
    "same design, divided": gl.Generation(
        [replace(SOURCE, n_samples=10), replace(SOURCE, n_samples=20)], 0.1, design="same"
    ),
    "pooled": gl.Generation([SOURCE], 0.1, pooled=True),
    "pooled, same": gl.Generation([SOURCE], 0.1, design="same", pooled=True),
    "stacked": gl.Generation([replace(SOURCE, n_samples=10), SOURCE], 0.1),
    "features": gl.Generation([SOURCE], 0.1, features=10),
    "subsample": gl.Generation([SOURCE], 0.1, pooled=True, subsample=20),
    "cv": gl.Generation([SOURCE], "cv"),
}
OF_SOURCES = {
    "n_samples": 37,
    "labeler": {"real": 0.2, "previous": 0.8},
    "noise": 0.9,
    "real_noise": 0.9,
    "weight": 3.0,
    "covariance": OWN,
}
OF_GENERATIONS = {
    "penalty": 0.3,
    "design": {"fresh": "same", "same": "fresh"},
    "pooled": {False: True, True: False},
    "features": 7,
    "subsample": 9,
}
CASES = [
    (kind, name, number)
    for kind, generation in KINDS.items()
    for name in (*OF_SOURCES, *OF_GENERATIONS)
    for number in (range(len(generation.sources)) if name in OF_SOURCES else [0])
]


def changed(generation, name, number):
    if name in OF_GENERATIONS:
        value = OF_GENERATIONS[name]
        value = value[getattr(generation, name)] if isinstance(value, dict) else value
        return replace(generation, **{name: value})
    sources = list(generation.sources)
    sources[number] = replace(sources[number], **{name: OF_SOURCES[name]})
    return replace(generation, sources=tuple(sources))


def theory(plan):
    try:
        return gl.predict(PROBLEM, plan).risk[1]
    except gl.NoTheoryError:
        return None


@pytest.mark.parametrize(("kind", "name", "number"), CASES)
def test_every_field_has_a_say_or_is_refused(kind, name, number):
    before = gl.Plan([FIRST, KINDS[kind]])
    try:
        after = gl.Plan([FIRST, changed(KINDS[kind], name, number)])
    except gl.InvalidInputError:
        with pytest.raises(gl.InvalidInputError, match=name):
            gl.Plan([FIRST, changed(KINDS[kind], name, number)])
        return
    literal = [gl.simulate(PROBLEM, p, trials=2, method="literal").risk[1] for p in (before, after)]
    exact = [gl.simulate(PROBLEM, p, trials=2).risk[1] for p in (before, after)]
    predicted = [theory(plan) for plan in (before, after)]
    # documented: one weight that all rows share divides the penalty, and has no say without one
    if name == "weight" and (kind == "least squares" or kind == "cv" or "squares" in kind):
        np.testing.assert_allclose(literal[0], literal[1], rtol=1e-6)
        return
    assert literal[0] != literal[1]
    assert exact[0] != exact[1]
    assert None in predicted or abs(predicted[1] / predicted[0] - 1) > 1e-4


@pytest.mark.parametrize("pooled", [False, True])
def test_a_covariance_of_reused_rows_is_refused(pooled):
    source = gl.Source(30, "previous", covariance=OWN)
    reused = gl.Generation([source], 0.1, design="same", pooled=pooled)
    with pytest.raises(gl.InvalidInputError, match="covariance of source 0 of model 1.*'same'"):
        gl.Plan([FIRST, reused])
