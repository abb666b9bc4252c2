"""Real and synthetic rows, stacked."""

from __future__ import annotations

from genloss import _check
from genloss._schemas import SHARE, per_generation
from genloss.generation import MOST_ROWS, Generation, Source
from genloss.policies._chain import Penalties, PerGeneration, columns

SCHEMA = {"real": per_generation(SHARE)}


def mix(
    generations: int,
    n_samples: PerGeneration,
    *,
    real: PerGeneration,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
) -> list[Generation]:
    """Stack rows: a share ``real`` of each generation's rows has real labels.

    Parameters
    ----------
    generations : int
        Number of models fitted; the first is trained on real labels only.
    n_samples : int or sequence of int
        Rows per generation, real and synthetic together.
    real : float or sequence of float
        Share of fresh real rows in [0, 1]; rounded to whole rows.
    penalty, noise : float or sequence of float
        Ridge penalty and standard deviation of the label noise.

    See Also
    --------
    mix_labels : average two labels for the same row instead.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Plan.mix(generations=3, n_samples=600, real=0.1, noise=0.5)
    Plan(3 models)
      model 0: 600 real, noise 0.5
      models 1-2: 60 real, noise 0.5 + 540 labelled by previous, noise 0.5
    """
    rows, lams, noises, shares = columns(
        generations, n_samples=n_samples, penalty=penalty, noise=noise, real=real
    )
    built = []
    for t, (size, lam, spread, share) in enumerate(zip(rows, lams, noises, shares, strict=True)):
        n = _check.integer("n_samples", size, minimum=1, maximum=MOST_ROWS)
        real_share = _check.share("real", share)
        n_real = round(real_share * n) if t else n
        sources = [Source(n_real, "real", spread)] if n_real else []
        if n_real < n:
            sources.append(Source(n - n_real, "previous", spread))
        built.append(Generation(tuple(sources), lam))
    return built
