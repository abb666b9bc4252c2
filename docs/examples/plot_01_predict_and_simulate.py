"""
Theory and simulation, laid over each other
===========================================

Ten models, each trained on labels of the one before. The line is theory; the points are runs in which every row is
drawn and every model fitted, with two standard errors.
"""

import genloss as gl

problem = gl.Problem.power_law(dim=300, capacity=1.5, source=0.5)
plan = gl.Plan.replace(generations=10, n_samples=600, noise=0.5, penalty=0.01)
theory = gl.predict(problem, plan)
trials = gl.simulate(problem, plan, trials=50, seed=0)
print(theory.risk[[0, -1]].round(3), trials.risk[[0, -1]].round(3))
theory.plot(against=trials)
