"""The pencil engine: write an estimator in Gaussian matrices, get its high-dimensional error.

An expression is written in Gaussian matrices, diagonal ones (in the common eigenbasis) and numbers.
It becomes a linear system (the *pencil*), whose expected inverse solves a fixed point (the *Dyson
equation*); traces, risks and overlaps are read from it. No formula is derived for any of them.

Notes
-----
`pencil.md`. Limits are for dimensions that grow together; at finite size they are off by a term of
order 1/dim. Every result has a certificate: the relative residual of its fixed point, below 1e-10.

Examples
--------
The Marchenko-Pastur law, as the trace of a resolvent:

>>> from genloss.pencils import Space, diagonal, gaussian, identity, noise, risk, trace, vector
>>> features, rows = Space.features(200), Space("rows", 400)
>>> Z = gaussian(rows, features)
>>> resolvent = (Z.T @ Z / 400 + 0.1 * identity(features)).inv()
>>> round(float(trace(resolvent)) / 200, 6)  # (sqrt(0.6**2 + 4 * 0.05) - 0.6) / 0.1
1.483315

Ridge regression with eigenvalues ``1/i``, bias and variance:

>>> spectrum = diagonal(features, [1 / i for i in range(1, 201)])
>>> X, w = Z @ diagonal(features, spectrum.values**0.5), vector(features, 1.0)
>>> fit = (X.T @ X + 40 * identity(features)).inv() @ X.T @ (X @ w + noise(rows, 0.5))
>>> found = risk(fit - w, metric=spectrum)
>>> round(found.bias, 4), round(found.variance, 4)
(2.1606, 0.0517)
"""

from genloss.pencils.answers import Limit, Risk
from genloss.pencils.chain import Chain
from genloss.pencils.dyson import NoConvergenceError, Solution, solve
from genloss.pencils.equations import describe, latex
from genloss.pencils.expression import (
    Expression,
    Parameter,
    diagonal,
    gaussian,
    identity,
    noise,
    vector,
)
from genloss.pencils.functionals import (
    overlap,
    quadratic,
    risk,
    risk_derivative,
    trace,
)
from genloss.pencils.of_plan import risks
from genloss.pencils.pencil import Pencil
from genloss.pencils.space import Space

__all__ = [
    "Chain",
    "Expression",
    "Limit",
    "NoConvergenceError",
    "Parameter",
    "Pencil",
    "Risk",
    "Solution",
    "Space",
    "describe",
    "diagonal",
    "gaussian",
    "identity",
    "latex",
    "noise",
    "overlap",
    "quadratic",
    "risk",
    "risk_derivative",
    "risks",
    "solve",
    "trace",
    "vector",
]
