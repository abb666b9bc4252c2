"""Several models a round that label for each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._plan_checks import MOST_MODELS
from genloss._schemas import SHARE, WHOLE, list_of, per_generation
from genloss.errors import InvalidInputError
from genloss.generation import MOST_ROWS, Generation, Source
from genloss.policies._chain import Penalties, PerGeneration, columns

SHARES = list_of(list_of(SHARE))
SCHEMA = {"labels_from": SHARES, "rounds": WHOLE, "real": per_generation(SHARE)}


def network(
    labels_from: Sequence[Sequence[float]] | npt.NDArray[np.float64],
    rounds: int,
    n_samples: PerGeneration,
    *,
    real: PerGeneration = 0.0,
    penalty: Penalties = 0.0,
    noise: PerGeneration = 0.0,
) -> list[Generation]:
    """Agents that label for each other: model ``t * K + a`` is agent a of K in round t.

    In round 0 all agents see real rows. Later each one's new rows are divided among those whose labels
    it takes, all of the round before.

    Parameters
    ----------
    labels_from : array_like of shape (K, K)
        Row a: shares of agent a's synthetic rows that each agent labels; they sum to 1.
    rounds : int
        Number of rounds, the real one counted.
    n_samples : int or sequence of int
        New rows of an agent in a round, one number or one per agent.
    real : float or sequence of float, default 0.0
        Share of an agent's rows with real labels, one number or one per agent.
    penalty, noise : float or sequence of float
        Ridge penalty and standard deviation of the label noise, one number or one per agent.

    Notes
    -----
    `plans.md`. Shares are rounded to whole rows, the largest remainders up.

    Examples
    --------
    Two agents, of which the second sees some real rows:

    >>> import genloss as gl
    >>> gl.Plan.network([[0.5, 0.5], [1, 0]], rounds=2, n_samples=100, real=[0, 0.2])
    Plan(4 models)
      models 0-1: 100 real
      model 2: 50 labelled by model 0 + 50 labelled by model 1
      model 3: 20 real + 80 labelled by model 0
    """
    shares = _check.numbers("labels_from", labels_from, above=">= 0", ndim=2)
    agents, sums = len(shares), shares.sum(axis=1)
    if shares.shape != (agents, agents) or not np.allclose(sums, 1):
        raise InvalidInputError(
            f"labels_from had shape {shares.shape} and sums {sums.round(6).tolist()}; it must be square, "
            "with rows that sum to 1"
        )
    turns = _check.integer("rounds", rounds, minimum=1, maximum=max(MOST_MODELS // agents, 1))
    rows, reals, lams, noises = columns(
        agents, n_samples=n_samples, real=real, penalty=penalty, noise=noise
    )
    counts = []
    for a in range(agents):
        n = _check.integer("n_samples", rows[a], minimum=1, maximum=MOST_ROWS)
        own = _check.share("real", reals[a])
        counts.append(_whole(n, np.array([own, *((1 - own) * shares[a])])))
    built = []
    for t in range(turns):
        for a, (n_real, *labelled) in enumerate(counts):
            before = (t - 1) * agents
            sources = [Source(n, before + u, noises[a]) for u, n in enumerate(labelled) if n and t]
            first = n_real if t else int(rows[a])
            if first:
                sources.insert(0, Source(first, "real", noises[a]))
            built.append(Generation(tuple(sources), lams[a]))
    return built


def _whole(total: int, shares: npt.NDArray[np.float64]) -> list[int]:
    """Whole numbers that sum to the total, as near to the shares as may be."""
    exact = total * shares
    counts = np.floor(exact + 1e-9)
    up = np.argsort(counts - exact, kind="stable")[: round(total - counts.sum())]
    counts[up] += 1
    return [int(count) for count in counts]
