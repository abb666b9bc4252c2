"""Rows and labels of earlier generations, and fits pulled to a model: against loops written here.

The loops know NumPy alone: neither plans nor the steps that theory and engines read.
"""

import numpy as np
import pytest

import genloss as gl

SMALL = gl.Problem.power_law(12, capacity=1.0, source=0.5)
LARGE = gl.Problem.power_law(100, capacity=1.0, source=0.5)
NOISE, PENALTY = 0.5, 0.1


def ridge(X, y, penalty, weights=None, towards=0.0):
    """Least (1/n) sum weights (x'w - y)^2 + penalty |w - towards|^2; without penalty the nearest."""
    root = np.sqrt(np.ones(len(X)) if weights is None else weights)[:, None]
    Z, rest = root * X, root[:, 0] * (y - X @ (towards + np.zeros(X.shape[1])))
    if penalty == 0:
        return towards + np.linalg.lstsq(Z, rest, rcond=None)[0]
    return towards + np.linalg.solve(Z.T @ Z + len(X) * penalty * np.eye(X.shape[1]), Z.T @ rest)


class Draws:
    """Normal rows and noisy labels of one run."""

    def __init__(self, problem, seed):
        self.rng, self.root, self.truth = (
            np.random.default_rng(seed),
            np.sqrt(problem.spectrum),
            problem.truth,
        )

    def rows(self, n):
        return self.rng.standard_normal((n, self.root.size)) * self.root

    def labels(self, X, w, noise=NOISE):
        return X @ w + noise * self.rng.standard_normal(len(X))

    def block(self, n, w):
        X = self.rows(n)
        return X, self.labels(X, w)


def anchored(draws, weight=0.7):
    """80 real rows that stay, 120 new synthetic ones that weigh less."""
    X, y = draws.block(80, draws.truth)
    models = [ridge(X, y, PENALTY)]
    weights = np.repeat([1.0, weight], [80, 120])
    for _ in range(3):
        Z, z = draws.block(120, models[-1])
        models.append(ridge(np.r_[X, Z], np.r_[y, z], PENALTY, weights))
    return models


def windowed(draws):
    """The last two blocks of 100."""
    blocks = [draws.block(100, draws.truth)]
    models = [ridge(*blocks[0], PENALTY)]
    for _ in range(3):
        blocks.append(draws.block(100, models[-1]))
        (X, y), (Z, z) = blocks[-2:]
        models.append(ridge(np.r_[X, Z], np.r_[y, z], PENALTY))
    return models


def distilled(draws, mixing=1.6):
    """The labels of 150 rows stay; the models' values take their part without noise."""
    X, y = draws.block(150, draws.truth)
    models = [ridge(X, y, PENALTY)]
    for _ in range(2):
        draws.rng.standard_normal(150)  # labels always draw a noise, of size zero here
        models.append(ridge(X, (1 - mixing) * y + mixing * X @ models[-1], PENALTY))
    return models


def weighted_by_age(draws, powers=(0.5, 0.7, 1.0)):
    """All blocks of 60, older ones weigh less in every fit (a matrix of weights)."""
    blocks = [draws.block(60, draws.truth)]
    models = [ridge(*blocks[0], PENALTY)]
    for t in (1, 2):
        blocks.append(draws.block(60, models[-1]))
        X, y = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        models.append(ridge(X, y, PENALTY, np.repeat(powers[2 - t :], 60)))
    return models


def fine_tuned(draws, n=80, penalty=PENALTY):
    """New real and synthetic rows, each fit pulled to the last model."""
    models = [ridge(*draws.block(150, draws.truth), PENALTY)]
    for _ in range(2):
        X, Z = draws.rows(n), draws.rows(40)  # an engine draws rows first, then labels
        y, z = draws.labels(X, draws.truth), draws.labels(Z, models[-1])
        models.append(ridge(np.r_[X, Z], np.r_[y, z], penalty, towards=models[-1]))
    return models


def pulled_on_the_same_rows(draws):
    """150 inputs with new real labels, each fit pulled to the first model."""
    X, y = draws.block(150, draws.truth)
    models = [ridge(X, y, PENALTY)]
    for _ in range(2):
        models.append(ridge(X, draws.labels(X, draws.truth), PENALTY, towards=models[0]))
    return models


def _aged(powers=(0.5, 0.7, 1.0)):
    built = [gl.Generation([gl.Source(60, noise=NOISE)], PENALTY)]
    for t in (1, 2):
        kept = [gl.Source(None, "kept", weight=powers[2 - t + k], inputs=k) for k in range(t)]
        built.append(gl.Generation([*kept, gl.Source(60, "previous", NOISE)], PENALTY))
    return gl.Plan(built)


def _tuned(n=80, penalty=PENALTY):
    rows = [gl.Source(n, noise=NOISE), gl.Source(40, "previous", NOISE)]
    first = gl.Generation([gl.Source(150, noise=NOISE)], PENALTY)
    return gl.Plan([first, *2 * [gl.Generation(rows, penalty, towards="previous")]])


