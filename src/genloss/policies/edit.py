"""Real rows of which every model replaces some labels."""

from __future__ import annotations

from genloss import _check
from genloss._schemas import SHARE, WHOLE, per_generation
from genloss.generation import Generation, Source
from genloss.policies._chain import Penalties, PerGeneration, columns

SCHEMA = {"n_samples": WHOLE, "edited": per_generation(SHARE)}


def edit(
    generations: int,
    n_samples: int,
    *,
    edited: PerGeneration,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
) -> list[Generation]:
    """Refit the first rows, of which the last model has replaced a share of the labels.

    Which rows are edited is drawn anew in every generation; the others keep the labels they have, edited
    earlier or real.

    Parameters
    ----------
    generations : int
        Number of models fitted, the first to real labels.
    n_samples : int
        Real rows.
    edited : float or sequence of float
        Share of the rows whose label is replaced. The first entry of a sequence is not used.
    penalty, noise : float or sequence of float
        Ridge penalty, and standard deviation of the label noise, real or made.

    See Also
    --------
    same_design : all labels are replaced.
    distill : all labels are mixed.

    Notes
    -----
    `plans.md`. ToEdit, Zhu et al. 2025. Errors stay bounded if the shares have a finite sum.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Plan.edit(generations=3, n_samples=100, edited=[0, 0.5, 0.25], noise=1.0)
    Plan(3 models)
      model 0: 100 real, noise 1.0
      model 1: rows of model 0 labelled by previous, 50% of them, noise 1.0
      model 2: rows of model 0 labelled by previous, 25% of them, noise 1.0
    """
    lams, noises, shares = columns(generations, penalty=penalty, noise=noise, edited=edited)
    built = [Generation((Source(n_samples, "real", noises[0]),), lams[0])]
    for t, (lam, spread, each) in enumerate(zip(lams, noises, shares, strict=True)):
        share = _check.share("edited", each)  # checked also where not used
        if t:
            rows = Source(None, "previous", spread, inputs=0, edited=share)
            built.append(Generation((rows,), lam))
    return built
