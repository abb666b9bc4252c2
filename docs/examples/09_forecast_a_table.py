"""
A forecast of a real table
==========================

What becomes of ten models of the diabetes data, each trained on 200 labels of its predecessor. The band is what the rows
leave open; lighter beside it stands the check: points measured on rows that its own forecast had not seen.
"""

from sklearn.datasets import load_diabetes

import genloss as gl

outlook = gl.forecast(*load_diabetes(return_X_y=True), n_samples=200, noise=30.0)
outlook.plot()

# %%
# The numbers behind it, and what is advised:
print(outlook.growth_low[-1].round(2), outlook.growth_high[-1].round(2))
print(outlook.advice.real_rows, outlook.advice.real_rows_range)
