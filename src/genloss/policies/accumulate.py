"""All rows so far, each block labelled by the newest model when it came."""

from __future__ import annotations

from genloss.generation import Design, Generation
from genloss.policies._chain import Penalties, PerGeneration, chain


def accumulate(
    generations: int,
    n_samples: PerGeneration,
    *,
    design: Design,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
) -> list[Generation]:
    """Keep all rows: each generation adds a block labelled by its predecessor and refits.

    Parameters
    ----------
    generations : int
        Number of models fitted.
    n_samples : int or sequence of int
        Rows in each new block.
    design : {"fresh", "same"}
        Whether a new block has new inputs, or the first block's inputs labelled anew. There is
        no default, because the answers differ.
    penalty, noise : float or sequence of float
        Ridge penalty per pooled row, and standard deviation of the label noise.

    Notes
    -----
    `theory.md` 2.6. A penalty that is constant per pooled row forgets the truth slowly; one
    that falls like 1/rows does not.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Plan.accumulate(generations=3, n_samples=100, design="fresh", noise=1.0)
    Plan(3 models)
      model 0: 100 real, noise 1.0, pooled
      models 1-2: 100 labelled by previous, noise 1.0, pooled
    """
    return chain(generations, n_samples, penalty, noise, design=design, pooled=True)
