"""The kernel that ``--kernel``, ``--gamma`` and ``--degree`` name."""

from __future__ import annotations

from genloss.errors import InvalidInputError
from genloss.estimate.kernels import Kernel


def chosen(kernel: str, gamma: float | None, degree: int | None) -> Kernel:
    """Refuse an option that the kernel does not have, before any work."""
    for option, value, needs in (("gamma", gamma, "rbf"), ("degree", degree, "polynomial")):
        if value is not None and kernel not in (needs, "polynomial"):
            raise InvalidInputError(
                f"--{option} was {value} with --kernel {kernel}; it needs {needs}"
            )
    return Kernel(kernel, gamma=gamma, degree=3 if degree is None else degree)
