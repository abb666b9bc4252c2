"""Monte Carlo: run the plan many times, literally or exactly in law."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial

import numpy as np

from genloss import _check
from genloss._threads import cores
from genloss._words import shown
from genloss.class_rules import check_classes
from genloss.curve import Curve
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.steps import resolve
from genloss.trials import runner
from genloss.trials.pace import Pace, check_room
from genloss.trials.tally import Batch, Tally

__all__ = ["simulate"]

LOG = logging.getLogger(__name__)
_CURE = (
    "give fewer, or a relative_stderr that they reach (or on_round, a function that sees every round and may "
    "stop them)"
)


def simulate(
    problem: Problem,
    plan: Plan,
    *,
    trials: int = 100,
    seed: int = 0,
    method: str = "auto",
    relative_stderr: float | None = None,
    dtype: str = "float64",
    workers: int | None = None,
    progress: bool = False,
    on_round: Callable[[Curve], object] | None = None,
) -> Curve:
    """Simulate a plan and average the risk of every model.

    Parameters
    ----------
    problem : Problem
        What there is to learn; inputs are drawn as Gaussian.
    plan : Plan
        Any plan that can be written.
    trials : int, default 100
        Number of runs, 2 to 10**12; the largest number when ``relative_stderr`` is given. No run
        is kept, so that memory does not grow with it. Runs that would take more than a day, by the pace
        of the first seconds, are refused unless ``on_round`` is given; more than an hour, a warning says.
    seed : int, default 0
        Seed. The result depends on it and not on the number of workers.
    method : {"auto", "literal", "exact", "revealed"}, default "auto"
        "literal" draws every row and fits every model. "exact" draws from the same law without the
        rows: O(1) per fresh least-squares fit, O(dim) for reused designs and for ridge under
        identity covariance, O(dim) per step of conjugate gradients for any other (`engines.md`),
        O(dim**3) where that is less. "revealed" is the engine of these steps, whatever it costs.
        "auto" takes the cheapest of these that applies, and names it on the curve.
    relative_stderr : float, optional
        Stop as soon as the standard error of every model's risk is at most this share of it.
    dtype : {"float64", "float32"}, default "float64"
        Precision of rows and of products of rows. In single precision, engines that have such
        products are up to 1.5 times as quick from some hundred directions on. A risk is then off by
        about ``1e-6 * sqrt(signal * risk)``, and by up to ``1e-4 * sqrt(signal * risk)`` where a
        fit without penalty has fewer rows than directions or not many more; worse-conditioned fits
        are computed in double precision all the same.
    workers : int, optional
        Threads; default: the cores this process may use. Each holds BLAS to one thread.
    progress : bool, default False
        Whether to show a progress bar.
    on_round : callable, optional
        Called with the curve so far after every round of runs, in the calling thread; the last
        time with the curve that is returned. Returning False stops the simulation. The rounds do
        not depend on the number of workers.

    Returns
    -------
    Curve
        Mean ``risk`` with ``stderr``, unbiased ``bias`` and ``variance``, and ``trials``.

    Raises
    ------
    InvalidInputError
        If an argument is out of range, "exact" is asked for where it does not apply, all runs would take
        more than a day, or rows that are drawn one by one need more memory than there is.

    Examples
    --------
    >>> import genloss as gl
    >>> problem, plan = gl.Problem.isotropic(20), gl.Plan.replace(3, 60, noise=0.5)
    >>> trials = gl.simulate(problem, plan, trials=200, seed=1)
    >>> bool((abs(trials.risk - gl.predict(problem, plan).risk) < 4 * trials.stderr).all())
    True

    A look at every round, which may also be the last:

    >>> seen = gl.simulate(problem, plan, trials=10**9, on_round=lambda curve: curve.trials < 1000)
    >>> seen.trials
    2048
    """
    _check.instance("problem", problem, Problem)
    _check.instance("plan", plan, Plan)
    plan.check_fits(problem.dim)
    check_classes(problem, resolve(plan))
    trials = _check.integer("trials", trials, minimum=2, maximum=runner.MOST_TRIALS)
    seed = _check.integer("seed", seed, minimum=0)
    method = _check.choice("method", method, ("auto", "literal", "exact", "revealed"))
    if relative_stderr is not None:
        relative_stderr = _check.positive("relative_stderr", relative_stderr)
    if workers is None:
        workers = cores()
    workers = _check.integer("workers", workers, minimum=1)
    _check.boolean("progress", progress)
    if on_round is not None and not callable(on_round):
        raise InvalidInputError(f"on_round was {shown(on_round)}; it must be a function of a Curve")
    single = _check.choice("dtype", dtype, ("float64", "float32")) == "float32"
    engine = runner.engine_for(problem, plan, method)
    engine_run, name, size = engine.run, engine.name, engine.block
    if single and engine.single:
        engine_run, name = partial(engine_run, dtype=np.float32), f"{name}, float32"
    steps, warnings = resolve(plan), runner.cautions(problem, plan)
    check_room(problem, steps, engine)
    number = steps.agents

    def run(stream: np.random.SeedSequence, count: int) -> Batch:
        with np.errstate(over="ignore", invalid="ignore"):
            batch: Batch = engine_run(problem, steps, np.random.default_rng(stream), count)
        runner.check_finite(batch.risks)
        return batch

    sizes = runner.blocks(trials, size)
    rounds = runner.rounds(run, sizes, seed, workers, engine.look // size)
    tally: Tally | None = None
    pace = Pace(trials, _CURE, told=progress)
    with closing(rounds), _progress_bar(progress, trials) as advance:
        for batches in rounds:
            new = Tally.of(batches)
            tally = new if tally is None else tally.joined(new)
            advance(new.runs)
            LOG.debug("simulated %d of %d runs (%s)", tally.runs, trials, name)
            if on_round is not None and _stops(on_round(tally.curve(name, warnings, number))):
                break
            if relative_stderr is not None and tally.precise(relative_stderr):
                break
            if on_round is None:
                pace.look(tally.runs, tally.enough(relative_stderr))
    assert tally is not None
    return tally.curve(name, warnings, number)


def _stops(answer: object) -> bool:
    return isinstance(answer, bool | np.bool_) and not answer


def _progress_bar(show: bool, trials: int) -> AbstractContextManager[Callable[[int], None]]:
    if not show:
        return nullcontext(lambda _: None)
    from genloss._progress import progress_bar

    return progress_bar("simulating", trials)
