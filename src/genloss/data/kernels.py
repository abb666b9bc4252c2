"""Moved to `genloss.estimate.kernels`."""

from genloss.estimate.kernels import LINEAR, NAMES, Kernel, Nystrom

__all__ = ["LINEAR", "NAMES", "Kernel", "Nystrom"]
