"""Numbers of papers that plans can say: surrogates, verifiers, subsamples, mixed labels, contamination."""

import numpy as np
import pytest
from scipy.stats import norm

import genloss as gl
from genloss import keep

from .by_hand import assert_near, ridge

Gen, Src = gl.Generation, gl.Source

# --- the best surrogate of an interpolating fit: 500 directions, 200 rows --------------------

INDEX = np.arange(1, 501)
STEEP = gl.Problem(INDEX**-2.0, np.sqrt(INDEX**-1.5 / INDEX**-2.0))


def surrogates():
    """The truth, the labeler whose rows leave the least error, and the best of truths with gaps."""
    s, w, n = STEEP.spectrum, STEEP.truth, 200
    shrink = s / (s + float(gl.equivalents.kappa(s, 0.0, n)))
    omega = (shrink**2).sum() / (n - (shrink**2).sum())
    best = shrink * w / (shrink**2 + omega * (1 - shrink) ** 2)
    return omega, w, best, np.where((1 - shrink) ** 2 * (1 + omega) < 1, w, 0)


def labelled_by(coefficients):
    return gl.Plan([Gen([Src(200, gl.External(coefficients))])])


def test_a_surrogate_can_teach_better_than_the_truth():
    omega, truth, best, gaps = surrogates()
    assert omega == pytest.approx(1.584, abs=5e-4)
    assert (np.abs(best) > truth * (1 + 1e-12)).sum() == 126
    found = [gl.predict(STEEP, labelled_by(each)).risk[0] for each in (truth, best, gaps)]
    assert found[:2] == pytest.approx([0.1194, 0.0833], abs=6e-5)
    assert found[1] < found[2] < found[0]
    for factor in (0.97, 1.03):
        assert gl.predict(STEEP, labelled_by(factor * best)).risk[0] > found[1]


@pytest.mark.slow
def test_literal_surrogates():
    _, *labelers = surrogates()
    s, rng, found = STEEP.spectrum, np.random.default_rng(1), []
    for _ in range(80):
        X = rng.standard_normal((200, 500)) * np.sqrt(s)
        W = np.linalg.lstsq(X, X @ np.transpose(labelers), rcond=None)[0]
        found.append(s @ (W - STEEP.truth[:, None]) ** 2)
    theory = [gl.predict(STEEP, labelled_by(each)).risk[0] for each in labelers]
    assert_near(np.array(theory), found)


# --- a verifier that keeps labels near its own -------------------------------------------------


def verified(off, generations=9):
    """400 rows in 100 directions, kept within .5 of a verifier that is `off` the truth."""
    away = np.zeros(100)
    away[0] = off
    problem = gl.Problem.isotropic(100)
    rule = keep.Near(gl.External(problem.truth + away), 0.5)
    later = Gen([Src(400, "previous", 0.5, keep=rule)])
    return problem, gl.Plan([Gen([Src(400, noise=0.5)]), *(generations - 1) * [later]])


VERIFIERS = {
    # falls to a floor of noise; falls and rises; rises
    0.0: ([0.083, 0.055, 0.050], 0.0496),
    0.2: ([0.083, 0.079, 0.085, 0.088], 0.0897),
    0.6: ([0.083, 0.283, 0.367, 0.397], 0.410),
}


@pytest.mark.parametrize("off", VERIFIERS)
def test_chains_contract_to_their_verifier_and_a_floor(off):
    risk = gl.predict(*verified(off)).risk
    first, last = VERIFIERS[off]
    np.testing.assert_allclose(risk[: len(first)], first, atol=1e-3)
    assert risk[-1] == pytest.approx(last, abs=6e-4)
    assert risk[-1] == pytest.approx(off**2 + 0.0496, abs=6e-4)


@pytest.mark.slow
@pytest.mark.parametrize("off", VERIFIERS)
def test_literal_chains_that_are_verified(off):
    problem, plan = verified(off, 4)
    rng, found = np.random.default_rng(2), []
    for _ in range(60):
        w, risks = problem.truth, []
        for t in range(4):
            X = rng.standard_normal((400, 100))
            y = X @ w + 0.5 * rng.standard_normal(400)
            centre = X @ problem.truth + off * X[:, 0]
            kept = np.abs(y - centre) < 0.5 if t else slice(None)
            w = ridge(X[kept], y[kept], 0)
            risks.append((w - problem.truth) @ (w - problem.truth))
        found.append(risks)
    # least squares by the equivalent has n - d where the exact law has n - d - 1
    assert_near(gl.predict(problem, plan).risk, found, within=0.03)


