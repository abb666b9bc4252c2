"""
Theory and simulation, laid over each other
===========================================

Ten models, each trained on labels of the one before. The line is theory, which needs no randomness. The points are
simulated, exactly in law, with two standard errors.
"""

import genloss as gl

problem = gl.Problem.power_law(dim=300, capacity=1.5, source=0.5)
plan = gl.Plan.replace(generations=10, n_samples=600, noise=0.5)
theory = gl.predict(problem, plan)
trials = gl.simulate(problem, plan, trials=40, seed=0)
theory.plot(against=trials)

# %%
# What both say of the first and of the last model:
print(theory.risk[[0, -1]].round(2), trials.risk[[0, -1]].round(2))
