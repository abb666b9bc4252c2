"""Plain data that any reader of JSON accepts."""

from __future__ import annotations

import math
from typing import Any


def finite(value: Any) -> Any:
    """The same with "Infinity" as text, and None for what is not known.

    Examples
    --------
    >>> finite({"risk": [1.0, float("inf"), float("nan")]})
    {'risk': [1.0, 'Infinity', None]}
    """
    if isinstance(value, dict):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [finite(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    return value
