"""`scaling_law`: which law is in force at a setting, in numbers and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from genloss import _check
from genloss._words import shown
from genloss.equivalents import solve
from genloss.errors import InvalidInputError
from genloss.problem import Problem
from genloss.scaling import exponents, rules
from genloss.scaling.chain import Generators, labels_of
from genloss.scaling.fitting import PowerFit, fit_power_law
from genloss.scaling.optimum import best_penalty
from genloss.scaling.power_law import PowerLaw
from genloss.scaling.regimes import Crossovers, Regime, crossovers, regime
from genloss.scaling.rules import NoiseTerms, noise_terms
from genloss.scaling.settings import Settings, number, risk_of
from genloss.spectrum import Spectrum

What = PowerLaw | Problem | tuple[float, float]


@dataclass(frozen=True)
class Recommendation:
    """A downstream penalty and the error predicted for it."""

    rule: str
    penalty: float
    risk: float


@dataclass(frozen=True)
class Chain:
    """The setting a law was asked for: numbers of rows, noises, generators."""

    n_samples: float
    noise: float
    generations: float
    generator_samples: float | None
    generator_noise: float

    @property
    def rows(self) -> float:
        """Rows of each generator, of which there are some."""
        assert self.generator_samples is not None
        return self.generator_samples

    @property
    def behind(self) -> dict[str, Any]:
        """All but ``n_samples``, as the package's functions take them."""
        return {name: value for name, value in vars(self).items() if name != "n_samples"}

    def settings(self, penalty: float = 0.0) -> Settings:
        """The same with a penalty, ready for the formulas."""
        return Settings.read(self.n_samples, penalty=penalty, **self.behind)


