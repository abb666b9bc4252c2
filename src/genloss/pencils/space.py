"""Index spaces: what the rows and columns of an expression stand for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.problem import MOST_DIRECTIONS

LARGEST = 1e100  # of coefficients, which are squared
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Space:
    """A named index space.

    Parameters
    ----------
    name : str
        Spaces of one name are one space, so the name must go with one size.
    size : float
        Number of indices, for instance rows of a design.
    multiplicities : tuple of float, optional
        Given where diagonal matrices differ between indices: the size of every eigenspace of the
        common eigenbasis. `features` makes such a space.
    full : bool, default False
        Whether matrices of this space need not commute: rows are then drawn with covariance matrices
        (`gaussian`), and every solution takes cubes of the dimension.

    Examples
    --------
    >>> from genloss.pencils import Space
    >>> Space("rows", 400), Space.features(100), Space.features(multiplicities=[3, 5])
    (Space('rows', 400), Space('features', 100), Space('features', 8))
    """

    name: str
    size: float
    multiplicities: tuple[float, ...] = field(default=(), compare=False)
    full: bool = False

    def __post_init__(self) -> None:
        _check.text("name", self.name)
        object.__setattr__(self, "size", _check.positive("size", self.size))
        _check.boolean("full", self.full)
        if self.multiplicities != ():
            weights = _check.vector("multiplicities", self.multiplicities, above="> 0")
            object.__setattr__(self, "multiplicities", tuple(weights.tolist()))

    @classmethod
    def features(
        cls,
        dim: int = 0,
        *,
        multiplicities: npt.ArrayLike | None = None,
        name: str = "features",
        full: bool = False,
    ) -> Space:
        """A space of ``dim`` eigen-directions, or of eigenspaces of these multiplicities."""
        if multiplicities is None:
            dim = _check.integer("dim", dim, minimum=1, maximum=MOST_DIRECTIONS)
            multiplicities = np.ones(dim)
        weights = _check.vector("multiplicities", multiplicities, above="> 0")
        if _check.boolean("full", full) and (weights != 1).any():
            raise InvalidInputError(
                "multiplicities were given with full=True; leave one of them out"
            )
        return cls(name, float(weights.sum()), tuple(weights.tolist()), full)

    @property
    def directions(self) -> int:
        """Number of eigenspaces, 1 where all indices are alike."""
        return len(self.multiplicities) or 1

    @cached_property
    def weights(self) -> Array:
        """Number of indices in every eigenspace, shape (directions,)."""
        weights = np.array(self.multiplicities or (self.size,), dtype=np.float64)
        weights.setflags(write=False)
        return weights

    def coefficient(self, name: str, values: npt.ArrayLike) -> float | Array:
        """Return ``values`` as one number or an array of shape (directions,)."""
        entries = _check.numbers(name, values)
        if np.abs(entries).max() > LARGEST:
            raise InvalidInputError(f"{name} had entries above {LARGEST:g}, the most; scale them")
        if entries.ndim == 0:
            return float(entries)
        entries.setflags(write=False)
        if entries.shape != (self.directions,):
            raise InvalidInputError(
                f"{name} had shape {entries.shape}; {self} takes one number"
                + (f" or {self.directions}" if self.multiplicities else "")
            )
        return entries

    def check(self, other: Space, *where: object) -> None:
        """Raise InvalidInputError, which says where, unless ``other`` is the same space."""
        if self != other or self.multiplicities != other.multiplicities:
            words = " ".join(map(str, where))
            raise InvalidInputError(f"{words}: {self} does not match {other}")

    def __repr__(self) -> str:
        return f"Space({self.name!r}, {self.size:.12g})"


ONE = Space("one column", 1.0)
