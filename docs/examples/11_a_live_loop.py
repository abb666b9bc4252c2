"""
A live loop goes wrong
======================

A loop is rehearsed once on real rows, then watched without any label. From round 4 on the labels have three times the
noise that was rehearsed.
"""

import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

import genloss as gl

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 5))
y = X.sum(axis=1) + rng.normal(size=200)
watched = rng.normal(size=(300, 5))
monitor = gl.Monitor(Path(tempfile.mkdtemp()) / "runs.db")
monitor.start(X, y, watched, n_samples=150, noise=1.0, rounds=10)

model = LinearRegression().fit(X, y)
for week in range(10):
    rows = rng.normal(size=(150, 5))
    noise = (1.0 if week < 4 else 3.0) * rng.normal(size=150)
    model = LinearRegression().fit(rows, model.predict(rows) + noise)
    monitor.append(model.predict(watched), key=f"week {week}")
found = monitor.read()
found.plot()

# %%
# Whether the alarm has rung:
print(found.alarm)
