"""A block of Gaussian rows that is revealed along the directions asked for, and nowhere else.

The rows are rotated as they are asked: of ``A`` with independent standard normal entries, the image of
a new unit direction ``q`` has length chi(n - k) apart from the k rotated rows known before, and the
row that it makes is standard normal along every direction not yet asked. ``A'A v`` is then exact in
law for any ``v``, which may depend on all answers so far: Bartlett's triangle in a basis that is
chosen on the way. What a fit sees of n rows costs O(d) numbers a question, whatever n is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genloss.trials.revealed.products import Stack, add_direction, apply, combine

Array = npt.NDArray[np.float64]


class Block:
    """Rows of independent standard normal entries, of many runs at once.

    Parameters
    ----------
    rows : sequence of int
        Numbers of rows of its parts, which can be told apart until `join`.
    width : int
        Number of columns.
    runs : int
        Number of runs, each with rows of its own.
    rng : numpy.random.Generator
        Where the entries come from, in the order in which they are asked for.
    expected : int
        How many directions will be asked for; more only cost a copy.
    means : bool
        Whether the sum of every part's rows is drawn first: the image of ones, standard normal
        apart from its length.

    Attributes
    ----------
    sums : list of ndarray of shape (runs, width)
        These sums.
    """

    def __init__(
        self,
        rows: Sequence[int],
        width: int,
        runs: int,
        rng: np.random.Generator,
        expected: int = 16,
        *,
        means: bool = False,
    ) -> None:
        self._rng = rng
        self._left = np.repeat(np.array(rows, dtype=np.float64)[:, None], runs, axis=1)
        self._directions = Stack(runs, width, expected)
        self._images = Stack(runs, width, expected)
        self._complete: dict[int, Array] = {}
        self.sums: list[Array] = []
        for left in self._left if means else ():
            image = rng.standard_normal(out=self._images.next())
            self.sums.append(np.sqrt(left)[:, None] * image)
            left -= 1

    def ask(self, vectors: Array, part: int | None = None) -> Array:
        """``A'A v`` of every run, (runs, width) to the same; of one part's rows if it is named."""
        asked = vectors
        if self._complete:
            asked = vectors.copy()
            asked[list(self._complete)] = 0
        self._reveal(asked)
        images = self._images.matrix
        if part is not None:
            images = images[:, part :: len(self._left)]
        answer = combine(apply(images, asked), images)
        for run, rows in self._complete.items():
            answer[run] = (rows @ vectors[run]) @ rows
        return answer

    def join(self) -> None:
        """Forget which rows belong to which part."""
        self._left = self._left.sum(axis=0, keepdims=True)

    def gram(self, run: int) -> Array:
        """All of ``A'A`` of one run, which from then on is known along every direction.

        What is left of the rows, apart from their images, sees only directions that were not asked:
        a Wishart matrix in them, and Bartlett's triangle once more where rows are many.
        """
        if run in self._complete:
            rows = self._complete[run]
            return rows.T @ rows
        directions = self._directions.matrix[run]
        directions = directions[np.vecdot(directions, directions) > 0]
        left = int(self._left[:, run].sum())
        basis = np.linalg.qr(directions.T, mode="complete")[0][:, len(directions) :].T
        free = len(basis)
        if left > free:
            rest = np.triu(self._rng.standard_normal((free, free)), 1)
            rest[np.diag_indices(free)] = np.sqrt(self._rng.chisquare(left - np.arange(free)))
        else:
            rest = self._rng.standard_normal((left, free))
        rows = np.concatenate([self._images.matrix[run], rest @ basis])
        self._complete[run] = rows
        return rows.T @ rows

    def _reveal(self, vectors: Array) -> None:
        new = add_direction(vectors, self._directions)
        if not new.any():
            return
        known = self._directions.matrix
        for left in self._left:
            image = self._images.next()
            self._rng.standard_normal(out=image)
            within = apply(known, image)
            # chi with as many degrees of freedom as rows are left; none of them, no image
            within[:, -1] -= np.sqrt(2 * self._rng.standard_gamma(left / 2))
            image -= combine(within, known, self._directions.room)
            seen = new & (left > 0)
            if not seen.all():
                image[~seen] = 0
            left -= seen
