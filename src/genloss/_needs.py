"""Optional packages: which extra installs what is missing."""

from __future__ import annotations

import importlib.util

from genloss.errors import MissingDependencyError


def need(extra: str, *modules: str) -> None:
    """Raise MissingDependencyError, naming the extra, unless the modules can be imported."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f'this needs {" and ".join(missing)}; pip install "genloss[{extra}]"'
        )
