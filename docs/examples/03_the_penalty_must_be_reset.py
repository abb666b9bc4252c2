"""
The best penalty of the first model is wrong for the last
=========================================================

A penalty that is held fixed shrinks the truth again at every generation. The longer the chain, the less of it is
best, and the penalty that is best for model 0 costs the last one a good part of its error.
"""

import matplotlib.pyplot as plt
import numpy as np

import genloss as gl

problem = gl.Problem.power_law(dim=300, capacity=1.5, source=0.5)
penalties = np.geomspace(1e-4, 10, 60)
curves = gl.predict(problem, [gl.Plan.replace(10, 600, noise=0.5, penalty=p) for p in penalties])
risk = np.array([curve.risk for curve in curves])

fig, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
for model in (0, 1, 4, 9):
    (line,) = ax.loglog(penalties, risk[:, model], label=f"model {model}")
    best = risk[:, model].argmin()
    ax.plot(penalties[best], risk[best, model], "o", color=line.get_color())
ax.set(xlabel="penalty, the same for all models", ylabel="excess risk")
ax.legend(frameon=False)

# %%
# `tune` finds such penalties without a grid.
plan = gl.Plan.replace(10, 600, noise=0.5)
print(gl.tune(problem, plan).plan.penalty[0].round(3))
