"""Which edges: learners of structure."""

from mistruct.structure.blanket.markov_blanket import MarkovBlanket
from mistruct.structure.causal.compare import Comparison, compare
from mistruct.structure.causal.pc import PC
from mistruct.structure.differential.differential_network import DifferentialNetwork
from mistruct.structure.knowledge import Knowledge, read_knowledge
from mistruct.structure.networks.aracne import ARACNE
from mistruct.structure.networks.clr_mrnet import CLR, MRNET
from mistruct.structure.networks.from_matrix import aracne_network, chow_liu_tree
from mistruct.structure.orders.boss import BOSS
from mistruct.structure.orders.scoring import score
from mistruct.structure.resampling.bootstrap import Bootstrap
from mistruct.structure.trees.chow_liu import ChowLiu
from mistruct.structure.trees.tan import TAN

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
    "DifferentialNetwork",
    "Knowledge",
    "MarkovBlanket",
    "aracne_network",
    "chow_liu_tree",
    "compare",
    "read_knowledge",
    "score",
]
