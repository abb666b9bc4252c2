"""Every label a mixture of a real one and a model's."""

from __future__ import annotations

from genloss import _check
from genloss.generation import Design, Generation, Labeler
from genloss.policies._chain import Penalties, PerGeneration, chain, columns


def mix_labels(
    generations: int,
    n_samples: PerGeneration,
    *,
    real: PerGeneration,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
    real_noise: float | None = None,
    design: Design = "fresh",
) -> list[Generation]:
    """Mix labels: each row's label is ``real`` times a real one plus the rest a model's.

    Parameters
    ----------
    generations : int
        Number of models fitted; the first is trained on real labels only.
    n_samples : int or sequence of int
        Rows per generation.
    real : float or sequence of float
        Weight of the real label; values outside [0, 1] extrapolate.
    penalty, noise : float or sequence of float
        Ridge penalty and standard deviation of the noise on each of the two labels.
    real_noise : float, optional
        Standard deviation of the noise on real labels, where it differs.
    design : {"fresh", "same"}
        Whether each generation draws new inputs or labels the first ones anew.

    Notes
    -----
    `theory.md` 2.1: the noise of a mixed label is
    ``sqrt(real**2 * real_noise**2 + (1 - real)**2 * noise**2)``.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Plan.mix_labels(generations=2, n_samples=100, real=0.6)
    Plan(2 models)
      model 0: 100 real
      model 1: 100 labelled by 0.6 real + 0.4 previous
    """
    [shares] = columns(generations, real=real)
    labelers: list[Labeler] = [
        "real" if t == 0 or a == 1 else {"real": a, "previous": 1 - a}
        for t, a in enumerate(_check.finite("real", share) for share in shares)
    ]
    return chain(
        generations, n_samples, penalty, noise, labelers, real_noise=real_noise, design=design
    )