@dataclass(frozen=True, repr=False)
class ScalingLaw:
    """What the scaling laws say about one setting.

    Attributes
    ----------
    capacity, source : float
        Exponents of the problem, fitted where a `Problem` was given.
    dim : int or None
        Number of directions; None for infinitely many.
    chain : Chain
        The setting.
    fitted : PowerFit or None
        How the exponents were fitted, with ranks and residuals.
    regime : str
        Law in force.
    penalty_exponent, rate, fast_rate : float
        Exponent of the best penalty and rate of the error on clean noisy labels, and rate without
        noise.
    own, tail, learned : float
        The three parts of the effective noise, see `genloss.scaling.rules.NoiseTerms`.
    crossovers : Crossovers
        Rows at which the law changes.
    recommendations : tuple of Recommendation
        Penalty of every rule with its predicted error; the exact optimum comes last.
    null_risk : float
        Error of the null predictor.
    df2 : float
        Second degrees of freedom of the best downstream fit.
    inherited : float
        Share of the best fit's error that is the generators' noise.

    Examples
    --------
    >>> import genloss as gl
    >>> law = gl.scaling_law(gl.PowerLaw(capacity=1.5, source=0.5), n_samples=1000, noise=0.5)
    >>> law.regime, round(law.rate, 3), round(law.best.penalty, 4)
    ('clean', 0.6, 0.0058)
    """

    capacity: float
    source: float
    dim: int | None
    chain: Chain
    fitted: PowerFit | None
    regime: Regime
    penalty_exponent: float
    rate: float
    fast_rate: float
    own: float
    tail: float
    learned: float
    crossovers: Crossovers
    recommendations: tuple[Recommendation, ...]
    null_risk: float
    df2: float
    inherited: float

    @property
    def effective_noise(self) -> float:
        """The effective noise N, in units of the labels squared."""
        return self.own + self.tail + self.learned

    @property
    def best(self) -> Recommendation:
        """The exactly best penalty and its error."""
        return self.recommendations[-1]

    def recommendation(self, rule: str) -> Recommendation:
        """The penalty of one rule, and its error.

        Parameters
        ----------
        rule : {"clean", "exponent", "noise", "noise with constants", "best"}
        """
        names = tuple(each.rule for each in self.recommendations)
        return self.recommendations[names.index(_check.choice("rule", rule, names))]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The law in plain English, one sentence each."""
        from genloss.scaling.words import sentences

        return sentences(self)

    def __repr__(self) -> str:
        size = "infinite dim" if self.dim is None else f"dim={self.dim}"
        head = f"ScalingLaw(capacity={self.capacity:.4g}, source={self.source:.4g}, {size})"
        rows = [
            f"  {each.rule:<20} penalty {each.penalty:<10.4g} error {each.risk:.4g}"
            for each in self.recommendations
        ]
        said = [f"  - {sentence}" for sentence in self.sentences]
        return "\n".join([f"{head}: {self.regime}", *rows, *said])


def scaling_law(
    what: What,
    *,
    n_samples: float,
    noise: float = 1.0,
    generations: float = 0,
    generator_samples: float | None = None,
    generator_noise: float | None = None,
) -> ScalingLaw:
    """The scaling law in force at a setting, where it changes, and which penalty to use.

    Parameters
    ----------
    what : PowerLaw, Problem or (capacity, source)
        What there is to learn; a pair means infinitely many directions, a `Problem` is fitted.
    n_samples : float
        Downstream rows.
    noise : float, default 1.0
        Standard deviation of the downstream label noise.
    generations : float, default 0
        Number of generators in a row.
    generator_samples : float, optional
        Rows of each generator.
    generator_noise : float, optional
        Standard deviation of their label noise; default: ``noise``.

    Returns
    -------
    ScalingLaw
        Numbers as attributes, words as ``sentences``.

    Raises
    ------
    InvalidInputError
        If an argument is out of range, or no power law with capacity > 1 fits the problem.

    Notes
    -----
    `paper.md` section 6. The exponents of generators are those of least squares, with more rows
    than directions. Generators with fewer rows, and all in infinitely many directions, interpolate:
    the error is then the recursion's (section 3), and the effective noise is read off the law of
    the last generator: its noise in the first direction, plus that of all directions per row.
    Rules are scaled by the first eigenvalue and the first signal of a fitted problem.

    Examples
    --------
    >>> from genloss.scaling import PowerLaw, scaling_law
    >>> law = scaling_law(PowerLaw(2.0, 0.5, dim=1000), n_samples=10**5, generations=10,
    ...                   generator_samples=30_000)
    >>> law.regime, round(law.recommendation("noise").risk / law.best.risk, 2)
    ('inherited noise', 1.01)
    >>> print(law.sentences[0])
    Eigenvalues fall like rank**-2 and the signal like rank**-3, in 1,000 directions.
    """
    power, problem, fitted = _what(what)
    spectrum = problem.directions
    chain = _chain(n_samples, noise, generations, generator_samples, generator_noise)
    beta, r = power.capacity, power.source
    scale, signal = (fitted.scale, fitted.signal) if fitted else (1.0, 1.0)
    behind = chain.generations > 0
    interpolates = behind and chain.rows <= spectrum.dim + 1
    terms = (
        _interpolation_noise(spectrum, chain)
        if interpolates
        else noise_terms(chain.n_samples, dim=spectrum.dim if behind else 0, **chain.behind)
    )
    own, tail, learned = (float(each) for each in (terms.own, terms.tail, terms.learned))
    total = own + tail + learned

    best = best_penalty(problem, chain.n_samples, **chain.behind)
    penalties = _rule_penalties(beta, r, chain, total / signal)
    recommended = [
        Recommendation(
            rule, scale * lam, float(risk_of(spectrum, chain.settings(scale * lam)).total)
        )
        for rule, lam in penalties.items()
    ]
    recommended.append(Recommendation("best", float(best.penalty), float(best.risk)))
    parts = risk_of(spectrum, chain.settings(float(best.penalty)))
    at = solve(spectrum, np.array([float(best.penalty)]), np.array([chain.n_samples]))
    return ScalingLaw(
        capacity=beta,
        source=r,
        dim=power.dim,
        chain=chain,
        fitted=fitted,
        regime="interpolating generators"
        if interpolates
        else regime(
            beta,
            r,
            n_samples=chain.n_samples,
            own=own / signal,
            tail=tail / signal,
            learned=learned / signal,
            dim=spectrum.dim,
        ),
        penalty_exponent=exponents.clean_penalty_exponent(beta, r),
        rate=exponents.clean_rate(beta, r),
        fast_rate=exponents.noiseless_rate(beta, r),
        own=own,
        tail=tail,
        learned=learned,
        crossovers=Crossovers()
        if interpolates or not behind
        else crossovers(
            beta,
            r,
            noise=chain.noise / math.sqrt(signal),
            learned=learned / signal,
            dim=spectrum.dim,
            inherited_per_row=chain.generations * chain.generator_noise**2 / (chain.rows * signal),
        ),
        recommendations=tuple(recommended),
        null_risk=float(spectrum.signal.sum()),
        df2=float(at.df2[0]),
        inherited=float(parts.inherited / parts.total) if float(parts.total) > 0 else 0.0,
    )


def _what(what: Any) -> tuple[PowerLaw, PowerLaw | Problem, PowerFit | None]:
    if isinstance(what, PowerLaw):
        return what, what, None
    if isinstance(what, Problem):
        fitted = fit_power_law(what)
        return PowerLaw(fitted.capacity, fitted.source, what.dim), what, fitted
    if not (isinstance(what, tuple) and len(what) == 2):
        raise InvalidInputError(
            f"what was {shown(what)}; it must be a PowerLaw, a Problem or a pair (capacity, source)"
        )
    power = PowerLaw(*what)
    return power, power, None


def _chain(
    n_samples: float,
    noise: float,
    generations: float,
    generator_samples: float | None,
    generator_noise: float | None,
) -> Chain:
    sigma = number("noise", noise)
    count = number("generations", generations)
    if count > 0 and generator_samples is None:
        raise InvalidInputError(
            f"generator_samples was None with generations {shown(generations)}; it must be given"
        )
    return Chain(
        number("n_samples", n_samples, positive=True),
        sigma,
        count,
        None
        if generator_samples is None
        else number("generator_samples", generator_samples, positive=True),
        sigma if generator_noise is None else number("generator_noise", generator_noise),
    )


def _interpolation_noise(spectrum: Spectrum, chain: Chain) -> NoiseTerms:
    """The same from the spread of the last generator, whatever its law."""
    behind = Generators(chain.generations, chain.rows, chain.generator_noise)
    labels = labels_of(spectrum, behind)
    spread = (labels.noise + labels.wobble) * spectrum.eigenvalues
    if not np.isfinite(spread).all():
        raise InvalidInputError(
            f"generator_samples was {chain.rows:g} with {spectrum.dim:g} directions; "
            "within 1 of these the mean error is infinite, take fewer or more rows"
        )
    first = int(np.argmax(spectrum.eigenvalues * (spectrum.multiplicity > 0)))
    return NoiseTerms(
        np.asarray(chain.noise**2 / chain.n_samples),
        np.asarray(spread.sum() / chain.n_samples),
        np.asarray(spread[first] / spectrum.multiplicity[first]),
    )


def _rule_penalties(beta: float, r: float, chain: Chain, noise: float) -> dict[str, float]:
    """Penalty of every rule that applies, in units of the first eigenvalue."""
    exponent = rules.exponent_rule(
        chain.n_samples,
        capacity=beta,
        source=r,
        generations=chain.generations,
        generator_samples=chain.generator_samples,
    )
    found = {
        "clean": rules.clean_rule(chain.n_samples, capacity=beta, source=r),
        "exponent": exponent,
        "noise": rules.noise_rule(noise, capacity=beta, source=r),
    }
    if r not in (0, 1):
        found["noise with constants"] = rules.noise_rule_with_constants(
            noise, capacity=beta, source=r
        )
    return {rule: float(lam) for rule, lam in found.items()}
