"""
Real rows that make it worse
============================

Close to interpolation, rows of two labelers that contradict each other act like noise, and the next fit makes more of
it. Left of the line, in grey, the error grows without end. With 100 directions, 150 rows a
generation are enough at any share.
"""

import numpy as np

import genloss as gl

problem = gl.Problem.isotropic(100)
found = gl.phases(
    problem,
    {"preset": "mix", "generations": 4, "noise": 1.0},
    x=("n_samples", range(104, 201, 4)),
    y=("real", np.linspace(0.02, 0.98, 25)),
)
found.plot()

# %%
# A plan inside that region, and what would calm it: a penalty, or more real rows.
limit = gl.limit(problem, gl.Plan.mix(4, 120, real=0.1, noise=1.0))
print(limit.stable, round(limit.radius, 3), round(limit.cure, 4), round(limit.cure_real, 2))