@pytest.mark.parametrize(
    ("noise", "off", "window", "printed"),
    [(1.0, 0.5, 1.0, 0.2823), (0.5, 0.6, 0.5, None), (1.0, 2.0, 0.3, None)],
)
def test_many_verified_rows_contract_by_rho(noise, off, window, printed):
    """``rho = v (noise^2 + off^2) / (noise^2 + v off^2)``, v the variance of a cut normal."""
    problem, away = gl.Problem.isotropic(30), np.zeros(30)
    away[0] = off
    rule = keep.Near(gl.External(problem.truth), window)
    rows = Src(10**9, gl.External(problem.truth + away), noise, keep=rule)
    curve = gl.predict(problem, gl.Plan([Gen([rows])]))
    a = window / np.hypot(off, noise)
    v = 1 - 2 * a * norm.pdf(a) / (2 * norm.cdf(a) - 1)
    rho = v * (noise**2 + off**2) / (noise**2 + v * off**2)
    assert np.sqrt(curve.risk[0]) / off == pytest.approx(rho, rel=1e-5)
    assert curve.accepted[0] == pytest.approx(2 * norm.cdf(a) - 1, rel=1e-6)
    assert printed is None or rho == pytest.approx(printed, abs=5e-5)


# --- others --------------------------------------------------------------------------------------


def test_drawn_rows_at_three_rows_a_direction():
    plan = gl.Plan.subsample(5, 900, design="fresh", noise=1.0)
    found = gl.predict(gl.Problem.isotropic(300), plan).risk
    np.testing.assert_allclose(found, [0.500, 0.870, 1.044, 1.154, 1.232], atol=1.1e-3)
    measured = np.array([0.501, 0.869, 1.041, 1.160, 1.246])
    assert (np.abs(found - measured) < 0.01 * measured + 4 * 0.012).all()


@pytest.mark.parametrize(
    ("penalty", "best"), [(1e-4, 0.618), (0.05, 0.607), (0.3, 0.645), (2.0, 1.0)]
)
def test_the_best_share_of_real_labels_on_one_design(penalty, best):
    """Two directions a row, noise .7: between a half and one whatever the penalty."""
    problem, shares = gl.Problem.isotropic(100), np.minimum(best + np.array([-0.03, 0, 0.03]), 1)
    risks = [
        gl.limit(
            problem,
            gl.Plan.mix_labels(2, 50, real=share, penalty=penalty, noise=0.7, design="same"),
        ).risk
        for share in shares
    ]
    if best == 1:
        assert risks[0] > risks[1]
    else:  # the vertex of a parabola
        bend, slope, _ = np.polyfit(shares, risks, 2)
        assert bend > 0
        assert -slope / (2 * bend) == pytest.approx(best, abs=4e-3)


@pytest.mark.parametrize("share", [0.1, 0.001])
def test_a_share_of_rows_of_a_shifted_labeler_leaves_a_floor(share):
    """``share^2 tr(Sigma Delta)`` however many rows; with weights the share is that of the weights."""
    problem, many = gl.Problem.power_law(200, capacity=1.0, source=0.5), 10**12
    shift = np.random.default_rng(0).standard_normal(200) * 0.1
    floor = problem.spectrum @ shift**2
    for weight in (1.0, 0.1):
        rows = [
            Src(round((1 - share) * many)),
            Src(round(share * many), gl.External(problem.truth + shift), weight=weight),
        ]
        found = gl.predict(problem, gl.Plan([Gen(rows)])).risk[0]
        part = weight * share / (1 - share + weight * share)
        assert found == pytest.approx(part**2 * floor, rel=2e-2)


# --- self-training without noise: what is forgotten and what is denoised -----------------------


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_equal_directions_are_forgotten_and_denoised_at_one_rate(noise):
    """``risk_t = |w|^2 + psi^(t+1) (noise^2 / (1 - psi) - |w|^2)``, psi rows a direction: monotone."""
    d, psi = 10_000, 0.7
    plan = gl.Plan.replace(8, round(psi * d), noise=[noise, *[0.0] * 7])
    risk = gl.predict(gl.Problem.isotropic(d, signal=1.5), plan).risk
    told = 1.5 + psi ** np.arange(1, 9) * (noise**2 / (1 - psi) - 1.5)
    np.testing.assert_allclose(risk, told, rtol=2e-3)
    assert (np.diff(risk) > 0).all() == (noise**2 / (1 - psi) < 1.5)


SPIKED = gl.Problem(np.r_[np.full(5, 40.0), np.ones(195)], np.r_[np.full(5, 0.2), np.zeros(195)])
RETAUGHT = gl.Plan.replace(24, 140, noise=[1.0, *[0.0] * 23])


def test_spikes_are_kept_while_noise_is_lost_until_they_too_are_forgotten():
    curve = gl.predict(SPIKED, RETAUGHT)
    best = int(np.argmin(curve.risk))
    assert 3 < best < 23
    assert (np.diff(curve.risk)[:best] < 0).all()
    assert (np.diff(curve.risk)[best:] > 0).all()
    assert (np.diff(curve.bias) > 0).all()


@pytest.mark.slow
def test_literal_chains_that_forget_spikes():
    s, truth = SPIKED.spectrum, SPIKED.truth
    rng, found = np.random.default_rng(4), []
    for _ in range(130):
        w, risks = truth, []
        for t in range(15):
            X = rng.standard_normal((140, 200)) * np.sqrt(s)
            y = X @ w + (rng.standard_normal(140) if t == 0 else 0)
            w = X.T @ np.linalg.solve(X @ X.T, y)
            risks.append(s @ (w - truth) ** 2)
        found.append(risks)
    # five spikes are few
    assert_near(gl.predict(SPIKED, RETAUGHT).risk[:15], found, within=0.05)
