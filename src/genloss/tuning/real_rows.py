"""How many real rows per generation hold a plan's errors near the first one's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.generation import Generation, Source
from genloss.plan import Plan

Array = npt.NDArray[np.float64]


def real_rows_needed(
    plan: Plan,
    error: Callable[[Plan], Array],
    *,
    real_noise: float | None = None,
    tolerance: float = 0.1,
) -> int | None:
    """Fewest real rows per generation that hold every model's error near the first one's.

    Parameters
    ----------
    plan : Plan
        A plan whose later generations are labelled by models; real rows replace some of theirs.
    error : callable
        Error of every model of a plan, e.g. ``lambda plan: predict(problem, plan).risk``.
    real_noise : float, optional
        Standard deviation of the noise on real labels, where it differs from that on others.
    tolerance : float, default 0.1
        Allowed increase over the first model's.

    Returns
    -------
    int or None
        Rows per generation; 0 if the plan holds as it is, None if not even all rows are enough.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.tuning.tune import real_rows_needed
    >>> problem, plan = gl.Problem.isotropic(100), gl.Plan.replace(10, 600, noise=0.5)
    >>> test_error = lambda plan: gl.predict(problem, plan).risk + 0.25
    >>> real_rows_needed(plan, test_error)
    258
    """
    _check.instance("plan", plan, Plan)
    if not callable(error):
        raise InvalidInputError(f"error was {shown(error)}; it must be a function of a Plan")
    tolerance = _check.non_negative("tolerance", tolerance)
    if real_noise is not None:
        real_noise = _check.non_negative("real_noise", real_noise)

    def holds(n_real: int) -> bool:
        errors = error(with_real_rows(plan, n_real, real_noise))
        return bool((errors <= (1 + tolerance) * errors[0]).all())

    if holds(0):
        return 0
    # more real rows may hurt where real labels are the noisier ones: look for any number that holds
    tried = np.unique(np.linspace(0, plan.n_samples.max(), 33).round().astype(int))[1:]
    high = next((int(n_real) for n_real in tried if holds(int(n_real))), None)
    if high is None:
        return None
    low = int(max(tried[tried < high], default=0))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def with_real_rows(plan: Plan, n_real: int, real_noise: float | None = None) -> Plan:
    """Replace ``n_real`` model-labelled rows of every generation by real ones."""
    return Plan(tuple(_with_real_rows(g, n_real, real_noise) for g in plan))


def _with_real_rows(generation: Generation, n_real: int, real_noise: float | None) -> Generation:
    """Real rows come first, as `Plan.mix` writes them."""
    real: list[Source] = []
    rest: list[Source] = []
    left = n_real
    for source in generation.sources:
        taken = 0 if source.labeler == "real" else min(left, source.new_rows)
        left -= taken
        if taken:
            noise = source.real_noise if real_noise is None else real_noise
            real.append(replace(source, n_samples=taken, labeler="real", real_noise=noise))
        if source.inputs != "new":
            rest.append(source)
        elif taken < source.new_rows:
            rest.append(replace(source, n_samples=source.new_rows - taken))
    return replace(generation, sources=(*real, *rest))
