"""The power-law spectrum of the founding paper, with any number of directions, also infinite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._words import shown
from genloss.equivalents import shrinkage_sums, solve
from genloss.errors import InvalidInputError
from genloss.problem import MOST_DIRECTIONS, Problem
from genloss.scaling.chain import Fitting, Risk, downstream, generated
from genloss.scaling.settings import Settings, array, risk_of
from genloss.spectrum import Spectrum, power_law

Array = npt.NDArray[np.float64]
Design = Literal["independent", "same"]


@dataclass(frozen=True)
class PowerLaw:
    """Eigenvalues ``i**-capacity`` and signal ``i**-(1 + 2 capacity source)`` per direction.

    Parameters
    ----------
    capacity : float
        Decay exponent of the spectrum, > 1.
    source : float
        Smoothness of the truth, >= 0, and > 0 in infinitely many directions.
    dim : int, optional
        Number of directions; default: infinitely many.

    Raises
    ------
    InvalidInputError
        If the trace of the covariance or the signal would be infinite.

    Notes
    -----
    `paper.md` section 6 (beta and r). Long spectra are summed by quadrature in log rank, to about
    1e-9 relative; up to 4096 directions are summed one by one. Rows and generations may be any
    positive numbers here, as the laws speak of powers of them; `genloss.predict` and
    `genloss.tune` take a PowerLaw for a Problem, with any plan.

    Examples
    --------
    >>> from genloss.scaling import PowerLaw
    >>> endless = PowerLaw(capacity=2.0, source=0.5)
    >>> round(float(endless.kappa(0.0, 1e6) * 1e6**2), 3)  # (pi / 2) ** 2
    2.467
    """

    capacity: float
    source: float
    dim: int | None = None

    def __post_init__(self) -> None:
        capacity, source = check_exponents(self.capacity, self.source)
        object.__setattr__(self, "capacity", capacity)
        object.__setattr__(self, "source", source)
        if self.dim is not None:
            object.__setattr__(
                self, "dim", _check.integer("dim", self.dim, minimum=1, maximum=10**50)
            )
        elif source == 0:
            raise InvalidInputError(
                "source was 0 with infinitely many directions; it must be > 0 there (the signal "
                "would be infinite), or give dim"
            )

    @property
    def directions(self) -> Spectrum:
        """What theory sums over: eigenvalues at weighted ranks."""
        return power_law(self.capacity, self.source, self.dim)

    @property
    def gaussian(self) -> bool:
        """Whether the inputs are Gaussian: they are."""
        return True

    @property
    def signal(self) -> float:
        """Error of the null predictor."""
        return float(self.directions.signal.sum())

    @property
    def trace(self) -> float:
        """Sum of the eigenvalues."""
        return self.directions.trace

    def problem(self) -> Problem:
        """The same as a `Problem`, for `genloss.predict` and `genloss.simulate`.

        Raises
        ------
        InvalidInputError
            If there are infinitely many directions, or too many to write out.
        """
        if self.dim is None or self.dim > MOST_DIRECTIONS:
            raise InvalidInputError(
                f"dim was {self.dim}; a Problem needs a number of at most {MOST_DIRECTIONS}"
            )
        return Problem.power_law(self.dim, capacity=self.capacity, source=self.source)

    def kappa(self, penalty: npt.ArrayLike, n_samples: npt.ArrayLike) -> Array:
        """Effective penalty of ridge regression, of the broadcast shape.

        Parameters
        ----------
        penalty : array_like
            Ridge penalty, >= 0.
        n_samples : array_like
            Number of rows, > 0, also fractional.

        Examples
        --------
        >>> from genloss.scaling import PowerLaw
        >>> float(PowerLaw(2.0, 0.5, dim=300).kappa(0.0, 300))
        0.0
        """
        lam, rows = _check.broadcast(
            penalty=array("penalty", penalty),
            n_samples=array("n_samples", n_samples, positive=True),
        )
        found = solve(self.directions, lam.ravel(), rows.ravel())
        return found.kappa.reshape(lam.shape)

    def degrees_of_freedom(self, kappa: npt.ArrayLike) -> tuple[Array, Array]:
        """First and second degrees of freedom, of the shape of ``kappa``.

        Parameters
        ----------
        kappa : array_like
            Effective penalties, >= 0.

        Examples
        --------
        >>> from genloss.scaling import PowerLaw
        >>> df1, df2 = PowerLaw(2.0, 0.5).degrees_of_freedom(1e-6)
        >>> round(float(df2 / df1), 2)  # 1 - 1 / capacity
        0.5
        """
        k = array("kappa", kappa)
        every = self.directions.dim  # of which the nodes of an endless law stand for part only
        df1, df2, *_ = shrinkage_sums(self.directions, k.ravel(), np.zeros(1))
        return (
            np.where(k > 0, df1.reshape(k.shape), every),
            np.where(k > 0, df2.reshape(k.shape), every),
        )

    def risk(
        self,
        n_samples: npt.ArrayLike,
        *,
        penalty: npt.ArrayLike = 0.0,
        noise: npt.ArrayLike = 0.0,
        generations: npt.ArrayLike = 0,
        generator_samples: npt.ArrayLike | None = None,
        generator_noise: npt.ArrayLike = 0.0,
        generator_penalty: npt.ArrayLike = 0.0,
        design: Design = "independent",
    ) -> Risk:
        """Bias, variance and inherited noise of a downstream fit behind equal generators.

        Parameters
        ----------
        n_samples : array_like
            Downstream rows, > 0.
        penalty, noise : array_like
            Downstream ridge penalty and standard deviation of its label noise.
        generations : array_like
            Number of generators in a row. Where these are least squares, or share one design, it
            need not be whole.
        generator_samples : array_like, optional
            Rows of each generator; needed where there are generators.
        generator_noise, generator_penalty : array_like
            Their label noise and ridge penalty; without a penalty they are least-squares or
            minimum-norm fits, as the number of rows has it.
        design : {"independent", "same"}
            Whether each generator draws its own inputs, or all share one draw (no penalty then).

        Returns
        -------
        Risk
            The parts and their total, of the broadcast shape of all arguments.

        Notes
        -----
        `paper.md` section 2.3 for least-squares generators (exact factor 1 / (T_0 - d - 1)), else
        the recursion of section 3.

        Examples
        --------
        >>> import numpy as np
        >>> from genloss.scaling import PowerLaw
        >>> law = PowerLaw(2.0, 0.5, dim=10**6)
        >>> rows = np.array([1e3, 1e5])
        >>> risk = law.risk(rows, penalty=rows**-0.66, noise=0.5, generations=3,
        ...                 generator_samples=2e6, generator_noise=0.5)
        >>> risk.total.shape
        (2,)
        """
        settings = Settings.read(
            n_samples,
            penalty=penalty,
            noise=noise,
            generations=generations,
            generator_samples=generator_samples,
            generator_noise=generator_noise,
            generator_penalty=generator_penalty,
            same=_check.choice("design", design, ("independent", "same")) == "same",
        )
        return risk_of(self.directions, settings)

    def risk_after(
        self,
        generators: Sequence[Fitting | tuple[float, ...]],
        n_samples: npt.ArrayLike,
        *,
        penalty: npt.ArrayLike = 0.0,
        noise: npt.ArrayLike = 0.0,
    ) -> Risk:
        """Bias, variance and inherited noise behind generators that may all differ.

        Parameters
        ----------
        generators : sequence of Fitting or tuple
            ``(n_samples, penalty, noise)`` of each generator in turn, on designs of their own.
        n_samples, penalty, noise : array_like
            Of the downstream fit; broadcast.

        Examples
        --------
        >>> from genloss.scaling import PowerLaw
        >>> law = PowerLaw(1.5, 0.5)
        >>> float(law.risk_after([(500, 1e-3, 0.1), (100, 0, 0.1)], 1000, penalty=1e-3).total) > 0
        True
        """
        if not isinstance(generators, Sequence):
            raise InvalidInputError(f"generators was {shown(generators)}; it must be a sequence")
        chain = [_fitting(each) for each in generators]
        settings = Settings.read(n_samples, penalty=penalty, noise=noise)
        fits = settings.n_samples, settings.penalty, settings.noise
        risk = downstream(self.directions, generated(self.directions, chain), *fits)
        return settings.shaped(risk)


def _fitting(generator: Any) -> Fitting:
    """One generator as the user wrote it."""
    if not isinstance(generator, tuple) or not 1 <= len(generator) <= 3:
        raise InvalidInputError(
            f"generators had {shown(generator)}; each must be (n_samples, penalty, noise)"
        )
    return Fitting(
        _check.positive("generators.n_samples", generator[0]),
        *(_check.non_negative("generators", value) for value in generator[1:]),
    )


def check_exponents(capacity: Any, source: Any) -> tuple[float, float]:
    """Both exponents as floats, or what is wrong with them."""
    beta, r = _check.finite("capacity", capacity), _check.non_negative("source", source)
    if beta <= 1:
        raise InvalidInputError(
            f"capacity was {shown(capacity)}; it must be > 1 (the trace of the covariance must stay "
            "finite as directions are added)"
        )
    return beta, r
