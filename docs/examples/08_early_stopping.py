"""
Early stopping as a brake
=========================

A model that has not finished fitting has not fitted the noise of its labels, and the next one learns from something
smoother. What is lost is the weak part of the truth, a little at every generation.
"""

import matplotlib.pyplot as plt

import genloss as gl

problem = gl.Problem.power_law(200, capacity=0.8, source=0.5)
steps = [2, 4, 8, 16, 32, 64, 128, 256]


def chain(count):
    """Five generations of gradient descent with so many steps."""
    early = gl.filters.GradientDescent(steps=count, step=0.5)
    first = gl.Generation([gl.Source(150, noise=0.5)], filter=early)
    later = gl.Generation([gl.Source(150, "previous", noise=0.5)], filter=early)
    return gl.Plan([first, *4 * [later]])


curves = [gl.predict(problem, chain(count)) for count in steps]
fig, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
for model in (0, 2, 4):
    ax.semilogx(steps, [curve.risk[model] for curve in curves], "o-", label=f"model {model}")
ax.set(xlabel="steps of gradient descent in every fit", ylabel="excess risk")
ax.legend(frameon=False)
