"""Numbers of things to do that would never end are refused before anything is done, and named."""

import numpy as np
import pytest

import genloss as gl
from genloss.estimators import SelfDistillRidge, SelfTrainingRidge
from genloss.workers.engines import running

X = np.random.default_rng(0).normal(size=(60, 2))
Y = X[:, 0] + np.random.default_rng(1).normal(size=60)
PROBLEM = {"preset": "isotropic", "dim": 5}
PLAN = {"preset": "replace", "generations": 2, "n_samples": 20}


def workers(count):
    with running("serial", count):
        pass


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("trials", lambda n: gl.forecast(X, Y, trials=n)),
        ("generations", lambda n: gl.forecast(X, Y, generations=n)),
        ("10,001 models", lambda _: gl.forecast(X, Y, gl.Plan.replace(10_001, 20))),
        ("generations", lambda n: gl.Plan.replace(n, 20)),
        ("steps", lambda n: SelfDistillRidge(steps=n).fit(X, Y)),
        ("rounds", lambda n: SelfTrainingRidge(rounds=n).fit(X, Y)),
        ("rounds", lambda n: gl.Monitor("m.json").start(X, Y, X, n_samples=20, rounds=n)),
        ("rehearsals", lambda n: gl.Monitor("m.json").start(X, Y, X, n_samples=20, rehearsals=n)),
        ("trials", lambda n: gl.sweep(PROBLEM, PLAN, {"plan.noise": [0.1]}, trials=n)),
        ("workers", workers),
    ],
)
def test_what_never_ends_is_refused(tmp_path, monkeypatch, name, call):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(gl.InvalidInputError, match=name):
        call(10**13)
    assert not [*tmp_path.iterdir()]
