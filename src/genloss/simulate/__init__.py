"""Monte Carlo: run the plan many times, literally or exactly in law."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._threads import cores, trial_pool
from genloss.curve import Curve
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem

__all__ = ["simulate"]

Array = npt.NDArray[np.float64]
Engine = Callable[[Problem, Plan, np.random.Generator, int], tuple[Array, Array]]


def simulate(
    problem: Problem,
    plan: Plan,
    *,
    trials: int = 100,
    seed: int = 0,
    method: str = "auto",
    relative_stderr: float | None = None,
    workers: int | None = None,
    progress: bool = False,
) -> Curve:
    """Simulate a plan and average the risk of every model.

    Parameters
    ----------
    problem : Problem
        What there is to learn; inputs are drawn as Gaussian.
    plan : Plan
        Any plan that can be written.
    trials : int, default 100
        Number of runs, at least 2; the largest number when ``relative_stderr`` is given.
    seed : int, default 0
        Seed. The result depends on it and not on the number of workers.
    method : {"auto", "literal", "exact"}, default "auto"
        "literal" draws every row and fits every model. "exact" draws from the same law without the
        rows: O(1) per fresh least-squares fit, O(dim) for reused designs and for ridge under
        identity covariance, O(dim**3) for any other fit to more than dim rows.
        "auto" takes the cheapest of these that applies, and names it on the curve.
    relative_stderr : float, optional
        Stop as soon as the standard error of every model's risk is at most this share of it.
    workers : int, optional
        Threads; default: the cores this process may use. Each holds BLAS to one thread.
    progress : bool, default False
        Whether to show a progress bar.

    Returns
    -------
    Curve
        Mean ``risk`` with ``stderr``, unbiased ``bias`` and ``variance``, and ``trials``.

    Raises
    ------
    InvalidInputError
        If an argument is out of range, or "exact" is asked for where it does not apply.

    Examples
    --------
    >>> import genloss as gl
    >>> problem, plan = gl.Problem.isotropic(20), gl.Plan.replace(3, 60, noise=0.5)
    >>> trials = gl.simulate(problem, plan, trials=200, seed=1)
    >>> bool((abs(trials.risk - gl.predict(problem, plan).risk) < 4 * trials.stderr).all())
    True
    """
    if not isinstance(problem, Problem):
        raise InvalidInputError(f"problem was {type(problem).__name__}; it must be a Problem")
    if not isinstance(plan, Plan):
        raise InvalidInputError(f"plan was {type(plan).__name__}; it must be a Plan")
    plan.check_fits(problem.dim)
    trials = _check.integer("trials", trials, minimum=2)
    seed = _check.integer("seed", seed, minimum=0)
    method = _check.choice("method", method, ("auto", "literal", "exact"))
    if relative_stderr is not None:
        relative_stderr = _check.positive("relative_stderr", relative_stderr)
    if workers is None:
        workers = cores()
    workers = _check.integer("workers", workers, minimum=1)
    engine = _engine(problem, plan, method)
    size, look = engine.BLOCK, engine.LOOK
    sizes = [min(size, trials - start) for start in range(0, trials, size)]
    risks: list[Array] = []
    errors = np.zeros((plan.n_models, problem.dim))
    with _progress_bar(progress, trials) as advance:
        for done, sums in _rounds(engine.run, problem, plan, sizes, seed, workers, look // size):
            risks += done
            errors += sums
            advance(sum(len(block) for block in done))
            if relative_stderr is not None and _precise(np.concatenate(risks), relative_stderr):
                break
    return _curve(np.concatenate(risks), errors, engine.NAME, _cautions(problem, plan))


def _engine(problem: Problem, plan: Plan, method: str) -> ModuleType:
    """The cheapest engine that is exact for the plan, or the literal one."""
    from genloss.simulate import compressed, increments, literal, radial  # slow to import

    cheapest_first = (radial, increments, compressed)
    able = [engine for engine in cheapest_first if engine.applies(problem, plan)]
    if method == "exact" and not able:
        raise InvalidInputError(
            f"method was 'exact'; no source has more than dim = {problem.dim} rows, or a source of a "
            "plan that pools rows has fewer, or a reused design is divided anew among labelers: "
            "single rows matter then, use 'auto' or 'literal'"
        )
    return literal if method == "literal" or not able else able[0]


def _rounds(
    engine: Engine,
    problem: Problem,
    plan: Plan,
    sizes: list[int],
    seed: int,
    workers: int,
    per_round: int,
) -> Iterator[tuple[list[Array], Array]]:
    """Blocks of trials, each with its own random stream, in rounds of a fixed number of blocks."""
    streams = np.random.SeedSequence(seed).spawn(len(sizes))

    def block(i: int) -> tuple[Array, Array]:
        return engine(problem, plan, np.random.default_rng(streams[i]), sizes[i])

    with trial_pool(workers) as pool:
        for start in range(0, len(sizes), per_round):
            results = list(pool.map(block, range(start, min(start + per_round, len(sizes)))))
            yield [risk for risk, _ in results], np.sum([error for _, error in results], axis=0)


def _precise(risks: Array, goal: float) -> bool:
    """Whether every model's standard error is at most ``goal`` times its mean."""
    if len(risks) < 16:  # a standard error from a handful of runs is itself too uncertain
        return False
    mean, stderr = risks.mean(axis=0), risks.std(axis=0, ddof=1) / np.sqrt(len(risks))
    return bool((stderr <= goal * mean).all())


def _curve(risks: Array, errors: Array, method: str, warnings: tuple[str, ...]) -> Curve:
    count = len(risks)
    risk = risks.mean(axis=0)
    # E |mean error|^2 = bias + variance / count
    variance = (risk - np.sum((errors / count) ** 2, axis=1)) * count / (count - 1)
    return Curve(
        risk=risk,
        bias=risk - variance,
        variance=variance,
        stderr=risks.std(axis=0, ddof=1) / np.sqrt(count),
        method=method,
        warnings=warnings,
        trials=count,
    )


def _cautions(problem: Problem, plan: Plan) -> tuple[str, ...]:
    near = []
    for model, generation in enumerate(plan):
        fitted = plan.generations[: model + 1] if generation.pooled else (generation,)
        fresh = [g for k, g in enumerate(fitted) if k == 0 or g.design == "fresh"]
        noisy = any(source.label_noise > 0 for g in fitted for source in g.sources)
        apart = abs(sum(g.n_samples for g in fresh) - problem.dim)
        if generation.penalty == 0 and noisy and apart <= 3:
            near.append(model)
    if not near:
        return ()
    return (
        f"models {near}: n_samples within 3 of dim {problem.dim} without penalty, the risk has no "
        "variance (within 1: no mean), so that its average over runs does not settle",
    )


def _progress_bar(show: bool, trials: int) -> AbstractContextManager[Callable[[int], None]]:
    if not show:
        return nullcontext(lambda _: None)
    from genloss.report import progress_bar

    return progress_bar("simulating", trials)
