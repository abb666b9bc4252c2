"""Monte Carlo: run the plan many times, literally or exactly in law."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._threads import cores
from genloss.curve import Curve
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.simulate import runner

__all__ = ["simulate"]

Array = npt.NDArray[np.float64]


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
    single = _check.choice("dtype", dtype, ("float64", "float32")) == "float32"
    engine = runner.engine_for(problem, plan, method)
    run, name, size, look = engine.run, engine.NAME, engine.BLOCK, engine.LOOK
    if single and engine.SINGLE:
        run, name = partial(run, dtype=np.float32), f"{name}, float32"
    sizes = [min(size, trials - start) for start in range(0, trials, size)]
    risks: list[Array] = []
    errors = np.zeros((plan.n_models, problem.dim))
    with _progress_bar(progress, trials) as advance:
        for done, sums in runner.rounds(run, problem, plan, sizes, seed, workers, look // size):
            risks += done
            errors += sums
            advance(sum(len(block) for block in done))
            if relative_stderr is not None and runner.precise(
                np.concatenate(risks), relative_stderr
            ):
                break
    return runner.curve(np.concatenate(risks), errors, name, runner.cautions(problem, plan))


def _progress_bar(show: bool, trials: int) -> AbstractContextManager[Callable[[int], None]]:
    if not show:
        return nullcontext(lambda _: None)
    from genloss.report import progress_bar

    return progress_bar("simulating", trials)
