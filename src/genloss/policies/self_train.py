"""Pseudo-labels of a classifier beside real ones."""

from __future__ import annotations

from typing import Any

from genloss import _check
from genloss._schemas import NOT_NEGATIVE, WHOLE, per_generation
from genloss.generation import Generation, Source
from genloss.policies._chain import PerGeneration, columns

SCHEMA = {"n_real": per_generation(WHOLE), "penalty": per_generation(NOT_NEGATIVE)}


def self_train(
    generations: int,
    n_samples: PerGeneration,
    *,
    n_real: PerGeneration,
    loss: Any = "logistic",
    labels: Any = "hard",
    real_labels: Any = None,
    keep: Any = None,
    penalty: PerGeneration = 0.01,
    noise: float = 0.0,
) -> list[Generation]:
    """Self-training: real rows, and beside them new rows that the last model labels.

    Parameters
    ----------
    generations : int
        Number of models fitted; the first sees real rows alone.
    n_samples : int or sequence of int
        New rows that the last model labels, in every later generation; the first entry of a sequence is
        not used.
    n_real : int or sequence of int
        Real rows of every generation, new ones each time.
    loss : str or Loss, default "logistic"
        What is minimised (`genloss.losses`).
    labels, real_labels : str or Label
        How what a model says becomes a label (`genloss.labels`), default "hard", and how the truth's
        value does, default the same.
    keep : Keep, optional
        Which of the model's rows are kept, such as ``genloss.keep.Confident(1.5)``; default: all.
    penalty : float or sequence of float, default 0.01
        Penalty; classes that a hyperplane separates have no fit without one.
    noise : float, default 0.0
        Standard deviation of the noise on real values, before they become labels.

    See Also
    --------
    anchored : real rows that stay the same.

    Notes
    -----
    `plans.md`.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Plan.self_train(generations=3, n_samples=600, n_real=300)
    Plan(3 models)
      model 0: 300 real, hard labels, penalty 0.01, logistic loss
      models 1-2: 300 real, hard labels + 600 labelled by previous, hard labels, penalty 0.01, logistic loss
    """
    rows, reals, lams = columns(generations, n_samples=n_samples, n_real=n_real, penalty=penalty)
    told = labels if real_labels is None else real_labels
    built = []
    for t, (size, real, lam) in enumerate(zip(rows, reals, lams, strict=True)):
        # checked also where it is not used
        told_by_model = Source(size, "previous", labels=labels, keep=keep)
        count = _check.integer("n_real", real, minimum=1)
        sources = [Source(count, "real", noise, labels=told), *([told_by_model] if t else [])]
        number = _check.non_negative("penalty", lam)
        built.append(Generation(tuple(sources), number, loss=loss))
    return built
