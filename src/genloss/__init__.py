"""genloss: predict, simulate, diagnose and cure model collapse in regression.

A `Problem` says what there is to learn, a `Plan` who labels which samples; `predict`, `simulate`,
`tune` and `forecast` take them and answer with a `Curve`.
"""

from __future__ import annotations

import importlib as _importlib
import logging as _logging
from typing import TYPE_CHECKING, Any

from genloss._version import __version__
from genloss.curve import Curve
from genloss.errors import (
    DataError,
    GenlossError,
    InvalidInputError,
    MissingDependencyError,
    NoTheoryError,
)
from genloss.external import External
from genloss.files import load, load_plan, save, to_json, to_toml
from genloss.generation import Generation, Source
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.script import to_python
from genloss.theory.forever.limit import Limit, limit
from genloss.theory.predict import predict
from genloss.trials.simulate import simulate

if TYPE_CHECKING:
    from genloss.budgeting.budget import Budget, budget
    from genloss.estimate.kernels import Kernel
    from genloss.outlook.forecast import Forecast, MeasuredForecast, forecast
    from genloss.scaling import PowerLaw, ScalingLaw, scaling_law
    from genloss.sweeps import StoreError, sweep
    from genloss.sweeps.diagram import Phases
    from genloss.sweeps.phases import phases
    from genloss.tables.load import load_table
    from genloss.tables.table import Table
    from genloss.trials.compare import Comparison, compare
    from genloss.tuning.tune import Tuned, tune
    from genloss.watching.monitor import Monitor
    from genloss.weighing.weigh import Weighed, weigh

__all__ = [
    "Budget",
    "Comparison",
    "Curve",
    "DataError",
    "External",
    "Forecast",
    "Generation",
    "GenlossError",
    "InvalidInputError",
    "Kernel",
    "Limit",
    "MeasuredForecast",
    "MissingDependencyError",
    "Monitor",
    "NoTheoryError",
    "Phases",
    "Plan",
    "PowerLaw",
    "Problem",
    "ScalingLaw",
    "Source",
    "StoreError",
    "Table",
    "Tuned",
    "Weighed",
    "__version__",
    "budget",
    "compare",
    "forecast",
    "limit",
    "load",
    "load_plan",
    "load_table",
    "phases",
    "predict",
    "save",
    "scaling_law",
    "simulate",
    "sweep",
    "to_json",
    "to_python",
    "to_toml",
    "tune",
    "weigh",
]

_logging.getLogger(__name__).addHandler(_logging.NullHandler())

# imported on first use: what reads data pulls in heavier libraries, and not everybody tunes or scales
_LAZY = {
    "Budget": "genloss.budgeting.budget",
    "Comparison": "genloss.trials.compare",
    "Forecast": "genloss.outlook.forecast",
    "Kernel": "genloss.estimate.kernels",
    "MeasuredForecast": "genloss.outlook.forecast",
    "Phases": "genloss.sweeps.diagram",
    "Monitor": "genloss.watching.monitor",
    "PowerLaw": "genloss.scaling",
    "ScalingLaw": "genloss.scaling",
    "StoreError": "genloss.sweeps",
    "Table": "genloss.tables.table",
    "Tuned": "genloss.tuning.tune",
    "Weighed": "genloss.weighing.weigh",
    "budget": "genloss.budgeting.budget",
    "compare": "genloss.trials.compare",
    "forecast": "genloss.outlook.forecast",
    "load_table": "genloss.tables.load",
    "phases": "genloss.sweeps.phases",
    "scaling_law": "genloss.scaling",
    "sweep": "genloss.sweeps",
    "tune": "genloss.tuning.tune",
    "weigh": "genloss.weighing.weigh",
}


# the rooms that are public beside the names above; all others may change
_ROOMS = (
    "documents",
    "equivalents",
    "estimators",
    "explain",
    "filters",
    "keep",
    "labels",
    "losses",
    "papers",
    "pencils",
    "scaling",
    "sweeps",
    "trials",
    "tuning",
)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return _importlib.import_module(f"genloss.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module 'genloss' has no attribute {name!r}")
    value = getattr(_importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