SAME = {"penalty": PENALTY, "noise": NOISE}
PLANS = {
    "anchored": (anchored, gl.Plan.anchored(4, 120, n_real=80, weight=0.7, **SAME)),
    "window": (windowed, gl.Plan.window(4, 100, last=2, **SAME)),
    "distill": (distilled, gl.Plan.distill(3, 150, mixing=1.6, **SAME)),
    "distill against": (
        lambda draws: distilled(draws, -0.5),
        gl.Plan.distill(3, 150, mixing=-0.5, **SAME),
    ),
    "weights by age": (weighted_by_age, _aged()),
    "fine-tuning": (fine_tuned, _tuned()),
    "pulled on the same rows": (
        pulled_on_the_same_rows,
        gl.Plan(
            [
                gl.Generation([gl.Source(150, noise=NOISE)], PENALTY),
                *2 * [gl.Generation([gl.Source(None, noise=NOISE, inputs=0)], PENALTY, towards=0)],
            ]
        ),
    ),
}


def risks(problem, loop, runs, seed=0):
    found = []
    for run in range(runs):
        draws = Draws(problem, [seed, run])
        found.append([problem.spectrum @ (w - problem.truth) ** 2 for w in loop(draws)])
    return np.array(found)


@pytest.mark.parametrize("name", PLANS)
def test_the_literal_engine_runs_them_as_written_here(name):
    """From the same stream of random numbers: the same errors."""
    loop, plan = PLANS[name]
    curve = gl.simulate(SMALL, plan, trials=2, seed=9, workers=1, method="literal")
    streams = [np.random.SeedSequence(9, spawn_key=(k,)) for k in range(2)]
    expected = [
        [SMALL.spectrum @ (w - SMALL.truth) ** 2 for w in loop(Draws(SMALL, stream))]
        for stream in streams
    ]
    np.testing.assert_allclose(curve.risk, np.mean(expected, axis=0), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_theory_agrees_with_the_loops(name):
    loop, plan = PLANS[name]
    found = risks(LARGE, loop, 300)
    theory, stderr = gl.predict(LARGE, plan).risk, found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (stderr < 0.03 * theory).all()
    np.testing.assert_array_less(np.abs(found.mean(axis=0) - theory), 0.03 * theory + 4 * stderr)


@pytest.mark.slow
def test_interpolating_fits_stay_near_the_model_they_are_pulled_to():
    problem = gl.Problem.isotropic(200)
    first = gl.Generation([gl.Source(120, noise=NOISE)])
    more = gl.Generation([gl.Source(120, noise=NOISE)], towards="previous")

    def loop(draws):
        models = [ridge(*draws.block(120, draws.truth), 0.0)]
        for _ in range(2):
            models.append(ridge(*draws.block(120, draws.truth), 0.0, towards=models[-1]))
        return models

    found = risks(problem, loop, 60)
    theory = gl.predict(problem, gl.Plan([first, more, more])).risk
    stderr = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    np.testing.assert_array_less(np.abs(found.mean(axis=0) - theory), 0.03 * theory + 4 * stderr)


def test_one_step_of_distillation_in_print():
    """R, C and the pure distillation of Dang, Patil and Rinaldo's quadratic, noise in the risk."""
    spectrum = np.arange(1.0, 201.0) ** -0.8
    truth = np.arange(1.0, 201.0) ** -0.3
    problem = gl.Problem(spectrum, truth / np.sqrt(spectrum @ truth**2))

    def risk(mixing):
        plan = gl.Plan.distill(2, 260, mixing=mixing, penalty=0.3, noise=0.6)
        return gl.predict(problem, plan).risk + 0.36

    (teacher, pure), (_, half) = risk(1.0), risk(0.5)
    both = 2 * half - (teacher + pure) / 2
    assert [teacher, both, pure] == pytest.approx([0.6567, 0.7335, 0.849], abs=5e-4)
    assert (teacher - both) / (teacher + pure - 2 * both) == pytest.approx(-1.986, abs=5e-3)


def test_labels_kept_are_another_estimator_than_labels_drawn_anew():
    kept = gl.Plan.distill(2, 150, mixing=0.6, penalty=PENALTY, noise=NOISE)
    anew = gl.Plan.mix_labels(
        2, 150, real=[1, 0.4], penalty=PENALTY, noise=[NOISE, 0], real_noise=NOISE, design="same"
    )
    one, other = (gl.predict(LARGE, plan).risk for plan in (kept, anew))
    assert one[0] == pytest.approx(other[0], rel=1e-9)
    assert abs(one[1] / other[1] - 1) > 0.01


WHOLE_GRAPH = np.full((3, 3), 1 / 3)
RING = [[0, 1, 0], [0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("ratio", "printed", "measured", "stderr"),
    [(1.4, 10905, 11206, 990), (1.6, 158, 155, 7), (2.0, 14.6, 14.5, 0.3)],
)
def test_a_whole_graph_of_three_models(ratio, printed, measured, stderr):
    """After 14 rounds: exponential for n < (2 - 1/K) d, else a line."""
    plan = gl.Plan.network(WHOLE_GRAPH, 14, round(60 * ratio), noise=1.0)
    curve = gl.predict(gl.Problem.isotropic(60), plan)
    assert curve.exact.all()
    np.testing.assert_allclose(curve.risk[-3:], printed, rtol=4e-3)
    assert abs(curve.risk[-1] - measured) < 4 * stderr


def test_a_ring_of_three_models_forgets_unless_one_sees_real_rows():
    problem = gl.Problem.isotropic(40)
    alone = gl.predict(problem, gl.Plan.network(RING, 8, 120, noise=1.0)).risk
    np.testing.assert_allclose(np.diff(alone[::3]), 0.5063, rtol=1e-3)
    seen = gl.Plan.network(RING, 40, 120, noise=1.0, real=[0.25, 0, 0])
    last = gl.predict(problem, seen).risk[-6:]
    assert 3.3 < last.min() < last.max() < 4.5
    np.testing.assert_allclose(last[:3], last[3:], rtol=1e-3)


def test_plans_of_twelve_generations_have_a_theory():
    for plan in (
        gl.Plan.anchored(12, 60, n_real=40, **SAME),
        gl.Plan.distill(12, 60, mixing=0.5, **SAME),
        gl.Plan.window(12, 60, last=3, **SAME),
    ):
        curve = gl.predict(gl.Problem.isotropic(30), plan)
        assert np.isfinite(curve.risk).all()


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (gl.Plan.anchored(3, 60, n_real=40, penalty="cv"), "model 0 is 'cv'|model 1 is 'cv'"),
        (_tuned(penalty="cv"), "model 1 is 'cv' and model 1 is pulled to another one"),
    ],
)
def test_what_no_theory_knows_is_said_and_runs_by_simulate(plan, words):
    with pytest.raises(gl.NoTheoryError, match=words) as told:
        gl.predict(SMALL, plan)
    assert "genloss.simulate" in str(told.value)
    assert gl.simulate(SMALL, plan, trials=4, workers=1).n_models == plan.n_models


