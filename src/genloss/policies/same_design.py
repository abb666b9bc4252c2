"""The first inputs, labelled anew by the predecessor."""

from __future__ import annotations

from genloss.generation import Generation
from genloss.policies._chain import Penalties, PerGeneration, chain


def same_design(
    generations: int,
    n_samples: int,
    *,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
) -> list[Generation]:
    """Every model is trained on the same inputs, labelled anew by its predecessor.

    Parameters
    ----------
    generations : int
        Number of models fitted.
    n_samples : int
        Number of rows.
    penalty, noise : float or sequence of float
        Ridge penalty and standard deviation of the label noise.

    Notes
    -----
    `paper.md` sections 1 and 2.4 (its "same" design), `theory.md` 2.7.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Plan.same_design(generations=4, n_samples=100)
    Plan(4 models)
      model 0: 100 real
      models 1-3: 100 labelled by previous, same inputs
    """
    return chain(generations, n_samples, penalty, noise, design="same")
