"""
Any model through any plan
==========================

Where no theory reaches, a plan can be run on the rows themselves. Nearest neighbours, a forest and ridge regression,
each retrained five times on labels of its own, to read a digit from a picture as a number. Labels have no noise here: ridge
regression, which is stiff, loses nothing by it and even gains a little from shrinking again; the others forget.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

import genloss as gl
from genloss.estimators import RetrainingLoop

X, y = load_digits(return_X_y=True)
models = {
    "ridge": Ridge(100.0),
    "nearest neighbours": KNeighborsRegressor(10),
    "forest": ExtraTreesRegressor(20, min_samples_leaf=5, random_state=0),
}
plan = gl.Plan.replace(6, 150)
fig, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
for name, model in models.items():
    loop = RetrainingLoop(model, plan, random_state=0).fit(X, y)
    ax.plot(loop.curve_.risk / loop.curve_.risk[0], "o-", label=name)
ax.set(xlabel="model", ylabel="error on real labels, over model 0's")
ax.legend(frameon=False)
