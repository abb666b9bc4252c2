"""Prediction-powered inference: the predecessor labels many rows, real ones take its mistakes away."""

from __future__ import annotations

from genloss import _check
from genloss._schemas import SHARE, WHOLE, per_generation
from genloss.generation import MOST_ROWS, Generation, Source
from genloss.policies._chain import Penalties, PerGeneration, columns

SCHEMA = {"n_real": per_generation(WHOLE), "weight": per_generation(SHARE)}

_PLAIN = 1 - 1e-6  # plain inference is the limit of weight one, reached to six digits


def ppi(
    generations: int,
    n_samples: PerGeneration,
    *,
    n_real: PerGeneration,
    weight: PerGeneration = 1.0,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
) -> list[Generation]:
    """Prediction-powered inference with the predecessor as the predictor.

    Every later fit minimises, with predictor f, N unlabelled rows u and n new real rows (x, y)::

        weight mean (w'u - f(u))**2 + mean [(w'x - y)**2 - weight (w'x - f(x))**2] + penalty |w|**2 ,

    which is unbiased whatever the predictor says. The first model is fitted to the real rows alone.

    Parameters
    ----------
    generations : int
        Number of models fitted.
    n_samples : int or sequence of int
        Unlabelled rows of every later fit; the first entry of a sequence is not used.
    n_real : int or sequence of int
        Real rows of every generation, new ones each time.
    weight : float or sequence of float, default 1.0
        How much the predictions count, from 0 to 1: 1 is plain prediction-powered inference, less is
        PPI++, 0 are the real rows alone.
    penalty, noise : float or sequence of float
        Ridge penalty and standard deviation of the noise on real labels.

    See Also
    --------
    mix : the same rows, stacked; where labels agree with the truth on average it has the lower error.

    Notes
    -----
    `budgets.md` 4. In squares it is a fit of two sources: the predictor's rows, and the real ones with
    labels ``(y - weight f) / (1 - weight)`` and weights ``1 - weight``.

    Examples
    --------
    >>> import genloss as gl
    >>> problem, plan = gl.Problem.isotropic(60), gl.Plan.ppi(2, 10**6, n_real=180, noise=1.0)
    >>> round(gl.limit(problem, plan).risk, 3)  # real rows alone: 60 / (180 - 60)
    0.5
    """
    rows, reals, weights, lams, noises = columns(
        generations, n_samples=n_samples, n_real=n_real, weight=weight, penalty=penalty, noise=noise
    )
    built = []
    for t, (size, real, share, lam, spread) in enumerate(
        zip(rows, reals, weights, lams, noises, strict=True)
    ):
        # checked also where it is not used
        unlabelled = _check.integer("n_samples", size, minimum=1, maximum=MOST_ROWS)
        labelled = _check.integer("n_real", real, minimum=1, maximum=MOST_ROWS)
        count = min(_check.share("weight", share), _PLAIN)
        if not t or not count:
            built.append(Generation((Source(labelled, "real", spread),), lam))
            continue
        rest, both = 1 - count, labelled + unlabelled
        told = Source(
            labelled,
            {"real": 1 / rest, "previous": -count / rest},
            real_noise=spread,
            weight=rest * both / labelled,
        )
        said = Source(unlabelled, "previous", weight=count * both / unlabelled)
        built.append(Generation((told, said), lam))
    return built
