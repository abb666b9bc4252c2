"""Plans of revealed designs, for tests."""

from __future__ import annotations

import numpy as np
from scipy import stats

import genloss as gl
from genloss.steps import resolve
from genloss.trials.engines import literal, revealed_designs

Gen, Src = gl.Generation, gl.Source
SMALL = gl.Problem.power_law(24, capacity=1.0, source=0.5)
OTHER = tuple(SMALL.spectrum[::-1])
BASIS = np.linalg.qr(np.random.default_rng(3).standard_normal((24, 24)))[0]
TURNED = BASIS * np.array(OTHER) @ BASIS.T
THIN = BASIS[:, :6] @ BASIS[:, :6].T

PLANS = {
    "replace": gl.Plan.replace(3, 60, penalty=0.05, noise=0.5),
    "few rows": gl.Plan.replace(3, 15, penalty=0.05, noise=0.5),
    "hardly a penalty": gl.Plan.replace(2, 60, penalty=1e-6, noise=0.5),
    "minimum norm": gl.Plan.replace(3, 15, noise=0.5),
    "least squares": gl.Plan.replace(3, 60, noise=0.5),
    "real and synthetic": gl.Plan.mix(3, 60, real=0.3, penalty=0.05, noise=0.5),
    "mixed labels, one design": gl.Plan.mix_labels(
        3, 40, real=0.4, penalty=0.05, noise=0.7, real_noise=0.3, design="same"
    ),
    "accumulate": gl.Plan.accumulate(3, 40, design="fresh", penalty=0.05, noise=0.5),
    "accumulate, few rows": gl.Plan.accumulate(3, 6, design="fresh", noise=0.5),
    "accumulate, one design": gl.Plan.accumulate(3, 40, design="same", penalty=0.05, noise=0.5),
    "one design": gl.Plan.same_design(3, 40, penalty=0.05, noise=0.5),
    "one design, few rows": gl.Plan.same_design(3, 15, penalty=0.01, noise=0.5),
    "two labels of a row": gl.Plan(
        [
            Gen([Src(40, noise=0.5)], 0.05),
            Gen([Src(None, "real", 0.1, weight=3.0, inputs=0), Src(None, 0, 0.5, inputs=0)], 0.05),
        ]
    ),
    "two labels of a row, intercepts": gl.Plan(
        [
            Gen([Src(40, noise=0.5)], 0.05),
            Gen([Src(None, "real", 0.1, weight=3.0, inputs=0), Src(None, 0, 0.5, inputs=0)], 0.05),
        ]
    ).with_intercept(),
    "shared features": gl.Plan.replace(3, 60, penalty=0.05, noise=0.5).with_features(
        30, shared=True
    ),
    "own features, minimum norm": gl.Plan.replace(2, 12, noise=0.5).with_features(40, shared=False),
    "towards a model": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], 0.05),
            Gen([Src(30, noise=0.5)], 0.05, towards=0),
            Gen([Src(15, "previous", 0.5)], 0.0, towards="previous"),
        ]
    ),
    "gradient descent and flow": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], filter=gl.filters.GradientDescent(steps=40, step=0.5)),
            Gen(
                [Src(20, noise=0.5), Src(10, "previous", 0.5, weight=2.0)],
                0.02,
                filter=gl.filters.GradientFlow(time=8.0),
            ),
        ]
    ),
    "a model from outside": gl.Plan(
        [
            Gen([Src(60, gl.External(bias=[0.2] * 24, variance=[0.05] * 24), 0.5)], 0.05),
            Gen([Src(40, {"real": 0.5, "previous": 0.5}, 0.5), Src(20)], 0.05),
        ]
    ),
    "real rows that stay": gl.Plan.anchored(3, 40, n_real=30, penalty=0.05, noise=0.5, weight=0.7),
    "window": gl.Plan.window(4, 30, last=2, penalty=0.05, noise=0.5),
    "distilled on one design": gl.Plan.distill(3, 40, mixing=0.6, penalty=0.05, noise=0.5),
    "covariances that do not commute": gl.Plan(
        [
            Gen([Src(30, noise=0.5), Src(30, noise=0.3, weight=0.5, covariance=TURNED)], 0.05),
            Gen([Src(30, 0, 0.2, covariance=THIN), Src(20, noise=0.5, covariance=OTHER)], 0.02),
            Gen([Src(50, {0: 0.4, 1: 0.6}, 0.5)], 0.05, "same", pooled=True),
        ]
    ),
    "covariances that do not commute, no penalty": gl.Plan(
        [
            Gen([Src(40, noise=0.5, covariance=TURNED)]),
            Gen([Src(8, 0, 0.5, covariance=TURNED), Src(8, noise=0.5)]),
        ]
    ),
    "intercepts, few rows": gl.Plan.accumulate(3, 6, design="fresh", noise=0.5).with_intercept(),
    "intercepts, weights, covariances, older models": gl.Plan(
        [
            Gen([Src(20, noise=0.5, weight=3.0), Src(12, noise=0.3, covariance=OTHER)], 0.05),
            Gen([Src(20, 0, 0.2, covariance=TURNED), Src(9, weight=2.0)], 0.05, towards=0),
            Gen([Src(29, {0: 0.5, 1: 0.7}, 0.5)], 0.05, "same", pooled=True),
        ]
    ).with_intercept(),
    "labels kept": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], 0.05),
            Gen([Src(None, "kept", inputs=0), Src(30, "previous", 0.5)], 0.05),
            Gen([Src(None, {"kept": 0.4, "previous": 0.6}, 0.3, inputs=0)], 0.05),
        ]
    ),
    "sources, weights, covariances, older models": gl.Plan(
        [
            Gen([Src(30, noise=0.5), Src(20, noise=0.3, weight=0.5, covariance=OTHER)], 0.05),
            Gen([Src(60, noise=0.2), Src(12, 0), Src(9, 0, 0.4, covariance=OTHER)], 0.02),
            Gen([Src(30, {"real": 0.5, 0: 0.7}, 0.5), Src(51, 1, 0.2)], 0.05, "same", pooled=True),
            Gen([Src(20, {0: 0.5, 2: 0.6}, 0.5), Src(30, weight=2.0)], 0.02),
        ]
    ),
}


