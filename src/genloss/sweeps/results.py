"""Labelled arrays from the blocks of a store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss.sweeps.blockfile import PER_POINT, decode
from genloss.sweeps.layout import Layout
from genloss.sweeps.points import NUMBERS, TEXTS

if TYPE_CHECKING:
    import xarray

SQUARE = "(label unit)^2"
WORDS = {
    "risk": {
        "long_name": "excess risk",
        "units": SQUARE,
        "comment": "E |w - w*|^2_Sigma, label noise not included; inf where the mean does not "
        "exist, NaN where there is no theory or no such model",
    },
    "bias": {"long_name": "part of the risk due to the mean model", "units": SQUARE},
    "variance": {"long_name": "part of the risk due to the model's spread", "units": SQUARE},
    "stderr": {"long_name": "Monte Carlo standard error of the risk", "units": SQUARE},
    "method": {"long_name": "how the risk was obtained; empty: not computed"},
    "warnings": {"long_name": "where the answer is weak, one sentence a line"},
    "message": {"long_name": "why there is no answer"},
    "trials": {"long_name": "Monte Carlo runs", "units": "1"},
    "n_models": {"long_name": "number of models of the plan", "units": "1"},
    "seed": {"long_name": "seed of the simulation"},
    "route": {"long_name": "what answers"},
    "model": {"long_name": "model, 0 is the first", "units": "1"},
}


def dataset(layout: Layout, blocks: Iterable[tuple[int, bytes]]) -> xarray.Dataset:
    """Return the arrays that the blocks fill; where there is no block they are empty."""
    import xarray

    cut, routes = layout.blocks, layout.routes
    within = {
        **dict.fromkeys(NUMBERS, ("route", "model")),
        **dict.fromkeys((*TEXTS, "trials"), ("route",)),
        **dict.fromkeys(PER_POINT, ()),
    }
    sizes = {"route": len(routes), "model": layout.n_models}
    variables: dict[str, Any] = {
        name: (
            (*layout.dims, *dims),
            _empty(name, (*cut.shape, *(sizes[dim] for dim in dims))),
            WORDS[name],
        )
        for name, dims in within.items()
        if name in _columns(layout)
    }
    for block, content in blocks:
        region = cut.region(block)
        columns = decode(content, cut.n_points(block), len(routes), layout.n_models)
        for name, (_, array, _) in variables.items():
            array[region] = columns[name].reshape(array[region].shape)
    coordinates: dict[str, Any] = {
        entry["name"]: (entry["dim"], _shown(values), entry["attributes"])
        for entry, (_, values) in zip(layout.coordinates, layout.labels().values(), strict=True)
    }
    coordinates["route"] = (
        "route",
        np.array(routes, dtype=np.dtypes.StringDType()),
        WORDS["route"],
    )
    coordinates["model"] = ("model", np.arange(layout.n_models), WORDS["model"])
    attributes = {name: value for name, value in layout.attributes.items() if name != "coordinates"}
    return xarray.Dataset(variables, coordinates, attributes)


def _columns(layout: Layout) -> tuple[str, ...]:
    simulated = "simulation" in layout.routes
    early = layout.attributes["relative_stderr"] != "none"
    left_out = {"stderr", "seed"} if not simulated else set()
    return tuple(
        name
        for name in (*NUMBERS, *TEXTS, "trials", *PER_POINT)
        if name not in left_out and (early or name != "trials")
    )


def _empty(name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    if name in NUMBERS:
        return np.full(shape, np.nan)
    return np.zeros(shape, dtype=np.dtypes.StringDType() if name in TEXTS else np.int64)


def _shown(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(np.dtypes.StringDType()) if values.dtype == object else values
