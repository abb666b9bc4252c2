"""Revealed designs and rows have the law of literal runs."""

from __future__ import annotations

import numpy as np
import pytest
from plans_revealed import OTHER, PLANS, TURNED, Gen, Src, compare

import genloss as gl
from genloss.trials.engines import revealed_rows

ROW_PLANS = {
    "subsample": gl.Plan.subsample(4, 60, design="fresh", penalty=0.05, noise=0.5),
    "subsample, one design": gl.Plan.subsample(3, 60, design="same", penalty=0.05, noise=0.5),
    "subsample, minimum norm": gl.Plan.subsample(3, 12, design="fresh", noise=0.5),
    "subsample, features": gl.Plan.subsample(
        3, 60, design="fresh", penalty=0.05, noise=0.5
    ).with_features(30, shared=True),
    "subsample of sources, weights, covariances": gl.Plan(
        [
            Gen([Src(30, noise=0.5), Src(20, noise=0.3, weight=0.5, covariance=OTHER)], 0.05),
            Gen(
                [Src(20, {"real": 0.5, 0: 0.7}, 0.5), Src(30, 0, 0.2)],
                0.05, "same", pooled=True, subsample=70,
            ),
            Gen([Src(20, {0: 0.5, 1: 0.6}, 0.5), Src(30, weight=2.0)], 0.02),
        ]
    ),
    "subsample, covariances that do not commute": gl.Plan(
        [
            Gen([Src(30, noise=0.5), Src(30, noise=0.3, weight=0.5, covariance=TURNED)], 0.05),
            Gen([Src(40, 0, 0.2, covariance=TURNED)], 0.02, subsample=70, pooled=True),
        ]
    ),
    "Huber, a covariance that does not commute": gl.Plan(
        [
            Gen([Src(60, noise=0.5, covariance=TURNED)], 0.05, loss=gl.losses.Huber(0.3)),
            Gen([Src(60, 0, 0.5)], 0.05),
        ]
    ),
    "logistic, hard and sampled classes": gl.Plan(
        [
            Gen([Src(60, noise=0.5, labels="hard")], 0.02, loss="logistic"),
            Gen(
                [Src(60, "previous", 0.2, labels="sampled"), Src(30, noise=0.5, labels="hard")],
                0.02, loss="logistic",
            ),
        ]
    ),
    "Huber, clipped labels": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], 0.05, loss=gl.losses.Huber(0.3)),
            Gen(
                [Src(60, 0, 0.5, labels=gl.labels.Clipped(-1, 1))],
                0.05, loss=gl.losses.Huber(0.3),
            ),
        ]
    ),
    "intercepts, rows drawn from a pool": gl.Plan.subsample(
        3, 40, design="fresh", penalty=0.05, noise=0.5
    ).with_intercept(),
    "intercepts, few rows of one design": gl.Plan.subsample(
        2, 8, design="same", noise=0.5
    ).with_intercept(),
    "gradient descent on rows that are kept": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], 0.05),
            Gen(
                [Src(60, 0, 0.5, keep=gl.keep.Near("real", 0.8))],
                filter=gl.filters.GradientDescent(steps=40, step=0.5),
            ),
        ]
    ),
    "kept by a verifier, and by confidence": gl.Plan(
        [
            Gen([Src(60, noise=0.5)], 0.05),
            Gen([Src(60, "previous", 0.5, keep=gl.keep.Near("real", 0.8)), Src(20, 0)], 0.05),
            Gen([Src(60, 1, 0.5, keep=gl.keep.Confident(0.5))], 0.05),
        ]
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_every_revealed_chain_has_the_law_of_the_literal_one(name):
    most, count = (0.01, 8_000) if name == "real and synthetic" else (0.03, 2_000)
    literally = compare(PLANS[name], count)
    errors = literally.std(axis=0) / np.sqrt(len(literally)) / literally.mean(axis=0)
    assert (errors < most).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *ROW_PLANS,
        "accumulate, one design",
        "own features, minimum norm",
        "intercepts, weights, covariances, older models",
    ],
)
def test_every_chain_on_revealed_rows_has_the_law_of_the_literal_one(name):
    literally = compare((ROW_PLANS | PLANS)[name], 2_000, revealed_rows)
    errors = literally.std(axis=0) / np.sqrt(len(literally)) / literally.mean(axis=0)
    assert (errors < 0.03).all()
