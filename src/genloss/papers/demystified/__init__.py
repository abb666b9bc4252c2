"""Model Collapse Demystified: The Case of Regression (Dohmatob, Feng, Kempe, arXiv 2402.07712)."""

from __future__ import annotations

from genloss.papers.demystified.setting import Setting

__all__ = ["Setting"]
