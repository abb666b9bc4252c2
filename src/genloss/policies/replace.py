"""Fresh rows labelled by the predecessor."""

from __future__ import annotations

from genloss.generation import Generation
from genloss.policies._chain import Penalties, PerGeneration, chain


def replace(
    generations: int,
    n_samples: PerGeneration,
    *,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
) -> list[Generation]:
    """Every model is trained on fresh rows labelled by its predecessor, the first on real ones.

    Parameters
    ----------
    generations : int
        Number of models fitted.
    n_samples : int or sequence of int
        Rows per generation.
    penalty, noise : float or sequence of float
        Ridge penalty and standard deviation of the label noise.

    Notes
    -----
    `paper.md` section 1 (its "independent" design), `theory.md` 2.3.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Plan.replace(generations=3, n_samples=[600, 300, 300])
    Plan(3 models)
      model 0: 600 real
      models 1-2: 300 labelled by previous
    """
    return chain(generations, n_samples, penalty, noise)
