"""The paper's setup: n generators in a row, then one downstream model (`paper.md` section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.plan import Plan
from genloss.problem import Problem

PerGenerator = int | float | tuple[int | float, ...]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Generators labelled each by its predecessor, and a downstream model labelled by the last.

    Parameters
    ----------
    problem : Problem
        Covariance spectrum and true coefficients.
    n_samples : int
        Rows of the downstream model (T in the paper).
    penalty : float, default 0.0
        Its ridge penalty (lambda); without one it is the minimum-norm least-squares fit.
    noise : float, default 0.0
        Standard deviation of its label noise (sigma).
    generations : int, default 0
        Number of generators (n); 0 is training on real labels.
    generator_samples : int or tuple of int, default 2 * dim
        Rows of every generator (T_0), or of each in turn.
    generator_noise : float or tuple of float, default 0.0
        Standard deviation of the generators' label noise (sigma_0).
    generator_penalty : float, default 0.0
        Ridge penalty of the generators; the paper's have none.
    design : {"independent", "same"}, default "independent"
        Whether every generator draws its own inputs, or all share one draw. The downstream inputs
        are always their own.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified import Setting
    >>> problem = gl.Problem.isotropic(300)
    >>> setting = Setting(problem=problem, n_samples=1000, penalty=0.1, generations=2)
    >>> setting.plan()
    Plan(3 models)
      model 0: 600 real
      model 1: 600 labelled by previous
      model 2: 1000 labelled by previous, penalty 0.1
    """

    problem: Problem
    n_samples: int
    penalty: float = 0.0
    noise: float = 0.0
    generations: int = 0
    generator_samples: PerGenerator | None = None
    generator_noise: PerGenerator = 0.0
    generator_penalty: float = 0.0
    design: Literal["independent", "same"] = "independent"

    def __post_init__(self) -> None:
        _check.instance("problem", self.problem, Problem)
        put = object.__setattr__
        put(self, "n_samples", _check.integer("n_samples", self.n_samples, minimum=1))
        put(self, "penalty", _check.non_negative("penalty", self.penalty))
        put(self, "noise", _check.non_negative("noise", self.noise))
        put(self, "generations", _check.integer("generations", self.generations, minimum=0))
        if self.generator_samples is None:
            put(self, "generator_samples", 2 * self.problem.dim)
        put(self, "generator_samples", self._checked("generator_samples"))
        put(self, "generator_noise", self._checked("generator_noise"))
        put(
            self,
            "generator_penalty",
            _check.non_negative("generator_penalty", self.generator_penalty),
        )
        _check.choice("design", self.design, ("independent", "same"))
        if self.design == "same" and len(set(self.sizes)) > 1:
            raise InvalidInputError(
                f"generator_samples was {self.generator_samples} with the same design; "
                "it must be one number"
            )

    def _checked(self, name: str) -> PerGenerator:
        """The value as it was given, one number or a tuple of them."""
        given = getattr(self, name)

        def number(value: object) -> int | float:
            if name == "generator_samples":
                return _check.integer(name, value, minimum=1)
            return _check.non_negative(name, value)

        if np.ndim(given) == 0:
            return number(given)
        if len(given) != self.generations:
            raise InvalidInputError(
                f"{name} had {len(given)} entries; it must be one number or {self.generations}, "
                "one per generator"
            )
        return tuple(number(value) for value in given)

    def _each(self, given: PerGenerator | None) -> tuple[int | float, ...]:
        assert given is not None
        return given if isinstance(given, tuple) else (given,) * self.generations

    @property
    def dim(self) -> int:
        """Number of directions (d)."""
        return self.problem.dim

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each generator."""
        return tuple(int(size) for size in self._each(self.generator_samples))

    @property
    def noises(self) -> tuple[float, ...]:
        """Standard deviation of each generator's label noise."""
        return tuple(float(noise) for noise in self._each(self.generator_noise))

    def plan(self) -> Plan:
        """The same as a `Plan`; its last model is the downstream one."""
        if self.generations == 0:
            return Plan.replace(1, self.n_samples, penalty=self.penalty, noise=self.noise)
        if self.design == "same":
            generators = Plan.same_design(
                self.generations, self.sizes[0], penalty=self.generator_penalty, noise=self.noises
            )
        else:
            generators = Plan.replace(
                self.generations, self.sizes, penalty=self.generator_penalty, noise=self.noises
            )
        return generators.then(n_samples=self.n_samples, penalty=self.penalty, noise=self.noise)
