"""Problems and plans of several classes, for tests."""

import numpy as np

import genloss as gl
from genloss import Generation, Source

DIM = 200


def spectrum(dim=DIM):
    """Eigenvalues i^-1/2 of trace 1."""
    values = np.arange(1, dim + 1) ** -0.5
    return values / values.sum()


def one_truth(classes, seed=1, dim=DIM, norm=2.0):
    s = spectrum(dim)
    truth = np.random.default_rng(seed).standard_normal((dim, classes))
    return gl.Problem(s, norm * truth / np.sqrt(s @ truth**2))


def clouds(classes=None, seed=1, dim=DIM, apart=0.2):
    s = spectrum(dim)
    shape = dim if classes is None else (dim, classes)
    means = np.random.default_rng(seed).standard_normal(shape)
    return gl.Problem(s, means=apart * (np.sqrt(s) * means.T).T)


def source(n, who, how, noise=0.0, weight=1.0, covariance=None, keep=None):
    """Rows as the loop's ``block`` takes them."""
    if keep is not None:
        threshold, judge = keep
        agrees = gl.keep.Agrees(judge)
        keep = agrees if threshold is None else gl.keep.Confident(threshold, judge)
    return Source(n, who, noise, weight=weight, covariance=covariance, labels=how, keep=keep)


EARLY = {"descent": gl.filters.GradientDescent(40, 0.8), "pass": gl.filters.SGD(0.1)}


def plan_of(fits):
    return gl.Plan(
        [
            Generation(
                [source(*b) for b in blocks],
                lam,
                loss="squared" if loss in EARLY else loss,
                filter=EARLY.get(loss),
            )
            for blocks, lam, loss in fits
        ]
    )
