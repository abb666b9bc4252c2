"""What the command line prints: tables and sentences a newcomer understands, numbers never cut."""

from __future__ import annotations

from genloss.report.budget import print_budget
from genloss.report.curve import print_comparison, print_curve, print_tuned
from genloss.report.forecast import print_forecast
from genloss.report.limit import print_limit
from genloss.report.measured import print_measured
from genloss.report.monitor import print_reading
from genloss.report.phases import print_phases
from genloss.report.weigh import print_weighed

__all__ = [
    "print_budget",
    "print_comparison",
    "print_curve",
    "print_forecast",
    "print_limit",
    "print_measured",
    "print_phases",
    "print_reading",
    "print_tuned",
    "print_weighed",
]
