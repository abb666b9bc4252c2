"""
How much weight do synthetic rows deserve?
==========================================

Sixty real rows, a thousand synthetic ones whose labels aim a little elsewhere. Each real row is scored under the fit of
all others, for every weight; the shaded weights cannot be told apart from the best one.
"""

import numpy as np

import genloss as gl

rng = np.random.default_rng(0)
X = rng.normal(size=(1060, 8))
y = X.sum(axis=1) + 2 * rng.normal(size=1060)
y[60:] += 0.6 * X[60:, 0]
found = gl.weigh((X[:60], y[:60]), (X[60:], y[60:]), made_from="elsewhere")
found.plot()

# %%
# The weight, and what one synthetic row is worth in real ones:
print(round(found.weight, 2), found.plausible, found.worth)
