"""One set of rows whose labels are mixed with what the newest model says of them."""

from __future__ import annotations

from genloss import _check
from genloss._schemas import NUMBER, WHOLE, per_generation
from genloss.generation import Generation, Labeler, Source
from genloss.policies._chain import Penalties, PerGeneration, columns

SCHEMA = {"rounds": WHOLE, "mixing": per_generation(NUMBER)}


def distill(
    rounds: int,
    n_samples: int,
    *,
    mixing: PerGeneration,
    penalty: Penalties = 0.0,
    noise: float = 0.0,
) -> list[Generation]:
    """Self-distillation: refit the first rows to a mixture of their own labels and the last model's.

    Parameters
    ----------
    rounds : int
        Number of models fitted, the first to the labels as they are.
    n_samples : int
        Real rows.
    mixing : float or sequence of float
        Weight of the last model's value, any real number; the rest is the weight of the label that the
        row has. The first entry of a sequence is not used.
    penalty : float or sequence of float
        Ridge penalty.
    noise : float
        Standard deviation of the noise of the real labels; what a model says of its rows has none.

    See Also
    --------
    mix_labels : with ``design="same"``, real labels that are drawn anew at every round: another
        estimator.

    Notes
    -----
    `plans.md`. Das and Sanghavi 2023; Pareek, Du and Oh 2024; negative mixings as in Dang, Patil and
    Rinaldo.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Plan.distill(rounds=3, n_samples=100, mixing=0.6, penalty=0.1, noise=0.5)
    Plan(3 models)
      model 0: 100 real, noise 0.5, penalty 0.1
      models 1-2: rows of model 0 labelled by 0.4 kept + 0.6 previous, penalty 0.1
    """
    lams, shares = columns(rounds, name="rounds", penalty=penalty, mixing=mixing)
    built = [Generation((Source(n_samples, "real", noise),), lams[0])]
    for t, (lam, share) in enumerate(zip(lams, shares, strict=True)):
        own = _check.finite("mixing", share)  # checked also where not used
        labeler: Labeler = {"kept": 1 - own, "previous": own}
        if t:
            built.append(Generation((Source(None, labeler, inputs=0),), lam))
    return built
