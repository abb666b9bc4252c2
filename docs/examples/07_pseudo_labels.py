"""
Pseudo-labels: hard, sampled, or only the sure ones
===================================================

Logistic models, trained on 400 rows with real classes and 800 that the last model labelled; sampled classes are drawn
with the labeler's chances, the real ones too. The chance that a model puts a row on the wrong side of the truth, by theory
(lines) and in literal runs (points): here labels of a model help.
"""

import matplotlib.pyplot as plt

import genloss as gl

problem = gl.Problem.isotropic(100, signal=4.0)
ways = {
    "hard labels": {"labels": "hard"},
    "sampled labels": {"labels": "sampled"},
    "hard, and sure ones only": {"labels": "hard", "keep": gl.keep.Confident(1.0)},
}
fig, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
for name, way in ways.items():
    plan = gl.Plan.self_train(4, 800, n_real=400, loss="logistic", penalty=1e-3, **way)
    (line,) = ax.plot(gl.predict(problem, plan).error, label=name)
    trials = gl.simulate(problem, plan, trials=6, seed=0)
    ax.errorbar(
        range(len(trials)), trials.error, 2 * trials.error_stderr, fmt="o", color=line.get_color()
    )
ax.set(xlabel="model", ylabel="share of wrong classes", ylim=(0, None), xticks=range(4))
ax.legend(frameon=False)
