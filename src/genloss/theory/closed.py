"""What is in the way of a closed formula for a model: found for all models in one pass."""

from __future__ import annotations

from collections.abc import Sequence

from genloss.generation import REAL
from genloss.labels.linear import Linear
from genloss.losses.squared import Squared
from genloss.steps import Step, Steps

RICH = "with a penalty, several sources or a covariance of its own"


def obstacles(steps: Steps) -> list[str | None]:
    """Why no closed formula knows a model, for every model; None where one does."""
    if steps.is_single:
        return [None] * len(steps)
    found: list[str | None] = []
    pool, run = _Pool(), None
    pools = any(step.is_pooled for step in steps)
    for step in steps:
        model = step.model
        if pools:
            pool.add(step)
        if step.is_new:
            run = None
        elif not relabels(step, steps[model - 1]):
            run = f"model {model} is fitted on rows of an earlier generation"
        elif steps[model - 1].is_pooled:
            run = run or f"model {model} reuses the design of a pooled fit"
        if not steps.is_new and not run and not is_plain(step):
            run = f"model {model} is fitted on a reused design {RICH}"
        if step.features is not None or step.intercept:
            found.append(obstacle_alone(step))
            run = run or found[-1]
        elif step.towards is not None and (step.retuned or not _all_new_and_even(step)):
            where = "" if step.retuned else " on rows that are not all new and alike"
            found.append(f"model {model} is pulled to another one{where}")
            run = run or found[-1]
        elif step.is_pooled:
            found.append(pool.obstacle)
        elif step.edits:
            found.append(
                None if edits_of(steps, model) else f"model {model} replaces some labels {RICH}"
            )
            run = run or f"model {model} replaces some labels"
        else:
            found.append(None if step.is_new else run)
    return found


def obstacle_alone(step: Step) -> str | None:
    """Why a ridge fit is not known by itself, or None where it is one of the inputs to new rows, pulled to zero."""
    model = step.model
    if step.intercept:
        return f"model {model} has an intercept"
    if step.features is not None:
        return f"model {model} is fitted on random features"
    if step.towards is not None:
        return f"model {model} is pulled to another one"
    if step.is_pooled or not step.is_new:
        return f"model {model} is fitted on rows of an earlier generation"
    return None


def stands_alone(step: Step) -> bool:
    """Whether no other model is fitted to its rows."""
    return step.is_new and not step.is_pooled and step.last_fit == step.model


def is_told(step: Step) -> bool:
    """Whether its labels are a slope and a noise to all linear fits: rules make them for rows that nobody saw before."""
    return isinstance(step.loss, Squared) and all(
        block.keep is None and (isinstance(block.labels, Linear) or block.design == step.model)
        for block in step.blocks
    )


def obstacles_of_tails(steps: Sequence[Step]) -> list[str | None]:
    """The same as `obstacles` where lengths of rows vary."""
    return [why and f"problem has tails, and {why}" for why in map(obstacle_alone, steps)]


def edits_of(steps: Sequence[Step], model: int) -> bool:
    """Whether a model is least squares on real rows of which the last models replaced some labels."""
    first = next((step.model for step in reversed(steps[:model]) if not step.edits), None)
    if first is None or not is_plain(steps[first]) or not steps[first].is_new:
        return False
    whole = steps[first].blocks[0]
    return all(
        is_plain(step)
        and step.features is None
        and not step.is_pooled
        and step.blocks[0][:3] == whole[:3]
        and step.blocks[0].shares == {step.model - 1: 1.0}
        and not step.blocks[0].kept
        and step.blocks[0].latest == step.model - 1
        for step in steps[first + 1 : model + 1]
    )


class _Pool:
    """Least squares on all rows so far: known if that is what every model is fitted to."""

    def __init__(self) -> None:
        self.obstacle: str | None = None
        self._rows = 0
        self._new: set[bool] = set()
        self._weights: set[float] = set()

    def add(self, step: Step) -> None:
        """Take in the next step."""
        model, first = step.model, step.blocks[0]
        self._rows += sum(block.rows for block in step.blocks)
        self._weights.add(first.weight)
        if model:
            self._new.add(step.is_new)
        telescopes = first.shares == {model - 1 if model else REAL: 1.0}
        pools = model == 0 or step.is_pooled
        if self.obstacle:
            return
        if step.drawn is not None and step.drawn < self._rows:
            self.obstacle = f"model {model} is fitted to rows drawn from the pool"
        elif not is_plain(step) or step.features is not None:
            self.obstacle = f"model {model} is fitted on pooled rows {RICH}"
        elif not (
            telescopes
            and not first.kept
            and not step.edits
            and pools
            and len(self._new) <= 1
            and len(self._weights) == 1
        ):
            self.obstacle = (
                f"model {model} pools rows, but not of a plan in which every model is pooled, "
                "labelled by its predecessor, on all fresh or all same inputs of one weight"
            )


MOST_BY_PENCIL = 12  # models of one pencil that are solved in seconds
MOST_FILTERS_OF_KINDS = 8  # of those that go through filters, where rows are drawn or edited


