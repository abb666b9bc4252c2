"""Theory against loops that share no code with the package."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import genloss as gl
from genloss.steps import resolve
from genloss.trials.engines import literal

Gen, Src = gl.Generation, gl.Source


def power(dim, capacity=1.0, source=0.5):
    return gl.Problem.power_law(dim, capacity=capacity, source=source)


def compare(theory, risk, stderr, slack):
    """|z| < 4 for exact models, and ``slack`` of relative error besides for asymptotic ones."""
    allowed = 4 * stderr + np.where(theory.exact, 0.0, slack) * theory.risk
    assert (stderr < 0.05 * theory.risk).all(), (theory.risk, risk, stderr)
    assert (np.abs(risk - theory.risk) <= allowed).all(), (theory.risk, risk, stderr)


# --- the same by hand, sharing no code with the package ---------------------------------------


def least_squares(x, y):
    return np.linalg.lstsq(x, y, rcond=None)[0]


def ridge(x, y, penalty, weights=None):
    omega = np.ones(len(y)) if weights is None else weights
    gram = (x.T * omega) @ x + len(y) * penalty * np.eye(x.shape[1])
    return np.linalg.solve(gram, x.T @ (omega * y))


def averaged(run, spectrum, truth, trials, seed):
    rng = np.random.default_rng(seed)
    risks = np.array(
        [[np.sum(spectrum * (w - truth) ** 2) for w in run(rng)] for _ in range(trials)]
    )
    return risks.mean(axis=0), risks.std(axis=0, ddof=1) / np.sqrt(trials)


def inputs(rng, n, variances):
    return rng.standard_normal((n, len(variances))) * np.sqrt(variances)


def by_hand_interpolation(spectrum, truth):
    def run(rng):
        w, models = truth, []
        for n, noise in ((60, 0.2), (240, 0.5), (80, 0.3)):
            x = inputs(rng, n, spectrum)
            w = least_squares(x, x @ w + noise * rng.standard_normal(n))
            models.append(w)
        return models

    plan = gl.Plan.replace(3, [60, 240, 80], noise=[0.2, 0.5, 0.3])
    return plan, run


def by_hand_stacked_ridge(spectrum, truth):
    def run(rng):
        x = inputs(rng, 100, spectrum)
        w0 = ridge(x, x @ truth + 0.5 * rng.standard_normal(100), 0.01)
        x = inputs(rng, 90, spectrum)
        w1 = ridge(x, x @ w0 + 0.4 * rng.standard_normal(90), 0.05)
        x = inputs(rng, 150, spectrum)
        y = np.concatenate([x[:40] @ truth, x[40:90] @ w0, x[90:] @ w1])
        y += np.repeat([0.5, 0.3, 0.6], [40, 50, 60]) * rng.standard_normal(150)
        return [w0, w1, ridge(x, y, 0.02)]

    plan = gl.Plan(
        [
            Gen.of(100, labeler="real", noise=0.5, penalty=0.01),
            Gen.of(90, noise=0.4, penalty=0.05),
            Gen([Src(40, "real", 0.5), Src(50, 0, 0.3), Src(60, "previous", 0.6)], penalty=0.02),
        ]
    )
    return plan, run


def by_hand_weights_and_covariances(spectrum, truth):
    other = np.linspace(2.0, 0.2, spectrum.size)

    def run(rng):
        x = np.concatenate([inputs(rng, 70, spectrum), inputs(rng, 90, other)])
        y = x @ truth + np.repeat([0.5, 0.8], [70, 90]) * rng.standard_normal(160)
        w0 = ridge(x, y, 0.03, np.repeat([1.0, 0.4], [70, 90]))
        x = np.concatenate([inputs(rng, 60, other), inputs(rng, 50, spectrum)])
        y = np.concatenate([x[:60] @ (0.3 * truth + 0.7 * w0), x[60:] @ truth])
        scales = np.repeat([np.hypot(0.3 * 0.9, 0.7 * 0.2), 0.4], [60, 50])
        y += scales * rng.standard_normal(110)
        return [w0, ridge(x, y, 0.1, np.repeat([1.5, 0.7], [60, 50]))]

    other = tuple(other)
    mixture = {"real": 0.3, "previous": 0.7}
    plan = gl.Plan(
        [
            Gen([Src(70, noise=0.5), Src(90, noise=0.8, weight=0.4, covariance=other)], 0.03),
            Gen(
                [
                    Src(60, mixture, 0.2, real_noise=0.9, weight=1.5, covariance=other),
                    Src(50, "real", 0.4, weight=0.7),
                ],
                0.1,
            ),
        ]
    )
    return plan, run


def by_hand_all_rows(design):
    def scenario(spectrum, truth):
        def run(rng):
            rows, labels, w, models = [], [], truth, []
            for _ in range(4):
                x = rows[0] if rows and design == "same" else inputs(rng, 30, spectrum)
                rows.append(x)
                labels.append(x @ w + 0.6 * rng.standard_normal(30))
                w = least_squares(np.concatenate(rows), np.concatenate(labels))
                models.append(w)
            return models

        return gl.Plan.accumulate(4, 30, design=design, noise=0.6), run

    return scenario


def by_hand_mixed_labels_on_one_design(spectrum, truth):
    def run(rng):
        x = inputs(rng, 60, spectrum)
        w, models = truth, []
        for real in (1.0, 0.5, 0.5, 0.5):
            y = real * (x @ truth + 0.5 * rng.standard_normal(60))
            y += (1 - real) * (x @ w + 0.5 * rng.standard_normal(60))
            w = least_squares(x, y)
            models.append(w)
        return models

    return gl.Plan.mix_labels(4, 60, real=0.5, noise=0.5, design="same"), run


def by_hand_stacked_least_squares(spectrum, truth):
    def run(rng):
        x = inputs(rng, 40, spectrum)
        w = least_squares(x, x @ truth + 0.8 * rng.standard_normal(40))
        models = [w]
        for _ in range(2):
            x = inputs(rng, 36, spectrum)
            y = np.concatenate([x[:12] @ truth, x[12:] @ w]) + 0.8 * rng.standard_normal(36)
            w = least_squares(x, y)
            models.append(w)
        return models

    later = Gen([Src(12, "real", 0.8), Src(24, "previous", 0.8)])
    return gl.Plan([Gen.of(40, labeler="real", noise=0.8), later, later]), run


BY_HAND = {
    "interpolation": (by_hand_interpolation, power(120, 1.0), 200),
    "stacked ridge": (by_hand_stacked_ridge, power(120, 1.0), 250),
    "weights and covariances": (by_hand_weights_and_covariances, power(120, 1.0), 250),
    "all rows, fresh": (by_hand_all_rows("fresh"), power(15, 1.0), 2000),
    "all rows, same": (by_hand_all_rows("same"), power(15, 1.0), 2000),
    "mixed labels on one design": (by_hand_mixed_labels_on_one_design, power(120, 0.8), 200),
    "stacked least squares": (by_hand_stacked_least_squares, power(20, 1.0), 2000),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_HAND)
def test_theory_against_loops_written_here(name):
    scenario, problem, trials = BY_HAND[name]
    plan, run = scenario(problem.spectrum, problem.truth)
    risk, stderr = averaged(run, problem.spectrum, problem.truth, trials, seed=3)
    compare(gl.predict(problem, plan), risk, stderr, slack=0.03)


# --- distributions, paper.md section 4 --------------------------------------------------------


def drawn_risks(problem, plan, count, seed):
    return literal.run(problem, resolve(plan), np.random.default_rng(seed), count)[0]


def chain_law(rng, dim, rows, noises, count):
    spread = sum(
        s**2 / rng.chisquare(n - dim + 1, count) for n, s in zip(rows, noises, strict=True)
    )
    return rng.chisquare(dim, count) * spread


@pytest.mark.slow
def test_the_spread_of_one_run_is_the_one_of_2_1():
    d, rows, noises = 10, np.array([40, 60]), np.array([0.5, 0.8])
    plan = gl.Plan.replace(2, rows, noise=noises)
    left = rows - d - 1
    mean, var = np.sum(noises**2 / left), np.sum(2 * noises**4 / (left**2 * (left - 2)))
    expected = np.sqrt(d * (d + 2) * (var + mean**2) - d**2 * mean**2)
    drawn = drawn_risks(power(d, 1.0), plan, 2000, 4)[:, -1]
    kurtosis = np.mean((drawn - drawn.mean()) ** 4) / drawn.var() ** 2
    stderr = expected * np.sqrt((kurtosis - 1) / (4 * drawn.size))
    assert abs(drawn.std(ddof=1) - expected) < 4 * stderr


# --- heavier versions -------------------------------------------------------------------------


@pytest.mark.slow
def test_the_error_of_the_equivalent_falls_with_the_dimension():
    off = []
    for d, trials in ((40, 6000), (160, 1500)):
        problem, plan = power(d, 1.0), gl.Plan.replace(3, d // 2, noise=0.3)
        curve = gl.simulate(problem, plan, trials=trials, seed=31, method="literal")
        off.append(curve.risk / gl.predict(problem, plan).risk - 1)
    assert (off[0] > 0.02).all()
    assert (np.abs(off[1]) < 0.5 * off[0]).all()


@pytest.mark.slow
@pytest.mark.parametrize("rows", [[12, 40, 25], [200, 15, 30]])
def test_the_law_of_least_squares_chains_with_many_draws(rows):
    noises = [0.5, 1.0, 0.3]
    drawn = drawn_risks(power(8, 1.0), gl.Plan.replace(3, rows, noise=noises), 10_000, 6)
    rng = np.random.default_rng(7)
    for t in range(3):
        law = chain_law(rng, 8, rows[: t + 1], noises[: t + 1], 10_000)
        assert stats.ks_2samp(drawn[:, t], law).pvalue > 0.001


@pytest.mark.slow
def test_anisotropic_interpolation_at_dimension_400():
    problem = power(400, 1.5)
    plan = gl.Plan.replace(6, 150, noise=0.2).then(n_samples=300, penalty=1e-3, noise=0.2)
    trials = gl.simulate(problem, plan, trials=500, seed=37, method="literal")
    compare(gl.predict(problem, plan), trials.risk, trials.stderr, slack=0.015)
