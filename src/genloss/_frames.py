"""Data frames for users, in whichever library they have."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any, Literal, cast

import numpy as np

from genloss import _check
from genloss.errors import MissingDependencyError

BACKENDS = ("pandas", "polars", "pyarrow")


class Framed:
    """An answer that is a table as well."""

    def _table(self) -> Mapping[str, np.ndarray[Any, Any]]:
        """Its columns."""
        raise NotImplementedError

    def to_frame(self, backend: str | None = None) -> Any:
        """The numbers as a data frame; its columns stand in the class's own words.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            Library of the frame; default: the first of these that is installed.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            One row per model, or per point of what the answer is about.

        Raises
        ------
        MissingDependencyError
            If none of the libraries is installed.

        Examples
        --------
        >>> import genloss as gl
        >>> curve = gl.predict(gl.Problem.isotropic(10), gl.Plan.replace(2, 31, noise=1.0))
        >>> list(curve.to_frame("pandas").columns)[:3]
        ['model', 'risk', 'bias']
        """
        return frame(self._table(), backend)


def frame(columns: Mapping[str, np.ndarray[Any, Any]], backend: str | None = None) -> Any:
    """Return the columns as a native frame of ``backend`` or of the first library installed."""
    if backend is None:
        installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
        if not installed:
            raise MissingDependencyError(
                'to_frame needs pandas, polars or pyarrow; pip install "genloss[data]"'
            )
        backend = installed[0]
    import narwhals

    name = cast(Literal["pandas", "polars", "pyarrow"], _check.choice("backend", backend, BACKENDS))
    return narwhals.from_dict(dict(columns), backend=name).to_native()
