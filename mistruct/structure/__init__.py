"""Which edges: learners of structure."""

from mistruct.structure.aracne import ARACNE
from mistruct.structure.bootstrap import Bootstrap
from mistruct.structure.boss import BOSS
from mistruct.structure.chow_liu import ChowLiu
from mistruct.structure.comparison import Comparison, compare
from mistruct.structure.knowledge import Knowledge, read_knowledge
from mistruct.structure.markov_blanket import MarkovBlanket
from mistruct.structure.matrix_networks import aracne_network, chow_liu_tree
from mistruct.structure.pc import PC
from mistruct.structure.relevance import CLR, MRNET
from mistruct.structure.scoring import score
from mistruct.structure.tan import TAN

__all__ = [
    "ARACNE",
    "BOSS",
    "CLR",
    "MRNET",
    "PC",
    "TAN",
    "Bootstrap",
    "ChowLiu",
    "Comparison",
    "Knowledge",
    "MarkovBlanket",
    "aracne_network",
    "chow_liu_tree",
    "compare",
    "read_knowledge",
    "score",
]
