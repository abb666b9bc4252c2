"""All blocks of rows so far, each with a weight of its own in every fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._schemas import NOT_NEGATIVE, list_of
from genloss.errors import InvalidInputError
from genloss.generation import Generation, Source
from genloss.policies._chain import Penalties, PerGeneration, columns

SCHEMA = {"weights": list_of(list_of(NOT_NEGATIVE))}


def weighted(
    weights: Sequence[Sequence[float]] | npt.NDArray[np.float64],
    n_samples: PerGeneration,
    *,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
) -> list[Generation]:
    """Fit to all blocks so far with the labels they have, each block weighted anew in every fit.

    Replacing, accumulating, windows and weights that fall with age are all matrices of this kind.

    Parameters
    ----------
    weights : array_like of shape (generations, generations)
        Row t: the weight that rows of each block 0 to t have in fit t, zero for a block that is left
        out; zero above the diagonal, positive on it.
    n_samples : int or sequence of int
        Rows in each new block, labelled by the predecessor; the first block is real.
    penalty, noise : float or sequence of float
        Ridge penalty per row fitted, and standard deviation of the label noise.

    See Also
    --------
    window : the last few blocks, of equal weight.
    accumulate : all blocks, of equal weight.

    Notes
    -----
    `plans.md`. The workflows of Dey and Donoho 2024. Rows of weight zero are no rows of the penalty.

    Examples
    --------
    Weights that halve with every generation:

    >>> import genloss as gl
    >>> gl.Plan.weighted([[1, 0, 0], [0.5, 1, 0], [0.25, 0.5, 1]], n_samples=100, noise=1.0)
    Plan(3 models)
      model 0: 100 real, noise 1.0
      model 1: rows of model 0 as labelled, weight 0.5 + 100 labelled by previous, noise 1.0
      model 2: rows of model 0 as labelled, weight 0.25 + rows of model 1 as labelled, weight 0.5 + 100 labelled by previous, noise 1.0
    """
    matrix = _check.numbers("weights", weights, above=">= 0", ndim=2)
    count = len(matrix)
    square = matrix.shape == (count, count)
    if not square or np.triu(matrix, 1).any() or not np.diagonal(matrix).all():
        raise InvalidInputError(
            f"weights had shape {matrix.shape}; it must be square, zero above its diagonal (blocks that "
            "are not there yet) and positive on it (every model sees its own block)"
        )
    rows, lams, noises = columns(count, n_samples=n_samples, penalty=penalty, noise=noise)
    built = []
    for t, (size, lam, spread) in enumerate(zip(rows, lams, noises, strict=True)):
        kept = [
            Source(None, "kept", inputs=j, weight=matrix[t, j])
            for j in np.flatnonzero(matrix[t, :t]).tolist()
        ]
        newest = Source(size, "previous" if t else "real", spread, weight=matrix[t, t])
        built.append(Generation((*kept, newest), lam))
    return built
