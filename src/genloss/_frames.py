"""Data frames for users, in whichever library they have."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any, Literal, cast

import numpy as np

from genloss import _check
from genloss.errors import MissingDependencyError

BACKENDS = ("pandas", "polars", "pyarrow")


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
