"""What the labels of a plan cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from genloss import _check
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.generation import Source
from genloss.plan import Plan

_KINDS = ("real", "synthetic")
_DEAREST = 1e100  # sums of prices over rows stay numbers


class Prices(NamedTuple):
    """Price of one real label, and of one that a model makes.

    A label that mixes both costs both; rows that keep a label they have cost nothing again.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.tuning.prices import Prices
    >>> Prices(real=1.0, synthetic=0.01).of_plan(gl.Plan.mix(3, 1000, real=0.2))
    1416.0
    """

    real: float
    synthetic: float

    @classmethod
    def of(cls, name: str, given: Any) -> Prices:
        """Read ``{"real": 1, "synthetic": 0.01}``."""
        if not isinstance(given, Mapping) or set(given) != set(_KINDS):
            raise InvalidInputError(
                f"{name} was {shown(given)}; it must be the prices of a real and of a model-made row, "
                "such as {'real': 1, 'synthetic': 0.01}"
            )
        real, synthetic = (_check.non_negative(f"{name}[{kind!r}]", given[kind]) for kind in _KINDS)
        if real + synthetic == 0:
            raise InvalidInputError(f"{name} was {shown(given)}; one of the prices must be > 0")
        for kind, price in zip(_KINDS, (real, synthetic), strict=True):
            if price and not 1 / _DEAREST <= price <= _DEAREST:
                raise InvalidInputError(
                    f"{name}[{kind!r}] was {shown(given[kind])}; it must be 0 or lie between "
                    f"{1 / _DEAREST:g} and {_DEAREST:g}: count in another unit of money"
                )
        return cls(real, synthetic)

    def of_source(self, source: Source) -> float:
        """Price of every label that a source makes."""
        who = {name for name, share in source.mixture.items() if share}
        models = who - {"real", "kept"}
        return self.real * ("real" in who) + self.synthetic * bool(models)

    def of_plan(self, plan: Plan) -> float:
        """Price of all labels that a plan makes."""
        earlier = [sum(source.new_rows for source in generation.sources) for generation in plan]
        return sum(
            self.of_source(source)
            * (source.new_rows if source.inputs == "new" else earlier[source.inputs])
            for generation in plan
            for source in generation.sources
        )
