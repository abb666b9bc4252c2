"""Real rows that stay, beside the newest synthetic ones."""

from __future__ import annotations

from genloss import _check
from genloss._schemas import POSITIVE, WHOLE, per_generation
from genloss.generation import Generation, Source
from genloss.policies._chain import Penalties, PerGeneration, columns

SCHEMA = {"n_real": WHOLE, "weight": per_generation(POSITIVE)}


def anchored(
    generations: int,
    n_samples: PerGeneration,
    *,
    n_real: int,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
    weight: PerGeneration = 1.0,
) -> list[Generation]:
    """Keep one real data set with its labels, and add the predecessor's newest rows to every fit.

    What most teams do: the real rows are used again and again, synthetic ones are replaced. The first
    model is trained on the real rows alone.

    Parameters
    ----------
    generations : int
        Number of models fitted.
    n_samples : int or sequence of int
        Synthetic rows of every later fit; the first entry of a sequence is not used.
    n_real : int
        Real rows.
    penalty, noise : float or sequence of float
        Ridge penalty and standard deviation of the label noise.
    weight : float or sequence of float, default 1.0
        Weight of a synthetic row; a real one has 1.

    See Also
    --------
    mix : real rows that are new at every generation.

    Notes
    -----
    `plans.md`. The errors of successive models depend on each other through the rows they share, so
    that `predict` takes the pencil.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Plan.anchored(generations=4, n_samples=120, n_real=80, noise=0.5, penalty=0.1)
    Plan(4 models)
      model 0: 80 real, noise 0.5, penalty 0.1
      models 1-3: rows of model 0 as labelled + 120 labelled by previous, noise 0.5, penalty 0.1
    """
    rows, lams, noises, weights = columns(
        generations, n_samples=n_samples, penalty=penalty, noise=noise, weight=weight
    )
    real = _check.integer("n_real", n_real, minimum=1)
    built = [Generation((Source(real, "real", noises[0]),), lams[0])]
    for t, (size, lam, spread, each) in enumerate(zip(rows, lams, noises, weights, strict=True)):
        synthetic = Source(size, "previous", spread, weight=each)  # checked also where not used
        if t:
            built.append(Generation((Source(None, "kept", inputs=0), synthetic), lam))
    return built
