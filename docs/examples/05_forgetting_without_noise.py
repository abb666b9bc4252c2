r"""
Few rows: forgetting without a single slip
==========================================

With fewer rows than directions a fit sees only what its rows span. Labels without any noise do not help: of the truth,
every generation keeps the share :math:`n/d`, and the error climbs to that of no model,

.. math:: E_t = \|w_*\|^2 \left(1 - (n/d)^{t+1}\right).
"""

import matplotlib.pyplot as plt
import numpy as np

import genloss as gl

problem = gl.Problem.isotropic(200)
fig, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
for rows in (190, 180, 150, 100):
    plan = gl.Plan.replace(15, rows)
    trials = gl.simulate(problem, plan, trials=10, seed=0)
    (line,) = ax.plot(gl.predict(problem, plan).risk, label=f"{rows} rows, 200 directions")
    ax.plot(trials.risk, "o", ms=4, color=line.get_color())
    assert np.allclose(gl.predict(problem, plan).risk, 1 - (rows / 200) ** np.arange(1, 16))
ax.set(xlabel="model", ylabel="excess risk (1: no model at all)")
ax.legend(frameon=False)
