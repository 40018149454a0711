"""Learners of structure."""

from mistruct.structure.blanket.markov_blanket import MarkovBlanket
from mistruct.structure.causal.compare import Comparison, compare
from mistruct.structure.causal.pc import PC
from mistruct.structure.checks.graph_check import check_graph
from mistruct.structure.checks.graph_verdict import GraphCheck
from mistruct.structure.chordal.chordal_network import ChordalNetwork
from mistruct.structure.differential.differential_network import DifferentialNetwork
from mistruct.structure.effects.adjustment import AdjustmentSet, adjustment_set
from mistruct.structure.knowledge import Knowledge, read_knowledge
from mistruct.structure.latent.fci import FCI
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
    "FCI",
    "MRNET",
    "PC",
    "TAN",
    "AdjustmentSet",
    "Bootstrap",
    "ChordalNetwork",
    "ChowLiu",
    "Comparison",
    "DifferentialNetwork",
    "GraphCheck",
    "Knowledge",
    "MarkovBlanket",
    "adjustment_set",
    "aracne_network",
    "check_graph",
    "chow_liu_tree",
    "compare",
    "read_knowledge",
    "score",
]
