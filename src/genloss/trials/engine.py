"""An engine: one way to run the steps of a plan many times, and the reason where it cannot.

Every module of the folder ``engines`` has one, named ``ENGINE``; one from outside joins by `register`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.problem import Problem, beyond
from genloss.steps import Step
from genloss.trials.tally import Batch

Steps = Sequence[Step]


def _rows_and_noise(step: Step) -> object:
    return step.is_new, [(block.rows, block.noise > 0) for block in step.blocks]


@dataclass(frozen=True)
class Engine:
    """One way to run a plan.

    Attributes
    ----------
    name : str
        What the curve calls it.
    cost : float
        Of the engines that can run a plan, the one of least cost does.
    block : int
        Runs that share one random generator.
    look : int
        Runs between two looks at the standard error.
    refuses : callable
        ``refuses(problem, steps)``: why it cannot run them, or None.
    run : callable
        ``run(problem, steps, rng, count)``: a `Batch` of ``count`` runs.
    draws : callable, optional
        ``draws(step)``: what decides which random numbers it draws for a step, so that plans alike in
        it can be compared on common ones; default: whether rows are new, how many, with noise or not.
        None where what is drawn depends on what was, so that no two plans have common numbers.
    single : bool, default False
        Whether ``run`` takes a ``dtype`` and has matrix products that single precision makes quicker.
    exact : bool, default True
        Whether it draws from the law of a literal run without drawing all of its rows.
    method : str, optional
        What `genloss.simulate` is given to have this one, whatever it costs.
    pays : callable, optional
        ``pays(problem, steps, other)``: whether it takes less time than another engine, where that
        depends on the problem; default: ``cost`` decides.
    sized : callable, optional
        ``sized(problem, steps)``: what ``block`` is for a problem and plan, where it is not always the same.
    """

    name: str
    cost: float
    block: int
    look: int
    refuses: Callable[[Problem, Steps], str | None]
    run: Callable[..., Batch]
    draws: Callable[[Step], object] | None = _rows_and_noise
    single: bool = False
    exact: bool = True
    method: str | None = None
    pays: Callable[[Problem, Steps, Engine], bool] | None = None
    sized: Callable[[Problem, Steps], int] | None = None

    def sized_for(self, problem: Problem, steps: Steps) -> Engine:
        """The engine with as many runs to a block as problem and plan allow."""
        block = self.block if self.sized is None else self.sized(problem, steps)
        return self if block == self.block else replace(self, block=block, look=2 * block)


def vectors(numbers: int) -> Callable[[Problem, Steps], int]:
    """Sizes of blocks with a vector a run: the interpreter counts little, and a cache holds them."""
    return lambda problem, _steps: min(max(numbers // problem.dim, 64), 1024)


_FROM_OUTSIDE: list[Engine] = []


@cache
def _own() -> tuple[Engine, ...]:
    from genloss.trials import engines  # slow to import, with SciPy's linear algebra

    found = [
        import_module(f"{engines.__name__}.{each.name}") for each in iter_modules(engines.__path__)
    ]
    return tuple(module.ENGINE for module in found)


def all_engines() -> list[Engine]:
    """Every engine, the cheapest first."""
    return sorted((*_own(), *_FROM_OUTSIDE), key=lambda engine: engine.cost)


def able(problem: Problem, steps: Steps) -> list[Engine]:
    """The engines that draw from the law of a plan without its rows, the cheapest first."""
    if beyond(problem):
        return []
    return [each for each in all_engines() if each.exact and each.refuses(problem, steps) is None]


def literal() -> Engine:
    """The engine that draws every row."""
    return next(each for each in all_engines() if not each.exact)


def register(engine: Engine) -> Engine:
    """Add an engine from outside.

    Raises
    ------
    InvalidInputError
        If its name is taken.
    """
    if engine.name in [each.name for each in all_engines()]:
        raise InvalidInputError(f"engine was {shown(engine.name)}; there is one of that name")
    _FROM_OUTSIDE.append(engine)
    return engine


def needs_rows(step: Step) -> str | None:
    """Why single rows matter in a fit, whatever its labels: an engine without rows refuses it."""
    if step.intercept:
        return f"model {step.model} has an intercept"
    if not step.is_ridge:
        return f"model {step.model} has labels, a loss, a filter or a rule that keeps rows beyond ridge regression"
    if step.features is not None:
        return f"features are random in model {step.model}"
    if step.drawn is not None:
        return f"rows are drawn from a pool for model {step.model}"
    if step.outside:
        return "a model from outside labels"
    if any(block.kept for block in step.blocks):
        return f"labels of model {step.model} are kept from before"
    if step.turned:
        return f"rows of model {step.model} have a covariance matrix"
    if step.edits:
        return f"labels of some rows of model {step.model} are replaced"
    if step.towards is not None:
        return f"model {step.model} is pulled to another model"
    if step.retuned:
        return f"the penalty of model {step.model} is chosen by leave-one-out ('cv')"
    return None
