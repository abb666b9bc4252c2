"""The Plan: a sequence of generations, each fitted on labels that earlier ones may have made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from genloss import _check, _html, _plan_tables, policies
from genloss._keys import call_with_keys
from genloss._plan_checks import MOST_MODELS, check_generation, check_generations, own_rows
from genloss._words import shown
from genloss.covariances import leave_gaps
from genloss.errors import InvalidInputError
from genloss.generation import Generation
from genloss.policies._chain import Penalties, per_generation
from genloss.policies._preset import Preset
from genloss.policies.accumulate import accumulate
from genloss.policies.anchored import anchored
from genloss.policies.distill import distill
from genloss.policies.edit import edit
from genloss.policies.mix import mix
from genloss.policies.mix_labels import mix_labels
from genloss.policies.network import network
from genloss.policies.ppi import ppi
from genloss.policies.replace import replace as replace_labels
from genloss.policies.same_design import same_design
from genloss.policies.self_train import self_train
from genloss.policies.subsample import subsample
from genloss.policies.weighted import weighted
from genloss.policies.window import window


class _ByName(type):
    """Class methods for the policies that `Plan` does not write out: those from outside."""

    if not TYPE_CHECKING:

        def __getattr__(cls, name: str) -> Callable[..., Plan]:
            if name not in policies.names():
                raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
            return Preset(policies.get(name)).__get__(None, cls)


@dataclass(frozen=True, repr=False)
class Plan(metaclass=_ByName):
    """Who labels which samples, and how each generation is fitted.

    Model 0 is the first one fitted. The class methods write the common plans; their
    ``n_samples``, ``penalty``, ``noise`` and ``real`` take one number, or one per generation.
    A penalty may also be "cv": chosen anew at every fit, by leave-one-out on its own labels.

    Parameters
    ----------
    generations : iterable of Generation
        The fits, in order.

    Raises
    ------
    InvalidInputError
        If a labeler is unknown or from the future, or a reused design does not fit.

    Examples
    --------
    >>> import genloss as gl
    >>> plan = gl.Plan.replace(generations=10, n_samples=600, noise=0.5)
    >>> plan.then(n_samples=1600, penalty=0.01, noise=0.5)
    Plan(11 models)
      model 0: 600 real, noise 0.5
      models 1-9: 600 labelled by previous, noise 0.5
      model 10: 1600 labelled by previous, noise 0.5, penalty 0.01
    >>> gl.Plan.replace(2, 100, penalty="cv")
    Plan(2 models)
      model 0: 100 real, penalty cv
      model 1: 100 labelled by previous, penalty cv
    """

    generations: tuple[Generation, ...]

    def __post_init__(self) -> None:
        given: Any = self.generations
        several = isinstance(given, Iterable) and getattr(given, "ndim", 1) > 0
        generations = tuple(islice(given, MOST_MODELS + 1)) if several else ()
        if not generations or not all(isinstance(g, Generation) for g in generations):
            raise InvalidInputError(
                f"generations was {shown(given)}; it must hold at least one Generation"
            )
        if len(generations) > MOST_MODELS:
            raise InvalidInputError(f"generations had more than {MOST_MODELS} entries, the most")
        object.__setattr__(self, "generations", generations)
        check_generations(generations)

    replace = Preset(replace_labels)
    mix = Preset(mix)
    mix_labels = Preset(mix_labels)
    accumulate = Preset(accumulate)
    subsample = Preset(subsample)
    same_design = Preset(same_design)
    anchored = Preset(anchored)
    window = Preset(window)
    weighted = Preset(weighted)
    distill = Preset(distill)
    edit = Preset(edit)
    network = Preset(network)
    self_train = Preset(self_train)
    ppi = Preset(ppi)

    def then(self, generation: Generation | None = None, /, **single_source: Any) -> Self:
        """Return the plan with one more generation, by default labelled by the previous model.

        Parameters
        ----------
        generation : Generation, optional
            The generation to add.
        **single_source
            Instead of it: ``n_samples`` and any of ``labeler``, ``penalty``, ``noise``,
            ``real_noise``, ``design``, ``pooled``, ``features``, ``feature_map``, ``subsample``,
            ``intercept``.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Plan.replace(2, 100).then(n_samples=400, penalty=0.1).n_models
        3
        """
        if generation is None:
            generation = call_with_keys(Generation.of, single_source, where="then")
        elif single_source:
            raise InvalidInputError(
                f"then() got a Generation and {sorted(single_source)}; give one or the other"
            )
        longer = (*self.generations, _check.instance("generation", generation, Generation))
        if len(longer) > MOST_MODELS:
            return type(self)(longer)  # says what is wrong
        check_generation(longer, self.n_models)
        return self._of(longer)

    def with_penalty(self, penalty: Penalties) -> Self:
        """Return the plan with another penalty, one number or "cv", or one of them per generation.

        Parameters
        ----------
        penalty : float, "cv", or sequence of them
            Per row, not negative.

        Raises
        ------
        InvalidInputError
            If it is negative, or a sequence of another length than the plan.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Plan.replace(3, 100).with_penalty([0.0, 0.01, "cv"]).n_models
        3
        """
        values = per_generation("penalty", penalty, self.n_models)
        changed: dict[tuple[int, int], Generation] = {}  # neighbours that are one object stay one
        for generation, value in zip(self.generations, values, strict=True):
            if (id(generation), id(value)) not in changed:
                changed[id(generation), id(value)] = generation.with_penalty(value)
        given = zip(map(id, self.generations), map(id, values), strict=True)
        plan = self._of(tuple([changed[each] for each in given]))
        vars(plan)["_like"] = vars(self).get("_like", self)
        return plan

    def _of(self, generations: tuple[Generation, ...]) -> Self:
        """A plan of generations that are known to fit each other."""
        plan = object.__new__(type(self))
        object.__setattr__(plan, "generations", generations)
        return plan

    def with_features(self, features: int, *, shared: bool) -> Self:
        """Return the plan with every model fitted on random features (see `Generation`).

        Parameters
        ----------
        features : int
            Number of random features.
        shared : bool
            Whether all models have the same features, or each draws its own. There is no default,
            because the answers differ.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Plan.replace(3, 100, penalty=0.1).with_features(50, shared=True)
        Plan(3 models)
          model 0: 100 real, penalty 0.1, 50 random features
          models 1-2: 100 labelled by previous, penalty 0.1, same 50 random features
        """
        shared = _check.boolean("shared", shared)
        return type(self)(
            tuple(
                replace(
                    generation,
                    features=features,
                    feature_map="same" if shared and model else "fresh",
                )
                for model, generation in enumerate(self.generations)
            )
        )

    def with_intercept(self, intercept: bool = True) -> Self:
        """Return the plan with every model fitted with an intercept, or without (see `Generation`).

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Plan.replace(3, 100, penalty=0.1).with_intercept()
        Plan(3 models)
          model 0: 100 real, penalty 0.1, intercept
          models 1-2: 100 labelled by previous, penalty 0.1, intercept
        """
        return type(self)(tuple(replace(each, intercept=intercept) for each in self.generations))

    @property
    def has_features(self) -> bool:
        """Whether any model is fitted on random features."""
        return any(generation.features is not None for generation in self.generations)

    @property
    def has_subsamples(self) -> bool:
        """Whether any model is fitted to rows drawn from the pool."""
        return any(generation.subsample is not None for generation in self.generations)

    @property
    def n_models(self) -> int:
        """Number of models fitted."""
        return len(self.generations)

    @property
    def n_samples(self) -> npt.NDArray[np.int64]:
        """Own rows of every generation, shape (n_models,)."""
        return np.array([own_rows(self.generations, model) for model in range(self.n_models)])

    @property
    def penalty(self) -> npt.NDArray[np.float64]:
        """Penalty of every generation, shape (n_models,); NaN for "cv"."""
        return np.array([generation.fixed_penalty for generation in self.generations])

    @property
    def has_cv(self) -> bool:
        """Whether any model's penalty is chosen by leave-one-out on its own labels."""
        return any(generation.penalty == "cv" for generation in self.generations)

    def check_fits(self, dim: int) -> None:
        """Raise InvalidInputError if a covariance or a labeler from outside is not of dimension ``dim``.

        Or if a fit without penalty has no rows that vary along some directions.
        """
        for model, generation in enumerate(self.generations):
            for source in generation.sources:
                for labeler in source.outside:
                    labeler.check_fits(dim)
                if source.covariance is not None and len(source.covariance) != dim:
                    raise InvalidInputError(
                        f"covariance of a source of model {model} had {len(source.covariance)} "
                        f"entries; the problem has dim {dim}, they must agree"
                    )
            if generation.penalty != 0 or generation.filter is not None or generation.pooled:
                continue
            own = [source.covariance for source in generation.sources if source.inputs == "new"]
            alone = own and len(own) == len(generation.sources)
            if alone and generation.design != "same" and leave_gaps(own):
                raise InvalidInputError(
                    f"covariance of the sources of model {model} has the eigenvalue 0, and the penalty is 0: rows say "
                    "nothing of some coefficients; give a penalty > 0"
                )

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `from_dict` reads back; equal neighbours are written once."""
        return _plan_tables.write(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `to_dict` writes, or a preset with its arguments; unknown keys are refused.

        Examples
        --------
        >>> import genloss as gl
        >>> plan = gl.Plan.mix(3, 100, real=0.2)
        >>> gl.Plan.from_dict(plan.to_dict()) == plan
        True
        >>> gl.Plan.from_dict({"preset": "replace", "generations": 2, "n_samples": 9}).n_models
        2
        """
        return cls(_plan_tables.read(plain))

    def __getstate__(self) -> dict[str, Any]:
        return {"generations": self.generations}  # steps are looked up again

    def __len__(self) -> int:
        return self.n_models

    def __iter__(self) -> Iterator[Generation]:
        return iter(self.generations)

    def __repr__(self) -> str:
        lines = [f"  {models}: {text}" for models, text in self._stretches()]
        return "\n".join([f"Plan({self._size()})", *lines])

    def _repr_html_(self) -> str:
        rows = self._stretches()
        kept = [rows[k] for k in _html.shown(len(rows))]
        return _html.table(f"Plan of {self._size()}", ["models", "fitted to"], kept)

    def _size(self) -> str:
        return f"{self.n_models} model{'s' * (self.n_models > 1)}"

    def _stretches(self) -> list[tuple[str, str]]:
        """Names of neighbours that read alike, and what they read like."""
        found: list[tuple[str, str]] = []
        start = 0
        words = [str(generation) for generation in self.generations]
        for t, text in enumerate(words):
            if t + 1 == len(words) or words[t + 1] != text:
                found.append((f"model {t}" if start == t else f"models {start}-{t}", text))
                start = t + 1
        return found
