"""
Five ways to retrain
====================

One problem, one budget of new rows a generation, noisy labels. What is done with the rows decides whether the error
grows without end, settles, or hardly moves. Chains that use rows again are drawn for twelve models, as many as theory follows
unasked. (A penalty chosen anew by leave-one-out is the best one for the labels of
that very generation, noise that was inherited included, and not for the chain.)
"""

import matplotlib.pyplot as plt

import genloss as gl

problem = gl.Problem.power_law(dim=200, capacity=1.5, source=0.5)
plans = {
    "replace": gl.Plan.replace(15, 400, noise=0.5, penalty=0.02),
    "a fifth real": gl.Plan.mix(15, 400, real=0.2, noise=0.5, penalty=0.02),
    "real rows that stay": gl.Plan.anchored(12, 320, n_real=80, noise=0.5, penalty=0.02),
    "keep all rows": gl.Plan.accumulate(12, 400, design="fresh", noise=0.5, penalty=0.02),
    "penalty anew": gl.Plan.replace(15, 400, noise=0.5, penalty="cv"),
}
fig, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
for name, curve in zip(plans, gl.predict(problem, list(plans.values())), strict=True):
    ax.plot(curve.risk, marker=".", label=name)
ax.set(xlabel="model (0 is trained on real labels)", ylabel="excess risk")
ax.legend(frameon=False)
