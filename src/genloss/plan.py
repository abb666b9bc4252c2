"""The Plan: a sequence of generations, each fitted on labels that earlier ones may have made."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from genloss import _check, _html, _plan_tables
from genloss._keys import call_with_keys
from genloss._plan_checks import MOST_MODELS, check_generations
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.generation import MOST_ROWS, Design, Generation, Labeler, Penalty, Source

PRESETS = ("replace", "mix", "mix_labels", "accumulate", "subsample", "same_design")
PerGeneration = float | Sequence[float] | npt.NDArray[np.float64]
Penalties = Penalty | Sequence[Penalty] | npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Plan:
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

    @classmethod
    def replace(
        cls,
        generations: int,
        n_samples: PerGeneration,
        *,
        penalty: Penalties = 0.0,
        noise: PerGeneration = 0.0,
    ) -> Self:
        """Every model is trained on fresh rows labelled by its predecessor, the first on real ones.

        Parameters
        ----------
        generations : int
            Number of models fitted.
        n_samples : int or sequence of int
            Rows per generation.
        penalty, noise : float or sequence of float
            Ridge penalty and standard deviation of the label noise.

        Notes
        -----
        `paper.md` section 1 (its "independent" design), `theory.md` 2.3.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Plan.replace(generations=3, n_samples=[600, 300, 300])
        Plan(3 models)
          model 0: 600 real
          models 1-2: 300 labelled by previous
        """
        return cls._chain(generations, n_samples, penalty, noise)

    @classmethod
    def mix(
        cls,
        generations: int,
        n_samples: PerGeneration,
        *,
        real: PerGeneration,
        penalty: Penalties = 0.0,
        noise: PerGeneration = 0.0,
    ) -> Self:
        """Stack rows: a share ``real`` of each generation's rows has real labels.

        Parameters
        ----------
        generations : int
            Number of models fitted; the first is trained on real labels only.
        n_samples : int or sequence of int
            Rows per generation, real and synthetic together.
        real : float or sequence of float
            Share of fresh real rows in [0, 1]; rounded to whole rows.
        penalty, noise : float or sequence of float
            Ridge penalty and standard deviation of the label noise.

        See Also
        --------
        mix_labels : average two labels for the same row instead.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Plan.mix(generations=3, n_samples=600, real=0.1, noise=0.5)
        Plan(3 models)
          model 0: 600 real, noise 0.5
          models 1-2: 60 real, noise 0.5 + 540 labelled by previous, noise 0.5
        """
        count = _check.integer("generations", generations, minimum=1, maximum=MOST_MODELS)
        rows, lams, noises, shares = (
            _per_generation(name, values, count)
            for name, values in zip(
                ("n_samples", "penalty", "noise", "real"),
                (n_samples, penalty, noise, real),
                strict=True,
            )
        )
        built = []
        for t in range(count):
            n = _check.integer("n_samples", rows[t], minimum=1, maximum=MOST_ROWS)
            share = _check.share("real", shares[t])
            n_real = n if t == 0 else round(share * n)
            sources = [Source(n_real, "real", noises[t])] if n_real else []
            if n_real < n:
                sources.append(Source(n - n_real, "previous", noises[t]))
            built.append(Generation(tuple(sources), lams[t]))
        return cls(tuple(built))

    @classmethod
    def mix_labels(
        cls,
        generations: int,
        n_samples: PerGeneration,
        *,
        real: PerGeneration,
        penalty: Penalties = 0.0,
        noise: PerGeneration = 0.0,
        real_noise: float | None = None,
        design: Design = "fresh",
    ) -> Self:
        """Mix labels: each row's label is ``real`` times a real one plus the rest a model's.

        Parameters
        ----------
        generations : int
            Number of models fitted; the first is trained on real labels only.
        n_samples : int or sequence of int
            Rows per generation.
        real : float or sequence of float
            Weight of the real label; values outside [0, 1] extrapolate.
        penalty, noise : float or sequence of float
            Ridge penalty and standard deviation of the noise on each of the two labels.
        real_noise : float, optional
            Standard deviation of the noise on real labels, where it differs.
        design : {"fresh", "same"}
            Whether each generation draws new inputs or labels the first ones anew.

        Notes
        -----
        `theory.md` 2.1: the noise of a mixed label is
        ``sqrt(real**2 * real_noise**2 + (1 - real)**2 * noise**2)``.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Plan.mix_labels(generations=2, n_samples=100, real=0.6)
        Plan(2 models)
          model 0: 100 real
          model 1: 100 labelled by 0.6 real + 0.4 previous
        """
        count = _check.integer("generations", generations, minimum=1, maximum=MOST_MODELS)
        weights = [_check.finite("real", a) for a in _per_generation("real", real, count)]
        labelers: list[Labeler] = [
            "real" if t == 0 or a == 1 else {"real": a, "previous": 1 - a}
            for t, a in enumerate(weights)
        ]
        return cls._chain(
            count, n_samples, penalty, noise, labelers, real_noise=real_noise, design=design
        )

    @classmethod
    def accumulate(
        cls,
        generations: int,
        n_samples: PerGeneration,
        *,
        design: Design,
        penalty: Penalties = 0.0,
        noise: PerGeneration = 0.0,
    ) -> Self:
        """Keep all rows: each generation adds a block labelled by its predecessor and refits.

        Parameters
        ----------
        generations : int
            Number of models fitted.
        n_samples : int or sequence of int
            Rows in each new block.
        design : {"fresh", "same"}
            Whether a new block has new inputs, or the first block's inputs labelled anew. There is
            no default, because the answers differ.
        penalty, noise : float or sequence of float
            Ridge penalty per pooled row, and standard deviation of the label noise.

        Notes
        -----
        `theory.md` 2.6. A penalty that is constant per pooled row forgets the truth slowly; one
        that falls like 1/rows does not.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Plan.accumulate(generations=3, n_samples=100, design="fresh", noise=1.0)
        Plan(3 models)
          model 0: 100 real, noise 1.0, pooled
          models 1-2: 100 labelled by previous, noise 1.0, pooled
        """
        return cls._chain(generations, n_samples, penalty, noise, design=design, pooled=True)

    @classmethod
    def subsample(
        cls,
        generations: int,
        n_samples: PerGeneration,
        *,
        design: Design,
        penalty: Penalties = 0.0,
        noise: PerGeneration = 0.0,
    ) -> Self:
        """Keep all rows, but fit to as many of them, drawn at random, as each new block has.

        Parameters
        ----------
        generations : int
            Number of models fitted.
        n_samples : int or sequence of int
            Rows in each new block, and rows that its model is fitted to.
        design : {"fresh", "same"}
            Whether a new block has new inputs, or the first block's inputs labelled anew. There is
            no default, because the answers differ.
        penalty, noise : float or sequence of float
            Ridge penalty per fitted row, and standard deviation of the label noise.

        See Also
        --------
        accumulate : fit to all rows so far.

        Notes
        -----
        "Accumulate-subsample", the fixed-compute policy of Kazdan et al.; `theory.md` 2.8. Least
        squares with many rows stays below 3 times the first model's error.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Plan.subsample(generations=3, n_samples=100, design="fresh", noise=1.0)
        Plan(3 models)
          model 0: 100 real, noise 1.0, pooled, 100 rows drawn
          models 1-2: 100 labelled by previous, noise 1.0, pooled, 100 rows drawn
        """
        return cls._chain(
            generations, n_samples, penalty, noise, design=design, pooled=True, drawn=True
        )

    @classmethod
    def same_design(
        cls,
        generations: int,
        n_samples: int,
        *,
        penalty: Penalties = 0.0,
        noise: PerGeneration = 0.0,
    ) -> Self:
        """Every model is trained on the same inputs, labelled anew by its predecessor.

        Parameters
        ----------
        generations : int
            Number of models fitted.
        n_samples : int
            Number of rows.
        penalty, noise : float or sequence of float
            Ridge penalty and standard deviation of the label noise.

        Notes
        -----
        `paper.md` sections 1 and 2.4 (its "same" design), `theory.md` 2.7.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Plan.same_design(generations=4, n_samples=100)
        Plan(4 models)
          model 0: 100 real
          models 1-3: 100 labelled by previous, same inputs
        """
        return cls._chain(generations, n_samples, penalty, noise, design="same")

    @classmethod
    def _chain(
        cls,
        generations: int,
        n_samples: PerGeneration,
        penalty: Penalties,
        noise: PerGeneration,
        labelers: Sequence[Labeler] | None = None,
        *,
        real_noise: float | None = None,
        design: Design = "fresh",
        pooled: bool = False,
        drawn: bool = False,
    ) -> Self:
        """One source per generation; ``labelers`` defaults to real, then previous."""
        count = _check.integer("generations", generations, minimum=1, maximum=MOST_MODELS)
        design = _check.choice("design", design, ("fresh", "same"))  # type: ignore[assignment]
        rows, lams, noises = (
            _per_generation(name, values, count)
            for name, values in zip(
                ("n_samples", "penalty", "noise"), (n_samples, penalty, noise), strict=True
            )
        )
        if labelers is None:
            labelers = ["real", *["previous"] * (count - 1)]
        designs = ["fresh", *[design] * (count - 1)]
        built: list[Generation] = []
        before: tuple[Any, ...] = ()
        for here in zip(rows, labelers, lams, noises, designs, strict=True):
            # one object for equal neighbours, which is checked once
            if not (before and all(map(operator.is_, here, before))):
                own_rows, labeler, lam, own_noise, own_design = here
                generation = Generation.of(
                    own_rows,
                    labeler=labeler,
                    penalty=lam,
                    noise=own_noise,
                    real_noise=real_noise,
                    design=own_design,
                    pooled=pooled,
                    subsample=own_rows if drawn else None,
                )
            built.append(generation)
            before = here
        return cls(tuple(built))

    def then(self, generation: Generation | None = None, /, **single_source: Any) -> Self:
        """Return the plan with one more generation, by default labelled by the previous model.

        Parameters
        ----------
        generation : Generation, optional
            The generation to add.
        **single_source
            Instead of it: ``n_samples`` and any of ``labeler``, ``penalty``, ``noise``,
            ``real_noise``, ``design``, ``pooled``, ``features``, ``feature_map``, ``subsample``.

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
        return type(self)((*self.generations, generation))

    def with_penalty(self, penalty: Penalties) -> Self:
        """Return the plan with another penalty, one number or "cv", or one of them per generation."""
        values = _per_generation("penalty", penalty, self.n_models)
        return type(self)(
            tuple(
                replace(generation, penalty=value)
                for generation, value in zip(self.generations, values, strict=True)
            )
        )

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
        return np.array([generation.n_samples for generation in self.generations])

    @property
    def penalty(self) -> npt.NDArray[np.float64]:
        """Penalty of every generation, shape (n_models,); NaN for "cv"."""
        return np.array([generation.fixed_penalty for generation in self.generations])

    @property
    def has_cv(self) -> bool:
        """Whether any model's penalty is chosen by leave-one-out on its own labels."""
        return any(generation.penalty == "cv" for generation in self.generations)

    def last_labelled(self) -> dict[int, int]:
        """Number of the last model that each labeler labels, by the labeler's number."""
        return {
            number: model
            for model, generation in enumerate(self.generations)
            for source in generation.sources
            for number in source.labeler_numbers(model)
        }

    def check_fits(self, dim: int) -> None:
        """Raise InvalidInputError if a source's covariance is not of dimension ``dim``."""
        for model, generation in enumerate(self.generations):
            for source in generation.sources:
                if source.covariance is not None and len(source.covariance) != dim:
                    raise InvalidInputError(
                        f"covariance of a source of model {model} had {len(source.covariance)} "
                        f"entries; the problem has dim {dim}, they must agree"
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
        return cls(_plan_tables.read(plain, {name: getattr(Plan, name) for name in PRESETS}))

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


def _per_generation(name: str, values: Any, count: int) -> list[Any]:
    single = not isinstance(values, Iterable) or isinstance(values, str | bytes | Mapping)
    if single or getattr(values, "ndim", 1) == 0:
        return [values] * count
    listed = list(islice(values, count + 1000))  # one that never ends is told too
    if len(listed) != count:
        raise InvalidInputError(
            f"{name} had {len(listed)} entries; it must be one "
            f"number or {count}, "
            "one per generation"
        )
    return listed