def design_runs(steps: Sequence[Step]) -> dict[int, range]:
    """Runs of models on one design that are known as functions of one matrix, by each of their models.

    Those are runs with a filter, with labels that a rule makes of what somebody from outside the run says, once,
    and runs of ridge regression that are too long for a pencil.
    """
    found: dict[int, range] = {}
    start = 0
    for model, step in enumerate(steps):
        if model and not (_is_smooth(step) and relabels(step, steps[model - 1])):
            start = model
        run = range(start, model + 1)
        after = steps[model + 1 : model + 2]
        goes_on = any(_is_smooth(each) and relabels(each, step) for each in after)
        if goes_on or len(run) < 2 or not all(map(_is_smooth, steps[start : model + 1])):
            continue
        members = steps[start : model + 1]
        inside = all(max(each.last_inputs, each.last_fit) <= model for each in members)
        by_rule = [each for each in members if not each.is_linear]
        # what two rules leave of labels on the same rows is not independent
        told = len(by_rule) < 2 and not any(u in run for each in by_rule for u in each.asked)
        beyond = by_rule or any(each.filter is not None for each in members)
        if inside and members[0].is_new and told and (beyond or len(run) > MOST_BY_PENCIL):
            found |= dict.fromkeys(run, run)
    return found


def is_alone(step: Step) -> bool:
    """Whether it is a smooth filter of one design's rows, all from one source, with linear labels."""
    return step.is_linear and _is_smooth(step)


def _is_smooth(step: Step) -> bool:
    """The same with any labels."""
    smooth = step.penalty > 0 if step.filter is None else step.filter.spectral
    if step.filter is not None and step.filter.pole(step.penalty) == 0:
        smooth = False
    all_kept = isinstance(step.loss, Squared) and all(block.keep is None for block in step.blocks)
    plain = all_kept and step.features is None and step.towards is None
    return smooth and plain and not step.is_pooled and len(step.blocks) == 1 and is_even(step)


def unknown(steps: Steps, tails: bool = False) -> str | None:
    """Why no theory knows a plan at all: what is known for ridge regression alone."""
    if steps[0].intercept:
        return "plan has an intercept"
    if steps.is_ridge:
        return None
    rich = "problem has tails" if tails else "plan has rows with a covariance matrix"
    runs = design_runs(steps)
    for step in steps:
        if step.is_ridge or (step.model in runs and not (tails or steps.turned)):
            continue
        if (tails or steps.turned) and (step.filter is None or not step.is_linear):
            return f"{rich}, and model {step.model} is no ridge regression on linear labels"
        what = f"model {step.model} has labels, a loss, a filter or a rule that keeps rows beyond ridge regression"
        if step.filter is not None and not step.is_linear and not _sees_all(step):
            return f"{what}, which are not known together"
        if step.filter is not None and not step.filter.spectral and step.drawn is not None:
            return f"{what}, over rows that are drawn in an order of its own"
        if step.filter is not None and step.is_linear:
            continue
        if step.features is not None:
            return f"{what}, on random features"
        if step.retuned and not chooses(step):
            return (
                f"{what}, with penalty 'cv' on rows that are not alike, or pulled to another model"
            )
        if not (stands_alone(step) or is_told(step)):
            return f"{what}, on rows that another model is fitted to"
    return None


def _sees_all(step: Step) -> bool:
    """Whether a filter's rows are alike, or go through it in turn, or are all kept."""
    assert step.filter is not None
    kept = all(block.keep is None for block in step.blocks)
    return kept or is_even(step) or not step.filter.spectral


def clouded(step: Step, dim: float) -> str | None:
    """Why no theory knows a fit to rows about the centres of two classes, or None."""
    if step.features is not None:
        return "is fitted on random features"
    if step.retuned and not chooses(step):
        return "has penalty 'cv' on rows that are not alike, or is pulled to another model"
    if any(block.covariance is not None for block in step.blocks):
        return "has rows with a covariance of their own"
    if step.filter is not None and step.filter.spectral and not is_even(step):
        return "has a filter of rows that are not alike"
    if not stands_alone(step):
        return "is fitted on rows that another model is fitted to"
    enough = "numbers" in step.loss.labels and step.rows > dim + 1
    all_kept = all(block.keep is None for block in step.blocks)
    if isinstance(step.loss, Squared) and chooses(step) and all_kept:
        enough = abs(step.rows - dim) > 1  # of fewer rows, the shortest of all minimisers
    if step.filter is None and step.penalty == 0 and not enough:
        return "has no penalty, and labels that can be fitted without error"
    return None


def chooses(step: Step) -> bool:
    """Whether theory knows the penalty that a fit to new rows beyond linear labels chooses."""
    return is_even(step) and step.towards is None


def relabels(step: Step, before: Step) -> bool:
    """Whether its rows are those of the step before it, all labelled anew."""
    if step.is_new:
        return False
    designs = {block.design for block in (*step.blocks, *before.blocks)}
    rows = [sum(block.rows for block in each.blocks) for each in (step, before)]
    return (
        len(designs) == 1
        and rows[0] == rows[1]
        and not any(b.kept or b.edited < 1 for b in step.blocks)
    )


def _all_new_and_even(step: Step) -> bool:
    return step.is_new and is_even(step) and not step.is_pooled


def is_even(step: Step) -> bool:
    """Whether all its own rows have the problem's covariance and one weight."""
    first = step.blocks[0]
    if len(step.blocks) == 1:
        return first.covariance is None
    return all(block.covariance is None and block.weight == first.weight for block in step.blocks)


def is_plain(step: Step) -> bool:
    """Whether it is least squares on rows of one source."""
    return step.is_ridge and step.penalty == 0 and len(step.blocks) == 1 and is_even(step)
