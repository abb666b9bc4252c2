"""Folds for cross-validation in which only real rows are scored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.estimators.mixed_ridge_cv import mask
from genloss.weighing.parents import Codes, folds, parents


class RealFolds(BaseCrossValidator):
    """K folds of the real rows; synthetic rows are in every training part and in no test.

    Parameters
    ----------
    n_splits : int, default 5
        Number of folds, at least 2.
    synthetic : array_like of bool of shape (n,), optional
        True on synthetic rows, where `split` is not told; without either all rows are real.
    parents : bool, default False
        Whether synthetic rows leave the training part where the real row nearest to them (features
        and label, standardised) is scored: for rows made from the real ones, which else bring the
        labels of the test along.
    shuffle : bool, default True
        Whether real rows are drawn into folds at random; else folds are stretches of them.
    random_state : int, RandomState or None, default None
        Of the draw.

    See Also
    --------
    genloss.estimators.MixedRidgeCV : The same idea with every row a fold of its own.

    Notes
    -----
    ``groups`` of `split` keeps its meaning: rows of one group are on one side. A synthetic row whose
    group is that of a scored real row leaves the training part. `estimators.md` 3 says why.

    Examples
    --------
    >>> import numpy as np
    >>> from genloss.estimators import RealFolds
    >>> synthetic = np.array([False, False, True, True, True])
    >>> for train, test in RealFolds(2, shuffle=False).split(np.zeros((5, 1)), synthetic=synthetic):
    ...     print(train, test)
    [1 2 3 4] [0]
    [0 2 3 4] [1]
    """

    __metadata_request__split = {"groups": True, "synthetic": None}  # noqa: RUF012

    def __init__(
        self,
        n_splits: int = 5,
        *,
        synthetic: Any = None,
        parents: bool = False,
        shuffle: bool = True,
        random_state: Any = None,
    ) -> None:
        self.n_splits = n_splits
        self.synthetic = synthetic
        self.parents = parents
        self.shuffle = shuffle
        self.random_state = random_state

    def split(
        self, X: Any, y: Any = None, groups: Any = None, synthetic: Any = None
    ) -> Iterator[tuple[Codes, Codes]]:
        """Yield the places of the training rows, and of the rows that are scored.

        Parameters
        ----------
        X : array_like of shape (n, ...)
            Rows; looked at only with ``parents``, as is ``y``.
        y : array_like of shape (n,), optional
            Labels.
        groups : array_like of shape (n,), optional
            Rows of equal values stay together.
        synthetic : array_like of bool of shape (n,), optional
            True on synthetic rows.

        Yields
        ------
        pair of ndarray of int
            Training rows and real rows to score.

        Raises
        ------
        InvalidInputError
            If there are fewer real rows, or groups of them, than folds.
        """
        number = self.get_n_splits()
        count = X.shape[0] if hasattr(X, "shape") else len(X)
        there = mask(self.synthetic if synthetic is None else synthetic, count)
        family = self._families(X, y, groups, there)
        known = np.unique(family[~there])
        if known.size < number:
            what = "groups of real rows" if groups is not None else "real rows"
            raise InvalidInputError(
                f"n_splits was {number}; there are {known.size} {what}, at least as many are needed"
            )
        rng = None
        if _check.boolean("shuffle", self.shuffle):
            draw = check_random_state(self.random_state)
            rng = np.random.default_rng(draw.randint(2**31 - 1))
        fold = folds(known.size, number, rng)
        of_row = np.full(count, -1)
        place = np.searchsorted(known, family)
        inside = place < known.size
        inside[inside] = known[place[inside]] == family[inside]
        of_row[inside] = fold[place[inside]]
        for turn in range(number):
            held = of_row == turn
            yield np.flatnonzero(~held), np.flatnonzero(held & ~there)

    def _families(self, X: Any, y: Any, groups: Any, there: npt.NDArray[np.bool_]) -> Codes:
        """A number for every row; equal numbers stay together, -1 is of no family."""
        if groups is not None:
            if len(groups) != len(there):
                raise InvalidInputError(
                    f"groups had {len(groups)} entries; X has {len(there)} rows"
                )
            return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.intp)
        family = np.full(len(there), -1, dtype=np.intp)
        family[~there] = np.arange((~there).sum())
        if _check.boolean("parents", self.parents) and there.any():
            if y is None:
                raise InvalidInputError("y was None with parents=True; the labels find the parents")
            rows = check_array(X, dtype=np.float64)
            labels = np.asarray(y, dtype=np.float64)
            family[there] = parents(rows[~there], labels[~there], rows[there], labels[there])
        return family

    def get_n_splits(
        self, X: Any = None, y: Any = None, groups: Any = None, synthetic: Any = None
    ) -> int:
        """Number of folds; no argument is looked at."""
        del X, y, groups, synthetic
        return _check.integer("n_splits", self.n_splits, minimum=2)
