"""Papers: one folder each, with its formulas, its claims and its figures."""

from genloss.papers.claims import Claim
from genloss.papers.gallery import reproduce
from genloss.papers.reproduction import Reproduction

__all__ = ["Claim", "Reproduction", "reproduce"]
