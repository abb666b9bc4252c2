"""State evolution beyond ridge: any convex loss, any labels, rows kept by a rule (`channels.md`)."""

from genloss.errors import NoTheoryError


class NotFoundError(NoTheoryError):
    """The fixed point of a fit was not found."""
