"""What is in the way of a closed formula for a model: found for all models in one pass."""

from __future__ import annotations

from genloss.generation import REAL, Generation
from genloss.plan import Plan

RICH = "with a penalty, several sources or a covariance of its own"


def obstacles(plan: Plan) -> list[str | None]:
    """Why no closed formula knows a model, for every model; None where one does."""
    found: list[str | None] = []
    pool, run = _Pool(), None
    for model, generation in enumerate(plan):
        pool.add(model, generation)
        if generation.design == "fresh":
            run = None
        elif model > 1 and plan.generations[model - 1].pooled:
            run = run or f"model {model} reuses the design of a pooled fit"
        own = None if is_plain(generation) else f"model {model} is fitted on a reused design {RICH}"
        run = run or own
        if generation.features is not None:
            found.append(f"model {model} is fitted on random features")
            run = run or found[-1]
        elif generation.pooled and model > 0:
            found.append(pool.obstacle)
        else:
            found.append(run if generation.design == "same" else None)
    return found


class _Pool:
    """Least squares on all rows so far: known if that is what every model is fitted to."""

    def __init__(self) -> None:
        self.obstacle: str | None = None
        self._rows = 0
        self._designs: set[str] = set()
        self._weights: set[float] = set()

    def add(self, model: int, generation: Generation) -> None:
        """Take in the next generation."""
        self._rows += generation.n_samples
        self._weights.add(generation.sources[0].weight)
        if model:
            self._designs.add(generation.design)
        shares = generation.sources[0].labeler_numbers(model)
        telescopes = shares == {model - 1 if model else REAL: 1.0}
        pools = model == 0 or generation.pooled
        if self.obstacle:
            return
        if generation.subsample is not None and generation.subsample < self._rows:
            self.obstacle = f"model {model} is fitted to rows drawn from the pool"
        elif not is_plain(generation) or generation.features is not None:
            self.obstacle = f"model {model} is fitted on pooled rows {RICH}"
        elif not (telescopes and pools and len(self._designs) <= 1 and len(self._weights) == 1):
            self.obstacle = (
                f"model {model} pools rows, but not of a plan in which every model is pooled, "
                "labelled by its predecessor, on all fresh or all same inputs of one weight"
            )


def is_even(generation: Generation) -> bool:
    """Whether all rows have the problem's covariance and one weight."""
    first = generation.sources[0]
    return all(s.covariance is None and s.weight == first.weight for s in generation.sources)


def is_plain(generation: Generation) -> bool:
    """Whether it is least squares on rows of one source."""
    return generation.penalty == 0 and len(generation.sources) == 1 and is_even(generation)
