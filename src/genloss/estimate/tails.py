"""How much the lengths of rows vary, from their leverages.

``h / (1 - h)`` of a row is proportional to its squared length in the metric of the inverse covariance. For
normal rows it varies like an F ratio; what is beyond that is the rows' own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError

Array = npt.NDArray[np.float64]

BINS = 16
_FAR = 0.995  # quantile beyond which lengths are cut: near-constant columns make endless ones


def tails_of_rows(X: Array) -> tuple[float, ...]:
    """Squared lengths of rows ``X`` (n_rows, dim) over their mean, in 16 bins of as many rows.

    Raises
    ------
    DataError
        If there are not at least six rows more than directions, so that no leverage says anything.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.estimate import tails_of_rows
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((2000, 50))
    >>> found = tails_of_rows(X / np.sqrt(rng.chisquare(5, (2000, 1)) / 5))
    >>> round(found[0], 1), round(found[-1], 1)
    (0.2, 3.9)
    """
    centred = X - X.mean(axis=0)
    vectors, roots, _ = np.linalg.svd(centred, full_matrices=False)
    rank = int(np.sum(roots > 1e-9 * max(roots[0], 1e-300)))
    n, spare = len(X), len(X) - 1 - rank
    if rank == 0 or spare < 5:
        raise DataError(
            f"the table has {n} rows in {rank} directions; tails are read off leverages, which need at "
            "least six rows more than directions"
        )
    leverage = np.minimum(np.sum(vectors[:, :rank] ** 2, axis=1), 1 - 1e-9)
    ratio = np.sort(leverage / (1 - leverage))
    ratio = np.minimum(ratio, np.quantile(ratio, _FAR))
    bins = np.array([part.mean() for part in np.array_split(ratio, BINS)])
    bins /= bins.mean()
    varied = float(np.mean((bins - 1) ** 2))
    normal = 2 * (rank + spare - 2) / (rank * (spare - 4))  # relative variance of F(rank, spare)
    kept = np.sqrt(max(varied - normal, 0.0) / varied) if varied else 0.0
    found = np.maximum(1 + kept * (bins - 1), 1e-3)
    return tuple((found / found.mean()).tolist())
