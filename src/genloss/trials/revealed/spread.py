"""Rows of a covariance of their own, made of whitened rows: in the coordinates ``sqrt(spectrum) * w``.

With rows ``z R`` of standard normal z, R the root of their covariance, ``x'w = z M (sqrt(spectrum) w)``
for ``M = R / sqrt(spectrum)``: a diagonal where R is one, else a matrix.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.covariances import Covariance, is_matrix, root

Array = npt.NDArray[np.float64]


class Spread:
    """The M of some rows, beside columns of noise that stay as they are.

    Parameters
    ----------
    covariance : Covariance
        Of the rows.
    spectrum : ndarray of shape (dim,)
        Of the problem.
    noises : int
        Columns of noise.

    Examples
    --------
    >>> s = np.array([4.0, 1.0])
    >>> own = Spread(((1.0, 0.0), (0.0, 9.0)), s, 1)
    >>> own.forth(np.ones((1, 3)))
    array([[0.5, 3. , 1. ]])
    """

    def __init__(self, covariance: Covariance, spectrum: Array, noises: int = 0) -> None:
        whitener, width = np.sqrt(spectrum), spectrum.size + noises
        if is_matrix(covariance):
            self.scale: Array = np.eye(width)
            self.scale[: spectrum.size, : spectrum.size] = root(covariance) / whitener
        else:
            self.scale = np.ones(width)
            self.scale[: spectrum.size] = np.sqrt(covariance) / whitener

    def forth(self, w: Array) -> Array:
        """``M w`` of every run, (runs, width) to the same."""
        return w * self.scale if self.scale.ndim == 1 else w @ self.scale.T

    def back(self, images: Array) -> Array:
        """``M'a`` of every run."""
        return images * self.scale if self.scale.ndim == 1 else images @ self.scale

    def around(self, gram: Array) -> Array:
        """``M'G M`` of one run."""
        if self.scale.ndim == 1:
            return gram * np.outer(self.scale, self.scale)
        return np.asarray(self.scale.T @ gram @ self.scale)

    @property
    def square(self) -> Array:
        """``M'M``, or its diagonal where there is no more of it."""
        if self.scale.ndim == 1:
            return self.scale**2
        return np.asarray(self.scale.T @ self.scale)
