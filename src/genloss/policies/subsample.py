"""Rows drawn at random from all rows so far."""

from __future__ import annotations

from genloss.generation import Design, Generation
from genloss.policies._chain import Penalties, PerGeneration, chain


def subsample(
    generations: int,
    n_samples: PerGeneration,
    *,
    design: Design,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
) -> list[Generation]:
    """Keep all rows, but fit to as many of them, drawn at random, as each new block has.

    Parameters
    ----------
    generations : int
        Number of models fitted.
    n_samples : int or sequence of int
        Rows in each new block, and rows that its model is fitted to.
    design : {"fresh", "same"}
        Whether a new block has new inputs, or the first block's inputs labelled anew. There is
        no default, because the answers differ.
    penalty, noise : float or sequence of float
        Ridge penalty per fitted row, and standard deviation of the label noise.

    See Also
    --------
    accumulate : fit to all rows so far.

    Notes
    -----
    "Accumulate-subsample", the fixed-compute policy of Kazdan et al.; `theory.md` 2.8. Least
    squares with many rows stays below 3 times the first model's error.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Plan.subsample(generations=3, n_samples=100, design="fresh", noise=1.0)
    Plan(3 models)
      model 0: 100 real, noise 1.0, pooled, 100 rows drawn
      models 1-2: 100 labelled by previous, noise 1.0, pooled, 100 rows drawn
    """
    return chain(generations, n_samples, penalty, noise, design=design, pooled=True, drawn=True)
