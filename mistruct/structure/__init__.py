"""Which edges: learners of structure."""

from mistruct.structure.aracne import ARACNE
from mistruct.structure.bootstrap import Bootstrap
from mistruct.structure.chow_liu import ChowLiu
from mistruct.structure.relevance import CLR, MRNET
from mistruct.structure.tan import TAN

__all__ = ["ARACNE", "CLR", "MRNET", "TAN", "Bootstrap", "ChowLiu"]
