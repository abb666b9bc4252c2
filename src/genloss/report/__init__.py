"""What the command line prints: tables and sentences a newcomer understands, numbers never cut."""

from __future__ import annotations

from genloss.report.claims import print_claims
from genloss.report.curve import print_comparison, print_curve, print_tuned
from genloss.report.forecast import print_forecast
from genloss.report.weigh import print_weighed

__all__ = [
    "print_claims",
    "print_comparison",
    "print_curve",
    "print_forecast",
    "print_tuned",
    "print_weighed",
]
