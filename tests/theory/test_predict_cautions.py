"""Where the theory is weak it says so, on every route and whatever the order of the sources."""

import numpy as np
import pytest

import genloss as gl

SIXTY = gl.Problem.isotropic(60)
NEAR = "close to df2"


def stacked(*sources, generations=1):
    first = [gl.Source(n, "real", 1.0, weight=w) for n, w in sources]
    later = [gl.Source(n, "previous", 1.0, weight=w) for n, w in sources]
    return gl.Plan([gl.Generation(s) for s in [first, *[later] * (generations - 1)]])


HALF_REAL = gl.Generation([gl.Source(66, {"real": 0.5, "previous": 0.5}, noise=1.0)], pooled=True)
CROWDED = {
    "two weights": (SIXTY, stacked((33, 1.0), (32, 1.01)), [0]),
    "two weights, chain": (SIXTY, stacked((34, 1.0), (34, 1.5), generations=3), [0, 1, 2]),
    "pooled, half real": (SIXTY, gl.Plan.replace(1, 66, noise=1.0).then(HALF_REAL), [1]),
    "subsample": (SIXTY, gl.Plan.subsample(2, 66, design="fresh", noise=1.0), [1]),
    "same design": (
        gl.Problem.isotropic(100),
        gl.Plan.same_design(2, 100, penalty=1e-6, noise=1.0),
        [0, 1],
    ),
    "features": (
        gl.Problem.isotropic(150),
        gl.Plan.replace(1, 110, noise=0.5).with_features(100, shared=True),
        [0],
    ),
}


@pytest.mark.parametrize("name", CROWDED)
def test_every_fit_is_judged_by_its_own_df2(name):
    problem, plan, models = CROWDED[name]
    found = [text for text in gl.predict(problem, plan).warnings if NEAR in text]
    named = {int(word) for text in found for word in _numbers(text.split(":")[0])}
    assert set(models) <= named


def _numbers(text):
    for part in text.replace("models", "").replace("model", "").split(","):
        first, _, last = part.strip().partition("-")
        yield from range(int(first), int(last or first) + 1)


def test_what_is_plain_least_squares_is_right_instead():
    for plan in (
        gl.Plan.subsample(2, 66, design="fresh", noise=1.0),
        CROWDED["pooled, half real"][1],
    ):
        assert gl.predict(SIXTY, plan).risk[0] == pytest.approx(60 / 5)


@pytest.mark.parametrize(
    "plan",
    [
        gl.Plan.same_design(2, 300, penalty=0.1, noise=1.0),
        gl.Plan.replace(2, 300, penalty=0.1, noise=1.0).with_features(100, shared=True),
        stacked((150, 1.0), (150, 2.0)),
    ],
)
def test_a_comfortable_plan_has_no_warnings_on_any_route(plan):
    assert gl.predict(gl.Problem.isotropic(100), plan).warnings == ()


def test_the_order_of_the_sources_does_not_matter():
    problem = gl.Problem.power_law(100, capacity=1.0, source=0.5)
    r = np.random.default_rng(0)
    for _ in range(40):
        sources = [
            gl.Source(
                int(r.integers(4, 120)),
                noise=0.5,
                weight=float(10 ** r.uniform(-4, 1)),
                covariance=None if r.integers(2) else tuple(10 ** r.uniform(-3, 0, 100)),
            )
            for _ in range(3)
        ]
        lam = float(10 ** r.uniform(-6, -1))
        one, other = (
            gl.predict(problem, gl.Plan([gl.Generation(order, lam)]))
            for order in (sources, sources[::-1])
        )
        assert one.warnings == other.warnings
        np.testing.assert_allclose(one.risk, other.risk, rtol=1e-8)


def test_a_few_light_rows_in_front_do_not_hide_the_others():
    light, heavy = gl.Source(4, noise=1.0, weight=1e-4), gl.Source(98, noise=1.0)
    plan = gl.Plan([gl.Generation([light, heavy], 1e-3)])
    warnings = gl.predict(gl.Problem.isotropic(100), plan).warnings
    assert not any("fewer than" in text for text in warnings)
    assert any(NEAR in text for text in warnings)


def test_own_covariances_enter_the_caution():
    flat = gl.Problem.isotropic(100)
    steep = tuple(np.where(np.arange(100) < 5, 1.0, 1e-6))
    own = gl.Plan([gl.Generation([gl.Source(200, noise=0.1, covariance=steep)], 1e-2)])
    assert any("fewer than 10" in text for text in gl.predict(flat, own).warnings)
    plain = gl.Plan([gl.Generation([gl.Source(200, noise=0.1)], 1e-2)])
    assert gl.predict(flat, plain).warnings == ()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (2 * 60, "the mean risk is infinite"),
        (2 * 60 + 24, "the mean risk is infinite"),  # one run of some hundred has 59, 60 or 61 rows
        (2 * 60 + 50, "what a rule may keep of it, within 3 of dim 60 without penalty"),
        (2 * 60 + 90, None),
    ],
)
def test_a_rule_may_keep_as_many_rows_as_directions(rows, said):
    half = gl.keep.Confident(0.6744897501960817)  # of normal labels
    source = gl.Source(rows, "real", 0.3, keep=half)
    curve = gl.predict(SIXTY, gl.Plan([gl.Generation([source])]))
    spread = [text for text in curve.warnings if "penalty" in text]
    assert np.isinf(curve.risk[0]) == (said == "the mean risk is infinite")
    assert len(spread) == (said is not None)
    assert said is None or said in spread[0]


@pytest.mark.parametrize(("steps", "grows"), [(320, True), (20, False)])
def test_moves_that_grow_are_told_of_any_fit(steps, grows):
    how = gl.filters.GradientDescent(steps=steps, step=0.3)
    rows = [gl.Source(72, "previous", 1.0), gl.Source(8, noise=1.0)]
    first = gl.Generation([gl.Source(80, noise=1.0)], filter=how)
    plan = gl.Plan([first, *4 * [gl.Generation(rows, filter=how)]])
    problem = gl.Problem.isotropic(60)
    said = [text for text in gl.predict(problem, plan).warnings if text.startswith("unstable")]
    found = gl.limit(problem, plan)
    assert found.stable != grows
    assert len(said) == grows
    assert all(f"by {found.radius:.3g}, as far as 5 models show" in text for text in said)
