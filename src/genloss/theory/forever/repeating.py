"""Which last generations of a plan repeat, and which of their labelers move along with them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from genloss import _check
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.generation import Generation, Source
from genloss.plan import Plan
from genloss.steps import Step, resolve

LONGEST = 64  # generations of a block that is looked for

_MAY_MOVE = ("labeler", "noise", "real_noise", "inputs")
_OF_ROWS = [s.name for s in fields(Source) if s.name not in _MAY_MOVE]
_OF_FIT = [s.name for s in fields(Generation) if s.name != "sources"]


@dataclass(frozen=True)
class Repetition:
    """The last ``length`` generations of a plan, said to repeat.

    Attributes
    ----------
    length : int
        Generations in the block.
    start : int
        First model of the first block; the blocks from there on are alike.
    stop : int
        Number of models of the plan.
    fixed : frozenset of int
        Labelers, by number, that stay the same model for ever; the others move with the block.
    inputs : frozenset of int
        The same of generations whose rows are used.
    seen : bool
        Whether the plan has more than one repetition, that show it.
    """

    length: int
    start: int
    stop: int
    fixed: frozenset[int]
    inputs: frozenset[int] = frozenset()
    seen: bool = True

    @property
    def first(self) -> int:
        """First model of the last block."""
        return self.stop - self.length

    @property
    def models(self) -> range:
        """The models of the last block."""
        return range(self.first, self.stop)

    def reach(self, steps: Sequence[Step]) -> int:
        """How many models before a block its labelers reach back to."""
        moving = [
            number
            for step in steps[self.first :]
            for number in step.asked
            if number >= 0 and number not in self.fixed
        ]
        return max(self.first - min(moving), 0) if moving else 0

    def unrolled(self, plan: Plan, times: int) -> Plan:
        """The plan up to the first block, and the block ``times`` times."""
        block = [plan.generations[model] for model in self.models]
        made = list(plan.generations[: self.start])
        for turn in range(times):
            shift = self.start + turn * self.length - self.first
            made += [self._moved(generation, shift) for generation in block]
        return Plan(tuple(made))

    def _moved(self, generation: Generation, shift: int) -> Generation:
        sources = tuple(self._relabelled(source, shift) for source in generation.sources)
        towards = self._renumbered(generation.towards, shift)
        if sources == generation.sources and towards == generation.towards:
            return generation
        return replace(generation, sources=sources, towards=towards)

    def _relabelled(self, source: Source, shift: int) -> Source:
        moves = source.inputs != "new" and source.inputs not in self.inputs
        if moves and isinstance(source.inputs, int):
            source = replace(source, inputs=source.inputs + shift)
        labeler, rule = self._renumbered(source.labeler, shift), source.keep
        if rule is not None:
            judge = self._renumbered(rule.labeler, shift)
            rule = rule if judge == rule.labeler else replace(rule, labeler=judge)  # type: ignore[type-var]
        if labeler == source.labeler and rule == source.keep:
            return source
        return replace(source, labeler=labeler, keep=rule)

    def _renumbered(self, labeler: Any, shift: int) -> Any:
        """One labeler or a mixture of them, as a generation so much later writes it."""
        if isinstance(labeler, tuple):
            return tuple((self._renumbered(who, shift), share) for who, share in labeler)
        moves = isinstance(labeler, int) and labeler not in self.fixed
        return labeler + shift if moves else labeler


def repetition(plan: Plan, block: int | None = None) -> Repetition:
    """Find the block that the end of a plan repeats, or take the one that is asked for.

    Of all lengths the one that explains most models; without any repetition the last generation,
    of which a labeler by number moves if it is at most one model before it.
    """
    n = plan.n_models
    if block is not None:
        length = _check.integer("block", block, minimum=1)
        if length > n:
            raise InvalidInputError(f"block was {shown(block)}; the plan has {n} generations")
        return _made(plan, length, *_alike(plan, length))
    best, most, fixed, inputs = 1, 0, frozenset[int](), frozenset[int]()
    for length in range(1, min(n // 2, LONGEST) + 1):
        if most >= n - length:
            break
        alike, stay, rows = _alike(plan, length)
        if alike > most and alike >= length:
            best, most, fixed, inputs = length, alike, stay, rows
    return _made(plan, best, most, fixed, inputs)


def _made(
    plan: Plan, length: int, alike: int, fixed: frozenset[int], inputs: frozenset[int]
) -> Repetition:
    n = plan.n_models
    if alike < length:  # nothing to compare with: what reaches back further than a block stays
        numbers = {number for step in resolve(plan)[n - length :] for number in step.asked}
        fixed = frozenset(u for u in numbers if 0 <= u < n - 2 * length)
        return Repetition(length, n - length, n, fixed, seen=False)
    # whole blocks only
    return Repetition(length, n - length * (1 + alike // length), n, fixed, inputs)


def _alike(plan: Plan, length: int) -> tuple[int, frozenset[int], frozenset[int]]:
    """How many of the last models repeat those ``length`` before, labelers and rows that stay."""
    generations, steps = plan.generations, resolve(plan)
    fixed, inputs, count = set[int](), set[int](), 0
    for model in range(plan.n_models - 1, length - 1, -1):
        stay = rows = None
        if _same_but_labelers(generations[model], generations[model - length]):
            stay = _stay(steps[model], steps[model - length], length)
            rows = _rows_stay(generations[model], generations[model - length], length)
        if stay is None or rows is None:
            break
        if count >= length and (stay - fixed or rows - inputs):
            break
        fixed |= stay
        inputs |= rows
        count += 1
    return count, frozenset(fixed), frozenset(inputs)


def _rows_stay(now: Generation, then: Generation, length: int) -> set[int] | None:
    """Generations whose rows both use by number, or None where they use others."""
    stay = set[int]()
    for one, other in zip(now.sources, then.sources, strict=True):
        if one.inputs == other.inputs:
            stay |= {one.inputs} - {"new"}  # type: ignore[arg-type]
        elif "new" in (one.inputs, other.inputs) or one.inputs - length != other.inputs:  # type: ignore[operator]
            return None
    return stay


def _same_but_labelers(one: Generation, other: Generation) -> bool:
    if one is other:
        return True
    return (
        _equal(one, other, _OF_FIT)
        and len(one.sources) == len(other.sources)
        and all(
            _equal(a, b, _OF_ROWS) and math.isclose(a.label_noise, b.label_noise)
            for a, b in zip(one.sources, other.sources, strict=True)
        )
    )


def _equal(one: object, other: object, names: Sequence[str]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _stay(now: Step, then: Step, length: int) -> set[int] | None:
    """Labelers that both share by number, or None where the labelers are not alike."""
    if len(now.blocks) != len(then.blocks):
        return None
    fixed = set[int]()
    pairs = [_pulled(now, then)]
    for block, old in zip(now.blocks, then.blocks, strict=True):
        pairs += [(block.shares, old.shares), (block.judge, old.judge)]
    for one, other in pairs:
        stay = _staying(one, other, length)
        if stay is None:
            return None
        fixed |= stay
    return fixed


def _pulled(now: Step, then: Step) -> tuple[Mapping[int, float], Mapping[int, float]]:
    """What two fits are pulled to, as labelers are written."""
    one, other = ({} if step.towards is None else {step.towards: 1.0} for step in (now, then))
    return one, other


def _staying(now: Mapping[int, float], then: Mapping[int, float], length: int) -> set[int] | None:
    def before(number: int) -> int | None:
        if number < 0:  # the truth, or a model from outside
            return number
        return number - length if number >= length else None

    if now == then:
        return {number for number in now if number >= 0}
    if {before(u): share for u, share in now.items()} == then:
        return set()
    stay = {u for u, share in now.items() if u >= 0 and _share(then, before(u)) != share}
    partly = {u if u in stay else before(u): share for u, share in now.items()}
    return stay if partly == then else None


def _share(shares: Mapping[int, float], number: int | None) -> float | None:
    return None if number is None else shares.get(number)
