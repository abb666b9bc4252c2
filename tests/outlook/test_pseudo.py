"""Pseudo-labels on rows without labels: the chain left out literally, coverage, shifted inputs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import genloss as gl
from genloss.outlook import pseudo
from genloss.outlook.pseudo import pseudo_labels
from genloss.outlook.sample import Sample


def power_law(dim, n, m, capacity, source, noise, seed):
    problem = gl.Problem.power_law(dim, capacity=capacity, source=source)
    rng, scale = np.random.default_rng(seed), np.sqrt(problem.spectrum)
    X, more = (rng.standard_normal((rows, dim)) * scale for rows in (n, m))
    return X, X @ problem.truth + noise * rng.standard_normal(n), more, problem


def chain(X, y, more, first, later, rounds):
    """The last of ridge models that label ``more`` in turn; alphas of the first and of the others."""
    model = Ridge(alpha=first).fit(X, y)
    for _ in range(rounds):
        rows, labels = np.vstack([X, more]), np.append(y, model.predict(more))
        model = Ridge(alpha=later).fit(rows, labels)
    return model


def test_errors_are_those_of_a_literal_chain_without_each_row():
    X, y, more, _ = power_law(8, 30, 90, 1.2, 0.5, 1.5, 3)
    found = pseudo_labels(Sample(X, y, None), more, np.random.default_rng(0))

    def literal(first, later, rounds):
        missed = []
        for i in range(30):
            rest = np.arange(30) != i
            model = chain(X[rest], y[rest], more, first, later, rounds)
            missed.append((y[i] - model.predict(X[i : i + 1])[0]) ** 2)
        return np.mean(missed)

    alpha = 30 * found.real_penalty
    assert found.real_only == pytest.approx(literal(alpha, 0, 0))
    assert found.same_penalty == pytest.approx(literal(alpha, 120 * found.real_penalty, 1))
    assert found.rounds > 0
    assert found.best == pytest.approx(literal(alpha, 120 * found.penalty, found.rounds))
    assert found.best <= min(found.real_only, found.same_penalty)


@pytest.mark.slow
def test_the_interval_holds_the_true_change_nine_times_of_ten(monkeypatch):
    setups = [(40, 80, 400, 1.2, 0.5, 0.5), (30, 60, 1000, 1.01, 0.5, 0.3), (20, 200, 1000, 1.5, 0.7, 0.5)]  # fmt: skip
    apart = []
    for setup in setups:
        for seed in range(60):
            X, y, more, problem = power_law(*setup, seed)
            found = pseudo_labels(Sample(X, y, None), more, np.random.default_rng(0))
            if not found.rounds:
                continue
            errors = []
            for rounds in (0, found.rounds):
                first, later = len(y) * found.real_penalty, (len(y) + len(more)) * found.penalty
                model = chain(X, y, more, first, later, rounds)
                off = model.coef_ - problem.truth
                risk = np.sum(problem.spectrum * off**2) + model.intercept_**2
                errors.append(risk + setup[-1] ** 2)
            half = (found.change_high - found.change_low) / 2
            apart.append((errors[1] / errors[0] - 1 - found.change) / half)
    held = [np.mean(np.abs(apart) <= width) for width in (1, 0.5, 2)]
    assert 0.85 <= held[0] <= 0.97
    assert held[1] < 0.85
    assert held[2] > 0.97


def test_rows_far_out_are_seen_and_left_out_where_that_helps():
    X, y, more, _ = power_law(10, 200, 600, 1.2, 0.5, 0.5, 0)
    alike = pseudo_labels(Sample(X, y, None), more, np.random.default_rng(0))
    assert not alike.other_inputs
    assert alike.remark == ""
    assert alike.left_out == 0
    far = pseudo_labels(Sample(X, y, None), 6 * more, np.random.default_rng(0))
    assert far.other_inputs
    assert far.far_share > 0.5
    assert far.left_out in (0, round(600 * far.far_share))
    assert "other inputs" in far.remark


@pytest.mark.slow
def test_a_forecast_says_what_unlabelled_rows_are_worth():
    X, y, more, _ = power_law(10, 200, 600, 1.2, 0.5, 0.5, 0)
    given = {"generations": 2, "n_samples": 20, "trials": 2}
    outlook = gl.forecast(X, y, unlabelled=more, **given)
    assert outlook.pseudo is not None
    assert outlook.pseudo.sentence in outlook.advice.sentences
    assert "600 pseudo-labelled rows at the same penalty" in outlook.pseudo.sentence
    assert outlook.to_dict()["pseudo_labels"]["labelled"] == 200
    assert gl.forecast(X, y, **given).pseudo is None
    assert pseudo_labels(Sample(X, y, None, weights=np.ones(200)), more, None) is None
    assert pseudo.ROUNDS > 1


@pytest.mark.parametrize(
    ("others", "words"), [(np.ones((1, 3)), "had 1 rows"), (np.full((9, 3), 1e200), "units differ")]
)
def test_unlabelled_rows_that_cannot_be_used_are_told(others, words):
    X = np.random.default_rng(0).normal(size=(60, 3))
    with pytest.raises(gl.InvalidInputError, match=f"unlabelled .*{words}"):
        gl.forecast(X, X.sum(axis=1), gl.Plan.replace(2, 20, penalty=0.1), unlabelled=others)
