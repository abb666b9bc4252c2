"""The exceptions genloss raises, all below one root."""

from __future__ import annotations


class GenlossError(Exception):
    """Root of every exception genloss raises on purpose."""


class InvalidInputError(GenlossError, ValueError):
    """An argument is not usable; the message names it, what it was and what is allowed."""


class DataError(InvalidInputError):
    """A table or file of data cannot be used as it is."""


class NoTheoryError(GenlossError, NotImplementedError):
    """No formula is known for this plan; `genloss.simulate` runs it all the same."""


class MissingDependencyError(GenlossError, ImportError):
    """An optional package is needed; the message says which extra installs it."""
