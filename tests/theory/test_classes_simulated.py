"""Several classes and class means: theory against simulation."""

from dataclasses import dataclass

import numpy as np
import pytest
from problems_of_classes import DIM, clouds, one_truth, spectrum

import genloss as gl
from genloss import Generation, Source
from genloss.theory import two_columns


def test_two_clouds_far_apart_are_two_columns():
    s = spectrum(12)
    means = np.sqrt(100 * s / 12)
    problem = gl.Problem(s, means=means)
    rows = [Source(60, who, labels="hard") for who in ("real", "previous")]
    plan = gl.Plan([Generation([each], 0.01) for each in rows])
    found, runs = gl.predict(problem, plan), gl.simulate(problem, plan, trials=100)
    assert (np.abs(found.risk / runs.risk - 1) < 0.1 + 4 * runs.stderr / runs.risk).all()
    np.testing.assert_allclose(found.norm, runs.norm, rtol=0.02)
    assert found.error.max() < 1e-15
    near = gl.Problem(s, means=means / 5)
    both = two_columns.curve_of(near, plan)
    one = gl.predict(near, plan)
    np.testing.assert_allclose(both.risk, one.risk, rtol=2e-3)
    np.testing.assert_allclose(both.norm, one.norm, rtol=2e-3)
    np.testing.assert_allclose(both.disagreement, one.disagreement, atol=2e-3)


