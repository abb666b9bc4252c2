"""Which of two plans is better, and by how much: both run on the same random numbers."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss import _check, _html, plots
from genloss._frames import Framed
from genloss._threads import cores
from genloss.class_rules import check_classes
from genloss.curve import Curve
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.plots import Drawn
from genloss.problem import Problem
from genloss.steps import resolve
from genloss.trials import runner
from genloss.trials.engine import Engine, able, literal
from genloss.trials.pace import Pace, check_room
from genloss.trials.tally import Batch, Tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Framed, Drawn):
    """Risk of every model of a plan minus that of another one, run on common random numbers.

    Attributes
    ----------
    difference : ndarray of shape (n_models,)
        Mean risk of the first plan's model minus that of the second's.
    stderr : ndarray of shape (n_models,)
        Standard error of the difference.
    stderr_apart : ndarray of shape (n_models,)
        What it would be if the plans were run independently of each other.
    method : str
        Engine of both.
    trials : int
        Number of pairs of runs.
    curve, other : Curve
        Risks of the first plan's models and of the second's, in the same runs.

    Notes
    -----
    ``to_frame`` has one row per model and the columns ``model``, ``risk``, ``other_risk``, ``difference``,
    ``stderr``, ``stderr_apart`` and ``gain``; ``plot`` draws the differences with error bars of two
    standard errors.

    Examples
    --------
    >>> import genloss as gl
    >>> once, again = (gl.Plan.replace(3, 60, noise=noise) for noise in (0.5, 1.0))
    >>> found = gl.compare(gl.Problem.isotropic(20), once, again, trials=50)
    >>> bool((found.difference < -2 * found.stderr).all()), found.to_frame().shape
    (True, (3, 7))
    """

    difference: Array
    stderr: Array
    stderr_apart: Array
    method: str
    trials: int
    curve: Curve
    other: Curve

    def __post_init__(self) -> None:
        for name in ("difference", "stderr", "stderr_apart"):
            getattr(self, name).setflags(write=False)

    def _draw(self, ax: Axes) -> None:
        ax.axhline(0, color="0.2", lw=0.8, ls=":", label="no difference")
        name = f"{self.trials} pairs of runs ± 2 s.e."
        plots.draw(ax, self.difference, self.stderr, label=name)
        plots.label_models(ax, "risk of the first plan minus the second's")

    def _table(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "model": np.arange(self.difference.size),
            "risk": self.curve.risk,
            "other_risk": self.other.risk,
            "difference": self.difference,
            "stderr": self.stderr,
            "stderr_apart": self.stderr_apart,
            "gain": self.gain,
        }

    def _shown(self) -> list[list[int | float]]:
        columns = [self.curve.risk, self.other.risk, self.difference, self.stderr]
        models = _html.shown(self.difference.size)
        return [[t, *(float(column[t]) for column in columns)] for t in models]

    def _repr_html_(self) -> str:
        headings = ["model", "risk", "risk of the other", "difference", "s.e."]
        return _html.table(self._title(), headings, self._shown())

    def _title(self) -> str:
        return (
            f"Comparison({self.difference.size} models, {self.trials} pairs of runs, {self.method})"
        )

    def __repr__(self) -> str:
        lines = [
            f"  model {t:>2}: {one:.5g} - {two:.5g} = {difference:+.3g} +- {stderr:.2g}"
            for t, one, two, difference, stderr in self._shown()
        ]
        return "\n".join([self._title(), *lines])

    @property
    def gain(self) -> Array:
        """How many times as many independent runs would give the same standard error."""
        return np.divide(
            self.stderr_apart**2,
            self.stderr**2,
            out=np.ones_like(self.stderr),
            where=self.stderr > 0,
        )


def compare(
    problem: Problem,
    plan: Plan,
    other: Plan,
    *,
    trials: int = 100,
    seed: int = 0,
    method: str = "auto",
    workers: int | None = None,
) -> Comparison:
    """Simulate two plans on common random numbers and average the difference of their risks.

    Most of the spread of a run comes from its rows and its label noise. Policies that see the same
    rows share it, so that their difference is known long before either risk is.

    Parameters
    ----------
    problem : Problem
        What there is to learn; inputs are drawn as Gaussian.
    plan, other : Plan
        Two plans of as many models.
    trials : int, default 100
        Number of pairs of runs, 2 to 10**12. Runs that would take more than a day, by the pace of the
        first seconds, are refused; more than an hour, a warning says.
    seed : int, default 0
        Seed. The result depends on it and not on the number of workers.
    method : {"auto", "literal", "exact"}, default "auto"
        As in `simulate`, for both plans. "auto" takes an exact engine only where both plans draw
        the same numbers from it: plans that differ by penalties, noises, labelers or pooling. Plans
        that differ by how rows are divided among labelers share rows in the literal engine only.
    workers : int, optional
        Threads; default: the cores this process may use.

    Returns
    -------
    Comparison
        ``difference`` with ``stderr``, and the standard error of independent runs beside it.

    Raises
    ------
    InvalidInputError
        If the plans have different numbers of models, or an argument is out of range.

    Notes
    -----
    The numbers are common where the generations have equally many rows; after a generation in
    which they do not, the runs are as good as independent, and ``gain`` is near 1.

    Examples
    --------
    >>> import genloss as gl
    >>> problem = gl.Problem.power_law(50, capacity=1.5, source=0.5)
    >>> weak, strong = (gl.Plan.replace(5, 100, penalty=lam, noise=0.5) for lam in (1e-2, 2e-2))
    >>> found = gl.compare(problem, weak, strong, trials=100)
    >>> bool(found.difference[0] > 4 * found.stderr[0]), bool(found.gain.min() > 5)
    (True, True)
    """
    _check.instance("problem", problem, Problem)
    for name, given in (("plan", plan), ("other", other)):
        _check.instance(name, given, Plan)
        given.check_fits(problem.dim)
        check_classes(problem, resolve(given))
    if plan.n_models != other.n_models:
        raise InvalidInputError(
            f"other had {other.n_models} models; it must have as many as plan, {plan.n_models}"
        )
    trials = _check.integer("trials", trials, minimum=2, maximum=runner.MOST_TRIALS)
    seed = _check.integer("seed", seed, minimum=0)
    method = _check.choice("method", method, ("auto", "literal", "exact"))
    workers = _check.integer("workers", cores() if workers is None else workers, minimum=1)
    engine = _engine(problem, plan, other, method).sized_for(problem, resolve(plan))
    for each in (plan, other):
        check_room(problem, resolve(each), engine)

    def run(stream: np.random.SeedSequence, count: int) -> tuple[Batch, Batch, Batch]:
        one, two = (
            engine.run(problem, resolve(each), np.random.default_rng(stream), count)
            for each in (plan, other)
        )
        return one, two, Batch(one.risks - two.risks, one.sums, one.aside)

    rounds = runner.rounds(
        run, runner.blocks(trials, engine.block), seed, workers, engine.look // engine.block
    )
    tallies: list[Tally] = []
    pace = Pace(trials, "give fewer")
    with closing(rounds):
        for batches in rounds:
            new = [Tally.of(each) for each in zip(*batches, strict=True)]
            tallies = [a.joined(b) for a, b in zip(tallies, new, strict=True)] if tallies else new
            pace.look(tallies[0].runs)
    first, second, together = tallies
    return Comparison(
        difference=together.mean,
        stderr=together.stderr,
        stderr_apart=np.hypot(first.stderr, second.stderr),
        method=engine.name,
        trials=trials,
        curve=first.curve(engine.name, runner.cautions(problem, plan)),
        other=second.curve(engine.name, runner.cautions(problem, other)),
    )


def _engine(problem: Problem, plan: Plan, other: Plan, method: str) -> Engine:
    if method == "literal":
        return literal()
    one, two = resolve(plan), resolve(other)
    both = [
        (engine, draws)
        for engine in able(problem, one)
        if (draws := engine.draws) is not None and engine.refuses(problem, two) is None
    ]
    if method == "exact" and not both:
        for each in (plan, other):
            runner.engine_for(problem, each, method)  # says what is in the way
        raise InvalidInputError("method was 'exact'; no exact engine runs both plans, use 'auto'")
    alike = [each for each, draws in both if [*map(draws, one)] == [*map(draws, two)]]
    apart = [each for each, _ in both] if method == "exact" else [literal()]
    return next(iter(alike or apart))
