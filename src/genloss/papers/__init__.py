"""Papers, each a file or a folder here with its statements, experiments and formulas.

A file with a `Paper` called ``PAPER``, or a folder with such a file ``paper.py``, is all that a
paper needs: ``genloss reproduce`` finds it.
"""

from genloss.papers.claims import Claim
from genloss.papers.gallery import reproduce
from genloss.papers.paper import Paper
from genloss.papers.reproduction import Reproduction
from genloss.papers.study import Study

__all__ = ["Claim", "Paper", "Reproduction", "Study", "reproduce"]
