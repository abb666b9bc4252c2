"""Leave-one-out of a chain of ridge models in `Monitor`: exact, whatever order its rounds come in."""

from __future__ import annotations

import numpy as np
import pytest

import genloss as gl

N, P, PENALTY, N_REAL = 30, 4, (0.05, 0.1, 0.02, 0.3), (0, 0, 12, 5)


class Ridge:
    """By least squares on rows that are standardised already, and a row sqrt(alpha) a column."""

    def __init__(self, X, y, penalty, rows=None):
        mean, level = X.mean(axis=0), y.mean()
        more = np.sqrt((rows or len(X)) * penalty) * np.eye(X.shape[1])
        both = np.concatenate([X - mean, more]), np.append(y - level, np.zeros(X.shape[1]))
        self.slopes = np.linalg.lstsq(*both)[0]
        self.level = level - mean @ self.slopes

    def predict(self, X):
        return X @ self.slopes + self.level


@pytest.fixture
def loop(tmp_path, rng):
    """Three rounds, and a function that runs them from another model 0 with the same noise."""
    X = rng.normal(size=(N, P)) * [1, 2, 3, 0.1] + 1
    y = X.sum(axis=1) + rng.normal(size=N)
    watched = rng.normal(size=(60, P)) + 1
    mean, scale = X.mean(axis=0), X.std(axis=0)
    inputs = [rng.normal(size=(m, P)) * 2 + 1 for m in (25, 40, 18)]
    noise = [rng.normal(size=len(rows)) for rows in inputs]

    def run(model):
        models = [model]
        for t, rows in enumerate(inputs, start=1):
            Z = (rows - mean) / scale
            labels = models[-1].predict(Z) + noise[t - 1]
            labels[: N_REAL[t]] = 3 * noise[t - 1][: N_REAL[t]]  # new real labels
            models.append(Ridge(Z, labels, PENALTY[t]))
        return models

    Z = (X - mean) / scale
    models = run(Ridge(Z, y, PENALTY[0]))
    monitor = gl.Monitor(tmp_path / "runs.db")
    monitor.start(X, y, watched, n_samples=25, penalty=PENALTY[0], rounds=3, rehearsals=6)

    def send(t, **more):
        monitor.append(models[t].predict((watched - mean) / scale), t, **more)

    def sent(t, **more):
        send(t, inputs=inputs[t - 1], penalty=PENALTY[t], n_real=N_REAL[t], **more)

    refits = np.empty((len(models), N))
    for i in range(N):
        kept = np.arange(N) != i
        for t, model in enumerate(run(Ridge(Z[kept], y[kept], PENALTY[0], N))):
            refits[t, i] = y[i] - model.predict(Z[i : i + 1])[0]
    return monitor, send, sent, refits, models, Z


def test_it_equals_refits_without_each_row_in_any_order(loop):
    monitor, _, sent, refits, models, Z = loop
    for t in (3, 1, 2):
        sent(t, **({"on_real": models[t].predict(Z)} if t == 2 else {}))
    origin, steps = monitor._store.origin(), monitor._store.steps()
    np.testing.assert_allclose(origin.residuals(steps), refits, rtol=1e-8, atol=1e-10)
    found = monitor.read()
    more = refits[1:] ** 2 - refits[0] ** 2
    assert found.judged_by == "leave-one-out"
    assert found.rise == pytest.approx(more.mean(axis=1))
    half = 1.3 * 1.645 * more.std(axis=1, ddof=1) / np.sqrt(N)
    assert found.rise_high - found.rise == pytest.approx(half)
    assert "leave-one-out of the chain" in " ".join(found.sentences)


def test_a_round_without_inputs_ends_it_and_may_be_sent_again_with_them(loop):
    monitor, send, sent, refits, *_ = loop
    sent(1), send(2), sent(3)
    found = monitor.read()
    assert found.judged_by == "drift"
    rise = np.mean(refits[1] ** 2 - refits[0] ** 2)
    assert f"ends before round 2, which is missing or came without its inputs; after round 1 it read a rise of {rise:.3g}" in found.sentences[-1]  # fmt: skip
    sent(2), sent(2)
    assert monitor.read().judged_by == "leave-one-out"
    with pytest.raises(gl.InvalidInputError, match="round 2 is there already, with other inputs"):
        send(2, inputs=np.eye(P), penalty=1.0)


def test_what_it_cannot_be_had_for_is_refused(loop, tmp_path, rng):
    monitor = loop[0]
    flat, rows = np.zeros(60), np.eye(P)
    for words, said, more in (
        ("inputs had 3 columns; the real rows have 4", flat, {"inputs": np.eye(3)}),
        ("on_real was given without inputs", flat, {"on_real": np.zeros(N)}),
        ("on_real had 2 entries; 30 real rows", flat, {"inputs": rows, "on_real": np.zeros(2)}),
        ("n_real was 5; it must be <= 4", flat, {"inputs": rows, "n_real": 5}),
        ("off a linear function", rng.normal(size=60), {"inputs": rows}),
        ("penalty was -1; it must be >= 0", flat, {"inputs": rows, "penalty": -1}),
    ):
        with pytest.raises(gl.InvalidInputError, match=words):
            monitor.append(said, **more)
    X, y = rng.normal(size=(40, P)), rng.normal(size=40)
    tuned, other = gl.Monitor(tmp_path / "tuned.db"), gl.Monitor(tmp_path / "other.db")
    every = {"n_samples": 20, "rounds": 1, "rehearsals": 6}
    tuned.start(X, y, np.tile(X[:2], (5, 1)), **every)
    with pytest.raises(gl.InvalidInputError, match="penalty was not given beside inputs"):
        tuned.append(np.zeros(10), inputs=rows)
    with pytest.raises(gl.InvalidInputError, match="on_real was not given; the watched rows"):
        tuned.append(np.zeros(10), inputs=rows, penalty=0.1)
    other.start(X, y, X, model=Ridge(X, 2 * y, 0.1), **every)  # no ridge model of these labels
    with pytest.raises(gl.InvalidInputError, match="model 0 is not ridge on the real rows"):
        other.append(np.zeros(40), inputs=rows, penalty=0.1)
    standard = (X - X.mean(axis=0)) / X.std(axis=0)

    class Deployed:
        def predict(self, rows):
            return Ridge(standard, y, 0.1).predict((rows - X.mean(axis=0)) / X.std(axis=0))

    same = gl.Monitor(tmp_path / "same.db")
    same.start(X, y, X, model=Deployed(), penalty=0.1, **every)
    assert same.append(np.zeros(40), inputs=rows) == 1
