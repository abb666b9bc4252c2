"""Limits in closed form, networks, one design, and what is not known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from stacked_plans import COMPLETE, DECAY, network, stacked

import genloss as gl
from genloss.theory.forever.repeating import repetition


def test_replace_with_a_penalty_in_closed_form():
    s, lam, n, noise = DECAY.spectrum, 0.02, 150, 0.5
    k = float(gl.equivalents.kappa(s, lam, n))
    S, R = s / (s + k), 1 / (s + k)
    tau2 = noise**2 / (1 - (2 * s**2 / ((s + k) * (2 * s + k))).sum() / n)
    risk = DECAY.signal + (s**2 * R**2 * tau2 / (n * (1 - S**2))).sum()
    found = gl.limit(DECAY, gl.Plan.replace(3, n, penalty=lam, noise=noise))
    assert found.risk == pytest.approx(risk, rel=1e-12)
    assert found.bias == pytest.approx(DECAY.signal, rel=1e-12)


def test_mixed_labels_in_closed_form():
    s, truth, lam, n, a, noise = DECAY.spectrum, DECAY.truth, 0.02, 150, 0.3, 0.5
    k = float(gl.equivalents.kappa(s, lam, n))
    S, R = s / (s + k), 1 / (s + k)
    f = a * S / (1 - (1 - a) * S)
    share = s * R**2 / n / (1 - ((1 - a) * S) ** 2)  # variance per unit of tau**2
    bar = (a + (1 - a) * f) ** 2 * truth**2
    sigma2 = noise**2 * (a**2 + (1 - a) ** 2)
    free = 1 - (S**2).sum() / n
    fed = (s * (1 - S) ** 2 * (1 - a) ** 2 * share).sum()
    tau2 = (sigma2 + (s * (1 - S) ** 2 * bar).sum()) / (free - fed)
    risk = (s * (truth**2 * (1 - f) ** 2 + share * tau2)).sum()
    found = gl.limit(DECAY, gl.Plan.mix_labels(4, n, real=a, penalty=lam, noise=noise))
    assert found.risk == pytest.approx(risk, rel=1e-12)


@pytest.mark.parametrize("n", [45, 60, 3000])
def test_accumulated_errors_add_up(n):
    d = 30
    problem = gl.Problem.isotropic(d)
    same = gl.limit(problem, gl.Plan.accumulate(3, n, design="same", noise=1.0))
    assert same.risk == pytest.approx(d / (n - d - 1) * math.pi**2 / 6, rel=1e-10)
    blocks = np.arange(1.0, 2e6)
    terms = d / (blocks * (blocks * n - d - 1))
    fresh = gl.limit(problem, gl.Plan.accumulate(3, n, design="fresh", noise=1.0))
    assert fresh.risk == pytest.approx(terms.sum() + d / n / blocks[-1], rel=1e-9)
    path = np.cumsum(terms)
    half = np.searchsorted(path, (path[0] + fresh.risk) / 2)
    assert half - 1 <= fresh.half_life <= half
    assert (same.stable, same.radius) == (True, 1.0)


@pytest.mark.slow
def test_a_penalty_on_all_rows_forgets_like_a_power():
    """Per pooled row it grows with them: ``prod_g (1 - a/g)``, a = lam/(s + lam), at many rows."""
    rng, s, lam, n, last = np.random.default_rng(0), np.array([4.0, 1.0, 0.25]), 0.5, 400, 30
    ends = []
    for _ in range(400):
        w, A, b = np.ones(3), np.zeros((3, 3)), np.zeros(3)
        for t in range(last):
            X = rng.standard_normal((n, 3)) * np.sqrt(s)
            A, b = A + X.T @ X, b + X.T @ (X @ w + 0.5 * rng.standard_normal(n))
            w = np.linalg.solve(A + (t + 1) * n * lam * np.eye(3), b)
        ends.append(w)
    ends = np.array(ends)
    law = np.prod(1 - (lam / (s + lam))[:, None] / np.arange(1, last + 1), axis=1)
    error = ends.std(axis=0) / math.sqrt(len(ends))
    assert (np.abs(ends.mean(axis=0) - law) < 4 * error + 0.003).all()
    problem = gl.Problem(s, np.ones(3))
    found = gl.limit(problem, gl.Plan.accumulate(3, n, design="fresh", penalty=lam, noise=0.5))
    assert (found.risk, found.variance) == (problem.signal, 0.0)


@pytest.mark.parametrize(("size", "n"), [(2, 1.5), (3, 5 / 3)])
def test_agents_without_real_rows_part_at_the_border(size, n):
    d, who = 3000, [list(range(size))] * size
    problem = gl.Problem.isotropic(d)
    radius = lambda rows: gl.limit(problem, network(who, 4, size * round(rows * d / size))).radius
    assert radius(n - 0.02) > 1.001
    assert radius(n + 0.02) == pytest.approx(1, abs=1e-9)


def test_a_network_in_which_one_agent_sees_real_rows_is_bounded():
    ring = network([[2], [0], [1]], 4, 120, [30, 0, 0])
    found = gl.limit(gl.Problem.isotropic(60), ring)
    risks = gl.predict(gl.Problem.isotropic(60), repetition(ring).unrolled(ring, 200)).risk[-3:]
    assert found.stable
    assert found.risk == pytest.approx(risks[-1], rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("n", [60, 250])
@pytest.mark.parametrize(("real", "penalty"), [(0.0, 0.05), (0.4, 0.05), (1.0, 0.05), (0.4, 0.0)])
def test_one_design_for_ever(n, real, penalty):
    """Against literal chains on fixed designs, far along."""
    d, noise, rng = 120, 0.5, np.random.default_rng(0)
    problem = gl.Problem(np.arange(1, d + 1) ** -0.8, np.arange(1, d + 1) ** -0.1)
    plan = gl.Plan.mix_labels(4, n, real=real, penalty=penalty, noise=noise, design="same")
    found = gl.limit(problem, plan)
    a, b, risks = real, 1 - real, []
    for _ in range(40):
        X = rng.standard_normal((n, d)) * np.sqrt(problem.spectrum)
        _, root, V = np.linalg.svd(X, full_matrices=False)
        h = root**2 / (root**2 + n * penalty)
        # in the design's own basis the sums over generations are geometric
        mean = a * h / (1 - b * h)
        spread = (h / root) ** 2 / (1 - (b * h) ** 2) * noise**2 * (a**2 + b**2)
        w = V.T @ (mean * (V @ problem.truth)) - problem.truth
        weight = (V**2) @ problem.spectrum
        risks.append(problem.spectrum @ w**2 + weight @ spread)
    error = np.std(risks) / math.sqrt(len(risks))
    assert abs(np.mean(risks) - found.risk) < 4 * error + 0.02 * found.risk


@pytest.mark.parametrize("a", [0.3, 1.0])
def test_a_filter_on_one_design_for_ever(a):
    """Gradient descent against literal designs, with sums over generations that are geometric in their basis."""
    d, n, steps, step, noise, rng = 120, 150, 20, 0.3, 0.5, np.random.default_rng(0)
    problem = gl.Problem(np.arange(1, d + 1) ** -0.8, np.arange(1, d + 1) ** -0.1)
    how = gl.filters.GradientDescent(steps, step)
    label = gl.Source(n, {"real": a, "previous": 1 - a}, noise)
    first = gl.Generation([gl.Source(n, noise=noise)], filter=how)
    later = gl.Generation([label], design="same", filter=how)
    found = gl.limit(problem, gl.Plan([first, *3 * [later]]))
    b, risks = 1 - a, []
    for _ in range(40):
        X = rng.standard_normal((n, d)) * np.sqrt(problem.spectrum)
        x, V = np.linalg.eigh(X.T @ X / n)
        h = 1 - (1 - step * x) ** steps
        spread = h**2 / x / n / (1 - (b * h) ** 2) * noise**2
        w = V @ (a * h / (1 - b * h) * (V.T @ problem.truth)) - problem.truth
        risks.append(problem.spectrum @ w**2 + (V**2).T @ problem.spectrum @ spread)
    error = np.std(risks) / math.sqrt(len(risks))
    assert abs(np.mean(risks) - found.risk) < 4 * error + 0.02 * found.risk


def test_copies_without_noise_stay_as_they_are():
    found = gl.limit(DECAY, gl.Plan.replace(3, [250, 300, 300], noise=[0.5, 0, 0]))
    first = gl.predict(DECAY, gl.Plan.replace(1, 250, noise=0.5)).risk[0]
    assert (found.risk, found.radius, found.half_life) == (pytest.approx(first), 1.0, 0.0)
    assert gl.limit(DECAY, gl.Plan.replace(3, 300, noise=0.5)).risk == math.inf


def test_units_do_not_matter():
    scaled = gl.Problem(DECAY.spectrum * 2.0**300, DECAY.truth * 2.0**-150)
    plan = stacked(150, 0.3, penalty=0.01)
    found = gl.limit(scaled, plan.with_penalty(0.01 * 2.0**300))
    assert found.risk == pytest.approx(gl.limit(DECAY, plan).risk, rel=1e-12)


@pytest.mark.parametrize(
    ("plan", "word"),
    [
        (gl.Plan.subsample(3, 100, design="fresh"), "genloss.simulate"),
        (gl.Plan.anchored(2, 100, n_real=50), "write one repetition more"),
    ],
)
def test_what_is_not_known_is_refused(plan, word):
    with pytest.raises(gl.NoTheoryError, match=word):
        gl.limit(DECAY, plan)
    with pytest.raises(gl.InvalidInputError, match="block was 9"):
        gl.limit(DECAY, plan, block=9)


def test_predict_and_tune_say_so():
    problem = gl.Problem.isotropic(60)
    plan = gl.Plan.mix(5, 80, real=0.1, noise=1.0)
    [warning] = [w for w in gl.predict(problem, plan).warnings if w.startswith("unstable")]
    told = "1.09 in the end; it is stopped by a penalty of 0.00712 or by 53.8% real rows"
    assert told in warning
    tuned = gl.tune(problem, plan)
    assert told in tuned.before.warnings[0]
    assert not any(w.startswith("unstable") for w in tuned.curve.warnings)
    calm = gl.Plan.mix(5, 120, real=0.1, noise=1.0)
    both = gl.predict(problem, [plan, calm])
    assert [any(w.startswith("unstable") for w in c.warnings) for c in both] == [True, False]
    assert "1.09 in the end; genloss.limit(problem, plan) says" in both[0].warnings[0]


BEYOND = gl.Plan.mix_labels(5, 100, real=-0.3, noise=0.5)
TURNS = [
    gl.Generation([gl.Source(n, "previous", 1.0), gl.Source(80 - n, noise=1.0)]) for n in (72, 70)
]
TWICE = [gl.Source(72, "previous", 1.0, weight=2.0), gl.Source(8, noise=1.0)]
REAL_ROWS = gl.Generation([gl.Source(80, noise=1.0)])


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (network(COMPLETE, 4, 84), "the last 3 generations"),
        (gl.Plan([REAL_ROWS, *2 * TURNS]), "the last 2 generations"),
        (gl.Plan([REAL_ROWS, *3 * [gl.Generation(TWICE)]]), "labelers contradict each other"),
        (BEYOND, "labels that go beyond what models say"),
    ],
)
def test_predict_says_what_limit_says(plan, said):
    problem = gl.Problem.isotropic(60)
    found = gl.limit(problem, plan)
    [warning] = [w for w in gl.predict(problem, plan).warnings if w.startswith("unstable")]
    assert said in warning
    assert f"multiply the error by {found.radius:.3g} in the end" in warning
    assert f"a penalty of {found.cure:.3g}" in warning


def test_the_command(genloss, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = gl.Plan.mix(5, 80, real=0.1, noise=1.0)
    gl.save(tmp_path / "plan.toml", plan=plan, problem=gl.Problem.isotropic(60))
    code, out, errors = genloss("limit", "plan.toml")
    assert (code, errors) == (0, "")
    assert "Cured by a penalty of 0.00712 or by 53.8% real rows." in out
    code, out, _ = genloss("limit", "plan.toml", "--block", "1", "--json")
    assert '"stable": false' in out
    code, _, errors = genloss("limit", "plan.toml", "--block", "7")
    assert (code, errors) == (2, "genloss: --block was 7; the plan has 5 generations\n")


@pytest.mark.parametrize("policy", ["mix", "mix_labels"])
def test_how_often_the_end_is_written_does_not_matter(policy):
    problem = gl.Problem.power_law(50, capacity=1.2, source=0.5)
    build = getattr(gl.Plan, policy)
    ends = [gl.limit(problem, build(k, 90, real=0.3, penalty=0.01, noise=0.5)) for k in (2, 3, 9)]
    for name in ("risk", "radius", "half_life"):
        told = [getattr(each, name) for each in ends]
        np.testing.assert_allclose(told, told[0], rtol=1e-9)


def test_without_noise_nothing_is_lost_for_ever():
    problem = gl.Problem.power_law(60, capacity=1.5, source=0.5)
    assert 0 <= gl.limit(problem, gl.Plan.mix(3, 600, real=0.2)).risk < 1e-15
