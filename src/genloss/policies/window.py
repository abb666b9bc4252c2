"""The last few blocks of rows, with the labels they have."""

from __future__ import annotations

from genloss import _check
from genloss._schemas import WHOLE
from genloss.generation import Generation, Source
from genloss.policies._chain import Penalties, PerGeneration, columns

SCHEMA = {"last": WHOLE}


def window(
    generations: int,
    n_samples: PerGeneration,
    *,
    last: int,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
) -> list[Generation]:
    """Fit to the newest block of rows and those before it, ``last`` blocks in all.

    Parameters
    ----------
    generations : int
        Number of models fitted.
    n_samples : int or sequence of int
        Rows in each new block, labelled by the predecessor; the first block is real.
    last : int
        Blocks that a fit sees: 1 replaces them, as many as there are generations accumulates them.
    penalty, noise : float or sequence of float
        Ridge penalty per row fitted, and standard deviation of the label noise.

    See Also
    --------
    replace : the newest block alone.
    accumulate : all blocks.

    Notes
    -----
    `plans.md`.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Plan.window(generations=3, n_samples=100, last=2, noise=1.0)
    Plan(3 models)
      model 0: 100 real, noise 1.0
      model 1: rows of model 0 as labelled + 100 labelled by previous, noise 1.0
      model 2: rows of model 1 as labelled + 100 labelled by previous, noise 1.0
    """
    rows, lams, noises = columns(generations, n_samples=n_samples, penalty=penalty, noise=noise)
    blocks = _check.integer("last", last, minimum=1)
    built = []
    for t, (size, lam, spread) in enumerate(zip(rows, lams, noises, strict=True)):
        before = range(max(t - blocks + 1, 0), t)
        kept = [Source(None, "kept", inputs=earlier) for earlier in before]
        newest = Source(size, "previous" if t else "real", spread)
        built.append(Generation((*kept, newest), lam))
    return built