STOPPED = gl.filters.GradientDescent(8, 0.3)


def test_a_model_of_another_kind_may_stand_between_fits_to_the_same_rows():
    # its labels carry what the first rows' noise did to model 0 back onto those rows
    n, d = 130, 100
    problem = gl.Problem.isotropic(d)
    first = gl.Generation([gl.Source(n, noise=0.5)], 0.05)
    between = gl.Generation([gl.Source(n, "previous", 0.2)], filter=STOPPED)
    again = gl.Generation([gl.Source(None, {"kept": 0.5, "previous": 0.5}, inputs=0)], 0.05)
    theory = gl.predict(problem, gl.Plan([first, between, again])).risk

    risks = []
    for run in range(80):
        draws = Draws(problem, run)
        X, y = draws.block(n, problem.truth)
        w, u = ridge(X, y, 0.05), np.zeros(d)
        Z = draws.rows(n)
        labels = draws.labels(Z, w, 0.2)
        for _ in range(8):
            u = u + 0.3 * Z.T @ (labels - Z @ u) / n
        models = w, u, ridge(X, (y + X @ u) / 2, 0.05)
        risks.append([np.sum((each - problem.truth) ** 2) for each in models])
    mean, stderr = np.mean(risks, 0), np.std(risks, 0) / 80**0.5
    assert (np.abs(theory - mean) < 0.02 * mean + 4 * stderr).all()


def test_filters_on_one_design_between_them_are_refused():
    first = gl.Generation([gl.Source(60, noise=0.5)], 0.05)
    one = gl.Generation([gl.Source(60, "previous")], filter=STOPPED)
    same = gl.Generation([gl.Source(60, "previous")], filter=STOPPED, design="same")
    again = gl.Generation([gl.Source(None, "previous", inputs=0)], 0.05)
    with pytest.raises(gl.NoTheoryError, match=r"model 1 is one of several filters"):
        gl.predict(gl.Problem.isotropic(50), gl.Plan([first, one, same, again]))


def test_where_training_ends_between_them_it_has_ended():
    problem = gl.Problem.isotropic(50, signal=4.0)
    first = gl.Generation([gl.Source(60, noise=0.5)], 0.05)
    ends = gl.Generation([gl.Source(60, "previous", labels="hard")], loss="logistic")
    again = gl.Generation([gl.Source(None, "previous", inputs=0)], 0.05)
    curve = gl.predict(problem, gl.Plan([first, ends, again]))
    assert np.isinf(curve.risk).tolist() == [False, True, True]
    assert "models 1-2: training ends" in "".join(curve.warnings)
