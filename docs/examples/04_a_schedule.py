"""
A schedule: weak early, strong late
===================================

If only the last model counts, the best penalties are weak at first, so that little of the truth is lost, and strong at
the end, where the noise has added up.
"""

import matplotlib.pyplot as plt

import genloss as gl

problem = gl.Problem.power_law(dim=400, capacity=1.5, source=0.5)
plan = gl.Plan.replace(12, 400, noise=0.4)
constant = gl.tune(problem, plan)
schedule = gl.tune(problem, plan, over="schedule")

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for name, tuned in {"one penalty": constant, "a schedule": schedule}.items():
    left.semilogy(tuned.plan.penalty, marker=".", label=name)
    right.plot(tuned.curve.risk, marker=".", label=f"{name}: {tuned.value:.3f} at the end")
left.set(xlabel="model", ylabel="penalty")
right.set(xlabel="model", ylabel="excess risk")
right.legend(frameon=False)
