"""Plans of the page on plans: the numbers of their derivation, and of its own literal runs with their errors.

A hundred directions of eigenvalues 1/i and a truth of i^-1/2, noise .5: as the numbers were made.
"""

import numpy as np
import pytest

import genloss as gl

Gen, Src = gl.Generation, gl.Source

ORDER = np.arange(1.0, 101)
PROBLEM = gl.Problem(1 / ORDER, ORDER**-0.5)
FIRM, LOOSE = ({"penalty": lam, "noise": 0.5} for lam in (0.05, 0.02))


def mixed_anew():
    """Inputs of before, and .4 of the truth with new noise: another estimator than labels that are kept."""
    rest = {"penalty": 0.05, "noise": [0.5, 0], "real_noise": 0.5}
    return gl.Plan.mix_labels(2, 150, real=[1, 0.4], design="same", **rest)


def tuned():
    """Each fit is to new real rows and pulled to the last model."""
    rows = [Src(80, noise=0.5)]
    return gl.Plan([Gen(rows, 0.05), *3 * [Gen(rows, 0.05, towards="previous")]])


# plan, what its theory said, what literal runs found, standard errors of these
PRINTED = {
    "real rows that stay": (
        gl.Plan.anchored(4, 120, n_real=80, **LOOSE),
        [0.1222, 0.1331, 0.1386, 0.1417],
        [0.1227, 0.1345, 0.1398, 0.1428],
        0.0012,
    ),
    "labels that stay, beyond": (
        gl.Plan.distill(3, 150, mixing=1.6, **FIRM),
        [0.0817, 0.1839, 0.4097],
        [0.0822, 0.1849, 0.4118],
        0.0019,
    ),
    "labels that stay, against": (
        gl.Plan.distill(3, 150, mixing=-0.5, **FIRM),
        [0.0817, 0.0718, 0.0752],
        [0.0828, 0.0727, 0.0762],
        0.0006,
    ),
    "labels that stay, a part": (
        gl.Plan.distill(2, 150, mixing=0.6, **FIRM),
        [0.0817, 0.1075],
        [0.0828, 0.1085],
        0.0011,
    ),
    "labels mixed anew": (mixed_anew(), [0.0817, 0.1009], [0.0828, 0.1009], 0.0011),
    "pulled to the last": (
        tuned(),
        [0.1155, 0.0767, 0.0716, 0.0706],
        [0.1152, 0.0764, 0.0712, 0.0703],
        0.0004,
    ),
}


@pytest.mark.parametrize("name", PRINTED)
def test_plans_are_as_printed_and_as_their_runs_found(name):
    plan, printed, measured, stderr = PRINTED[name]
    found = gl.predict(PROBLEM, plan).risk
    np.testing.assert_allclose(found, printed, atol=6e-5)
    assert (np.abs(found - measured) < 0.02 * np.array(measured) + 4 * stderr).all()


def test_rows_of_t_inputs_are_as_printed_and_as_their_runs_found():
    """Sixteen lengths of equal shares, each the mean of its part of 3 / chi^2 of five degrees."""
    draws = np.sort(3 / np.random.default_rng(0).chisquare(5, 320_000))
    tailed = gl.Problem(PROBLEM.spectrum, PROBLEM.truth, tails=draws.reshape(16, -1).mean(axis=1))
    plan = gl.Plan.replace(3, 160, **LOOSE)
    found, normal = (gl.predict(each, plan).risk for each in (tailed, PROBLEM))
    np.testing.assert_allclose(found, [0.0775, 0.1393, 0.1937], atol=2.5e-4)
    np.testing.assert_allclose(normal, [0.0722, 0.1286, 0.1777], atol=6e-5)
    measured, stderr = np.array([0.0783, 0.1409, 0.1963]), np.array([0.0004, 0.0008, 0.0011])
    assert (np.abs(found - measured) < 0.02 * measured + 4 * stderr).all()
    assert (normal < 0.98 * measured - 4 * stderr).all()


@pytest.mark.parametrize(
    ("shares", "printed"),
    [
        ([0.5**k for k in range(1, 8)], [1, 1.70, 2.09, 2.30, 2.40, 2.46, 2.48, 2.50]),
        ([0.3] * 7, [4.19]),
        ([0.9**k for k in range(1, 8)], [6.76]),
    ],
)
def test_edited_labels_by_their_recursion(shares, printed):
    n, d = 1280, 256  # of which halves are whole rows
    a, b, told = 1.0, 1.0, [1.0]
    for m in shares:
        leak = m * (1 - m) * (1 - d / n)
        a, b = a + m + leak * b, ((1 - m) ** 2 + leak) * b + m
        told.append(a)
    np.testing.assert_allclose(told[-len(printed) :], printed, atol=6e-3)
    plan = gl.Plan.edit(8, n, edited=[0, *shares], noise=1.0)
    found = gl.predict(gl.Problem.isotropic(d), plan).risk / (d / (n - d - 1))
    np.testing.assert_allclose(found, told, rtol=1e-3)


def closed_classes(labels_from):
    """Sets of agents that are labelled by each other and by nobody else."""
    reach = np.linalg.matrix_power(labels_from + np.eye(len(labels_from)), len(labels_from)) > 0
    both = reach & reach.T
    return [
        np.flatnonzero(own) for own, seen in zip(both, reach, strict=True) if (own == seen).all()
    ]


@pytest.mark.parametrize("seed", [0, 2, 3, 4, 5, 7])
def test_networks_collapse_where_a_closed_class_sees_no_real_rows(seed):
    """Five rows a direction and agent, so that nothing else explodes; who labels and who sees is drawn."""
    rng = np.random.default_rng(seed)
    shares = rng.random((4, 4)) * (rng.random((4, 4)) < 0.3)
    shares[np.arange(4), rng.permutation(4)] += 1e-3 + rng.random(4)
    shares /= shares.sum(axis=1, keepdims=True)
    real = np.where(rng.random(4) < 0.4, 0.3, 0.0)
    plan = gl.Plan.network(shares, 3, 300, noise=1.0, real=real)
    bounded = all(real[members].any() for members in closed_classes(shares))
    last = gl.limit(gl.Problem.isotropic(60), plan)
    assert last.stable == bounded
