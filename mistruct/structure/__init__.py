"""Which edges: learners of structure."""

from mistruct.structure.chow_liu import ChowLiu
from mistruct.structure.tan import TAN

__all__ = ["TAN", "ChowLiu"]