def runs(plan, count, engine, seed, each=100):
    """Risks, and the other columns of a curve."""
    streams = np.random.SeedSequence(seed).spawn(count // each)
    steps = resolve(plan)
    batches = [engine.run(SMALL, steps, np.random.default_rng(s), each) for s in streams]
    risks = np.concatenate([batch.risks for batch in batches])
    others = [np.concatenate([b.scores[name] for b in batches]) for name in batches[0].scores]
    return risks, np.hstack([np.empty((count, 0)), *others])


def functions(risks):
    """Risks, and what ties the models of one run to each other."""
    last = risks[:, -1]
    return np.column_stack([risks, risks[:, 0] * last, np.log(risks), np.log(last) ** 2])


def compare(plan, count, engine=revealed_designs):
    literally, columns = runs(plan, count, literal, seed=1)
    exactly, other_columns = runs(plan, count, engine, seed=2)
    one = np.hstack([functions(literally), columns])
    other = np.hstack([functions(exactly), other_columns])
    spread = np.sqrt((one.var(axis=0) + other.var(axis=0)) / count)
    assert (np.abs(one.mean(axis=0) - other.mean(axis=0)) <= 4 * spread + 1e-12).all()
    for models in (literally.T, exactly.T):
        assert (models.std(axis=1) / np.sqrt(count) < 0.05 * models.mean(axis=1)).all()
    for model in range(plan.n_models):
        assert stats.ks_2samp(literally[:, model], exactly[:, model]).pvalue > 1e-4
    return literally
