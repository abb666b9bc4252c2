"""The Problem: what there is to learn (covariance spectrum and true coefficients)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from genloss import _check, _html, _problem_checks
from genloss._keys import call_with_keys, table
from genloss.errors import InvalidInputError
from genloss.spectrum import Spectrum, directions

MOST_DIRECTIONS = 10**8
Array = npt.NDArray[np.float64]
_ARRAYS = ("spectrum", "truth", "means")


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A linear regression problem in the eigenbasis of its input covariance.

    Inputs have covariance ``Sigma`` with eigenvalues ``spectrum``; real labels are ``x'w* + noise``
    where ``truth`` holds the coordinates of ``w*`` along the eigenvectors (`theory.md` 2.1). Kernel
    ridge regression is the same thing with Mercer eigenvalues as spectrum.

    Parameters
    ----------
    spectrum : array_like of shape (p,)
        Eigenvalues of the input covariance, all > 0, in any order.
    truth : array_like of shape (p,) or (p, classes)
        Coordinates of the true coefficients in the eigenbasis; of several classes a column each, the class of
        a row being the column that says most. Left out with ``means``: the best linear coefficients then.
    gaussian : bool, default True
        Whether the inputs are Gaussian. False for kernels and real data: the theory is then an
        approximation, and curves say so.
    tails : sequence of float, optional
        Lengths of inputs that vary: every input is a Gaussian one times the root of one of these numbers,
        each as likely as the others; they are divided by their mean. Default: none vary. Known to
        `predict` for ridge regression, and to `simulate`.
    means : array_like of shape (p,) or (p, classes), optional
        Inputs as normal clouds of covariance ``Sigma``, all as likely: two about ``means`` and ``-means``, or
        one about every column (less the columns' average). Real labels say a row's own cloud
        (`channels.md` 10).

    Raises
    ------
    InvalidInputError
        If the arrays are not of one length, not finite, or an eigenvalue is not positive.

    Examples
    --------
    >>> import genloss as gl
    >>> gl.Problem(spectrum=[2.0, 1.0, 0.5], truth=[1.0, 0.0, -1.0])
    Problem(dim=3, trace=3.5, signal=2.5)
    >>> gl.Problem([2.0, 1.0, 0.5], means=[1.0, 0.0, -1.0]).truth
    array([ 0.14285714,  0.        , -0.57142857])
    """

    spectrum: Array
    truth: Array = None  # type: ignore[assignment]
    gaussian: bool = True
    tails: tuple[float, ...] | None = None
    means: Array | None = field(default=None, kw_only=True)
    recipe: tuple[tuple[str, Any], ...] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        spectrum = _check.vector("spectrum", self.spectrum)
        gaussian = _check.boolean("gaussian", self.gaussian)
        if (spectrum <= 0).any():
            bad = int(np.flatnonzero(spectrum <= 0)[0])
            raise InvalidInputError(
                f"spectrum[{bad}] was {spectrum[bad]}; every eigenvalue must be > 0 "
                "(leave out directions in which the inputs do not vary)"
            )
        truth, means = _problem_checks.truth_and_means(spectrum, self.truth, self.means)
        object.__setattr__(self, "spectrum", spectrum)
        object.__setattr__(self, "truth", truth)
        object.__setattr__(self, "means", means)
        object.__setattr__(self, "gaussian", gaussian)
        object.__setattr__(self, "tails", _problem_checks.tails(self.tails, means))
        with np.errstate(over="ignore"):
            sums = {"spectrum": self.spectrum.sum(), "spectrum * truth**2": self.signal}
        for name, total in sums.items():
            if not np.isfinite(total):
                raise InvalidInputError(
                    f"{name} adds up to more than a number can hold; measure inputs or labels in "
                    "other units"
                )

    @classmethod
    def isotropic(cls, dim: int, *, signal: float = 1.0) -> Self:
        """Identity covariance, truth of squared norm ``signal`` spread over all directions.

        Parameters
        ----------
        dim : int
            Number of directions.
        signal : float, default 1.0
            Squared norm of the truth, the error of the null predictor.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Problem.isotropic(dim=300)
        Problem.isotropic(dim=300, signal=1.0)
        """
        dim = _check.integer("dim", dim, minimum=1, maximum=MOST_DIRECTIONS)
        signal = _check.non_negative("signal", signal)
        recipe = {"preset": "isotropic", "dim": dim, "signal": signal}
        return cls(np.ones(dim), np.full(dim, np.sqrt(signal / dim)))._made_by(recipe)

    @classmethod
    def power_law(cls, dim: int, *, capacity: float, source: float) -> Self:
        """Eigenvalues ``i**-capacity`` and signal ``i**-(1 + 2 capacity source)`` per direction.

        Parameters
        ----------
        dim : int
            Number of directions.
        capacity : float
            Decay exponent of the spectrum (beta in the founding paper), >= 0; its scaling laws
            need capacity > 1.
        source : float
            Smoothness of the truth (r in the founding paper), >= 0; larger is easier.

        Notes
        -----
        `paper.md` section 6: ``truth_i**2 * spectrum_i = i**-(1 + 2 * capacity * source)``.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Problem.power_law(dim=300, capacity=1.5, source=0.5)
        Problem.power_law(dim=300, capacity=1.5, source=0.5)
        """
        dim = _check.integer("dim", dim, minimum=1, maximum=MOST_DIRECTIONS)
        capacity = _check.non_negative("capacity", capacity)
        source = _check.non_negative("source", source)
        rank = np.arange(1, dim + 1, dtype=np.float64)
        spectrum = rank**-capacity
        truth = np.sqrt(rank ** -(1 + 2 * capacity * source) / spectrum)
        recipe = {"preset": "power_law", "dim": dim, "capacity": capacity, "source": source}
        return cls(spectrum, truth)._made_by(recipe)

    @classmethod
    def from_spectrum(cls, spectrum: npt.ArrayLike, *, signal: float = 1.0) -> Self:
        """Any spectrum, with a truth that has equal coordinates along every eigenvector.

        Parameters
        ----------
        spectrum : array_like of shape (p,)
            Eigenvalues of the input covariance.
        signal : float, default 1.0
            Error of the null predictor, ``sum(spectrum * truth**2)``.

        Notes
        -----
        Equal coordinates are the average case over truths drawn uniformly on a sphere.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Problem.from_spectrum([4.0, 1.0])
        Problem(dim=2, trace=5, signal=1)
        """
        values = _check.vector("spectrum", spectrum)
        signal = _check.non_negative("signal", signal)
        with np.errstate(over="ignore"):
            level = signal / max(float(values.sum()), 1e-300)
        return cls(values, np.full(values.size, np.sqrt(level)))

    @classmethod
    def from_mercer(cls, eigenvalues: npt.ArrayLike, coefficients: npt.ArrayLike) -> Self:
        """A kernel with known Mercer eigenvalues and a target known by its coefficients.

        Parameters
        ----------
        eigenvalues : array_like of shape (p,)
            Mercer eigenvalues of the kernel.
        coefficients : array_like of shape (p,)
            Coefficients of the target on the eigenfunctions (unit norm in L2).

        Notes
        -----
        `theory.md` 2.1: ``truth = coefficients / sqrt(eigenvalues)``.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.Problem.from_mercer([4.0, 1.0], [2.0, 3.0]).signal
        13.0
        """
        values = _check.vector("eigenvalues", eigenvalues, above="> 0")
        target = _check.vector("coefficients", coefficients)
        if values.shape != target.shape:
            raise InvalidInputError(
                f"coefficients had {target.size} entries; "
                f"eigenvalues has {values.size}, they must agree"
            )
        return cls(values, target / np.sqrt(values), gaussian=False)

    @classmethod
    def from_data(
        cls, X: npt.ArrayLike, y: npt.ArrayLike, *, seed: int = 0, tails: bool = False
    ) -> Self:
        """Estimate the problem behind real rows, for a linear model on standardised features.

        Parameters
        ----------
        X : array_like of shape (n_rows, dim)
            Features, one row per sample.
        y : array_like of shape (n_rows,)
            Real labels.
        seed : int, default 0
            Seed of the splits the estimate uses.
        tails : bool, default False
            Whether to read off the rows' leverages how much their lengths vary, too.

        Notes
        -----
        Of no more rows than columns the smallest eigenvalues cannot be seen: where columns are
        collinear besides, errors at tiny penalties may be off by a factor of 2.

        See Also
        --------
        genloss.forecast : also returns the noise and checks the estimate on held-out rows.

        Examples
        --------
        >>> import genloss as gl, sklearn.datasets
        >>> X, y = sklearn.datasets.load_diabetes(return_X_y=True)
        >>> gl.Problem.from_data(X, y).dim
        10
        """
        from genloss.estimate import estimate

        seed = _check.integer("seed", seed, minimum=0)
        rows, labels = _check.samples(X, y)
        found = cls._estimated(estimate(rows, labels, kernel=None, seed=seed))
        if not _check.boolean("tails", tails):
            return found
        from genloss.estimate import tails_of_rows

        return replace(found, tails=tails_of_rows(rows))

    @classmethod
    def from_kernel(cls, kernel: Any, X: npt.ArrayLike, y: npt.ArrayLike, *, seed: int = 0) -> Self:
        """Estimate the problem behind real rows, for kernel ridge regression.

        Parameters
        ----------
        kernel : str or genloss.Kernel
            "rbf", "polynomial" or "linear" on standardised features, or a Kernel with its
            own parameters.
        X : array_like of shape (n_rows, dim)
            Features, one row per sample.
        y : array_like of shape (n_rows,)
            Real labels.
        seed : int, default 0
            Seed of the splits the estimate uses.

        Examples
        --------
        >>> import genloss as gl, sklearn.datasets
        >>> X, y = sklearn.datasets.load_diabetes(return_X_y=True)
        >>> gl.Problem.from_kernel("rbf", X, y).gaussian
        False
        """
        from genloss.estimate import estimate

        seed = _check.integer("seed", seed, minimum=0)
        return cls._estimated(estimate(*_check.samples(X, y), kernel=kernel, seed=seed))

    def _made_by(self, recipe: dict[str, Any]) -> Self:
        """Remember the preset, so that files and repr can name it."""
        object.__setattr__(self, "recipe", tuple(recipe.items()))
        return self

    @classmethod
    def _estimated(cls, estimated: Any) -> Self:
        return cls(estimated.spectrum, estimated.truth, gaussian=False)

    @cached_property
    def directions(self) -> Spectrum:
        """What theory sums over: equal directions together, very many compressed. Kept."""
        with np.errstate(all="ignore"):  # a truth too large to be squared
            truth = self.truth if self.truth.ndim == 1 else np.linalg.norm(self.truth, axis=1)
            return directions(self.spectrum, truth)

    @property
    def dim(self) -> int:
        """Number of directions."""
        return int(self.spectrum.size)

    @property
    def signal(self) -> float:
        """Error of the null predictor, ``sum(spectrum * truth**2)``."""
        return float(np.sum(self.spectrum @ self.truth**2))

    @property
    def classes(self) -> int | None:
        """How many classes the problem itself has; None where its truth is one number a row."""
        if self.truth.ndim == 2:
            return self.truth.shape[1]
        return None if self.means is None else 2

    @property
    def is_isotropic(self) -> bool:
        """Whether all eigenvalues are equal."""
        return bool((self.spectrum == self.spectrum[0]).all())

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `from_dict` reads back: the preset if there is one, else the arrays."""
        if self.recipe is not None:
            return dict(self.recipe)
        told = "truth" if self.means is None else "means"
        plain: dict[str, Any] = {name: getattr(self, name).tolist() for name in ("spectrum", told)}
        if not self.gaussian:
            plain["gaussian"] = False
        if self.tails is not None:
            plain["tails"] = list(self.tails)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `to_dict` writes; unknown keys are refused.

        Examples
        --------
        >>> import genloss as gl
        >>> problem = gl.Problem.isotropic(dim=3)
        >>> gl.Problem.from_dict(problem.to_dict()) == problem
        True
        """
        presets: dict[str, Callable[..., Self]] = {
            "isotropic": cls.isotropic,
            "power_law": cls.power_law,
            "from_spectrum": cls.from_spectrum,
            "from_mercer": cls.from_mercer,
        }
        rest = table("problem", plain)
        preset = rest.pop("preset", None)
        if preset is None:
            return call_with_keys(cls, rest, where="problem")
        name = _check.choice("problem.preset", preset, tuple(presets))
        return call_with_keys(presets[name], rest, where="problem")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Problem):
            return NotImplemented
        alike = self.gaussian == other.gaussian and self.tails == other.tails
        return alike and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in _ARRAYS
        )

    def __hash__(self) -> int:
        arrays = self.spectrum.tobytes(), (self.truth + 0.0).tobytes()
        return hash((*arrays, self.gaussian, self.tails))

    def _repr_html_(self) -> str:
        inputs = ("Gaussian" if self.gaussian else "any") + ", tails" * (self.tails is not None)
        rows: list[tuple[str, str | int | float]] = [
            ("directions", self.dim),
            *([("classes", self.classes)] if self.classes else []),
            ("trace", float(self.spectrum.sum())),
            ("signal", self.signal),
            ("inputs", inputs),
        ]
        return _html.table(repr(self), ["", ""], rows)

    def __repr__(self) -> str:
        if self.recipe is not None:
            (_, preset), *arguments = self.recipe
            values = ", ".join(f"{name}={value}" for name, value in arguments)
            return f"Problem.{preset}({values})"
        kind = "" if self.gaussian else ", gaussian=False"
        kind += "" if self.tails is None else f", {len(self.tails)} tails"
        if self.classes:
            kind += f", {self.classes} {'classes' if self.means is None else 'class means'}"
        trace = float(self.spectrum.sum())
        return f"Problem(dim={self.dim}, trace={trace:.4g}, signal={self.signal:.4g}{kind})"


def tails_of(problem: object) -> tuple[float, ...]:
    """How lengths of inputs vary; empty where they do not."""
    return getattr(problem, "tails", None) or ()


def beyond(problem: object) -> str | None:
    """What a problem has beyond one number on Gaussian rows: only some formulas and engines know it."""
    many = "several classes" if getattr(problem, "means", None) is None else "class means"
    kinds = {many: getattr(problem, "classes", None), "tails": tails_of(problem)}
    return " and ".join(kind for kind, there in kinds.items() if there) or None
