"""Three ways of the same integrals, two of the same fit, and a solver that always arrives."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from genloss import keep, labels, losses
from genloss.theory.channels import plane, residuals, soft, squared_loss, two_classes
from genloss.theory.channels.evolution import GOOD, Fit, look, model, solve
from genloss.theory.channels.rows import Law, Rows

LOSSES = [losses.Squared(), losses.Logistic(), losses.SquaredHinge(), losses.Hinge()]
LOSSES += [losses.Huber(0.7), losses.Absolute()]
RULES = [None, keep.Confident(0.8), keep.Near("real", 0.9), keep.Agrees("real")]

FEW = settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])


def law(seed, fields):
    """Some joint law of fields and z."""
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((fields + 1, fields + 1)) + np.eye(fields + 1)
    whole = root @ root.T
    gamma = np.exp(rng.uniform(-3, 2, 1))
    return Law(whole[:-1, :-1], whole[:-1, -1:].T, whole[-1, -1:], gamma)


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES, ids=str)
@FEW
@given(
    rule=st.sampled_from(RULES),
    label=st.sampled_from([labels.Hard(), labels.Sampled()]),
    noise=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 10**6),
)
def test_classes_are_the_same_in_one_dimension_and_in_two(loss, rule, label, noise, seed):
    fields = 2 if rule is not None and rule.labeler else 1
    rows = Rows(1.0, 1.0, loss, label, rule, noise, tuple(range(fields)), 0)
    some = law(seed, fields)
    slope, rest = some.given_z()
    assume(np.linalg.eigvalsh(rest[0])[0] > 0.02 and np.abs(slope).max() < 20)
    for one, two in zip(two_classes.sums(rows, some), plane.sums(rows, some), strict=True):
        assert one == pytest.approx(two, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("loss", [each for each in LOSSES if each.residual], ids=str)
@FEW
@given(noise=st.floats(0.1, 2), seed=st.integers(0, 10**6))
def test_residuals_are_the_same_in_one_dimension_and_in_two(loss, noise, seed):
    rows, some = Rows(1.0, 1.0, loss, labels.Linear(), None, noise, (0,), 0), law(seed, 1)
    for one, two in zip(residuals.sums(rows, some), plane.sums(rows, some), strict=True):
        assert one == pytest.approx(two, rel=1e-7, abs=1e-9)


@FEW
@given(
    label=st.sampled_from(
        [
            labels.Linear(),
            labels.Hard(),
            labels.Sampled(),
            labels.Soft(),
            labels.Clipped(-1, 2),
            labels.Rounded(0.9),
        ]
    ),
    rule=st.sampled_from(RULES),
    noise=st.sampled_from([0.0, 0.6]),
    ridge=st.floats(0.01, 100),
    seed=st.integers(0, 10**6),
)
def test_the_squared_loss_in_closed_form_is_the_fixed_point(label, rule, noise, ridge, seed):
    rng = np.random.default_rng(seed)
    sigma = np.arange(1, 81) ** -0.5 / 16
    truth = rng.standard_normal(80)
    judge = truth + rng.standard_normal(80)
    fields = np.stack([truth, judge] if rule is not None and rule.labeler else [truth])
    rows = Rows(150.0, 1.3, losses.Squared(), label, rule, noise, tuple(range(len(fields))), 0)
    fit = Fit([rows], fields[:, None] * fields, sigma[None], np.ones(80), ridge)
    check_closed_form(fit)


def check_closed_form(fit):
    seen = squared_loss.seen(fit)
    shares, gain = squared_loss.solved(fit, seen)
    found = solve(fit)
    assert found.residual < GOOD
    own, spread = model(fit, found)
    assert own == pytest.approx(shares, rel=1e-7, abs=1e-8)
    assert spread == pytest.approx(gain, rel=1e-7)
    kept = sum(
        rows.number * sums.accepted[0]
        for rows, sums in zip(fit.rows, found.point.sums, strict=True)
    )
    assert kept == pytest.approx(seen.number, rel=1e-7)


@settings(max_examples=2, deadline=None)
@given(
    rule=st.sampled_from([None, keep.Confident(0.8), keep.Near("real", 0.7)]),
    label=st.sampled_from([labels.Hard(), labels.Soft(), labels.Clipped(-1, 2)]),
    clouds=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_sources_and_clouds_in_closed_form_are_the_fixed_point(rule, label, clouds, seed):
    rng = np.random.default_rng(seed)
    sigma = np.arange(1, 61) ** -0.5 / 16
    first, second, truth = rng.standard_normal((3, 60))
    fields = np.stack([first, first + second, truth])
    more = {"centre": 0.4, "real": 0.3} if clouds else {}
    named = [(0, 2), (1, 2)] if clouds else [(0,), (1,)]
    rows = [
        Rows(90.0, 1.3, losses.Squared(), label, rule, 0.2, named[0], 0, **more),
        Rows(150.0, 1.3, losses.Squared(), labels.Linear(), None, 0.5, named[1], 0, **more),
    ]
    check_closed_form(Fit(rows, fields[:, None] * fields, sigma[None], np.ones(60), 5.0))


def random_fit(rng):
    """As channels.md 6: six losses, five rules, three spectra, n/d .2-20, penalty 1e-8 to 100."""
    p = 100
    sigma = np.arange(1, p + 1) ** -rng.choice([0.0, 0.5, 1.0])
    sigma /= sigma.sum()
    strength = np.exp(rng.uniform(np.log(0.1), np.log(30)))
    truth = rng.standard_normal(p)
    truth *= strength / np.sqrt(sigma @ truth**2)
    judge = truth + 0.5 * strength * rng.standard_normal(p) / np.sqrt(p * sigma)
    loss = LOSSES[rng.integers(6)]
    noise = rng.choice([0.0, 0.5 * strength])
    rule = None
    if loss.residual and not isinstance(loss, losses.Squared):
        label, noise = labels.Linear(), 0.5 * strength
    else:
        label = labels.Sampled() if rng.random() < 0.3 else labels.Hard()
        rule = [None, None, keep.Confident(0.7 * strength), keep.Agrees("real")][rng.integers(4)]
    fields = np.stack([truth, judge] if isinstance(rule, keep.Agrees) else [truth])
    n = p * np.exp(rng.uniform(np.log(0.2), np.log(20)))
    rows = Rows(n, 1.0, loss, label, rule, noise, tuple(range(len(fields))), 0)
    ridge = 2 * n * 10 ** rng.uniform(-8, 2)
    return Fit([rows], fields[:, None] * fields, sigma[None], np.ones(p), ridge)


@pytest.mark.parametrize("count", [8, pytest.param(300, marks=pytest.mark.slow)])
def test_the_solver_arrives_in_all_of_many_random_settings(count):
    rng = np.random.default_rng(7)
    for _ in range(count):
        fit = random_fit(rng)
        found = solve(fit)
        [left] = look(fit, found.start.unknowns[None]).after - found.start.unknowns
        assert found.residual < GOOD
        assert np.abs(left).max() < GOOD


def test_a_start_from_the_last_generation_takes_few_evaluations():
    rng = np.random.default_rng(1)
    fit = random_fit(rng)
    cold = solve(fit)
    warm = solve(replace(fit, ridge=1.1 * fit.ridge), cold.start)
    assert warm.residual < GOOD
    assert warm.evaluations <= 10


@FEW
@given(
    correlation=st.floats(-0.5, 0.95), noise=st.sampled_from([0.0, 0.5]), seed=st.integers(0, 99)
)
def test_soft_labels_are_the_same_in_equal_steps_and_in_panels(correlation, noise, seed):
    rng = np.random.default_rng(seed)
    second, square, gamma = np.exp(rng.uniform(-1, 2, 3))
    cross = correlation * np.sqrt(second * square)
    some = Law(*(np.array(each) for each in ([[second]], [[cross]], [square], [gamma])))
    rows = Rows(1.0, 1.0, losses.Logistic(), labels.Soft(), None, noise, (0,), 0)
    for one, two in zip(soft.sums(rows, some), plane.sums(rows, some), strict=True):
        assert one == pytest.approx(two, rel=1e-6)


def test_soft_labels_of_a_model_that_is_nearly_copied_need_no_finer_steps(monkeypatch):
    some = Law(np.array([[0.865]]), np.array([[0.836]]), np.array([0.8087]), np.array([0.335]))
    rows = Rows(1.0, 1.0, losses.Logistic(), labels.Soft(), None, 0.0, (0,), 0)
    found = soft.sums(rows, some)
    monkeypatch.setattr(soft, "_REST", 2 * soft._REST)
    for one, two in zip(found, soft.sums(rows, some), strict=True):
        assert one == pytest.approx(two, rel=1e-9)


@pytest.mark.parametrize("gamma", [0.1, 3.0, 30.0])
def test_panels_end_where_a_steep_step_is(gamma):
    # hard labels of a labeler that the model is nearly minus: the class changes within .06 of z
    some = Law(np.eye(1), np.array([[-2.1492]]), np.array([4.621]), np.array([gamma]))
    rows = Rows(1.0, 1.0, losses.Logistic(), labels.Hard(), None, 0.0, (0,), 0)
    for one, two in zip(two_classes.sums(rows, some), plane.sums(rows, some), strict=True):
        assert one == pytest.approx(two, rel=1e-5, abs=1e-6)
