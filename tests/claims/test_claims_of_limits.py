"""Where chains of classes settle, in print, and by a recursion written here, which shares no code with theory."""

import numpy as np
import pytest

import genloss as gl
from genloss import keep

Gen, Src = gl.Generation, gl.Source

S = np.arange(1, 201) ** -0.5
S = S / S.sum()
TRUTH = np.full(200, 2.0)
PROBLEM = gl.Problem(S, TRUTH)


def settled(made, real, penalty, loss, **rest):
    first = Gen([Src(500, labels="sampled")], penalty, loss=loss)
    rows = [Src(made, "previous", labels=rest.pop("labels", "hard"), **rest), real]
    return gl.limit(PROBLEM, gl.Plan([first, *3 * [Gen(rows, penalty, loss=loss)]]))


# errors as printed. Radii were printed as .702 .836 .897 .997; all derivatives of the map say otherwise
PRINTED = [
    ((600, Src(200, labels="sampled"), 2e-4, "logistic"), {"labels": "sampled"}, 0.3182, 0.7061),
    ((400, Src(100, noise=0.5, labels="hard"), 1e-3, "squared"), {}, 0.2758, 0.8503),
    (
        (900, Src(100, labels="sampled"), 2e-4, "logistic"),
        {"keep": keep.Confident(1.5)},
        0.3536,
        0.8878,
    ),
    ((1000, Src(10, labels="sampled"), 1e-2, "logistic"), {}, 0.4478, 0.9970),
]


@pytest.mark.parametrize(
    ("plan", "rest", "error", "radius"),
    [
        pytest.param(*each, marks=[] if k == 1 else [pytest.mark.slow])
        for k, each in enumerate(PRINTED)
    ],
)
def test_chains_of_classes_settle_where_printed(plan, rest, error, radius):
    found = settled(*plan, **rest)
    assert found.error == pytest.approx(error, abs=6e-5)
    assert found.radius == pytest.approx(radius, abs=2e-4)


NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def slope(square, rule, noise):
    """``E h y / E h^2`` of classes -1 and 1."""
    if rule == "hard":
        return np.sqrt(2 / np.pi / (square + noise**2))
    h = np.sqrt(square) * NODES
    return WEIGHTS @ (h * np.tanh(h / 2)) / square


def by_hand(made, real, penalty, rule, noise):
    """Squared loss: labels are a slope and a noise. Error of the fixed point, and radius by differences."""
    n = made + real
    low, high = 1e-12, penalty + S.sum() / n + 1
    for _ in range(100):
        kappa = np.sqrt(low * high)
        above = kappa * (1 - (S / (S + kappa)).sum() / n) > penalty
        low, high = (low, kappa) if above else (kappa, high)
    shrunk = S / (S + kappa)
    free = 1 - (shrunk**2).sum() / n
    a, b, right = real / n, made / n, slope(S @ TRUTH**2, rule, noise)

    def step(state):
        mean, square = np.split(state, 2)
        left = slope(S @ square, "hard", 0.0)
        both = a * right * TRUTH, b * left
        new = shrunk * (both[0] + both[1] * mean)
        said = shrunk**2 * (both[0] ** 2 + 2 * both[0] * both[1] * mean + both[1] ** 2 * square)
        of_real = 1 - 2 * right * (S @ (TRUTH * new))
        of_made = 1 - 2 * left * (S @ (shrunk * (both[0] * mean + both[1] * square)))
        noisy = (a * of_real + b * of_made + S @ said) / free
        return np.r_[new, said + noisy / n * shrunk**2 / S]

    state = np.r_[TRUTH, TRUTH**2]
    for _ in range(300):
        state = step(state)
    while np.abs((after := step(state)) - state).max() > 1e-11:
        for _ in range(300):
            after = step(after)
        state = after
    size = 1e-4 * np.maximum(np.abs(state), 1e-3)
    moved = [(step(state + e) - step(state - e)) / (2 * e.sum()) for e in np.diag(size)]
    mean, square = np.split(state, 2)
    error = np.arccos(S @ (TRUTH * mean) / np.sqrt((S @ square) * (S @ TRUTH**2))) / np.pi
    return error, np.abs(np.linalg.eigvals(np.array(moved))).max()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "real", "penalty", "rule", "noise"),
    [
        (400, 100, 1e-3, "hard", 0.5),
        (1000, 10, 5e-4, "sampled", 0.0),
        (1000, 10, 2e-2, "hard", 0.5),
    ],
)
def test_errors_and_radii_are_those_of_a_recursion(made, real, penalty, rule, noise):
    """Also where hardly a row is real, and what goes on for longest is hardly seen in the first moves."""
    error, radius = by_hand(made, real, penalty, rule, noise)
    found = settled(made, Src(real, noise=noise, labels=rule), penalty, "squared")
    assert found.error == pytest.approx(error, rel=1e-6)
    assert found.radius == pytest.approx(radius, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("penalty", "rule"), [(2e-3, "hard"), (5e-5, "sampled")])
def test_long_logistic_chains_close_in_by_the_radius(penalty, rule):
    rows = [Src(1000, "previous", labels="hard"), Src(10, labels=rule)]
    later = Gen(rows, penalty, loss="logistic")
    first = Gen([Src(500, labels="sampled")], penalty, loss="logistic")
    found = gl.limit(PROBLEM, gl.Plan([first, later, later]))
    errors = gl.predict(PROBLEM, gl.Plan([first, *700 * [later]])).error
    pace = ((errors[700] - errors[690]) / (errors[690] - errors[680])) ** 0.1
    assert pace == pytest.approx(found.radius, abs=2e-4)
    rest = (errors[700] - errors[690]) * pace**10 / (1 - pace**10)
    assert errors[700] + rest == pytest.approx(found.error, abs=1e-4)