def beyond_ridge(problem, what):
    """Plans of what classes share with numbers: who labels, which rows are kept, how the fit is made."""
    off = (
        0.5
        * np.abs(problem.truth).mean()
        * np.random.default_rng(2).standard_normal(problem.truth.shape)
    )
    fixed, random = gl.External(problem.truth + off), gl.External(bias=off, variance=0.1)
    top, hard, labels = spectrum().max(), {"labels": "hard"}, gl.labels
    return {
        "outside": [
            Generation([Source(400, fixed, **hard)], 1e-3),
            Generation([Source(400, {random: 0.5, "previous": 0.5}, 0.1, labels="soft")], 2e-3),
            Generation(
                [Source(400, random, **hard, keep=gl.keep.Agrees(fixed))], 1e-3, towards="previous"
            ),
        ],
        "near": [
            Generation([Source(400, **hard)], 1e-3),
            Generation([Source(900, 0, **hard, keep=gl.keep.Near(0, 0.9))], 1e-3),
        ],
        "cut": [
            Generation([Source(400, labels=labels.Clipped(-0.5, 1.0))], 2e-3),
            Generation(
                [Source(300, 0, 0.2, labels=labels.Rounded(0.7)), Source(300, **hard)], 2e-3
            ),
        ],
        "cv": [
            Generation([Source(500, **hard)], "cv"),
            Generation([Source(400, 0, **hard, weight=3.0), Source(300, labels="sampled")], "cv"),
            Generation([Source(900, 1, **hard, keep=gl.keep.Confident(0.1))], "cv"),
        ],
        "filters": [
            Generation([Source(400, **hard)], filter=gl.filters.GradientFlow(20 / top)),
            Generation(
                [Source(300, 0, 0.1, labels="sampled"), Source(200, **hard)],
                filter=gl.filters.GradientDescent(30, 0.3 / top),
            ),
            Generation([Source(600, 1, **hard)], filter=gl.filters.SGD(0.3)),
            Generation([Source(300, 0, labels="soft")], 0.01, filter=gl.filters.IteratedRidge(2)),
        ],
    }[what]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "what"),
    [
        *((one_truth, what) for what in ("outside", "near", "cut", "cv", "filters")),
        *((clouds, what) for what in ("outside", "near", "cut", "cv")),
    ],
)
def test_what_classes_share_with_numbers_is_as_simulated(make, what):
    problem = make(3)
    plan = gl.Plan(beyond_ridge(problem, what))
    theory, runs = gl.predict(problem, plan), gl.simulate(problem, plan, trials=40, workers=1)
    assert (np.abs(theory.risk - runs.risk) <= 0.02 * runs.risk + 4 * runs.stderr).all()
    assert (np.abs(theory.error - runs.error) <= 0.02 * runs.error + 4 * runs.error_stderr).all()
    np.testing.assert_allclose(theory.norm, runs.norm, rtol=0.05)
    if theory.accepted is not None:
        np.testing.assert_allclose(theory.accepted, runs.accepted, atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_random_plans_of_classes_are_as_simulated(seed):
    """Any spectrum, classes or clouds, sources, rules, losses: 3 % and four standard errors."""
    rng = np.random.default_rng(seed)
    for kind in ("columns", "clouds", "two"):
        s = np.arange(1, DIM + 1) ** -rng.choice([0.0, 0.5, 1.0])
        s, classes = s / s.sum(), int(rng.choice([3, 4, 6]))
        if kind == "two":
            problem = gl.Problem(s, means=0.1 * np.sqrt(s) * rng.standard_normal(DIM))
        else:
            wide = rng.standard_normal((DIM, classes))
            problem = gl.Problem(s, rng.uniform(1, 4) * wide)
            if kind == "clouds":
                problem = gl.Problem(s, means=0.15 * np.sqrt(s)[:, None] * wide)
        plan = gl.Plan([_random_fit(rng, model, kind == "two", s) for model in range(4)])
        theory, trials = gl.predict(problem, plan), gl.simulate(problem, plan, trials=30)
        apart = np.abs(theory.error - trials.error)
        assert (apart <= 0.03 * trials.error + 4 * trials.error_stderr).all(), (kind, plan)
        apart = np.abs(theory.risk - trials.risk)
        assert (apart <= 0.03 * trials.risk + 4 * trials.stderr).all(), (kind, plan)


def _random_fit(rng, model, two, spectrum):
    sources = []
    for _ in range(rng.integers(1, 3)):
        real = model == 0 or rng.random() < 0.25
        rules = [None, None, gl.keep.Confident(0.3), gl.keep.Agrees(0)]
        sources.append(
            Source(
                int(rng.integers(150, 500)),
                "real" if real else int(rng.integers(max(model - 2, 0), model)),
                float(rng.choice([0.0, 0.3])),
                weight=float(rng.choice([1.0, 1.0, 2.0])),
                covariance=None if two or rng.random() < 0.8 else rng.permutation(spectrum),
                labels=str(rng.choice(["hard", "hard", "sampled", "soft"])),
                keep=None if real else rules[rng.integers(4)],
            )
        )
    loss = "logistic" if two and rng.random() < 0.5 else "squared"
    return Generation(sources, float(10 ** rng.uniform(-4, -2)), loss=loss)


@dataclass(frozen=True)
class Doubtful(gl.labels.Label):
    """The class, with a share of doubt."""

    share: float
    makes = "chances"

    def law(self, h):
        return (1 - self.share) * np.sign(h)[None], np.ones((1, *h.shape))

    def chances(self, h):
        sure = np.equal(h.argmax(axis=-1)[..., None], np.arange(h.shape[-1]))
        return (1 - self.share) * sure + self.share / h.shape[-1]


def test_a_rule_from_outside_knows_several_classes():
    """Labels that are nearer to each other by a factor make a smaller model, which says the same."""
    problem = one_truth(4, dim=60)
    rows = [Generation([Source(200, labels=rule)], 0.01) for rule in ("hard", Doubtful(0.25))]
    hard, doubtful = (gl.predict(problem, gl.Plan([each])) for each in rows)
    assert np.allclose(doubtful.error, hard.error, atol=2e-3)
    assert np.allclose(doubtful.norm, 0.75 * hard.norm, rtol=1e-3)
    trials = gl.simulate(problem, gl.Plan(rows[1:]), trials=10)
    assert abs(trials.norm - doubtful.norm).max() < 0.05 * doubtful.norm.max()
    assert abs(trials.error - doubtful.error).max() < 0.02 + 4 * trials.error_stderr.max()
