"""The extension to neural networks: its chain, its learners and a tiny run of it."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.papers.demystified.figures import networks
from genloss.papers.demystified.figures.network_chain import (
    Draw,
    Sizes,
    Task,
    chain,
    equivalent_penalty,
    kernel_ridge,
    measure,
    network,
    ridge,
    task,
)
from genloss.papers.effort import Effort
from genloss.papers.images import Images, digits

TINY = Sizes(
    n_samples=20,
    many=40,
    before=2,
    models=3,
    runs=2,
    iterations=5,
    width=6,
    depth=4,
    widths=(3, 9),
    noises=(0.0, 1.0, 2.0),
    penalties=(0.03, 0.5),
)


def numbered(n_rows: int = 100, n_scored: int = 7) -> Task:
    """Rows that are their own numbers; scored rows are negative."""
    ids = np.arange(n_rows, dtype=float)[:, None]
    scored = -1 - np.arange(n_scored, dtype=float)[:, None]
    return Task("numbers", ids, 2 * ids[:, 0], scored, 2 * scored[:, 0])


def gaussian(rng: np.random.Generator, *, n_rows: int, dim: int, noise: float = 0.0) -> Task:
    truth = rng.standard_normal(dim) / np.sqrt(dim)
    inputs, scored = rng.standard_normal((n_rows, dim)), rng.standard_normal((500, dim))
    labels = inputs @ truth + noise * rng.standard_normal(n_rows)
    return Task("gaussian", inputs, labels, scored, scored @ truth)


@pytest.fixture(scope="module")
def tiny() -> Task:
    return gaussian(np.random.default_rng(1), n_rows=80, dim=5, noise=0.3)


def test_no_row_is_used_twice_in_a_chain_and_none_is_scored():
    rows = numbered()
    seen = []

    def recording(inputs, labels, penalty, seed):
        seen.append(inputs[:, 0])
        return lambda given: given[:, 0]

    draw = Draw.of([3], n_rows=100, models=5)
    made = chain(recording, rows, draw, gl.Plan.replace(4, 15, penalty=0.1, noise=1.0))
    later = gl.Plan.replace(1, 40, penalty=0.1, noise=1.0)
    chain(recording, rows, draw, later, after=made, used=60)
    used = np.concatenate(seen)
    assert [len(each) for each in seen] == [15, 15, 15, 15, 40]
    assert len(np.unique(used)) == len(used)
    assert not set(used) & set(rows.scored_inputs[:, 0])


def test_each_model_is_labelled_by_the_one_before_plus_its_own_noise():
    rows, draw = numbered(), Draw.of([0], n_rows=100, models=4)
    fitted = []

    def recording(inputs, labels, penalty, seed):
        fitted.append((inputs[:, 0], labels, seed))
        factor = 10.0 ** len(fitted)
        return lambda given: factor * given[:, 0]

    chain(recording, rows, draw, gl.Plan.replace(4, 10, penalty=0.1, noise=0.5))
    noises = []
    for factor, (ids, labels, _) in zip((2, 10, 100, 1000), fitted, strict=True):
        noises.append((labels - factor * ids) / 0.5)
    assert_allclose(np.concatenate(noises), draw.normals[:40], atol=1e-10)
    assert len({seed for *_, seed in fitted}) == 4


def test_a_chain_of_ridge_regressions_is_the_closed_form(rng):
    rows = gaussian(rng, n_rows=200, dim=8, noise=0.3)
    draw = Draw.of([5], n_rows=200, models=4)
    made = chain(ridge, rows, draw, gl.Plan.replace(4, 50, penalty=0.2, noise=0.7))

    predicted = rows.labels
    for number, model in enumerate(made):
        here = draw.order[50 * number : 50 * (number + 1)]
        x, y = rows.inputs[here], predicted[here] + 0.7 * draw.normals[50 * number :][:50]
        centred = x - x.mean(axis=0)
        slope = np.linalg.solve(
            centred.T @ centred / 50 + 0.2 * np.eye(8), centred.T @ (y - y.mean()) / 50
        )
        predicted = y.mean() + (rows.inputs - x.mean(axis=0)) @ slope
        scored = y.mean() + (rows.scored_inputs - x.mean(axis=0)) @ slope
        expected = np.mean((scored - rows.scored_labels) ** 2) / np.mean(rows.scored_labels**2)
        assert_allclose(rows.error(model), expected, rtol=1e-9)


def test_kernel_ridge_is_the_closed_form(rng):
    x, y, new = rng.standard_normal((30, 4)), rng.standard_normal(30), rng.standard_normal((6, 4))

    def kernel(a, b):
        return np.exp(-((a[:, None] - b) ** 2).sum(axis=-1) / (2 * 4))

    expected = kernel(new, x) @ np.linalg.solve(kernel(x, x) + 30 * 0.1 * np.eye(30), y)
    assert_allclose(kernel_ridge(x, y, 0.1, 0)(new), expected, rtol=1e-9)


def test_too_few_rows_are_refused():
    draw = Draw.of([0], n_rows=100, models=4)
    with pytest.raises(InvalidInputError, match="needs 120 rows; there are 100"):
        chain(ridge, numbered(), draw, gl.Plan.replace(4, 30, penalty=0.1))


def objective(weights, offsets, inputs, labels, penalty):
    hidden = inputs
    for weight, offset in zip(weights[:-1], offsets[:-1], strict=True):
        hidden = np.maximum(hidden @ weight + offset, 0)
    predicted = (hidden @ weights[-1] + offsets[-1])[:, 0]
    penalised = penalty * sum(float((weight**2).sum()) for weight in weights)
    return np.mean((predicted - labels) ** 2) + penalised


def test_networks_minimise_the_mean_squared_error_plus_the_penalty_on_all_weights(rng):
    x = rng.standard_normal((60, 3))
    y = np.sin(x[:, 0]) + x[:, 1]
    for hidden in ((8,), (6, 5)):
        model = network(*hidden, iterations=2000)(x, y, 0.02, 0).__self__
        at = objective(model.coefs_, model.intercepts_, x, y, 0.02)
        slopes = [
            (objective([w * (1 + h) for w in model.coefs_], model.intercepts_, x, y, 0.02) - at) / h
            for h in (1e-5, -1e-5)
        ]
        assert max(map(abs, slopes)) < 3e-3
        # twice the penalty has another minimum
        doubled = objective(
            [w * (1 - 1e-5) for w in model.coefs_], model.intercepts_, x, y, 0.04
        ) - objective(model.coefs_, model.intercepts_, x, y, 0.04)
        assert doubled / 1e-5 < -0.02


@pytest.mark.parametrize("shape", [(3, 1), (3, 6, 1), (3, 6, 5, 4, 1)])
def test_scaled_labels_are_an_equivalent_penalty(rng, shape):
    factor, penalty, layers = 0.3, 0.2, len(shape) - 1
    weights = [rng.standard_normal(pair) for pair in pairwise(shape)]
    offsets = [rng.standard_normal(units) for units in shape[1:]]
    x, y = rng.standard_normal((20, 3)), rng.standard_normal(20)
    root = factor ** (1 / layers)
    scaled_down = objective(
        [root * weight for weight in weights],
        [root ** (k + 1) * offset for k, offset in enumerate(offsets)],
        x,
        factor * y,
        penalty,
    )
    same = equivalent_penalty(penalty, factor=factor, layers=layers)
    assert_allclose(scaled_down, factor**2 * objective(weights, offsets, x, y, same), rtol=1e-10)


def test_images_are_centred_scaled_and_averaged_over_blocks():
    small = task(digits())
    assert small.inputs.shape == (1400, 64)
    assert_allclose(small.inputs.mean(axis=0), 0, atol=1e-12)
    assert_allclose((small.inputs**2).mean(), 1)
    assert_allclose([small.labels.mean(), small.labels.std()], [0, 1], atol=1e-12)
    assert_allclose(small.error(lambda rows: np.zeros(len(rows))), 1)

    pixels = np.zeros((2, 28, 28), dtype=np.uint8)
    pixels[0, 4:8, 24:28] = 16
    images = Images(
        "MNIST",
        pixels.reshape(2, -1),
        np.array([1.0, 3.0]),
        pixels.reshape(2, -1),
        np.array([1.0, 3.0]),
        255,
    )
    large = task(images, scored=1)
    assert large.inputs.shape == (2, 49)
    assert np.flatnonzero(large.inputs[0]).tolist() == [1 * 7 + 6]
    assert large.scored_inputs.shape == (1, 49)


@pytest.mark.slow
def test_the_linear_prediction_agrees_with_chains_of_ridge_regressions(rng):
    rows = gaussian(rng, n_rows=4000, dim=40, noise=0.5)
    sizes = Sizes(n_samples=150, before=3)
    errors = []
    for run in range(30):
        draw = Draw.of([run], n_rows=4000, models=4)
        made = chain(ridge, rows, draw, gl.Plan.replace(4, 150, penalty=0.03, noise=1.0))
        fresh = rows.inputs[draw.order[600:]], rows.labels[draw.order[600:]]
        errors.append([np.mean((model(fresh[0]) - fresh[1]) ** 2) for model in made])
    mean, stderr = np.mean(errors, axis=0), np.std(errors, axis=0) / np.sqrt(30)
    expected = networks.ridge_theory(rows, sizes)
    assert (abs(mean - expected) < 4 * stderr + 0.03 * expected).all()


@pytest.mark.slow
def test_a_tiny_run_is_whole(tiny):
    found = networks.found(tiny, TINY, seed=0, workers=1)
    made = dataclasses.replace(networks.STUDY, measure=lambda _: found).run(Effort())
    assert {claim.where for claim in made.claims} == {"extension"}
    assert "Extension" in made.title
    assert "extension" in made.caption
    numbers = [[c.predicted, c.measured, c.stderr] for c in made.claims]
    assert np.isfinite(numbers).all()
    columns = set(made.table[0])
    assert all(set(row) == columns for row in made.table)
    assert np.isfinite([[row["error"], row["stderr"], row["spread"]] for row in made.table]).all()
    assert len(made.figure.axes) == 4


@pytest.mark.slow
def test_results_belong_to_the_seed_whatever_the_workers(tiny):
    one = measure(tiny, TINY, seed=4, workers=1)
    two = measure(tiny, TINY, seed=4, workers=2)
    other = measure(tiny, TINY, seed=5, workers=2)
    assert all((one[key].error == two[key].error).all() for key in one)
    assert any((one[key].error != other[key].error).any() for key in one)


def test_a_later_model_with_the_settings_of_the_chain_is_its_next_model(tiny):
    draw = Draw.of([2], n_rows=80, models=3)

    def learner(inputs, labels, penalty, seed):
        return lambda rows: labels.mean() * rows[:, 0] + penalty * np.sin(seed)

    made = chain(learner, tiny, draw, gl.Plan.replace(3, 20, penalty=0.1, noise=1.0))
    plan = gl.Plan.replace(1, 20, penalty=0.1, noise=1.0)
    [later] = chain(learner, tiny, draw, plan, after=made[:2], used=40)
    assert tiny.error(later) == tiny.error(made[2]) != tiny.error(made[1])
